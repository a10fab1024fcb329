"""Send our streams to an ASGI server, with nothing between the body and it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeGuard

from django.http.response import HttpResponseBase

from django_bolt.handlers.sending import encode_headers
from django_bolt.handlers.types import Message, Send
from django_bolt.responses.body import StreamBody


def sends_itself(response: HttpResponseBase) -> TypeGuard[StreamBody]:
    """Tell whether a response is a stream of ours, iterated as we do it."""
    return (
        isinstance(response, StreamBody)
        and getattr(type(response), "__aiter__", None) is StreamBody.__aiter__
    )


def send_stream(
    response: StreamBody, send: Send, most: int
) -> Coroutine[Any, Any, None]:
    """
    Send a stream as Django does, which asks an iterator for each part.

    Args:
        response: One that ``sends_itself``.
        send: The server's.
        most: Bytes that one message holds at most.
    """
    start = {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": encode_headers(response),
    }
    delivery = response.open_delivery()
    if delivery is None:
        return _send_head(send, start)
    return delivery.send_to(send, most, start)


async def _send_head(send: Send, start: Message) -> None:
    await send(start)
    await send({"type": "http.response.body"})
