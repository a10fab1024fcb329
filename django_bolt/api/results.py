"""From what a handler returned to a response: the model first, then the conversion."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.http.response import HttpResponseBase

from django_bolt.api.annotations import (
    evaluate,
    find_globals,
    find_item_model,
    find_model,
)
from django_bolt.api.models import ResponseModel
from django_bolt.conversion import Conversion, ResponseClass
from django_bolt.responses.content import JSON
from django_bolt.responses.head import check_status, make_headers
from django_bolt.responses.streaming import StreamingResponse
from django_bolt.types import Headers, View


@dataclass(frozen=True, slots=True)
class Options:
    """
    What a decorator of ``BoltAPI`` says of the response.

    Args:
        response_class: What to make of a value that is no response; ``None``
            chooses by the type of the value.
        status_code: HTTP status code of the response that is made.
        headers: Header fields of the response that is made.
        response_model: What to convert the value to; ``None`` looks at the
            handler's return annotation.
    """

    response_class: ResponseClass | None
    status_code: int
    headers: Headers | None
    response_model: object

    def check(self) -> None:
        """
        Refuse what no response can be made with.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The status is none.
            BadHeaderError: A header would break the message.
        """
        given: object = self.response_class
        if given is not None and not callable(given):
            raise TypeError(f"response_class must be a response class; got {given!r}.")
        check_status(self.status_code)
        make_headers(self.headers, None)

    @property
    def streams(self) -> bool:
        """Tell whether the response class sends items as they come."""
        return _is_class(self.response_class, StreamingResponse)

    @property
    def collects(self) -> bool:
        """Tell whether the response class is one that cannot stream."""
        return not self.streams and _is_class(self.response_class, HttpResponseBase)


class Result:
    """
    How the values of one handler become responses.

    Args:
        handler: The handler, to be named in errors.
        options: What its decorator says.

    Raises:
        TypeError: The model is none that msgspec converts to, or a generator
            has a response class that does not stream.
        NameError: The return annotation names what is not defined, or not yet.
    """

    def __init__(self, handler: View, options: Options) -> None:
        if is_generator(handler) and options.collects:
            raise TypeError(
                "is a generator, so its response_class must be StreamingResponse or "
                f"EventSourceResponse; got {options.response_class!r}. To send an "
                "array at once, return a list."
            )
        self.streams = options.streams or is_generator(handler)
        self.model = _find_response_model(handler, options, self.streams)
        by_default = None
        if self.model is not None:
            # Chosen here: what is converted is no generator any more.
            by_default = StreamingResponse if self.streams else JSON
        self.conversion = Conversion(
            handler,
            options.response_class or by_default,
            options.status_code,
            options.headers,
        )

    def make(self, value: object) -> HttpResponseBase:
        """Make a response of what the handler returned, unless that is one."""
        if self.model is not None:
            if value is None or self.streams:
                value = self._adapt(value, self.model)
            else:
                value = self.model.convert(value)
        return self.conversion.convert(value)

    async def amake(self, value: object) -> HttpResponseBase:
        """Do the same in an event loop: what may query goes to a thread."""
        if self.model is not None:
            if value is None or self.streams:
                value = self._adapt(value, self.model)
            else:
                value = await self.model.aconvert(value)
        return await self.conversion.aconvert(value)

    def _adapt(self, value: Any, model: ResponseModel) -> object:
        if value is None:
            is_null = model.takes_none and self.conversion.status_code != 204
            return msgspec.Raw(b"null") if is_null and not self.streams else None
        if isinstance(value, AsyncIterable) and not isinstance(value, Iterable):
            return _AsyncItems(value, model)
        if isinstance(value, Iterable) and not isinstance(value, str | bytes | dict):
            return _Items(value, model)
        return value


class _Items(Iterator[object]):
    """The items of a stream, each converted when it is asked for."""

    def __init__(self, source: Iterable[object], model: ResponseModel) -> None:
        self._source = source
        self._model = model
        self._iterator: Iterator[object] | None = None

    def __next__(self) -> object:
        if self._iterator is None:
            # A queryset is asked for its iterator by the thread that reads it.
            self._iterator = iter(self._source)
        return self._model.convert(next(self._iterator))

    def close(self) -> None:
        """Close the source, started or not."""
        for source in (self._iterator, self._source):
            close = getattr(source, "close", None)
            if close is not None:
                close()
                return


class _AsyncItems(AsyncIterator[object]):
    """The same for an async source."""

    def __init__(self, source: AsyncIterable[object], model: ResponseModel) -> None:
        self._iterator = aiter(source)
        self._model = model

    async def __anext__(self) -> object:
        return await self._model.aconvert(await anext(self._iterator))

    async def aclose(self) -> None:
        """Close the source, started or not."""
        aclose = getattr(self._iterator, "aclose", None)
        if aclose is not None:
            await aclose()


def is_generator(handler: View) -> bool:
    """Tell whether a handler, below its decorators, is a generator of either kind."""
    handler = inspect.unwrap(handler)
    return inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler)


def _find_response_model(
    handler: View, options: Options, streams: bool
) -> ResponseModel | None:
    explicit = options.response_model is not None
    given = options.response_model
    if not explicit:
        given = inspect.signature(handler).return_annotation
    try:
        annotation = evaluate(given, find_globals(handler))
        passes: tuple[type, ...] = ()
        if streams:
            model, passes = find_item_model(annotation, explicit=explicit)
        else:
            model = find_model(annotation, explicit=explicit)
        return None if model is None else ResponseModel(handler, model, passes)
    except TypeError as error:
        source = "response_model" if explicit else "return annotation"
        raise TypeError(
            f"has a {source} that msgspec cannot convert to: {error}"
            + ("" if explicit else " Give a response_model.")
        ) from error


def _is_class(response_class: Any, base: type) -> bool:
    while isinstance(response_class, functools.partial):
        response_class = response_class.func
    return isinstance(response_class, type) and issubclass(response_class, base)
