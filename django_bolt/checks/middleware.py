"""Checks of the place of the middleware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

MIDDLEWARE = "django_bolt.middleware.BoltMiddleware"


def check_middleware_is_there(**kwargs: Any) -> list[CheckMessage]:
    """W001: without the middleware only ``bolt_view`` converts."""
    if _places():
        return []
    return [
        Warning(
            f"{MIDDLEWARE} is not in MIDDLEWARE: what views return is not converted, "
            "and conditional and range requests are not answered.",
            hint=f'Add "{MIDDLEWARE}" as the last entry of MIDDLEWARE.',
            id="django_bolt.W001",
        )
    ]


def check_middleware_is_there_once(**kwargs: Any) -> list[CheckMessage]:
    """E001: a second one has nothing to convert, and one is at the wrong place."""
    places = _places()
    if len(places) < 2:
        return []
    return [
        Error(
            f"{MIDDLEWARE} is in MIDDLEWARE {len(places)} times, at the positions "
            f"{', '.join(map(str, places))}.",
            hint="Keep the last entry only.",
            id="django_bolt.E001",
        )
    ]


def check_middleware_is_last(**kwargs: Any) -> list[CheckMessage]:
    """W002: what is further in gets the view's value in the place of a response."""
    places = _places()
    inner = _middleware()[places[-1] + 1 :] if places else []
    if not inner:
        return []
    return [
        Warning(
            f"{MIDDLEWARE} must be the last entry of MIDDLEWARE: after it come "
            f"{', '.join(map(str, inner))}, which receive what a view returned instead "
            "of a response.",
            hint=f'Move "{MIDDLEWARE}" to the end of MIDDLEWARE.',
            id="django_bolt.W002",
        )
    ]


CHECKS = (
    check_middleware_is_there,
    check_middleware_is_there_once,
    check_middleware_is_last,
)


def _places() -> list[int]:
    """Return where the middleware, or a subclass of it, stands in MIDDLEWARE."""
    return [index for index, path in enumerate(_middleware()) if _is_bolt(path)]


def _middleware() -> list[object]:
    """Return the entries; of a MIDDLEWARE that is no list Django tells more."""
    entries: object = settings.MIDDLEWARE
    is_list = isinstance(entries, Sequence) and not isinstance(entries, str | bytes)
    return list(settings.MIDDLEWARE) if is_list else []


def _is_bolt(path: object) -> bool:
    if not isinstance(path, str):
        return False
    try:
        middleware = import_string(path)
    except ImportError:  # Django reports it when it builds the chain.
        return False
    bolt = import_string(MIDDLEWARE)
    return isinstance(middleware, type) and issubclass(middleware, bolt)
