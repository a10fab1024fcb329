"""File: a file that is read into memory when its response is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django_bolt.blocks import FileBody
from django_bolt.exceptions import FileChanged
from django_bolt.responses.base import Response
from django_bolt.responses.filehead import drop_content_fields, make_file_headers
from django_bolt.responses.head import allows_body, check_status
from django_bolt.responses.selecting import Selecting
from django_bolt.sources import Source, SourceLike, make_source
from django_bolt.types import Headers
from django_bolt.wire.ranges import Piece

_READING_ATTEMPTS = 3


class File(Selecting, Response):
    """
    A file, read into memory when the response is made.

    Takes what ``FileResponse`` takes, and answers the same. For small files.

    Raises:
        FileChanged: The file was replaced again and again while it was read.
        TypeError, ValueError and others: As ``FileResponse``.
    """

    def __init__(
        self,
        path: SourceLike,
        filename: str | None = None,
        media_type: str | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
    ) -> None:
        source, content = _read_whole(path)
        self._container = []
        self.status_code = check_status(status_code)
        self.headers = make_file_headers(source, filename, media_type, headers)
        self.headers["Content-Length"] = str(len(content))
        self._whole = content
        self._size = len(content)
        if allows_body(status_code):
            self._container = [content]
        else:
            drop_content_fields(self.headers)

    def __getstate__(self) -> dict[str, Any]:
        state = vars(self).copy()
        # One that comes out of a cache is to answer another request.
        state.pop("_is_prepared", None)
        return state

    def _is_untouched(self) -> bool:
        return self.content == self._whole

    def _set_pieces(self, pieces: Sequence[Piece]) -> None:
        content = self._whole
        self.content = b"".join(
            piece if isinstance(piece, bytes) else content[piece.start : piece.stop]
            for piece in pieces
        )


def _read_whole(path: SourceLike) -> tuple[Source, bytes]:
    """Return a source and its bytes, which its entity tag stands for."""
    attempt = 0
    while True:
        attempt += 1
        source = make_source(path)
        body = FileBody(source)
        try:
            content = b"".join(body)
            etag = source.etag if body.is_current() else None
        except FileChanged:
            if source.located is None or attempt == _READING_ATTEMPTS:
                raise
            continue
        finally:
            body.close()
        if etag == source.etag or attempt == _READING_ATTEMPTS:
            # What changes all the time, or has no tag, has one by its content.
            etag = etag or f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
            made = source._replace(size=len(content), etag=etag, is_seekable=True)
            return made, content
