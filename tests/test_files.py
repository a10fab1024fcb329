"""Which files may be read, and that nothing swapped in between escapes."""

import errno
import logging
import os
import resource
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404
from django.test import override_settings

from django_bolt import inside, lookup
from django_bolt.exceptions import (
    FileChanged,
    FileError,
    FileMissing,
    FileRefused,
    NotARegularFile,
)
from django_bolt.files import locate, open_located

SECRET = b"secret"


@pytest.fixture(params=["at once", "descriptors", "paths"])
def allowed(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """
    Yield an allowed directory with a file and a subdirectory, beside a secret.

    Once as on Linux, once as where folders have descriptors, once as on others.
    """
    if request.param != "at once":
        monkeypatch.setattr(lookup, "_PATH", None)
    monkeypatch.setattr(inside, "HAS_DIRECTORY_DESCRIPTORS", request.param != "paths")
    media = tmp_path / "media"
    (media / "inner").mkdir(parents=True)
    (media / "a.txt").write_bytes(b"a")
    (media / "inner" / "b.txt").write_bytes(b"b")
    for name in ("media-private", "Media", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_bytes(SECRET)
    (tmp_path / "secret.txt").write_bytes(SECRET)
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[tmp_path / "other", media]):
        yield media


def read(path: str | Path) -> bytes:
    with open_located(locate(path)) as file:
        return file.read()


@contextmanager
def working_directory(path: Path) -> Iterator[None]:
    """Make a directory the current one: a socket's path must be short."""
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def test_locate_file_inside_is_found(allowed: Path) -> None:
    assert read(allowed / "a.txt") == b"a"
    assert read(str(allowed / "inner" / "b.txt")) == b"b"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("inner/../a.txt", id="dots that stay inside"),
        pytest.param("../media/a.txt", id="dots out and in"),
        pytest.param("none/../a.txt", id="dots after what is not there"),
        pytest.param("inner//b.txt", id="doubled slash"),
        pytest.param("./a.txt", id="dot"),
    ],
)
def test_locate_odd_path_inside_is_found(allowed: Path, name: str) -> None:
    assert len(read(f"{allowed}/{name}")) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../secret.txt", id="dots"),
        pytest.param("inner/../../secret.txt", id="dots from a subdirectory"),
        pytest.param("../media-private/a.txt", id="look-alike sibling"),
        pytest.param("../Media/a.txt", id="other case"),
        pytest.param("../nothing.txt", id="outside and not there"),
        pytest.param("../nothing/nothing.txt", id="outside, no such folder"),
        pytest.param("../outside", id="outside, a directory"),
        pytest.param("..", id="the parent"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("/proc/self/environ", id="proc"),
        pytest.param("/proc/self/root/etc/passwd", id="root by proc"),
        pytest.param("/dev/zero", id="device"),
        pytest.param("~/a.txt/../../../secret.txt", id="tilde"),
    ],
)
def test_locate_outside_is_refused_and_logged(
    allowed: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = os.path.join(allowed, name)

    with pytest.raises(FileRefused) as refused:
        locate(path)

    assert isinstance(refused.value, PermissionDenied)
    assert isinstance(refused.value, PermissionError)
    assert str(refused.value) == "The file may not be read."
    assert refused.value.path == path
    [record] = caplog.records
    assert record.name == "django.security"
    assert record.levelno == logging.WARNING
    assert repr(path) in record.getMessage()


@pytest.mark.parametrize("target", ["secret.txt", "outside/a.txt", "no-such-file"])
def test_locate_symlink_to_outside_is_refused(allowed: Path, target: str) -> None:
    link = allowed / "link.txt"
    link.symlink_to(allowed.parent / target)

    with pytest.raises(FileRefused):
        locate(link)


@pytest.mark.parametrize("name", ["a.txt", "no-such-file"])
def test_locate_through_a_symlink_to_a_directory_outside_is_refused(
    allowed: Path, name: str
) -> None:
    (allowed / "link").symlink_to(allowed.parent / "outside")

    with pytest.raises(FileRefused):
        locate(allowed / "link" / name)


def test_locate_symlink_that_stays_inside_is_found(allowed: Path) -> None:
    (allowed / "link.txt").symlink_to("inner/b.txt")

    assert read(allowed / "link.txt") == b"b"


def test_locate_allowed_directory_by_a_symlink_and_with_a_slash(allowed: Path) -> None:
    link = allowed.parent / "current"
    link.symlink_to(allowed)

    with override_settings(BOLT_ALLOWED_FILE_DIRS=[f"{link}/"]):
        assert read(allowed / "a.txt") == b"a"
        assert read(link / "a.txt") == b"a"


def test_locate_root_directory_allows_all() -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=["/"]):
        assert read(__file__) == Path(__file__).read_bytes()


