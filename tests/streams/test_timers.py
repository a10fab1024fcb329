"""Timers: how few wake a loop for how many streams."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import pytest

from django_bolt import EventSourceResponse, StreamingResponse, shutdown
from django_bolt.keepalive import Plan
from django_bolt.shutdown import Closing
from django_bolt.streams.asgi import Delivery
from django_bolt.streams.buffer import PART_BYTES, Buffer
from django_bolt.streams.producers import AsyncSource
from django_bolt.streams.timers import SLOTS, Alarm, find_wheel
from tests.streams.delivering import both_ways, deliver

# What starts and ends a stream gives database connections back.
pytestmark = pytest.mark.django_db

DEADLINE = 10.0
INTERVAL = 100.0
PING = b": ping\n\n"


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still, and that counts its timers."""

    now = 1000.0

    def __init__(self) -> None:
        super().__init__()
        self.timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        """Return the time that the test has set."""
        return self.now

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        **more: object,
    ) -> asyncio.TimerHandle:
        """Set a timer, which the test runs itself."""
        timer = asyncio.TimerHandle(when, callback, args, self)
        self.timers.append(timer)
        return timer

    def run_timers(self, now: float) -> None:
        """Run what is due at a time."""
        self.now = now
        due = [timer for timer in self.timers if timer.when() <= now]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in due:
            if not timer.cancelled():
                timer._run()

    @property
    def waiting(self) -> list[asyncio.TimerHandle]:
        """The timers that would wake it."""
        return [timer for timer in self.timers if not timer.cancelled()]


def make_alarm(loop: Loop, woken: list[float], max_age: float | None = None) -> Alarm:
    """Return an alarm that notes when it wakes."""
    plan = Plan(INTERVAL, PING, max_age, bytes)
    return Alarm(loop, plan, lambda: woken.append(loop.now))


def test_streams_that_are_due_together_share_a_timer() -> None:
    loop, woken = Loop(), list[float]()
    alarms = [make_alarm(loop, woken) for _ in range(1000)]

    assert len(loop.waiting) == 1
    loop.run_timers(loop.now + INTERVAL * (1 + 1 / SLOTS))

    assert len(woken) == 1000
    assert all(alarm.is_due for alarm in alarms)
    assert len(loop.waiting) == 1
    for alarm in alarms:
        alarm.cancel()
    loop.close()


def test_a_ping_comes_after_the_interval_and_at_most_a_slot_late() -> None:
    loop, woken = Loop(), list[float]()
    loop.now = 1234.5
    alarm = make_alarm(loop, woken)

    [timer] = loop.waiting
    alarm.cancel()
    loop.close()

    assert INTERVAL <= timer.when() - 1234.5 <= INTERVAL * (1 + 1 / SLOTS)


def test_what_was_sent_meanwhile_puts_the_ping_off() -> None:
    loop, woken = Loop(), list[float]()
    alarm = make_alarm(loop, woken)

    loop.now += INTERVAL / 2
    alarm.sent_at = loop.now
    loop.run_timers(loop.now + INTERVAL * 0.6)

    early = len(woken)
    loop.run_timers(loop.now + INTERVAL)

    assert (early, len(woken)) == (0, 1)
    assert alarm.is_due
    alarm.cancel()
    loop.close()


def test_the_last_stream_of_a_slot_takes_its_timer_away() -> None:
    loop, woken = Loop(), list[float]()
    first, second = make_alarm(loop, woken), make_alarm(loop, woken)
    loop.now += INTERVAL / 2
    third = make_alarm(loop, woken)
    wheel = find_wheel(loop, INTERVAL)

    counts = [len(loop.waiting)]
    for alarm in (first, second, third):
        alarm.cancel()
        counts.append(len(loop.waiting))

    assert counts == [2, 2, 1, 0]
    assert find_wheel(loop, INTERVAL) is not wheel
    loop.close()


def test_an_age_has_a_timer_of_its_own() -> None:
    loop, woken = Loop(), list[float]()
    alarm = make_alarm(loop, woken, max_age=10)

    loop.run_timers(loop.now + 10)

    assert alarm.is_over
    assert not alarm.is_due
    assert len(woken) == 1
    alarm.cancel()
    assert loop.waiting == []
    loop.close()


def test_a_stop_ends_those_that_are_there_and_those_that_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closing = Closing()
    monkeypatch.setattr(shutdown, "closing", closing)

    async def main() -> list[bool]:
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        plans = [Plan(interval, b"", None, bytes) for interval in (INTERVAL, None)]
        alarms = [Alarm(loop, plan, told.set) for plan in plans for _ in "12"]
        closing.set()
        await asyncio.wait_for(told.wait(), DEADLINE)
        told.clear()
        alarms.append(Alarm(loop, plans[0], told.set))
        await asyncio.wait_for(told.wait(), DEADLINE)
        for alarm in alarms:
            alarm.cancel()
        return [alarm.is_over for alarm in alarms]

    assert asyncio.run(main()) == [True] * 5
    assert not closing.has_subscribers()


