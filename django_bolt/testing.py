"""
Read event streams, infinite ones too, from Django's test client.

Pings are left out: they belong to a connection, and a test has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from asgiref.sync import async_to_sync
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http.response import HttpResponseBase

from django_bolt.responses.base import with_article
from django_bolt.responses.body import StreamBody
from django_bolt.responses.eventsource import EventSourceResponse
from django_bolt.wire.sse import ServerSentEvent
from django_bolt.wire.sse_parser import EventStreamParser

TIMEOUT = 5.0
"""Seconds that events may take by default, all together."""

INTERRUPT_EVERY = 0.05
"""Seconds between two looks at a sync source that is out of time."""


class EventsMissing(AssertionError):
    """
    An event stream did not give in time what a test expects of it.

    Args:
        events: What it gave.
        limit: How many were expected; ``None`` for all until its end.
        timeout: Seconds that it had.
    """

    def __init__(
        self, events: list[ServerSentEvent], limit: int | None, timeout: float
    ) -> None:
        self.events = events
        expected = "its end" if limit is None else f"{limit} events"
        super().__init__(
            f"The stream must reach {expected} within {timeout} seconds; got "
            f"{len(events)} events: {events!r}. Give a limit, or more time."
        )


def collect_events(
    response: Any, *, limit: int | None = None, timeout: float = TIMEOUT
) -> list[ServerSentEvent]:
    """
    Return the events of a response, and close it.

    ::

        response = client.get("/events")
        assert collect_events(response, limit=2) == [
            ServerSentEvent(raw_data='{"count":0}'),
            ServerSentEvent(raw_data='{"count":1}'),
        ]

    The source runs in the calling thread, with its database connections, so
    that it sees what the test has saved.

    Args:
        response: What ``django.test.Client`` returned.
        limit: How many events to wait for; ``None`` waits for the end.
        timeout: Seconds for all of them. A sync source that waits is
            interrupted only on the main thread, and not on Windows; elsewhere
            it is asked when it yields.

    Returns:
        The events, as they were framed: their data is in ``raw_data``.

    Raises:
        EventsMissing: The timeout has passed. It is an ``AssertionError``.
        TypeError: The response is no event stream.
        Exception: What the source raised.
    """
    _prepare(response)
    if response.is_async:
        return async_to_sync(acollect_events)(response, limit=limit, timeout=timeout)
    collected = _Collected(limit, timeout)
    try:
        with _interrupt(collected):
            for part in response.streaming_content:
                if collected.add(part):
                    break
    finally:
        _close(response)
    return collected.events


async def acollect_events(
    response: Any, *, limit: int | None = None, timeout: float = TIMEOUT
) -> list[ServerSentEvent]:
    """
    Return the events of a response, and close it.

    Args:
        response: What ``django.test.AsyncClient`` returned.
        limit: How many events to wait for; ``None`` waits for the end.
        timeout: Seconds for all of them. A sync source that waits cannot be
            interrupted: it is asked when it yields.

    Returns:
        The events, as they were framed: their data is in ``raw_data``.

    Raises:
        EventsMissing: The timeout has passed. It is an ``AssertionError``.
        TypeError: The response is no event stream.
        Exception: What the source raised.
    """
    _prepare(response)
    collected = _Collected(limit, timeout)
    # A stream of ours hands its source over as to a server, and closes it in the
    # same task; as does any response a sync source.
    is_ours = isinstance(response, StreamBody)
    source = (
        response if is_ours or not response.is_async else response.streaming_content
    )

    async def collect() -> None:
        async with contextlib.aclosing(aiter(source)) as parts:
            async for part in parts:
                if collected.add(part):
                    break

    try:
        await asyncio.wait_for(collect(), timeout)
    except asyncio.TimeoutError:
        raise collected.missing() from None
    finally:
        _close(response)
    return collected.events


class _Collected:
    """The events so far."""

    def __init__(self, limit: int | None, timeout: float) -> None:
        self.events: list[ServerSentEvent] = []
        self.limit = limit
        self.timeout = timeout
        self.parts = 0
        self._ends_at = time.monotonic() + timeout
        self._parser = EventStreamParser()

    def add(self, part: bytes) -> bool:
        """
        Add what a part completes, and tell whether that is enough.

        Raises:
            EventsMissing: It is not, and the time is over.
        """
        self.parts += 1
        self.events += self._parser.feed(part)
        if self.limit is not None and len(self.events) >= self.limit:
            del self.events[self.limit :]
            return True
        if time.monotonic() >= self._ends_at:
            raise self.missing()
        return False

    def missing(self) -> EventsMissing:
        """Return the error that says what is not there."""
        return EventsMissing(self.events, self.limit, self.timeout)


def _prepare(response: Any) -> None:
    """
    Leave out what belongs to a connection, and not to a test.

    Raises:
        TypeError: It is no response, or no event stream.
    """
    if not isinstance(response, HttpResponseBase):
        if inspect.iscoroutine(response):
            response.close()
        raise TypeError(
            "Events can be collected from a response; got "
            f"{with_article(type(response).__qualname__)}. What AsyncClient returns is "
            "to be awaited."
        )
    media_type = response.headers.get("Content-Type", "none at all")
    if not response.streaming or not media_type.startswith("text/event-stream"):
        raise TypeError(
            "Events can be collected from a stream of type text/event-stream; got "
            f"{type(response).__qualname__}, of type {media_type} and with the status "
            f"{response.status_code}."
        )
    if isinstance(response, EventSourceResponse):
        response.ping_interval = None
        # The test's own connection is in use, perhaps in a transaction.
        response.release_connections = False


def _close(response: Any) -> None:
    """Close a response; the test client has done so where it came to its end."""
    if response.closed:
        return
    # As the test client does: it keeps the test's database connection.
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


@contextlib.contextmanager
def _interrupt(collected: _Collected) -> Iterator[None]:
    """Raise at the end of the time, wherever the source waits, if that can be."""
    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    # A source that yields is asked then. An error raised here is lost where Python
    # runs a finalizer or a callback, so only one that waits is interrupted, again
    # and again.
    seen = -1

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal seen
        if collected.parts == seen:
            raise collected.missing()
        seen = collected.parts

    before = signal.signal(signal.SIGALRM, stop)
    left, interval = signal.setitimer(
        signal.ITIMER_REAL, collected.timeout, INTERRUPT_EVERY
    )
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # Somebody else's timer, such as one for the whole test.
            rest = left - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001), interval)
