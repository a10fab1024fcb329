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
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

from django.urls import Resolver404, ResolverMatch
from django.utils.functional import cached_property

from django_bolt.handlers.levels import INCLUDE, Level, find_kind, is_plain

SIZE = 1024
"""Paths that are remembered, and as many that were asked for once."""

LONGEST = 256
"""Characters of such a path."""


Found: TypeAlias = tuple[Any, ...]
"""The arguments of a ``ResolverMatch``, in their order."""
TRIED = 7
"""Where among them stands what was tried before."""


class RememberedMatch(ResolverMatch):
    """
    A match whose way was remembered.

    What was tried before is seldom asked for, and long: it is tried again then.

    Args:
        found: What was found.
        root: The resolver that was asked.
        path: What it was asked for.
    """

    def __init__(self, found: Found, root: Any, path: str) -> None:
        super().__init__(*found)
        del self.tried
        self._root = root
        self._path = path

    def __iter__(self) -> Iterator[Any]:
        # For Django, which takes it apart: as a sequence that takes four calls.
        return iter((self.func, self.args, self.kwargs))

    @cached_property
    def tried(self) -> Any:  # type: ignore[override]
        """The patterns that Django asks for this path, each with those around it."""
        try:
            return self._root.resolve(self._path).tried
        except Resolver404 as error:
            # The patterns have changed since.
            return error.args[0].get("tried", [])


class Visit:
    """
    A resolver that was entered while a path was followed.

    Args:
        resolver: The resolver.
        level: What is known of it; ``None`` if it found its way by itself.

    Attributes:
        asked: How many of its patterns were asked.
    """

    __slots__ = ("asked", "level", "resolver")

    def __init__(self, resolver: Any, level: Level | None) -> None:
        self.resolver = resolver
        self.level = level
        # As long as none leads on.
        self.asked = len(level.patterns) if level else 0


class Way(NamedTuple):
    """
    What was found for a path.

    Attributes:
        levels: The resolvers that were entered, the root first, each with the
            patterns that it had.
        end: The pattern that leads to the view.
        found: What the match says, but for what was tried.
    """

    levels: list[tuple[Any, Sequence[Any]]]
    end: Any
    found: Found


class Site:
    """
    What is known of one URL configuration.

    Args:
        root: Its resolver.
        size: How many paths are remembered; the one known longest makes room.

    Attributes:
        finds_itself: Whether the root is of a class of the project's own.
    """

    current: ClassVar[Site | None] = None

    def __init__(self, root: Any, size: int = SIZE) -> None:
        self.root = root
        self.finds_itself = find_kind(root) is not INCLUDE
        self._size = size
        self._levels: dict[Any, Level] = {}
        # Apart, so that nobody pushes out the others by asking once.
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._ways: OrderedDict[str, Way] = OrderedDict()

    @classmethod
    def of(cls, root: Any) -> Site:
        """Return what is known of a configuration, and forget any other."""
        site = cls.current
        if site is None or site.root is not root:
            site = cls.current = cls(root)
        return site

    def read(self, resolver: Any) -> Level | None:
        """
        Return what is known of a resolver, made anew when its patterns are others.

        A pattern that is itself changed after it was asked is not looked at again.

        Returns:
            ``None`` for a collection that may be another at each look.
        """
        patterns = resolver.url_patterns
        level = self._levels.get(resolver)
        if level is None or level.patterns != patterns:
            if type(patterns) not in (list, tuple):
                return None
            if level is not None:
                self.forget()
            level = self._levels[resolver] = Level(patterns)
        return level

    def recall(self, path: str) -> Found | None:
        """
        Return what was found for a path, if it would be found again.

        Args:
            path: What the client asks for.
        """
        way = self._ways.get(path)
        if way is None:
            return None
        for resolver, patterns in way.levels:
            if resolver.url_patterns != patterns:
                self.forget()
                return None
        if way.end.callback is not way.found[0]:
            self.forget()
            return None
        return _without_tried(way.found)

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
        if path not in self._seen:
            _put(self._seen, path, None, self._size)
            return
        levels = []
        for visit in visits:
            if visit.level is None or visit.asked > visit.level.plain:
                return
            levels.append((visit.resolver, visit.level.patterns))
        if is_plain(self.root):
            end = found[TRIED][-1][-1]
            way = Way(levels, end, _without_tried(found))
            _put(self._ways, path, way, self._size)

    def forget(self) -> None:
        """Forget all ways, and what they lead through."""
        self._levels.clear()
        self._ways.clear()


def _without_tried(found: Found) -> Found:
    """Copy what a match would share with the next, and leave out what is long."""
    view, args, kwargs, name, apps, spaces, route, _, captured, extra = found
    # The match itself copies the names of applications and of their spaces.
    copies = {**kwargs}, {**captured}, {**extra}
    kwargs, captured, extra = copies
    return view, args, kwargs, name, apps, spaces, route, None, captured, extra


def _put(memory: OrderedDict[str, Any], path: str, value: object, size: int) -> None:
    if len(memory) >= size:
        # Another thread may have forgotten all.
        with contextlib.suppress(KeyError):
            memory.popitem(last=False)
    memory[path] = value
