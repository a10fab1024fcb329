"""What is known of the bytes that come from each kind of source."""

import gzip
import io
import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.base import File as DjangoFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
from django.db import models
from django.db.models.fields.files import FieldFile
from django.test import override_settings

from django_bolt.exceptions import FileMissing, FileRefused
from django_bolt.sources import Source, make_source, stat_etag
from django_bolt.wire.validators import make_etag

CONTENT = b"0123456789"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone.utc)


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    with override_settings(BOLT_ALLOWED_FILE_DIRS=None):
        yield path


def read(source: Source) -> bytes:
    file: Any = source.open()
    try:
        file.seek(source.offset)
        content: bytes = file.read()
    finally:
        file.close()
    return content


class RemoteStorage(InMemoryStorage):
    """A storage whose files have no path."""

    def get_modified_time(self, name: str) -> datetime:
        """Return a fixed time."""
        return MOMENT


class TimelessStorage(InMemoryStorage):
    """One that knows no time either."""

    def get_modified_time(self, name: str) -> datetime:
        """Say so as Django's Storage does."""
        raise NotImplementedError


def field_file(storage: Storage, name: str | None) -> FieldFile:
    return FieldFile(None, models.FileField(storage=storage), name)  # type: ignore[arg-type]


def test_make_source_path(path: Path) -> None:
    source = make_source(path)

    assert source.name == "a.bin"
    assert source.size == 10
    assert source.etag == stat_etag(path.stat())
    assert source.modified == path.stat().st_mtime
    assert source.close is None
    assert read(source) == CONTENT


def test_make_source_open_file_starts_where_it_stands(path: Path) -> None:
    file = path.open("rb")
    file.seek(4)

    source = make_source(file)

    assert source.name == "a.bin"
    assert source.size == 6
    assert source.etag == stat_etag(path.stat(), 4) != stat_etag(path.stat())
    assert read(source) == b"456789"
    assert source.close == file.close


def test_make_source_open_file_beyond_its_end_is_empty(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(20)

        assert make_source(file).size == 0


def test_make_source_unbuffered_file(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        assert make_source(file).etag == stat_etag(path.stat())


def test_make_source_gzip_file_has_the_length_of_what_it_reads(path: Path) -> None:
    """Its descriptor is that of the compressed file."""
    path.write_bytes(gzip.compress(CONTENT))

    with gzip.open(path) as file:
        source = make_source(file)

        assert source.size == 10
        assert source.etag is None


def test_make_source_spooled_file_stays_in_memory() -> None:
    with tempfile.SpooledTemporaryFile(max_size=100) as file:
        file.write(CONTENT)
        file.seek(0)

        source = make_source(file)

        assert source.size == 10
        assert file._rolled is False  # type: ignore[attr-defined]


def test_make_source_bytes_in_memory_have_a_tag_by_content() -> None:
    tags = [
        make_source(io.BytesIO(content)).etag
        for content in (CONTENT, CONTENT, CONTENT[::-1])
    ]

    assert tags[0] == tags[1] != tags[2]


def test_make_source_what_cannot_seek_has_no_size() -> None:
    class Pipe:
        read = io.BytesIO().read

    source = make_source(Pipe())

    assert source.size is None
    assert not source.is_seekable
    assert source.close is None


def test_make_source_device_has_no_tag() -> None:
    with open("/dev/zero", "rb", buffering=0) as file:
        assert make_source(file).etag is None


def test_make_source_django_file_is_what_it_wraps(path: Path) -> None:
    with DjangoFile(path.open("rb"), name="named.png") as file:
        source = make_source(file)

        assert source.name == "named.png"
        assert source.etag == stat_etag(path.stat())


def test_make_source_content_file() -> None:
    assert read(make_source(ContentFile(CONTENT))) == CONTENT


def test_make_source_field_file_of_a_local_storage_is_its_path(path: Path) -> None:
    storage = FileSystemStorage(path.parent)

    source = make_source(field_file(storage, "a.bin"))

    assert source.located is not None
    assert source.located.real_path == str(path.resolve())
    assert read(source) == CONTENT


def test_make_source_field_file_outside_the_allowed_directories_is_refused(
    path: Path,
) -> None:
    storage = FileSystemStorage(path.parent)

    with override_settings(BOLT_ALLOWED_FILE_DIRS=[]), pytest.raises(FileRefused):
        make_source(field_file(storage, "a.bin"))


def test_make_source_field_file_of_a_remote_storage_is_opened_when_sent() -> None:
    storage = RemoteStorage()
    name = storage.save("inner/a.bin", ContentFile(CONTENT))

    source = make_source(field_file(storage, name))

    assert source.name == "a.bin"
    assert source.size == 10
    assert source.modified == MOMENT.timestamp()
    assert source.etag == make_etag(int(MOMENT.timestamp() * 1_000_000), 10)
    assert source.close is None
    assert read(source) == CONTENT


def test_make_source_field_file_of_a_storage_without_times() -> None:
    storage = TimelessStorage()
    name = storage.save("a.bin", ContentFile(CONTENT))

    source = make_source(field_file(storage, name))

    assert source.etag is None
    assert source.modified is None


def test_make_source_empty_field_file_is_missing() -> None:
    with pytest.raises(FileMissing):
        make_source(field_file(RemoteStorage(), None))


@pytest.mark.parametrize("given", [b"/etc/passwd", 7, None, ["a"]])
def test_make_source_other_types_are_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="path must be a str, a path-like object"):
        make_source(given)


def test_make_source_file_in_text_mode_is_refused(path: Path) -> None:
    with (
        path.open() as file,
        pytest.raises(TypeError, match='must be opened in binary mode \\("rb"\\)'),
    ):
        make_source(file)  # type: ignore[arg-type]
