"""StreamingResponse: a body that is made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable

from django.http import StreamingHttpResponse

from django_bolt.responses.head import ChainingCookies, check_status, make_headers
from django_bolt.types import Headers


class StreamingResponse(ChainingCookies, StreamingHttpResponse):
    """
    A response whose chunks are sent as the source yields them.

    Args:
        content: An iterable or async iterable of ``bytes`` or ``str``.
        status_code: HTTP status code, 100 to 599.
        media_type: The Content-Type.
        headers: Extra header fields; a ``Content-Type`` in them wins.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: The status is none.
        BadHeaderError: A header would break the message.
    """

    def __init__(
        self,
        content: Iterable[object] | AsyncIterable[object],
        status_code: int = 200,
        media_type: str = "application/octet-stream",
        headers: Headers | None = None,
    ) -> None:
        super().__init__(
            content,
            status=check_status(status_code),
            headers=make_headers(headers, media_type),
        )
