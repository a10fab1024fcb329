"""
One request to an ASGI handler, with a client that the test plays.

What is sent can be held, as a server does whose client does not read, and the
client can leave. Everything is waited for by events, up to a deadline.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

from tests.worlds import View, only_url

DEADLINE = 10.0

handler_class: type[ASGIHandler] = ASGIHandler
"""Who answers; see the fixture ``each_handler``."""


class Exchange:
    """
    An ASGI exchange as a server would have it.

    Args:
        method: The request's method.
        headers: The request's headers.
    """

    def __init__(self, method: str, headers: dict[str, str]) -> None:
        self.method = method
        self.headers = headers
        self.messages: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.left = asyncio.Event()
        self.blocked = asyncio.Event()
        self._changed = asyncio.Event()
        self._asked = False
        self.task: asyncio.Task[None]

    @property
    def body(self) -> bytes:
        """What has been sent so far."""
        return b"".join(message.get("body", b"") for message in self.messages)

    @property
    def is_complete(self) -> bool:
        """Whether the body has had its proper end."""
        return bool(self.messages) and not self.messages[-1].get("more_body", True)

    async def arrived(self, content: bytes) -> None:
        """Wait until ``content`` has been sent."""
        while content not in self.body:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), DEADLINE)

    async def finished(self) -> None:
        """Wait for the handler, and raise what it raised."""
        await asyncio.wait_for(asyncio.shield(self.task), DEADLINE)

    async def receive(self) -> dict[str, Any]:
        """Give the handler the request, and then nothing until the client leaves."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message from the handler."""
        if not self.reads.is_set() and message["type"] == "http.response.body":
            self.blocked.set()
            await self.reads.wait()
        # ``more_body`` is False by default; on the start there is none.
        if message["type"] == "http.response.body":
            message.setdefault("more_body", False)
        self.messages.append(message)
        self._changed.set()


Play = Callable[[Exchange], Coroutine[Any, Any, None]]


def play(
    view: View,
    script: Play,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
) -> Exchange:
    """Answer a request by a view, while ``script`` plays the client."""

    async def main() -> Exchange:
        async with exchange(view, method, headers or {}) as client:
            await asyncio.wait_for(script(client), DEADLINE)
        return client

    return asyncio.run(main())


@contextlib.asynccontextmanager
async def exchange(
    view: View, method: str, headers: dict[str, str]
) -> AsyncIterator[Exchange]:
    """Run the handler in a task of its own, and leave at the end."""
    client = Exchange(method, headers)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"Host": "testserver", **headers}.items()
        ],
    }
    with override_settings(ROOT_URLCONF=only_url(view)):
        handler: Callable[..., Awaitable[None]] = handler_class()
        client.task = asyncio.ensure_future(handler(scope, client.receive, client.send))
        try:
            yield client
        finally:
            client.reads.set()
            client.left.set()
            with contextlib.suppress(Exception):
                await client.finished()
