"""
Deliver a source to an ASGI server, itself or by Django's handler.

A part is on its way while ``send`` is awaited, by us or by the handler between
a ``yield`` and its return, and the client is what we wait for. An async source
is run in between, in the same task; a sync one in its thread, at the other end
of a buffer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    MutableMapping,
)
from types import CoroutineType, coroutine
from typing import Any, TypeAlias, cast

from django_bolt.keepalive import Plan
from django_bolt.streams.buffer import PART_BYTES, Buffer, Burst
from django_bolt.streams.gate import Gate, hand_up
from django_bolt.streams.producers import AsyncSource, SyncSource
from django_bolt.streams.signals import LoopSignal
from django_bolt.streams.stepping import Steps
from django_bolt.streams.timers import Alarm, StallWatch

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PART = object()
"""What a delivery hands up when there is a part to be taken."""


class Delivery:
    """
    A body that is sent in parts, each as soon as there is something.

    Args:
        source: What makes the body.
        close: Called in the request's thread when the stream ends early:
            Django does not close a response whose body has failed.
        send_timeout: Seconds that a client may take nothing; ``None`` is no
            limit.
        plan: What is to be sent while the source is silent, and when to end.
    """

    __slots__ = (
        "_alarm",
        "_buffer",
        "_burst",
        "_close",
        "_part",
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
        plan: Plan | None = None,
    ) -> None:
        self._source = source
        self._close: Callable[[], object] | None = close
        self._timeout = send_timeout
        self._plan = plan
        self._alarm: Alarm | None = None
        self._buffer: Buffer | None = None
        self._part = b""
        self._stall: StallWatch | None = None

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """
        Yield each part, for a handler that sends it before it asks for the next.

        Raises:
            RequestAborted: The client took nothing for too long.
            Exception: What the source raised, once all that it yielded is sent.
        """
        # A handler cuts a large part itself, and does not show what of it was taken:
        # where that is watched, it is cut here.
        run = self._run(None, sys.maxsize if self._timeout is None else PART_BYTES)
        error: BaseException | None = None
        while True:
            try:
                handed_up = run.send(None) if error is None else run.throw(error)
            except StopIteration:
                return
            error = None
            try:
                if handed_up is _PART:
                    yield self._part
                    self._part = b""
                else:
                    await hand_up(handed_up)
            except BaseException as raised:
                error = raised

    def send_to(
        self, send: Send, most: int, start: MutableMapping[str, Any]
    ) -> Coroutine[Any, Any, None]:
        """
        Send a response: its head, each part, and the end.

        Args:
            send: The server's.
            most: Bytes that one message holds at most.
            start: The message that holds the head.

        Raises:
            RequestAborted: The client took nothing for too long.
            Exception: What the source raised, once all that it yielded is sent.
        """
        return cast("Coroutine[Any, Any, None]", self._run(send, most, start))

    @coroutine
    def _run(
        self,
        send: Send | None,
        most: int,
        start: MutableMapping[str, Any] | None = None,
    ) -> Generator[Any, None, None]:
        """
        Run the source, and send what it yields; or hand it up to ``parts``.

        As one function that calls few: a silent stream is held up by its frame,
        and an event passes through it.
        """
        if send is not None and start is not None:
            yield from _by_hand(send(start))
            start = None  # It is not needed for as long as the stream lasts.
        steps, burst = self._start(), self._burst
        resume, chunks, gate = steps.resume, burst.chunks, steps.gate
        stall, alarm, clock = self._stall, self._alarm, asyncio.get_running_loop().time
        sent: Any = None
        error: BaseException | None = None
        try:
            while True:
                # A wait that was broken off goes on; else the source does.
                if error is not None:
                    steps.step(error)
                    error = None
                elif gate is None or not gate.is_open:
                    try:
                        steps.waits_for = resume(None)
                    except BaseException as raised:
                        steps.end(raised)
                if steps.was_cancelled and (chunks or steps.has_ended):
                    steps.check()
                if chunks:
                    part = burst.take()
                else:
                    part = (
                        alarm.plan.ping if alarm is not None and alarm.is_due else b""
                    )
                if part:
                    if stall is not None:
                        stall.start()
                    if len(part) > most:
                        yield from self._hand_over(part, send, most)
                    elif send is None:
                        self._part = part
                        yield _PART
                    else:
                        sent = send(
                            {
                                "type": "http.response.body",
                                "body": part,
                                "more_body": True,
                            }
                        )
                        if type(sent) is not CoroutineType:
                            sent = sent.__await__()
                        yield from sent
                    if stall is not None:
                        stall.stop()
                    if alarm is not None:
                        alarm.is_due = False
                        alarm.sent_at = clock()
                if steps.has_ended or (alarm is not None and alarm.is_over):
                    break
                # Let go of what was sent, before a silence that may be long.
                sent, part, waits_for = None, b"", steps.waits_for
                if gate is not None and waits_for is not None:
                    waits_for = gate.wait_for(waits_for)
                try:
                    yield waits_for
                except BaseException as raised:
                    error = raised
            if alarm is None or not alarm.is_over:
                steps.check()
                self._close = None
            else:
                yield from self._end(alarm, send, most)
        finally:
            yield from self._finish().__await__()
        if send is not None:
            yield from _by_hand(send({"type": "http.response.body"}))

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

    @coroutine
    def _end(
        self, alarm: Alarm, send: Send | None, most: int
    ) -> Generator[Any, None, None]:
        """Send what a thread has put into its buffer, and then the farewell."""
        for part in self._last_parts(alarm):
            yield from self._hand_over(part, send, most)

    @coroutine
    def _hand_over(
        self, whole: bytes, send: Send | None, most: int
    ) -> Generator[Any, None, None]:
        """Send a part, in as many messages as it takes."""
        for start in range(0, len(whole), most):
            part = whole[start : start + most]
            if self._stall is not None:
                self._stall.start()
            if send is None:
                self._part = part
                yield _PART
            else:
                yield from _by_hand(
                    send(
                        {"type": "http.response.body", "body": part, "more_body": True}
                    )
                )

    def _last_parts(self, alarm: Alarm) -> Iterator[bytes]:
        """Yield what a thread has put into its buffer, and then the farewell."""
        if self._buffer is not None:
            self._buffer.stop()
            while (part := self._buffer.next_part()) is not None:
                if part:
                    yield part
        if farewell := alarm.plan.farewell():
            yield farewell

    async def _finish(self) -> None:
        """Close the source, and end the request if the delivery ends early."""
        try:
            if self._stall is not None:
                self._stall.cancel()
            self._burst.stop()
            await self._steps.close()
            if self._close is not None:
                await self._source.call(self._close)
                if self._stall is not None and self._stall.has_fired:
                    self._stall.refuse()
        finally:
            # Last of all: a server that stops waits for it.
            if self._alarm is not None:
                self._alarm.cancel()


def _by_hand(awaitable: Any) -> Iterable[Any]:
    """Return what ``yield from`` takes in the place of ``await``."""
    is_native = type(awaitable) is CoroutineType
    return awaitable if is_native else awaitable.__await__()  # type: ignore[no-any-return]


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
