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

from django_bolt.handlers.levels import Level, is_plain

Found: TypeAlias = tuple[Any, ...]
"""The arguments of a ``ResolverMatch``, in their order."""

SIZE = 1024
"""Paths that are remembered."""

LONGEST = 256
"""Characters of a path that is."""


class Visit:
    """
    A resolver that was entered while a path was followed.

    Args:
        resolver: The resolver.
        level: What is known of it.

    Attributes:
        asked: How many of its patterns were asked.
    """

    __slots__ = ("asked", "level", "resolver")

    def __init__(self, resolver: Any, level: Level) -> None:
        self.resolver = resolver
        self.level = level
        # As long as none leads on.
        self.asked = len(level.patterns)

    def is_plain(self) -> bool:
        """Tell whether what those answered depends on the path alone."""
        return self.asked <= self.level.plain


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
        # What was tried before a pattern, which mostly is the same for all paths.
        self._tried: dict[Any, list[Any]] = {}

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

    def note(self, path: str, found: Found, visits: list[Visit]) -> None:
        """
        Note where a path led; to remember it when that comes again.

        Args:
            path: What the client asked for.
            found: What was found.
            visits: The resolvers that were entered, the root first.
        """
        if type(path) is not str or len(path) > LONGEST:
            return
        known = self._ways.get(path)
        if known is None:
            self._make_room()
            self._ways[path] = _ONCE
        elif known is not _NEVER:
            is_lasting = all(visit.is_plain() for visit in visits)
            is_lasting = is_lasting and is_plain(visits[0].resolver)
            self._ways[path] = self._make_way(found, visits) if is_lasting else _NEVER

    def _make_way(self, found: Found, visits: list[Visit]) -> Way:
        if len(self._tried) >= self._size:
            self.forget()
        end = found[7][-1][-1]
        kept = _copy(found)
        tried = self._tried.setdefault(end, kept[7])
        if tried == kept[7]:
            kept = (*kept[:7], tried, *kept[8:])
        levels = [(visit.resolver, visit.level.patterns) for visit in visits]
        return Way(levels, end, kept)

    def forget(self) -> None:
        """Forget all ways."""
        self._ways.clear()
        self._tried.clear()

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


WAYS = Ways()
