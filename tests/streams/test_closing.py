"""How a stream ends when it does not end by itself."""

import asyncio
import contextlib
import gc
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.signals import request_finished
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, lazystr

from django_bolt import EventSourceResponse, StreamingResponse
from django_bolt.streams.buffer import PART_BYTES, Buffer
from django_bolt.streams.producers import AsyncSource, SyncSource
from django_bolt.streams.signals import LoopSignal
from django_bolt.streams.wsgi import LoopHelper
from tests.streams.exchange import DEADLINE, Exchange, play
from tests.worlds import ask_wsgi

# A request ends with a look at its connections.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_handler")]

Log = list[str]


def sync_source(log: Log) -> Iterator[bytes]:
    """Yield for ever, and say when it is over."""
    try:
        while True:
            yield bytes(1024)
    finally:
        log.append("closed")


async def async_source(log: Log) -> AsyncIterator[bytes]:
    """Yield, and wait for ever."""
    try:
        yield b"started"
        await asyncio.Event().wait()
    finally:
        log.append("closed")


async def restless_source(log: Log) -> AsyncIterator[bytes]:
    """Yield for ever, and never wait."""
    try:
        while True:
            yield bytes(1024)
    finally:
        log.append("closed")


SOURCES = [sync_source, async_source, restless_source]

Source = Callable[[Log], Any]


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_is_closed_before_the_handler_is_done(source: Source) -> None:
    """The client leaves, and when Django's handler returns all is over."""
    log: Log = []

    async def script(client: Exchange) -> None:
        await client.arrived(b"\0" if source is not async_source else b"started")
        client.left.set()
        await client.finished()

    client = play(lambda request: StreamingResponse(source(log)), script)

    assert log == ["closed"]
    assert not client.is_complete


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_is_closed_while_send_is_blocked(source: Source) -> None:
    log: Log = []

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source(log)), script)

    assert log == ["closed"]


def test_a_source_that_is_closed_while_send_is_blocked_may_wait() -> None:
    log: Log = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"started"
            await asyncio.Event().wait()
        finally:
            future = asyncio.get_running_loop().create_future()
            future.get_loop().call_soon(future.set_result, "waited")
            log.append(await future)
            await asyncio.sleep(0)
            log.append("closed")

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    assert log == ["waited", "closed"]


def test_an_async_source_is_closed_in_its_own_task_and_may_wait() -> None:
    tasks = []

    async def source() -> AsyncIterator[bytes]:
        tasks.append(asyncio.current_task())
        try:
            yield b"started"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())

    async def script(client: Exchange) -> None:
        await client.arrived(b"started")
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    assert len(tasks) == 2
    assert tasks[0] is tasks[1]


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 does not tell who has cancelled."
)
def test_a_source_that_ignores_its_cancellation_is_closed_at_its_next_chunk() -> None:
    log: Log = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"started"
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                log.append("ignored")
            while True:
                yield b"more"
        finally:
            log.append("closed")

    async def script(client: Exchange) -> None:
        await client.arrived(b"started")
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    assert log == ["ignored", "closed"]


def test_a_source_that_ignores_every_cancellation_is_closed_all_the_same() -> None:
    """Its stream ends by its age; on Python 3.10 nothing tells that a client left."""
    log: Log = []

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: started\n\n"
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
        finally:
            log.append("closed")

    async def script(client: Exchange) -> None:
        await client.finished()

    client = play(lambda request: EventSourceResponse(source(), max_age=0.01), script)

    assert log == ["closed"]
    assert client.is_complete


def test_under_wsgi_closing_the_response_ends_an_async_source() -> None:
    log: Log = []
    response = StreamingResponse(async_source(log))
    body = iter(response)

    assert next(body) == b"started"
    response.close()

    assert log == ["closed"]


def test_under_wsgi_closing_the_response_ends_a_restless_source() -> None:
    """It is stopped where it waits for the wire."""
    log: Log = []
    response = StreamingResponse(restless_source(log))
    body = iter(response)

    next(body)
    response.close()

    assert log == ["closed"]


def test_under_wsgi_a_source_that_is_closed_may_wait() -> None:
    """It waits for the wire when its stream has reached its age: one end is enough."""
    log: Log = []
    closing = threading.Event()
    max_age = 0.01

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(PART_BYTES)
        finally:
            closing.set()
            await asyncio.sleep(max_age)
            log.append("closed")

    response = EventSourceResponse(source(), max_age=max_age)

    parts = iter(response)
    next(parts)
    time.sleep(max_age)
    for _part in parts:
        assert closing.wait(DEADLINE)
    response.close()

    assert log == ["closed"]


