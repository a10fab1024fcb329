"""The header fields of a file: what it is, which version, under which name."""

from __future__ import annotations

import functools
import mimetypes
import time

from django.http import BadHeaderError
from django.http.response import ResponseHeaders

from django_bolt.responses.head import make_headers
from django_bolt.sources import Source
from django_bolt.types import Headers
from django_bolt.wire.dates import format_date
from django_bolt.wire.disposition import format_attachment

# RFC 9110 §15.4.5: a 304 has no content, and "SHOULD NOT generate
# representation metadata other than" validators and what caches need. A 412 and
# a 416 describe no representation of the file at all.
_OF_THE_CONTENT = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Type",
)
VALIDATORS = ("ETag", "Last-Modified")

_TYPES_OF_ENCODINGS = {
    "br": "application/x-brotli",
    "bzip2": "application/x-bzip",
    "compress": "application/x-compress",
    "gzip": "application/gzip",
    "xz": "application/x-xz",
}


def make_file_headers(
    source: Source,
    filename: str | None,
    media_type: str | None,
    headers: Headers | None,
) -> ResponseHeaders:
    """
    Make the header fields of a whole file.

    Args:
        source: The file.
        filename: Offer it to be saved under this name; may come from a client.
        media_type: ``None`` to guess it by the name of the source.
        headers: The caller's, which win.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: ``headers`` holds what only the file decides, or ``filename``
            cannot be encoded.
        BadHeaderError: A header would break the message.
    """
    if media_type is None:
        media_type = guess_media_type(source.name)
    made = make_headers(headers, media_type)
    for name in ("Content-Length", "Content-Range", "Transfer-Encoding"):
        if headers and name in made:
            raise ValueError(
                f"headers must not hold {name}, which follows from the file; got "
                f"{made[name]!r}."
            )
    if filename is not None:
        made.setdefault("Content-Disposition", _offer(filename))
    modified = source.modified
    if modified is not None:
        # RFC 9110 §8.8.2.1: "An origin server with a clock MUST NOT generate a
        # Last-Modified date that is later than the server's time of message
        # origination (Date)."
        now = time.time()
        modified = int(modified if 0 <= modified <= now else min(max(modified, 0), now))
    described = _describe(source.etag, modified, source.is_seekable, source.size)
    if headers:
        for name, value in described.values():
            made.setdefault(name, value)
    else:
        # To look each of them up by its name takes longer than all the rest.
        made._store.update(described)
    return made


@functools.lru_cache(maxsize=1024)
def _describe(
    etag: str | None, modified: int | None, is_seekable: bool, size: int | None
) -> dict[str, tuple[str, str]]:
    """Return what Django keeps of the fields of a file; mostly the same few again."""
    made = ResponseHeaders({})
    if etag is not None:
        made["ETag"] = etag
    if modified is not None:
        made["Last-Modified"] = format_date(modified)
    made["Accept-Ranges"] = "bytes" if is_seekable else "none"
    if size is not None:
        made["Content-Length"] = str(size)
    return made._store


def _offer(filename: object) -> str:
    if not isinstance(filename, str):
        raise TypeError(f"filename must be a str; got {filename!r}.")
    if any(character in filename for character in "\r\n\0"):
        raise BadHeaderError(
            f"filename must not contain CR, LF or NUL; got {filename!r}."
        )
    return format_attachment(filename)


def drop_content_fields(headers: ResponseHeaders) -> None:
    """Remove the fields that describe a content that is not sent."""
    for name in _OF_THE_CONTENT:
        headers.pop(name, None)


def guess_media_type(name: str) -> str:
    """
    Guess the Content-Type of a file by its name.

    A file that is encoded as a whole (``.tar.gz``) has the type of its encoding,
    as in Django's ``FileResponse``, lest browsers decode what is downloaded.
    """
    ending = _find_plain_ending(name)
    if ending is not None:
        media_type, encoding = mimetypes.types_map.get(ending), None
    else:
        # The slash keeps a name with a colon from being read as a URL.
        media_type, encoding = mimetypes.guess_type(f"./{name}")
    if encoding is not None:
        media_type = _TYPES_OF_ENCODINGS.get(encoding, "application/octet-stream")
    if media_type is None:
        return "application/octet-stream"
    if media_type.startswith("text/"):
        return f"{media_type}; charset=utf-8"
    return media_type


def _find_plain_ending(name: str) -> str | None:
    """
    Return what the type of a file depends on alone, if that is its ending.

    ``mimetypes`` parses the name as a URL first, in three times the time.

    Returns:
        ``None`` where ``mimetypes`` has to be asked.
    """
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending
    if (
        not mimetypes.inited
        or "/" in name
        # Python 3.11 and older take an ending as it is written first.
        or ending != ending.lower()
        # What begins with dots has no ending by them.
        or (dot and not stem.strip("."))
        or ending in mimetypes.suffix_map
        or ending in mimetypes.encodings_map
    ):
        return None
    return ending
