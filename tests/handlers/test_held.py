"""Paths that lead to open files, and never to others."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from django_bolt.files import locate
from django_bolt.handlers import held
from django_bolt.handlers.held import LINGER, HeldFiles
from django_bolt.lookup import LocatedFile
from tests.readers import count_open
from tests.worlds import DEADLINE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Elsewhere nothing is held."
)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """Keep what is temporary in a folder of the test, where files may be read."""
    settings.BOLT_ALLOWED_FILE_DIRS = [tmp_path]
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def files() -> Iterator[HeldFiles]:
    """Hold files that no timer takes away."""
    files = HeldFiles()
    yield files
    files.close()


def find(files: HeldFiles, *located: LocatedFile) -> list[str | None]:
    """Find names in an event loop, which is closed before any timer is due."""

    async def main() -> list[str | None]:
        return [files.find_name(each) for each in located]

    return asyncio.run(main())


def find_one(files: HeldFiles, path: Path) -> str:
    """Find the name of a file that has one."""
    [name] = find(files, locate(path))
    assert name is not None
    return name


def make(path: Path, content: bytes = b"checked") -> Path:
    """Make a file."""
    path.write_bytes(content)
    return path


def replace(path: Path) -> None:
    """Put another file in the place of one."""
    os.replace(make(path.with_name("other"), b"another"), path)


def link_elsewhere(path: Path) -> None:
    """Put a link to another file in the place of one."""
    other = make(path.with_name("other"), b"another")
    path.unlink()
    path.symlink_to(other)


def move_folder(path: Path) -> None:
    """Put another folder in the place of a file's."""
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.mkdir()
    make(path, b"another")


@pytest.mark.parametrize("change", [replace, link_elsewhere, move_folder, Path.unlink])
def test_name_leads_to_the_file_that_was_checked(
    files: HeldFiles, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    (tmp_path / "folder").mkdir()
    path = make(tmp_path / "folder" / "file")
    name = find_one(files, path)

    change(path)

    assert Path(name).read_bytes() == b"checked"


def test_nobody_else_can_look_at_the_names(files: HeldFiles, tmp_path: Path) -> None:
    name = find_one(files, make(tmp_path / "file"))

    assert Path(name).parent.stat().st_mode & 0o777 == 0o700


def test_file_is_held_once_for_all_who_ask(files: HeldFiles, tmp_path: Path) -> None:
    path = make(tmp_path / "file")

    names = find(files, *[locate(path)] * 3)

    assert len(set(names)) == 1
    assert count_open(path) == 1


def test_file_in_the_place_of_a_held_one_has_a_name_of_its_own(
    files: HeldFiles, tmp_path: Path
) -> None:
    path = make(tmp_path / "file")
    before = find_one(files, path)
    replace(path)

    after = find_one(files, path)

    assert Path(before).read_bytes() == b"checked"
    assert Path(after).read_bytes() == b"another"


def test_name_goes_after_a_while_and_the_file_is_closed_later(
    files: HeldFiles, tmp_path: Path, temporary: Path
) -> None:
    """Who was on the way along the name must not find another file there."""
    path = make(tmp_path / "file")
    name = find_one(files, path)
    now = monotonic()

    left = [files.tidy(now)]
    seen = [(os.path.lexists(name), count_open(path))]
    for wait in (LINGER, LINGER):
        now += wait
        left.append(files.tidy(now))
        seen.append((os.path.lexists(name), count_open(path)))

    assert seen == [(True, 1), (False, 1), (False, 0)]
    assert left == [True, True, False]
    assert list(temporary.iterdir()) == []


def test_name_that_is_asked_for_again_stays(
    files: HeldFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "file")
    name = find_one(files, path)
    later = monotonic() + LINGER
    monkeypatch.setattr(held, "monotonic", lambda: later)
    assert find_one(files, path) == name

    files.tidy(later + LINGER - 1)

    assert os.path.lexists(name)


def test_no_more_files_are_held_than_allowed(tmp_path: Path) -> None:
    files = HeldFiles(limit=2)
    located = [locate(make(tmp_path / name)) for name in ("a", "b", "c")]

    names = find(files, *located)
    files.tidy(monotonic() + LINGER)
    nameless = find(files, located[2])
    files.tidy(monotonic())
    again = find(files, located[2])
    files.close()

    assert [name is None for name in names] == [False, False, True]
    assert nameless == [None]  # The files of the others are not closed yet.
    assert again != [None]


def test_most_descriptors_are_left_to_others(files: HeldFiles, tmp_path: Path) -> None:
    """A process that may have few of them still has some for its connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    located = [locate(make(tmp_path / str(number))) for number in range(65)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        names = find(files, *located)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert [name is None for name in names] == [False] * 64 + [True]


def grow(path: Path) -> None:
    """Append to a file, and set its times back."""
    times = path.stat()
    with path.open("ab") as file:
        file.write(b", and more")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def shrink(path: Path) -> None:
    """Cut a file off."""
    os.truncate(path, 3)


def write_over(path: Path) -> None:
    """Write other bytes into a file."""
    path.write_bytes(b"CHECKED")
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("is_held", [True, False])
@pytest.mark.parametrize(
    ("change", "has_name"),
    [(grow, True), (shrink, False), (write_over, False)],
)
def test_file_that_changed_after_it_was_announced_has_no_name(
    files: HeldFiles,
    tmp_path: Path,
    change: Callable[[Path], None],
    has_name: bool,
    is_held: bool,
) -> None:
    """As when it is read from here: one that has grown is sent as it was announced."""
    path = make(tmp_path / "file")
    located = locate(path)
    if is_held:
        find_one(files, path)
    change(path)

    [name] = find(files, located)

    assert (name is not None) == has_name


def test_file_that_went_after_it_was_announced_has_no_name(
    files: HeldFiles, tmp_path: Path
) -> None:
    path = make(tmp_path / "file")
    located = locate(path)
    path.unlink()

    assert find(files, located) == [None]


def test_without_descriptors_there_are_no_names(
    files: HeldFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    located = locate(make(tmp_path / "file"))
    monkeypatch.setattr(held, "open_located", refuse)

    assert find(files, located) == [None]


def remove_name(name: Path) -> None:
    """Remove a name."""
    name.unlink()


def remove_folder(name: Path) -> None:
    """Remove the folder of a name."""
    shutil.rmtree(name.parent)


def lead_elsewhere(name: Path) -> None:
    """Put a link to another file in the place of a name."""
    name.unlink()
    name.symlink_to("/etc/passwd")


@pytest.mark.parametrize("clean_up", [remove_name, remove_folder, lead_elsewhere])
def test_name_that_was_cleaned_up_is_made_anew(
    files: HeldFiles, tmp_path: Path, clean_up: Callable[[Path], None]
) -> None:
    path = make(tmp_path / "file")
    clean_up(Path(find_one(files, path)))

    before, after = find(files, *[locate(path)] * 2)

    assert before is None  # This time it is sent as ever.
    assert after is not None
    assert Path(after).read_bytes() == b"checked"


def test_file_stays_open_while_its_name_cannot_be_taken_away(
    files: HeldFiles, tmp_path: Path
) -> None:
    path = make(tmp_path / "file")
    name = Path(find_one(files, path))
    name.unlink()
    name.mkdir()  # Which unlink() cannot remove.

    for _ in range(2):
        assert files.tidy(monotonic() + LINGER)

    assert count_open(path) == 1
    assert find(files, locate(path)) == [None]
    name.rmdir()


@pytest.mark.parametrize("process", [None, str(os.getpid())])
def test_without_proc_there_are_no_names(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    process: str | None,
) -> None:
    """Nor where a descriptor cannot be opened again by it."""
    proc = tmp_path / "proc"
    proc.mkdir()
    if process is not None:
        (proc / "self").symlink_to(process)
    monkeypatch.setattr(held, "_PROC", str(proc))
    files = HeldFiles()
    path = make(tmp_path / "file")

    names = find(files, locate(path))

    assert names == [None]
    assert count_open(path) == 0
    assert list(temporary.iterdir()) == []


def refuse(*arguments: object) -> None:
    """Do as a system with no room left does."""
    raise OSError


def test_failure_concerns_only_what_is_not_held(
    files: HeldFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried again at once."""
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    name = find_one(files, one)
    with monkeypatch.context() as patch:
        patch.setattr(os, "symlink", refuse)
        failed = find(files, locate(other))

    names = find(files, locate(one), locate(other))

    assert failed == [None]
    assert names == [name, None]


def test_on_another_system_there_are_no_names(
    files: HeldFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_IS_LINUX", False)

    assert find(files, locate(make(tmp_path / "file"))) == [None]


def test_timer_of_the_loop_takes_everything_away(
    tmp_path: Path, temporary: Path
) -> None:
    """It is one timer, however many files there are, and stops with the last."""
    files = HeldFiles(linger=0)
    paths = [make(tmp_path / name) for name in ("a", "b")]

    async def main() -> None:
        for path in paths:
            assert files.find_name(locate(path)) is not None
        while any(map(count_open, paths)):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))

    assert list(temporary.iterdir()) == []


