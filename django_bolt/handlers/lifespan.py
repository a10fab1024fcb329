"""Answer a server that tells when it starts and when it stops."""

from __future__ import annotations

import gc

from django_bolt.handlers.types import Receive, Send
from django_bolt.shutdown import Closing, closing


async def answer_lifespan(
    receive: Receive, send: Send, told: Closing | None = None
) -> None:
    """
    Say that the application has started, and at the end that it has stopped.

    Args:
        receive: The server's.
        send: The server's.
        told: What open streams listen to, set before the end is confirmed;
            ``None`` is that of this process. A server that waits for its
            responses first asks too late; there the signals are watched.

    Spec: ASGI, "Lifespan Protocol".
    """
    told = told or closing
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            told.begin()
            # What was made until now stays: it need not be looked at again by
            # each collection, which takes a tenth of the time of a request.
            gc.collect()
            gc.freeze()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            told.set()
            await send({"type": "lifespan.shutdown.complete"})
            return
