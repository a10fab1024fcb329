"""Files from the ASGI handler: what its server is sent, and which thread it takes."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Thread, current_thread
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt import FileResponse, delivery, pace
from django_bolt.exceptions import FileChanged
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.threads import POOL
from django_bolt.pace import LARGEST, SMALL
from tests.handlers.exchanges import Exchange, ask, site

CONTENT = os.urandom(64) * (3 * 1024 * 1024 // 64)


def idle_threads() -> set[Thread]:
    """Return the threads that wait for a request."""
    return {thread for executor in POOL._idle for thread in executor._threads}


class Looking(Exchange):
    """A client that looks at the threads while the body is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.idle: list[set[Thread]] = []

    async def send(self, message: Any) -> None:
        """Take a message of the handler, and look."""
        await super().send(message)
        self.idle.append(idle_threads())


@pytest.mark.django_db
@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_file_of_a_sync_view_holds_no_thread_while_it_is_sent(
    tmp_path: Path, size: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    threads: list[Thread] = []

    def view(request: HttpRequest) -> FileResponse:
        threads.append(current_thread())
        return FileResponse(path)

    client = Looking()
    with site(view, BOLT_ALLOWED_FILE_DIRS=None) as handler:
        asyncio.run(client.run(handler))

    assert client.body == bytes(size)
    assert all(threads[0] in idle for idle in client.idle)


@pytest.mark.django_db
def test_file_of_a_view_that_left_a_closer_keeps_its_thread(tmp_path: Path) -> None:
    """What it closes may belong to the thread that opened it."""
    path = tmp_path / "file"
    path.write_bytes(b"content")
    threads: list[Thread] = []

    def view(request: HttpRequest) -> FileResponse:
        threads.append(current_thread())
        response = FileResponse(path)
        response._resource_closers.append(lambda: threads.append(current_thread()))
        return response

    client = Looking()
    with site(view, BOLT_ALLOWED_FILE_DIRS=None) as handler:
        asyncio.run(client.run(handler))

    assert client.body == b"content"
    assert not any(threads[0] in idle for idle in client.idle)
    assert threads[0] is threads[1]


class Closing(FileResponse):
    """A file that notes where it is closed."""

    closed_in: Thread

    def close(self) -> None:
        """Close the file, in the thread that may have to."""
        self.closed_in = current_thread()
        super().close()


def close_alone(response: Any) -> None:
    """Give one response a ``close`` of its own."""
    close = response.close

    def note_and_close() -> None:
        response.closed_in = current_thread()
        close()

    response.close = note_and_close


@pytest.mark.django_db
@pytest.mark.parametrize("is_class", [True, False], ids=["class", "response"])
def test_file_whose_close_is_its_own_keeps_its_thread(
    tmp_path: Path, is_class: bool
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    threads: list[Thread] = []
    made: list[Any] = []

    def view(request: HttpRequest) -> FileResponse:
        threads.append(current_thread())
        made.append(Closing(path) if is_class else FileResponse(path))
        if not is_class:
            close_alone(made[0])
        return made[0]  # type: ignore[no-any-return]

    client = Looking()
    with site(view, BOLT_ALLOWED_FILE_DIRS=None) as handler:
        asyncio.run(client.run(handler))

    assert client.body == b"content"
    assert not any(threads[0] in idle for idle in client.idle)
    assert made[0].closed_in is threads[0]


@pytest.mark.django_db
def test_file_of_a_site_that_hears_of_the_end_keeps_its_thread(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    threads: list[Thread] = []

    def hear(**_: object) -> None:
        threads.append(current_thread())

    def view(request: HttpRequest) -> FileResponse:
        threads.append(current_thread())
        return FileResponse(path)

    request_finished.connect(hear)
    try:
        ask(view, settings={"BOLT_ALLOWED_FILE_DIRS": None})
    finally:
        request_finished.disconnect(hear)

    assert threads[0] is threads[1]


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is sent in the largest blocks at once."""
    monkeypatch.setattr(pace, "_GROWTH", 0)
    monkeypatch.setattr(delivery, "monotonic", lambda: 0.0)  # Nobody pauses.
    path = tmp_path / "large"
    path.write_bytes(CONTENT)
    return path


def ask_for(
    make: Callable[[], HttpResponseBase],
    handler_class: type[ASGIHandler] = BoltASGIHandler,
) -> Exchange:
    """Ask for what an async view makes."""

    async def view(request: HttpRequest) -> HttpResponseBase:
        return make()

    settings = {"BOLT_ALLOWED_FILE_DIRS": None}
    return ask(view, handler_class=handler_class, settings=settings)


def message_sizes(exchange: Exchange) -> list[int]:
    """Return how long each message is, up to the last one, which is empty."""
    *chunks, last = exchange.chunks
    assert last == b""
    more = [message.get("more_body", False) for message in exchange.sent[1:]]
    assert more == [True] * len(chunks) + [False]
    return [len(chunk) for chunk in chunks]


def test_file_is_sent_in_large_messages(large: Path) -> None:
    exchange = ask_for(lambda: FileResponse(large))

    assert exchange.body == CONTENT
    assert max(message_sizes(exchange)) == LARGEST


def test_file_is_sent_in_messages_as_large_as_a_handler_wants(large: Path) -> None:
    class Careful(BoltASGIHandler):
        chunk_size = 50_000

    exchange = ask_for(lambda: FileResponse(large), Careful)

    assert exchange.body == CONTENT
    assert max(message_sizes(exchange)) == 50_000


def test_file_is_sent_in_messages_of_64_kib_by_djangos_handler(
    large: Path, handler_class: type[ASGIHandler]
) -> None:
    """And by ours, where somebody stands in between."""

    class Counted(FileResponse):
        def __aiter__(self) -> AsyncIterator[bytes]:
            return super().__aiter__()

    exchange = ask_for(lambda: Counted(large), handler_class)

    assert exchange.body == CONTENT
    assert set(message_sizes(exchange)) == {SMALL}


def test_body_in_the_place_of_the_file_is_sent(large: Path) -> None:
    async def other() -> AsyncIterator[bytes]:
        yield b"other"

    def make() -> FileResponse:
        response = FileResponse(large)
        response.streaming_content = other()
        return response

    assert ask_for(make).body == b"other"


def test_file_that_shrinks_breaks_the_answer(large: Path) -> None:
    def make() -> FileResponse:
        response = FileResponse(large)
        made.append(response)
        response._body.open()
        os.truncate(large, len(CONTENT) // 2)
        return response

    made: list[FileResponse] = []

    with pytest.raises(FileChanged):
        ask_for(make)
    assert made[0].closed
    assert made[0]._body.open().closed


def test_client_that_leaves_ends_its_file(
    large: Path, handler_class: type[ASGIHandler]
) -> None:
    made: list[FileResponse] = []

    async def view(request: HttpRequest) -> FileResponse:
        made.append(FileResponse(large))
        return made[0]

    class Leaving(Exchange):
        async def send(self, message: Any) -> None:
            await super().send(message)
            if message["type"] == "http.response.body":
                self.leave()
                await asyncio.Event().wait()

    client = Leaving()
    with site(view, (), handler_class, BOLT_ALLOWED_FILE_DIRS=None) as handler:
        asyncio.run(client.run(handler))

    assert len(client.chunks) == 1
    assert made[0].closed
    assert made[0]._body.open().closed
