"""EventSourceResponse: an event stream that proxies, gzip and deploys leave whole."""

from __future__ import annotations

import random
from collections.abc import AsyncIterable, Iterable, Mapping
from functools import lru_cache

from django.http.response import ResponseHeaders
from msgspec import UNSET, UnsetType

from django_bolt.conf import conf
from django_bolt.encoding import encode_item, encode_item_inline
from django_bolt.keepalive import Plan
from django_bolt.responses.head import check_seconds, make_headers
from django_bolt.responses.streaming import StreamingResponse, is_closed_anywhere
from django_bolt.types import Headers
from django_bolt.wire.sse import (
    ServerSentEvent,
    format_event,
    format_sse_event,
    frame_data,
)

EARLIEST_RETRY = 1000
"""Milliseconds that a client waits at least when the server stops."""

_DEFAULTS = {
    "Cache-Control": "no-cache",
    # nginx, and what follows it, passes each event on at once.
    "X-Accel-Buffering": "no",
    # Keeps compression middleware away, and is not sent.
    "Content-Encoding": "identity",
}
_MEDIA_TYPE = "text/event-stream"
_DEFAULT_HEADERS = make_headers(_DEFAULTS, _MEDIA_TYPE)
# Made once: a union written in a function is made at each call.
_FRAMED = (bytes, bytearray, memoryview)
# What is plainly data, without a question to the class of events, which is slow.
_DATA = frozenset({dict, list, tuple, str, int, float, bool, type(None)})
_OURS = ("content-type", "content-length", "connection", "transfer-encoding")


class EventSourceResponse(StreamingResponse):
    """
    A stream of server-sent events, each sent when the source yields it.

    Compression middleware leaves it alone. Silence is broken by comments, which
    tell proxies that the connection lives, and us that the client does. When
    the server is told to stop, the stream ends, and its client is told when to
    come back.

    Args:
        content: A generator, iterator or iterable, sync or async. It yields
            ``ServerSentEvent``; or bytes that ``format_sse_event`` has framed;
            or anything else, ``str`` and ``None`` included, which becomes the
            data of an event, encoded as JSON.
        status_code: HTTP status code. 204 tells a client to stay away.
        headers: Extra header fields. They may override ``Cache-Control`` and
            ``X-Accel-Buffering``.
        ping_interval: Seconds of silence on the wire after which a comment is
            sent; ``None`` sends none. By default ``BOLT_SSE_PING_INTERVAL``.
        max_age: Seconds after which the stream ends and the client reconnects,
            or up to a fifth earlier; ``None`` for no end. By default
            ``BOLT_SSE_MAX_AGE``.
        send_timeout: As for ``StreamingResponse``.
        release_connections: As for ``StreamingResponse``.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The status is none; a number of seconds is not above zero
            and finite; ``headers`` holds what is not the caller's to say.
        BadHeaderError: A header would break the message.

    Spec: WHATWG HTML, "Server-sent events".
    """

    def __init__(
        self,
        content: Iterable[object] | AsyncIterable[object],
        status_code: int = 200,
        headers: Headers | None = None,
        ping_interval: float | UnsetType | None = UNSET,
        *,
        max_age: float | UnsetType | None = UNSET,
        send_timeout: float | UnsetType | None = UNSET,
        release_connections: bool | UnsetType = UNSET,
    ) -> None:
        self.ping_interval = check_seconds("ping_interval", ping_interval)
        self.max_age = check_seconds("max_age", max_age)
        super().__init__(
            content,
            status_code,
            _MEDIA_TYPE,
            _add_defaults(headers),
            send_timeout=send_timeout,
            release_connections=release_connections,
        )

    def encode_chunk(self, chunk: object) -> bytes:
        """
        Frame what the source yields.

        Raises:
            TypeError: It has no JSON form.
            ValueError: It is an event without a field, or holds what UTF-8 or
                JSON cannot encode.
        """
        framed = self.encode_chunk_inline(chunk)
        if framed is not None:
            return framed
        if isinstance(chunk, ServerSentEvent):
            return format_event(chunk, encode_item(chunk.data))
        return frame_data(encode_item(chunk))

    def encode_chunk_inline(self, chunk: object) -> bytes | None:
        """Do the same in an event loop; ``None`` if the chunk may query."""
        if type(chunk) not in _DATA:
            if isinstance(chunk, _FRAMED):
                return bytes(chunk)
            if isinstance(chunk, ServerSentEvent):
                if chunk.data is None:
                    return format_event(chunk, None)
                data = encode_item_inline(chunk.data)
                return None if data is None else format_event(chunk, data)
        data = encode_item_inline(chunk)
        return None if data is None else frame_data(data)

    def _make_headers(
        self, headers: Headers | None, media_type: str
    ) -> ResponseHeaders:
        if headers is not _DEFAULTS:
            return super()._make_headers(headers, media_type)
        # Names and values that ten thousand streams share.
        made = ResponseHeaders({})
        made._store = _DEFAULT_HEADERS._store.copy()
        return made

    def _needs_no_thread(self) -> bool:
        # Of thousands that are silent, none shall hold a thread. What somebody else
        # has put among the closers may belong to the thread that it was made in.
        return all(map(is_closed_anywhere, self._resource_closers))

    def _plan(self) -> Plan:
        interval, max_age = self.ping_interval, self.max_age
        if isinstance(interval, UnsetType):
            interval = conf.sse_ping_interval
        if isinstance(max_age, UnsetType):
            max_age = conf.sse_max_age
        return _make_plan(interval, conf.sse_ping_comment, max_age)


@lru_cache(maxsize=16)
def _make_plan(interval: float | None, comment: str, max_age: float | None) -> Plan:
    """Return the plan of all streams that are pinged and end alike."""
    ping = b"" if interval is None else format_sse_event(comment=comment)
    return Plan(interval, ping, max_age, _make_farewell)


def _add_defaults(headers: Headers | None) -> Headers:
    if headers is None:
        return _DEFAULTS
    # Neither the mapping nor its names have been checked yet.
    given: object = headers
    if not isinstance(given, Mapping):
        return headers
    for name in given:
        if str(name).lower() in _OURS:
            raise ValueError(
                f"The headers of an event stream must not contain {name!r}: its type "
                "is text/event-stream, and how it is sent is the server's to say."
            )
    # A name given in another case wins all the same: Django's mapping, which
    # is made from this one, knows no case and keeps the last.
    return {**_DEFAULTS, **headers}


def _make_farewell() -> bytes:
    """Tell a client when to come back: each at a time of its own."""
    spread = conf.sse_reconnect_spread
    if spread is None:
        return b""
    latest = max(EARLIEST_RETRY, round(spread * 1000))
    return format_sse_event(retry=random.randint(EARLIEST_RETRY, latest))
