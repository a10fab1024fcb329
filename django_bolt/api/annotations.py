"""What a handler's annotations say: of its parameters, and of what it returns."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
import sys
from collections import abc
from types import GenericAlias, NoneType, SimpleNamespace, UnionType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    NewType,
    TypeGuard,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from django.db.models import QuerySet
from django.http.response import HttpResponseBase

_STREAMS = (
    abc.AsyncIterable,
    abc.AsyncIterator,
    abc.AsyncGenerator,
    abc.Iterable,
    abc.Iterator,
    abc.Generator,
)
_LISTS = (list, tuple, set, frozenset, abc.Sequence, abc.Collection, QuerySet)


def evaluate(annotation: object, names: dict[str, Any]) -> Any:
    """
    Evaluate an annotation, which is text under ``from __future__``.

    Args:
        annotation: The annotation as it stands on the function.
        names: The globals of the function.

    Returns:
        The annotation, with what type aliases and ``NewType`` stand for in their
        place, and what type variables are bound to. One that stands inside itself
        is left there.

    Raises:
        NameError: A name in it is not defined, or not yet.
    """
    return _bind(_expand(_read(annotation, names), names, ()), names, ())


def _read(annotation: object, names: dict[str, Any]) -> Any:
    holder = SimpleNamespace(__annotations__={"it": _refer(annotation)})
    return get_type_hints(holder, globalns=names, include_extras=True)["it"]


def _refer(annotation: Any) -> Any:
    """Mark the names in ``list["Item"]``, which Python 3.10 leaves as they are."""
    arguments = tuple(map(_refer, get_args(annotation)))
    if isinstance(annotation, GenericAlias):
        return GenericAlias(
            get_origin(annotation),
            tuple(ForwardRef(it) if isinstance(it, str) else it for it in arguments),
        )
    if isinstance(annotation, UnionType):
        return Union[arguments]  # noqa: UP007
    return annotation


def _expand(annotation: Any, names: dict[str, Any], around: tuple[Any, ...]) -> Any:
    """Replace the aliases in an annotation, but those that it stands in."""
    if _is_alias(annotation):
        return _open_alias(annotation, names, around)
    origin, given = get_origin(annotation), get_args(annotation)
    arguments = tuple(_expand(each, names, around) for each in given)
    if _is_alias(origin) and origin not in around:
        return _fill(origin, _open_alias(origin, names, around), arguments)
    return _replace(annotation, arguments)


def _bind(annotation: Any, names: dict[str, Any], around: tuple[Any, ...]) -> Any:
    """Replace the type variables in an annotation by all that they may be."""
    if isinstance(annotation, TypeVar) and annotation not in around:
        around = (*around, annotation)
        names = getattr(sys.modules.get(annotation.__module__), "__dict__", names)
        allowed = annotation.__constraints__ or (annotation.__bound__,)
        if allowed != (None,):
            read = (_expand(_read(each, names), names, ()) for each in allowed)
            return Union[tuple(_bind(each, names, around) for each in read)]  # noqa: UP007
    given = get_args(annotation)
    return _replace(annotation, tuple(_bind(each, names, around) for each in given))


def _replace(annotation: Any, arguments: tuple[Any, ...]) -> Any:
    """Return an annotation with other arguments."""
    if all(map(operator.is_, arguments, get_args(annotation))):
        return annotation
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return Union[arguments]  # noqa: UP007
    return origin[arguments]


def _open_alias(alias: Any, names: dict[str, Any], around: tuple[Any, ...]) -> Any:
    if alias in around:
        return alias
    # What is text in it belongs to the module that defines it.
    names = getattr(sys.modules.get(alias.__module__), "__dict__", names)
    value = alias.__supertype__ if isinstance(alias, NewType) else alias.__value__
    return _expand(_read(value, names), names, (*around, alias))


def _fill(alias: Any, value: Any, arguments: tuple[Any, ...]) -> Any:
    """Put arguments in the place of an alias's parameters."""
    # The value may have them in another order, or be one of them: a tuple of the
    # parameters and the value has them in the order of the alias.
    parameters = (
        # ``*Ts`` gives ``Unpack[Ts]``, which arguments of any number replace.
        next(iter(each)) if isinstance(each, abc.Iterable) else each
        for each in alias.__type_params__
    )
    return get_args(GenericAlias(tuple, (*parameters, value))[arguments])[-1]


