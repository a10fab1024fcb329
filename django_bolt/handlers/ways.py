"""
Remember the way through the patterns, for paths that are asked for again.

Django asks one pattern after the other at each request, so that a view takes the
longer the later it stands. What plain patterns answer depends on the path alone:
for a path that led somewhere before, only the lists of patterns on its way are
compared with what they were. The paths come from clients, so that no more than
some are kept, and those that are asked for once cost next to nothing.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from django.urls.resolvers import RegexPattern, RoutePattern

from django_bolt.handlers.levels import is_djangos, read_level
from django_bolt.handlers.originals import has_originals

Found: TypeAlias = tuple[Any, ...]
"""The arguments of a ``ResolverMatch``, in their order."""

SIZE = 1024
"""Paths that are remembered."""

LONGEST = 256
"""Characters of a path that is."""


class Way(NamedTuple):
    """
    What was found for a path.

    Attributes:
        levels: The resolvers that were entered, the root first, each with the
            patterns that it had.
        end: The pattern that leads to the view.
        found: What the match says.
    """

    levels: list[tuple[Any, Sequence[Any]]]
    end: Any
    found: Found


_ONCE: Final = "once"
_NEVER: Final = "never"


class Ways:
    """
    The ways that are remembered.

    Args:
        size: How many at most; the oldest gives place.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._ways: OrderedDict[str, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ways)

    def recall(self, root: Any, path: str) -> Found | None:
        """
        Return what was found for a path, if it would be found again.

        Args:
            root: The resolver that is asked first.
            path: What the client asks for.
        """
        way = self._ways.get(path)
        if type(way) is not Way or way.levels[0][0] is not root:
            return None
        for resolver, patterns in way.levels:
            if resolver.url_patterns != patterns:
                self.forget()
                return None
        if way.end.callback is not way.found[0]:
            self.forget()
            return None
        return _copy(way.found)

    def note(self, root: Any, path: str, found: Found) -> None:
        """Note what was found for a path; to remember it when that comes again."""
        if type(path) is not str or len(path) > LONGEST:
            return
        known = self._ways.get(path)
        if known is _NEVER:
            return
        if known is None:
            self._make_room()
            self._ways[path] = _ONCE
            return
        levels = find_levels(root, found[7])
        if levels is None:
            self._ways[path] = _NEVER
            return
        self._ways[path] = Way(levels, found[7][-1][-1], _copy(found))

    def forget(self) -> None:
        """Forget all ways."""
        self._ways.clear()

    def _make_room(self) -> None:
        while len(self._ways) >= self._size:
            # Another thread may have forgotten all.
            with contextlib.suppress(KeyError):
                self._ways.popitem(last=False)


def _copy(found: Found) -> Found:
    """Copy what a match would share with the next."""
    view, args, kwargs, name, apps, spaces, route, tried, captured, extra = found
    # The match itself copies the names of applications and of their spaces.
    return (
        *(view, args, {**kwargs}, name, apps, spaces, route),
        *([*tried], {**captured}, {**extra}),
    )


def find_levels(
    root: Any, tried: list[list[Any]]
) -> list[tuple[Any, Sequence[Any]]] | None:
    """
    Return the resolvers whose patterns were asked, and all their patterns.

    Args:
        root: The resolver that was asked first.
        tried: The patterns that were asked, as a ``ResolverMatch`` names them;
            the last is the one that matched.

    Returns:
        ``None`` if one may answer otherwise the next time: it is of a class of
        the project's own, or translated, or converts by a function of the
        project's own.
    """
    asked: dict[Any, list[Any]] = {root: []}
    for chain in tried:
        for resolver, pattern in zip([root, *chain], chain, strict=False):
            of_this = asked.setdefault(resolver, [])
            if not of_this or of_this[-1] is not pattern:
                of_this.append(pattern)
    passed = [root, *tried[-1]]
    levels = []
    for resolver, patterns in asked.items():
        known = read_level(resolver).patterns
        stop = len(patterns) if resolver in passed else len(known)
        # An empty resolver that was entered is not among those that were tried.
        if [*known[:stop]] != patterns or not all(map(is_plain, patterns)):
            return None
        levels.append((resolver, known))
    return levels if is_plain(root) else None


def is_plain(pattern: Any) -> bool:
    """Tell whether what a pattern answers depends on nothing but the path."""
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


WAYS = Ways()
