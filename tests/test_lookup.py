"""Where a path led a moment ago, and that no change is missed for it."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import override_settings

from django_bolt import lookup
from django_bolt.exceptions import (
    FileError,
    FileMissing,
    FileRefused,
    NotARegularFile,
)
from django_bolt.files import locate, open_located

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Elsewhere nothing is remembered."
)

as_nobody = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may become another user"
)


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user without rights."""
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def media() -> Iterator[Path]:
    """Return a directory that everybody may read, in one that is not allowed."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        media = Path(folder, "media")
        media.mkdir()
        with override_settings(BOLT_ALLOWED_FILE_DIRS=[media]):
            yield media


@pytest.fixture
def path(media: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file for everybody, that is remembered at once."""
    monkeypatch.setattr(lookup, "_SETTLED", -(10**18))
    monkeypatch.setattr(lookup, "_known", {})
    path = media / "a.txt"
    path.write_bytes(b"a")
    path.chmod(0o644)
    return path


def let_time_pass() -> None:
    """Have what is remembered be as old as it may get."""
    for text, known in lookup._known.items():
        lookup._known[text] = known._replace(until=0.0)


def change(path: Path, how: Callable[[Path], object]) -> None:
    """Change a file, and have the clock tick."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        how(path)


def test_file_that_is_asked_for_again_is_known(path: Path) -> None:
    first, second = locate(path), locate(path)

    assert not first.is_repeated
    assert second == first._replace(is_repeated=True, stat=second.stat)
    assert os.path.samestat(first.stat, second.stat)


def test_file_that_was_asked_for_long_ago_is_looked_up(path: Path) -> None:
    locate(path)
    let_time_pass()

    assert [locate(path).is_repeated for _ in range(2)] == [False, True]


def test_file_that_was_replaced_is_another(path: Path) -> None:
    locate(path)
    path.with_name("new").write_bytes(b"new")
    path.with_name("new").replace(path)

    found = locate(path)

    assert (found.stat.st_size, found.is_repeated) == (3, False)


def test_file_that_was_written_is_looked_up(path: Path) -> None:
    locate(path)
    change(path, lambda path: path.write_bytes(b"abc"))

    found = locate(path)

    assert (found.stat.st_size, found.is_repeated) == (3, False)


def unlink(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def put_a_folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    folder = path.with_name("folder")  # At once, it might get the number of the file.
    folder.mkdir()
    path.unlink()
    folder.rename(path)


def lead_outside(path: Path) -> None:
    """Put a link to what is not allowed in the place of a file."""
    secret = path.parent.with_name("secret")
    secret.write_bytes(b"secret")
    path.unlink()
    path.symlink_to(secret)


@pytest.mark.parametrize(
    ("replace", "error"),
    [
        (unlink, FileMissing),
        (put_a_folder, NotARegularFile),
        (lead_outside, FileRefused),
    ],
)
def test_path_that_leads_elsewhere_is_looked_up(
    path: Path, replace: Callable[[Path], None], error: type[Exception]
) -> None:
    locate(path)
    replace(path)

    with pytest.raises(error):
        locate(path)


def test_file_that_is_not_allowed_any_more_is_refused(path: Path) -> None:
    locate(path)

    with override_settings(BOLT_ALLOWED_FILE_DIRS=[]), pytest.raises(FileRefused):
        locate(path)


def test_file_that_was_refused_is_not_known(path: Path) -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[]):
        for _ in range(2):
            with pytest.raises(FileRefused):
                locate(path)

    assert not locate(path).is_repeated


def test_folder_that_was_moved_is_noticed_in_time(path: Path, media: Path) -> None:
    """The file in it is the same, and yet not in an allowed directory any more."""
    inner = media / "inner"
    inner.mkdir()
    path = path.rename(inner / "a.txt")
    locate(path)
    inner.rename(media.with_name("moved"))
    inner.symlink_to(media.with_name("moved"))
    let_time_pass()

    with pytest.raises(FileRefused):
        locate(path)


@as_nobody
def test_file_that_was_readable_is_refused(path: Path) -> None:
    """What is remembered of a file does not outlive a change of its rights."""
    with nobody():
        locate(path)
        locate(path)
    change(path, lambda path: path.chmod(0o600))

    with nobody(), pytest.raises(FileRefused):
        locate(path)


@contextmanager
def effectively_nobody(*groups: int) -> Iterator[None]:
    """Act as a user without rights, who belongs to some groups."""
    before = os.getgroups()
    os.setgroups(groups)
    os.setresgid(-1, 65534, -1)
    os.setresuid(-1, 65534, -1)
    try:
        yield
    finally:
        os.setresuid(-1, 0, -1)
        os.setresgid(-1, 0, -1)
        os.setgroups(before)


@as_nobody
@pytest.mark.parametrize("become", [nobody, effectively_nobody])
def test_file_that_another_user_could_read_is_refused(
    path: Path, become: Callable[[], AbstractContextManager[None]]
) -> None:
    change(path, lambda path: path.chmod(0o600))
    locate(path)

    with become(), pytest.raises(FileRefused):
        locate(path)


@as_nobody
def test_file_of_a_group_that_was_left_is_refused_in_time(path: Path) -> None:
    os.chown(path, 0, 777)
    change(path, lambda path: path.chmod(0o640))
    with effectively_nobody(777):
        assert [locate(path).is_repeated for _ in range(2)] == [False, True]
    let_time_pass()

    with effectively_nobody(), pytest.raises(FileRefused):
        locate(path)


def test_memory_lasts_a_second_however_often_it_is_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, seen = time.monotonic(), []
    for after in (0, 0.5, 0.99, 1.0, 1.99, 2.0):
        monkeypatch.setattr(time, "monotonic", lambda now=start + after: now)
        seen.append(locate(path).is_repeated)

    assert seen == [False, True, True, False, True, False]


@pytest.mark.parametrize("field", ["st_dev", "st_ino", "st_ctime_ns"])
def test_file_is_told_by_each_number_that_it_has(path: Path, field: str) -> None:
    found = path.stat()
    numbers = {
        name: getattr(found, name) for name in ("st_dev", "st_ino", "st_ctime_ns")
    }
    numbers[field] += 1
    other: Any = SimpleNamespace(**numbers)

    assert lookup._identify(other) != lookup._identify(found)


def test_relative_path_is_not_known(
    path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads elsewhere from another directory."""
    monkeypatch.chdir(media)

    assert [locate(path.name).is_repeated for _ in range(2)] == [False, False]


