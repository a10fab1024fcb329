"""What a stream holds, and for how long."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest

from django_bolt import EventSourceResponse, StreamingResponse
from django_bolt.streams.buffer import PART_BYTES
from tests.streams.delivering import both_ways, deliver

LARGE = 4 * PART_BYTES
"""A chunk that leaves in several messages."""


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1000, LARGE])
def test_what_was_sent_is_not_held_while_the_source_is_silent(size: int) -> None:
    parts: list[bytes] = []
    elsewhere = [bytes(1000)]

    async def source() -> AsyncIterator[bytes]:
        yield bytes(size)
        await asyncio.Event().wait()

    async def main() -> tuple[int, int]:
        sent = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            parts.append(message.get("body", b""))
            if sum(map(len, parts)) == size:
                sent.set()

        delivery = StreamingResponse(source()).open_delivery()
        assert delivery is not None
        task = asyncio.create_task(deliver(delivery, send, is_iterated=False))
        await sent.wait()
        counts = sys.getrefcount(parts[-1]), sys.getrefcount(elsewhere[-1])
        task.cancel()
        await asyncio.wait([task])
        return counts

    held, free = asyncio.run(main())

    assert held == free


async def ending() -> AsyncIterator[bytes]:
    """Yield, and end."""
    yield b"chunk"


async def failing() -> AsyncIterator[bytes]:
    """Yield, and fail."""
    yield b"chunk"
    raise LookupError


async def silent() -> AsyncIterator[bytes]:
    """Yield, and wait for ever."""
    yield b"chunk"
    await asyncio.Event().wait()


async def large() -> AsyncIterator[bytes]:
    """Yield what leaves in several messages."""
    yield bytes(LARGE)


def restless() -> Iterator[bytes]:
    """Yield for ever, in a thread."""
    while True:
        yield bytes(1000)


@pytest.fixture
def garbage() -> Iterator[list[object]]:
    """What the collector finds, in this list when it is called."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@both_ways
@pytest.mark.django_db
@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Frames of Python 3.10 hold one another."
)
@pytest.mark.parametrize("reads", [True, False], ids=["reads", "does not read"])
@pytest.mark.parametrize("source", [ending, failing, silent, large, restless])
def test_a_stream_that_is_over_leaves_nothing_to_the_collector(
    source: Any,
    reads: bool,
    is_iterated: bool,
    garbage: list[object],
) -> None:
    """It ends by itself, or it is cancelled where it waits."""

    async def main() -> None:
        reached = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message.get("body"):
                reached.set()
                if not reads:
                    await asyncio.Event().wait()

        response = EventSourceResponse(source())
        delivery = response.open_delivery()
        assert delivery is not None

        async def handle() -> None:
            try:
                await deliver(delivery, send, is_iterated=is_iterated)
            except (LookupError, asyncio.CancelledError) as raised:
                # asgiref raises it once more in a frame that it holds.
                raised.__traceback__ = None
            response.close()

        task = asyncio.create_task(handle())
        await reached.wait()
        task.cancel()
        await task

    asyncio.run(main())
    gc.collect()

    ours = {type(found) for found in garbage}
    assert not [kind for kind in ours if kind.__module__.startswith("django_bolt")]
