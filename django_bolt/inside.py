"""
Reach what lies in an allowed directory, and nothing else.

Every folder from the allowed one down to the file is opened by its descriptor and
may be no symlink, so that nothing is followed that was swapped since the path was
looked at.

Spec: POSIX ``openat``, ``O_NOFOLLOW``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django_bolt.exceptions import FileChanged

HAS_DIRECTORY_DESCRIPTORS = {os.open, os.stat} <= os.supports_dir_fd

# A FIFO that was put in the place of the file must not hang the open.
_READ = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)
_NO_SYMLINK = getattr(os, "O_NOFOLLOW", 0)
# O_PATH needs no permission to list the folder, only to pass through it.
_FOLDER = (
    getattr(os, "O_PATH", os.O_RDONLY)
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def open_inside(path: str, root: str | None) -> int:
    """
    Open a file for reading, through no symlink below the allowed directory.

    Args:
        path: The file, without symlinks.
        root: The allowed directory that holds it; ``None`` when all are allowed.

    Returns:
        A descriptor, to be closed by the caller.

    Raises:
        FileChanged: There is no file of that name any more.
        OSError: Anything else that the system refuses.
    """
    folder = None
    try:
        if root is None or not HAS_DIRECTORY_DESCRIPTORS:
            name, flags = path, _READ
        else:
            folder, name = _open_parent(path, root)
            flags = _READ | _NO_SYMLINK
        try:
            return os.open(name, flags, dir_fd=folder)
        except FileNotFoundError:
            raise FileChanged("The file is gone.", path) from None
    finally:
        if folder is not None:
            os.close(folder)


@contextmanager
def find_parent(real_path: str, root: str | None) -> Iterator[tuple[str, int | None]]:
    """
    Open the folder of a file, and return the file's name in it.

    Without an allowed directory, or on a system without such descriptors, the
    folder is ``None`` and the name the whole path.
    """
    if root is None or not HAS_DIRECTORY_DESCRIPTORS:
        yield real_path, None
        return
    descriptor, name = _open_parent(real_path, root)
    try:
        yield name, descriptor
    finally:
        os.close(descriptor)


def _open_parent(real_path: str, root: str) -> tuple[int, str]:
    """Open the folder of a file, from the allowed directory down."""
    inner_path = real_path[len(root) :].lstrip(os.sep) or os.curdir
    *folders, name = inner_path.split(os.sep)
    descriptor = os.open(root, _FOLDER)
    for folder in folders:
        try:
            inner = os.open(folder, _FOLDER | _NO_SYMLINK, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor, name
