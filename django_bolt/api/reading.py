"""
Read objects for ``msgspec.convert``, which reads attributes carelessly.

It swallows whatever an attribute raises, so that a field falls back to its
default when a query fails, and it takes an instance of the wanted type as it
is, with all that lies inside. Objects whose attributes are plain data are
handed to it unchanged; all others are read through :class:`Opened`.
"""

from __future__ import annotations

import datetime
import decimal
import inspect
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import PurePath
from types import FunctionType, MemberDescriptorType
from typing import Any, TypeAlias

import msgspec
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.db.models.manager import BaseManager
from django.utils.functional import LazyObject, Promise, empty
from msgspec.inspect import (
    AnyType,
    CustomType,
    DataclassType,
    Field,
    NoneType,
    StructType,
    TypedDictType,
)

from django_bolt.encoding.hook import MayBlock, convert

Opener: TypeAlias = Callable[["Reading", Any], object]

_RAW = (
    *(bool, bytes, bytearray, memoryview, type(None), Enum, msgspec.Raw),
    *(datetime.time, datetime.timedelta, uuid.UUID, msgspec.UnsetType),
)
_REDUCED = (str, int, float, datetime.date, decimal.Decimal, Promise, FieldFile)
_EXACT = {str, int, float, datetime.date, datetime.datetime, decimal.Decimal}
_DATA = (MemberDescriptorType, FunctionType)
_HOLDING = (list, tuple, set, frozenset, dict, QuerySet, BaseManager, LazyObject)
_KINDS_REMEMBERED = 1000
_MISSING = object()


class Shape:
    """
    What a model looks for in the objects that it is made from.

    Args:
        model: The type, as :func:`msgspec.inspect.type_info` tells it.

    Attributes:
        names: The attributes that are read, of whatever object.
        keys: The keys of a ``TypedDict``, which msgspec makes of mappings only.
        links: Those whose values are objects themselves.
        untyped: Those whose values the model leaves as they are.
        classes: Those that it makes instances of.
        customs: Classes whose instances it leaves as they are. Not one that says
            nothing, as ``object``: what may hold a model's objects is opened.
        takes_none: ``None`` fits.
    """

    def __init__(self, model: object) -> None:
        self.names: set[str] = set()
        self.keys: set[str] = set()
        self.links: set[str] = set()
        self.untyped: set[str] = set()
        self.classes: tuple[type, ...] = ()
        self.customs: tuple[type, ...] = ()
        self._walk(model, set())
        self.customs = tuple(filter(self._is_narrow, self.customs))
        self.untyped -= self.links
        self.takes_none = isinstance(model, NoneType) or any(
            isinstance(part, NoneType) for part in getattr(model, "types", ())
        )
        self.openers: dict[tuple[type, bool], Opener | None] = {}

    def _walk(self, node: object, seen: set[int]) -> tuple[bool, bool]:
        """Gather from a type; tell whether it holds objects, and any values."""
        if isinstance(node, CustomType):
            self.customs += (node.cls,)
        is_object = isinstance(node, StructType | DataclassType)
        if isinstance(node, StructType | DataclassType):
            self.classes += (node.cls,)
        holds_objects, holds_any = is_object, isinstance(node, AnyType | CustomType)
        if id(node) in seen:
            return is_object, False
        seen.add(id(node))
        for part in _parts(node):
            field = part if isinstance(part, Field) else None
            objects, anything = self._walk(field.type if field else part, seen)
            if field and isinstance(node, TypedDictType):
                self.keys.add(field.name)
            if field and is_object:
                self.names.add(field.name)
                if objects:
                    self.links.add(field.name)
                elif anything:
                    self.untyped.add(field.name)
            holds_objects |= objects
            holds_any |= anything
        return holds_objects, holds_any

    def _is_narrow(self, custom: type) -> bool:
        holding: tuple[type, ...] = (*self.classes, *_HOLDING)
        return not any(issubclass(kind, custom) for kind in holding)

    def opener(self, kind: type, thorough: bool) -> Opener | None:
        """Return how values of a type are opened; ``None`` when they stay closed."""
        try:
            return self.openers[kind, thorough]
        except KeyError:
            if len(self.openers) >= _KINDS_REMEMBERED:
                self.openers.clear()
            opener = self.openers[kind, thorough] = self._find(kind, thorough)
            return opener

    def _find(self, kind: type, thorough: bool) -> Opener | None:
        if issubclass(kind, _RAW) or (
            issubclass(kind, self.customs) and not issubclass(kind, self.classes)
        ):
            return None
        if issubclass(kind, (*_REDUCED, PurePath)):
            return _reduce if thorough and kind not in _EXACT else None
        for base, opener in _OPENERS:
            if issubclass(kind, base):
                return opener
        if (
            issubclass(kind, Iterable)
            and not issubclass(kind, Model)
            and not any(hasattr(kind, name) for name in self.names | self.keys)
        ):
            return _open_iterable
        if self.names:
            return self._find_for_object(kind, thorough)
        return self._find_for_typed_dict(kind) if self.keys else None

    def _find_for_object(self, kind: type, thorough: bool) -> Opener | None:
        running = frozenset(name for name in self.names if _runs_code(kind, name))
        is_open = thorough or any(hasattr(kind, name) for name in self.links)
        links = self.links

        def open_object(reading: Reading, value: Any) -> object:
            held = getattr(value, "__dict__", {}).keys()
            if not is_open and running <= held and links.isdisjoint(held):
                return value
            return Opened(reading, value, running - held)

        return open_object

    def _find_for_typed_dict(self, kind: type) -> Opener:
        running = frozenset(name for name in self.keys if _runs_code(kind, name))

        def open_as_dict(reading: Reading, value: Any) -> object:
            if running - getattr(value, "__dict__", {}).keys():
                reading.forbid_waiting()
            found = {key: getattr(value, key, _MISSING) for key in self.keys}
            return {
                key: reading.open(attribute)
                for key, attribute in found.items()
                if attribute is not _MISSING
            }

        return open_as_dict


