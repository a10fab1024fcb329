"""
Wake whoever waits at one end of a buffer, in a loop or in a thread.

A signal may wake for nothing: who waits looks again. It is never lost when the
waiter says that it is about to wait, and looks once more, before it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading


class LoopSignal:
    """
    Wake one coroutine.

    Args:
        loop: The loop that the coroutine runs in.
    """

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._future: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the coroutine; for code that runs in its loop."""
        future = self._future
        if future is not None and not future.done():
            future.set_result(None)

    def set_from_thread(self) -> None:
        """Wake the coroutine; for code that runs in another thread."""
        # A loop that is closed has nobody to wake.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.set)

    def wait(self) -> asyncio.Future[None]:
        """Return what to await until the signal is set."""
        self._future = future = self._loop.create_future()
        return future


class ThreadSignal:
    """Wake one thread."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def set_from_thread(self) -> None:
        """Wake the thread."""
        self._event.set()

    def wait(self, timeout: float | None = None) -> None:
        """
        Wait until the signal is set.

        Args:
            timeout: Seconds after which to return all the same; ``None`` waits.
                More than a thread can wait is cut down to that.
        """
        if timeout is not None:
            timeout = min(timeout, threading.TIMEOUT_MAX)
        self._event.wait(timeout)
        self._event.clear()
