"""
What a task awaits for a source that it runs by hand.

A coroutine tells its task what it waits for by yielding a future up to it. Who
runs a source by hand receives that future in the task's place, and passes it
on; here is what it is passed on in.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, cast


class Gate:
    """
    A wait for a future that can be broken off, and taken up again.

    The task is woken by the future itself, as if it awaited nothing else, or by
    :meth:`open`, which leaves the future as it is. It is a future-like object
    as ``asyncio.isfuture`` describes them.

    Attributes:
        is_open: Whether the last wait was broken off.
    """

    __slots__ = ("_asyncio_future_blocking", "_context", "_future", "_wake", "is_open")

    def __init__(self) -> None:
        self.is_open = False
        self._future = cast("asyncio.Future[object]", None)
        self._wake: Callable[[object], object] | None = None

    def wait_for(self, handed_up: Any) -> Any:
        """
        Return what to hand up to the task until a future is done, or we open.

        Args:
            handed_up: What a coroutine has handed up: a future; the same once
                more when its wait was broken off; or anything that is none, and
                that is the task's to refuse.
        """
        if getattr(handed_up, "_asyncio_future_blocking", False):
            # As the task would have done, had the coroutine been its own.
            handed_up._asyncio_future_blocking = False
            self._future = handed_up
        elif handed_up is not self._future:
            return handed_up
        self.is_open = False
        self._asyncio_future_blocking = True
        return self

    def open(self) -> None:
        """Wake the task, if it waits here."""
        wake = self._wake
        if wake is None or self._future.done():  # It is awake, or about to be.
            return
        self.is_open, self._wake = True, None
        future = self._future
        future.remove_done_callback(wake)
        future.get_loop().call_soon(wake, self, context=self._context)

    # What the task asks of a future.

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the future."""
        return self._future.get_loop()

    def add_done_callback(
        self, wake: Callable[[object], object], *, context: Context | None = None
    ) -> None:
        """Have the future wake the task."""
        self._wake, self._context = wake, context
        self._future.add_done_callback(wake, context=context)

    def result(self) -> None:
        """Return nothing, when the gate has woken the task."""

    def cancel(self, msg: object = None) -> bool:
        """Cancel the future; once the gate is open, the task sees to itself."""
        return not self.is_open and self._future.cancel(msg=msg)


@types.coroutine
def hand_up(yielded: object) -> Generator[object, None, None]:
    """
    Hand up to the task, as it is, what a source has yielded and is no future.

    Args:
        yielded: ``None`` gives the loop a turn. Anything else is an error that
            the task raises, as if the source had done so in a task of its own.
    """
    yield yielded
