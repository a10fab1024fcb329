"""Call a view: a coroutine function here, any other in one hop to a thread."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from inspect import CO_COROUTINE
from types import FunctionType
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from django.utils.log import log_response

from django_bolt.conf import read
from django_bolt.handlers.computing import accepts_at_once, class_name
from django_bolt.handlers.originals import find_original, has_originals
from django_bolt.handlers.routing import Router
from django_bolt.handlers.threads import call_in_thread
from django_bolt.handlers.urlconfs import choose_urlconf
from django_bolt.handlers.ways import RememberedMatch

_Handler: Any = ASGIHandler  # django-stubs does not list all of it.
_DJANGOS_CALL = find_original(ASGIHandler, "get_response_async")
_DJANGOS_INNER_CALL = find_original(ASGIHandler, "_get_response_async")
"""Packages that trace requests replace them; theirs are called then."""

_log = sync_to_async(log_response, thread_sensitive=False)

_is_async = functools.lru_cache(maxsize=4096)(iscoroutinefunction)


def is_async_view(call: Callable[..., Any], *, is_lasting: bool) -> bool:
    """
    Tell whether a view is a coroutine function, which takes Python long.

    Args:
        call: The view, or what is called for it.
        is_lasting: Whether it is called for other requests too. What is made for
            one request is not worth remembering.
    """
    if type(call) is FunctionType and call.__code__.co_flags & CO_COROUTINE:
        return True
    try:
        return _is_async(call) if is_lasting else iscoroutinefunction(call)
    except TypeError:  # A callable object that cannot be hashed.
        return iscoroutinefunction(call)


def accept_inline(method: Any, adapted: Any) -> Any:
    """
    Return a ``process_view`` that takes no thread when it has nothing to check.

    Args:
        method: A method of a middleware.
        adapted: The same as a coroutine function, in the request's thread.
    """
    kind = type(getattr(method, "__self__", None))
    if (
        class_name(kind) != "django.middleware.csrf.CsrfViewMiddleware"
        or method.__name__ != "process_view"
        or not has_originals(kind, "process_view")
    ):
        return adapted

    async def process_view(
        request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if accepts_at_once(request, view, args, kwargs):
            return method(request, view, args, kwargs)  # type: ignore[no-any-return]
        return await adapted(request, view, args, kwargs)  # type: ignore[no-any-return]

    return process_view


class ViewCaller(Router):
    """The innermost part of an async handler: what is inside all middleware."""

    # django-stubs does not list them.
    _middleware_chain: Any
    _view_middleware: list[Any]
    _template_response_middleware: list[Any]

    async def get_response_async(self, request: HttpRequest) -> Any:
        """Answer a request, as Django does."""
        if _Handler.get_response_async is not _DJANGOS_CALL:
            return await super().get_response_async(request)
        choose_urlconf(read("ROOT_URLCONF"))
        response = await self._middleware_chain(request)
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            await _log(
                "%s: %s",
                response.reason_phrase,
                request.path,
                response=response,
                request=request,
            )
        return response

    async def _get_response_async(self, request: HttpRequest) -> Any:
        """Resolve and call the view, and do what middleware does around the call."""
        if _Handler._get_response_async is not _DJANGOS_INNER_CALL:
            return await super()._get_response_async(request)  # type: ignore[misc]
        response: Any = None
        match = self.resolve_request(request)
        if type(match) in (ResolverMatch, RememberedMatch):
            # Taking it apart as a sequence takes four calls.
            view, args, kwargs = match.func, match.args, match.kwargs
        else:
            view, args, kwargs = match
        for method in self._view_middleware:
            response = await method(request, view, args, kwargs)
            if response:
                break
        if response is None:
            call: Any = self.make_view_atomic(view)
            if is_async_view(call, is_lasting=call is view):
                try:
                    response = await call(request, *args, **kwargs)
                except Exception as error:
                    response = await self._recover(error, request)
                    if response is None:
                        raise
            else:
                response = await call_in_thread(
                    self._call_in_thread, request, call, args, kwargs
                )
        if isinstance(response, HttpResponseBase) and not hasattr(response, "render"):
            # Neither nothing nor a coroutine, and ready.
            return response
        return await self._complete(request, response, view)

    def _call_in_thread(
        self,
        request: HttpRequest,
        call: Callable[..., Any],
        args: Any,
        kwargs: Any,
    ) -> Any:
        """Call a sync view, and ask the middleware in the same hop if it raises."""
        try:
            response = call(request, *args, **kwargs)
        except Exception as error:
            response = self.process_exception_by_middleware(error, request)
            if response is None:
                raise
        return response

    async def _recover(self, error: Exception, request: HttpRequest) -> Any:
        """Ask the middleware for a response to what a view raised."""
        recover = self.process_exception_by_middleware
        return await call_in_thread(recover, error, request)

    async def _complete(
        self, request: HttpRequest, response: Any, view: Callable[..., Any]
    ) -> Any:
        """Check what a view returned, and render it."""
        self.check_response(response, view)
        if hasattr(response, "render") and callable(response.render):
            for method in self._template_response_middleware:
                response = await method(request, response)
                self.check_response(
                    response,
                    method,
                    name=f"{type(method.__self__).__name__}.process_template_response",
                )
            try:
                if iscoroutinefunction(response.render):
                    response = await response.render()
                else:
                    response = await sync_to_async(response.render)()
            except Exception as error:
                response = await self._recover(error, request)
                if response is None:
                    raise
        if asyncio.iscoroutine(response):
            raise RuntimeError("Response is still a coroutine.")
        return response
