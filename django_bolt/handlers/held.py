"""
HeldFiles: paths that lead to open files, and never to others.

A server that is given a path opens it some time after the application has
returned. What may be sent is an open file that was checked, and not what has
its path by then: so the server is given a name made for this open file.

Spec: proc_pid_fd(5): "a symbolic link to the actual file", which can be opened
    where the file has lost its own path, too.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.util import Finalize
from time import monotonic

from django_bolt.files import is_same, open_located
from django_bolt.handlers.keeping import Keeper, identify
from django_bolt.lookup import LocatedFile

MAX_FILES = 128
"""Files that are held at a time."""

LINGER = 10.0
"""
Seconds that a name leads to its file after it was given to a server.

Servers open it within milliseconds. One that comes later finds nothing, which is
an error of its own, and no other file. What is deleted takes its place on the
disk for as long, so it is not longer.
"""

_IS_LINUX = sys.platform == "linux"  # Elsewhere /proc is absent, or another thing.
_PROC = "/proc"


@dataclass(slots=True)
class _Entry:
    file: io.FileIO
    name: str
    link: str
    used: float


class HeldFiles(Keeper):
    """
    Open files with a name each, for as long as a server may take to open it.

    A name is a symbolic link, called at random, in a folder of this process
    alone. It leads to a descriptor, whose number another file may have once it is
    closed: so the name goes first, and the file is closed a while after.

    Args:
        linger: Seconds that a name holds after it was asked for last.
        limit: Files that are held at most.
    """

    def __init__(self, linger: float = LINGER, limit: int = MAX_FILES) -> None:
        super().__init__(linger, limit)

    def find_name(self, located: LocatedFile) -> str | None:
        """
        Return a path that leads to a file, and to no other, for a while.

        Args:
            located: The file as it was announced. It is opened if it is not held.

        Returns:
            ``None`` where no name is to be had, and where the file is not what
            was announced: whoever opens it is told what is wrong.
        """
        with self._lock:
            key = identify(located)
            entry = self._entries.get(key) or self._hold(key, located)
            if entry is None:
                return None
            self._arm()
            if not _leads_to(entry.name, entry.link):
                # Somebody has cleaned up what is temporary.
                self._drop(key)
                return None
            if not is_same(os.fstat(entry.file.fileno()), located.stat):
                return None
            entry.used = monotonic()
            return entry.name

    def close(self) -> None:
        """Take everything away, as at the end of the process."""
        with self._lock:
            for key in list(self._entries):
                self._drop(key)
            self._leave()

    def _begin(self) -> None:
        super()._begin()
        # By device and inode, which no other file has while this one is open.
        self._entries: dict[tuple[int, int], _Entry] = {}
        self._nameless: list[io.FileIO] = []
        self._folder: str | None = None
        self._links = ""
        self._at_exit: Finalize[None] | None = None
        self._next_try = 0.0

    def _hold(self, key: tuple[int, int], located: LocatedFile) -> _Entry | None:
        """Open a file and give it a name; ``None`` where that cannot be."""
        now = monotonic()
        if not _IS_LINUX or now < self._next_try or not self._has_room():
            return None
        try:
            file = open_located(located)
        except OSError:  # FileChanged, FileMissing or FileRefused, for example.
            return None
        try:
            name, link = self._make_name(file)
        except OSError:
            # No /proc, no folder for what is temporary, fewer rights than before:
            # the next file has no better luck.
            file.close()
            self._next_try = now + self._linger
            self._remove_folder()
            return None
        entry = self._entries[key] = _Entry(file, name, link, now)
        return entry

    def _make_name(self, file: io.FileIO) -> tuple[str, str]:
        if self._folder is None:
            self._links = os.path.join(_PROC, os.readlink(f"{_PROC}/self"), "fd")
            self._folder = tempfile.mkdtemp(prefix="django-bolt-")
            # Of multiprocessing, as its processes end without those of atexit.
            self._at_exit = Finalize(None, self.close, exitpriority=0)
        name = os.path.join(self._folder, secrets.token_hex(16))
        link = os.path.join(self._links, str(file.fileno()))
        os.symlink(link, name)
        try:
            # As a server will: the system asks once more who may read it.
            os.close(os.open(name, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            os.unlink(name)
            raise
        return name, link

    def _drop(self, key: tuple[int, int]) -> None:
        entry = self._entries[key]
        try:
            os.unlink(entry.name)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError:
            # A name that stays must not lead to another file: its own stays open.
            return
        del self._entries[key]
        self._nameless.append(entry.file)
        self._remove_folder()

    def _remove_folder(self) -> None:
        """Remove the folder of the names, if there is none in it."""
        if self._folder and self._at_exit and not self._entries:
            with contextlib.suppress(OSError):
                os.rmdir(self._folder)
            self._at_exit.cancel()
            self._folder = self._at_exit = None

    def _close_nameless(self) -> None:
        for file in self._nameless:
            file.close()
        self._nameless.clear()

    def _count(self) -> int:
        return len(self._entries) + len(self._nameless)

    def _close_unused(self, now: float) -> None:
        # Who was following such a name when it went is there by now.
        self._close_nameless()
        for key, entry in list(self._entries.items()):
            if now - entry.used >= self._linger:
                self._drop(key)

    def _leave(self) -> None:
        self._close_nameless()
        for entry in self._entries.values():
            entry.file.close()
        self._entries.clear()


def _leads_to(name: str, link: str) -> bool:
    """Tell whether a name is still there; the link itself is followed by the server."""
    try:
        return os.readlink(name) == link
    except OSError:
        return False


held_files = HeldFiles()
"""Those of this process."""
