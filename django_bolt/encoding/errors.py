"""
Say where in some data the value lies that has no JSON form.

Runs only after msgspec has refused the data. The walk keeps its own stack, so
that data nested a hundred thousand levels deep is handled like any other.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec
from django.db.models import Model, QuerySet

from django_bolt.encoding.hook import (
    ConsumedIterator,
    Consumption,
    Unencodable,
    convert,
    encode,
    is_pydantic,
)

Children: TypeAlias = Iterator[tuple[str, object]]
"""Steps to the parts of a value, as they are written in Python, and the parts."""

_DEEPEST = 100_000
# How often a value may prove too deep that the hook replaces; each try costs an
# encoding as deep as the interpreter allows.
_MOST_TRIES = 50
_LONGEST_KEY = 80
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN_AT_START, _SHOWN_AT_END = 8, 4


def explain(error: Exception, data: object) -> Exception:
    """
    Return the error to raise in the place of an encoder's.

    Args:
        error: What the encoder raised.
        data: What it was given.

    Returns:
        An error that names the type and the path of the first value that
        cannot be encoded; ``error`` itself when it came from code that the
        encoder called, such as a property or a generator.
    """
    consumed: Consumption = {}
    if isinstance(error, ConsumedIterator):
        consumed, error = error.items, error.error
    found = _Walk(consumed).find(data)
    if found is None and isinstance(error, RecursionError):
        return ValueError("data is nested too deep to be encoded as JSON.")
    if found is None and isinstance(error, Unencodable):
        # It is what code that the encoder called made: a computed field.
        return TypeError(
            "data holds a value that has no JSON form; its type is "
            f"{_name(error.kind)}."
        )
    return found or error


class _Walk:
    """A depth-first walk to the first value that cannot be encoded."""

    def __init__(self, consumed: Consumption) -> None:
        self.consumed = consumed
        self.steps = ["data"]
        self.open: list[tuple[int, Children]] = []
        self.open_ids: set[int] = set()
        self.tries = 0

    def find(self, data: object) -> Exception | None:
        """Return the error for the first mistake in ``data``, if there is one."""
        error = self.enter(data)
        while error is None and self.open:
            identity, children = self.open[-1]
            try:
                step, value = next(children)
            except StopIteration:
                self.open.pop()
                self.open_ids.discard(identity)
                self.steps.pop()
            except _BadKey as bad:
                error = bad.describe(self.path)
            else:
                self.steps.append(step)
                error = self.enter(value)
        return error

    def enter(self, value: object) -> Exception | None:
        """Judge a leaf, or open a value that has parts to have them judged."""
        if id(value) in self.open_ids:
            return ValueError(
                f"{self.path} must not hold itself: JSON has no form for a cycle."
            )
        if len(self.open) > _DEEPEST or self.tries > _MOST_TRIES:
            return ValueError(f"{self.path} is nested too deep to be encoded as JSON.")
        children = self.children(value)
        if children is None:
            try:
                children = self.judge(value)
            except Unencodable:
                return TypeError(f"{self.path} {_refusal(value)}")
            except ValueError as error:
                if type(error) not in (ValueError, UnicodeEncodeError):
                    return error
                fault = ValueError(f"{self.path} {_fault(value, error)}")
                fault.__cause__ = error
                return fault
        self.open.append((id(value), children))
        self.open_ids.add(id(value))
        return None

    def judge(self, value: Any) -> Children:
        """
        Encode a value without parts; of one that the hook replaces, give the rest.

        Raises:
            Unencodable: The value has no JSON form.
            ValueError: The value itself is at fault.
        """
        try:
            encode(value)
        except (TypeError, RecursionError, BufferError, ConsumedIterator) as error:
            if type(value) is memoryview:
                raise Unencodable(memoryview) from error
            self.tries += isinstance(error, RecursionError)
            # Foreign code may raise TypeError too; then there is nothing to name.
            parts = value.__dict__ if is_pydantic(type(value)) else None
            if isinstance(parts, dict):
                return _attributes(value, [*parts, *(value.model_extra or ())])
            return iter([("", convert(value))])
        return iter(())

    def children(self, value: Any) -> Children | None:
        """Return the parts of a value that msgspec takes apart by itself."""
        kind = type(value)
        if issubclass(kind, Iterator):
            # One that is not remembered was encoded without a fault.
            _, items = self.consumed.get(id(value), (value, []))
            return _items(items)
        if issubclass(kind, dict):
            return _pairs(dict.items(value))
        for builtin in (list, tuple, set, frozenset):
            if issubclass(kind, builtin):  # Read as msgspec does, by its base.
                return _items(builtin.__iter__(value))
        if issubclass(kind, msgspec.Struct):
            return _attributes(value, kind.__struct_fields__)
        if dataclasses.is_dataclass(kind):
            return _attributes(
                value, [field.name for field in dataclasses.fields(kind)]
            )
        if hasattr(kind, "__attrs_attrs__"):
            return _attributes(value, [field.name for field in kind.__attrs_attrs__])
        return None

    @property
    def path(self) -> str:
        """The way to the current value, as it would be written in Python."""
        steps = self.steps
        if len(steps) > _SHOWN_AT_START + _SHOWN_AT_END:
            steps = [*steps[:_SHOWN_AT_START], "…", *steps[-_SHOWN_AT_END:]]
        return "".join(steps)


class _BadKey(Exception):
    """A key that has no JSON form."""

    def __init__(self, key: object, error: Exception) -> None:
        self.key = key
        self.error = error

    def describe(self, path: str) -> Exception:
        name = f"The key {_show(self.key)} of {path}"
        if isinstance(self.error, UnicodeEncodeError):
            return ValueError(f"{name} {_fault(self.key, self.error)}")
        return TypeError(
            f"{name} has no JSON form; its type is {_name(type(self.key))}. "
            "Use a str, a number or what stands for one."
        )


def _items(values: Iterable[object]) -> Children:
    return ((f"[{index}]", value) for index, value in enumerate(values))


def _pairs(pairs: Iterable[tuple[object, object]]) -> Children:
    for key, value in pairs:
        try:
            encode({key: None})
        except (TypeError, UnicodeEncodeError) as error:
            raise _BadKey(key, error) from None
        yield f"[{_show(key)}]", value


def _show(key: object) -> str:
    """Write a key as in Python, in part when it is long: it may be a client's."""
    if type(key) is str and not _SURROGATE.search(key):
        shown = json.dumps(key, ensure_ascii=False)
    else:
        try:
            shown = repr(key)
        except Exception:  # Foreign code; the mistake is another.
            shown = f"<{_name(type(key))}>"
    return shown if len(shown) <= _LONGEST_KEY else f"{shown[: _LONGEST_KEY - 1]}…"


