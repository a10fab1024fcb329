"""
Deliver a source to an ASGI server, part by part.

An async source is run in the task that asks for the parts, between them; a sync
one in its thread, at the other end of a buffer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    MutableMapping,
)
from itertools import chain
from types import coroutine
from typing import Any, TypeAlias

from django_bolt.keepalive import Plan
from django_bolt.streams.buffer import PART_BYTES, Buffer, Burst
from django_bolt.streams.gate import Gate
from django_bolt.streams.producers import AsyncSource, SyncSource
from django_bolt.streams.relaying import relay
from django_bolt.streams.signals import LoopSignal
from django_bolt.streams.stepping import Steps
from django_bolt.streams.timers import Alarm, StallWatch

Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


WAITING = "A stream must not be used while a part of it is being waited for."


class Delivery:
    """
    A body in parts, each as soon as there is something; iterated once.

    Between a part and the question for the next, the part is on its way: the
    client is what we wait for.

    Args:
        source: What makes the body.
        close: Called in the request's thread when the stream ends early:
            Django does not close a response whose body has failed.
        send_timeout: Seconds that a client may take nothing; ``None`` is no
            limit.
        plan: What is to be sent while the source is silent, and when to end.
    """

    __slots__ = (
        "__weakref__",
        "_alarm",
        "_buffer",
        "_burst",
        "_close",
        "_finalize",
        "_is_closed",
        "_is_over",
        "_is_sent",
        "_is_waiting",
        "_loop",
        "_most",
        "_pieces",
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
        # A handler cuts a large part itself, and does not show what of it was taken:
        # where that is watched, it is cut here.
        self._most = sys.maxsize if send_timeout is None else PART_BYTES
        self._alarm: Alarm | None = None
        self._buffer: Buffer | None = None
        self._stall: StallWatch | None = None
        self._steps: Steps | None = None
        self._pieces: Iterator[bytes] | None = None
        self._finalize: Callable[[Any], object] | None = None
        self._is_over = self._is_closed = self._is_sent = self._is_waiting = False

    async def send_to(
        self, send: Send, most: int, start: MutableMapping[str, Any]
    ) -> None:
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
        self._most = most
        self._is_sent = True
        await send(start)
        del start  # It is not needed for as long as the stream lasts.
        try:
            async for part in self:
                await send(
                    {"type": "http.response.body", "body": part, "more_body": True}
                )
                del part  # Nor is this, and the source may be silent from now on.
        finally:
            await self.aclose()
        await send({"type": "http.response.body"})

    def __aiter__(self) -> Delivery:
        return self

    @coroutine
    def __anext__(self) -> Generator[Any, None, bytes]:
        """
        Return the next part.

        As one function that calls few: a silent stream is held up by its frame,
        and an event passes through it.

        Raises:
            RequestAborted: The client took nothing for too long.
            Exception: What the source raised, once all that it yielded is sent.
        """
        if self._is_closed:
            raise StopAsyncIteration
        if self._is_waiting:
            raise RuntimeError(WAITING)
        try:
            steps = self._steps or self._start()
            alarm, stall = self._alarm, self._stall
            gate, burst = steps.gate, self._burst
            # What was returned before has been taken.
            if stall is not None:
                stall.stop()
            if alarm is not None:
                alarm.is_due = False
                alarm.sent_at = self._loop.time()
            while True:
                if self._pieces is not None:
                    part = self._next_piece(self._pieces)
                elif burst.chunks:
                    if steps.was_cancelled:
                        steps.check()
                    part = burst.take()
                else:
                    part = b""
                if (
                    not part
                    and alarm is not None
                    and alarm.is_due
                    and not steps.has_ended
                ):
                    part = alarm.plan.ping
                if part:
                    if stall is not None:
                        stall.start()
                    return part if len(part) <= self._most else self._cut(part)
                if self._is_over:
                    break
                if steps.has_ended:
                    steps.check()
                if alarm is not None and alarm.is_over:
                    self._is_over = True
                    self._pieces = self._last_parts(alarm)
                    continue
                if steps.has_ended:
                    self._close = None
                    break
                if burst.caution:
                    burst.note_wait()
                waits_for = steps.waits_for
                if gate is not None and waits_for is not None:
                    waits_for = gate.wait_for(waits_for)
                self._is_waiting = True
                try:
                    yield waits_for
                except BaseException as raised:
                    self._is_waiting = False
                    steps.step(raised)
                    continue
                self._is_waiting = False
                # A wait that was broken off goes on; else the source does.
                if gate is None or not gate.is_open:
                    try:
                        steps.waits_for = steps.resume(None)
                    except BaseException as raised:
                        steps.end(raised)
        except BaseException:
            yield from self.aclose().__await__()
            raise
        yield from self.aclose().__await__()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Close the source, and end the request if the delivery ends early."""
        if self._is_closed:
            return
        if self._is_waiting:
            raise RuntimeError(WAITING)
        self._is_closed = True
        if self._steps is None:
            return
        self._pieces = None
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

    def __del__(self) -> None:
        """Be closed by the loop, if nobody iterates any more."""
        if self._is_closed or self._steps is None:
            return
        if self._finalize is not None:
            self._finalize(self)
        if self._finalize is None or self._loop.is_closed():
            # Nobody will close it: the timers, at least, shall not hold what they do.
            for timer in (self._stall, self._alarm):
                if timer is not None:
                    timer.cancel()

    def _start(self) -> Steps:
        """Start what looks at the clock, and make the source ready to run."""
        self._loop = loop = asyncio.get_running_loop()
        if not self._is_sent:
            # As an async generator does, which a loop closes when it is dropped, or
            # when the loop ends before it.
            hooks: Any = sys.get_asyncgen_hooks()
            self._finalize = hooks.finalizer
            if hooks.firstiter is not None:
                hooks.firstiter(self)
        gate = None
        if self._timeout is not None:
            self._stall = StallWatch(loop, self._timeout)
        if self._plan is not None:
            gate = Gate()
            self._alarm = Alarm(loop, self._plan, gate.open)
        self._burst = Burst()
        produced = self._produce(self._burst, loop)
        self._steps = steps = Steps(produced, gate, self._source.name)
        steps.step(None)
        return steps

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
        burst.caution = 0  # What computes does so in its thread.
        return relay(producer, buffer, ready, burst)

    def _last_parts(self, alarm: Alarm) -> Iterator[bytes]:
        """Yield what a thread has put into its buffer, and then the farewell."""
        if self._buffer is not None:
            self._buffer.stop()
            while (part := self._buffer.next_part()) is not None:
                if part:
                    yield part
        if farewell := alarm.plan.farewell():
            yield farewell

    def _cut(self, whole: bytes) -> bytes:
        """Return the begin of a part that is too large, and keep the rest."""
        most, pieces = self._most, self._pieces or ()
        starts = range(most, len(whole), most)
        rest = (whole[start : start + most] for start in starts)
        self._pieces = chain(rest, pieces)
        return whole[:most]

    def _next_piece(self, pieces: Iterator[bytes]) -> bytes:
        """Return the next of what is kept; nothing after the last."""
        piece = next(pieces, b"")
        if not piece:
            self._pieces = None
        return piece
