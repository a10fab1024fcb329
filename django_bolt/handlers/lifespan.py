"""Answer a server that tells when it starts and when it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django_bolt.shutdown import Closing, closing

Message = MutableMapping[str, Any]


async def answer_lifespan(
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
    closing: Closing = closing,
) -> None:
    """
    Say that the application has started, and at the end that it has stopped.

    Args:
        receive: The server's.
        send: The server's.
        closing: Told before the end is confirmed, so that open streams end. A
            server that waits for its responses first never says so; for those
            the signals are watched.

    Spec: ASGI, "Lifespan Protocol".
    """
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            closing.set()
            await send({"type": "lifespan.shutdown.complete"})
            return
