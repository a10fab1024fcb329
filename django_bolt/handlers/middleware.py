"""
Middleware of Django's own style, called without a thread where it needs none.

``MiddlewareMixin`` runs ``process_request`` and ``process_response`` of every
middleware in the request's thread, a hop each. Neighbours in ``MIDDLEWARE`` are
one link of the chain here. Those classes of Django's that only compute are
called in the event loop; the others share one hop on the way in, and one on the
way out. What any of them raises becomes a response where Django makes it one.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.handlers import exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from django_bolt.handlers.computing import find_rules
from django_bolt.handlers.originals import has_originals
from django_bolt.handlers.shortcuts import find_entry, find_shortcut
from django_bolt.handlers.threads import call_in_thread

Handler: TypeAlias = "Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]"


def join(handler: Any) -> Any:
    """
    Return a faster equivalent of a middleware in the chain of a handler.

    Args:
        handler: A middleware, as Django wraps it.

    Returns:
        A coroutine function for a middleware of async mode, else a function;
        the same ``handler`` where there is none faster.
    """
    middleware: Any = getattr(handler, "__wrapped__", None)
    if not _is_ordinary(middleware):
        return handler
    inner = middleware.get_response
    link: Link | None = getattr(inner, "link", None)
    # A wrapper that was made with functools.wraps has the attribute too.
    is_async = middleware.async_mode
    if link is not None and link.entry is inner:
        link = Link((Step(middleware), *link.steps), link.inner, is_async)
    else:
        link = Link((Step(middleware),), inner, is_async)
    return link.entry


def _is_ordinary(middleware: Any) -> bool:
    """Tell whether a middleware is called as ``MiddlewareMixin`` does it."""
    kind = type(middleware)
    return (
        isinstance(middleware, MiddlewareMixin)
        and hasattr(middleware, "async_mode")
        and kind.__call__ is MiddlewareMixin.__call__
        and kind.__acall__ is MiddlewareMixin.__acall__
        and has_originals(MiddlewareMixin, "__call__", "__acall__")
        and not iscoroutinefunction(getattr(middleware, "process_request", None))
        and not iscoroutinefunction(getattr(middleware, "process_response", None))
    )


class Step:
    """
    One middleware.

    Attributes:
        process_request, process_response: Its methods, where it has them.
        request_blocks, response_blocks: Tell whether they may block; ``None``
            where they never do.
    """

    __slots__ = (
        "process_request",
        "process_response",
        "request_blocks",
        "response_blocks",
    )

    def __init__(self, middleware: Any) -> None:
        self.process_request = find_entry(middleware)
        self.process_response = find_shortcut(middleware) or getattr(
            middleware, "process_response", None
        )
        self.request_blocks, self.response_blocks = find_rules(middleware)


class Link:
    """
    Neighbours in the chain of middleware, called by one function.

    Args:
        steps: From the outermost to the innermost.
        inner: What comes after them.
        is_async: Whether that is a coroutine function, and ``entry`` shall be.

    Attributes:
        entry: The function that stands for them in the chain.
    """

    def __init__(self, steps: tuple[Step, ...], inner: Any, is_async: bool) -> None:
        self.steps = steps
        self.inner = inner
        entry: Any = self._make_entry() if is_async else self._make_sync_entry()
        entry.link = self
        self.entry = entry

    def _make_sync_entry(self) -> Callable[[HttpRequest], Any]:
        inner = self.inner

        def entry(request: HttpRequest) -> Any:
            response, entered = self._enter(request, 0)
            if not response:
                try:
                    response = inner(request)
                except Exception as error:
                    response, entered = _convert(request, error, entered)
            return self._leave(request, response, entered)

        return entry

    def _make_entry(self) -> Handler:
        steps, inner = self.steps, self.inner

        async def entry(request: HttpRequest) -> Any:
            response = None
            entered = 0
            for step in steps:
                entered += 1
                process = step.process_request
                if process is None:
                    continue
                blocks = step.request_blocks
                if blocks is not None and blocks(request):
                    response, entered = await call_in_thread(
                        self._enter, request, entered - 1
                    )
                    break
                try:
                    response = process(request)
                except Exception as error:
                    response, entered = await _aconvert(request, error, entered)
                    break
                if response:
                    break
            if not response:
                try:
                    response = await inner(request)
                except Exception as error:
                    response, entered = await _aconvert(request, error, entered)
            return await self._go_out(request, response, entered)

        return entry

    async def _go_out(self, request: HttpRequest, response: Any, entered: int) -> Any:
        """Call ``process_response`` of those that were entered."""
        while entered:
            step = self.steps[entered - 1]
            process = step.process_response
            if process is not None:
                blocks = step.response_blocks
                if blocks is not None and blocks(request, response):
                    return await call_in_thread(self._leave, request, response, entered)
                try:
                    response = process(request, response)
                except Exception as error:
                    response, entered = await _aconvert(request, error, entered)
                    continue
            entered -= 1
        return response

    def _enter(self, request: HttpRequest, entered: int) -> tuple[Any, int]:
        """Do the rest of the way in, where it may block."""
        for step in self.steps[entered:]:
            entered += 1
            if step.process_request is None:
                continue
            try:
                response = step.process_request(request)
            except Exception as error:
                return _convert(request, error, entered)
            if response:
                return response, entered
        return None, entered

    def _leave(self, request: HttpRequest, response: Any, entered: int) -> Any:
        """Do the rest of the way out, where it may block."""
        while entered:
            process = self.steps[entered - 1].process_response
            if process is not None:
                try:
                    response = process(request, response)
                except Exception as error:
                    response, entered = _convert(request, error, entered)
                    continue
            entered -= 1
        return response


def _convert(request: HttpRequest, error: Exception, entered: int) -> tuple[Any, int]:
    """
    Make a response of an exception, as Django does around each middleware.

    Args:
        request: The request.
        error: What was raised.
        entered: How many middleware stand around it, with the one that raised it.

    Returns:
        The response, and how many of them have to do with it. An error page that
        fails is itself an error, which the next middleware is surrounded by.
    """
    try:
        return exception.response_for_exception(request, error), entered - 1
    except Exception as another:
        if entered == 1:
            raise
        return _convert(request, another, entered - 1)


async def _aconvert(
    request: HttpRequest, error: Exception, entered: int
) -> tuple[Any, int]:
    """Do the same from the event loop, in a thread as Django has it."""
    convert = sync_to_async(exception.response_for_exception, thread_sensitive=False)
    try:
        return await convert(request, error), entered - 1
    except Exception as another:
        if entered == 1:
            raise
        return await _aconvert(request, another, entered - 1)
