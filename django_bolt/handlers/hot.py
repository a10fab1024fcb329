"""
HotFiles: what is asked for again and again is opened once.

To open a file takes longer than to read it from memory: each folder down to it is
opened, too. What is read is the file that was checked, wherever its path leads by then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import monotonic

from django_bolt.blocks import read_at_once
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
            ``None`` where there are not as many.

        Raises:
            FileChanged: It is another file now, or is gone.
            OSError: Reading would wait, or the system refuses to open the file.
        """
        if not located.is_repeated:
            return _read_once(located, position, size)
        with self._lock:
            entry = self._entries.get(identify(located))
            if entry is None:
                if not self._has_room():
                    return _read_once(located, position, size)
                entry = self._open(located)
            # What was announced may have been written over meanwhile.
            elif not is_same(os.fstat(entry.descriptor), located.stat):
                return _read_once(located, position, size)
            entry.used = monotonic()
            return read_at_once(entry.descriptor, position, size)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            self._leave()

    def _begin(self) -> None:
        super()._begin()
        self._entries: dict[tuple[int, int], _Entry] = {}

    def _open(self, located: LocatedFile) -> _Entry:
        entry = _Entry(open_descriptor(located), 0.0)
        self._entries[identify(located)] = entry
        self._arm()
        return entry

    def _count(self) -> int:
        return len(self._entries)

    def _close_unused(self, now: float) -> None:
        for key, entry in list(self._entries.items()):
            if now - entry.used >= self._linger:
                os.close(entry.descriptor)
                del self._entries[key]

    def _leave(self) -> None:
        for entry in self._entries.values():
            os.close(entry.descriptor)
        self._entries.clear()


def _read_once(located: LocatedFile, position: int, size: int) -> bytes | None:
    descriptor = open_descriptor(located)
    try:
        return read_at_once(descriptor, position, size)
    finally:
        os.close(descriptor)


hot_files = HotFiles()
"""Those of this process."""