@both_ways
@pytest.mark.parametrize("send_timeout", [None, DEADLINE])
def test_what_a_thread_has_yielded_leaves_before_the_farewell(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    send_timeout: float | None,
    is_iterated: bool,
) -> None:
    # What is too large for one part, behind a chunk of nothing.
    rest = [b"", b"2" * (PART_BYTES + 1), b"3"]

    class Source:
        """A source in a thread, as the delivery sees it."""

        name = "Source"

        def __init__(self) -> None:
            self.first_left, self.rest_put = asyncio.Event(), asyncio.Event()

        async def produce(self, buffer: Buffer, room: object) -> None:
            buffer.put(b"1")
            await self.first_left.wait()
            for chunk in rest:
                buffer.put(chunk)
            self.rest_put.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise LookupError("logged by the source itself") from None

        async def call(self, function: Callable[[], object]) -> None:
            function()

    async def main() -> bytes:
        source: Any = Source()
        plan = Plan(None, b"", None, lambda: b"farewell")
        delivery = Delivery(source, list, send_timeout, plan)
        parts = []

        async def send(message: MutableMapping[str, Any]) -> None:
            if body := message.get("body"):
                parts.append(body)
            if parts == [b"1"]:
                source.first_left.set()
                await source.rest_put.wait()
                closing.set()
                await asyncio.sleep(0)

        await deliver(delivery, send, is_iterated=is_iterated)
        return b"".join(parts)

    closing = Closing()
    monkeypatch.setattr(shutdown, "closing", closing)

    sent = asyncio.run(asyncio.wait_for(main(), DEADLINE))
    assert sent == b"1" + b"".join(rest) + b"farewell"
    gc.collect()  # Of a task whose error nobody took, asyncio says so then.
    assert caplog.records == []


async def stop_during(
    source: AsyncIterator[bytes], *, is_iterated: bool
) -> list[bytes]:
    """Deliver a source; the server is told to stop while its last part is sent."""
    parts = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if body := message.get("body"):
            parts.append(body)
        if parts[-1:] == [b"last"]:
            shutdown.closing.set()
            await asyncio.sleep(0)

    plan = Plan(None, b"", None, lambda: b"farewell")
    encoder = StreamingResponse(())
    ready = AsyncSource((source,), encoder, release=False, watch=False)
    try:
        await deliver(Delivery(ready, list, None, plan), send, is_iterated=is_iterated)
    except LookupError:
        parts.append(b"failure")
    return parts


@both_ways
def test_a_source_that_ends_as_the_server_stops_is_followed_by_the_farewell(
    monkeypatch: pytest.MonkeyPatch, is_iterated: bool
) -> None:
    """It may have ended for that very reason; all shall not come back at once."""

    async def source() -> AsyncIterator[bytes]:
        yield b"last"

    monkeypatch.setattr(shutdown, "closing", Closing())

    parts = asyncio.run(stop_during(source(), is_iterated=is_iterated))

    assert parts == [b"last", b"farewell"]


@both_ways
def test_a_source_that_fails_as_the_server_stops_has_failed(
    monkeypatch: pytest.MonkeyPatch, is_iterated: bool
) -> None:
    """A farewell, and a proper end, would hide it."""

    async def source() -> AsyncIterator[bytes]:
        yield b"first"  # After it, the source is trusted to run ahead.
        yield b"last"
        raise LookupError

    monkeypatch.setattr(shutdown, "closing", Closing())

    parts = asyncio.run(stop_during(source(), is_iterated=is_iterated))

    assert parts == [b"first", b"last", b"failure"]


@both_ways
def test_a_large_chunk_may_take_longer_than_a_client_may_take_nothing(
    is_iterated: bool,
) -> None:
    """Each message that has gone shows that the client takes something."""
    loop, send_timeout = Loop(), 10.0
    chunk = bytes(4 * PART_BYTES + 1)

    async def source() -> AsyncIterator[bytes]:
        yield chunk

    async def main() -> list[bytes]:
        response = StreamingResponse(source(), send_timeout=send_timeout)
        delivery = response.open_delivery()
        assert delivery is not None
        taken = []

        async def send(message: MutableMapping[str, Any]) -> None:
            loop.run_timers(loop.now + send_timeout * 0.6)
            await asyncio.sleep(0)
            taken.append(message.get("body", b""))

        await deliver(delivery, send, is_iterated=is_iterated)
        return taken

    taken = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()

    assert b"".join(taken) == chunk
    assert max(map(len, taken)) == PART_BYTES


@both_ways
def test_no_ping_is_sent_for_a_task_that_is_cancelled_as_it_is_due(
    is_iterated: bool,
) -> None:
    """Who sends it might be blocked, and its cancellation forgotten."""
    loop, sent = Loop(), list[bytes]()

    async def send(message: MutableMapping[str, Any]) -> None:
        if body := message.get("body"):
            sent.append(body)

    async def main() -> None:
        waits = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            yield b""
            waits.set()
            await asyncio.Event().wait()

        response = EventSourceResponse(source(), ping_interval=INTERVAL)
        delivery = response.open_delivery()
        assert delivery is not None
        task = loop.create_task(deliver(delivery, send, is_iterated=is_iterated))
        await waits.wait()
        loop.run_timers(loop.now + 2 * INTERVAL)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()

    assert sent == []


def test_many_silent_streams_are_pinged_each() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async def take(response: EventSourceResponse) -> list[bytes]:
        parts: list[bytes] = []
        body: Any = aiter(response)
        async with contextlib.aclosing(body):
            async for part in body:
                parts.append(part)
                if parts.count(PING) >= 2 and parts.count(PING) < len(parts):
                    break
        response.close()
        return parts

    async def main() -> list[list[bytes]]:
        responses = [EventSourceResponse(source(), ping_interval=0.01) for _ in "12345"]
        taking = asyncio.gather(*map(take, responses))
        return await asyncio.wait_for(taking, DEADLINE)

    for parts in asyncio.run(main()):
        assert parts.count(PING) >= 2
        assert [part for part in parts if part != PING] == [b"data: 1\n\n"]