class Reading:
    """
    One conversion of one value.

    Args:
        shape: What the model looks for.
        inline: The conversion runs in an event loop, where nothing may wait.
        thorough: Reduce Django's values to what msgspec knows, wherever they are.

    Attributes:
        faults: What attributes raised, but for ``AttributeError``.
    """

    def __init__(self, shape: Shape, *, inline: bool, thorough: bool) -> None:
        self.shape = shape
        self.inline = inline
        self.thorough = thorough
        self.faults: list[BaseException] = []

    def open(self, value: object) -> object:
        """
        Return what msgspec shall read in the place of ``value``.

        Raises:
            MayBlock: It may query, and the conversion is inline.
        """
        opener = self.shape.opener(type(value), self.thorough)
        return value if opener is None else opener(self, value)

    def forbid_waiting(self) -> None:
        """
        Stop before something that may wait.

        Raises:
            MayBlock: The conversion is inline.
        """
        if self.inline:
            raise MayBlock


class Opened:
    """
    An object whose attributes are read with care.

    Args:
        reading: The conversion.
        value: The object.
        running: Those of its attributes that run code, and may query.
    """

    __slots__ = ("__reading", "__running", "__value")

    def __init__(self, reading: Reading, value: object, running: Iterable[str]) -> None:
        self.__reading = reading
        self.__value = value
        self.__running = running

    def __getattr__(self, name: str) -> object:
        reading = self.__reading
        try:
            if name in self.__running:
                reading.forbid_waiting()
            value = getattr(self.__value, name)
            if name in reading.shape.untyped:
                return value
            return reading.open(value)
        except AttributeError:
            raise
        except BaseException as fault:
            # msgspec would take it for a missing attribute, and go on.
            reading.faults.append(fault)
            raise


def _parts(node: Any) -> Iterator[Any]:
    """Iterate over the types, and fields with types, that a type is made of."""
    for attribute in ("fields", "types", "item_types"):
        yield from getattr(node, attribute, ())
    for attribute in ("item_type", "key_type", "value_type"):
        if hasattr(node, attribute):
            yield getattr(node, attribute)


def _runs_code(kind: type, name: str) -> bool:
    """Tell whether an attribute is computed when it is read."""
    if hasattr(kind, "__getattr__"):
        return True
    attribute = inspect.getattr_static(kind, name, None)
    return hasattr(type(attribute), "__get__") and not isinstance(attribute, _DATA)


def _reduce(reading: Reading, value: Any) -> object:
    return convert(value)


def _open_items(reading: Reading, value: Any) -> object:
    opener, kind, opened = None, None, []
    for item in value:
        if type(item) is not kind:
            kind = type(item)
            opener = reading.shape.opener(kind, reading.thorough)
        opened.append(item if opener is None else opener(reading, item))
    return opened


def _open_iterable(reading: Reading, value: Any) -> object:
    reading.forbid_waiting()
    return _open_items(reading, value)


def _open_mapping(reading: Reading, value: Any) -> object:
    return {key: reading.open(item) for key, item in value.items()}


def _open_queryset(reading: Reading, value: Any) -> object:
    if value._result_cache is None:
        reading.forbid_waiting()
    return _open_items(reading, value)


def _open_manager(reading: Reading, value: Any) -> object:
    return _open_queryset(reading, value.all())


def _open_lazy(reading: Reading, value: Any) -> object:
    if value._wrapped is empty:
        reading.forbid_waiting()
        value._setup()
    return reading.open(value._wrapped)


_OPENERS: tuple[tuple[type | tuple[type, ...], Opener], ...] = (
    ((list, tuple, set, frozenset), _open_items),
    (Mapping, _open_mapping),
    (QuerySet, _open_queryset),
    (BaseManager, _open_manager),
    (LazyObject, _open_lazy),
)
