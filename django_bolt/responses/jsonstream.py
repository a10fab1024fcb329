"""JSONStream: a JSON array that is sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from msgspec import UNSET, UnsetType

from django_bolt.encoding import encode_item, encode_item_inline
from django_bolt.responses.streaming import StreamingResponse
from django_bolt.types import Headers


class JSONStream(StreamingResponse):
    """
    A response whose body is one JSON array, of what the source yields.

    It is never held in memory. A source that fails leaves the array without its
    end, which no parser takes for a short array.

    Args:
        rows: A generator, iterator or iterable, sync or async, of values that
            ``JSON`` takes: ``queryset.values().iterator()``.
        status_code: HTTP status code.
        headers: Extra header fields.
        send_timeout: As for ``StreamingResponse``.
        release_connections: As for ``StreamingResponse``.

    Raises:
        TypeError: An argument has the wrong type; in mid-stream, a row.
        ValueError: The status is none.
        BadHeaderError: A header would break the message.

    Spec: RFC 8259 §5.
    """

    def __init__(
        self,
        rows: Iterable[object] | AsyncIterable[object],
        status_code: int = 200,
        headers: Headers | None = None,
        *,
        send_timeout: float | UnsetType | None = UNSET,
        release_connections: bool | UnsetType = UNSET,
    ) -> None:
        super().__init__(
            rows,
            status_code,
            "application/json",
            headers,
            send_timeout=send_timeout,
            release_connections=release_connections,
        )
        frame = _aframe if self.is_async else _frame
        self.streaming_content = frame(self._iterator)


_OPEN, _BETWEEN = b"[", b",\n"


def _frame(rows: Any) -> Iterator[bytes]:
    before = _OPEN
    for row in rows:
        yield before + encode_item(row)
        before = _BETWEEN
    yield _end(before)


async def _aframe(rows: Any) -> AsyncGenerator[bytes, None]:
    before = _OPEN
    async for row in rows:
        encoded = encode_item_inline(row)
        if encoded is None:
            encoded = await sync_to_async(encode_item)(row)
        yield before + encoded
        before = _BETWEEN
    yield _end(before)


def _end(before: bytes) -> bytes:
    return b"]" if before is _BETWEEN else b"[]"
