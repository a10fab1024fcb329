"""A source that ends by a cancellation that nobody has asked for has failed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from django_bolt import EventSourceResponse, StreamingResponse

# What ends a stream early closes its response.
pytestmark = pytest.mark.django_db

Read = Callable[[Any], object]


def cancelled() -> Iterator[bytes]:
    """Do as code that waits for a task that somebody has cancelled."""
    yield b"data"
    raise asyncio.CancelledError


async def acancelled() -> AsyncIterator[bytes]:
    """Wait for a task that somebody has cancelled."""
    yield b"data"
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task


def by_wsgi(response: Any) -> object:
    """Read as a WSGI server does."""
    return list(response)


def by_asgi(response: Any) -> object:
    """Read as an ASGI handler does."""

    async def main() -> list[bytes]:
        return [part async for part in response]

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("source", "read"),
    [
        (cancelled, by_wsgi),
        (cancelled, by_asgi),
        (acancelled, by_wsgi),
        pytest.param(
            acancelled,
            by_asgi,
            marks=pytest.mark.skipif(
                sys.version_info < (3, 11),
                reason="Python 3.10 does not tell who has cancelled.",
            ),
        ),
    ],
)
@pytest.mark.parametrize("respond", [StreamingResponse, EventSourceResponse])
def test_cancellation_of_its_own_is_logged_as_a_failure(
    respond: Callable[[Any], Any],
    source: Callable[[], Any],
    read: Read,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises((RuntimeError, asyncio.CancelledError)):
        read(respond(source()))

    [record] = caplog.records
    assert (record.name, record.levelname) == ("django_bolt", "ERROR")
    assert record.getMessage() == f"The stream of {source.__name__} has failed."
    assert record.exc_info is not None
    assert record.exc_info[0] is asyncio.CancelledError
