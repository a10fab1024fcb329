"""
Deliver an async source to a WSGI server.

One helper thread runs one event loop for the life of the stream, and in it one
task for the source, with the context of the request. What is sync in there
(the ORM) runs in the helper thread; its connections are closed at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Generator
from contextvars import copy_context

from asgiref.sync import async_to_sync
from django.db import connections

from django_bolt.streams.buffer import Buffer
from django_bolt.streams.producers import CANCELLED, AsyncSource
from django_bolt.streams.signals import LoopSignal, ThreadSignal


def deliver(source: AsyncSource) -> Generator[bytes, None, None]:
    """
    Yield a body in parts, each as soon as there is something.

    Raises:
        Exception: What the source raised, once all that it yielded was taken.
    """
    return parts(Helper(source))


def parts(helper: Helper) -> Generator[bytes, None, None]:
    """Start a helper, yield what it delivers, and stop it."""
    buffer = helper.buffer
    helper.thread.start()
    try:
        while True:
            part = buffer.next_part()
            if part:
                yield part
            elif part is None:
                if buffer.ended and not buffer.chunks:
                    break
                helper.ready.wait()
    finally:
        helper.stop()
    if helper.failure is not None:
        raise helper.failure


class Helper:
    """
    The thread and the loop that an async source lives in.

    Args:
        source: The source.
    """

    def __init__(self, source: AsyncSource) -> None:
        self._source = source
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: LoopSignal | None = None
        self._task: asyncio.Task[object] | None = None
        self.ready = ThreadSignal()
        self.failure: BaseException | None = None
        self.buffer = Buffer(
            self.ready.set_from_thread, self._wake_producer, one_loop=False
        )
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
        if self._loop is not None and self._task is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)
        self.thread.join()

    def _wake_producer(self) -> None:
        if self._room is not None:
            self._room.set_from_thread()

    def _run(self) -> None:
        try:
            async_to_sync(self._produce)()
        except BaseException as error:
            self.failure = error
        finally:
            connections.close_all()
            self.buffer.end()

    async def _produce(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = room = LoopSignal(self._loop)
        self._task = asyncio.current_task()
        if self.buffer.stopped:
            return
        try:
            await self._source.produce(self.buffer, room)
        except asyncio.CancelledError:
            if not self.buffer.stopped:
                raise RuntimeError(CANCELLED) from None
