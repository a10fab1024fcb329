"""bolt_view: convert what a view returns at the view itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, cast, overload

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.conversion import Conversion, ResponseClass, convert_calls
from django_bolt.responses.head import check_status, make_headers, prepare
from django_bolt.types import Headers, View

P = ParamSpec("P")


class _Decorator:
    """What ``bolt_view(...)`` returns: a decorator that keeps a view's parameters."""

    def __init__(
        self,
        response_class: ResponseClass | None,
        status_code: int,
        headers: Headers | None,
    ) -> None:
        if response_class is not None and not callable(response_class):
            raise TypeError(
                f"response_class must be a response class; got {response_class!r}."
            )
        self.response_class = response_class
        self.status_code = check_status(status_code)
        make_headers(headers, None)
        self.headers = headers

    # What is awaitable is an object too; the first overload that fits is taken.
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, view: Callable[P, Awaitable[object]]
    ) -> Callable[P, Coroutine[Any, Any, HttpResponseBase]]: ...

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, view: Callable[P, AsyncIterable[object]]
    ) -> Callable[P, Coroutine[Any, Any, HttpResponseBase]]: ...

    @overload
    def __call__(self, view: Callable[P, object]) -> Callable[P, HttpResponseBase]: ...

    def __call__(self, view: View) -> View:
        if isinstance(view, type):
            raise TypeError(
                "bolt_view decorates a view function; got the class "
                f"{view.__qualname__}. Decorate what its as_view() returns."
            )
        if not callable(view):
            raise TypeError(f"bolt_view decorates a view function; got {view!r}.")
        conversion = Conversion(
            view, self.response_class, self.status_code, self.headers
        )
        if inspect.isasyncgenfunction(view):
            view = _start(view)
        return _prepare_calls(
            convert_calls(view, conversion.convert, conversion.aconvert)
        )


def _start(view: View) -> View:
    """Make a coroutine function of an async generator function: no thread calls it."""

    @functools.wraps(view)
    async def start(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return start


def _prepare_calls(view: View) -> View:
    """Let the responses of a view meet its request, without the middleware."""
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def acall(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            response = await view(request, *args, **kwargs)
            return prepare(response, _request_among(request, args))

        return acall

    @functools.wraps(view)
    def call(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = view(request, *args, **kwargs)
        return prepare(response, _request_among(request, args))

    return call


def _request_among(first: Any, rest: tuple[Any, ...]) -> HttpRequest:
    """Return the request; a method that is decorated gets its instance first."""
    if rest and isinstance(rest[0], HttpRequest):
        return rest[0]
    return cast(HttpRequest, first)


@overload
def bolt_view(  # type: ignore[overload-overlap]
    view: Callable[P, Awaitable[object]], /
) -> Callable[P, Coroutine[Any, Any, HttpResponseBase]]: ...


@overload
def bolt_view(  # type: ignore[overload-overlap]
    view: Callable[P, AsyncIterable[object]], /
) -> Callable[P, Coroutine[Any, Any, HttpResponseBase]]: ...


@overload
def bolt_view(view: Callable[P, object], /) -> Callable[P, HttpResponseBase]: ...


@overload
def bolt_view(
    *,
    response_class: ResponseClass | None = None,
    status_code: int = 200,
    headers: Headers | None = None,
) -> _Decorator: ...


def bolt_view(
    view: View | None = None,
    /,
    *,
    response_class: ResponseClass | None = None,
    status_code: int = 200,
    headers: Headers | None = None,
) -> Any:
    """
    Convert what a view returns at the view itself.

    Works without the middleware, and below decorators that touch the response:
    ``never_cache``, ``cache_page``, ``vary_on_headers``, ``gzip_page``. Use it
    bare or with arguments::

        @never_cache
        @bolt_view(status_code=201)
        def create(request):
            return {"id": 7}

    Args:
        view: A view, sync or async, or a generator function of either kind.
        response_class: Called with what the view returned, and with
            ``status_code`` and ``headers`` by name; by default it is chosen by
            the type of what was returned, as the middleware does.
        status_code: HTTP status code of the response that is made. With 204, a
            view returns ``None``.
        headers: Header fields of the response that is made.

    Returns:
        The view, now returning a response; a coroutine function if it was one,
        or an async generator function.

    Raises:
        TypeError: What is decorated is no function; when the view is called,
            what it returned converts to no response.
        ValueError: The status is none.
        BadHeaderError: A header would break the message.
    """
    decorator = _Decorator(response_class, status_code, headers)
    return decorator if view is None else decorator(view)