def _attributes(value: object, names: Iterable[str]) -> Children:
    for name in names:
        part = getattr(value, name, None)
        if part is not msgspec.UNSET:  # Such a field is left out.
            yield f".{name}", part


def _refusal(value: object) -> str:
    """Say of a value that has no JSON form what it is, and the way out."""
    if isinstance(value, type):
        return (
            f"has no JSON form; it is the class {_name(value)} itself. "
            "Give an instance of it."
        )
    if type(value) is memoryview:
        return (
            "has no JSON form; it is a memoryview whose bytes do not lie side by side. "
            "Give bytes(…) of it."
        )
    name = _name(type(value))
    if isinstance(value, Model):
        return (
            f"is a model instance ({name}), which is not encoded by itself: every "
            "column would go out. Name the fields: with .values(…) on the queryset, "
            "with django.forms.model_to_dict(instance, fields=[…]), or with a "
            "msgspec.Struct and msgspec.convert(instance, Struct, "
            "from_attributes=True)."
        )
    if isinstance(value, QuerySet):
        return (
            f"is a queryset of model instances ({_name(value.model)}), which are not "
            "encoded by themselves: every column would go out. Name the fields, with "
            ".values(…) or .values_list(…)."
        )
    return (
        f"has no JSON form; its type is {name}. Give a str, a number, a dict, a list, "
        "a dataclass or a msgspec.Struct in its place."
    )


def _fault(value: object, error: ValueError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return (
            "must be text that UTF-8 can encode; it holds the lone surrogate "
            f"{error.object[error.start]!r} at index {error.start}."
        )
    return f"cannot be encoded as JSON: {error}"


def _name(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
