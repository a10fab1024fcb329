"""StreamingResponse: a body that is sent while it is made."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from functools import lru_cache, partial
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest
from django.http.response import ResponseHeaders
from django.utils.functional import Promise
from msgspec import UNSET, UnsetType

from django_bolt.encoding import encode_item, encode_item_inline
from django_bolt.responses.base import encode_text, is_json, with_article
from django_bolt.responses.body import StreamBody
from django_bolt.responses.head import (
    allows_body,
    check_seconds,
    check_status,
    make_headers,
    without_marker,
)
from django_bolt.streams.producers import describe, log_failure
from django_bolt.types import Headers

# Made once: a union written in a function is made at each call.
_TEXT = (str, bytes, bytearray, memoryview)


class StreamingResponse(StreamBody):
    """
    A response whose chunks are sent as the source yields them.

    Args:
        content: A generator, iterator or iterable, sync or async. It yields
            ``bytes``, ``bytearray`` or ``memoryview``, sent as they are, or
            ``str``, sent in UTF-8. With the media type ``application/json``,
            ``application/jsonl``, ``application/x-ndjson`` or one that ends in
            ``+json``, anything else is encoded as JSON and ended by a newline.
        status_code: HTTP status code, 100 to 599. One that allows no body (1xx,
            204, 304) never starts the source.
        media_type: The Content-Type, sent as it is given.
        headers: Extra header fields; a ``Content-Type`` in them wins.
            ``Content-Encoding: identity`` keeps compression middleware away,
            and is not sent.
        send_timeout: Seconds that the client may take nothing, under ASGI;
            ``None`` is no limit. By default ``BOLT_STREAM_SEND_TIMEOUT``.
        release_connections: Whether database connections are given back when
            the body starts. By default ``BOLT_STREAM_RELEASE_CONNECTIONS``.

    Raises:
        TypeError: An argument has the wrong type; in mid-stream, a chunk.
        ValueError: The status is none.
        BadHeaderError: A header would break the message.
    """

    def __init__(
        self,
        content: Iterable[object] | AsyncIterable[object],
        status_code: int = 200,
        media_type: str = "application/octet-stream",
        headers: Headers | None = None,
        *,
        send_timeout: float | UnsetType | None = UNSET,
        release_connections: bool | UnsetType = UNSET,
    ) -> None:
        _check_content(content)
        self.send_timeout = check_seconds("send_timeout", send_timeout)
        self.release_connections = release_connections
        self._encodes_json = _is_json_lines(media_type)
        self._wrapped: list[Any] = []
        has_body = allows_body(check_status(status_code))
        made = self._make_headers(headers, media_type)
        super().__init__(content, status=int(status_code), content_type=media_type)
        self.headers = made  # Django would make them anew.
        if not has_body:
            del self.headers["Content-Type"]

    def items(self) -> Iterable[tuple[str, str]]:
        """Return the header fields to send."""
        return without_marker(self.headers)

    @property
    def streaming_content(self) -> Any:
        """
        The source's chunks, encoded; what middleware wraps, and sets anew.

        Reading it does not start the source.
        """
        if self.is_async:
            return self._aencode(self._iterator)
        return map(self.encode_chunk, self._iterator)

    @streaming_content.setter
    def streaming_content(self, content: Any) -> None:
        # Tried first: a queryset is both, and its sync side needs no loop. It
        # is opened when the body starts, in the thread that runs it.
        self.is_async = not hasattr(content, "__iter__")
        if self.is_async:
            self._iterator = aiter(content)
            if hasattr(content, "aclose"):
                self._resource_closers.append(partial(_aclose_unstarted, self, content))
        else:
            opened = hasattr(content, "__next__")
            self._iterator = content if opened else _open(content)
        self._wrapped.append(self._iterator)
        if hasattr(content, "close"):
            self._resource_closers.append(partial(_close, content))

    def encode_chunk(self, chunk: object) -> bytes:
        """
        Encode a chunk; bytes are returned as they are.

        Raises:
            TypeError: The media type leaves nothing to encode it as.
            ValueError: It holds what UTF-8 or JSON cannot encode.
        """
        ready = self._encode_text(chunk)
        return encode_item(chunk) + b"\n" if ready is None else ready

    def encode_chunk_inline(self, chunk: object) -> bytes | None:
        """Do the same in an event loop; ``None`` if the chunk may query."""
        ready = self._encode_text(chunk)
        if ready is not None:
            return ready
        encoded = encode_item_inline(chunk)
        return None if encoded is None else encoded + b"\n"

    def _make_headers(
        self, headers: Headers | None, media_type: str
    ) -> ResponseHeaders:
        return make_headers(headers, media_type)

    def _encode_text(self, chunk: object) -> bytes | None:
        """Encode what is text or bytes; ``None`` for what is to be JSON."""
        if isinstance(chunk, _TEXT):
            return encode_text(chunk)
        if self._encodes_json:
            return None
        if isinstance(chunk, Promise):
            return encode_text(chunk)
        raise TypeError(
            f"A chunk of a stream of type {self.headers['Content-Type']!r} must be "
            f"bytes or a str; got {type(chunk).__qualname__}. Encode it, or send the "
            "source by JSONStream, EventSourceResponse, or StreamingResponse with "
            'media_type="application/jsonl".'
        )

    async def _aencode(self, iterator: Any) -> AsyncGenerator[bytes, None]:
        async for chunk in iterator:
            encoded = self.encode_chunk_inline(chunk)
            if encoded is None:
                encoded = await sync_to_async(self.encode_chunk)(chunk)
            yield encoded

    def _sources(self) -> list[Any]:
        return self._wrapped


@lru_cache(maxsize=128)
def _is_json_lines(media_type: str) -> bool:
    """Tell whether what a stream of this media type yields is encoded as JSON."""
    essence = media_type.partition(";")[0].strip().lower()
    return is_json(media_type) or essence in (
        "application/jsonl",
        "application/x-ndjson",
    )


def _check_content(content: object) -> None:
    """
    Refuse what is easily mistaken for a source.

    Raises:
        TypeError: ``content`` is a function, a whole body, or not iterable.
    """
    name = getattr(content, "__qualname__", type(content).__qualname__)
    way_out = "Give a generator, an iterable, or an async one."
    if isinstance(content, type):
        way_out = f"Give an instance: {name}()."
    elif isinstance(content, str | Promise):
        way_out = "PlainText, HTML or Response send a text that is ready."
    elif isinstance(content, bytes | bytearray | memoryview):
        way_out = "Response sends bytes that are ready."
    elif isinstance(content, Mapping):
        way_out = "JSON sends a dict."
    elif hasattr(content, "__iter__") or hasattr(content, "__aiter__"):
        return
    elif inspect.iscoroutine(content):
        content.close()
        way_out = "Await it first."
    elif callable(content):
        way_out = f"Call the function: {name}()."
    raise TypeError(
        "The content of a stream must be an iterable of chunks, sync or async; got "
        f"{_kind(content)}. {way_out}"
    )


def _kind(content: object) -> str:
    if isinstance(content, type):
        return f"the class {content.__qualname__} itself"
    if inspect.isroutine(content):
        return f"the function {content.__qualname__} itself"
    return with_article(type(content).__qualname__)


def _open(content: Iterable[object]) -> Iterator[object]:
    """Open an iterable when its first chunk is asked for."""
    yield from content


def _close(content: Any) -> None:
    """Close a sync source, and log what its ``finally`` raises."""
    # The test client's wrapper closes the response when it has itself come to
    # its end: there is nothing to close, and it could not be.
    if getattr(content, "gi_running", False):
        return
    try:
        content.close()
    except Exception:
        log_failure(describe(content))


def is_closed_anywhere(closer: Callable[[], object]) -> bool:
    """Tell whether a closer of a stream with an async source may run in any thread."""
    if isinstance(closer, partial):
        return closer.func is _aclose_unstarted
    return isinstance(getattr(closer, "__self__", None), HttpRequest)


def _aclose_unstarted(response: StreamingResponse, content: Any) -> None:
    """Close an async source that was never run; else it has closed itself."""
    if response.has_started:
        return
    if inspect.isasyncgen(content):
        # One that has not started has nothing to wait for.
        with contextlib.suppress(StopIteration):
            content.aclose().send(None)
        return

    async def close() -> None:
        await content.aclose()

    try:
        async_to_sync(close)()
    except Exception:
        log_failure(describe(content))
