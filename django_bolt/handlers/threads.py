"""
The threads of requests: one for each request that needs one, used again.

Django makes sync code of a request run in one thread of its own, for database
connections belong to a thread. It starts that thread for each request. Here a
request that needs a thread borrows one from a pool, and gives it back at the
end; one that needs none has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Token
from typing import Any, TypeVar

from asgiref.sync import AsyncToSync, SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections

from django_bolt.handlers.receivers import (
    is_untouched,
    look_after_connections,
    open_connections,
)
from django_bolt.handlers.workers import Worker, call_in_loop

R = TypeVar("R")

IDLE_THREADS = 32
"""Threads that are kept when nobody needs them; the rest end."""


class Pool:
    """
    Threads that wait for a request, the one used last in front.

    Args:
        size: How many wait at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._idle: list[Worker] = []
        # A fork takes no thread along.
        if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
            os.register_at_fork(after_in_child=self._idle.clear)

    def take(self) -> Worker:
        """Return a thread that nobody uses."""
        try:
            return self._idle.pop()
        except IndexError:
            return Worker()

    def give_back(self, thread: Worker) -> None:
        """Keep a thread for the next request, or end it when enough are kept."""
        if len(self._idle) < self._size:
            self._idle.append(thread)
        else:
            self.retire(thread)

    def retire(self, thread: Worker) -> None:
        """End a thread, and close what it has open."""
        # When the process ends, they end with it.
        with contextlib.suppress(RuntimeError):
            thread.submit(connections.close_all)
        thread.end()


POOL = Pool(IDLE_THREADS)

_lock = threading.Lock()


class Lease(ThreadSensitiveContext, Executor):
    """
    The thread of one request, borrowed when something is to run in it.

    It is the same one until it rests: then each call may have another, unless
    one has left a database connection open, which belongs to its thread.

    It is what asgiref knows a request by as well.
    """

    # Most requests need no thread: nothing of this is assigned for them.
    _pool = POOL
    _thread: Worker | None = None
    _running = 0
    _waiter: asyncio.Future[None] | None = None
    _is_free_of_connections = True
    _is_in_transaction = False
    _has_failed = False
    _rests = False
    _is_over = False

    def __init__(self, pool: Pool | None = None) -> None:
        super().__init__()
        if pool is not None:
            self._pool = pool

    @property
    def is_held(self) -> bool:
        """Whether a thread is to be given back."""
        return self._thread is not None

    @property
    def is_busy(self) -> bool:
        """Whether something runs in the thread, or is to run there."""
        return self._running > 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """
        Run a function in the request's thread, after those before it.

        Returns:
            A future as of ``Worker.submit``. The event loop, which would make one
            of its own of an executor's, takes it as it is.
        """
        with _lock:
            is_first = self._thread is None
            if self._thread is None:
                self._thread = self._pool.take()
            thread = self._thread
            self._running += 1
        try:
            return thread.submit(
                self._run, is_first, function, args, kwargs, otherwise=self._settle
            )
        except RuntimeError:
            self._settle()
            raise

    def is_clean(self) -> bool:
        """Tell whether nothing runs for the request, and no connection is open."""
        return not self._running and self._is_free_of_connections

    def rest(self) -> None:
        """
        Hold a thread no longer than a call takes, from now on.

        For a body that is sent for hours from the event loop.
        """
        with _lock:
            self._rests = True
            self._let_go()

    def fail(self) -> None:
        """
        Keep nothing that is open, for nobody is told of the end of the request.

        It was broken off, so that ``request_finished`` is not sent. With Django's
        handler the thread ends then, and its connections with it.
        """
        self._has_failed = True

    async def end(self) -> None:
        """Give the thread back, and wait for what still runs in it."""
        with _lock:
            self._is_over = True
            self._let_go()
            if not self._running:
                return
            waiter = self._waiter = asyncio.get_running_loop().create_future()
        # Unlike awaiting it, this leaves it alone when it is cancelled.
        await asyncio.wait((waiter,))

    def _run(
        self,
        is_first: bool,
        function: Callable[..., R],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> R:
        try:
            if is_first:
                look_after_connections()
            return function(*args, **kwargs)
        finally:
            held = open_connections()
            self._is_free_of_connections = not held
            self._is_in_transaction = any(one.in_atomic_block for one in held)
            # Before the loop hears of the result, and looks at what is left.
            self._settle()

    def _settle(self) -> None:
        with _lock:
            self._running -= 1
            self._let_go()
            waiter = None
            if not self._running:
                waiter, self._waiter = self._waiter, None
        if waiter is not None:
            call_in_loop(waiter.get_loop(), waiter.set_result, None)

    def _let_go(self) -> None:
        """Give the thread back if nothing ties the request to it; under the lock."""
        thread = self._thread
        if (
            thread is not None
            and not self._running
            and (self._is_over or (self._rests and self._is_free_of_connections))
        ):
            self._thread = None
            # What left a transaction open cannot be repaired by who comes next.
            if self._is_in_transaction or (
                self._has_failed and not self._is_free_of_connections
            ):
                self._pool.retire(thread)
            else:
                self._pool.give_back(thread)


def has_thread() -> bool:
    """
    Tell whether this context has a thread for sync code already.

    So it is when a sync caller waits for this event loop, as in tests.
    """
    return SyncToAsync.thread_sensitive_context.get(None) is not None or (
        not is_untouched(AsyncToSync.executors)
        and getattr(AsyncToSync.executors, "current", None) is not None
    )


def open_lease() -> tuple[Lease, Token[ThreadSensitiveContext]]:
    """
    Give the request of this context a thread, for when it needs one.

    As ``ThreadSensitiveContext`` does, with one from the pool. Tasks that
    outlive the request get a thread of their own, as they do from asgiref when
    it has started the request's thread itself.

    Returns:
        The lease, and what ends it.
    """
    lease = Lease()
    SyncToAsync.context_to_thread_executor[lease] = lease
    return lease, SyncToAsync.thread_sensitive_context.set(lease)


def close_lease(lease: Lease, token: Token[ThreadSensitiveContext]) -> None:
    """Take the thread from the request of this context; the lease is to be ended."""
    SyncToAsync.thread_sensitive_context.reset(token)
    SyncToAsync.context_to_thread_executor.pop(lease, None)


def _call(function: Callable[..., R], /, *args: Any) -> R:
    return function(*args)


call_in_thread = sync_to_async(_call, thread_sensitive=True)
"""Call a function in the request's thread; made once, since making one takes time."""
