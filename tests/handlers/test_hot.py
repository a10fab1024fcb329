"""Files that are asked for again and again: opened once, and never others."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.http import HttpRequest

from django_bolt import FileResponse, blocks, lookup
from django_bolt.exceptions import FileChanged
from django_bolt.files import locate, open_descriptor
from django_bolt.handlers import hot
from django_bolt.handlers.hot import HotFiles, hot_files
from django_bolt.lookup import REMEMBERED, LocatedFile
from tests.handlers.exchanges import Exchange, ask
from tests.readers import count_open, have_all_cached, is_open
from tests.worlds import DEADLINE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Elsewhere no file is known to be asked for again."
)

CONTENT = b"checked"


@pytest.fixture(autouse=True)
def known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[None]:
    """Have files remembered at once, and their pages in memory."""
    settings.BOLT_ALLOWED_FILE_DIRS = [tmp_path]
    monkeypatch.setattr(lookup, "_SETTLED", -(10**18))
    monkeypatch.setattr(lookup, "_known", {})
    have_all_cached(monkeypatch)
    yield
    hot_files.close()


@pytest.fixture
def files() -> Iterator[HotFiles]:
    """Keep files open that no timer closes."""
    files = HotFiles()
    yield files
    files.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a file."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def locate_again(path: Path) -> LocatedFile:
    """Locate a file that was located before."""
    locate(path)
    located = locate(path)
    assert located.is_repeated
    return located


def read(files: HotFiles, *located: LocatedFile) -> list[bytes | None]:
    """Read files in an event loop, which is closed before any timer is due."""

    async def main() -> list[bytes | None]:
        return [files.read(each, 0, len(CONTENT)) for each in located]

    return asyncio.run(main())


def test_file_is_closed_after_it_was_asked_for_once(
    files: HotFiles, path: Path
) -> None:
    assert read(files, locate(path)) == [CONTENT]
    assert not is_open(path)


def test_file_is_open_once_for_all_who_ask_again(files: HotFiles, path: Path) -> None:
    assert read(files, *[locate_again(path)] * 3) == [CONTENT] * 3
    assert count_open(path) == 1


def test_part_of_a_file_is_read(files: HotFiles, path: Path) -> None:
    located = locate_again(path)

    async def main() -> list[bytes | None]:
        return [files.read(located, start, 3) for start in (0, 2, 5)]

    assert asyncio.run(main()) == [b"che", b"eck", None]


def replace(path: Path) -> None:
    """Put another file in the place of one."""
    path.with_name("other").write_bytes(b"another")
    path.with_name("other").replace(path)


def link_elsewhere(path: Path) -> None:
    """Put a link to another file in the place of one."""
    path.with_name("other").write_bytes(b"another")
    path.unlink()
    path.symlink_to(path.with_name("other"))


@pytest.mark.parametrize("change", [replace, link_elsewhere])
def test_file_in_the_place_of_an_open_one_is_read(
    files: HotFiles, path: Path, change: Callable[[Path], None]
) -> None:
    read(files, locate_again(path))
    change(path)

    assert read(files, locate_again(path)) == [b"another"]


def shrink(path: Path) -> None:
    """Cut a file off."""
    os.truncate(path, 3)


def write_over(path: Path) -> None:
    """Write other bytes into a file."""
    path.write_bytes(b"CHECKED")
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("change", [shrink, write_over])
def test_file_that_changed_after_it_was_announced_is_not_read(
    files: HotFiles, path: Path, change: Callable[[Path], None], is_kept: bool
) -> None:
    located = locate_again(path)
    if is_kept:
        read(files, located)
    change(path)

    with pytest.raises(FileChanged):
        read(files, located)


def test_no_more_files_are_kept_than_allowed(tmp_path: Path) -> None:
    files = HotFiles(limit=2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(CONTENT)

    assert read(files, *map(locate_again, paths)) == [CONTENT] * 3
    assert [count_open(path) for path in paths] == [1, 1, 0]
    files.close()
    assert not any(map(is_open, paths))


def test_file_is_closed_when_nobody_has_asked_for_a_while(
    files: HotFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = locate_again(path)
    now = monotonic()
    monkeypatch.setattr(hot, "monotonic", lambda: now)
    read(files, located)

    left = [files.tidy(now + REMEMBERED - 0.01)]
    seen = [count_open(path)]
    left.append(files.tidy(now + REMEMBERED))
    seen.append(count_open(path))

    assert (left, seen) == ([True, False], [1, 0])
    assert read(files, located) == [CONTENT]


def test_file_whose_reading_would_wait_is_not_kept_open(
    files: HotFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr(blocks, "_preadv", refuse)
    with pytest.raises(BlockingIOError):
        read(files, locate_again(path))

    assert not is_open(path)


def test_file_is_not_opened_where_reading_always_waits(
    files: HotFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_NOWAIT", None)
    monkeypatch.setattr(hot, "open_descriptor", pytest.fail)

    assert read(files, locate(path)) == [None]


def test_number_of_a_file_that_fails_to_close_is_let_go(
    files: HotFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system has given it to somebody else, whatever it says."""
    read(files, locate_again(path))
    closed = []

    def close(number: int) -> None:
        closed.append(number)
        raise OSError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", close)
        left = [files.tidy(monotonic() + REMEMBERED) for _ in range(2)]
    os.close(*closed)

    assert left == [False, False]


