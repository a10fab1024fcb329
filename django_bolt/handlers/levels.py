"""
The patterns of one resolver, and what a path must begin with for each.

Most patterns begin with plain text, and most paths with another. To compare the
two takes a tenth of what it takes to ask the pattern.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern

from django_bolt.handlers.originals import has_originals

# After an anchor, what matches itself and nothing else.
_LITERAL = re.compile(r"\^([A-Za-z0-9_/-]*)")
_FLAGS = re.compile("").flags


class Kind(enum.Enum):
    """Who finds what is behind a pattern."""

    VIEW = enum.auto()
    """Nobody: behind an ordinary ``URLPattern`` there is a view."""
    INCLUDE = enum.auto()
    """We do: it is an ordinary ``URLResolver``."""
    OTHER = enum.auto()
    """The pattern itself; its class, or its ``resolve``, is the project's own."""


VIEW, INCLUDE, OTHER = Kind
"""By a name of their own, since they are looked up for each pattern."""


class Level:
    """
    What is known of a resolver.

    Args:
        patterns: Its list or tuple.

    Attributes:
        patterns: A copy of that.
        entries: The same, each with its kind and with what a path begins with, if
            the pattern matches it at all.
        plain: How many at its beginning answer by the path alone.
    """

    __slots__ = ("entries", "patterns", "plain")

    def __init__(self, patterns: Sequence[Any]) -> None:
        self.patterns = patterns[:]
        self.entries = [
            (pattern, find_kind(pattern), find_prefix(pattern)) for pattern in patterns
        ]
        self.plain = sum(1 for _ in itertools.takewhile(is_plain, patterns))


def find_kind(pattern: Any) -> Kind:
    """Tell who finds what is behind a pattern."""
    if type(pattern) not in (URLPattern, URLResolver) or "resolve" in vars(pattern):
        return OTHER
    return VIEW if type(pattern) is URLPattern else INCLUDE


def find_prefix(pattern: Any) -> str:
    """
    Return what a path begins with, if a pattern matches it at all.

    Returns:
        Nothing where that is not known, or not always the same.
    """
    if not _asks_djangos(pattern):
        return ""
    inner, kind = pattern.pattern, type(pattern.pattern)
    if kind is RoutePattern:
        # It compares with the route itself where nothing is to be converted.
        if inner.converters and not _has_own_expression(inner):
            return ""
        return str(inner._route).partition("<")[0]
    return _find_literal(inner._regex) if _has_own_expression(inner) else ""


def is_plain(pattern: Any) -> bool:
    """
    Tell whether what a pattern answers depends on nothing but the path.

    Not so where it is of a class of the project's own, or translated, or converts
    by a function of the project's own.
    """
    return _asks_djangos(pattern) and all(
        type(converter).__module__ == "django.urls.converters"
        and has_originals(type(converter), "to_python")
        and "to_python" not in vars(converter)
        for converter in pattern.pattern.converters.values()
    )


def _asks_djangos(pattern: Any) -> bool:
    """Tell whether a pattern matches as Django's do, whatever the language is."""
    if find_kind(pattern) is OTHER:
        return False
    inner, kind = pattern.pattern, type(pattern.pattern)
    if kind not in (RoutePattern, RegexPattern):
        return False
    text = inner._route if kind is RoutePattern else inner._regex
    return type(text) is str and "match" not in vars(inner)


def _has_own_expression(inner: Any) -> bool:
    """Tell whether a pattern matches by the expression that it was given."""
    try:
        expression = inner.regex
    except ImproperlyConfigured:
        # It cannot be compiled, and Django says so to whom the pattern is asked for.
        return False
    return bool(expression.pattern == inner._regex and expression.flags == _FLAGS)


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
