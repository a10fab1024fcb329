"""
What msgspec asks for the values and keys that it does not know.

msgspec calls a hook with a value, or with the key of an object, whose type it
has no rule for, and encodes what the hook returns instead. ``dict``, ``list``,
``tuple``, ``set``, Structs and subclasses of these come here only as keys.
"""

from __future__ import annotations

import datetime
import decimal
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, TypeAlias, cast

import msgspec
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.db.models.query import ModelIterable
from django.utils.functional import LazyObject, Promise, empty

Consumption: TypeAlias = dict[int, tuple[Iterator[object], list[object]]]
"""
What iterators gave that are used up, by their identity.

The iterators are kept so that no other object takes their identity.
"""

# Iterable, or so it seems; but what they hold, they hold already.
_HELD = (str, Promise, Mapping, FieldFile, type)

_REFUSED = (Model, type, msgspec.Struct, dict, list, tuple, set, frozenset)

REFUSALS = (TypeError, ValueError, RecursionError, BufferError)
"""
What msgspec raises for a value that it does not encode.

``BufferError`` is for a memoryview with steps.
"""


class Unencodable(TypeError):
    """
    A value or key that has no JSON form.

    Args:
        kind: Its type.
    """

    def __init__(self, kind: type) -> None:
        super().__init__(kind)
        self.kind = kind


class MayBlock(Exception):
    """A value whose evaluation may wait, for a database as a rule."""


class ConsumedIterator(Exception):
    """
    An item of an iterator has no JSON form, and the iterator is used up.

    Args:
        iterator: The iterator.
        items: What it gave.
        error: Why one of them was refused.

    Attributes:
        items: What every consumed iterator gave.
        error: Why the encoder refused the innermost item.
    """

    def __init__(
        self, iterator: Iterator[object], items: list[object], error: Exception
    ) -> None:
        super().__init__(iterator, items, error)
        self.items: Consumption = {id(iterator): (iterator, items)}
        self.error = error
        if isinstance(error, ConsumedIterator):
            self.items |= error.items
            self.error = error.error


def is_pydantic(kind: type) -> bool:
    """Tell whether a type is a pydantic model's, without importing pydantic."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def convert(value: Any) -> object:
    """
    Return what msgspec shall encode in the place of ``value``.

    Raises:
        Unencodable: There is no JSON form.
        ConsumedIterator: An item of this iterator has none.
    """
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, Promise):
        return _evaluate(value)
    if issubclass(kind, LazyObject):
        return _unwrap(value)
    if issubclass(kind, QuerySet):
        if issubclass(value._iterable_class, ModelIterable):
            # Refused without rows too: the first one would break a working view.
            raise Unencodable(kind)
        return list(value)
    if value is None or kind is bool:
        # As values these never come here: spell the key as ``json.dumps`` does.
        return msgspec.json.encode(value).decode()
    if issubclass(kind, _REFUSED):
        raise Unencodable(kind)
    return _convert_number_or_date(value)


def inline(value: Any) -> object:
    """
    Do what :func:`convert` does, but never wait and never consume.

    Raises:
        MayBlock: Evaluation may ask a database, or runs foreign code.
    """
    kind = type(value)
    if issubclass(kind, QuerySet):
        blocks = value._result_cache is None
    elif issubclass(kind, LazyObject):
        blocks = value._wrapped is empty
    elif issubclass(kind, _HELD) or is_pydantic(kind):
        blocks = False
    else:
        blocks = issubclass(kind, Iterable)
    if blocks:
        raise MayBlock
    return convert(value)


def _evaluate(promise: Any) -> object:
    """Evaluate a lazy value to the type it was declared with."""
    cast_promise = getattr(promise, "_proxy____cast", None)
    return str(promise) if cast_promise is None else cast_promise()


def _unwrap(lazy: Any) -> object:
    if lazy._wrapped is empty:
        lazy._setup()
    return lazy._wrapped


def _convert_number_or_date(value: Any) -> object:
    """Reduce a subclass of what msgspec knows, which it does by exact type."""
    match value:
        case int():
            return int(value)
        case float():
            return float.__float__(value)
        case datetime.datetime():
            return datetime.datetime.combine(_exact_date(value), value.timetz())
        case datetime.date():
            return _exact_date(value)
        case datetime.time():
            return datetime.datetime.combine(datetime.date.min, value).timetz()
        case datetime.timedelta():
            return datetime.timedelta(value.days, value.seconds, value.microseconds)
        case decimal.Decimal():
            return decimal.Decimal(value)
        case bytes():
            return bytes(value)
    return _convert_object(value)


def _exact_date(value: datetime.date) -> datetime.date:
    return datetime.date(value.year, value.month, value.day)


def _convert_object(value: Any) -> object:
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, FieldFile):
        return value.url if value else None
    if is_pydantic(type(value)):
        return _encode_pydantic(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        items = list(value)
        return _encode_now(value, items) if isinstance(value, Iterator) else items
    raise Unencodable(type(value))


def _encode_pydantic(model: Any) -> object:
    """Let pydantic encode its model, with its own rules for aliases and types."""
    try:
        return msgspec.Raw(model.model_dump_json().encode())
    except ValueError:
        # ``PydanticSerializationError``: a field holds what pydantic has no JSON
        # for. Python mode leaves it as it is, and we may have a rule, or a path.
        return cast(object, model.model_dump())


def _encode_now(iterator: Iterator[object], items: list[object]) -> msgspec.Raw:
    """Encode what an iterator gave while its items can still be named."""
    try:
        return msgspec.Raw(encode(items))
    except (*REFUSALS, ConsumedIterator) as error:
        raise ConsumedIterator(iterator, items, error) from error


encode = msgspec.json.Encoder(enc_hook=convert).encode
"""Encode a value as JSON, without an explanation of what cannot be encoded."""

encode_inline = msgspec.json.Encoder(enc_hook=inline).encode
"""The same, refusing what may block."""
