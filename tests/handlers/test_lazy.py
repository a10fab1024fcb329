"""Views that return a lazy object around a response."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from django_bolt import JSON, FileResponse, StreamingResponse
from django_bolt.handlers.wsgi import BoltWSGIHandler
from tests.handlers import exchange, exchanges

SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
OURS = "django_bolt.middleware.BoltMiddleware"

middleware = pytest.mark.parametrize(
    "names",
    [
        pytest.param([], id="no middleware"),
        pytest.param([SECURITY, COMMON], id="middleware of Django"),
        pytest.param([SECURITY, COMMON, OURS], id="and ours"),
    ],
)


def with_cookie() -> HttpResponse:
    """Return a response of Django's."""
    response = HttpResponse("x", headers={"X-Own": "1"})
    response.set_cookie("seen", "1")
    return response


RESPONSES: dict[str, Callable[[], HttpResponseBase]] = {
    "Django's": with_cookie,
    "ours": lambda: JSON("x").set_cookie("seen", "1"),
}
STREAMS: dict[str, Callable[[], HttpResponseBase]] = {
    "stream of Django": lambda: StreamingHttpResponse(iter(["x"])),
    "stream of ours": lambda: StreamingResponse(iter(["x"])),
}
SENT = {**RESPONSES, **STREAMS, "file": lambda: FileResponse(__file__)}


@pytest.fixture(autouse=True)
def files_beside_this_one() -> Iterator[None]:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[Path(__file__).parent]):
        yield


def lazily(make: Callable[[], HttpResponseBase]) -> Callable[[HttpRequest], Any]:
    """Make a view that returns a lazy object around a response."""

    def view(request: HttpRequest) -> Any:
        return SimpleLazyObject(make)

    return view


def over_wsgi(
    view: Callable[[HttpRequest], Any], handler_class: type[WSGIHandler]
) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    """Return what a client gets over WSGI."""
    with exchange.routed(view):
        reply = exchange.ask(handler_class(), exchange.make_environ())
    # Django 5.2 puts a space before the value of a cookie, which means nothing.
    headers = tuple((name, value.lstrip()) for name, value in reply.headers)
    return reply.status, headers, reply.body


@middleware
@pytest.mark.parametrize("make", SENT.values(), ids=SENT)
def test_lazy_response_over_wsgi_is_sent_as_by_django(
    make: Callable[[], HttpResponseBase], names: list[str]
) -> None:
    with override_settings(MIDDLEWARE=names, ALLOWED_HOSTS=["testserver"]):
        answers = [
            over_wsgi(lazily(make), handler_class)
            for handler_class in (WSGIHandler, BoltWSGIHandler)
        ]

    assert answers[0] == answers[1]
    assert answers[1][0] == "200 OK"


@middleware
@pytest.mark.parametrize("make", RESPONSES.values(), ids=RESPONSES)
def test_lazy_response_over_asgi_is_sent_as_by_django(
    make: Callable[[], HttpResponseBase], names: list[str]
) -> None:
    answers = [
        exchanges.ask(lazily(make), middleware=names, handler_class=handler_class)
        for handler_class in exchanges.HANDLERS.values()
    ]

    assert answers[0].headers == answers[1].headers
    assert answers[0].body == answers[1].body
    assert answers[1].status == 200


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
def test_lazy_stream_over_asgi_is_refused_as_by_django(
    make: Callable[[], HttpResponseBase], handler_class: type[ASGIHandler]
) -> None:
    """What can be awaited in a lazy object is hidden by it."""
    with pytest.raises(TypeError, match="not an async iterable"):
        exchanges.ask(lazily(make), handler_class=handler_class)


def test_lazy_stream_of_django_is_adopted() -> None:
    with override_settings(
        MIDDLEWARE=[OURS],
        ALLOWED_HOSTS=["testserver"],
        BOLT_STREAM_DJANGO_RESPONSES=True,
    ):
        answer = over_wsgi(lazily(STREAMS["stream of Django"]), BoltWSGIHandler)

    assert answer[::2] == ("200 OK", b"x")


def test_lazy_file_over_asgi_is_sent() -> None:
    view = lazily(SENT["file"])

    assert exchanges.ask(view).body == Path(__file__).read_bytes()
