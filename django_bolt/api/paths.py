"""
Path templates to Django's routes.

``/items/{item_id}`` takes its converter from the annotation of the handler's
parameter; ``/items/<int:item_id>`` is Django's own form. A brace that is text
is doubled, as in ``str.format``. Paths are the developer's, not a client's.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from django.core.exceptions import ImproperlyConfigured
from django.urls.resolvers import RoutePattern

_TOKEN = re.compile(
    r"(?P<literal>\{\{|\}\})"
    r"|\{(?P<name>[^{}]*)\}"
    r"|<(?:(?P<converter>[^<>:]+):)?(?P<parameter>[^<>]+)>"
    r"|(?P<stray>[{}])"
)

_CONVERTERS: Mapping[object, str] = {
    str: "str",
    int: "int",
    uuid.UUID: "uuid",
    PurePath: "path",
    PurePosixPath: "path",
}

_GIVES: Mapping[str, tuple[object, ...]] = {
    "int": (int,),
    "path": (str, PurePath, PurePosixPath),
    "slug": (str,),
    "str": (str,),
    "uuid": (uuid.UUID,),
}
"""What Django's own converters give, by the types that a handler may ask for."""


@dataclass(frozen=True, slots=True)
class Path:
    """
    A path template, understood.

    Args:
        route: What Django's ``path()`` takes.
        names: The parameters, in the order of the path.
        pure_paths: Those that a handler receives as ``PurePath``.
    """

    route: str
    names: tuple[str, ...]
    pure_paths: tuple[str, ...]

    @property
    def shape(self) -> str:
        """The route without the names: two paths of one shape match the same URLs."""
        return _TOKEN.sub(
            lambda found: (
                f"<{found['converter'] or 'str'}>" if found["parameter"] else found[0]
            ),
            self.route,
        )


def parse_path(template: str, annotation_of: Callable[[str], object]) -> Path:
    """
    Turn a path template into a route of Django's.

    Args:
        template: The path; one leading slash is dropped, since a prefix of
            ``include()`` ends in one.
        annotation_of: Tells what a parameter of the handler is annotated with,
            evaluated; ``Any`` stands for none, and for a ``str``.

    Raises:
        TypeError: A parameter's annotation has no converter, or contradicts
            the one that the path names.
        ValueError: The template is malformed, or names a parameter twice.
        ImproperlyConfigured: As ``django.urls.path()``, for a converter that is
            not registered.
    """
    if not isinstance(template, str):
        raise TypeError(f"must be a str; got {template!r}.")
    names: list[str] = []
    pure_paths: list[str] = []

    def replace(found: re.Match[str]) -> str:
        if found["literal"]:
            return found["literal"][0]
        if found["stray"]:
            raise ValueError(
                f"has a single {found['stray']!r}. Write {{name}} for a parameter, and "
                f"{found['stray'] * 2} for the character."
            )
        name = found["parameter"] if found["name"] is None else found["name"]
        if found["name"] is not None and not name.isidentifier():
            raise ValueError(
                f"has {found[0]!r}, where a parameter must be {{name}}. Annotate the "
                "handler's parameter, or use Django's form <converter:name>."
            )
        if name in names:
            raise ValueError(f"has the parameter {name!r} twice.")
        names.append(name)
        annotation = _strip(annotation_of(name))
        if found["name"] is None:
            converter = found["converter"] or "str"
            _check_agreement(converter, name, annotation)
            text = found[0]
        else:
            converter = _find_converter(name, annotation)
            text = f"<{converter}:{name}>"
        if converter == "path" and annotation in (PurePath, PurePosixPath):
            pure_paths.append(name)
        return text

    route = _TOKEN.sub(replace, template.removeprefix("/"))
    try:
        RoutePattern(route, is_endpoint=True)
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(f"is refused by Django: {error}") from error
    return Path(route, tuple(names), tuple(pure_paths))


def _find_converter(name: str, annotation: object) -> str:
    if annotation is Any:
        return "str"
    try:
        return _CONVERTERS[annotation]
    except (KeyError, TypeError):
        raise TypeError(
            f"has the parameter {name!r}, whose annotation must be int, str, uuid.UUID "
            f"or pathlib.PurePath; got {annotation!r}. For another type, register a "
            f"converter with Django and write <converter:{name}>."
        ) from None


def _check_agreement(converter: str, name: str, annotation: object) -> None:
    gives = _GIVES.get(converter)
    known = annotation in _CONVERTERS if isinstance(annotation, type) else False
    if gives is not None and known and annotation not in gives:
        raise TypeError(
            f"has the converter {converter!r} for the parameter {name!r}, which the "
            f"handler annotates with {annotation!r}. Make them agree."
        )


def _strip(annotation: Any) -> Any:
    """Take ``Annotated`` and ``| None`` away."""
    if get_origin(annotation) is Annotated:
        return _strip(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not NoneType]
        if len(rest) == 1:
            return _strip(rest[0])
    return annotation
