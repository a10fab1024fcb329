"""
Requests in a loop of their own, as a server would have it.

``tests.worlds`` asks from a sync caller, whose thread Django then uses for sync
code; here a handler has to find its threads itself.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

from django_bolt.handlers.asgi import BoltASGIHandler
from tests.worlds import DEADLINE, View, only_url


class DjangosHandler(ASGIHandler):
    """
    Django's own handler, whose bodies the tests close.

    Django 6.0 and older leave that of a request that fails to the garbage
    collector, of which Python warns.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Any] = []

    async def read_body(self, receive: Any) -> Any:
        """Return the body, and keep it."""
        body = await super().read_body(receive)
        self.bodies.append(body)
        return body


HANDLERS = {"django": DjangosHandler, "bolt": BoltASGIHandler}
"""What holds for one must hold for the other."""

Message = dict[str, Any]


class Exchange:
    """
    One request and what is sent in return.

    Args:
        path: What is asked, with a query.
        method: The method.
        headers: Header fields.
        body: Pieces of the body, a message each.
        scope: More of the connection's scope.
        kind: The type of the scope.
    """

    def __init__(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Sequence[bytes] = (b"",),
        scope: Mapping[str, Any] | None = None,
        kind: str = "http",
    ) -> None:
        target, _, query = path.partition("?")
        fields = {"host": "testserver", **(headers or {})}
        self.scope: dict[str, Any] = {
            "type": kind,
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": target,
            "query_string": query.encode("latin-1"),
            "headers": [(n.encode(), v.encode("latin-1")) for n, v in fields.items()],
            **(scope or {}),
        }
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.has_sent = asyncio.Event()
        self._body = body

    def leave(self) -> None:
        """Let the client go."""
        self.incoming.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        """Give the handler a message of the server."""
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        """Take a message of the handler."""
        self.sent.append(message)
        self.has_sent.set()

    async def run(self, handler: Any) -> None:
        """Have the request answered."""
        for index, piece in enumerate(self._body):
            more = index + 1 < len(self._body)
            self.incoming.put_nowait(
                {"type": "http.request", "body": piece, "more_body": more}
            )
        await asyncio.wait_for(handler(self.scope, self.receive, self.send), DEADLINE)

    @property
    def status(self) -> int:
        """The status code."""
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        """The header fields, with names in lower case."""
        return {
            name.decode().lower(): value.decode("latin-1")
            for name, value in self.sent[0]["headers"]
        }

    @property
    def chunks(self) -> list[bytes]:
        """The body, message by message."""
        return [message.get("body", b"") for message in self.sent[1:]]

    @property
    def body(self) -> bytes:
        """The body."""
        return b"".join(self.chunks)


@contextlib.contextmanager
def site(
    view: View,
    middleware: Sequence[str] = (),
    handler_class: type[ASGIHandler] = BoltASGIHandler,
    **settings: Any,
) -> Iterator[ASGIHandler]:
    """Yield a handler of a site that has one view, for every path."""
    defaults = {"ROOT_URLCONF": only_url(view), "MIDDLEWARE": list(middleware)}
    with override_settings(**(defaults | settings)):
        handler = handler_class()
        try:
            yield handler
        finally:
            for body in getattr(handler, "bodies", ()):
                body.close()


def ask(
    view: View,
    path: str = "/",
    *,
    middleware: Sequence[str] = (),
    handler_class: type[ASGIHandler] = BoltASGIHandler,
    settings: Mapping[str, Any] | None = None,
    **options: Any,
) -> Exchange:
    """Return the exchange of one request, when it is over."""

    async def main() -> Exchange:
        exchange = Exchange(path, **options)
        await exchange.run(handler)
        return exchange

    with site(view, middleware, handler_class, **(settings or {})) as handler:
        return asyncio.run(main())


def lead(
    view: View,
    client: Callable[[Exchange], Any],
    *,
    handler_class: type[ASGIHandler] = BoltASGIHandler,
    middleware: Sequence[str] = (),
    **options: Any,
) -> Exchange:
    """Return the exchange of a request whose client does something meanwhile."""

    async def main() -> Exchange:
        exchange = Exchange("/", **options)
        await asyncio.gather(exchange.run(handler), client(exchange))
        return exchange

    with site(view, middleware, handler_class) as handler:
        return asyncio.run(main())
