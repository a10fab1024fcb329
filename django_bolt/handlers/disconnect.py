"""
Notice that the client has left, where there is time to notice.

Django starts a task for each request that waits for the disconnect. Here the
request's code runs first: if it ends without having waited for anything, nobody
could have been told. Only when it waits, the disconnect is waited for too. The
code runs in the server's task from beginning to end, so that timeouts and
context variables behave as in any coroutine.
"""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar, cast

R = TypeVar("R")


class Watch:
    """
    Run coroutines in this task, and cancel it when the client leaves meanwhile.

    Args:
        listen: Made a coroutine of when there is something to wait for. It
            raises ``RequestAborted`` when the client leaves.
        arguments: What it is called with.
    """

    # Most requests wait for nothing: nothing of this is assigned for them.
    _task: asyncio.Task[Any] | None = None
    _watcher: asyncio.Task[None] | None = None
    _has_cancelled = False
    _is_over = False
    error: BaseException | None = None

    def __init__(
        self, listen: Callable[..., Coroutine[Any, Any, None]], *arguments: Any
    ) -> None:
        self._listen = listen
        self._arguments = arguments

    @property
    def has_begun(self) -> bool:
        """Whether there was something to wait for."""
        return self._watcher is not None

    @types.coroutine
    def over(self, coroutine: Coroutine[Any, Any, R]) -> Generator[Any, Any, R]:
        """Run a coroutine; watch from the moment at which it waits first."""
        try:
            waited = coroutine.send(None)
        except StopIteration as finished:
            return cast(R, finished.value)
        if self._watcher is None:
            self._start()
        while True:
            try:
                yield waited
            except BaseException as error:
                try:
                    waited = coroutine.throw(error)
                except StopIteration as finished:
                    return cast(R, finished.value)
            else:
                # A task sends nothing into what it runs.
                return cast(R, (yield from coroutine))

    async def stop(self) -> bool:
        """
        Watch no more.

        Returns:
            Whether a cancellation that is on its way was only ours: the client
            has left, and nobody else wants this task to end.
        """
        self._is_over = True
        is_ours = self._has_cancelled
        if is_ours and sys.version_info >= (3, 11) and self._task is not None:
            is_ours = self._task.uncancel() == 0
        watcher = self._watcher
        if watcher is not None and not watcher.done():
            watcher.cancel()
            await asyncio.wait((watcher,))
        return is_ours

    def _start(self) -> None:
        self._task = asyncio.current_task()
        self._watcher = asyncio.get_running_loop().create_task(
            self._listen(*self._arguments)
        )
        self._watcher.add_done_callback(self._end)

    def _end(self, watcher: asyncio.Task[None]) -> None:
        if watcher.cancelled():
            return
        self.error = watcher.exception()
        if not self._is_over and self._task is not None:
            self._has_cancelled = True
            self._task.cancel()


def can_be_cancelled(task: asyncio.Task[Any] | None) -> bool:
    """Tell whether a task is one; granian's own kind only looks like one."""
    return task is not None and type(task).cancel is asyncio.Task.cancel


async def in_own_task(awaitable: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine in a task of its own, which is cancelled with this one."""
    return await asyncio.get_running_loop().create_task(awaitable)
