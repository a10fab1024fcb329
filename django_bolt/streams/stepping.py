"""
Run a coroutine by hand, in the task that consumes what it produces.

A step goes as far as the coroutine can without waiting; then it hands up the
future that it waits for, as it would to a task of its own. What it has produced
so far can leave before that future is handed up to the task. So there is one
task, and no switch between two of them for each chunk.

That the task waits for the future in the coroutine's place keeps all else as if
it had been awaited there: timeouts, task groups, cancellation.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from django_bolt.streams.gate import Gate, hand_up
from django_bolt.streams.producers import CANCELLED, ENDED, log_failure


class Steps:
    """
    A coroutine that the current task runs, a step at a time.

    Args:
        coroutine: What to run.
        gate: Breaks off a wait when it opens; ``None`` when nothing will.
        name: What the log calls the source.

    Attributes:
        has_ended: Whether there is no further step.
        resume: The core of ``step(None)``, for who is in a hurry: called with
            ``None`` it returns what to wait for; what it raises is for ``end``.
        waits_for: What the coroutine has handed up when it waited.
        was_cancelled: Whether a wait has raised a cancellation, which ``check``
            has not looked at yet.
    """

    __slots__ = (
        "_cancelling",
        "_coroutine",
        "_failure",
        "_name",
        "_task",
        "gate",
        "has_ended",
        "resume",
        "waits_for",
        "was_cancelled",
    )

    def __init__(
        self, coroutine: Coroutine[Any, None, None], gate: Gate | None, name: str
    ) -> None:
        self._coroutine = coroutine
        self.resume = coroutine.send
        self.gate = gate
        self._name = name
        self.waits_for: Any = None
        self._failure: BaseException | None = None
        self._task: asyncio.Task[object] | None = asyncio.current_task()
        self._cancelling = 0
        if sys.version_info >= (3, 11) and self._task:  # pragma: no branch
            self._cancelling = self._task.cancelling()
        self.has_ended = self.was_cancelled = False

    def step(self, error: BaseException | None) -> None:
        """
        Run until the coroutine waits or ends.

        Args:
            error: What the wait has raised, to be raised in the coroutine; ``None``
                when it has raised nothing.
        """
        try:
            if error is None:
                self.waits_for = self.resume(None)
                return
            if isinstance(error, asyncio.CancelledError):
                self.was_cancelled = True
            if self.gate is not None:
                self.gate.is_open = False  # That wait is over.
            self.waits_for = self._coroutine.throw(error)
        except BaseException as raised:
            self.end(raised)
        finally:
            del error  # It holds this frame.

    def end(self, raised: BaseException) -> None:
        """Note that a step has raised something: the coroutine has ended."""
        self.has_ended = True
        if not isinstance(raised, StopIteration):
            self._failure = raised

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
                # Any other failure is logged where it is raised; that it was not the
                # task's own cancellation is known here alone.
                log_failure(self._name, failure)
                raise RuntimeError(CANCELLED)
            if isinstance(failure, StopAsyncIteration):
                # Who iterates would take it for the end.
                raise RuntimeError(ENDED) from failure
            if failure is not None:
                raise failure
        finally:
            del failure  # It holds this frame.

    async def close(self) -> None:
        """Cancel the coroutine where it waits, and see it through."""
        self.gate = None
        error: BaseException | None = asyncio.CancelledError()
        future = None if self.has_ended else self.waits_for
        # As Task.cancel() does it: what is waited for is asked first.
        if asyncio.isfuture(future) and future.cancel():
            # A task takes the mark away when it begins to wait.
            future._asyncio_future_blocking = True
            error = None
        while not self.has_ended:
            if error is None:
                try:
                    await hand_up(self.waits_for)
                except BaseException as raised:
                    error = raised
            self.step(error)
            error = None
        # Nobody asks for them any more, and what either raises holds this object.
        self._failure = self._task = None

    def _is_cancelled(self, otherwise: bool) -> bool:
        """Tell whether the task was cancelled, and not by its coroutine for itself."""
        if sys.version_info < (3, 11):  # pragma: no cover  # It cannot be told.
            return self.was_cancelled and otherwise
        # Who iterates may have a task for each part.
        task = asyncio.current_task()
        before = self._cancelling if task is self._task else 0
        return task is not None and task.cancelling() > before
