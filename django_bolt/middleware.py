"""
BoltMiddleware: views return values, and clients receive responses.

Converts at the call of the view, so that Django's checks and every middleware
see a response. Django wraps the call of a view in ``make_view_atomic``; the
handler that has this method is known to the innermost middleware, and its
method is replaced on that one handler. Where no handler is known, values are
converted when they reach the middleware.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.conf import conf
from django_bolt.conversion import Conversion, convert_calls
from django_bolt.responses.adopt import adopt
from django_bolt.responses.head import ResponseBase, prepare
from django_bolt.types import View

logger = logging.getLogger("django_bolt")

GetResponse = Callable[[HttpRequest], Any]


class BoltMiddleware:
    """
    Convert what views return to responses, sync and async, WSGI and ASGI.

    Must be the last entry of ``MIDDLEWARE``: another one further in would get
    what the view returned instead of a response.

    Args:
        get_response: What Django's handler gives to every middleware.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        handler = _find_handler(get_response)
        if handler is None:
            logger.warning(
                "django_bolt.middleware.BoltMiddleware must be the last entry of "
                "MIDDLEWARE, next to the view: middleware after it receives what a "
                "view returned instead of a response, and generators are refused on "
                "Python 3.11 and older."
            )
        elif handler.make_view_atomic.__module__ != __name__:
            handler.make_view_atomic = _convert_inside(handler.make_view_atomic)  # type: ignore[method-assign, assignment]

    def __call__(
        self, request: HttpRequest
    ) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request; under ASGI, return what is to be awaited."""
        if self.is_async:
            return self._acall(request)
        response = self.get_response(request)
        if not isinstance(response, HttpResponseBase):
            response = _conversion(request).convert(response)
        if isinstance(response, ResponseBase) or response.streaming:
            return _finish(response, request)
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if not isinstance(response, HttpResponseBase):
            response = await _conversion(request).aconvert(response)
        if isinstance(response, ResponseBase) or response.streaming:
            return _finish(response, request)
        return response


def _convert_inside(
    make_view_atomic: Callable[[View], View],
) -> Callable[[View], View]:
    """
    Return a handler's ``make_view_atomic`` that converts inside the transaction.

    What cannot be converted thus rolls it back, as any error in a view does.
    """

    def convert_inside(view: View) -> View:
        if make_view_atomic(view) is not view:
            # What runs in a transaction is wrapped anew: the attributes of a
            # view that decide about it may change.
            return make_view_atomic(_converting.__wrapped__(view))
        try:
            converting = _converting(view)
        except TypeError:  # A callable object that cannot be hashed.
            return _converting.__wrapped__(view)
        if converting.__wrapped__ is not view:  # type: ignore[attr-defined]
            # Made of another object, to which this one is equal.
            return _converting.__wrapped__(view)
        return converting

    return convert_inside


@functools.lru_cache(maxsize=4096)
def _converting(view: View) -> View:
    conversion = Conversion(view)

    def convert(value: object) -> object:
        return value if _is_refused(value) else conversion.convert(value)

    def aconvert(value: object) -> Awaitable[object]:
        return _echo(value) if _is_refused(value) else conversion.aconvert(value)

    return convert_calls(view, convert, aconvert)


async def _echo(value: object) -> object:
    return value


def _is_refused(value: object) -> bool:
    """Tell whether Django itself refuses a value, and says so better."""
    return value is None or isinstance(value, CoroutineType)


def _conversion(request: HttpRequest) -> Conversion:
    match = request.resolver_match
    return Conversion(match.func if match else BoltMiddleware)


def _finish(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    if isinstance(response, ResponseBase):
        return response.prepare(request)
    if conf.stream_django_responses:
        adopt(response)
    return prepare(response, request)


def _find_handler(get_response: GetResponse) -> BaseHandler | None:
    """Return the handler that calls the view next, if this is the innermost."""
    method = getattr(get_response, "__wrapped__", None)
    handler = getattr(method, "__self__", None)
    if isinstance(handler, BaseHandler) and getattr(method, "__name__", None) in (
        "_get_response",
        "_get_response_async",
    ):
        return handler
    return None
