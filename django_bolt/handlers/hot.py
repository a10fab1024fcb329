"""
HotFiles: what is asked for again and again is opened once.

To open a file takes longer than to read it from memory: each folder down to it is
opened, too. What is read is the file that was checked, wherever its path leads by then.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from time import monotonic

from django_bolt.blocks import can_read_at_once, read_at_once
from django_bolt.files import is_same, open_descriptor
from django_bolt.handlers.keeping import Keeper, identify
from django_bolt.lookup import REMEMBERED, LocatedFile

MAX_FILES = 64
"""Files that are open at a time, of those that are asked for again and again."""


@dataclass(slots=True)
class _Entry:
    descriptor: int
    used: float


class HotFiles(Keeper):
    """
    Open files, each until nobody has asked for it for a second or two.

    Args:
        linger: Seconds.
        limit: Files that are open at most.
    """

    def __init__(self, linger: float = REMEMBERED, limit: int = MAX_FILES) -> None:
        super().__init__(linger, limit)

    def read(self, located: LocatedFile, position: int, size: int) -> bytes | None:
        """
        Read from the page cache. It is called in an event loop.

        Args:
            located: The file. It is kept open if it was asked for a moment ago, too.
            position: Where the bytes begin.
            size: How many.

        Returns:
            ``None`` where there are not as many, and where the system cannot say
            what it has in memory.

        Raises:
            FileChanged: It is another file now, or is gone.
            OSError: Reading would wait, or the system refuses to open the file.
        """
        if not can_read_at_once():
            return None
        key = identify(located)
        if located.is_repeated:
            with self._lock:
                entry = self._entries.get(key)
                # What was announced may have been written over meanwhile.
                if entry and is_same(os.fstat(entry.descriptor), located.stat):
                    entry.used = monotonic()
                    self._arm()
                    return read_at_once(entry.descriptor, position, size)
        descriptor = open_descriptor(located)
        is_kept = False
        try:
            content = read_at_once(descriptor, position, size)
            is_kept = located.is_repeated and self._keep(key, descriptor)
        finally:
            if not is_kept:
                os.close(descriptor)
        return content

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            self._leave()

    def _begin(self) -> None:
        super()._begin()
        self._entries: dict[tuple[int, int], _Entry] = {}

    def _keep(self, key: tuple[int, int], descriptor: int) -> bool:
        """Keep a file open, if there is room and another thread has not done so."""
        with self._lock:
            if key in self._entries or not self._has_room():
                return False
            self._entries[key] = _Entry(descriptor, monotonic())
            self._arm()
            return True

    def _drop(self, key: tuple[int, int]) -> None:
        # Gone first: whatever becomes of the file, its number is somebody else's.
        entry = self._entries.pop(key)
        with contextlib.suppress(OSError):
            os.close(entry.descriptor)

    def _count(self) -> int:
        return len(self._entries)

    def _close_unused(self, now: float) -> None:
        for key, entry in list(self._entries.items()):
            if now - entry.used >= self._linger:
                self._drop(key)

    def _leave(self) -> None:
        for key in list(self._entries):
            self._drop(key)


hot_files = HotFiles()
"""Those of this process."""
