"""
Deliver a source to Django's ASGI handler.

The handler asks for a part, awaits ``send`` with it, and asks again: between a
``yield`` and its return a part is on its way, and the client is what we wait
for. An async source is run in between, in the handler's own task; a sync one in
its thread, at the other end of a buffer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any

from django_bolt.keepalive import Plan
from django_bolt.streams.buffer import Buffer, Burst
from django_bolt.streams.gate import Gate
from django_bolt.streams.producers import AsyncSource, SyncSource
from django_bolt.streams.signals import LoopSignal
from django_bolt.streams.stepping import Steps
from django_bolt.streams.timers import Alarm, StallWatch


def deliver(
    source: AsyncSource | SyncSource,
    close: Callable[[], object],
    send_timeout: float | None,
    plan: Plan | None = None,
) -> AsyncGenerator[bytes, None]:
    """
    Yield a body in parts, each as soon as there is something.

    Args:
        source: What makes the body.
        close: Called in the request's thread when the stream ends early:
            Django does not close a response whose body has failed.
        send_timeout: Seconds that a client may take nothing; ``None`` is no
            limit.
        plan: What is to be sent while the source is silent, and when to end.

    Raises:
        RequestAborted: The client took nothing for that long.
        Exception: What the source raised, once all that it yielded is sent.
    """
    return _Delivery(source, close, send_timeout, plan).parts()


class _Delivery:
    """What a delivery needs from its first part to its last."""

    __slots__ = (
        "_alarm",
        "_buffer",
        "_burst",
        "_close",
        "_plan",
        "_source",
        "_stall",
        "_steps",
        "_timeout",
    )

    def __init__(
        self,
        source: AsyncSource | SyncSource,
        close: Callable[[], object],
        send_timeout: float | None,
        plan: Plan | None,
    ) -> None:
        self._source = source
        self._close: Callable[[], object] | None = close
        self._timeout = send_timeout
        self._plan = plan
        self._alarm: Alarm | None = None
        self._buffer: Buffer | None = None
        self._stall: StallWatch | None = None

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield each part as soon as there is something."""
        steps, burst = self._start(), self._burst
        gate, stall, alarm = steps.gate, self._stall, self._alarm
        error: BaseException | None = None
        try:
            while True:
                # A wait that was broken off goes on; else the source does.
                if error is not None or gate is None or not gate.is_open:
                    steps.step(error)
                    error = None
                    if steps.was_cancelled and (burst.chunks or steps.ended):
                        steps.check()
                part = burst.take() if burst.chunks else b""
                if alarm is not None and alarm.is_due and not part:
                    part = alarm.ping
                if part:
                    if stall is not None:
                        stall.start()
                    yield part
                    if stall is not None:
                        stall.stop()
                    if alarm is not None:
                        alarm.note_sent()
                if steps.ended or (alarm is not None and alarm.is_over):
                    break
                try:
                    await steps.wait()
                except BaseException as raised:
                    error = raised
            if alarm is None or not alarm.is_over:
                steps.check()
                self._close = None
            else:
                for part in self._last_parts(alarm):
                    if stall is not None:
                        stall.start()
                    yield part
        finally:
            await self._finish()

    def _start(self) -> Steps:
        """Start what looks at the clock, and make the source ready to run."""
        loop = asyncio.get_running_loop()
        gate = None
        if self._timeout is not None:
            self._stall = StallWatch(loop, self._timeout)
        if self._plan is not None:
            gate = Gate()
            self._alarm = Alarm(loop, self._plan, gate.open)
        self._burst = Burst()
        self._steps = Steps(self._produce(self._burst, loop), gate)
        return self._steps

    def _produce(
        self, burst: Burst, loop: asyncio.AbstractEventLoop
    ) -> Coroutine[Any, None, None]:
        """Return what puts a body into ``burst``."""
        source = self._source
        if isinstance(source, AsyncSource):
            return source.produce(burst, burst)
        room, ready = LoopSignal(loop), LoopSignal(loop)
        buffer = self._buffer = Buffer(ready.set_from_thread, room.set)
        producer = loop.create_task(source.produce(buffer, room))
        producer.add_done_callback(buffer.end)
        return _relay(producer, buffer, ready, burst)

    def _last_parts(self, alarm: Alarm) -> Iterator[bytes]:
        """Yield what a thread has put into its buffer, and then the farewell."""
        if self._buffer is not None:
            self._buffer.stop()
            while part := self._buffer.next_part():
                yield part
        if farewell := alarm.pulse.farewell():
            yield farewell

    async def _finish(self) -> None:
        """Close the source, and end the request if the delivery ends early."""
        try:
            if self._stall is not None:
                self._stall.cancel()
            self._burst.stopped = True
            await self._steps.close()
            if self._close is not None:
                await self._source.call(self._close)
                if self._stall is not None and self._stall.has_fired:
                    self._stall.refuse()
        finally:
            # Last of all: a server that stops waits for it.
            if self._alarm is not None:
                self._alarm.cancel()


async def _relay(
    producer: asyncio.Task[None], buffer: Buffer, ready: LoopSignal, burst: Burst
) -> None:
    """Pass on what a sync source puts into a buffer in its thread."""
    try:
        while True:
            part = buffer.next_part()
            if part is not None:
                burst.put(part)
                await burst.wait()
            elif buffer.ended and not buffer.chunks:
                break
            else:
                await ready.wait()
        producer.result()
    finally:
        buffer.stop()
        if not producer.done():
            producer.cancel()
            await asyncio.wait((producer,))
            if not producer.cancelled():
                producer.exception()  # It is logged; asyncio shall not do so again.
