"""
Look a file up by a descriptor that leads to it and reads nothing.

The system says which real path the descriptor has, so that it is the file that is
looked at and no other, in a third of the time that it takes to follow the path from
here. For a second the answer is remembered, for as long as the path leads to the
same file and that has not changed.

On Linux only, where ``/proc`` tells the real path.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import NamedTuple

from django_bolt.allowed import Directories, match_root

# What it opens has a path and nothing else: no device hears of it.
_PATH: int | None = (
    os.O_PATH | os.O_CLOEXEC
    if sys.platform == "linux" and hasattr(os, "O_PATH")
    else None
)

REMEMBERED = 1.0
"""
Seconds for which it is remembered where a path led.

A file that is the same lies where it lay, unless somebody has moved a folder above it
and put a link in its place; and whoever could read it still may, unless this process
has left a group: that shows after so long.
"""

EFFECTIVE = os.access in os.supports_effective_ids
"""Whether the system can tell what the effective user may, who opens the file later."""

_SETTLED = 3_000_000_000  # Nanoseconds; FAT counts every other second.
_MOST_KNOWN = 4096
_LONGEST_KNOWN = 512  # Characters: clients can spell a path in many ways.


class LocatedFile(NamedTuple):
    """
    A regular file that may be read, as it was when it was looked at.

    Args:
        real_path: Its path without symlinks.
        root: The allowed directory it lies in, without symlinks; ``None`` when
            any file may be read.
        stat: What ``os.stat`` said.
        is_repeated: Whether it was located by the same path a moment ago, too.
    """

    real_path: str
    root: str | None
    stat: os.stat_result
    is_repeated: bool = False


class _Known(NamedTuple):
    """Where a path led, until a time of the monotonic clock."""

    identity: tuple[int, int, int, int]
    real_path: str
    until: float


_known: dict[str, _Known] = {}


def look_up(text: str, directories: Directories | None) -> LocatedFile | None:
    """
    Find a file that may be read.

    Args:
        text: A path. May come from a client.
        directories: The allowed ones; ``None`` when any file may be read.

    Returns:
        ``None`` for what may not be read or is no such file, and where this does
        not tell. Nothing was logged then.

    Raises:
        ImproperlyConfigured: As ``match_root``.
    """
    if _PATH is None or text.endswith("/"):
        return None
    known = _known.get(text)
    seen = None
    if known is not None and time.monotonic() < known.until:
        seen = _recall(text, known)
    is_repeated = seen is not None
    if seen is None:
        seen = _see(text, _PATH)
    if seen is None:
        return None
    real_path, found = seen
    root = None if directories is None else match_root(real_path, directories)
    if directories is not None and root is None:
        return None
    if not is_repeated:
        _remember(text, real_path, found)
    return LocatedFile(real_path, root, found, is_repeated)


def _recall(text: str, known: _Known) -> tuple[str, os.stat_result] | None:
    """Return the real path of a file that is still the one that is known."""
    try:
        found = os.stat(text)
    except OSError:
        return None
    if _identify(found) != known.identity or not stat.S_ISREG(found.st_mode):
        return None
    return known.real_path, found


def _see(text: str, flags: int) -> tuple[str, os.stat_result] | None:
    """Return the real path of a regular file that can be read."""
    try:
        descriptor = os.open(text, flags)
    except (OSError, ValueError):  # There is none; or the path can name none.
        return None
    try:
        link = f"/proc/self/fd/{descriptor}"
        found = os.fstat(descriptor)
        real_path = os.readlink(link)
        is_readable = os.access(link, os.R_OK, effective_ids=EFFECTIVE)
    except OSError:  # There is no /proc.
        return None
    finally:
        os.close(descriptor)
    if (
        not is_readable
        or not stat.S_ISREG(found.st_mode)
        # It is gone, which is what this may say; or lies beyond the root directory.
        or real_path.endswith(" (deleted)")
        or not real_path.startswith("/")
    ):
        return None
    return real_path, found


def _identify(found: os.stat_result) -> tuple[int, int, int, int]:
    """
    Return what is the same as long as a file and who asks are the same.

    Whoever changes a file, its name or the rights to it changes that time of it.
    """
    return found.st_dev, found.st_ino, found.st_ctime_ns, os.geteuid()


def _remember(text: str, real_path: str, found: os.stat_result) -> None:
    # Where a relative path leads is decided by the working directory, too.
    if len(text) > _LONGEST_KNOWN or not os.path.isabs(text):
        return
    # What follows at once may leave the time as it was, by a clock that is coarse.
    if time.time_ns() - found.st_ctime_ns <= _SETTLED:
        return
    if len(_known) >= _MOST_KNOWN and text not in _known:
        _known.clear()
    until = time.monotonic() + REMEMBERED
    _known[text] = _Known(_identify(found), real_path, until)