def test_loop_takes_over_from_one_that_was_closed(
    files: HeldFiles, tmp_path: Path
) -> None:
    path = make(tmp_path / "file")
    find_one(files, path)
    files._linger = 0

    async def main() -> None:
        files.find_name(locate(make(tmp_path / "other")))
        while count_open(path):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), DEADLINE))


def test_ten_thousand_files_leave_nothing(tmp_path: Path, temporary: Path) -> None:
    files = HeldFiles(limit=16)
    paths = [make(tmp_path / str(number)) for number in range(20)]
    before = len(os.listdir("/proc/self/fd"))

    async def main() -> int:
        found = 0
        for number in range(10_000):
            found += files.find_name(locate(paths[number % 20])) is not None
            if number % 100 == 0:
                files.tidy(monotonic() + LINGER)
        return found

    found = asyncio.run(main())
    files.close()

    assert found > 1000
    assert len(os.listdir("/proc/self/fd")) == before
    assert list(temporary.iterdir()) == []


def test_process_that_was_forked_begins_anew(files: HeldFiles, tmp_path: Path) -> None:
    path = make(tmp_path / "file")
    name = find_one(files, path)
    files._begin_anew()

    after = find_one(files, path)

    assert after != name
    assert os.path.lexists(name)  # The parent's server may be about to open it.
    assert count_open(path) == 1


FORK = """
import asyncio, multiprocessing, os, sys
from pathlib import Path
from django.conf import settings
settings.configure()
from django_bolt.files import locate
from django_bolt.handlers.held import HeldFiles

files = HeldFiles()
located = locate(sys.argv[1])

async def find():
    return files.find_name(located)

def child(name):
    own = asyncio.run(find())
    assert own and own != name and Path(own).read_text() == "checked", own

name = asyncio.run(find())
process = multiprocessing.get_context("fork").Process(target=child, args=(name,))
process.start()
process.join()
assert process.exitcode == 0
assert asyncio.run(find()) == name and Path(name).read_text() == "checked"
"""


def test_end_of_a_process_takes_its_names_away_and_no_others(
    tmp_path: Path, temporary: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK, make(tmp_path / "file")],
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert list(temporary.iterdir()) == []
