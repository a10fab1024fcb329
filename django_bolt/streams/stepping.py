"""
Run a coroutine by hand, in the task that consumes what it produces.

A step goes as far as the coroutine can without waiting; then it hands up the
future that it waits for, as it would to a task of its own. What it has produced
so far can leave before that future is awaited. So there is one task, and no
switch between two of them for each chunk.

That the future is awaited in the coroutine's place keeps all else as if it had
been awaited there: timeouts, task groups, cancellation.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Coroutine
from typing import Any, cast

from django_bolt.streams.gate import Gate, hand_up
from django_bolt.streams.producers import CANCELLED


class Steps:
    """
    A coroutine that the current task runs, a step at a time.

    Args:
        coroutine: What to run.
        gate: Breaks off a wait when it opens; ``None`` when nothing will.

    Attributes:
        ended: Whether there is no further step.
        was_cancelled: Whether a wait has raised a cancellation, which ``check``
            has not looked at yet.
    """

    __slots__ = (
        "_cancelling",
        "_coroutine",
        "_failure",
        "_future",
        "_task",
        "_waits_for",
        "ended",
        "gate",
        "was_cancelled",
    )

    def __init__(
        self, coroutine: Coroutine[Any, None, None], gate: Gate | None
    ) -> None:
        self._coroutine = coroutine
        self.gate = gate
        self._waits_for: Any = None
        self._future: Any = None
        self._failure: BaseException | None = None
        self._task = cast("asyncio.Task[object]", asyncio.current_task())
        self._cancelling = 0
        if sys.version_info >= (3, 11):  # pragma: no branch
            self._cancelling = self._task.cancelling()
        self.ended = self.was_cancelled = False

    def step(self, error: BaseException | None) -> None:
        """
        Run until the coroutine waits or ends.

        Args:
            error: What the wait has raised, to be raised in the coroutine; ``None``
                when it has raised nothing.
        """
        try:
            if error is None:
                self._waits_for = self._coroutine.send(None)
                return
            if isinstance(error, asyncio.CancelledError):
                self.was_cancelled = True
            if self.gate is not None:
                self.gate.is_open = False  # That wait is over.
            self._waits_for = self._coroutine.throw(error)
        except StopIteration:
            self.ended = True
        except BaseException as raised:
            self.ended = True
            self._failure = raised

    def wait(self) -> Awaitable[object]:
        """Return what to await before the next step, which gets what it raises."""
        future = self._waits_for
        if future is None:
            return hand_up(None)
        if getattr(future, "_asyncio_future_blocking", False):
            # As the task would have done, had the coroutine been its own.
            future._asyncio_future_blocking = False
            self._future = future
        elif future is not self._future:
            return hand_up(future)
        return self._future if self.gate is None else self.gate.wait_for(future)

    def check(self) -> None:
        """
        Raise what the coroutine has raised, or has ignored.

        Raises:
            asyncio.CancelledError: The task was cancelled.
            Exception: What the coroutine raised.
        """
        failure, self._failure = self._failure, None
        is_cancelled = self._is_cancelled(failure is not None)
        self.was_cancelled = False
        try:
            if is_cancelled:
                raise asyncio.CancelledError
            if isinstance(failure, asyncio.CancelledError):
                raise RuntimeError(CANCELLED)
            if failure is not None:
                raise failure
        finally:
            del failure  # It holds this frame.

    async def close(self) -> None:
        """Cancel the coroutine where it waits, and see it through."""
        self.gate = None
        future = None if self.ended else self._waits_for
        error: BaseException | None = None
        # As Task.cancel() does it: what is waited for is asked first.
        if not asyncio.isfuture(future) or not future.cancel():
            error = asyncio.CancelledError()
        while not self.ended:
            if error is None:
                try:
                    await self.wait()
                except BaseException as raised:
                    error = raised
            self.step(error)
            error = None

    def _is_cancelled(self, otherwise: bool) -> bool:
        """Tell whether the task was cancelled, and not by its coroutine for itself."""
        if sys.version_info < (3, 11):  # pragma: no cover  # It cannot be told.
            return self.was_cancelled and otherwise
        return bool(self._task.cancelling() > self._cancelling)