def test_under_wsgi_a_response_may_be_closed_before_its_loop_has_started() -> None:
    log: Log = []
    response = StreamingResponse(async_source(log))

    iter(response)
    response.close()

    assert log == []


def test_a_thread_that_waits_in_our_loop_is_stopped_with_its_stream() -> None:
    """asgiref hands the cancellation to what the thread waits for, which ignores it."""
    log: Log = []
    waits = asyncio.Event()

    async def wait() -> None:
        waits.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    def source() -> Iterator[bytes]:
        try:
            while True:
                yield b"started"
                async_to_sync(wait)()
        finally:
            log.append("closed")

    async def script(client: Exchange) -> None:
        await client.arrived(b"started")
        await waits.wait()
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    assert log == ["closed"]


def test_a_helper_that_was_stopped_before_it_started_runs_nothing() -> None:
    log: Log = []
    helper = wsgi_helper(log)

    helper.buffer.stop()
    helper.thread.start()
    helper.stop()

    assert helper.buffer.ended
    assert log == []


def test_a_helper_without_a_loop_yet_can_be_stopped() -> None:
    helper = wsgi_helper([])
    helper.thread = threading.Thread(target=int)
    helper.thread.start()

    helper.stop()

    assert helper.buffer.stopped


async def produce_into_a_stopped_buffer(source: AsyncSource | SyncSource) -> None:
    """Run a source whose chunks nobody takes."""
    signal = LoopSignal(asyncio.get_running_loop())
    buffer = Buffer(signal.set, signal.set)
    buffer.stop()
    await asyncio.wait_for(source.produce(buffer, signal), DEADLINE)


def test_a_sync_source_ends_when_its_buffer_is_stopped() -> None:
    counts: list[int] = []

    def content() -> Iterator[bytes]:
        while True:
            counts.append(1)
            yield b"x"

    source = SyncSource([content()], StreamingResponse([]), release=False, watch=False)
    asyncio.run(produce_into_a_stopped_buffer(source))

    assert counts == [1]


def test_an_async_source_ends_when_its_buffer_is_stopped() -> None:
    log: Log = []
    content = [aiter(restless_source(log))]

    source = AsyncSource(content, StreamingResponse([]), release=False, watch=False)
    asyncio.run(produce_into_a_stopped_buffer(source))

    assert log == ["closed"]


def test_a_source_is_closed_though_what_is_around_it_fails_to_close() -> None:
    log: Log = []
    inner = restless_source(log)

    async def wrapper() -> AsyncIterator[bytes]:
        try:
            async for chunk in inner:
                yield chunk
        finally:
            raise LookupError

    source = AsyncSource(
        [inner, wrapper()], StreamingResponse([]), release=False, watch=False
    )

    async def main() -> None:
        with pytest.raises(LookupError):
            await produce_into_a_stopped_buffer(source)
        log.append("over")

    asyncio.run(main())

    assert log == ["closed", "over"]


def wsgi_helper(log: Log) -> LoopHelper:
    """Return a helper that has not started."""
    response = StreamingResponse(async_source(log))
    source = AsyncSource(
        [aiter(async_source(log))], response, release=False, watch=False
    )
    return LoopHelper(source)


def raising() -> Iterator[bytes]:
    """Yield, and fail."""
    yield b"chunk"
    raise LookupError("the source's own words")


async def araising() -> AsyncIterator[bytes]:
    """Yield, and fail."""
    yield b"chunk"
    raise LookupError("the source's own words")


