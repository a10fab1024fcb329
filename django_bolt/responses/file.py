"""FileResponse: preconditions, then ranges, then the body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

from django_bolt.blocks import BLOCK_SIZE, FileBody, SpanFile, SpanReader
from django_bolt.conf import conf
from django_bolt.delivery import FileDelivery
from django_bolt.lookup import LocatedFile
from django_bolt.pace import SMALL
from django_bolt.responses.body import StreamBody
from django_bolt.responses.filehead import (
    VALIDATORS,
    drop_content_fields,
    make_file_headers,
)
from django_bolt.responses.head import PartsOnDemand, allows_body, check_status
from django_bolt.responses.selecting import Selecting
from django_bolt.sendfile import find_handover
from django_bolt.sources import SourceLike, make_source
from django_bolt.streams.connections import release_connections
from django_bolt.types import Headers
from django_bolt.wire.ranges import Piece


class FileResponse(PartsOnDemand, Selecting, StreamBody):  # type: ignore[override]
    """
    A file, read while it is sent.

    Args:
        path: A path: ``str`` or path-like. Or an open binary file, which is sent
            from where it stands and is closed with the response, or a
            ``FieldFile`` or other file of Django's. A path may come from a
            client if ``BOLT_ALLOWED_FILE_DIRS`` is set.
        filename: Offer the file to be saved under this name. May come from a
            client.
        media_type: The Content-Type, sent as it is given; by default guessed
            from the name in ``path``.
        status_code: HTTP status code. Ranges are answered for 200 only.
        headers: Extra header fields. They win over what would be sent else:
            ``Content-Type``, ``ETag``, ``Last-Modified``, and
            ``Accept-Ranges: none``, which turns ranges off.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The status is none, ``filename`` cannot be encoded, or
            ``headers`` holds a length or range of its own.
        BadHeaderError: A header would break the message, by CR or LF.
        FileRefused: The file is outside the allowed directories (403).
        FileMissing: There is none (404).
        NotARegularFile: It is a directory, a device and so on (404).

    Spec: RFC 9110 §13, §14; RFC 6266.
    """

    block_size = BLOCK_SIZE
    """Bytes that a server without sendfile reads at a time."""

    is_async = False
    _is_own = True
    _has_descriptor_by_length = False

    def __init__(
        self,
        path: SourceLike,
        filename: str | None = None,
        media_type: str | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
    ) -> None:
        source = make_source(path)
        self.headers = make_file_headers(source, filename, media_type, headers)
        self.status_code = check_status(status_code)
        self._size = source.size
        self._body = FileBody(source)
        self._resource_closers = [self._body.close]
        if not allows_body(status_code):
            drop_content_fields(self.headers)
            self._set_pieces([])

    def prepare(self, request: HttpRequest) -> HttpResponseBase:
        """Answer conditions, range and HEAD, or hand the file to the front server."""
        if not self._is_prepared:
            # Gunicorn sends from a descriptor as much as Content-Length says;
            # others may send all that is there.
            server = request.META.get("SERVER_SOFTWARE")
            if server is not None and str(server).startswith("gunicorn/"):
                self._has_descriptor_by_length = True
            if not self._hand_over(request):
                super().prepare(request)
            if request.method == "HEAD":
                self._set_pieces([])
        return self

    @property
    def file_to_stream(self) -> SpanReader | None:
        """What Django's WSGI handler gives to ``wsgi.file_wrapper``; opens the file."""
        span = self._body.find_span()
        if span is None or not self._is_own:
            return None
        self._start()
        is_whole = span == (0, self._size)
        has_descriptor = self._body.source.located is not None
        if has_descriptor and (is_whole or self._has_descriptor_by_length):
            return SpanFile(self._body, span)
        return SpanReader(self._body, span)

    def has(self, size: int) -> bool:
        """Tell whether the file is known to have so many bytes at least."""
        return self._size is not None and self._size >= size

    def find_whole(self, *closers: Callable[[], object]) -> LocatedFile | None:
        """
        Return the file, if it is all that would be sent and has a path.

        Args:
            closers: What is to be called at the end. A response that calls
                anything else then is not told to have such a file.
        """
        is_whole = (
            self.takes_any_thread(*closers)
            and self.status_code == 200
            and self._body.pieces == [(0, self._size)]
            and self.headers.get("Content-Length") == str(self._size)
        )
        return self._body.source.located if is_whole else None

    def take(
        self, size: int, read: Callable[[LocatedFile, int, int], bytes | None]
    ) -> bytes | None:
        """
        Return all that is to be sent, if it is no more than that, and close the file.

        Args:
            size: Bytes.
            read: Returns so many bytes of a file from a position on, at once; nothing,
                or an ``OSError``, where it cannot.

        Returns:
            ``None`` where ``iterate()`` is to send it: that says what is wrong, too.
        """
        body = self._body
        located = body.source.located
        if located is None or body.is_open:
            return None
        content: bytes | None = b""
        if body.pieces != []:
            span = body.find_span()
            if span is None or span.stop - span.start > size:
                return None
            try:
                content = read(located, span.start, span.stop - span.start)
            except OSError:
                return None
        if content is not None:
            body.close()
            self.leave()
        return content

    def leave(self) -> None:
        """Leave the file to somebody else: here it is open no more."""
        if self._body.close in self._resource_closers:
            self._resource_closers.remove(self._body.close)

    def __iter__(self) -> Iterator[bytes]:
        if not self._is_own:
            return super().__iter__()
        self._start()
        return self._iterator

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.iterate(SMALL) if self._is_own else super().__aiter__()

    async def iterate(self, size: int) -> AsyncGenerator[bytes, None]:
        """
        Send the file, and close it if that ends early, which Django does not.

        Args:
            size: Bytes that a block has at most.

        Yields:
            Blocks, to be handed to an ASGI server before the next is asked for.
        """
        is_finished = False
        delivery = FileDelivery(self._body, size, conf.stream_send_timeout)
        try:
            await self._open()
            while block := await delivery.next():
                yield block
                del block  # Then its memory can be used for the next one.
            is_finished = True
        finally:
            delivery.end()
            if not is_finished:
                await sync_to_async(self.close)()
                delivery.refuse()
            elif self._body.source.located is not None:
                # Closing it waits as little as opening it did. A handler that
                # finds nothing to close need not ask a thread.
                self._body.close()
                self.leave()

    async def _open(self) -> None:
        # What is small has ended before another request could use them.
        if self._size is None or self._size > BLOCK_SIZE:
            await sync_to_async(self._start)()
        # Where a path was just looked up, opening it does not wait.
        if self._body.source.located is None and self._body.pieces != []:
            await sync_to_async(self._body.open)()

    def _start(self) -> None:
        """Give back the database connections of the request's thread."""
        if self._releases():
            release_connections()

    def _hand_over(self, request: HttpRequest) -> bool:
        located = self._body.source.located
        if (
            located is None
            or not self._is_own
            or self.status_code != 200
            or request.method not in ("GET", "HEAD")
        ):
            return False
        handover = find_handover(located.real_path)
        if handover is None:
            return False
        self._is_prepared = True
        for name in ("Accept-Ranges", *VALIDATORS):
            if self.headers.get(name) != "none":
                self.headers.pop(name, None)
        self.headers["Content-Length"] = "0"
        self.headers[handover[0]] = handover[1]
        self._set_pieces([])
        self._keep_encoding()
        return True

    def sends_file(self) -> bool:
        """Tell whether what is sent is the file, by the methods of this class."""
        return self._is_own and type(self).__aiter__ is FileResponse.__aiter__

    def takes_any_thread(self, *closers: Callable[[], object]) -> bool:
        """
        Tell whether it is all the same which thread reads and closes the file.

        Args:
            closers: What may be called at the end in any thread, besides.
        """
        return (
            self.sends_file()
            and self._body.source.located is not None
            and self._resource_closers == [self._body.close, *closers]
            and type(self).close is FileResponse.close
            and "close" not in vars(self)
        )

    def _is_untouched(self) -> bool:
        return self._is_own

    def _set_pieces(self, pieces: Sequence[Piece]) -> None:
        self._body.pieces = pieces
        # Whatever somebody else has put there.
        vars(self).pop("_iterator", None)
        self.is_async = False
        self._is_own = True

    @cached_property
    def _iterator(self) -> Iterator[bytes]:
        """What Django iterates; most often nobody does."""
        return iter(self._body)

    def _set_streaming_content(self, value: Any) -> None:
        # django-stubs does not list it.
        super()._set_streaming_content(value)  # type: ignore[misc]
        self._is_own = False
