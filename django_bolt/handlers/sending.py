"""Send what is in memory to an ASGI server."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.http.response import HttpResponseBase, ResponseHeaders

from django_bolt.handlers.types import Send
from django_bolt.pace import SMALL
from django_bolt.responses.head import PartsOnDemand

AT_ONCE = 2 * SMALL
"""
Bytes of a body that is sent in one message.

Whoever stops reading has as much in the server's memory with two small blocks,
which every server takes in.
"""


@lru_cache(maxsize=1024)
def _encode_name(name: str) -> bytes:
    return name.encode("ascii")


def encode_headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    """
    Return the header fields of a response as ASGI has them.

    Names keep their case: some clients want ``Content-Type`` so.
    """
    fields = [
        (
            _encode_name(name) if isinstance(name, str) else bytes(name),
            value.encode("latin1") if isinstance(value, str) else bytes(value),
        )
        for name, value in _find_items(response)
    ]
    if has_cookies(response):
        for cookie in response.cookies.values():
            fields.append((b"Set-Cookie", cookie.OutputString().encode("ascii")))
    return fields


def has_cookies(response: HttpResponseBase) -> bool:
    """Tell whether a response may have cookies; asking ours for them makes a jar."""
    # A lazy object has neither the class nor the dict of its response.
    return (
        "cookies" in vars(response)
        or getattr(type(response), "cookies", None) is not _LAZY_COOKIES
    )


_LAZY_COOKIES = vars(PartsOnDemand)["cookies"]


def _find_items(response: Any) -> Iterable[tuple[Any, Any]]:
    headers = response.headers
    if (
        type(headers) is ResponseHeaders
        and getattr(type(response), "items", None) is HttpResponseBase.items
    ):
        # What items() would yield, of which each is looked up by name again.
        return headers._store.values()
    return response.items()  # type: ignore[no-any-return]


async def send_content(response: Any, send: Send, chunk_size: int) -> None:
    """
    Send a response that is in memory.

    Args:
        response: An ``HttpResponse``.
        send: The server's.
        chunk_size: Bytes that one message holds at most. Where that is what Django
            has, a body that is not much larger is sent at once.
    """
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": encode_headers(response),
        }
    )
    content = response.content
    if chunk_size == ASGIHandler.chunk_size and len(content) <= AT_ONCE:
        chunk_size = AT_ONCE
    start = 0
    while len(content) - start > chunk_size:
        stop = start + chunk_size
        body = content[start:stop]
        await send({"type": "http.response.body", "body": body, "more_body": True})
        start = stop
    body = content[start:] if start else content
    await send({"type": "http.response.body", "body": body, "more_body": False})