@pytest.mark.parametrize("source", [raising, araising])
def test_a_failure_breaks_the_connection_after_what_was_yielded(
    source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(client: Exchange) -> None:
        with pytest.raises(LookupError):
            await client.finished()

    client = play(lambda request: StreamingResponse(source()), script)

    assert client.body == b"chunk"
    assert not client.is_complete
    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert record.levelno == logging.ERROR
    assert source.__qualname__ in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


@pytest.mark.parametrize("source", [raising, araising])
def test_a_failure_reaches_a_wsgi_server(
    source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LookupError):
        ask_wsgi(lambda request: StreamingResponse(source()))

    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert source.__qualname__ in record.getMessage()


@pytest.mark.parametrize("source", [raising, araising])
def test_a_failure_ends_the_request_in_django(source: Callable[[], Any]) -> None:
    """Django's ASGI handler does not close a response whose body has failed."""
    ended = []

    def note(**kwargs: object) -> None:
        ended.append(1)

    async def script(client: Exchange) -> None:
        with pytest.raises(LookupError):
            await client.finished()

    request_finished.connect(note)
    try:
        play(lambda request: StreamingResponse(source()), script)
    finally:
        request_finished.disconnect(note)

    assert ended == [1]


async def self_cancelling() -> AsyncIterator[bytes]:
    """End by a cancellation that nobody asked for."""
    yield b"chunk"
    raise asyncio.CancelledError


def test_a_cancellation_from_within_is_a_failure() -> None:
    async def script(client: Exchange) -> None:
        with pytest.raises(RuntimeError, match="cancellation of its own"):
            await client.finished()

    client = play(lambda request: StreamingResponse(self_cancelling()), script)

    assert not client.is_complete


def test_a_cancellation_from_within_is_a_failure_under_wsgi() -> None:
    with pytest.raises(RuntimeError, match="cancellation of its own"):
        ask_wsgi(lambda request: StreamingResponse(self_cancelling()))


def evaluate_to_nothing() -> str:
    """Look for what is not there."""
    return next(iter(()))


def end_an_iteration() -> str:
    """Raise what an async iterator raises at its end."""
    raise StopAsyncIteration


def lazy_source(evaluate: Callable[[], str]) -> Iterator[object]:
    """Yield a text that cannot be evaluated."""
    yield lazystr(SimpleLazyObject(evaluate))


async def alazy_source(evaluate: Callable[[], str]) -> AsyncIterator[object]:
    """Yield a text that cannot be evaluated."""
    yield lazystr(SimpleLazyObject(evaluate))


@pytest.mark.parametrize("source", [lazy_source, alazy_source])
@pytest.mark.parametrize(
    ("evaluate", "name"),
    [
        (evaluate_to_nothing, "StopIteration"),
        (end_an_iteration, "StopAsyncIteration"),
    ],
)
def test_a_chunk_that_raises_what_ends_an_iteration_is_a_failure(
    source: Callable[[Callable[[], str]], Any],
    evaluate: Callable[[], str],
    name: str,
) -> None:
    """It is no end, and from a thread it would be heard by nobody."""

    async def script(client: Exchange) -> None:
        with pytest.raises(RuntimeError, match=f"raised {name}"):
            await client.finished()

    client = play(lambda request: StreamingResponse(source(evaluate)), script)

    assert not client.is_complete


def failing_in_its_finally() -> Iterator[bytes]:
    """Fail while it is being closed."""
    try:
        while True:
            yield bytes(1024)
    finally:
        raise LookupError


async def afailing_in_its_finally() -> AsyncIterator[bytes]:
    """Fail while it is being closed."""
    try:
        while True:
            yield bytes(1024)
    finally:
        raise LookupError


@pytest.mark.parametrize("source", [failing_in_its_finally, afailing_in_its_finally])
def test_what_a_finally_raises_is_logged(
    source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(client: Exchange) -> None:
        await client.arrived(b"\0")
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert source.__qualname__ in record.getMessage()


def open_files() -> set[str]:
    """Return what this process has open, other than event loops' own."""
    return set(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_left_after_a_hundred_clients_that_vanish(source: Source) -> None:
    log: Log = []
    tasks = []

    async def script(client: Exchange) -> None:
        await client.arrived(b"\0" if source is not async_source else b"started")
        client.left.set()
        await client.finished()
        tasks.append(len(asyncio.all_tasks()))

    def view(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(source(log))

    play(view, script)
    threads, files = set(threading.enumerate()), len(open_files())
    for _ in range(100):
        play(view, script)

    assert log == ["closed"] * 101
    assert set(tasks) == {tasks[0]}
    assert len(open_files()) <= files
    assert_no_new_threads(threads)


def test_nothing_is_left_after_a_hundred_wsgi_clients_that_vanish() -> None:
    log: Log = []
    threads, files = set(threading.enumerate()), len(open_files())

    for _ in range(100):
        response = StreamingResponse(async_source(log))
        assert next(iter(response)) == b"started"
        response.close()

    assert log == ["closed"] * 100
    assert_no_new_threads(threads)
    assert len(open_files()) <= files


def assert_no_new_threads(known: set[threading.Thread]) -> None:
    """Wait for threads that were told to end: they may need a moment."""
    # On Python 3.10 a cycle of frames can hold the executor of asgiref's loop.
    gc.collect()
    ending = threading.Thread(target=int)
    ending.start()
    for thread in {ending, *threading.enumerate()} - known:
        thread.join(DEADLINE)
    assert set(threading.enumerate()) <= known


def test_a_response_is_closed_once() -> None:
    ended = []

    def note(**kwargs: object) -> None:
        ended.append(1)

    response = StreamingResponse([b"x"])
    request_finished.connect(note)
    try:
        response.close()
        response.close()
    finally:
        request_finished.disconnect(note)

    assert ended == [1]
