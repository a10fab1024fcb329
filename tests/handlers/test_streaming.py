"""A stream of ours, from its body to the server's ``send``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from django_bolt import EventSourceResponse, StreamingResponse
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.threads import Lease
from django_bolt.responses.body import StreamBody
from tests.handlers.exchanges import DjangosHandler, Exchange, ask, site

pytestmark = pytest.mark.django_db


async def count(*chunks: bytes) -> AsyncIterator[bytes]:
    """Yield each chunk, and wait after it."""
    for chunk in chunks:
        yield chunk
        await asyncio.sleep(0)


def count_in_thread(*chunks: bytes) -> Iterator[bytes]:
    """Yield each chunk."""
    yield from chunks


async def events() -> AsyncIterator[dict[str, int]]:
    """Yield two events, and wait after each."""
    for number in range(2):
        yield {"count": number}
        await asyncio.sleep(0)


LARGE = bytes(150_000)

RESPONSES: dict[str, Callable[[], HttpResponseBase]] = {
    "async source": lambda: StreamingResponse(count(b"1", b"2"), 201),
    "sync source": lambda: StreamingResponse(count_in_thread(b"1")),
    "events": lambda: EventSourceResponse(events()),
    "no pings": lambda: EventSourceResponse(events(), ping_interval=None),
    "no chunk": lambda: StreamingResponse(count()),
    "no body": lambda: StreamingResponse(count(b"1"), 204),
    "large chunk": lambda: StreamingResponse(count(b"1", LARGE)),
    "cookie": lambda: StreamingResponse(count(b"1")).set_cookie("name", "value"),
}


@pytest.mark.parametrize("make", RESPONSES.values(), ids=RESPONSES)
def test_a_stream_is_sent_in_the_messages_of_djangos_handler(
    make: Callable[[], HttpResponseBase],
) -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return make()

    ours = ask(view)
    djangos = ask(view, handler_class=DjangosHandler)

    # Both leave out what is the default where they like to.
    assert [{"more_body": False, **message} for message in ours.sent] == [
        {"more_body": False, **message} for message in djangos.sent
    ]


def test_no_message_is_larger_than_the_handler_says(
    handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingResponse(count(b"12345"))

    monkeypatch.setattr(handler_class, "chunk_size", 2)

    assert ask(view, handler_class=handler_class).chunks == [b"12", b"34", b"5", b""]


class Capitals(StreamingResponse):
    """A stream that is iterated in a way of its own."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in super().__aiter__():
            yield part.upper()


def test_a_class_that_iterates_otherwise_is_iterated_so() -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return Capitals(count(b"a", b"b"))

    assert ask(view).chunks == [b"A", b"B", b""]


def wrap_content(get_response: Any) -> Any:
    """Return middleware that wraps the content of a stream."""

    async def capitals(content: Any) -> AsyncIterator[bytes]:
        async for chunk in content:
            yield chunk.upper()

    async def middleware(request: HttpRequest) -> Any:
        response = await get_response(request)
        response.streaming_content = capitals(response.streaming_content)
        return response

    return middleware


wrap_content.async_capable = True  # type: ignore[attr-defined]
wrap_content.sync_capable = False  # type: ignore[attr-defined]


def test_what_middleware_has_wrapped_is_sent(handler_class: type[ASGIHandler]) -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingResponse(count(b"a", b"b"))

    exchange = ask(
        view, handler_class=handler_class, middleware=[f"{__name__}.wrap_content"]
    )

    assert exchange.body == b"AB"


class Sent:
    """Something awaitable that is no coroutine, as granian has it."""

    def __init__(self, sending: Any) -> None:
        self.sending = sending

    def __await__(self) -> Any:
        return (yield from self.sending.__await__())


@pytest.mark.parametrize("size", [1, 70_000])
def test_a_server_may_return_any_awaitable(size: int) -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingResponse(count(bytes(size)))

    class Server(Exchange):
        def send(self, message: Any) -> Any:
            return Sent(super().send(message))

    async def main() -> Exchange:
        server = Server()
        await server.run(handler)
        return server

    with site(view) as handler:
        assert asyncio.run(main()).body == bytes(size)


def test_a_part_that_waits_for_its_client_holds_the_source_back() -> None:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingResponse(source())

    counted: list[bytes] = []

    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"1", b"2"):
            counted.append(chunk)
            yield chunk
            await asyncio.sleep(0)

    class Server(Exchange):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message.get("body") == b"1":
                for _ in range(5):
                    await asyncio.sleep(0)
                assert counted == [b"1"]

    async def main() -> Exchange:
        server = Server()
        await server.run(handler)
        return server

    with site(view) as handler:
        assert asyncio.run(main()).chunks == [b"1", b"2", b""]


@pytest.fixture
def borrowed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Note what is run in a thread of ours."""
    calls: list[object] = []
    submit = Lease.submit

    def note(self: Lease, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        calls.append(function)
        return submit(self, function, *args, **kwargs)

    monkeypatch.setattr(Lease, "submit", note)
    return calls


def test_a_request_without_a_thread_needs_none_to_give_connections_back(
    borrowed: list[object],
) -> None:
    counts: list[int] = []

    async def source() -> AsyncIterator[bytes]:
        counts.append(len(borrowed))
        yield b"1"

    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingResponse(source())

    assert ask(view).body == b"1"
    assert counts == [0]


def test_a_connection_that_a_view_has_opened_is_given_back_first() -> None:
    states: list[bool] = []

    def is_open() -> bool:
        return connection.connection is not None

    async def source() -> AsyncIterator[bytes]:
        states.append(await sync_to_async(is_open)())
        yield b"1"

    def view(request: HttpRequest) -> HttpResponseBase:
        connection.ensure_connection()
        states.append(is_open())
        return StreamingResponse(source())

    assert ask(view).body == b"1"
    assert states == [True, False]


def test_djangos_streams_are_left_to_django(
    handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(response: object) -> None:
        raise AssertionError

    async def view(request: HttpRequest) -> HttpResponseBase:
        return StreamingHttpResponse(count(b"a"))

    monkeypatch.setattr(StreamBody, "open_delivery", refuse)

    assert ask(view, handler_class=handler_class).chunks == [b"a", b""]


def test_a_stream_of_ours_needs_no_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    send_response = ASGIHandler.send_response

    async def note(self: Any, response: Any, send: Any) -> None:
        asked.append(response)
        await send_response(self, response, send)

    async def view(request: HttpRequest) -> HttpResponseBase:
        return EventSourceResponse(events())

    monkeypatch.setattr(ASGIHandler, "send_response", note)

    exchange = ask(view, handler_class=BoltASGIHandler)

    assert exchange.body == b'data: {"count":0}\n\ndata: {"count":1}\n\n'
    assert asked == []
