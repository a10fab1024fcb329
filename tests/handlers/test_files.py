"""Files from the ASGI handler: what its server is sent, and which thread it takes."""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from threading import Thread, current_thread
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt import FileResponse, blocks, delivery, pace
from django_bolt.exceptions import FileChanged
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.sending import AT_ONCE
from django_bolt.handlers.threads import POOL
from django_bolt.pace import LARGEST, SMALL
from tests.handlers.exchanges import Exchange, ask, site
from tests.readers import NOWAIT, have_all_cached, is_open

CONTENT = os.urandom(64) * (3 * 1024 * 1024 // 64)


def idle_threads() -> set[Thread]:
    """Return the threads that wait for a request."""
    return {worker.thread for worker in POOL._idle}


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


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the largest of the files that are sent at once, in the page cache."""
    have_all_cached(monkeypatch)
    path = tmp_path / "small"
    path.write_bytes(CONTENT[:AT_ONCE])
    return path


def request(
    path: Path,
    handler_class: type[ASGIHandler] = BoltASGIHandler,
    *,
    response_class: type[FileResponse] = FileResponse,
    made: list[FileResponse] | None = None,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Exchange:
    """Ask an async view for a file."""

    async def view(request: HttpRequest) -> FileResponse:
        response = response_class(path)
        if made is not None:
            made.append(response)
        return response

    return ask(
        view,
        handler_class=handler_class,
        middleware=["django_bolt.middleware.BoltMiddleware"],
        settings={"BOLT_ALLOWED_FILE_DIRS": None} | (settings or {}),
        **options,
    )


def is_at_once(exchange: Exchange) -> bool:
    """Tell whether the body came in one message."""
    return [message.get("more_body", False) for message in exchange.sent[1:]] == [False]


@pytest.mark.parametrize("size", [0, 1, AT_ONCE])
def test_small_file_is_sent_in_one_message(small: Path, size: int) -> None:
    os.truncate(small, size)
    made: list[FileResponse] = []

    exchange = request(small, made=made)

    assert is_at_once(exchange)
    assert exchange.body == CONTENT[:size]
    assert exchange.headers["content-length"] == str(size)
    assert made[0].closed
    assert not is_open(small)


def test_small_part_of_a_large_file_is_sent_in_one_message(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_all_cached(monkeypatch)

    exchange = request(large, headers={"range": "bytes=1000000-1000099"})

    assert is_at_once(exchange)
    assert (exchange.status, exchange.body) == (206, CONTENT[1_000_000:1_000_100])


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [("HEAD", {}, 200), ("GET", {"if-none-match": "*"}, 304)],
)
def test_answer_without_content_is_sent_in_one_message(
    large: Path, method: str, headers: dict[str, str], status: int
) -> None:
    exchange = request(large, method=method, headers=headers)

    assert is_at_once(exchange)
    assert (exchange.status, exchange.body) == (status, b"")


def test_open_file_is_closed_where_nothing_of_it_is_sent(small: Path) -> None:
    with small.open("rb") as file:

        async def view(request: HttpRequest) -> FileResponse:
            return FileResponse(file)

        bolt = "django_bolt.middleware.BoltMiddleware"
        exchange = ask(view, method="HEAD", middleware=[bolt])

        assert exchange.body == b""
        assert file.closed


def test_several_ranges_are_sent_block_by_block(small: Path) -> None:
    exchange = request(small, headers={"range": "bytes=0-9,20-29"})

    assert not is_at_once(exchange)
    assert CONTENT[20:30] in exchange.body


def test_file_that_is_larger_is_sent_block_by_block(small: Path) -> None:
    with small.open("ab") as file:
        file.write(b"x")

    exchange = request(small)

    assert message_sizes(exchange) == [SMALL, SMALL, 1]
    assert exchange.body == CONTENT[:AT_ONCE] + b"x"


def test_small_file_whose_client_may_be_given_up_is_sent_block_by_block(
    small: Path,
) -> None:
    exchange = request(small, settings={"BOLT_STREAM_SEND_TIMEOUT": 60})

    assert message_sizes(exchange) == [SMALL, SMALL]
    assert exchange.body == CONTENT[:AT_ONCE]


def test_small_file_is_sent_as_a_handler_wants(small: Path) -> None:
    class Careful(BoltASGIHandler):
        chunk_size = 50_000

    exchange = request(small, Careful)

    assert exchange.body == CONTENT[:AT_ONCE]
    assert max(message_sizes(exchange)) == 50_000


def test_small_file_of_another_class_is_sent_as_that_wants(small: Path) -> None:
    class Counted(FileResponse):
        async def iterate(self, size: int) -> AsyncGenerator[bytes, None]:
            yield b"own"

    assert request(small, response_class=Counted).body == b"own"


@pytest.mark.parametrize("is_in_part", [False, True])
def test_small_file_that_is_not_in_memory_is_read_elsewhere(
    small: Path, monkeypatch: pytest.MonkeyPatch, is_in_part: bool
) -> None:
    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        if is_in_part and position == 0:
            return os.preadv(descriptor, [buffers[0][:10]], position)
        raise BlockingIOError(errno.EAGAIN, "It is not there.")

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(blocks, "_NOWAIT", NOWAIT)

    exchange = request(small)

    assert not is_at_once(exchange)
    assert exchange.body == CONTENT[:AT_ONCE]


def test_small_file_that_was_replaced_breaks_the_answer(small: Path) -> None:
    class Replaced(list[FileResponse]):
        def append(self, response: FileResponse) -> None:
            super().append(response)
            small.with_name("other").write_bytes(b"other")
            small.with_name("other").replace(small)

    made = Replaced()

    with pytest.raises(FileChanged):
        request(small, made=made)
    assert made[0].closed


def test_content_that_somebody_has_changed_is_no_file(small: Path) -> None:
    class Changing(list[FileResponse]):
        def append(self, response: FileResponse) -> None:
            response.streaming_content = [b"other"]

    assert request(small, made=Changing()).body == b"other"


def test_small_file_whose_closers_somebody_took_is_sent(small: Path) -> None:
    class Taking(list[FileResponse]):
        def append(self, response: FileResponse) -> None:
            response._resource_closers.clear()

    assert request(small, made=Taking()).body == CONTENT[:AT_ONCE]