def test_locate_empty_list_allows_nothing(allowed: Path) -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[]), pytest.raises(FileRefused):
        locate(allowed / "a.txt")


def test_locate_empty_name_of_a_directory_allows_nothing(allowed: Path) -> None:
    """It is left by a variable of the environment that is not set."""
    with (
        override_settings(BOLT_ALLOWED_FILE_DIRS=[""]),
        working_directory(allowed),
        pytest.raises(FileRefused),
    ):
        locate(allowed / "a.txt")


def test_locate_text_in_the_place_of_a_list_allows_nothing(allowed: Path) -> None:
    """Its first letter is the root directory."""
    with (
        override_settings(BOLT_ALLOWED_FILE_DIRS=str(allowed)),
        pytest.raises(ImproperlyConfigured, match="must be a list of directories"),
    ):
        locate(allowed.parent / "secret.txt")


def test_locate_relative_directory_is_no_wider_than_it_says(allowed: Path) -> None:
    with (
        override_settings(BOLT_ALLOWED_FILE_DIRS=["."]),
        working_directory(allowed / "inner"),
    ):
        assert read(allowed / "inner" / "b.txt") == b"b"
        with pytest.raises(FileRefused):
            locate(allowed / "a.txt")


def test_locate_unset_allows_any(allowed: Path) -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
        assert read(allowed.parent / "secret.txt") == SECRET


