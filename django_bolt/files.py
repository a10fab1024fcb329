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
from collections.abc import Iterator
from contextlib import contextmanager

from django_bolt.allowed import find_root
from django_bolt.conf import conf
from django_bolt.exceptions import (
    FileChanged,
    FileMissing,
    FileRefused,
    NotARegularFile,
)
from django_bolt.inside import find_parent, open_inside
from django_bolt.lookup import EFFECTIVE, LocatedFile, look_up
from django_bolt.types import StrPath

logger = logging.getLogger("django.security")

# What fails here, and says nothing of the file: a 404 would be believed.
_FAULTS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})


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
    located = look_up(text, directories)
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
    root = None if directories is None else find_root(real_path, directories, path)
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


def _look(real_path: str, root: str | None, path: StrPath) -> os.stat_result:
    with _refusals(path):
        try:
            with find_parent(real_path, root) as (name, folder):
                found = os.stat(name, dir_fd=folder, follow_symlinks=root is None)
                readable = os.access(
                    name, os.R_OK, dir_fd=folder, effective_ids=EFFECTIVE
                )
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