def test_thread_that_was_second_to_open_a_file_closes_its_own(
    files: HotFiles, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = locate_again(path)
    first = open_descriptor

    def open_meanwhile(located: LocatedFile) -> int:
        monkeypatch.setattr(hot, "open_descriptor", first)
        assert files.read(located, 0, len(CONTENT)) == CONTENT
        return first(located)

    monkeypatch.setattr(hot, "open_descriptor", open_meanwhile)

    assert read(files, located) == [CONTENT]
    assert count_open(path) == 1


def test_timer_of_the_loop_closes_everything(path: Path) -> None:
    files = HotFiles(linger=0)

    async def main() -> None:
        files.read(locate_again(path), 0, 1)
        while is_open(path):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("is_same_file", [True, False])
def test_loop_takes_over_from_one_that_was_stopped(
    files: HotFiles, path: Path, is_closed: bool, is_same_file: bool
) -> None:
    other = path if is_same_file else path.with_name("other")
    other.write_bytes(CONTENT)

    async def ask(path: Path) -> None:
        files.read(locate_again(path), 0, 1)

    async def ask_and_wait() -> None:
        files._linger = 0
        await ask(other)
        while is_open(path):
            await asyncio.sleep(0)

    first = asyncio.new_event_loop()
    first.run_until_complete(ask(path))
    if is_closed:
        first.close()
    asyncio.run(asyncio.wait_for(ask_and_wait(), DEADLINE))
    first.close()


def test_loop_that_runs_again_leaves_the_work_to_the_other(
    files: HotFiles, path: Path
) -> None:
    """However often loops come and go, there is one timer."""

    async def ask() -> None:
        files.read(locate_again(path), 0, 1)

    with contextlib.closing(asyncio.new_event_loop()) as first:
        files._linger = 0.001
        first.run_until_complete(ask())
        files._linger = 60
        asyncio.run(ask())
        files._linger = 0
        first.run_until_complete(asyncio.sleep(0.01))

    assert is_open(path)


FORK = """
import asyncio, os, sys
from django.conf import settings
settings.configure()
from django_bolt import blocks, lookup
from django_bolt.files import locate
from django_bolt.handlers.hot import HotFiles

lookup._SETTLED = -(10**18)
blocks._NOWAIT = 8
blocks._preadv = lambda number, parts, start, flags: os.preadv(number, parts, start)
files, dropped = HotFiles(), HotFiles()
path = sys.argv[1]

def count():
    links = map("/proc/self/fd/{}".format, os.listdir("/proc/self/fd"))
    return [os.readlink(link) for link in links if os.path.exists(link)].count(path)

async def read():
    locate(path)
    assert files.read(locate(path), 0, 7) == b"checked"

asyncio.run(read())
del dropped
files._lock.acquire()  # As by a thread that the child has not.
child = os.fork()
files._lock.release() if child else None
if child == 0:
    assert count() == 0
    asyncio.run(read())
    os._exit(0 if count() == 1 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert count() == 1
asyncio.run(read())
"""


def test_process_that_was_forked_begins_anew(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_fork_closes_what_the_child_has_of_its_parent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says nothing of files that nobody keeps any more."""
    calls: list[Callable[[], None]] = []

    def register(*, after_in_child: Callable[[], None]) -> None:
        calls.append(after_in_child)

    monkeypatch.setattr(os, "register_at_fork", register)
    files = HotFiles()
    read(files, locate_again(path))
    gone = weakref.ref(files)

    [call] = calls
    call()
    assert not is_open(path)
    del files
    gc.collect()
    assert gone() is None
    call()


def request(path: Path) -> Exchange:
    """Ask a site for a file."""

    async def view(request: HttpRequest) -> FileResponse:
        return FileResponse(path)

    return ask(view)


def test_site_keeps_a_file_open_that_is_asked_for_again(path: Path) -> None:
    answers = [request(path) for _ in range(3)]

    assert [answer.body for answer in answers] == [CONTENT] * 3
    assert count_open(path) == 1


def test_site_reads_a_file_on_that_is_open(path: Path) -> None:
    """As when somebody has begun to read it: here is nothing to be taken."""
    request(path)

    async def view(request: HttpRequest) -> FileResponse:
        response = FileResponse(path)
        response._body.open()
        return response

    assert ask(view).body == CONTENT
    assert not is_open(path)


def test_site_breaks_off_where_the_file_has_changed(path: Path) -> None:
    for _ in range(3):
        request(path)

    async def view(request: HttpRequest) -> FileResponse:
        response = FileResponse(path)
        write_over(path)
        return response

    with pytest.raises(FileChanged):
        ask(view)