@pytest.fixture(params=["allowed", "unset"])
def anywhere(allowed: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Yield a directory that may be read, by the setting or for want of one."""
    if request.param == "allowed":
        yield allowed
    else:
        with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
            yield allowed


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, working_directory(path.parent):
        server.bind(path.name)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Path.mkdir, id="directory"),
        pytest.param(os.mkfifo, id="FIFO"),
        pytest.param(make_socket, id="socket"),
        pytest.param(lambda path: path.symlink_to(path.parent), id="symlink to one"),
    ],
)
def test_locate_what_is_no_regular_file(
    anywhere: Path, make: Callable[[Path], None]
) -> None:
    make(anywhere / "special")

    with pytest.raises(NotARegularFile) as error:
        locate(anywhere / "special")

    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, Http404)
    assert str(anywhere) not in str(error.value)


def test_locate_the_allowed_directory_itself_is_no_file(anywhere: Path) -> None:
    with pytest.raises(NotARegularFile):
        locate(anywhere)


def test_locate_device_is_no_regular_file() -> None:
    with (
        override_settings(BOLT_ALLOWED_FILE_DIRS=["/dev"]),
        pytest.raises(NotARegularFile),
    ):
        locate("/dev/zero")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("a\0.txt", id="NUL"),
        pytest.param("a\ud800.txt", id="lone surrogate"),
    ],
)
def test_locate_path_that_can_name_nothing(anywhere: Path, path: str) -> None:
    with pytest.raises(NotARegularFile):
        locate(os.path.join(anywhere, path))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("none.txt", id="no such file"),
        pytest.param("none/a.txt", id="no such folder"),
        pytest.param("a.txt/b", id="below a file"),
        pytest.param("a.txt/", id="a file as a folder"),
        pytest.param("x" * 300, id="name too long"),
        pytest.param("loop", id="symlink to itself"),
        pytest.param("\udcff.txt", id="a byte that is no UTF-8"),
    ],
)
def test_locate_what_is_not_there(anywhere: Path, name: str) -> None:
    (anywhere / "loop").symlink_to("loop")

    with pytest.raises(FileMissing) as error:
        locate(os.path.join(anywhere, name))

    assert isinstance(error.value, FileNotFoundError)
    assert isinstance(error.value, Http404)
    assert str(error.value) == "The file does not exist."


@pytest.mark.parametrize("path", [b"/etc/passwd", 7, None])
def test_locate_other_types_are_refused(path: object) -> None:
    with pytest.raises(TypeError, match="path must be a str or a path-like object"):
        locate(path)  # type: ignore[arg-type]


def test_locate_path_like_of_bytes_is_refused() -> None:
    with os.scandir(b"/") as entries, pytest.raises(TypeError):
        locate(next(entries))  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("is_set", [True, False])
def test_locate_unreadable_file_is_refused(is_set: bool) -> None:
    """A file that cannot be opened later is not announced."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "a.txt")
        path.write_bytes(b"a")
        path.chmod(0o600)
        os.setresuid(65534, 65534, 0)
        try:
            with (
                override_settings(BOLT_ALLOWED_FILE_DIRS=[folder] if is_set else None),
                pytest.raises(FileRefused),
            ):
                locate(path)
        finally:
            os.setresuid(0, 0, 0)


def test_open_located_file_that_is_gone_is_refused(anywhere: Path) -> None:
    located = locate(anywhere / "a.txt")
    (anywhere / "a.txt").unlink()

    with pytest.raises(FileChanged):
        open_located(located)


def test_open_located_file_that_was_replaced_is_refused(anywhere: Path) -> None:
    located = locate(anywhere / "a.txt")
    (anywhere / "new.txt").write_bytes(b"n")
    (anywhere / "new.txt").replace(anywhere / "a.txt")

    with pytest.raises(FileChanged):
        open_located(located)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let nothing be opened, as where a process has too much open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_open_located_without_descriptors_does_not_say_that_nothing_is_there(
    anywhere: Path,
) -> None:
    located = locate(anywhere / "a.txt")

    with no_descriptors(), pytest.raises(OSError) as raised:
        open_located(located)

    assert raised.value.errno == errno.EMFILE


def test_locate_without_descriptors_does_not_say_that_nothing_is_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").write_bytes(b"a")

    with (
        override_settings(BOLT_ALLOWED_FILE_DIRS=[tmp_path]),
        no_descriptors(),
        pytest.raises(OSError) as raised,
    ):
        locate(tmp_path / "a.txt")

    assert raised.value.errno == errno.EMFILE


def test_open_located_fifo_in_its_place_does_not_hang(anywhere: Path) -> None:
    located = locate(anywhere / "a.txt")
    (anywhere / "a.txt").unlink()
    os.mkfifo(anywhere / "a.txt")

    with pytest.raises(FileChanged):
        open_located(located)


def test_open_located_file_that_was_rewritten_is_refused(anywhere: Path) -> None:
    os.utime(anywhere / "a.txt", ns=(0, 0))
    located = locate(anywhere / "a.txt")
    (anywhere / "a.txt").write_bytes(b"A")

    with pytest.raises(FileChanged):
        open_located(located)


def test_open_located_file_that_grew_is_opened(anywhere: Path) -> None:
    located = locate(anywhere / "a.txt")
    (anywhere / "a.txt").write_bytes(b"ab")

    with open_located(located) as file:
        assert file.read() == b"ab"


def test_open_located_symlink_in_its_place_is_not_followed(allowed: Path) -> None:
    located = locate(allowed / "a.txt")
    (allowed / "a.txt").unlink()
    (allowed / "a.txt").symlink_to(allowed.parent / "secret.txt")

    with pytest.raises(FileError):
        open_located(located)


def test_open_located_folder_that_became_a_symlink_is_not_followed(
    allowed: Path,
) -> None:
    located = locate(allowed / "inner" / "b.txt")
    (allowed / "inner").rename(allowed.parent / "moved")
    (allowed / "inner").symlink_to(allowed.parent / "outside")

    with pytest.raises(FileError):
        open_located(located)


@pytest.mark.parametrize("swapped", ["file", "folder"])
def test_symlink_swapped_in_a_loop_never_escapes(tmp_path: Path, swapped: str) -> None:
    """Neither the secret nor its size is ever seen, whenever the swap comes."""
    media = tmp_path / "media"
    (media / "inner").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.txt").write_bytes(SECRET)
    (media / "inner" / "b.txt").write_bytes(b"b")
    victim = media / "inner" if swapped == "folder" else media / "inner" / "b.txt"
    evil = tmp_path / "outside"
    evil = evil if swapped == "folder" else evil / "b.txt"
    kept = tmp_path / "kept"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            victim.rename(kept)
            victim.symlink_to(evil)
            victim.unlink()
            kept.rename(victim)

    swapper = threading.Thread(target=swap)
    seen: set[object] = set()
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[media]):
        swapper.start()
        try:
            for _attempt in range(3000):
                with suppress(FileError):
                    located = locate(media / "inner" / "b.txt")
                    seen.add(located.stat.st_size)
                    with open_located(located) as file:
                        seen.add(file.read())
        finally:
            stop.set()
            swapper.join()

    assert seen <= {1, b"b"}


def test_locate_finds_files_where_proc_is_not_mounted(
    allowed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "readlink", refuse)

    assert read(allowed / "a.txt") == b"a"


def test_locate_file_whose_name_looks_like_one_that_is_gone(allowed: Path) -> None:
    path = allowed / "a (deleted)"
    path.write_bytes(b"here")

    assert read(path) == b"here"
    assert locate(path).real_path == str(path)


def test_locate_leaves_no_descriptor(allowed: Path) -> None:
    for path in (allowed / "a.txt", allowed, allowed / "none"):
        with suppress(FileError):
            locate(path)

    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # That of the listing itself.
            link = os.readlink(f"/proc/self/fd/{number}")
            assert not link.startswith(str(allowed))
