"""A body in blocks: what is read where, and what a server's wrapper reads."""

import errno
import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import override_settings

from django_bolt import blocks
from django_bolt.blocks import (
    BLOCK_SIZE,
    CACHED_BLOCK_SIZE,
    MAX_HOP_SIZE,
    MIN_HOP_SIZE,
    FileBody,
    SpanFile,
    SpanReader,
)
from django_bolt.exceptions import FileChanged
from django_bolt.sources import make_source
from django_bolt.wire.ranges import Span

SIZE = 3 * MAX_HOP_SIZE
CONTENT = os.urandom(64) * (SIZE // 64)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
        yield path


def collect(body: FileBody) -> list[bytes]:
    async def iterate() -> list[bytes]:
        return [block async for block in body]

    return async_to_sync(iterate)()


def test_body_is_read_in_blocks(path: Path) -> None:
    body = FileBody(make_source(path))

    read = list(body)
    body.close()

    assert b"".join(read) == CONTENT
    assert {len(block) for block in read} == {BLOCK_SIZE}


@pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="Linux only")
def test_body_in_the_page_cache_is_read_in_the_loop(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        assert flags == os.RWF_NOWAIT
        # As Linux would, on a file system that supports it.
        return os.preadv(descriptor, buffers, position)

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(FileBody, "read", None)
    body = FileBody(make_source(path))

    read = collect(body)
    body.close()

    assert b"".join(read) == CONTENT
    assert {len(block) for block in read} == {CACHED_BLOCK_SIZE}


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.EOPNOTSUPP])
def test_body_that_is_not_there_at_once_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    asked = []

    def preadv(descriptor: int, buffers: Any, position: int, flags: int) -> int:
        asked.append(position)
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(blocks, "_preadv", preadv)
    monkeypatch.setattr(blocks, "_NOWAIT", 8)
    body = FileBody(make_source(path))

    read = collect(body)
    body.close()

    assert b"".join(read) == CONTENT
    assert len(asked) == (len(read) if error == errno.EAGAIN else 1)


def test_body_without_such_a_call_is_read_in_a_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_NOWAIT", None)
    body = FileBody(make_source(path))

    read = collect(body)
    body.close()

    assert b"".join(read) == CONTENT


def test_blocks_grow_with_what_was_sent_and_shrink_at_a_pause(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that takes nothing keeps a small block in memory."""
    moments = itertools.count(0, 2)
    monkeypatch.setattr(blocks, "_NOWAIT", None)
    monkeypatch.setattr(blocks, "_GROWTH", 1)

    fast = FileBody(make_source(path))
    grown = [len(block) for block in collect(fast)]
    fast.close()
    monkeypatch.setattr(blocks, "monotonic", lambda: next(moments))
    slow = FileBody(make_source(path))
    paused = [len(block) for block in collect(slow)]
    slow.close()

    assert grown[:4] == [
        MIN_HOP_SIZE,
        MIN_HOP_SIZE,
        2 * MIN_HOP_SIZE,
        4 * MIN_HOP_SIZE,
    ]
    assert max(grown) == MAX_HOP_SIZE
    assert set(paused) == {MIN_HOP_SIZE}


def test_body_of_bytes_in_memory_is_read_under_asgi() -> None:
    body = FileBody(make_source(io.BytesIO(CONTENT)))
    body.pieces = [b"head", Span(1, 5), b"tail"]

    assert b"".join(collect(body)) == b"head" + CONTENT[1:5] + b"tail"


def test_body_of_unknown_size_ends_with_its_source() -> None:
    class Pipe:
        def __init__(self) -> None:
            self.left = [b"a", b"b"]

        def read(self, size: int = -1) -> bytes:
            return self.left.pop(0) if self.left else b""

    assert list(FileBody(make_source(Pipe()))) == [b"a", b"b"]
    assert collect(FileBody(make_source(Pipe()))) == [b"a", b"b"]


def test_body_without_pieces_opens_nothing(path: Path) -> None:
    body = FileBody(make_source(path))
    path.unlink()
    body.pieces = []

    assert list(body) == []
    assert collect(body) == []


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
