"""
Run a source, and put what it yields into a buffer.

A source has one home for life: a sync one the request's thread, in one
context; an async one a task. It is never cancelled to look at the clock, never
moved, and resumed only when the buffer lets it run ahead.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextvars import Context, copy_context
from typing import Protocol

from asgiref.sync import sync_to_async

from django_bolt.streams.buffer import Buffer
from django_bolt.streams.connections import (
    release_connections,
    release_in_thread,
    watch_loop,
    watch_thread,
)
from django_bolt.streams.signals import LoopSignal, ThreadSignal

logger = logging.getLogger("django_bolt")

CANCELLED = "The source of a stream must not end by a cancellation of its own."
FAILURES = (Exception, asyncio.CancelledError)
"""What a sync source may raise: nobody cancels it."""

ENDED = "A chunk of a stream raised StopAsyncIteration."


class Encoder(Protocol):
    """Turns what a source yields into bytes."""

    def encode_chunk(self, chunk: object) -> bytes:
        """Encode a chunk, in a thread that may wait."""

    def encode_chunk_inline(self, chunk: object) -> bytes | None:
        """Encode a chunk in an event loop; ``None`` if it would have to wait."""


class Sink(Protocol):
    """Where an async source puts its chunks."""

    @property
    def progress(self) -> float:
        """Another number after each chunk."""

    @property
    def stopped(self) -> bool:
        """Whether nobody takes any more."""

    def put(self, chunk: bytes) -> bool:
        """Add a chunk, and tell whether the source may go on at once."""

    def must_wait(self) -> bool:
        """Tell whether it still has to wait."""


class Room(Protocol):
    """Where it waits until it may go on."""

    def wait(self) -> Awaitable[object]:
        """Return what to await before it looks again."""


class SyncSource:
    """
    A sync source, to be run in one thread.

    Args:
        iterators: The source, and what middleware has wrapped around it, the
            outermost last.
        encoder: Encodes what the outermost yields, in the same thread.
        release: Whether database connections are given back at the start.
        watch: Whether one that is held while the source is idle is named.

    Attributes:
        name: What the log calls the source.
    """

    __slots__ = ("_context", "_encoder", "_iterator", "_release", "_sources", "name")

    def __init__(
        self,
        iterators: Sequence[Iterator[object]],
        encoder: Encoder,
        *,
        release: bool,
        watch: bool,
    ) -> None:
        iterator = iterators[-1]
        self._sources = iterators
        self.name = describe(iterators[0])
        self._iterator = watch_thread(iterator, self.name) if watch else iterator
        self._encoder = encoder
        self._release = release
        self._context: Context | None = None

    async def produce(self, buffer: Buffer, room: LoopSignal) -> None:
        """Pull in bursts: the thread is left when the source has to wait for us."""
        pull = sync_to_async(self._pull)
        try:
            while not await pull(buffer):
                while buffer.must_wait():
                    await room.wait()
                if buffer.stopped:
                    return
        except Exception:
            log_failure(self.name)
            raise

    def run(self, buffer: Buffer, room: ThreadSignal) -> None:
        """Do the same in the calling thread, and close the source in it."""
        try:
            try:
                while not self._pull(buffer):
                    while buffer.must_wait():
                        room.wait()
                    if buffer.stopped:
                        return
            finally:
                for iterator in reversed(self._sources):
                    close = getattr(iterator, "close", None)
                    if close is not None:
                        close()
        except FAILURES:
            log_failure(self.name)
            raise

    async def call(self, function: Callable[[], object]) -> None:
        """Call a function in the source's thread and context."""
        await sync_to_async(self._call)(function)

    def _call(self, function: Callable[[], object]) -> None:
        (self._context or copy_context()).run(function)

    def _pull(self, buffer: Buffer) -> bool:
        """Run the source until the buffer is full; tell whether it has ended."""
        # One context for every burst. It is copied here, where asgiref has
        # made its own locals (the active language) visible to this thread.
        if self._context is None:
            if self._release:
                release_connections()
            self._context = copy_context()
        return self._context.run(self._burst, buffer)

    def _burst(self, buffer: Buffer) -> bool:
        encode = self._encoder.encode_chunk
        put = buffer.put
        try:
            for chunk in self._iterator:
                if not put(chunk if type(chunk) is bytes else encode(chunk)):
                    return False
        except StopIteration as error:
            # As a generator does it. No future carries it out of a thread.
            raise RuntimeError("A chunk of a stream raised StopIteration.") from error
        return True