def _is_alias(annotation: object) -> bool:
    # By name: Python 3.11 has none of its own, and ``typing_extensions`` another.
    return type(annotation).__name__ == "TypeAliasType" or isinstance(
        annotation, NewType
    )


def _find_alias(annotation: Any) -> Any:
    """Return an alias that was left in an annotation; ``None`` if there is none."""
    if _is_alias(annotation) or _is_alias(get_origin(annotation)):
        return annotation
    return next(filter(None, map(_find_alias, get_args(annotation))), None)


def find_globals(handler: Any) -> dict[str, Any]:
    """Return the names that the annotations of a handler may use."""
    handler = inspect.unwrap(handler)
    while isinstance(handler, functools.partial):
        handler = inspect.unwrap(handler.func)
    if not hasattr(handler, "__globals__") and not inspect.ismethod(handler):
        handler = inspect.unwrap(type(handler).__call__)
    found: dict[str, Any] = getattr(handler, "__globals__", {})
    return found


def find_item_model(annotation: Any, *, explicit: bool) -> tuple[Any, tuple[type, ...]]:
    """
    Return what the items of a stream shall be, and what passes as it is.

    Args:
        annotation: ``AsyncIterable[T]``, ``Iterator[T]`` and the like, or ``T``.
        explicit: It is a ``response_model``, whose list is one item.
    """
    origin = get_origin(annotation)
    if origin in _STREAMS or (origin in _LISTS and not explicit):
        annotation = next(iter(get_args(annotation)), Any)
    passes = tuple(part for part in _parts(annotation) if _is_ready(part))
    return find_model(annotation, explicit=explicit), passes


def find_model(annotation: Any, *, explicit: bool) -> Any:
    """
    Return the type that a value shall be converted to; ``None`` for no type.

    Responses in a union are taken out: they are sent as they are. An iterable
    of models is a list of them.

    Args:
        annotation: A return annotation, or a ``response_model``.
        explicit: It is a ``response_model``, so any type is meant.

    Raises:
        TypeError: A type alias in it holds itself, which msgspec does not know.
    """
    if get_origin(annotation) in _STREAMS:
        item = next(iter(get_args(annotation)), Any)
        annotation = list[item]  # type: ignore[valid-type]
    parts = [part for part in _parts(annotation) if not _is_ready(part)]
    if not parts or parts == [NoneType]:
        return None
    if explicit:
        wanted = Any not in parts and object not in parts
    else:
        wanted = any(_holds_model(part) for part in parts)
    if not wanted:
        return None
    alias = next(filter(None, map(_find_alias, parts)), None)
    if alias is not None:
        raise TypeError(f"the type alias {alias} holds itself.")
    return Union[tuple(parts)]  # noqa: UP007


def _parts(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _is_ready(part: object) -> bool:
    """Tell whether values of a type go out as they are: responses, bytes, events."""
    return _is_class(part) and (
        issubclass(part, HttpResponseBase | bytes | bytearray | memoryview)
        # ``ServerSentEvent``, whose data is the handler's own.
        or part.__module__.startswith("django_bolt.")
    )


def _is_class(annotation: object) -> TypeGuard[type]:
    # Python 3.10 takes ``list[int]`` for an instance of ``type``.
    return isinstance(annotation, type) and get_origin(annotation) is None


def _holds_model(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _holds_model(get_args(annotation)[0])
    return (
        _is_model(annotation)
        or _is_model(origin)
        or any(_holds_model(part) for part in get_args(annotation))
    )


def _is_model(annotation: Any) -> bool:
    return _is_class(annotation) and (
        issubclass(annotation, msgspec.Struct)
        or dataclasses.is_dataclass(annotation)
        or hasattr(annotation, "__attrs_attrs__")
        # A TypedDict, of ``typing`` or ``typing_extensions``.
        or (issubclass(annotation, dict) and hasattr(annotation, "__total__"))
    )
