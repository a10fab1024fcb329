"""What an event stream does by the clock, in both worlds and from both kinds."""

import asyncio
import contextlib
import contextvars
import itertools
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

import pytest
from django.test import override_settings

from django_bolt import EventSourceResponse, shutdown
from django_bolt.shutdown import Closing
from django_bolt.wire.sse_parser import EventStreamParser

# What starts and ends a stream gives database connections back.
pytestmark = pytest.mark.django_db

PING = b": ping\n\n"
SOON = 0.01
"""Seconds of silence that tests do not mind to wait for."""

DEADLINE = 10.0


class Take(Protocol):
    """Take every part of a response, as a server would."""

    def __call__(
        self, response: EventSourceResponse, on_part: Callable[[bytes], None]
    ) -> list[bytes]:
        """Call ``on_part`` with each as it comes, and close the response."""


def take_wsgi(
    response: EventSourceResponse, on_part: Callable[[bytes], None]
) -> list[bytes]:
    """Take the parts as a WSGI server does."""
    parts = []
    try:
        for part in response:
            parts.append(part)
            on_part(part)
    finally:
        response.close()
    return parts


def take_asgi(
    response: EventSourceResponse, on_part: Callable[[bytes], None]
) -> list[bytes]:
    """Take the parts as Django's ASGI handler does."""

    async def take() -> list[bytes]:
        parts = []
        try:
            opened: Any = aiter(response)
            async with contextlib.aclosing(opened) as body:
                async for part in body:
                    parts.append(part)
                    on_part(part)
        finally:
            response.close()
        return parts

    return asyncio.run(asyncio.wait_for(take(), DEADLINE))


@pytest.fixture(params=[take_wsgi, take_asgi], ids=["wsgi", "asgi"])
def take(request: pytest.FixtureRequest) -> Take:
    """Take the parts of a response: once under WSGI, once under ASGI."""
    taker: Take = request.param
    return taker


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Closing:
    """Put an event that is not set in the place of the one of this process."""
    event = Closing()
    monkeypatch.setattr(shutdown, "closing", event)
    return event


every_kind = pytest.mark.parametrize("kind", ["sync", "async"])


