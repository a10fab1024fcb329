"""
The patterns of one resolver, and what a path must begin with for each.

Most patterns begin with plain text, and most paths with another. To compare the
two takes a tenth of what it takes to ask the pattern.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern

from django_bolt.handlers.originals import has_originals

SIZE = 1024
"""Resolvers that are known at a time; a project has as many as it includes."""

# What matches itself and nothing else, after an anchor.
_LITERAL = re.compile(r"\^([A-Za-z0-9_/-]*)")


class Level:
    """
    What is known of a resolver.

    Attributes:
        patterns: A copy of its list.
        entries: The same, each with what a path must begin with; ``""`` for one
            that is to be asked.
        plain: How many at its beginning answer by the path alone.
    """

    __slots__ = ("entries", "patterns", "plain")

    def __init__(self, patterns: Sequence[Any]) -> None:
        self.patterns = patterns
        self.entries = [(one, find_prefix(one)) for one in patterns]
        self.plain = sum(1 for _ in itertools.takewhile(is_plain, patterns))


_levels: dict[Any, Level] = {}


def read_level(resolver: Any) -> Level:
    """
    Return what is known of a resolver, made anew when its patterns are others.

    A pattern that is itself changed after it was asked is not looked at again.
    """
    patterns = resolver.url_patterns
    level = _levels.get(resolver)
    if level is None or level.patterns != patterns:
        if len(_levels) >= SIZE:
            _levels.clear()
        level = _levels[resolver] = Level(_copy(patterns))
    return level


def _copy(patterns: Any) -> Any:
    """Copy patterns so that they are equal; other than lists they may never be."""
    return patterns[:] if type(patterns) in (list, tuple) else [*patterns]


def find_prefix(pattern: Any) -> str:
    """
    Return what a path must begin with.

    Returns:
        ``""`` if that is nothing, not known, or not always the same.
    """
    if not is_djangos(pattern):
        return ""
    inner, kind = pattern.pattern, type(pattern.pattern)
    if kind is RoutePattern and isinstance(inner._route, str):
        return str(inner._route).partition("<")[0]
    if kind is RegexPattern and isinstance(inner._regex, str):
        return _find_literal(str(inner._regex))
    return ""


def is_djangos(pattern: Any) -> bool:
    """Tell whether a pattern is of Django's classes, with nothing put in its place."""
    return (
        type(pattern) in (URLPattern, URLResolver)
        and "resolve" not in vars(pattern)
        and "match" not in vars(pattern.pattern)
    )


def is_plain(pattern: Any) -> bool:
    """
    Tell whether what a pattern answers depends on nothing but the path.

    Not so where it is of a class of the project's own, or translated, or converts
    by a function of the project's own.
    """
    if not is_djangos(pattern):
        return False
    inner, kind = pattern.pattern, type(pattern.pattern)
    if kind is RegexPattern:
        return isinstance(inner._regex, str)
    return (
        kind is RoutePattern
        and isinstance(inner._route, str)
        and all(
            type(converter).__module__ == "django.urls.converters"
            and has_originals(type(converter), "to_python")
            for converter in inner.converters.values()
        )
    )


def _find_literal(regex: str) -> str:
    """Return the text that an expression begins with, if that is easily seen."""
    if "|" in regex or re.search(r"\(\?[^P:]", regex):
        # Not every match begins so, or letters stand for others.
        return ""
    found = _LITERAL.match(regex)
    if not found:
        return ""
    literal = found[1]
    # The last character may be there any number of times, and none.
    return literal[:-1] if regex[found.end() :][:1] in ("?", "*", "{") else literal
