"""
Which file a path names, whether it may be read, and opening it.

What is allowed is decided on the real path, without symlinks, and then held to:
what was swapped after the decision is not followed.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from django.core.exceptions import ImproperlyConfigured

from django_bolt.conf import conf
from django_bolt.exceptions import (
    FileChanged,
    FileMissing,
    FileRefused,
    NotARegularFile,
)
from django_bolt.inside import find_parent, open_inside

logger = logging.getLogger("django.security")

StrPath: TypeAlias = str | os.PathLike[str]
_Directories: TypeAlias = Sequence[StrPath]

# What it opens has a path and nothing else: no device hears of it. On Linux only,
# where /proc tells the path.
_PATH: int | None = (
    os.O_PATH | os.O_CLOEXEC
    if sys.platform == "linux" and hasattr(os, "O_PATH")
    else None
)
_SETTLED = 3_000_000_000  # Nanoseconds; FAT counts every other second.
_MOST_READABLE = 4096
_readable: set[tuple[int, int, int, int]] = set()
# What fails here, and says nothing of the file: a 404 would be believed.
_FAULTS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})


class LocatedFile(NamedTuple):
    """
    A regular file that may be read, as it was when it was looked at.

    Args:
        real_path: Its path without symlinks.
        root: The allowed directory it lies in, without symlinks; ``None`` when
            any file may be read.
        stat: What ``os.stat`` said.
    """

    real_path: str
    root: str | None
    stat: os.stat_result


def locate(path: StrPath) -> LocatedFile:
    """
    Find a file and decide whether it may be read; nothing is opened.

    Args:
        path: May come from a client, if ``BOLT_ALLOWED_FILE_DIRS`` is set.

    Raises:
        TypeError: ``path`` is no ``str`` or path-like object of one.
        FileRefused: It lies outside the allowed directories, be it there or not;
            or it may not be read.
        FileMissing: There is no such file.
        NotARegularFile: It is none, or the path can name nothing (NUL).
        ImproperlyConfigured: ``BOLT_ALLOWED_FILE_DIRS`` is no list.
        OSError: The process or the machine has no more descriptors or memory.
    """
    try:
        text: object = os.fspath(path)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(
            f"path must be a str or a path-like object of one; got {path!r}. "
            "Use os.fsdecode()."
        )
    directories = conf.allowed_file_dirs
    located = _locate_at_once(text, directories)
    if located is not None:
        return located
    try:
        named = "\0" not in os.fsencode(text).decode("latin-1")
    except UnicodeEncodeError:  # A lone surrogate, which no file system encodes.
        named = False
    if not named:
        raise NotARegularFile("The path can name no file.", path)
    with _refusals(path):  # It raises when a symlink vanishes under its eyes.
        real_path = os.path.realpath(text)
    root = None if directories is None else _find_root(real_path, directories, path)
    found = _look(real_path, root, path)
    # A symlink that leads to itself has no real path.
    if stat.S_ISLNK(found.st_mode):
        raise FileMissing("The file does not exist.", path)
    if not stat.S_ISREG(found.st_mode):
        raise NotARegularFile("The path names no regular file.", path)
    if text.endswith(("/", os.sep)):
        raise FileMissing("The file does not exist.", path)
    return LocatedFile(real_path, root, found)


def open_located(located: LocatedFile) -> io.FileIO:
    """
    Open a file that was located, if it is still the same one.

    Raises:
        FileChanged: It is another file now, or is gone.
        FileRefused: It may not be read.
        FileMissing: A symlink now leads elsewhere.
        OSError: The process or the machine has no more descriptors or memory.
    """
    return io.FileIO(open_descriptor(located), "rb")


def open_descriptor(located: LocatedFile) -> int:
    """Do the same, and return a descriptor, to be closed by the caller."""
    path = located.real_path
    try:
        descriptor = open_inside(path, located.root)
    except OSError:
        with _refusals(path):
            raise
    if is_same(os.fstat(descriptor), located.stat):
        return descriptor
    os.close(descriptor)
    raise FileChanged("It is no longer the file that was announced.", path)


def is_same(opened: os.stat_result, announced: os.stat_result) -> bool:
    """
    Tell whether an open file still has the bytes that were announced.

    It may have grown. The number of an inode alone does not tell: it is given
    to the next file when the first one is gone.
    """
    if (
        not stat.S_ISREG(opened.st_mode)
        or opened.st_ino != announced.st_ino
        or opened.st_dev != announced.st_dev
    ):
        return False
    if opened.st_size == announced.st_size:
        return opened.st_mtime_ns == announced.st_mtime_ns
    return opened.st_size > announced.st_size


def _locate_at_once(text: str, directories: _Directories | None) -> LocatedFile | None:
    """
    Find a file that may be read, by a descriptor that leads to it and reads nothing.

    The system says which real path the descriptor has, so that it is the file
    that is looked at and no other: in a third of the time that it takes to follow
    the path from here.

    Returns:
        ``None`` for what may not be read or is no such file, and where this does
        not tell. Nothing was logged then.
    """
    if _PATH is None or text.endswith("/"):
        return None
    try:
        descriptor = os.open(text, _PATH)
    except (OSError, ValueError):  # There is none; or the path can name none.
        return None
    try:
        link = f"/proc/self/fd/{descriptor}"
        found = os.fstat(descriptor)
        real_path = os.readlink(link)
        readable = _is_readable(link, found)
    except OSError:  # There is no /proc.
        return None
    finally:
        os.close(descriptor)
    root = None if directories is None else _match_root(real_path, directories)
    if (
        not readable
        or not stat.S_ISREG(found.st_mode)
        # It is gone, which is what this may say; or lies beyond the root directory.
        or real_path.endswith(" (deleted)")
        or not real_path.startswith("/")
        or (directories is not None and root is None)
    ):
        return None
    return LocatedFile(real_path, root, found)


def _is_readable(link: str, found: os.stat_result) -> bool:
    """
    Tell whether this process may read a file; the system is not asked each time.

    Who changes the rights to a file changes that time of its inode. If the rights
    of the process change instead, the file is refused when it is opened.
    """
    known = found.st_dev, found.st_ino, found.st_ctime_ns, os.getuid()
    if known in _readable:
        return True
    if not os.access(link, os.R_OK):
        return False
    # What follows at once may leave the time as it was, by a clock that is coarse.
    if time.time_ns() - found.st_ctime_ns > _SETTLED:
        if len(_readable) >= _MOST_READABLE:
            _readable.clear()
        _readable.add(known)
    return True


def _find_root(real_path: str, directories: _Directories, path: StrPath) -> str:
    """
    Return the allowed directory that holds a path, which may name nothing.

    Raises:
        FileRefused: None does.
    """
    root = _match_root(real_path, directories)
    if root is not None:
        return root
    logger.warning(
        "Refused to read %r: it lies outside BOLT_ALLOWED_FILE_DIRS.", os.fspath(path)
    )
    raise FileRefused("The file may not be read.", path)


def _match_root(real_path: str, directories: _Directories) -> str | None:
    """
    Return the directory that holds a path, as it is set or without symlinks.

    What a real path begins with is real: most often nothing need be resolved.

    Raises:
        ImproperlyConfigured: The setting is a text. It would be taken letter by
            letter, and "/" allows every file. No server runs the system checks.
    """
    if isinstance(directories, str):
        raise ImproperlyConfigured(
            "BOLT_ALLOWED_FILE_DIRS must be a list of directories or None; got "
            f"{directories!r}. Write it with brackets."
        )
    for directory in directories:
        root = os.fspath(directory)
        if _holds(root, real_path) and os.path.isabs(root):
            return root
        if not root:  # It names nothing, where realpath() has the working directory.
            continue
        root = os.path.realpath(root)
        if _holds(root, real_path):
            return root
    return None


def _holds(root: str, real_path: str) -> bool:
    if not real_path.startswith(root):
        return False
    rest = real_path[len(root) :]
    return not rest or rest.startswith(os.sep) or root.endswith(os.sep)


def _look(real_path: str, root: str | None, path: StrPath) -> os.stat_result:
    with _refusals(path):
        try:
            with find_parent(real_path, root) as (name, folder):
                found = os.stat(name, dir_fd=folder, follow_symlinks=root is None)
                readable = os.access(name, os.R_OK, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            raise FileMissing("The file does not exist.", path) from None
        if not readable and stat.S_ISREG(found.st_mode):
            raise PermissionError
    return found


@contextmanager
def _refusals(path: StrPath) -> Iterator[None]:
    """Turn what the system refuses into what the client is told."""
    try:
        yield
    except (FileMissing, FileChanged):
        raise
    except PermissionError:
        logger.warning("The file %r may not be read.", os.fspath(path))
        raise FileRefused("The file may not be read.", path) from None
    except OSError as error:
        if error.errno in _FAULTS:
            raise
        # ELOOP: a symlink where there was none; ENAMETOOLONG, ENXIO and others.
        raise FileMissing("The file does not exist.", path) from error
