"""
Making a response: ours, Django's, and msgspec by hand.

Run ``python -m benchmarks.responses`` in the project's root.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from typing import Any

import django
import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bench")
django.setup()

from django.core.handlers.base import BaseHandler  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402

from benchmarks.measure import describe_machine, fastest, print_table  # noqa: E402
from benchmarks.records import LARGE, SMALL  # noqa: E402
from django_bolt import JSON, PlainText  # noqa: E402

BOLT = "django_bolt.middleware.BoltMiddleware"
RESPONSE = HttpResponse("ready")


def ready(request: HttpRequest) -> HttpResponse:
    """Return a response that is there already."""
    return RESPONSE


def explicit(request: HttpRequest) -> HttpResponse:
    """Make the response in the view."""
    return JSON(SMALL)


def implicit(request: HttpRequest) -> Any:
    """Leave the response to the middleware."""
    return SMALL


def by_hand(data: object) -> HttpResponse:
    """Do what people do who want msgspec in Django today."""
    return HttpResponse(msgspec.json.encode(data), content_type="application/json")


async def async_ready(request: HttpRequest) -> HttpResponse:
    """Return a response that is there already."""
    return RESPONSE


async def async_explicit(request: HttpRequest) -> HttpResponse:
    """Make the response in the view."""
    return JSON(SMALL)


async def async_implicit(request: HttpRequest) -> Any:
    """Leave the response to the middleware."""
    return SMALL


urlpatterns: list[Any] = [
    path("sync/ready", ready),
    path("sync/explicit", explicit),
    path("sync/implicit", implicit),
    path("async/ready", async_ready),
    path("async/explicit", async_explicit),
    path("async/implicit", async_implicit),
]


def answer(target: str, middleware: list[str]) -> Callable[[], object]:
    """Return a callable that sends one request through Django's chain."""
    is_async = target.startswith("/async")
    request = RequestFactory().get(target)
    with override_settings(MIDDLEWARE=middleware):
        handler = BaseHandler()
        handler.load_middleware(is_async=is_async)
    chain: Any = vars(handler)["_middleware_chain"]
    return (lambda: _step(chain(request))) if is_async else lambda: chain(request)


def _step(coroutine: Coroutine[object, None, object]) -> object:
    """Run a coroutine that never waits, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("The view must not wait.")


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    print(describe_machine())
    encode = msgspec.json.Encoder().encode
    results = [
        print_table(
            f"JSON of {len(encode(LARGE)):,} bytes",
            fastest(
                {
                    "JSON(data)": lambda: JSON(LARGE),
                    "JsonResponse(data)": lambda: JsonResponse(LARGE, safe=False),
                    "HttpResponse(msgspec.json.encode(data))": lambda: by_hand(LARGE),
                    "msgspec.json.encode(data) alone": lambda: msgspec.json.encode(
                        LARGE
                    ),
                }
            ),
            "JSON(data)",
            {"JsonResponse(data)": 14, "msgspec.json.encode(data) alone": 0.9},
        ),
        print_table(
            f"JSON of {len(encode(SMALL))} bytes",
            fastest(
                {
                    "JSON(data)": lambda: JSON(SMALL),
                    "JsonResponse(data)": lambda: JsonResponse(SMALL),
                    "HttpResponse(msgspec.json.encode(data))": lambda: by_hand(SMALL),
                }
            ),
            "JSON(data)",
            {"JsonResponse(data)": 8, "HttpResponse(msgspec.json.encode(data))": 3},
        ),
        print_table(
            "Text",
            fastest(
                {
                    'PlainText("hi")': lambda: PlainText("hi"),
                    'HttpResponse("hi")': lambda: HttpResponse("hi"),
                }
            ),
            'PlainText("hi")',
            {'HttpResponse("hi")': 6},
        ),
        *map(_print_cost_of_middleware, ["sync", "async"]),
    ]
    return 0 if all(results) else 1


def _print_cost_of_middleware(kind: str) -> bool:
    """Print what the middleware adds to a request; return whether it is little."""
    plain, response, made_json, gave_dict = fastest(
        {
            "plain": answer(f"/{kind}/ready", []),
            "response": answer(f"/{kind}/ready", [BOLT]),
            "json": answer(f"/{kind}/explicit", [BOLT]),
            "dict": answer(f"/{kind}/implicit", [BOLT]),
        }
    ).values()
    over_plain, over_json = response - plain, gave_dict - made_json
    print(f"\nWhat a view returns, through Django's {kind} chain\n")
    print("| | µs | added | aim |")
    print("|---|---:|---:|---:|")
    print(f"| a response, without the middleware | {plain:.2f} | | |")
    print(f"| a response | {response:.2f} | {over_plain:.2f} | < 1 |")
    print(f"| JSON(data) | {made_json:.2f} | | |")
    print(f"| data | {gave_dict:.2f} | {over_json:.2f} | < 1.5 |")
    return over_plain < 1 and over_json < 1.5


if __name__ == "__main__":
    sys.exit(main())
