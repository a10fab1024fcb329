"""
What a view returned, to a response.

The middleware and ``bolt_view`` share this table; they differ only in what
they do with ``None`` and with a coroutine that nobody awaited.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NoReturn, TypeAlias

import msgspec
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.functional import Promise

from django_bolt.encoding import encode_json, encode_json_inline
from django_bolt.encoding.hook import is_pydantic
from django_bolt.responses.base import Response, with_article
from django_bolt.responses.content import (
    HTML,
    JSON,
    PlainText,
    Redirect,
    make_encoded,
)
from django_bolt.responses.head import allows_body
from django_bolt.responses.streaming import StreamingResponse
from django_bolt.types import Headers, View

ResponseClass: TypeAlias = Callable[..., HttpResponseBase]
"""Called with the value and, by name, ``status_code`` and ``headers``."""


def _octets(
    content: bytes | bytearray | memoryview,
    *,
    status_code: int,
    headers: Headers | None,
) -> Response:
    return Response(content, status_code, headers, "application/octet-stream")


def _nothing(content: None, *, status_code: int, headers: Headers | None) -> Response:
    return Response(b"", status_code, headers)


_BY_EXACT_TYPE: dict[type, ResponseClass] = {
    dict: JSON,
    list: JSON,
    tuple: JSON,
    str: PlainText,
    bytes: _octets,
    GeneratorType: StreamingResponse,
    AsyncGeneratorType: StreamingResponse,
}

_BY_BASE: tuple[tuple[tuple[type, ...], ResponseClass], ...] = (
    ((str, Promise), PlainText),
    ((dict, list, tuple, msgspec.Struct, QuerySet), JSON),
    ((bytes, bytearray, memoryview), _octets),
    ((Generator, AsyncGenerator), StreamingResponse),
)

_VALUES = tuple(base for bases, _ in _BY_BASE for base in bases)

_ASKED_OF_RESPONSES = frozenset(
    ("content", "cookies", "has_header", "headers", "status_code", "streaming")
)

_OWN = (JSON, PlainText, HTML, Redirect, Response)


@dataclasses.dataclass(frozen=True, slots=True)
class Conversion:
    """
    How the values that one view returns become responses.

    Args:
        view: The view, to be named in errors.
        response_class: What to make of every value that is no response;
            ``None`` chooses by the type of the value.
        status_code: HTTP status code of the response that is made.
        headers: Header fields of the response that is made.
    """

    view: View
    response_class: ResponseClass | None = None
    status_code: int = 200
    headers: Headers | None = None

    def convert(self, value: object) -> HttpResponseBase:
        """
        Make a response of a value.

        Args:
            value: What the view returned, unless it is a response.

        Raises:
            TypeError: The type of ``value`` converts to no response, or it
                holds something that cannot be encoded.
        """
        return self._make(self._choose(value), value)

    async def aconvert(self, value: object) -> HttpResponseBase:
        """Do the same in an event loop: what may query goes to a thread."""
        response_class = self._choose(value)
        is_json = response_class is JSON or _encodes_json(response_class, value)
        if not is_json and _is_foreign(response_class):
            return await sync_to_async(self._make)(response_class, value)
        if is_json and allows_body(self.status_code):
            try:
                encoded = encode_json_inline(value)
            except (TypeError, ValueError) as error:
                self._raise_naming_the_view(error, value)
            if encoded is None:
                return await sync_to_async(self._make)(response_class, value)
            if self._is_simple(response_class):
                return make_encoded(encoded)
            value = msgspec.Raw(encoded)
        return self._make(response_class, value)

    def _choose(self, value: object) -> ResponseClass:
        if value is None and self.status_code == 204:
            return _nothing
        if value is None or isinstance(value, CoroutineType):
            return self._refuse(value)
        return (
            self.response_class
            or _BY_EXACT_TYPE.get(type(value))
            or _choose_by_base(value)
            or self._refuse(value)
        )

    def _make(self, response_class: ResponseClass, value: object) -> HttpResponseBase:
        try:
            if self._is_simple(response_class):
                return make_encoded(encode_json(value))
            return response_class(
                value, status_code=self.status_code, headers=self.headers
            )
        except (TypeError, ValueError) as error:
            self._raise_naming_the_view(error, value)

    def _is_simple(self, response_class: ResponseClass) -> bool:
        """Tell whether the response is what ``make_encoded`` makes."""
        return response_class is JSON and self.status_code == 200 and not self.headers

    def _raise_naming_the_view(self, error: Exception, value: object) -> NoReturn:
        """Name the view: it has returned, and no line of a traceback is its."""
        if type(error) not in (TypeError, ValueError):
            raise error
        what = with_article(_name(type(value)))
        raise type(error)(
            f"The view {describe_view(self.view)} returned {what} that cannot be sent: "
            f"{error}"
        ) from error

    def _refuse(self, value: object) -> ResponseClass:
        what = with_article(_name(type(value)))
        hint = ""
        if value is None:
            what = "None"
            hint = " Is a return missing? An empty answer has the status 204."
        elif isinstance(value, type):
            what = f"the class {_name(value)} itself"
            hint = " Return an instance of it."
        elif isinstance(value, CoroutineType):
            value.close()
            what = "a coroutine that was not awaited"
            hint = " Add an await."
        elif isinstance(value, Model):
            hint = " Return the fields to send by name, in a dict or a msgspec.Struct."
        raise TypeError(
            f"The view {describe_view(self.view)} returned {what}. A view may return "
            "an HttpResponse, a dict, list, tuple, msgspec.Struct, dataclass, attrs or "
            "pydantic object, a QuerySet, str or bytes, or a sync or async generator."
            f"{hint}"
        )


def _choose_by_base(value: object) -> ResponseClass | None:
    for bases, response_class in _BY_BASE:
        if isinstance(value, bases):
            return response_class
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value) or hasattr(value, "__attrs_attrs__"):
        return JSON
    return JSON if is_pydantic(value.__class__) else None


def _is_foreign(response_class: ResponseClass) -> bool:
    """Tell whether what it does with a value is not known, and may query."""
    if not isinstance(response_class, type):
        return response_class not in (_octets, _nothing)
    return _constructor_of(response_class) not in _OWN and not issubclass(
        response_class, StreamingHttpResponse
    )


def _encodes_json(response_class: ResponseClass, value: object) -> bool:
    if not isinstance(response_class, type):
        return False
    constructor = _constructor_of(response_class)
    if constructor is Response:
        return not isinstance(value, bytes | bytearray | memoryview)
    return constructor is JSON


def _constructor_of(kind: type) -> type:
    """
    Return the class whose constructor makes instances of ``kind``.

    A subclass with a constructor of its own wants the value, not its encoding.
    """
    if kind in _OWN:
        return kind
    return next(base for base in kind.__mro__ if "__init__" in vars(base))


def convert_calls(
    view: View,
    convert: Callable[[object], object],
    aconvert: Callable[[object], Awaitable[object]],
) -> View:
    """
    Wrap a view so that what it returns is converted.

    Args:
        view: A function or other callable, sync or async.
        convert: Called with what a sync view returned, unless it is a response.
        aconvert: The same for an async view; awaited.

    Returns:
        A coroutine function for a coroutine function, else a function; either
        carries the attributes of ``view``.
    """
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def acall(request: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                value = await view(request, *args, **kwargs)
            except AttributeError as error:
                _note_way_out(error)
                raise
            return (
                value if isinstance(value, HttpResponseBase) else await aconvert(value)
            )

        return acall

    @functools.wraps(view)
    def call(request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            value = view(request, *args, **kwargs)
        except AttributeError as error:
            _note_way_out(error)
            raise
        return value if isinstance(value, HttpResponseBase) else convert(value)

    return call


def _note_way_out(error: AttributeError) -> None:
    """Say what to do where a decorator has taken a value for a response."""
    # By its own type: to ask a lazy object for its class might query.
    kind = type(error.obj)
    if error.name not in _ASKED_OF_RESPONSES or not (
        issubclass(kind, _VALUES) or dataclasses.is_dataclass(kind)
    ):
        return
    if sys.version_info >= (3, 11):  # pragma: no branch
        error.add_note(
            "If a decorator of the view asked for it: what the view returns is not a "
            "response yet. Put @bolt_view below the decorator, next to the view."
        )


def describe_view(view: Any) -> str:
    """Name a view as a developer would look for it; a class-based one by its class."""
    while isinstance(view, functools.partial):
        view = view.func
    view = getattr(view, "view_class", view)
    return _name(view if hasattr(view, "__qualname__") else type(view))


def _name(named: Any) -> str:
    if named.__module__ == "builtins":
        return str(named.__qualname__)
    return f"{named.__module__}.{named.__qualname__}"
