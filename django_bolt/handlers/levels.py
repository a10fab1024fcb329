"""
The patterns of one resolver, and what a path must begin with for each.

Most patterns begin with plain text, and most paths with another. To compare the
two takes a tenth of what it takes to ask the pattern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RegexPattern, RoutePattern

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
    """

    __slots__ = ("entries", "patterns")

    def __init__(self, patterns: Sequence[Any]) -> None:
        self.patterns = patterns
        self.entries = [(one, find_prefix(one)) for one in patterns]


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
