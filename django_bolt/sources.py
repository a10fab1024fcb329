"""
What the bytes of a file response come from: a path, an open file, a storage.

A source knows its size and validators from the start, and is opened when its
body starts. What it opens is read at positions, so that nobody depends on where
another reader left off.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import stat
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias, cast

from django.core.files import File as DjangoFile
from django.core.files.storage import FileSystemStorage

from django_bolt.exceptions import FileMissing
from django_bolt.files import locate, open_located
from django_bolt.lookup import LocatedFile
from django_bolt.types import StrPath
from django_bolt.wire.validators import make_etag


class Readable(Protocol):
    """An open binary file, as far as a body needs it."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, none at the end."""


SourceLike: TypeAlias = StrPath | Readable | DjangoFile  # type: ignore[type-arg]
"""What ``File`` and ``FileResponse`` take."""

_PATHS = (str, os.PathLike)


class Source(NamedTuple):
    """
    Bytes that are sent, and what is known of them before they are read.

    Args:
        name: The name that the media type is guessed from.
        open: Called once, when the body starts; the caller closes what it
            returns, unless ``close`` is set.
        size: How many bytes; ``None`` when that is unknown.
        etag: A strong entity tag; ``None`` when nothing vouches for the content.
        modified: Seconds since 1970; ``None`` when unknown.
        offset: Where the content starts in the open file.
        is_seekable: Whether it can be read from any position.
        close: Closes what was open already when the source was made.
        located: The file behind a path.
    """

    name: str
    open: Callable[[], Readable]
    size: int | None
    etag: str | None = None
    modified: float | None = None
    offset: int = 0
    is_seekable: bool = True
    close: Callable[[], object] | None = None
    located: LocatedFile | None = None


def make_source(given: SourceLike) -> Source:
    """
    Tell what is to be sent from what a caller gave.

    Args:
        given: A path (see ``files.locate``), an open binary file, or a file of
            Django's. A ``FieldFile`` of a ``FileSystemStorage`` is a path;
            of another storage it is opened when its body starts.

    Raises:
        TypeError: It is none of these, or a file in text mode.
        FileMissing: A ``FieldFile`` without a file; and as ``files.locate``.
    """
    if isinstance(given, _PATHS):
        return _from_path(given)
    # A FieldFile, told by its storage: importing the class loads all of forms.
    if isinstance(given, DjangoFile) and hasattr(given, "storage"):
        return _from_field(given)
    file = getattr(given, "file", given) if isinstance(given, DjangoFile) else given
    if not callable(getattr(file, "read", None)):
        # Also for bytes, which could be meant as a path or as content.
        raise TypeError(
            f"path must be a str, a path-like object or an open file; got {given!r}. "
            "Use os.fsdecode() for a path in bytes, Response for content in memory."
        )
    if isinstance(file, io.TextIOBase):
        raise TypeError(
            f'The file must be opened in binary mode ("rb"); got {given!r}.'
        )
    return _from_open_file(file, str(getattr(given, "name", None) or ""))


def _from_path(path: StrPath) -> Source:
    located = locate(path)
    found = located.stat
    return Source(
        os.path.basename(path),
        functools.partial(open_located, located),
        found.st_size,
        stat_etag(found),
        found.st_mtime,
        located=located,
    )


def _from_field(field: Any) -> Source:
    if not field:
        raise FileMissing("There is no file.")
    storage, name = field.storage, field.name
    # A storage may have a path for what is no file on the disk, as Django's
    # InMemoryStorage has.
    if isinstance(storage, FileSystemStorage):
        return _from_path(field.path)
    size = storage.size(name)
    try:
        modified: datetime | None = storage.get_modified_time(name)
    except NotImplementedError:
        modified = None
    return Source(
        os.path.basename(name),
        functools.partial(storage.open, name, "rb"),
        size,
        make_etag(int(modified.timestamp() * 1_000_000), size) if modified else None,
        modified.timestamp() if modified else None,
    )


def _from_open_file(file: Any, name: str) -> Source:
    make = functools.partial(
        Source,
        os.path.basename(name),
        lambda: cast(Readable, file),
        close=getattr(file, "close", None),
    )
    if not _is_seekable(file):
        return make(size=None, is_seekable=False)
    start = file.tell()
    found = _stat_of(file)
    if found is not None:
        return make(
            size=max(found.st_size - start, 0),
            etag=stat_etag(found, start),
            modified=found.st_mtime,
            offset=start,
        )
    size = max(file.seek(0, os.SEEK_END) - start, 0)
    file.seek(start)
    etag = None
    if isinstance(file, io.BytesIO):
        digest = hashlib.blake2b(file.getbuffer()[start:], digest_size=16)
        etag = f'"{digest.hexdigest()}"'
    return make(size=size, etag=etag, offset=start)


def _is_seekable(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if callable(seekable) else hasattr(file, "seek")


def _stat_of(file: Any) -> os.stat_result | None:
    """
    Return the state of the regular file that an open file reads, byte for byte.

    Not every file with a ``fileno()`` does: a ``GzipFile`` has that of the
    compressed file. And asking a ``SpooledTemporaryFile`` moves it to the disk.
    """
    raw = getattr(file, "raw", file)
    if not isinstance(raw, io.FileIO):
        return None
    found = os.fstat(raw.fileno())
    return found if stat.S_ISREG(found.st_mode) else None


def stat_etag(found: os.stat_result, start: int = 0) -> str:
    """
    Make a strong entity tag of the state of a file.

    The time of the last change of the inode is in it: it moves with every
    write, while the modification time is often set back to an earlier one, by
    archives and deployments, under a file of the same length.

    Spec: RFC 9110 §8.8.1, "a strong validator".
    """
    return _make_etag(found.st_mtime_ns, found.st_ctime_ns, found.st_size, start)


# Mostly the same few files again.
_make_etag = functools.lru_cache(maxsize=1024)(make_etag)