class Story:
    """A source that is silent until it is released, and what happened to it."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.places: set[object] = set()
        self.closed = threading.Event()

    def open(self, kind: str) -> Any:
        """Return the source."""
        return self.generate() if kind == "sync" else self.agenerate()

    def generate(self) -> Iterator[int]:
        """Yield 1, and 2 when released."""
        try:
            self.places.add(threading.get_ident())
            yield 1
            self.places.add(threading.get_ident())
            self.released.wait(DEADLINE)
            yield 2
            self.places.add(threading.get_ident())
        finally:
            self.places.add(threading.get_ident())
            self.closed.set()

    async def agenerate(self) -> AsyncIterator[int]:
        """Do the same in an event loop."""
        try:
            self.places.add(asyncio.current_task())
            yield 1
            self.places.add(asyncio.current_task())
            while not self.released.is_set():
                await asyncio.sleep(0.001)
            yield 2
            self.places.add(asyncio.current_task())
        finally:
            self.places.add(asyncio.current_task())
            self.closed.set()


class Pings:
    """
    Count pings, and do something at the second one.

    Those that come before the first event do not count: on a busy machine the
    source has not started yet.
    """

    def __init__(self, then: Callable[[], object]) -> None:
        self.count = 0
        self.has_begun = False
        self.then = then

    def __call__(self, part: bytes) -> None:
        self.has_begun = self.has_begun or part != PING
        self.count += self.has_begun and part == PING
        if self.count == 2:
            self.then()


@every_kind
def test_pings_break_the_silence_of_a_source(take: Take, kind: str) -> None:
    story = Story()
    response = EventSourceResponse(story.open(kind), ping_interval=SOON)

    parts = take(response, Pings(story.released.set))

    assert parts.count(PING) >= 2
    assert [part for part in parts if part != PING] == [b"data: 1\n\n", b"data: 2\n\n"]


@every_kind
def test_an_interval_of_ages_is_waited_for_like_any(take: Take, kind: str) -> None:
    """No lock waits for more than 292 years, on Windows for 49 days."""
    story = Story()
    releasing = threading.Timer(SOON, story.released.set)
    releasing.start()

    parts = take(
        EventSourceResponse(story.open(kind), ping_interval=1e12, max_age=1e15),
        lambda part: None,
    )

    releasing.join(DEADLINE)
    assert b"".join(parts) == b"data: 1\n\ndata: 2\n\n"


@every_kind
def test_pings_leave_the_source_where_it_is(take: Take, kind: str) -> None:
    """In one task, or one thread, from its first line to its ``finally``."""
    story = Story()
    response = EventSourceResponse(story.open(kind), ping_interval=SOON)

    take(response, Pings(story.released.set))

    assert story.closed.is_set()
    assert len(story.places) == 1


setting = contextvars.ContextVar("setting", default="outside")


@every_kind
def test_pings_leave_the_sources_context_whole(take: Take, kind: str) -> None:
    released = threading.Event()

    def generate() -> Iterator[str]:
        setting.set("inside")
        yield setting.get()
        released.wait(DEADLINE)
        yield setting.get()

    async def agenerate() -> AsyncIterator[str]:
        setting.set("inside")
        yield setting.get()
        while not released.is_set():
            await asyncio.sleep(0.001)
        yield setting.get()

    source: Any = generate() if kind == "sync" else agenerate()

    parts = take(EventSourceResponse(source, ping_interval=SOON), Pings(released.set))

    assert [part for part in parts if part != PING] == [b'data: "inside"\n\n'] * 2
    assert setting.get() == "outside"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is newer")
def test_a_timeout_inside_the_source_is_the_sources_own(take: Take) -> None:
    async def generate() -> AsyncIterator[str]:
        try:
            async with asyncio.timeout(SOON * 4):
                yield "before"
                await asyncio.sleep(DEADLINE)
        except TimeoutError:
            yield "after"

    parts = take(EventSourceResponse(generate(), ping_interval=SOON), lambda part: None)

    assert [part for part in parts if part != PING] == [
        b'data: "before"\n\n',
        b'data: "after"\n\n',
    ]


@every_kind
def test_a_stream_ends_when_the_server_stops(
    take: Take, kind: str, closing: Closing
) -> None:
    story = Story()

    def stop_server() -> None:
        closing.set()
        if kind == "sync":  # A thread that waits can be told in no other way.
            story.released.set()

    parts = take(
        EventSourceResponse(story.open(kind), ping_interval=SOON), Pings(stop_server)
    )

    [farewell] = EventStreamParser().feed(parts[-1])
    assert farewell.retry is not None
    assert 1000 <= farewell.retry <= 5000
    assert story.closed.is_set()
    assert len(story.places) == 1


@every_kind
@pytest.mark.parametrize("ping_interval", [15, None], ids=["pings", "no pings"])
def test_an_endless_stream_ends_when_the_server_stops(
    take: Take, kind: str, closing: Closing, ping_interval: float | None
) -> None:
    closed = threading.Event()

    def generate() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    async def agenerate() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    source: Any = generate() if kind == "sync" else agenerate()

    parts = take(
        EventSourceResponse(source, ping_interval=ping_interval),
        lambda part: closing.set(),
    )

    assert closed.is_set()
    assert parts[-1].startswith(b"retry: ")
    assert set(b"".join(parts[:-1]).split(b"\n\n")) == {b"data: 1", b""}


@every_kind
@pytest.mark.parametrize("ping_interval", [15, None], ids=["pings", "no pings"])
def test_a_stream_that_has_reached_its_age_ends_cleanly(
    take: Take, kind: str, ping_interval: float | None
) -> None:
    closed = threading.Event()

    def generate() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    async def agenerate() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(DEADLINE)
        finally:
            closed.set()

    source: Any = generate() if kind == "sync" else agenerate()

    parts = take(
        EventSourceResponse(
            source,
            ping_interval=ping_interval,
            max_age=SOON * 20,
            # Not even a thread that is slow to come may keep it from starting.
            release_connections=False,
        ),
        lambda part: None,
    )

    assert closed.is_set()
    assert set(b"".join(parts).split(b"\n\n")) == {b"data: 1", b""}


@every_kind
def test_a_client_that_leaves_in_silence_is_noticed_at_the_next_ping(
    take: Take, kind: str
) -> None:
    story = Story()

    def leave() -> None:
        story.released.set()
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        take(EventSourceResponse(story.open(kind), ping_interval=SOON), Pings(leave))

    assert story.closed.wait(DEADLINE)


@every_kind
def test_a_source_that_fails_breaks_the_stream(
    take: Take, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def generate() -> Iterator[int]:
        yield 1
        raise LookupError("secret")

    async def agenerate() -> AsyncIterator[int]:
        yield 1
        raise LookupError("secret")

    source: Any = generate() if kind == "sync" else agenerate()
    parts: list[bytes] = []

    with pytest.raises(LookupError):
        take(EventSourceResponse(source), parts.append)

    assert b"".join(parts) == b"data: 1\n\n"
    [record] = caplog.records
    assert record.name == "django_bolt"
    assert record.exc_info is not None


@every_kind
def test_events_that_come_without_a_wait_leave_together(take: Take, kind: str) -> None:
    """A burst costs the server one write, and none of it waits for the next."""
    # So many that two threads cannot be even all the time.
    count = 4096

    async def agenerate() -> AsyncIterator[int]:
        for number in range(count):
            yield number

    source: Any = iter(range(count)) if kind == "sync" else agenerate()

    parts = take(EventSourceResponse(source), lambda part: None)

    assert b"".join(parts) == b"".join(b"data: %d\n\n" % n for n in range(count))
    assert len(parts) < count


@every_kind
@pytest.mark.parametrize("ping_interval", [15, None], ids=["pings", "no pings"])
def test_clients_may_be_left_to_come_back_when_they_want(
    take: Take, kind: str, closing: Closing, ping_interval: float | None
) -> None:
    async def agenerate() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(DEADLINE)

    source: Any = itertools.repeat(1) if kind == "sync" else agenerate()

    with override_settings(BOLT_SSE_RECONNECT_SPREAD=None):
        parts = take(
            EventSourceResponse(source, ping_interval=ping_interval),
            lambda part: closing.set(),
        )

    assert set(b"".join(parts).split(b"\n\n")) == {b"data: 1", b""}


def test_clients_come_back_at_different_times(
    closing: Closing, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing.set()
    dice = random.Random(1)
    monkeypatch.setattr(random, "randint", dice.randint)

    with override_settings(BOLT_SSE_RECONNECT_SPREAD=60):
        farewells = {b"".join(EventSourceResponse([])) for _ in range(20)}

    assert len(farewells) > 10
