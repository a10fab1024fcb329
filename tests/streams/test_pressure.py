"""How far a source runs ahead of a client, and what happens to one that stalls."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import RequestAborted
from django.http import HttpRequest
from django.test import override_settings

from django_bolt import FileResponse, StreamingResponse
from django_bolt.streams.buffer import MAX_BYTES, MAX_CHUNKS
from django_bolt.streams.producers import AsyncSource
from django_bolt.streams.wsgi import LoopHelper, parts
from tests.streams.exchange import DEADLINE, Exchange, play

# A request ends with a look at its connections.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_handler")]

Counts = list[int]


def endless(size: int, counts: Counts) -> Iterator[bytes]:
    """Count what is asked for."""
    while True:
        counts.append(size)
        yield bytes(size)


async def aendless(size: int, counts: Counts) -> AsyncIterator[bytes]:
    """Count what is asked for."""
    while True:
        counts.append(size)
        yield bytes(size)


async def until_steady(counts: Counts) -> None:
    """Wait until a source has stopped; a thread needs a moment for that."""
    before = -1
    while before != len(counts):
        before = len(counts)
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("source", [endless, aendless])
@pytest.mark.parametrize("size", [1, 64, 4096, 1_000_000])
def test_a_source_is_ahead_of_a_blocked_client_by_a_bound_only(
    source: Callable[[int, Counts], Any], size: int
) -> None:
    counts: Counts = []
    ahead: list[int] = []

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        await until_steady(counts)
        ahead.append(len(counts))

    play(lambda request: StreamingResponse(source(size, counts)), script)

    assert 1 <= ahead[0] <= MAX_CHUNKS
    assert ahead[0] * size < MAX_BYTES + size


def test_a_source_that_waits_is_not_ahead_of_the_wire() -> None:
    """It goes on when what it has yielded was taken."""
    counts: Counts = []
    ahead: list[int] = []

    async def source() -> AsyncIterator[bytes]:
        while True:
            counts.append(1)
            yield b"x"
            await asyncio.sleep(0)

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        await until_steady(counts)
        ahead.append(len(counts))

    play(lambda request: StreamingResponse(source()), script)

    assert ahead == [1]


def test_a_sync_source_that_waits_is_at_most_one_chunk_ahead_of_the_wire() -> None:
    counts: Counts = []
    ahead: list[int] = []
    tick = threading.Event()

    def source() -> Iterator[bytes]:
        while True:
            counts.append(1)
            yield b"x"
            tick.wait(0.01)

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        await until_steady(counts)
        ahead.append(len(counts))

    play(lambda request: StreamingResponse(source()), script)

    assert ahead == [2]


def test_an_async_source_under_wsgi_waits_for_the_server() -> None:
    counts: Counts = []
    response = StreamingResponse(aendless(4096, counts))
    body = iter(response)

    next(body)
    asyncio.run(until_steady(counts))
    ahead = len(counts)
    response.close()

    assert ahead * 4096 <= MAX_BYTES + 4096


def test_an_async_source_under_wsgi_goes_on_when_the_server_does() -> None:
    async def source() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(MAX_BYTES)

    response = StreamingResponse(source())

    assert len(b"".join(response)) == 3 * MAX_BYTES


def test_an_async_source_that_never_waits_lets_the_loop_breathe() -> None:
    turns: list[int] = []

    async def script(client: Exchange) -> None:
        await client.arrived(b"\0")
        for _ in range(100):
            await asyncio.sleep(0)
            turns.append(1)

    counts: Counts = []
    play(lambda request: StreamingResponse(aendless(1, counts)), script)

    assert len(turns) == 100


async def silent_after_one() -> AsyncIterator[bytes]:
    """Yield once, and wait for ever."""
    yield b"x"
    await asyncio.Event().wait()


@pytest.mark.parametrize("source", [endless, aendless])
def test_a_client_that_takes_nothing_is_given_up(
    source: Callable[[int, Counts], Any], caplog: pytest.LogCaptureFixture
) -> None:
    counts: Counts = []

    errors: list[BaseException | None] = []

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await asyncio.wait((client.task,), timeout=DEADLINE)
        errors.append(client.task.exception())

    client = play(
        lambda request: StreamingResponse(source(64, counts), send_timeout=0.05),
        script,
    )

    assert not client.is_complete
    # Newer versions of Django take it for a client that has left, and say nothing.
    assert errors == [None] or isinstance(errors[0], RequestAborted)
    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert record.levelno == logging.WARNING
    assert "took nothing for 0.05 seconds" in record.getMessage()


def test_a_client_that_takes_nothing_of_a_file_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(3_000_000))
    responses: list[FileResponse] = []

    def view(request: HttpRequest) -> FileResponse:
        responses.append(FileResponse(path))
        return responses[0]

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await asyncio.wait((client.task,), timeout=DEADLINE)
        error = client.task.exception()
        assert error is None or isinstance(error, RequestAborted)

    with override_settings(BOLT_STREAM_SEND_TIMEOUT=0.05, BOLT_ALLOWED_FILE_DIRS=None):
        client = play(view, script)

    assert not client.is_complete
    assert responses[0].closed
    assert responses[0]._body.open().closed
    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert "took nothing for 0.05 seconds" in record.getMessage()


def test_a_client_that_reads_its_file_has_all_the_time_it_needs(
    tmp_path: Path,
) -> None:
    """The watch ends with the body: nothing is left of it."""
    path = tmp_path / "large"
    path.write_bytes(bytes(3_000_000))

    async def script(client: Exchange) -> None:
        await client.finished()

    with override_settings(BOLT_STREAM_SEND_TIMEOUT=60, BOLT_ALLOWED_FILE_DIRS=None):
        client = play(lambda request: FileResponse(path), script)

    assert client.is_complete
    assert client.body == bytes(3_000_000)


def test_a_silent_source_is_not_the_fault_of_its_client() -> None:
    async def script(client: Exchange) -> None:
        await client.arrived(b"x")
        await asyncio.sleep(0.1)
        assert not client.task.done()

    with override_settings(BOLT_STREAM_SEND_TIMEOUT=0.02):
        play(lambda request: StreamingResponse(silent_after_one()), script)


def test_an_argument_wins_over_the_setting_of_the_send_timeout() -> None:
    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        await asyncio.sleep(0.1)
        assert not client.task.done()

    with override_settings(BOLT_STREAM_SEND_TIMEOUT=0.02):
        play(
            lambda request: StreamingResponse(silent_after_one(), send_timeout=None),
            script,
        )


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_an_empty_chunk_sends_nothing(is_async: bool) -> None:
    """On the wire of HTTP/1.1 an empty one would end the body."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"", b"x", b""):
            yield chunk
            await asyncio.sleep(0)

    async def script(client: Exchange) -> None:
        await client.finished()

    content: Any = source() if is_async else [b"", b"x", b""]
    client = play(lambda request: StreamingResponse(content), script)

    bodies = [message["body"] for message in client.messages if "body" in message]
    assert bodies == [b"x"]
    assert client.is_complete


def test_an_empty_chunk_sends_nothing_under_wsgi() -> None:
    """The source waits until the empty one was taken by itself."""
    response = StreamingResponse([])

    async def content() -> AsyncIterator[bytes]:
        yield b""
        while not helper.buffer.consumer_waits:
            await asyncio.sleep(0)
        yield b"x"

    helper = LoopHelper(AsyncSource([content()], response, release=False, watch=False))

    assert list(parts(helper)) == [b"x"]
