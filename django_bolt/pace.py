"""
How large the blocks are that a file is sent in: by how its client takes them.

What a server is given at a time costs much the same whatever its size, so that
large blocks are fast. But a server that cannot pass one on holds it in memory,
and the next one waits: a thousand clients that read slowly must not hold a
thousand large blocks.
"""

from __future__ import annotations

import threading

SMALL = 64 * 1024
"""Bytes of the first blocks: what Django's ASGI handler sends at once."""

LARGEST = 512 * 1024
"""
Bytes of a block that grew. 256 KiB reach four fifths of the speed, and more than
512 no more: they leave the cache of the processor.
"""

SLOW = 32 * 1024
"""Bytes of a block after a pause: who has paused may stop again."""

LARGE_BYTES = 64 * 1024 * 1024
"""Bytes that all blocks of a process may take together, beyond small ones."""

PAUSE = 1.0
"""Seconds after which a client that took nothing has paused."""

_GROWTH = 64
"""
A block has at most this part of what was taken since the last pause.

Sockets that nobody reads take in a few MiB: a client that stops there holds
small blocks still.
"""

_IN_MEMORY = 8
"""
Blocks that a server holds of a client that stops, with the one that waits.

Granian holds seven, others two or three.
"""


class Budget:
    """
    Bytes that those who send share.

    Args:
        size: How many.
    """

    def __init__(self, size: int) -> None:
        self.left = size
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Take some bytes out, or back if negative; tell whether there were as many."""
        with self._lock:
            if count > self.left:
                return False
            self.left -= count
            return True


BUDGET = Budget(LARGE_BYTES)


class Pace:
    """
    The size of the next block for one client.

    Small at first, twice as large each time that the client has taken enough
    without a pause and the budget allows, and small after a pause.

    Args:
        largest: Bytes that a block has at most.
        budget: Where the bytes beyond a small block come from.

    Attributes:
        size: Bytes of the next block.
    """

    __slots__ = ("_budget", "_grows_at", "_held", "_largest", "_taken", "size")

    def __init__(self, largest: int = LARGEST, budget: Budget = BUDGET) -> None:
        self._largest = largest
        self._budget = budget
        self._held = 0
        self._set(SMALL)

    def note(self, count: int, seconds: float) -> None:
        """Note that the client took so many bytes, and how long that took."""
        if seconds > PAUSE:
            self._release()
            self._set(SLOW)
            return
        self._taken += count
        if self._taken >= self._grows_at:
            self._grow()

    def end(self) -> None:
        """Give back what was taken out of the budget."""
        self._release()

    def _set(self, size: int) -> None:
        self.size = size
        self._taken = 0
        self._grows_at = 2 * size * _GROWTH

    def _grow(self) -> None:
        larger = self.size * 2
        if larger <= self._largest:
            needed = max(larger - SMALL, 0) * _IN_MEMORY - self._held
            if self._budget.take(needed):
                self._held += needed
                self.size = larger
        # Where there was nothing left, there may be later.
        self._grows_at = self._taken + self.size * _GROWTH

    def _release(self) -> None:
        self._budget.take(-self._held)
        self._held = 0
