"""
Deliver a source to a WSGI server, where the request's thread cannot do it.

One helper thread runs an async source for the life of the stream, in one event
loop and one task; or a sync one, when the request's thread is to send pings
meanwhile. It has the context of the request. What is sync in there (the ORM)
runs in the helper thread; its connections are closed at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextvars import copy_context

from asgiref.sync import async_to_sync
from django.db import connections

from django_bolt.keepalive import Plan, Pulse
from django_bolt.streams.buffer import Buffer
from django_bolt.streams.producers import (
    CANCELLED,
    AsyncSource,
    SyncSource,
    log_failure,
)
from django_bolt.streams.signals import LoopSignal, ThreadSignal


def deliver(
    source: AsyncSource | SyncSource, plan: Plan | None = None
) -> Generator[bytes, None, None]:
    """
    Yield a body in parts, each as soon as there is something.

    Args:
        source: What makes the body.
        plan: What is to be sent while the source is silent, and when to end.

    Raises:
        Exception: What the source raised, once all that it yielded was taken.
    """
    if isinstance(source, AsyncSource):
        return parts(LoopHelper(source), plan)
    return parts(ThreadHelper(source), plan)


def parts(helper: Helper, plan: Plan | None = None) -> Generator[bytes, None, None]:
    """Start a helper, yield what it delivers, and stop it."""
    buffer = helper.buffer
    pulse = None
    helper.thread.start()
    try:
        if plan is not None:
            pulse = Pulse(plan, time.monotonic, helper.ready.set_from_thread)
        while True:
            if pulse is not None and pulse.is_over():
                buffer.stop()
            part = buffer.next_part()
            if part is None:
                if (buffer.ended or buffer.stopped) and not buffer.chunks:
                    break
                if pulse is None or not pulse.is_due():
                    helper.ready.wait(None if pulse is None else pulse.seconds_left())
                    continue
                part = pulse.plan.ping
            if part:
                yield part
                if pulse is not None:
                    pulse.note_sent()
        if pulse is not None and buffer.stopped:
            if farewell := pulse.plan.farewell():
                yield farewell
            return
    finally:
        helper.stop()
        if pulse is not None:
            pulse.stop()
    if helper.failure is not None:
        raise helper.failure


def limit(body: Iterator[bytes], plan: Plan) -> Generator[bytes, None, None]:
    """
    Yield a body that its own thread makes, until it must end.

    Nobody can interrupt the source: it is left when it yields.
    """
    pulse = Pulse(plan, time.monotonic, _wake_nobody)
    try:
        for part in body:
            yield part
            if pulse.is_over():
                if farewell := pulse.plan.farewell():
                    yield farewell
                return
    finally:
        pulse.stop()


def _wake_nobody() -> None:
    """Do nothing: who delivers is asked for each part anyway."""


class Helper(ABC):
    """The thread that a source lives in, at the other end of a buffer."""

    def __init__(self) -> None:
        self.ready = ThreadSignal()
        self.failure: BaseException | None = None
        self.buffer = Buffer(self.ready.set_from_thread, self._wake_producer)
        # A daemon: the thread of the server decides how long the process lives.
        self.thread = threading.Thread(
            target=copy_context().run,
            args=(self._run,),
            name="django-bolt-stream",
            daemon=True,
        )

    def stop(self) -> None:
        """End the source where it is, and wait until it has cleaned up."""
        self.buffer.stop()
        self._interrupt()
        self.thread.join()

    def _run(self) -> None:
        try:
            self._produce()
        except BaseException as error:
            self.failure = error
        finally:
            connections.close_all()
            self.buffer.end()

    @abstractmethod
    def _produce(self) -> None:
        """Run the source in this thread."""

    @abstractmethod
    def _interrupt(self) -> None:
        """End the source at the place where it waits, if that is possible."""

    @abstractmethod
    def _wake_producer(self) -> None:
        """Wake the source where it waits for room."""


class LoopHelper(Helper):
    """A thread with the loop of an async source."""

    def __init__(self, source: AsyncSource) -> None:
        self._source = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: LoopSignal | None = None
        self._task: asyncio.Task[object] | None = None
        super().__init__()

    def _interrupt(self) -> None:
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._cancel, self._task)

    def _cancel(self, task: asyncio.Task[object]) -> None:
        # What was stopped where it waited for room closes itself, and may wait
        # for something in its ``finally``.
        if not self._source.was_stopped:
            task.cancel()

    def _wake_producer(self) -> None:
        if self._room is not None:
            self._room.set_from_thread()

    def _produce(self) -> None:
        async_to_sync(self._aproduce)()

    async def _aproduce(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = room = LoopSignal(self._loop)
        self._task = asyncio.current_task()
        if self.buffer.stopped:
            return
        try:
            await self._source.produce(self.buffer, room)
        except asyncio.CancelledError:
            if not self.buffer.stopped:
                log_failure(self._source.name)
                raise RuntimeError(CANCELLED) from None


class ThreadHelper(Helper):
    """A thread that runs a sync source: from its first chunk to its close."""

    def __init__(self, source: SyncSource) -> None:
        self._source = source
        self._room = ThreadSignal()
        super().__init__()

    def _interrupt(self) -> None:
        """Do nothing: a thread cannot be interrupted, and is left when it yields."""

    def _wake_producer(self) -> None:
        self._room.set_from_thread()

    def _produce(self) -> None:
        self._source.run(self.buffer, self._room)
