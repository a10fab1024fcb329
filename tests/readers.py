"""What the tests of file bodies read from, besides files."""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from django_bolt import blocks

NOWAIT = 8
"""``RWF_NOWAIT``, as Linux has it."""


class Pipe:
    """A source of two blocks whose size nobody knows."""

    def __init__(self) -> None:
        self.left = [b"a", b"b"]

    def read(self, size: int = -1) -> bytes:
        """Return a block; nothing at the end."""
        return self.left.pop(0) if self.left else b""


def is_open(path: Path) -> bool:
    """Tell whether this process has a file open; only Linux tells."""
    return os.path.isdir("/proc/self/fd") and count_open(path) > 0


def count_open(path: Path) -> int:
    """Return how many descriptors of this process lead to a file, on Linux."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # That of the listing itself.
            links.append(os.readlink(f"/proc/self/fd/{number}"))
    return links.count(str(path))


def have_all_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all files in the page cache, also where the file system cannot tell."""

    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        assert flags == NOWAIT
        return os.preadv(descriptor, buffers, position)

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(blocks, "_NOWAIT", NOWAIT)
