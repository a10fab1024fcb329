"""When an async source may run ahead of its chunks, and when they leave first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from django_bolt import EventSourceResponse, StreamingResponse
from django_bolt.streams import buffer
from django_bolt.streams.buffer import CAUTION, MAX_SECONDS

DEADLINE = 60
"""Seconds that anything may take at most."""

Log = list[bytes]
Compute = Callable[[], None]
COMPUTED = b"(computed)"


@pytest.fixture
def log() -> Log:
    """Return what has happened: a chunk was taken, or something computed."""
    return []


@pytest.fixture
def compute(log: Log, monkeypatch: pytest.MonkeyPatch) -> Compute:
    """Return what takes time without waiting, by a clock that nothing else moves."""
    now = 1000.0
    monkeypatch.setattr(buffer, "monotonic", lambda: now)

    def compute() -> None:
        nonlocal now
        now += 2 * MAX_SECONDS
        log.append(COMPUTED)

    return compute


def deliver(source: AsyncIterator[bytes], log: Log) -> None:
    """Note each part that leaves."""

    async def main() -> None:
        async for part in aiter(StreamingResponse(source, release_connections=False)):
            log.append(part)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))


def test_each_chunk_leaves_before_the_source_computes(
    log: Log, compute: Compute
) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"1", b"2", b"3"):
            yield chunk
            compute()

    deliver(source(), log)

    assert log == [b"1", COMPUTED, b"2", COMPUTED, b"3", COMPUTED]


def test_each_chunk_leaves_before_the_source_computes_and_waits(
    log: Log, compute: Compute
) -> None:
    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"1", b"2"):
            yield chunk
            compute()
            await asyncio.sleep(0)

    deliver(source(), log)

    assert log == [b"1", COMPUTED, b"2", COMPUTED]


def test_chunks_of_a_source_that_goes_on_at_once_leave_together(
    log: Log, compute: Compute
) -> None:
    """All but the first, with which it has shown that."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in (b"1", b"2", b"3"):
            yield chunk
        await asyncio.sleep(0)
        for chunk in (b"4", b"5"):
            yield chunk

    deliver(source(), log)

    assert log == [b"1", b"23", b"45"]


@pytest.mark.parametrize("waits", [False, True])
def test_source_that_held_chunks_back_has_to_show_more(
    log: Log, compute: Compute, waits: bool
) -> None:
    """Before it may run ahead again."""

    async def source() -> AsyncIterator[bytes]:
        yield b"1"
        yield b"2"
        compute()
        if waits:
            await asyncio.sleep(0)
        yield b"3"
        for _ in range(CAUTION + 3):
            yield b"x"

    deliver(source(), log)

    held = [b"2", b"3"] if waits else [b"23"]
    alone = [b"x"] * (CAUTION - 1)
    assert log == [b"1", COMPUTED, *held, *alone, b"xxxx"]


def test_pings_come_between_chunks_without_a_byte() -> None:
    async def source() -> AsyncIterator[bytes]:
        while True:
            yield b""
            await asyncio.sleep(0)

    async def main() -> bytes:
        response = EventSourceResponse(
            source(), ping_interval=0.01, release_connections=False
        )
        body = aiter(response)
        part: bytes = await asyncio.wait_for(anext(body), DEADLINE)
        await body.aclose()  # type: ignore[attr-defined]  # It is a Delivery.
        return part

    assert asyncio.run(main()) == b": ping\n\n"
