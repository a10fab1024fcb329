"""BOLT_SENDFILE: which header hands which file to the front server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from django_bolt import File, FileResponse
from django_bolt.sendfile import find_handover
from tests.worlds import Ask

pytestmark = pytest.mark.django_db

ACCEL = "X-Accel-Redirect"


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Path]:
    media = tmp_path / "media"
    (media / "inner").mkdir(parents=True)
    (media / "a.txt").write_bytes(b"a")
    with override_settings(
        BOLT_ALLOWED_FILE_DIRS=[tmp_path], BOLT_SENDFILE={media: "/internal/"}
    ):
        yield media


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("a.txt", "/internal/a.txt"),
        ("inner/b.txt", "/internal/inner/b.txt"),
        ("a b?c#d%41.txt", "/internal/a%20b%3Fc%23d%2541.txt"),
        ("ä.txt", "/internal/%C3%A4.txt"),
        ("a\r\nX: y", "/internal/a%0D%0AX%3A%20y"),
        ("\udcff", "/internal/%FF"),
    ],
)
def test_find_handover_encodes_the_name(media: Path, name: str, url: str) -> None:
    assert find_handover(f"{media}/{name}") == (ACCEL, url)


def test_find_handover_needs_no_slash(media: Path) -> None:
    with override_settings(BOLT_SENDFILE={f"{media}/": "/internal"}):
        assert find_handover(f"{media}/a") == (ACCEL, "/internal/a")


def test_find_handover_innermost_directory_decides(media: Path) -> None:
    both = {media / "inner": "X-Sendfile", media: "/internal/"}

    with override_settings(BOLT_SENDFILE=both):
        assert find_handover(f"{media}/inner/ä") == (
            "X-Sendfile",
            f"{media}/inner/\xc3\xa4",
        )
        assert find_handover(f"{media}/a") == (ACCEL, "/internal/a")


@pytest.mark.parametrize("name", ["a%41", "a\r\nX: y", "a\x7f"])
def test_find_handover_name_that_servers_read_differently_stays_here(
    media: Path, name: str
) -> None:
    with override_settings(BOLT_SENDFILE={media: "X-Sendfile"}):
        assert find_handover(f"{media}/{name}") is None


@pytest.mark.parametrize("name", ["media-private/a.txt", "a.txt", "media"])
def test_find_handover_other_files_stay_here(media: Path, name: str) -> None:
    assert find_handover(f"{media.parent}/{name}") is None


def test_find_handover_unset_hands_nothing_over(media: Path) -> None:
    with override_settings(BOLT_SENDFILE=None):
        assert find_handover(f"{media}/a.txt") is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_response_names_the_file_and_leaves_the_rest_to_the_server(
    ask: Ask, media: Path, method: str
) -> None:
    answer = ask(
        lambda request: FileResponse(media / "a.txt", "b.txt"),
        method=method,
        headers={"Range": "bytes=0-0", "If-None-Match": "*"},
    )

    assert answer.status == 200
    assert answer["x-accel-redirect"] == "/internal/a.txt"
    assert answer["content-type"] == "text/plain; charset=utf-8"
    assert answer["content-disposition"] == 'attachment; filename="b.txt"'
    assert answer["content-length"] == "0"
    assert answer.body == b""
    for name in ("etag", "last-modified", "accept-ranges", "content-encoding"):
        assert name not in answer


def test_response_keeps_ranges_off(ask: Ask, media: Path) -> None:
    headers = {"Accept-Ranges": "none"}

    answer = ask(lambda request: FileResponse(media / "a.txt", headers=headers))

    assert answer["accept-ranges"] == "none"


def test_response_of_another_status_is_sent_from_here(ask: Ask, media: Path) -> None:
    answer = ask(lambda request: FileResponse(media / "a.txt", status_code=404))

    assert answer.body == b"a"
    assert "x-accel-redirect" not in answer


def test_open_file_is_sent_from_here(ask: Ask, media: Path) -> None:
    answer = ask(lambda request: FileResponse((media / "a.txt").open("rb")))

    assert answer.body == b"a"


def test_file_in_another_directory_is_sent_from_here(ask: Ask, media: Path) -> None:
    (media.parent / "b.txt").write_bytes(b"b")

    answer = ask(lambda request: FileResponse(media.parent / "b.txt"))

    assert answer.body == b"b"


def test_file_in_memory_is_sent_from_here(ask: Ask, media: Path) -> None:
    assert ask(lambda request: File(media / "a.txt")).body == b"a"
