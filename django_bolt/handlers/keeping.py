"""
Keep files open for longer than a request takes, and not for ever.

How many of them, in which process, and when they are closed, is the same for all that
does so.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from time import monotonic
from weakref import WeakMethod

from django_bolt.lookup import LocatedFile

_SHARE = 8
"""
One in so many descriptors may be kept, where a process may have few.

It needs the others for its connections.
"""


class Keeper(ABC):
    """
    Files that are open, and are closed some time after they were used last.

    Args:
        linger: Seconds from one look at what is to be closed to the next; one timer
            of the event loop does so for all files.
        limit: Files that are kept at most.
    """

    def __init__(self, linger: float, limit: int) -> None:
        self._linger = linger
        self._limit = limit
        self._begin()
        if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
            begin_anew = WeakMethod(self._begin_anew)
            os.register_at_fork(after_in_child=lambda: _call(begin_anew))

    def tidy(self, now: float) -> bool:
        """
        Close what nobody needs any more.

        Args:
            now: Seconds by the monotonic clock.

        Returns:
            Whether something is left to do, after another while.
        """
        with self._lock:
            self._close_unused(now)
            return self._count() > 0

    @abstractmethod
    def close(self) -> None:
        """Close everything, as at the end of the process."""

    def _begin(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._loop: AbstractEventLoop | None = None
        self._due: object = None

    def _begin_anew(self) -> None:
        """Keep nothing that is of the process from which this one was forked."""
        # The lock may be held by a thread that is not here.
        try:
            self._leave()
        finally:
            self._begin()

    def _has_room(self) -> bool:
        # The soft limit as it is now: servers raise it.
        most = min(self._limit, os.sysconf("SC_OPEN_MAX") // _SHARE)
        return self._count() < most

    def _arm(self) -> None:
        """Tidy up after a while, unless a loop that runs is to do so already."""
        if self._loop is None or not self._loop.is_running():
            self._loop = get_running_loop()
            self._due = object()
            self._loop.call_later(self._linger, self._tick, self._due)

    def _tick(self, due: object) -> None:
        # A loop that had stopped may run again, when another has taken over.
        if due is not self._due:
            return
        self._loop = None
        if self.tidy(monotonic()):
            self._arm()

    @abstractmethod
    def _count(self) -> int:
        """Return how many files are open."""

    @abstractmethod
    def _close_unused(self, now: float) -> None:
        """Close what nobody needs any more; under the lock."""

    @abstractmethod
    def _leave(self) -> None:
        """Close the descriptors that came with a fork, and do nothing else."""


def _call(method: WeakMethod[Callable[[], None]]) -> None:
    called = method()
    if called is not None:
        called()


def identify(located: LocatedFile) -> tuple[int, int]:
    """Return what no other file has for as long as this one is open."""
    return located.stat.st_dev, located.stat.st_ino
