"""FileBody: the pieces of a file response, read in blocks while they are sent."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django_bolt.exceptions import FileChanged
from django_bolt.sources import Source, stat_etag
from django_bolt.wire.ranges import Piece, Span

BLOCK_SIZE = 256 * 1024
"""Bytes that are read at a time under WSGI."""

_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)
_preadv: Any = getattr(os, "preadv", None)


class FileBody:
    """
    A body that is read from a source, which is opened when the body starts.

    Args:
        source: Where the bytes come from.

    Attributes:
        pieces: What is sent; ``None`` for everything up to the end, when the
            size is unknown. To be changed before the body starts.
    """

    # Most are sent in a few blocks, or not from here: assigned when it changes.
    _file: Any = None
    # Where the next read begins; None if that is not known.
    _position: int | None = None
    _can_read_cached = True
    # What was read last.
    _block: io.BytesIO
    _block_size = -1

    def __init__(self, source: Source) -> None:
        self.source = source
        self.pieces: Sequence[Piece] | None = (
            None if source.size is None else [Span(0, source.size)]
        )
        self._close: Callable[[], object] | None = source.close

    def open(self) -> Any:
        """
        Return the open file, opened once.

        Raises:
            FileChanged: Another file is in its place.
        """
        if self._file is None:
            self._file = self.source.open()
            if self._close is None:
                self._position = 0
                # A WSGI handler may replace the method by one that ends here.
                self._close = getattr(self._file, "close", None)
        return self._file

    @property
    def is_open(self) -> bool:
        """Whether its file was opened."""
        return self._file is not None

    def close(self) -> None:
        """Close what was opened; more than once is the same as once."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def find_span(self) -> Span | None:
        """Return the one span of the content that is sent, and nothing besides."""
        if self.pieces is None or len(self.pieces) != 1:
            return None
        [piece] = self.pieces
        return piece if isinstance(piece, Span) else None

    def is_current(self) -> bool:
        """Tell whether the open file is still what the source's tag stands for."""
        if self.source.located is None:
            return True
        return stat_etag(os.fstat(self.open().fileno())) == self.source.etag

    def read(self, position: int, size: int) -> bytes:
        """
        Read at a position of the content; may block.

        Raises:
            FileChanged: The file ends before it.
        """
        file = self.open()
        if self._position != position and self.source.is_seekable:
            file.seek(self.source.offset + position)
        block: bytes = file.read(size)
        self._position = position + len(block)
        if not block and self.source.size is not None:
            raise FileChanged("The file has fewer bytes than were announced.")
        return block

    def read_cached(self, position: int, size: int) -> bytes | None:
        """Read the same from the page cache; ``None`` when that would block."""
        if not self._can_read_cached or _NOWAIT is None:
            return None
        file = self.open()
        if not isinstance(file, io.FileIO):
            self._can_read_cached = False
            return None
        if self._block_size != size:
            self._block = io.BytesIO(bytes(size))
            self._block_size = size
        # It gives its bytes away without a copy, and makes one only if somebody
        # holds them still when it is written to: most often a block is read to
        # where the last one was, which the processor's cache has.
        with self._block.getbuffer() as memory:
            try:
                count = _preadv(
                    file.fileno(), [memory], self.source.offset + position, _NOWAIT
                )
            except OSError as error:
                # Not every file system can tell.
                self._can_read_cached = error.errno == errno.EAGAIN
                return None
        block = self._block.getvalue()
        # At the end of the file the ordinary read says what is wrong.
        return block if count == size else block[:count] or None

    def __iter__(self) -> Iterator[bytes]:
        if self.pieces is None:
            yield from iter(lambda: self.read(self._position or 0, BLOCK_SIZE), b"")
            return
        for piece in self.pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            position, stop = piece
            while position < stop:
                block = self.read(position, min(stop - position, BLOCK_SIZE))
                position += len(block)
                yield block


def can_read_at_once() -> bool:
    """Tell whether the system can say which pages of a file it has in memory."""
    return _NOWAIT is not None


def read_at_once(descriptor: int, position: int, size: int) -> bytes | None:
    """
    Read from a file's pages in memory, where the system can say which it has.

    Returns:
        ``None`` where there are not as many bytes.

    Raises:
        OSError: Reading would wait; or the file system cannot say.
    """
    block = io.BytesIO(bytes(size))
    with block.getbuffer() as memory:
        count = _preadv(descriptor, [memory], position, _NOWAIT)
    return block.getvalue() if count == size else None


class SpanReader:
    """
    One span of a body as a file that ends where the span does.

    For ``wsgi.file_wrapper``: whoever reads to the end gets what was announced.
    The handler assigns ``close``.
    """

    def __init__(self, body: FileBody, span: Span) -> None:
        self._body = body
        self._position, self._stop = span
        body.open()
        if body.source.is_seekable:
            body.open().seek(body.source.offset + span.start)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none at the end of the span."""
        left = self._stop - self._position
        size = left if size < 0 else min(size, left)
        block = self._body.read(self._position, size) if size else b""
        self._position += len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        self._body.close()


class SpanFile(SpanReader):
    """The same with a descriptor, for servers that send from one by length."""

    def fileno(self) -> int:
        """Return the descriptor, which stands at the start of the span."""
        number: int = self._body.open().fileno()
        return number

    def seek(self, position: int) -> int:
        """Follow the server, which sent from the descriptor itself."""
        self._position = position - self._body.source.offset
        moved: int = self._body.open().seek(position)
        return moved
