"""Events of infinite streams, from either of Django's test clients."""

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings

from django_bolt import EventSourceResponse, PlainText, ServerSentEvent, bolt_view
from django_bolt.testing import EventsMissing, acollect_events, collect_events
from tests.worlds import only_url

pytestmark = pytest.mark.django_db

EVENT_STREAM = "text/event-stream; charset=utf-8"

Collect = Callable[..., list[ServerSentEvent]]


def collect_sync(view: Callable[..., Any], **arguments: Any) -> list[ServerSentEvent]:
    """Collect from the sync client."""
    with override_settings(ROOT_URLCONF=only_url(view)):
        return collect_events(Client().get("/"), **arguments)


def collect_async(view: Callable[..., Any], **arguments: Any) -> list[ServerSentEvent]:
    """Collect from the async client."""

    async def collect() -> list[ServerSentEvent]:
        return await acollect_events(await AsyncClient().get("/"), **arguments)

    with override_settings(ROOT_URLCONF=only_url(view)):
        return asyncio.run(collect())


@pytest.fixture(params=[collect_sync, collect_async], ids=["sync", "async"])
def collect(request: pytest.FixtureRequest) -> Collect:
    """Collect the events of a view: once from each client."""
    collector: Collect = request.param
    return collector


class Endless:
    """Sources that count for ever."""

    def __init__(self) -> None:
        self.closed = 0

    def generate(self, request: HttpRequest) -> EventSourceResponse:
        """Count in a sync source."""

        def count() -> Iterator[int]:
            number = 0
            try:
                while True:
                    yield number
                    number += 1
            finally:
                self.closed += 1

        return EventSourceResponse(count())

    def agenerate(self, request: HttpRequest) -> EventSourceResponse:
        """Count in an async source."""

        async def count() -> AsyncIterator[int]:
            number = 0
            try:
                while True:
                    yield number
                    number += 1
                    await asyncio.sleep(0)
            finally:
                self.closed += 1

        return EventSourceResponse(count())


every_kind = pytest.mark.parametrize("kind", ["generate", "agenerate"])


