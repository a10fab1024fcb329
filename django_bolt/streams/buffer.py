"""
What a source has yielded and the server has not taken yet.

A source runs ahead of the wire only to a bound, and the bound has a time: once
something has waited for the wire that long, the source waits too. A source
that is slow, or waits itself, is thus at most one chunk ahead; a fast one is
not stopped at each chunk. What is in the buffer is sent at once in any case.

Each counter has one writer, so that no lock is needed: the producer's side
writes ``put_*``, the consumer's ``sent_*``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import accumulate
from time import monotonic

from django_bolt.streams.gate import hand_up

MAX_CHUNKS = 512
"""Chunks that a source may be ahead of the wire."""

MAX_BYTES = 128 * 1024
"""Bytes after which a source waits for the wire; one chunk may exceed it."""

MAX_SECONDS = 0.001
"""Seconds that a source may be ahead of the wire."""

CAUTION = 16
"""How often a source has to go on at once after a chunk was held back for it."""

PART_BYTES = 64 * 1024
"""Bytes up to which chunks leave together; Django's ASGI handler cuts there."""


class Buffer:
    """
    Chunks between one producer and one consumer.

    Args:
        wake_consumer: Called after a chunk was put, when the consumer waits.
        wake_producer: Called when all is sent, and the producer waits.
    """

    __slots__ = (
        "_since",
        "_size",
        "_wake_consumer",
        "_wake_producer",
        "chunks",
        "consumer_waits",
        "ended",
        "in_flight",
        "producer_waits",
        "put_bytes",
        "put_chunks",
        "sent_bytes",
        "sent_chunks",
        "stopped",
    )

    def __init__(
        self,
        wake_consumer: Callable[[], None],
        wake_producer: Callable[[], None],
    ) -> None:
        self._wake_consumer = wake_consumer
        self._wake_producer = wake_producer
        self._since = 0.0
        self.chunks: list[bytes] = []
        self.put_chunks = self.put_bytes = 0
        self.sent_chunks = self.sent_bytes = 0
        self.in_flight = self._size = 0
        self.consumer_waits = self.producer_waits = False
        self.ended = self.stopped = False

    # The producer's side.

    def put(self, chunk: bytes) -> bool:
        """
        Add a chunk, and wake the consumer.

        Returns:
            Whether the source may go on at once.
        """
        self.chunks.append(chunk)
        self.put_chunks += 1
        self.put_bytes += len(chunk)
        if self.consumer_waits:
            self.consumer_waits = False
            self._wake_consumer()
        if self.stopped or self.put_bytes - self.sent_bytes >= MAX_BYTES:
            return False
        ahead = self.put_chunks - self.sent_chunks
        if ahead == 1:
            self._since = monotonic()
            return True
        return ahead < MAX_CHUNKS and monotonic() - self._since < MAX_SECONDS

    def end(self, producer: object = None) -> None:
        """Say that the source yields no more; fit to be a task's callback."""
        self.ended = True
        self._wake_consumer()

    @property
    def progress(self) -> float:
        """How many chunks were put."""
        return self.put_chunks

    def must_wait(self) -> bool:
        """Announce that the producer waits, and tell whether it has to."""
        # Said first, and then looked: the other end may be in another thread.
        self.producer_waits = True
        if self.put_chunks == self.sent_chunks or self.stopped:
            self.producer_waits = False
        return self.producer_waits

    # The consumer's side.

    def next_part(self) -> bytes | None:
        """
        Return what is there, as one part; the part before has been sent.

        Returns:
            ``None`` when there is nothing: the consumer is announced to wait,
            and does so unless the buffer has ended.
        """
        chunks = self.chunks
        if self.in_flight:
            self.sent_chunks += self.in_flight
            self.sent_bytes += self._size
            self.in_flight = 0
            if self.producer_waits and not chunks:
                self.producer_waits = False
                self._wake_producer()
        # Said first, and then looked, as above.
        self.consumer_waits = True
        if not chunks:
            return None
        self.consumer_waits = False
        stop = len(chunks)
        if stop == 1:
            part = chunks.pop(0)
        else:
            if self.put_bytes - self.sent_bytes > PART_BYTES:
                stop = self._count_for_one_part()
            part = b"".join(chunks[:stop])
            del chunks[:stop]
        self.in_flight = stop
        self._size = len(part)
        return part

    def stop(self) -> None:
        """Say that nobody takes any more."""
        self.stopped = True
        self._wake_producer()

    def _count_for_one_part(self) -> int:
        sizes = accumulate(map(len, self.chunks))
        return sum(1 for size in sizes if size <= PART_BYTES) or 1


class Burst:
    """
    What a coroutine puts in one step, for the task that runs it by hand.

    It is at the same time where the coroutine waits for room.

    What computes between two chunks would hold the first one back: so a source runs
    ahead only once it has shown that it goes on at once, to the next chunk or to a
    wait; and has to show that again, and more often, after a chunk was held back.

    Attributes:
        caution: How often the source has to show it before it may run ahead; until
            then each chunk is taken before the source goes on.
        chunks: What was put, and not taken yet.
        stopped: Whether nobody takes any more.
    """

    __slots__ = (
        "_last",
        "_resumed_at",
        "_since",
        "_size",
        "caution",
        "chunks",
        "stopped",
    )

    def __init__(self) -> None:
        self.stopped = False
        self.caution = 1
        self.chunks: list[bytes] = []
        self._size = 0
        self._since = self._last = 0.0
        self._resumed_at: float | None = None

    def put(self, chunk: bytes) -> bool:
        """Add a chunk, and tell whether another may be added before it is taken."""
        now = monotonic()
        chunks = self.chunks
        if not chunks:
            chunks.append(chunk)
            self._since = self._last = now
            self._size = size = len(chunk)
            if self.caution:
                self._look_how_long(now)
            return not self.caution and size < PART_BYTES
        chunks.append(chunk)
        self._size += len(chunk)
        if now - self._last >= MAX_SECONDS:
            self.caution = CAUTION
        self._last = now
        return (
            self._size < PART_BYTES
            and len(chunks) < MAX_CHUNKS
            and now - self._since < MAX_SECONDS
        )

    @property
    def progress(self) -> float:
        """When a chunk was put last."""
        return self._last

    def take(self) -> bytes:
        """Return what was put, as one part."""
        chunks = self.chunks
        if monotonic() - self._last >= MAX_SECONDS:
            self.caution = CAUTION
        if len(chunks) == 1:
            return chunks.pop()
        part = b"".join(chunks)
        chunks.clear()
        return part

    def note_wait(self) -> None:
        """Note that the source waits, or that its next step is about to begin."""
        self._look_how_long(monotonic())

    def stop(self) -> None:
        """Say that nobody takes any more: whatever is put from now on is too much."""
        self.stopped = True
        self.chunks.append(b"")
        self._size = PART_BYTES

    def must_wait(self) -> bool:
        """Tell whether there is something to be taken first."""
        if self.chunks and not self.stopped:
            return True
        if self.caution:
            self._resumed_at = monotonic()
        return False

    def wait(self) -> Awaitable[None]:
        """Return what to await until it was taken: the end of the step."""
        return hand_up(None)

    def _look_how_long(self, now: float) -> None:
        """Look how long the source took for the chunk, or the wait, that comes next."""
        if self._resumed_at is not None:
            is_late = now - self._resumed_at >= MAX_SECONDS
            self.caution = CAUTION if is_late else self.caution - 1
            self._resumed_at = None
