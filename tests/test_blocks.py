"""A body in blocks: what is read where, and what a server's wrapper reads."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from django_bolt import blocks
from django_bolt.blocks import (
    BLOCK_SIZE,
    FileBody,
    SpanFile,
    SpanReader,
    can_read_at_once,
    read_at_once,
)
from django_bolt.exceptions import FileChanged
from django_bolt.sources import make_source
from django_bolt.wire.ranges import Span
from tests.readers import NOWAIT, Pipe, have_all_cached

SIZE = 3 * 1024 * 1024
CONTENT = os.urandom(64) * (SIZE // 64)

linux = pytest.mark.skipif(not hasattr(os, "preadv"), reason="Not on this system")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
        yield path


def test_body_is_read_in_blocks(path: Path) -> None:
    body = FileBody(make_source(path))

    read = list(body)
    body.close()

    assert b"".join(read) == CONTENT
    assert {len(block) for block in read} == {BLOCK_SIZE}


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all files in the page cache."""
    have_all_cached(monkeypatch)


@linux
@pytest.mark.usefixtures("cached")
def test_block_that_somebody_holds_is_not_overwritten(path: Path) -> None:
    body = FileBody(make_source(path))

    held = body.read_cached(0, 64)
    again = body.read_cached(1, 64)
    body.close()

    assert held == CONTENT[:64]
    assert again == CONTENT[1:65]


@linux
@pytest.mark.usefixtures("cached")
def test_block_that_nobody_holds_is_read_over(path: Path) -> None:
    """So that a fast client costs the memory of one block."""
    body = FileBody(make_source(path))

    first = body.read_cached(0, BLOCK_SIZE)
    place = id(first)
    del first
    second = body.read_cached(1, BLOCK_SIZE)
    body.close()

    assert id(second) == place
    assert second == CONTENT[1 : BLOCK_SIZE + 1]


@linux
def test_block_that_is_cached_in_part_ends_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        return os.preadv(descriptor, [buffers[0][:10]], position)

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(blocks, "_NOWAIT", NOWAIT)
    body = FileBody(make_source(path))

    read = [body.read_cached(position, 64) for position in (0, 10)]
    body.close()

    assert read == [CONTENT[:10], CONTENT[10:20]]


@linux
@pytest.mark.usefixtures("cached")
def test_block_beyond_the_end_is_left_to_the_ordinary_read(path: Path) -> None:
    body = FileBody(make_source(path))

    assert body.read_cached(SIZE, 64) is None
    with pytest.raises(FileChanged):
        body.read(SIZE, 64)
    body.close()


@linux
@pytest.mark.usefixtures("cached")
@pytest.mark.parametrize(
    ("position", "read"),
    [
        pytest.param(1, CONTENT[1:65], id="within the file"),
        pytest.param(SIZE - 1, None, id="beyond its end"),
    ],
)
def test_read_at_once_returns_all_or_nothing(
    path: Path, position: int, read: bytes | None
) -> None:
    with path.open("rb") as file:
        assert read_at_once(file.fileno(), position, 64) == read


@pytest.mark.parametrize("flag", [NOWAIT, None])
def test_nothing_is_read_at_once_where_reading_always_waits(
    monkeypatch: pytest.MonkeyPatch, flag: int | None
) -> None:
    monkeypatch.setattr(blocks, "_NOWAIT", flag)

    assert can_read_at_once() == (flag is not None)


def test_body_of_unknown_size_ends_with_its_source() -> None:
    assert list(FileBody(make_source(Pipe()))) == [b"a", b"b"]


def test_body_without_pieces_opens_nothing(path: Path) -> None:
    body = FileBody(make_source(path))
    path.unlink()
    body.pieces = []

    assert list(body) == []


def test_close_twice_is_the_same_as_once(path: Path) -> None:
    body = FileBody(make_source(path))
    file = body.open()

    body.close()
    body.close()

    assert file.closed


def test_span_reader_ends_where_the_span_does(path: Path) -> None:
    body = FileBody(make_source(path))
    reader = SpanReader(body, Span(5, 15))

    assert reader.read(4) == CONTENT[5:9]
    assert reader.read() == CONTENT[9:15]
    assert reader.read(4) == b""
    assert not hasattr(reader, "fileno")
    reader.close()
    assert body.open().closed


def test_span_reader_of_a_file_that_shrank_raises(path: Path) -> None:
    body = FileBody(make_source(path))
    reader = SpanReader(body, Span(0, SIZE))
    os.truncate(path, 0)

    with pytest.raises(FileChanged):
        reader.read()
    reader.close()


def test_span_reader_of_what_cannot_seek_reads_on() -> None:
    class Pipe:
        def read(self, size: int = -1) -> bytes:
            return b"ab"[:size]

    reader = SpanReader(FileBody(make_source(Pipe())), Span(0, 2))

    assert reader.read(8192) == b"ab"


def test_span_file_has_a_descriptor_at_the_start_of_the_span(path: Path) -> None:
    file = SpanFile(FileBody(make_source(path)), Span(5, 15))

    assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 5
    assert file.seek(7) == 7
    assert file.read() == CONTENT[7:15]
    file.close()
