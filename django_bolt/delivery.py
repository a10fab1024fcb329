"""
FileDelivery: the blocks of a file on their way to one client, under ASGI.

A block that lies in the page cache is read in the event loop, which takes less
time than asking a thread; any other is read on the thread that the request has
already, or on any.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from asgiref.sync import sync_to_async

from django_bolt.blocks import FileBody
from django_bolt.pace import SMALL, Pace
from django_bolt.streams.timers import StallWatch
from django_bolt.wire.ranges import Span

READ_SIZE = 256 * 1024
"""
Bytes that are read at a time at least, once a client takes what it gets.

Reading small blocks one by one costs more than cutting them from a larger one.
"""

_TURN = 1024 * 1024  # Bytes after which the event loop serves others.


class FileDelivery:
    """
    What is sent of a body, block by block.

    From one block to the next passes the time that the client took.

    Args:
        body: Where the blocks come from.
        size: Bytes that a block has at most.
        timeout: Seconds that the client may take nothing; ``None`` is no limit.
            With one, no block is larger than a small one: what a client takes
            shows when a block has gone.
    """

    __slots__ = (
        "_body",
        "_cut_at",
        "_handed",
        "_handed_at",
        "_pace",
        "_pieces",
        "_position",
        "_size",
        "_stall",
        "_stop",
        "_unserved",
        "_whole",
    )

    def __init__(self, body: FileBody, size: int, timeout: float | None) -> None:
        self._body = body
        self._size = size if timeout is None else min(size, SMALL)
        self._pace = Pace(max(size, READ_SIZE))
        self._pieces = iter([Span(0, 0)] if body.pieces is None else body.pieces)
        # What is left of the piece; it has no end where the size is unknown.
        self._position = 0
        self._stop: int | None = 0
        # What blocks are cut from, and where.
        self._whole = b""
        self._cut_at = 0
        self._handed = self._unserved = 0
        self._handed_at = 0.0
        self._stall = (
            None if timeout is None else StallWatch(asyncio.get_running_loop(), timeout)
        )

    async def next(self) -> bytes:
        """
        Return the next block; nothing at the end.

        Raises:
            FileChanged: The file ends before it, or another is in its place.
        """
        if self._handed:
            await self._account()
        if self._cut_at == len(self._whole):
            # Memory that nobody holds is used again.
            self._whole = b""
            self._whole = await self._read()
            self._cut_at = 0
        block = self._whole[self._cut_at : self._cut_at + self._size]
        self._cut_at += len(block)
        if block is self._whole:
            self._whole, self._cut_at = b"", 0
        self._handed = len(block)
        self._handed_at = monotonic()
        if self._stall is not None:
            self._stall.start()
        return block

    def end(self) -> None:
        """Give back what is shared, and watch the client no more."""
        self._pace.end()
        if self._stall is not None:
            self._stall.cancel()

    def refuse(self) -> None:
        """
        Say that the client has taken nothing for too long, if it has.

        Raises:
            RequestAborted: It has. Django takes it for a client that left.
        """
        if self._stall is not None and self._stall.has_fired:
            self._stall.refuse()

    async def _account(self) -> None:
        """Note what was taken, and let others have a turn now and then."""
        if self._stall is not None:
            self._stall.stop()
        self._pace.note(self._handed, monotonic() - self._handed_at)
        self._unserved += self._handed
        if self._unserved >= _TURN:
            self._unserved = 0
            await asyncio.sleep(0)

    async def _read(self) -> bytes:
        """Return what comes next, as much of it as the pace allows."""
        while self._position == self._stop:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            if isinstance(piece, bytes):
                return piece
            self._position, self._stop = piece
            if self._body.pieces is None:
                self._stop = None
        size = self._pace.size
        block = None
        if self._stop is not None:
            size = min(size, self._stop - self._position)
            block = self._body.read_cached(self._position, size)
        if block is None:
            block = await sync_to_async(self._body.read)(self._position, size)
        self._position += len(block)
        return block
