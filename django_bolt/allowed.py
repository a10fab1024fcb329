"""Which of the allowed directories holds a file, by its real path."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TypeAlias

from django.core.exceptions import ImproperlyConfigured

from django_bolt.exceptions import FileRefused
from django_bolt.types import StrPath

logger = logging.getLogger("django.security")

Directories: TypeAlias = Sequence[StrPath]
"""What ``BOLT_ALLOWED_FILE_DIRS`` lists."""


def find_root(real_path: str, directories: Directories, path: StrPath) -> str:
    """
    Return the allowed directory that holds a path, which may name nothing.

    Args:
        real_path: The path without symlinks.
        directories: The allowed ones.
        path: What the caller asked for.

    Raises:
        FileRefused: None does.
        ImproperlyConfigured: As ``match_root``.
    """
    root = match_root(real_path, directories)
    if root is not None:
        return root
    logger.warning(
        "Refused to read %r: it lies outside BOLT_ALLOWED_FILE_DIRS.", os.fspath(path)
    )
    raise FileRefused("The file may not be read.", path)


def match_root(real_path: str, directories: Directories) -> str | None:
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