class AsyncSource:
    """
    An async source, to be run by whoever runs ``produce``.

    Args:
        iterators: The source, and what middleware has wrapped around it, the
            outermost last. All are closed: a wrapper that is closed early does
            not close what it wraps.
        encoder: Encodes what the outermost yields.
        release: Whether database connections are given back at the start.
        watch: Whether one that is held idle is named under DEBUG.
        ends_thread: Whether the request's thread ends with them.

    Attributes:
        has_started: Whether it runs, or has run.
        name: What the log calls it.
        was_stopped: Whether it closes itself since there is no room any more.
    """

    __slots__ = (
        "_encoder",
        "_ends_thread",
        "_iterators",
        "_release",
        "_watch",
        "has_started",
        "name",
        "was_stopped",
    )

    def __init__(
        self,
        iterators: Sequence[AsyncIterator[object]],
        encoder: Encoder,
        *,
        release: bool,
        watch: bool,
        ends_thread: bool = False,
    ) -> None:
        self.has_started = self.was_stopped = False
        self._watch = watch
        self._iterators = iterators
        self.name = describe(iterators[0])
        self._encoder = encoder
        self._release = release
        self._ends_thread = ends_thread

    async def produce(self, buffer: Sink, room: Room) -> None:
        """Iterate the source, and close it in the very same task."""
        self.has_started = True
        watch = None
        put = buffer.put
        encode = self._encoder.encode_chunk_inline
        try:
            if self._release:
                await release_in_thread(ends_thread=self._ends_thread)
            if self._watch:
                watch = watch_loop(self.name, buffer)
            async for chunk in self._iterators[-1]:
                encoded = chunk if type(chunk) is bytes else encode(chunk)
                if encoded is None:
                    encoded = await sync_to_async(self._encoder.encode_chunk)(chunk)
                may_go_on = put(encoded)
                # They may be large, and the source silent from now on.
                chunk = encoded = None
                if not may_go_on and not await self._may_go_on(buffer, room):
                    self.was_stopped = True
                    break
        except Exception:
            log_failure(self.name)
            raise
        finally:
            if watch is not None:
                watch.cancel()
            await self._close(self._iterators)

    async def call(self, function: Callable[[], object]) -> None:
        """Call a function in the request's thread."""
        await sync_to_async(function)()

    async def _may_go_on(self, buffer: Sink, room: Room) -> bool:
        """Wait until there is room, and tell whether the source shall go on."""
        while buffer.must_wait():
            try:
                await room.wait()
            except asyncio.CancelledError as error:
                # Perhaps by a timeout of the source's own, which it shall see.
                outermost = self._iterators[-1]
                if buffer.stopped or not inspect.isasyncgen(outermost):
                    raise
                try:
                    chunk = await outermost.athrow(error)
                except StopAsyncIteration:
                    return False
                buffer.put(await sync_to_async(self._encoder.encode_chunk)(chunk))
        return not buffer.stopped

    async def _close(self, iterators: Sequence[AsyncIterator[object]]) -> None:
        """Close the outermost, and whatever that raises, what is inside."""
        *inner, outermost = iterators
        try:
            close = getattr(outermost, "aclose", None)
            if close is not None:
                await close()
        except Exception:
            log_failure(self.name)
            raise
        finally:
            if inner:
                await self._close(inner)


def log_failure(name: str, error: BaseException | None = None) -> None:
    """
    Log, with its traceback, what a source has raised.

    Args:
        name: What the log calls the source.
        error: By default the exception being handled.
    """
    logger.error("The stream of %s has failed.", name, exc_info=error or True)


def describe(source: object) -> str:
    """Name a source as a developer would look for it."""
    name = getattr(source, "__qualname__", None)
    return name or type(source).__qualname__
