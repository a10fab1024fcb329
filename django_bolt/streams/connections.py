"""
Keep open streams from holding database connections.

Django gives a connection back when the response ends; a stream may not end for
hours. It is given back when the body starts instead, and a source that uses
the ORM gets one again. The thread that Django's own handler would keep for an event
stream ends then. Under DEBUG a source that holds a connection while it is idle is
named in the log, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Protocol, runtime_checkable

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.db import connections

logger = logging.getLogger("django_bolt")

IDLE_SECONDS = 10.0
"""Seconds of silence after which a held connection is worth a warning."""


def release_connections() -> None:
    """
    Give this thread's connections back, as at the end of a request.

    Those in an atomic block stay, which Django would close; and those that
    ``CONN_MAX_AGE`` keeps.
    """
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            continue
        try:
            connection.close_if_unusable_or_obsolete()
        except RuntimeError:
            # pytest-django refuses even a look at what another test has left open.
            # Whatever it is, the end of the request meets it, as without us.
            logger.debug("A database connection was not given back.", exc_info=True)


async def release_in_thread(*, ends_thread: bool) -> None:
    """
    Give back the connections of the request's thread, if it may have any.

    Args:
        ends_thread: Whether the thread ends as well, if no connection is left open
            and asgiref has started it for this request alone. Sync code that
            follows has another one.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    executors: Mapping[Any, object] = SyncToAsync.context_to_thread_executor
    executor = None if context is None else executors.get(context)
    if isinstance(executor, Lease) and executor.is_clean():
        return
    is_free = await sync_to_async(_release_all)()
    if ends_thread and is_free and context is not None:
        _end_thread(context)


def _end_thread(context: ThreadSensitiveContext) -> None:
    """Do at once what a context does when it ends, and wait for nothing."""
    executors: MutableMapping[Any, Any] = SyncToAsync.context_to_thread_executor
    # One that somebody has given to the context is not ours to end.
    is_own = getattr(context, "_executor", None) is None
    if is_own and type(executors.get(context)) is ThreadPoolExecutor:
        executor = executors.pop(context)
        # After what may have been given to it meanwhile.
        executor.submit(connections.close_all)
        executor.shutdown(wait=False)


def _release_all() -> bool:
    """Give back this thread's connections; tell whether none is open any more."""
    release_connections()
    return not holds_connection()


@runtime_checkable
class Lease(Protocol):
    """A thread that is borrowed when it is needed, and knows what it has open."""

    def is_clean(self) -> bool:
        """Tell whether nothing runs in it, and no connection is open."""


def holds_connection() -> bool:
    """Tell whether this thread has an open database connection."""
    return any(
        connection.connection is not None
        for connection in connections.all(initialized_only=True)
    )


def watch_thread(iterator: Iterator[object], name: str) -> Iterator[object]:
    """Return a sync source, watched under DEBUG."""
    return _watched(iterator, name) if settings.DEBUG else iterator


def _watched(iterator: Iterator[object], name: str) -> Iterator[object]:
    warned = False
    held, since = holds_connection(), monotonic()
    for chunk in iterator:
        if held and not warned and monotonic() - since >= IDLE_SECONDS:
            warned = True
            _warn(name)
        yield chunk
        held, since = holds_connection(), monotonic()


class Progressing(Protocol):
    """Where a source puts its chunks."""

    @property
    def progress(self) -> float:
        """Another number after each chunk."""


def watch_loop(name: str, buffer: Progressing) -> IdleWatch | None:
    """Watch an async source under DEBUG; the caller cancels the watch."""
    return IdleWatch(name, buffer) if settings.DEBUG else None


class IdleWatch:
    """
    Look after an async source, whose connections are in the request's thread.

    Args:
        name: What the log calls the source.
        buffer: Where it puts its chunks.
    """

    def __init__(self, name: str, buffer: Progressing) -> None:
        self._name = name
        self._buffer = buffer
        self._seen = 0.0
        self._look: asyncio.Task[None] | None = None
        self._arm()

    def cancel(self) -> None:
        """Look no more."""
        self._timer.cancel()
        if self._look is not None:
            self._look.cancel()

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(IDLE_SECONDS, self._tick)

    def _tick(self) -> None:
        seen, self._seen = self._seen, self._buffer.progress
        if seen == self._seen:
            self._look = asyncio.get_running_loop().create_task(self._check())
        else:
            self._arm()

    async def _check(self) -> None:
        if await sync_to_async(holds_connection)():
            _warn(self._name)
        else:
            self._arm()


def _warn(name: str) -> None:
    logger.warning(
        "The stream of %s has held a database connection for %s seconds while it "
        "yielded nothing. Read what it needs before it waits, and call "
        "django.db.close_old_connections().",
        name,
        IDLE_SECONDS,
    )
