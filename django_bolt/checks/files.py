"""Checks of the settings that say which files may be sent, and by whom."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from django_bolt.conf import conf
from django_bolt.sendfile import X_SENDFILE


def check_file_dirs_are_a_list(**kwargs: Any) -> list[CheckMessage]:
    """E002: a single path is easily given in the place of a list."""
    directories = conf.allowed_file_dirs
    if directories is None or _is_list(directories):
        return []
    return [
        Error(
            "BOLT_ALLOWED_FILE_DIRS must be a list of directories or None; got "
            f"{directories!r}.",
            hint='Write [BASE_DIR / "media"], with brackets.',
            id="django_bolt.E002",
        )
    ]


def check_file_dirs_are_absolute_paths(**kwargs: Any) -> list[CheckMessage]:
    """E003: a relative path depends on where the server was started."""
    return [
        Error(
            "BOLT_ALLOWED_FILE_DIRS must hold absolute paths, each a str or a Path; "
            f"got {entry!r}.",
            hint='Build it from BASE_DIR: BASE_DIR / "media".',
            id="django_bolt.E003",
        )
        for entry in _entries()
        if not _is_absolute(entry)
    ]


def check_file_dirs_exist(**kwargs: Any) -> list[CheckMessage]:
    """W003: nothing can be read from a directory that is not there."""
    return [
        Warning(
            f"BOLT_ALLOWED_FILE_DIRS names {fspath(entry)!r}, which is no directory.",
            hint="Create the directory, or correct its name.",
            id="django_bolt.W003",
        )
        for entry in _entries()
        if _is_absolute(entry) and not os.path.isdir(entry)
    ]


def check_file_dirs_are_set(**kwargs: Any) -> list[CheckMessage]:
    """W004, for deployment: unset, a path from a client reaches any file."""
    if conf.allowed_file_dirs is not None:
        return []
    return [
        Warning(
            "BOLT_ALLOWED_FILE_DIRS is not set: File and FileResponse may read any "
            "file that the server may read.",
            hint=(
                "Set it to the directories that hold what clients may have, or to [] "
                "when no files are sent."
            ),
            id="django_bolt.W004",
        )
    ]


def check_setting_of_the_namesake_is_not_used(**kwargs: Any) -> list[CheckMessage]:
    """W005: another package reads this name; here it would guard nothing."""
    if not hasattr(settings, "BOLT_ALLOWED_FILE_PATHS"):
        return []
    return [
        Warning(
            "BOLT_ALLOWED_FILE_PATHS is not read, so it guards no file.",
            hint="Rename it to BOLT_ALLOWED_FILE_DIRS.",
            id="django_bolt.W005",
        )
    ]


def check_sendfile_is_a_mapping(**kwargs: Any) -> list[CheckMessage]:
    """E030: it says which directory is served where."""
    sendfile: object = conf.sendfile
    if sendfile is None or isinstance(sendfile, Mapping):
        return []
    return [
        Error(
            "BOLT_SENDFILE must be a mapping of directories to internal URLs, or None; "
            f"got {sendfile!r}.",
            hint='Write {BASE_DIR / "media": "/protected/"}.',
            id="django_bolt.E030",
        )
    ]


def check_sendfile_entries(**kwargs: Any) -> list[CheckMessage]:
    """E031: what is wrong here is a file that no client gets."""
    sendfile: object = conf.sendfile
    entries = sendfile.items() if isinstance(sendfile, Mapping) else ()
    return [
        Error(
            "BOLT_SENDFILE must map absolute paths to URLs that start with '/', or to "
            f"{X_SENDFILE!r}; got {directory!r}: {target!r}.",
            hint=(
                'Write {BASE_DIR / "media": "/protected/"}, with the internal location '
                f"of nginx that serves the directory; {X_SENDFILE!r} for Apache and "
                "lighttpd."
            ),
            id="django_bolt.E031",
        )
        for directory, target in entries
        if not _is_absolute(directory)
        or not isinstance(target, str)
        or not (target == X_SENDFILE or re.fullmatch(r"/[!-~]*", target))
    ]


CHECKS = (
    check_file_dirs_are_a_list,
    check_file_dirs_are_absolute_paths,
    check_file_dirs_exist,
    check_setting_of_the_namesake_is_not_used,
    check_sendfile_is_a_mapping,
    check_sendfile_entries,
)

DEPLOYMENT_CHECKS = (check_file_dirs_are_set,)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _entries() -> Iterator[Any]:
    directories = conf.allowed_file_dirs
    if directories is not None and _is_list(directories):
        yield from directories


def _is_absolute(entry: object) -> bool:
    # By its own type: the system takes no lazy object for a path.
    if not issubclass(type(entry), str | PathLike):
        return False
    path = os.fspath(cast(Any, entry))
    return isinstance(path, str) and os.path.isabs(path)
