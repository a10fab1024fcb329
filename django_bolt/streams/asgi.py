"""
Deliver a source to Django's ASGI handler.

The handler asks for a part, awaits ``send`` with it, and asks again: between a
``yield`` and its return a part is on its way, and the client is what we wait
for. The source has a task of its own, so that whatever befalls the handler's
(a client that leaves while ``send`` is blocked) reaches the source as a
cancellation at the place where it waits, and a timeout that the source has set
itself reaches the source and never the handler.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Callable
from typing import NoReturn, cast

from django.core.exceptions import RequestAborted

from django_bolt.keepalive import Plan, Pulse
from django_bolt.streams.buffer import Buffer
from django_bolt.streams.producers import CANCELLED, Source
from django_bolt.streams.signals import LoopSignal

logger = logging.getLogger("django_bolt")


async def deliver(
    source: Source,
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
    loop = asyncio.get_running_loop()
    room, ready = LoopSignal(loop), LoopSignal(loop)
    buffer = Buffer(
        ready.set_from_thread if source.in_thread else ready.set,
        room.set,
        one_loop=not source.in_thread,
    )
    producer = loop.create_task(source.produce(buffer, room))
    producer.add_done_callback(buffer.end)
    stall = None if send_timeout is None else _StallWatch(loop, send_timeout)
    alarm = None if plan is None else _Alarm(loop, plan, ready)
    finished = False
    try:
        while True:
            if alarm is not None and alarm.is_over:
                buffer.stop()
            part = buffer.next_part()
            if part is None:
                if (buffer.ended or buffer.stopped) and not buffer.chunks:
                    break
                if alarm is None or not alarm.is_due:
                    await ready.wait()
                    continue
                part = alarm.plan.ping
            if part:
                if stall is not None:
                    stall.start()
                yield part
                if stall is not None:
                    stall.stop()
                if alarm is not None:
                    alarm.is_due = False
                    alarm.pulse.sent_at = loop.time()
        if alarm is not None and buffer.stopped:
            if farewell := alarm.pulse.farewell():
                yield farewell
            return
        if producer.cancelled():
            raise RuntimeError(CANCELLED)
        producer.result()
        finished = True
    finally:
        try:
            if stall is not None:
                stall.cancel()
            if not finished:
                await _abandon(producer, buffer)
                await source.call(close)
                if stall is not None and stall.has_fired:
                    stall.refuse()
        finally:
            # Last of all: a server that stops waits for it.
            if alarm is not None:
                alarm.cancel()


async def _abandon(producer: asyncio.Task[None], buffer: Buffer) -> None:
    """End the source where it is, and wait until it has cleaned up."""
    buffer.stop()
    producer.cancel()
    await asyncio.wait((producer,))
    if not producer.cancelled():
        producer.exception()  # It is logged; asyncio shall not do so again.


class _Alarm:
    """
    Wake the consumer when its pulse has something to do.

    One timer for the stream, set anew only when it runs out: an event costs a
    look at the clock, and a silent stream wakes the loop once a ping.

    Attributes:
        is_over: Whether the stream must end.
        is_due: Whether a ping must be sent, unless something else is.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, plan: Plan, ready: LoopSignal
    ) -> None:
        self._loop = loop
        self._ready = ready
        self._timer: asyncio.TimerHandle | None = None
        self.plan = plan
        self.is_over = self.is_due = False
        self.pulse = Pulse(plan, loop.time, self._end_from_thread)
        self._set(self.pulse.seconds_left())

    def cancel(self) -> None:
        """Wake nobody any more."""
        self.pulse.stop()
        if self._timer is not None:
            self._timer.cancel()

    def _end_from_thread(self) -> None:
        self.is_over = True
        self._ready.set_from_thread()

    def _set(self, seconds: float | None) -> None:
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self.is_over = self.pulse.is_over()
        self.is_due = self.pulse.is_due()
        if self.is_over or self.is_due:
            self._ready.set()
            # What is due is done at once, or is no longer due because the
            # server has not even taken what was sent before.
            self._set(self.plan.interval)
        else:
            self._set(self.pulse.seconds_left())


class _StallWatch:
    """
    Cancel the task that sends when the client takes nothing for too long.

    One timer for the stream, set anew only when it runs out.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._loop = loop
        self._timeout = timeout
        self._sender = cast("asyncio.Task[object]", asyncio.current_task())
        self._since: float | None = None
        self._timer = loop.call_later(timeout, self._look)
        self.has_fired = False

    def start(self) -> None:
        """Note that a part is on its way."""
        self._since = self._loop.time()

    def stop(self) -> None:
        """Note that the server has taken it."""
        self._since = None

    def cancel(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def refuse(self) -> NoReturn:
        """
        Replace the cancellation by an error that says what has happened.

        Raises:
            RequestAborted: Always. Django takes it for a client that left.
        """
        # New in Python 3.11, as are the task groups that look at it.
        if sys.version_info >= (3, 11):  # pragma: no branch
            self._sender.uncancel()
        raise RequestAborted(
            f"The client took nothing of a stream for {self._timeout} seconds."
        )

    def _look(self) -> None:
        now = self._loop.time()
        until = (now if self._since is None else self._since) + self._timeout
        if until > now:
            self._timer = self._loop.call_at(until, self._look)
            return
        self.has_fired = True
        logger.warning(
            "A stream was ended: its client took nothing for %s seconds.",
            self._timeout,
        )
        self._sender.cancel()
