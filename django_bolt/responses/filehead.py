"""The header fields of a file: what it is, which version, under which name."""

from __future__ import annotations

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
    # To look whether the caller has given one takes longer than to set it.
    put = made.setdefault if headers else made.__setitem__
    for name in ("Content-Length", "Content-Range", "Transfer-Encoding"):
        if headers and name in made:
            raise ValueError(
                f"headers must not hold {name}, which follows from the file; got "
                f"{made[name]!r}."
            )
    if filename is not None:
        put("Content-Disposition", _offer(filename))
    if source.etag is not None:
        put("ETag", source.etag)
    if source.modified is not None:
        # RFC 9110 §8.8.2.1: "An origin server with a clock MUST NOT generate a
        # Last-Modified date that is later than the server's time of message
        # origination (Date)."
        modified = min(max(source.modified, 0), time.time())
        put("Last-Modified", format_date(modified))
    put("Accept-Ranges", "bytes" if source.is_seekable else "none")
    if source.size is not None:
        made["Content-Length"] = str(source.size)
    return made


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
    # The slash keeps a name with a colon from being read as a URL.
    media_type, encoding = mimetypes.guess_type(f"./{name}")
    if encoding is not None:
        media_type = _TYPES_OF_ENCODINGS.get(encoding, "application/octet-stream")
    if media_type is None:
        return "application/octet-stream"
    if media_type.startswith("text/"):
        return f"{media_type}; charset=utf-8"
    return media_type