def test_path_that_is_spelt_at_length_is_not_known(path: Path) -> None:
    """Clients could fill the memory with it."""
    text = f"{path.parent}{'/.' * 256}/{path.name}"

    assert [locate(text).is_repeated for _ in range(2)] == [False, False]


def test_file_that_has_just_changed_is_not_known(media: Path) -> None:
    """It may change again before the clock ticks."""
    path = media / "new.txt"
    path.write_bytes(b"a")

    assert [locate(path).is_repeated for _ in range(2)] == [False, False]


def test_no_more_is_remembered_than_allowed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_MOST_KNOWN", 2)
    seen = []

    for name in "bcdef":
        other = path.with_name(name)
        other.write_bytes(b"b")
        locate(other)
        let_time_pass()
        locate(other)
        seen.append(len(lookup._known))

    assert seen == [1, 2, 1, 2, 1]


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_symlink_swapped_in_a_loop_never_escapes(path: Path, swapped: str) -> None:
    """Neither the secret nor its size is ever seen, whatever is remembered."""
    media = path.parent
    (media / "inner").mkdir()
    path = path.rename(media / "inner" / "a.txt")
    outside = media.with_name("outside")
    outside.mkdir()
    (outside / "a.txt").write_bytes(b"secret")
    victim, evil = path, outside / "a.txt"
    if swapped == "folder":
        victim, evil = media / "inner", outside
    kept = media.with_name("kept")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            victim.rename(kept)
            victim.symlink_to(evil)
            victim.unlink()
            kept.rename(victim)

    swapper = threading.Thread(target=swap)
    seen: set[object] = set()
    swapper.start()
    try:
        for _attempt in range(3000):
            with suppress(FileError):
                located = locate(path)
                seen.add(located.stat.st_size)
                with open_located(located) as file:
                    seen.add(file.read())
    finally:
        stop.set()
        swapper.join()

    assert seen <= {1, b"a"}
