"""The blocks of a file on their way to a client, in an event loop."""

import asyncio
import errno
import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from django_bolt import blocks, delivery, pace
from django_bolt.blocks import FileBody
from django_bolt.delivery import READ_SIZE, FileDelivery
from django_bolt.pace import LARGEST, SLOW, SMALL
from django_bolt.sources import make_source
from django_bolt.wire.ranges import Span
from tests.readers import NOWAIT, Pipe, have_all_cached

SIZE = 3 * 1024 * 1024
CONTENT = os.urandom(64) * (SIZE // 64)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
        yield path


@pytest.fixture(autouse=True)
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no client pause, however slow the machine is."""
    monkeypatch.setattr(delivery, "monotonic", lambda: 0.0)


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have blocks grow with each that was taken."""
    monkeypatch.setattr(pace, "_GROWTH", 1)


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files in the page cache, where reading them in a thread fails."""
    if not hasattr(os, "preadv"):
        pytest.skip("Not on this system.")

    have_all_cached(monkeypatch)
    monkeypatch.setattr(FileBody, "read", None)


async def drain(deliver: FileDelivery) -> list[bytes]:
    """Return what is delivered."""
    delivered = []
    while block := await deliver.next():
        delivered.append(block)
    deliver.end()
    return delivered


def collect(body: FileBody, size: int = SMALL, timeout: float | None = None) -> Any:
    """Return the blocks of a body, which is closed."""

    async def main() -> list[bytes]:
        return await drain(FileDelivery(body, size, timeout))

    try:
        return asyncio.run(main())
    finally:
        body.close()


def sizes(delivered: list[bytes]) -> list[int]:
    """Return how long each block is."""
    return [len(block) for block in delivered]


@pytest.mark.usefixtures("cached")
def test_file_in_the_page_cache_is_read_in_the_loop(path: Path) -> None:
    read = collect(FileBody(make_source(path)))

    assert b"".join(read) == CONTENT
    assert set(sizes(read)) == {SMALL}


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.EOPNOTSUPP])
def test_file_that_is_not_there_at_once_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    asked = []

    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        asked.append(position)
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(blocks, "_NOWAIT", NOWAIT)

    read = collect(FileBody(make_source(path)))

    assert b"".join(read) == CONTENT
    assert len(asked) == (len(read) if error == errno.EAGAIN else 1)


def test_file_is_read_in_a_thread_where_the_system_has_no_such_call(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_NOWAIT", None)

    assert b"".join(collect(FileBody(make_source(path)))) == CONTENT


@pytest.mark.usefixtures("growing")
@pytest.mark.parametrize("is_cached", [True, False])
def test_blocks_grow_while_the_client_takes_them(
    path: Path, is_cached: bool, request: pytest.FixtureRequest
) -> None:
    if is_cached:
        request.getfixturevalue("cached")

    read = collect(FileBody(make_source(path)), LARGEST)

    assert b"".join(read) == CONTENT
    assert [size // 1024 for size in sizes(read)] == [
        *(64, 64),  # No block is larger than what was taken before.
        *(128, 256, 512, 512, 512, 512),
        512,
    ]


@pytest.mark.usefixtures("growing")
def test_small_blocks_are_cut_from_larger_ones(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    read_before = FileBody.read

    def read(body: FileBody, position: int, size: int) -> bytes:
        asked.append(size)
        return read_before(body, position, size)

    monkeypatch.setattr(FileBody, "read", read)
    monkeypatch.setattr(blocks, "_NOWAIT", None)

    delivered = collect(FileBody(make_source(path)))

    assert b"".join(delivered) == CONTENT
    assert set(sizes(delivered)) == {SMALL}
    assert max(asked) == READ_SIZE


@pytest.mark.usefixtures("growing")
def test_blocks_are_small_where_a_client_is_given_up(path: Path) -> None:
    """What it takes shows when a block has gone."""
    read = collect(FileBody(make_source(path)), LARGEST, timeout=600)

    assert b"".join(read) == CONTENT
    assert set(sizes(read)) == {SMALL}


@pytest.mark.usefixtures("growing")
def test_blocks_are_small_after_a_pause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes nothing keeps a small block in memory."""
    moments = itertools.count(0, 2)
    monkeypatch.setattr(delivery, "monotonic", lambda: next(moments))

    read = collect(FileBody(make_source(path)), LARGEST)

    assert b"".join(read) == CONTENT
    assert sizes(read) == [SMALL] + [SLOW] * ((SIZE - SMALL) // SLOW)


@pytest.mark.usefixtures("growing")
def test_delivery_that_ends_early_gives_back_what_large_blocks_took(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = pace.Budget(pace.LARGE_BYTES)
    monkeypatch.setattr(delivery, "Pace", lambda size: pace.Pace(size, budget))
    body = FileBody(make_source(path))

    async def leave() -> int:
        deliver = FileDelivery(body, LARGEST, None)
        for _ in range(4):
            await deliver.next()
        left = budget.left
        deliver.end()
        return left

    left = asyncio.run(leave())
    body.close()

    assert left < pace.LARGE_BYTES
    assert budget.left == pace.LARGE_BYTES


@pytest.mark.usefixtures("cached")
def test_others_have_a_turn_while_a_cached_file_is_sent(path: Path) -> None:
    """One for each MiB of three, though nothing has to be waited for."""
    body = FileBody(make_source(path))

    async def main() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        await drain(FileDelivery(body, SMALL, None))
        task.cancel()
        return turns

    assert asyncio.run(main()) == 3
    body.close()


def test_pieces_of_a_source_in_memory_are_sent_in_order() -> None:
    body = FileBody(make_source(io.BytesIO(CONTENT)))
    body.pieces = [b"head", Span(1, 5), b"tail"]

    assert collect(body) == [b"head", CONTENT[1:5], b"tail"]


def test_source_of_unknown_size_ends_where_it_ends() -> None:
    assert collect(FileBody(make_source(Pipe()))) == [b"a", b"b"]


def test_body_without_pieces_opens_nothing(path: Path) -> None:
    body = FileBody(make_source(path))
    path.unlink()
    body.pieces = []

    assert collect(body) == []