@every_kind
def test_the_first_events_of_an_endless_stream_are_collected(
    collect: Collect, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    endless = Endless()

    events = collect(getattr(endless, kind), limit=2)

    assert events == [ServerSentEvent(raw_data="0"), ServerSentEvent(raw_data="1")]
    assert endless.closed == 1
    assert caplog.records == []


@pytest.mark.parametrize("limit", [2, None], ids=["limit", "timeout"])
def test_a_source_may_wait_when_it_is_closed(
    collect: Collect, limit: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever unsubscribes from a broker awaits that."""
    tasks: list[object] = []

    async def count() -> AsyncIterator[int]:
        tasks.append(asyncio.current_task())
        try:
            yield 0
            yield 1
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())

    with contextlib.nullcontext() if limit else pytest.raises(EventsMissing):
        collect(lambda request: EventSourceResponse(count()), limit=limit, timeout=0.1)

    first, last = tasks
    assert first is last
    assert caplog.records == []


def test_async_events_of_another_response_class_are_collected(collect: Collect) -> None:
    async def count() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        yield b"data: 2\n\n"

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(count(), content_type=EVENT_STREAM)

    assert collect(view, limit=1) == [ServerSentEvent(raw_data="1")]


def test_a_stream_that_ends_is_collected_to_its_end(
    collect: Collect, caplog: pytest.LogCaptureFixture
) -> None:
    @bolt_view(response_class=EventSourceResponse)
    def view(request: HttpRequest) -> Iterator[object]:
        yield ServerSentEvent({"a": 1}, event="e", id="7")
        yield ServerSentEvent(comment="seen too")

    assert collect(view) == [
        ServerSentEvent(raw_data='{"a":1}', event="e", id="7"),
        ServerSentEvent(comment="seen too"),
    ]
    assert caplog.records == []


@every_kind
def test_a_stream_that_gives_too_much_in_its_time_is_an_error(
    collect: Collect, kind: str
) -> None:
    endless = Endless()

    with pytest.raises(EventsMissing, match=r"reach its end within 0\.01 seconds"):
        collect(getattr(endless, kind), timeout=0.01)

    assert endless.closed == 1


def test_a_source_that_waits_too_long_is_interrupted(collect: Collect) -> None:
    closed = []

    async def agenerate() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    def view(request: HttpRequest) -> EventSourceResponse:
        return EventSourceResponse(agenerate())

    with pytest.raises(EventsMissing, match="got 1 events") as raised:
        collect(view, limit=2, timeout=0.05)

    assert raised.value.events == [ServerSentEvent(raw_data="1")]
    assert closed == [True]


def test_a_sync_source_that_waits_too_long_is_interrupted_on_the_main_thread() -> None:
    closed = []

    def generate() -> Iterator[int]:
        try:
            yield 1
            time.sleep(60)
        finally:
            closed.append(True)

    with pytest.raises(EventsMissing, match="got 1 events"):
        collect_sync(
            lambda request: EventSourceResponse(generate()), limit=2, timeout=0.05
        )

    assert closed == [True]


def test_a_source_that_yields_is_not_interrupted_in_a_finalizer() -> None:
    """Where Python would drop the error, and tell the terminal only."""

    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGALRM)

    def generate() -> Iterator[int]:
        yield 1
        Interrupted()
        yield 2

    events = collect_sync(lambda request: EventSourceResponse(generate()))

    assert [event.raw_data for event in events] == ["1", "2"]


def test_a_source_that_swallows_the_interruption_is_interrupted_again() -> None:
    swallowed = []

    def generate() -> Iterator[int]:
        yield 1
        try:
            time.sleep(60)
        except EventsMissing:
            swallowed.append(True)
        time.sleep(60)

    with pytest.raises(EventsMissing, match="got 1 events"):
        collect_sync(lambda request: EventSourceResponse(generate()), timeout=0.05)

    assert swallowed == [True]


def test_collecting_works_outside_the_main_thread() -> None:
    collected: list[ServerSentEvent] = []

    def generate() -> Iterator[int]:
        yield 1

    def run() -> None:
        collected.extend(collect_events(EventSourceResponse(generate())))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)

    assert collected == [ServerSentEvent(raw_data="1")]


def test_a_timer_of_somebody_else_goes_on() -> None:
    rung = threading.Event()

    def ring(signum: int, frame: FrameType | None) -> None:
        rung.set()

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    collect_sync(Endless().generate, limit=1)

    assert rung.wait(10)
    signal.signal(signal.SIGALRM, before)


@every_kind
def test_the_source_sees_what_the_test_has_saved(kind: str) -> None:
    """In the test's transaction, which no other thread can see."""
    Group.objects.create(name="saved")

    def generate() -> Iterator[int]:
        yield Group.objects.count()

    async def agenerate() -> AsyncIterator[int]:
        yield await Group.objects.acount()

    source: Any = generate() if kind == "generate" else agenerate()

    events = collect_sync(lambda request: EventSourceResponse(source))

    assert events == [ServerSentEvent(raw_data="1")]
    assert Group.objects.count() == 1


def test_what_a_source_raises_reaches_the_test(collect: Collect) -> None:
    def generate() -> Iterator[int]:
        yield 1
        raise LookupError("the source's own")

    with pytest.raises(LookupError, match="the source's own"):
        collect(lambda request: EventSourceResponse(generate()))


def test_events_of_another_response_class_are_collected() -> None:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse([b"data: 1\n\n"], content_type=EVENT_STREAM)

    assert collect_sync(view) == [ServerSentEvent(raw_data="1")]


@pytest.mark.parametrize("response", [HttpResponse("text"), PlainText("text")])
def test_what_is_no_event_stream_is_refused(response: HttpResponse) -> None:
    with pytest.raises(TypeError, match=r"text/event-stream; got \w+, .* status 200"):
        collect_events(response)


async def refuse() -> None:
    """Be a coroutine that nobody awaits."""
    raise AssertionError


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(refuse, "a coroutine", id="not awaited"),
        pytest.param(lambda: [1], "a list", id="content"),
    ],
)
def test_what_is_no_response_is_refused(make: Callable[[], object], what: str) -> None:
    with pytest.raises(TypeError, match=rf"from a response; got {what}\. .*awaited"):
        collect_events(make())
