"""What an open stream holds of the database."""

import asyncio
import contextlib
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from django_bolt import EventSourceResponse, StreamingResponse
from django_bolt.streams import connections as module
from tests.conftest import WORLDS
from tests.streams.exchange import DEADLINE, Exchange, play
from tests.worlds import Ask, ask_asgi

ALIAS = "streams"

Seen = list[BaseDatabaseWrapper]


@pytest.fixture(params=WORLDS)
def ask(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Ask]:
    """
    Answer a request in-process, with a database in a file.

    One in memory is never closed; and a test case of Django's would hold on to
    its connection.
    """
    settings = {**connections.settings["default"], "NAME": tmp_path / "streams.sqlite3"}
    with django_db_blocker.unblock():
        connections.settings[ALIAS] = settings
        try:
            yield WORLDS[request.param]
        finally:
            connections[ALIAS].close()
            del connections[ALIAS]
            del connections.settings[ALIAS]


def query(seen: Seen) -> None:
    """Use the database, and note the connection."""
    connection = connections[ALIAS]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    seen.append(connection)


def is_open(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether a connection is held."""
    return connection.connection is not None


def source(seen: Seen, states: list[bool]) -> Iterator[str]:
    """Note whether the view's connection is held, and query."""
    states.append(is_open(seen[0]))
    query(seen)
    yield "."


async def asource(seen: Seen, states: list[bool]) -> AsyncIterator[str]:
    """Do the same in a loop."""
    states.append(is_open(seen[0]))
    await sync_to_async(query)(seen)
    yield "."


SOURCES = [source, asource]

Source = Callable[[Seen, list[bool]], Any]


@pytest.mark.parametrize("source", SOURCES)
def test_the_views_connection_is_given_back_when_the_body_starts(
    ask: Ask, source: Source
) -> None:
    seen: Seen = []
    states: list[bool] = []

    def view(request: HttpRequest) -> StreamingResponse:
        query(seen)
        return StreamingResponse(source(seen, states))

    answer = ask(view)

    assert answer.body == b"."
    assert states == [False]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_gets_a_connection_and_returns_it(ask: Ask, source: Source) -> None:
    seen: Seen = []

    def view(request: HttpRequest) -> StreamingResponse:
        query(seen)
        return StreamingResponse(source(seen, []))

    ask(view)

    assert len(seen) == 2
    assert not any(map(is_open, seen))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_source_that_fails_returns_its_connection(ask: Ask, kind: str) -> None:
    seen: Seen = []

    def failing() -> Iterator[bytes]:
        query(seen)
        yield b"."
        raise LookupError

    async def afailing() -> AsyncIterator[bytes]:
        await sync_to_async(query)(seen)
        yield b"."
        raise LookupError

    content = failing if kind == "sync" else afailing

    async def script(client: Exchange) -> None:
        with pytest.raises(LookupError):
            await client.finished()

    def view(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(content())

    if ask is ask_asgi:
        play(view, script)
    else:
        with pytest.raises(LookupError):
            ask(view)

    assert seen
    assert not any(map(is_open, seen))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("by", ["argument", "setting"])
def test_the_release_can_be_turned_off(ask: Ask, source: Source, by: str) -> None:
    seen: Seen = []
    states: list[bool] = []

    def view(request: HttpRequest) -> StreamingResponse:
        query(seen)
        content = source(seen, states)
        if by == "argument":
            return StreamingResponse(content, release_connections=False)
        return StreamingResponse(content)

    with override_settings(BOLT_STREAM_RELEASE_CONNECTIONS=by == "argument"):
        ask(view)

    assert states == [True]


def test_an_atomic_block_keeps_its_connection(ask: Ask) -> None:
    seen: Seen = []
    states: list[bool] = []
    blocks = contextlib.ExitStack()

    def view(request: HttpRequest) -> StreamingResponse:
        blocks.enter_context(transaction.atomic(using=ALIAS))
        query(seen)
        return StreamingResponse(finishing())

    def finishing() -> Iterator[str]:
        yield from source(seen, states)
        blocks.close()

    ask(view)

    assert states == [True]


@pytest.mark.parametrize("reader", ["sync", "async"])
def test_a_body_is_read_where_a_test_must_not_use_the_database(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker, reader: str
) -> None:
    """What another test has left open, pytest-django does not let us look at."""
    response = StreamingResponse(iter(["."]))
    database = {**connections.settings["default"], "NAME": tmp_path / "left.sqlite3"}

    async def read() -> bytes:
        return b"".join([part async for part in response])

    connections.settings[ALIAS] = database
    try:
        with django_db_blocker.unblock():
            query([])
        with django_db_blocker.block():
            body = response.getvalue() if reader == "sync" else async_to_sync(read)()
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]

    assert body == b"."


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warn after a hundredth of a second."""
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.01)


def idle_with_connection() -> Iterator[str]:
    """Hold a connection, and do nothing for a while, twice."""
    query([])
    for _ in range(3):
        yield "."
        threading.Event().wait(0.05)


async def aidle_with_connection() -> AsyncIterator[str]:
    """Do the same in a loop."""
    await sync_to_async(query)([])
    for _ in range(3):
        yield "."
        await asyncio.sleep(0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source", [idle_with_connection, aidle_with_connection])
def test_a_stream_that_holds_a_connection_idle_is_named_once_under_debug(
    ask: Ask, source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(DEBUG=True):
        ask(lambda request: StreamingResponse(source()))

    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert record.levelno == logging.WARNING
    assert source.__qualname__ in record.getMessage()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source", [idle_with_connection, aidle_with_connection])
def test_nothing_is_logged_without_debug(
    ask: Ask, source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(DEBUG=False):
        ask(lambda request: StreamingResponse(source()))

    assert not [line for line in caplog.records if line.name == "django_bolt"]


def idle() -> Iterator[str]:
    """Do nothing for a while, without a connection."""
    for _ in range(3):
        yield "."
        threading.Event().wait(0.05)


async def aidle() -> AsyncIterator[str]:
    """Do nothing for a while; then be busy for longer than the watch waits."""
    for _ in range(3):
        yield "."
        await asyncio.sleep(0.05)
    for _ in range(20):
        yield "."
        await asyncio.sleep(0.001)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source", [idle, aidle])
def test_a_stream_that_is_idle_without_a_connection_is_not_named(
    ask: Ask, source: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    def view(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(source())

    # In a new thread nobody has left a connection open.
    with override_settings(DEBUG=True), ThreadPoolExecutor(1) as thread:
        answer = thread.submit(ask, view).result()

    assert answer.body.startswith(b"...")
    assert not [line for line in caplog.records if line.name == "django_bolt"]


@pytest.mark.parametrize("source", SOURCES)
def test_a_stream_that_is_soon_over_is_not_named(
    ask: Ask, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    seen: Seen = []

    def view(request: HttpRequest) -> StreamingResponse:
        query(seen)
        return StreamingResponse(source(seen, []))

    with override_settings(DEBUG=True):
        ask(view)

    assert not [line for line in caplog.records if line.name == "django_bolt"]


async def name_thread(threads: list[threading.Thread]) -> AsyncIterator[str]:
    """Note the thread of sync code; a first event tells that the body has started."""
    yield "."
    threads.append(await sync_to_async(threading.current_thread)())


def ask_for_threads(
    respond: Callable[[Any], StreamingResponse],
) -> list[threading.Thread]:
    """Return the thread of a sync view, and that of the sync code of its stream."""
    threads: list[threading.Thread] = []

    def view(request: HttpRequest) -> StreamingResponse:
        threads.append(threading.current_thread())
        return respond(name_thread(threads))

    async def script(client: Exchange) -> None:
        await client.finished()

    assert play(view, script).is_complete
    return threads


def test_the_thread_of_an_event_stream_ends_when_it_starts() -> None:
    threads = ask_for_threads(EventSourceResponse)

    of_view, of_source = threads
    of_view.join(DEADLINE)
    assert of_source is not of_view
    assert not of_view.is_alive()


def keep_connections(source: Any) -> EventSourceResponse:
    """Leave connections alone."""
    return EventSourceResponse(source, release_connections=False)


def leave_something(source: Any) -> EventSourceResponse:
    """Have something closed, perhaps where it was opened."""
    response = EventSourceResponse(source)
    response._resource_closers.append(lambda: None)
    return response


@pytest.mark.parametrize(
    "respond", [StreamingResponse, keep_connections, leave_something]
)
def test_the_thread_of_any_other_stream_stays(
    respond: Callable[[Any], StreamingResponse],
) -> None:
    of_view, of_source = ask_for_threads(respond)

    assert of_source is of_view


@pytest.mark.parametrize("ask", ["asgi"], indirect=True)
def test_a_thread_with_an_open_connection_stays(ask: Ask) -> None:
    connections.settings[ALIAS]["CONN_MAX_AGE"] = 60
    seen: Seen = []

    def respond(source: Any) -> EventSourceResponse:
        query(seen)
        return EventSourceResponse(source)

    of_view, of_source = ask_for_threads(respond)

    assert of_source is of_view
    assert is_open(seen[0])


@pytest.mark.skipif(
    "executor" not in inspect.signature(ThreadSensitiveContext).parameters,
    reason="Contexts take an executor since asgiref 3.13.",
)
def test_a_thread_that_was_given_stays() -> None:
    async def main(executor: ThreadPoolExecutor) -> None:
        async with ThreadSensitiveContext(executor=executor):
            await module.release_in_thread(ends_thread=True)

    with ThreadPoolExecutor(max_workers=1) as executor:
        asyncio.run(main(executor))

        assert executor.submit(int).result(DEADLINE) == 0


def test_a_request_without_a_thread_of_its_own_ends_none() -> None:
    async def main() -> list[threading.Thread]:
        before = await sync_to_async(threading.current_thread)()
        await module.release_in_thread(ends_thread=True)
        return [before, await sync_to_async(threading.current_thread)()]

    before, after = asyncio.run(main())

    assert after is before
