"""File and FileResponse, as clients see them, under WSGI and ASGI."""

import calendar
import email
import gzip
import io
import os
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol
from wsgiref.util import FileWrapper

import pytest
from asgiref.sync import async_to_sync
from django.http import BadHeaderError, HttpRequest
from django.test import RequestFactory, override_settings
from django.views.decorators.gzip import gzip_page
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from django_bolt import File, FileResponse, bolt_view, sources
from django_bolt.blocks import SpanFile
from django_bolt.exceptions import FileChanged
from django_bolt.files import locate
from django_bolt.responses import file
from tests.worlds import Answer, Ask

pytestmark = pytest.mark.django_db

CONTENT = b"0123456789"
MODIFIED = calendar.timegm((1994, 11, 6, 8, 49, 37))
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
GZIP = "django.middleware.gzip.GZipMiddleware"
BOLT = "django_bolt.middleware.BoltMiddleware"

FileClass = type[File] | type[FileResponse]


@pytest.fixture(params=[File, FileResponse])
def file_class(request: pytest.FixtureRequest) -> FileClass:
    found: FileClass = request.param
    return found


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Yield a file of ten bytes in the allowed directory."""
    path = tmp_path / "digits.bin"
    path.write_bytes(CONTENT)
    os.utime(path, (MODIFIED, MODIFIED))
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[tmp_path]):
        yield path


def get(ask: Ask, make: Any, method: str = "GET", **headers: str) -> Answer:
    """Ask for what ``make()`` returns; ``if_range=…`` is the header If-Range."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(lambda request: make(), method=method, headers=fields)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_whole_file(ask: Ask, path: Path, file_class: FileClass) -> None:
    answer = get(ask, lambda: file_class(path))

    assert answer.status == 200
    assert answer.body == CONTENT
    assert answer["content-type"] == "application/octet-stream"
    assert answer["content-length"] == "10"
    assert answer["accept-ranges"] == "bytes"
    assert answer["last-modified"] == DATE
    assert answer["etag"].startswith('"')
    assert "content-disposition" not in answer
    assert "content-range" not in answer


def test_head_has_the_headers_of_get(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    whole = get(ask, lambda: file_class(path))

    answer = get(ask, lambda: file_class(path), "HEAD", Range="bytes=0-1")

    assert answer.status == 200
    assert answer.headers == whole.headers


def test_head_sends_nothing_of_a_stream(ask: Ask, path: Path) -> None:
    answer = get(ask, lambda: FileResponse(path), "HEAD")

    assert answer.body == b""


@pytest.mark.parametrize(
    ("header", "content_range", "body"),
    [
        pytest.param("bytes=0-0", "bytes 0-0/10", b"0", id="first byte"),
        pytest.param("bytes=9-", "bytes 9-9/10", b"9", id="last byte"),
        pytest.param("bytes=-1", "bytes 9-9/10", b"9", id="suffix"),
        pytest.param("bytes=2-4", "bytes 2-4/10", b"234", id="inner"),
        pytest.param("bytes=0-3,2-5", "bytes 0-5/10", b"012345", id="merged to one"),
    ],
)
def test_one_range_is_a_206(
    ask: Ask,
    path: Path,
    file_class: FileClass,
    header: str,
    content_range: str,
    body: bytes,
) -> None:
    answer = get(ask, lambda: file_class(path), Range=header)

    assert answer.status == 206
    assert answer["content-range"] == content_range
    assert answer["content-length"] == str(len(body))
    assert answer["content-type"] == "application/octet-stream"
    assert answer["etag"]
    assert answer.body == body


def test_several_ranges_are_a_multipart(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    answer = get(ask, lambda: file_class(path), Range="bytes=-2,0-1,3-3")

    assert answer.status == 206
    assert "content-range" not in answer
    assert answer["content-length"] == str(len(answer.body))
    head = f"Content-Type: {answer['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + answer.body)
    assert message.get_content_type() == "multipart/byteranges"
    parts = list(message.walk())[1:]
    assert [part["Content-Range"] for part in parts] == [
        "bytes 8-9/10",
        "bytes 0-1/10",
        "bytes 3-3/10",
    ]
    assert [part.get_payload(decode=True) for part in parts] == [b"89", b"01", b"3"]
    assert {part["Content-Type"] for part in parts} == {"application/octet-stream"}


def test_unsatisfiable_range_is_a_416(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    answer = get(ask, lambda: file_class(path), Range="bytes=10-")

    assert answer.status == 416
    assert answer["content-range"] == "bytes */10"
    assert answer["content-length"] == "0"
    assert answer.body == b""
    assert "etag" not in answer
    assert "content-type" not in answer


@pytest.mark.parametrize(
    ("method", "header"),
    [
        pytest.param("GET", "bytes=4-2", id="malformed"),
        pytest.param("GET", "items=0-1", id="another unit"),
        pytest.param("GET", "bytes=" + "0-0," * 33, id="too many"),
        pytest.param("HEAD", "bytes=0-1", id="HEAD"),
        pytest.param("POST", "bytes=0-1", id="POST"),
    ],
)
def test_range_that_is_ignored_leaves_the_file_whole(
    ask: Ask, path: Path, file_class: FileClass, method: str, header: str
) -> None:
    view = csrf_exempt(lambda request: file_class(path))

    answer = ask(view, method=method, headers={"Range": header})

    assert answer.status == 200
    assert answer["content-length"] == "10"
    assert method == "HEAD" or answer.body == CONTENT


def csrf_exempt(view: Any) -> Any:
    view.csrf_exempt = True
    return view


@pytest.mark.parametrize("status", [201, 404, 500])
def test_range_of_another_status_is_ignored(
    ask: Ask, path: Path, file_class: FileClass, status: int
) -> None:
    answer = get(ask, lambda: file_class(path, status_code=status), Range="bytes=0-1")

    assert answer.status == status
    assert answer.body == CONTENT


def test_conditions_of_an_error_are_ignored(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    """RFC 9110 §13.2.1: unless the answer would be a success without them."""
    answer = get(ask, lambda: file_class(path, status_code=404), If_None_Match="*")

    assert answer.status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("If-None-Match", "TAG", 304),
        ("If-None-Match", '"other"', 200),
        ("If-Modified-Since", DATE, 304),
        ("If-Modified-Since", EARLIER, 200),
        ("If-Match", "TAG", 200),
        ("If-Match", '"other"', 412),
        ("If-Unmodified-Since", DATE, 200),
        ("If-Unmodified-Since", EARLIER, 412),
    ],
)
def test_conditions(
    ask: Ask,
    path: Path,
    file_class: FileClass,
    method: str,
    name: str,
    value: str,
    status: int,
) -> None:
    tag = file_class(path)["ETag"]

    answer = ask(
        lambda request: file_class(path),
        method=method,
        headers={name: value.replace("TAG", tag), "Range": "bytes=20-"}
        if status != 200
        else {name: value.replace("TAG", tag)},
    )

    assert answer.status == status
    if status != 200:
        assert answer.body == b""
        assert "content-type" not in answer
        assert "content-range" not in answer


def test_304_has_the_validators_and_no_content_fields(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    """RFC 9110 §15.4.5."""
    answer = get(
        ask,
        lambda: file_class(path, "a.bin", headers={"Cache-Control": "private"}),
        If_None_Match="*",
    )

    assert answer.status == 304
    assert answer["etag"] == file_class(path)["ETag"]
    assert answer["last-modified"] == DATE
    assert answer["cache-control"] == "private"
    assert "content-disposition" not in answer
    assert "content-encoding" not in answer
    assert "accept-ranges" not in answer


def test_condition_of_a_post_is_not_answered_afterwards(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    view = csrf_exempt(lambda request: file_class(path))

    answer = ask(view, method="POST", headers={"If-Match": '"other"'})

    assert answer.status == 200


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        pytest.param("TAG", 206, id="same tag"),
        pytest.param("W/TAG", 200, id="weak tag"),
        pytest.param('"other"', 200, id="other tag"),
        pytest.param(DATE, 206, id="same date"),
        pytest.param(LATER, 200, id="later date"),
        pytest.param("*", 200, id="nonsense"),
    ],
)
def test_if_range(
    ask: Ask, path: Path, file_class: FileClass, if_range: str, status: int
) -> None:
    tag = file_class(path)["ETag"]

    answer = get(
        ask,
        lambda: file_class(path),
        Range="bytes=0-1",
        If_Range=if_range.replace("TAG", tag),
    )

    assert answer.status == status


def test_if_range_that_fails_hides_an_unsatisfiable_range(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    answer = get(ask, lambda: file_class(path), Range="bytes=90-", If_Range='"other"')

    assert answer.status == 200


def test_bolt_view_answers_without_the_middleware(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    @bolt_view
    def view(request: HttpRequest) -> object:
        return file_class(path)

    with override_settings(MIDDLEWARE=[]):
        answer = ask(view, headers={"Range": "bytes=0-1"})

    assert answer.status == 206


def test_bolt_view_and_the_middleware_answer_once(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    @bolt_view
    def view(request: HttpRequest) -> object:
        return file_class(path)

    answer = ask(view, headers={"Range": "bytes=4-5"})

    assert answer["content-range"] == "bytes 4-5/10"
    assert answer.body == b"45"


def test_without_either_the_file_is_whole(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    with override_settings(MIDDLEWARE=[]):
        answer = get(ask, lambda: file_class(path), Range="bytes=0-1")

    assert answer.status == 200
    assert answer.body == CONTENT


def test_empty_file(ask: Ask, path: Path, file_class: FileClass) -> None:
    path.write_bytes(b"")

    whole = get(ask, lambda: file_class(path))
    part = get(ask, lambda: file_class(path), Range="bytes=0-")

    assert (whole.status, whole["content-length"], whole.body) == (200, "0", b"")
    assert (part.status, part["content-range"]) == (416, "bytes */0")


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_sends_none(
    ask: Ask, path: Path, file_class: FileClass, status: int
) -> None:
    answer = get(ask, lambda: file_class(path, status_code=status))

    assert answer.status == status
    assert answer.body == b""
    assert "content-type" not in answer


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.html", "text/html; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.mp4", "video/mp4"),
        ("a.tar.gz", "application/gzip"),
        ("a.tar.xz", "application/x-xz"),
        ("a.txt.gz", "application/gzip"),
        ("a.tar.br", "application/x-brotli"),
        ("a.nothing", "application/octet-stream"),
        ("data:,a.png", "image/png"),
    ],
)
def test_media_type_is_guessed_from_the_name(
    path: Path, file_class: FileClass, name: str, media_type: str
) -> None:
    path.rename(path.parent / name)

    response = file_class(path.parent / name, filename="other.pdf")

    assert response["Content-Type"] == media_type


def test_media_type_of_a_symlink_is_that_of_its_own_name(
    path: Path, file_class: FileClass
) -> None:
    link = path.parent / "link.png"
    link.symlink_to(path)

    assert file_class(link)["Content-Type"] == "image/png"


def test_media_type_that_is_given_goes_out_as_it_is(
    path: Path, file_class: FileClass
) -> None:
    assert file_class(path, media_type="text/x")["Content-Type"] == "text/x"


def test_headers_win(path: Path, file_class: FileClass) -> None:
    headers = {"Content-Type": "a/b", "ETag": '"mine"', "Last-Modified": LATER}

    response = file_class(path, None, "text/plain", 200, headers)

    assert {name: response[name] for name in headers} == headers


def test_headers_own_tag_is_compared(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    answer = get(
        ask,
        lambda: file_class(path, headers={"ETag": '"mine"'}),
        If_None_Match='"mine"',
    )

    assert answer.status == 304


def test_headers_accept_ranges_none_turns_ranges_off(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    """RFC 9110 §14.3."""
    answer = get(
        ask,
        lambda: file_class(path, headers={"Accept-Ranges": "none"}),
        Range="bytes=0-1",
    )

    assert answer.status == 200


def test_validators_that_are_removed_turn_conditions_off(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    def make() -> File | FileResponse:
        response = file_class(path)
        del response["ETag"]
        del response["Last-Modified"]
        return response

    answer = get(ask, make, If_Modified_Since=LATER)

    assert answer.status == 200


@pytest.mark.parametrize(
    "name", ["Content-Length", "Content-Range", "transfer-encoding"]
)
def test_headers_of_the_framing_are_refused(
    path: Path, file_class: FileClass, name: str
) -> None:
    with pytest.raises(ValueError, match="headers must not hold"):
        file_class(path, headers={name: "5"})


def test_filename_is_offered_in_both_forms(path: Path, file_class: FileClass) -> None:
    response = file_class(path, "naïve.txt")

    assert response["Content-Disposition"] == (
        "attachment; filename=\"naive.txt\"; filename*=UTF-8''na%C3%AFve.txt"
    )


@pytest.mark.parametrize("filename", ["a\r\nX: y", "a\nb", "a\0b"])
def test_filename_that_would_break_the_message_is_refused(
    path: Path, file_class: FileClass, filename: str
) -> None:
    with pytest.raises(BadHeaderError):
        file_class(path, filename)


def test_filename_of_another_type_is_refused(path: Path, file_class: FileClass) -> None:
    with pytest.raises(TypeError, match="filename must be a str; got 5"):
        file_class(path, 5)  # type: ignore[arg-type]


def test_status_that_is_none_is_refused(path: Path, file_class: FileClass) -> None:
    with pytest.raises(ValueError, match="status_code"):
        file_class(path, status_code=99)


@pytest.mark.parametrize(
    ("name", "status"),
    [("../outside.txt", 403), ("nothing.txt", 404), (".", 404), ("a\0", 404)],
)
@pytest.mark.parametrize("debug", [True, False])
def test_errors_tell_the_client_no_path(
    ask: Ask,
    path: Path,
    file_class: FileClass,
    name: str,
    status: int,
    debug: bool,
) -> None:
    with override_settings(DEBUG=debug):
        answer = get(ask, lambda: file_class(f"{path.parent}/{name}"))

    assert answer.status == status
    assert str(path.parent).encode() not in answer.body


def test_modification_in_the_future_is_now(path: Path, file_class: FileClass) -> None:
    """RFC 9110 §8.8.2.1."""
    os.utime(path, (time.time() + 9999, time.time() + 9999))

    modified = parsedate_to_datetime(file_class(path)["Last-Modified"])

    assert modified.timestamp() <= time.time()


def test_modification_before_1970_is_1970(path: Path, file_class: FileClass) -> None:
    os.utime(path, (-9999, -9999))

    assert file_class(path)["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_tag_changes_with_the_content_though_length_and_time_stay(
    path: Path, file_class: FileClass
) -> None:
    """RFC 9110 §8.8.1: a strong validator changes whenever the data does."""
    before = file_class(path)["ETag"]

    def rewrite(_attempt: int) -> str:
        path.write_bytes(CONTENT[::-1])
        os.utime(path, (MODIFIED, MODIFIED))
        return file_class(path)["ETag"]

    # The clock of the file system ticks every few milliseconds.
    assert any(tag != before for tag in map(rewrite, range(100_000)))


def test_cookies_chain(path: Path, file_class: FileClass) -> None:
    response = file_class(path).set_cookie("a", "1").delete_cookie("b")

    assert isinstance(response, file_class)
    assert set(response.cookies) == {"a", "b"}


def test_range_is_never_compressed(ask: Ask, path: Path, file_class: FileClass) -> None:
    path.write_bytes(b"a" * 5000)

    with override_settings(MIDDLEWARE=[GZIP, BOLT]):
        part = get(
            ask,
            lambda: file_class(path),
            Range="bytes=0-3999",
            Accept_Encoding="gzip",
        )

    assert part.status == 206
    assert part.body == b"a" * 4000
    assert "content-encoding" not in part


def test_file_that_a_decorator_compressed_has_no_ranges(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    """What was asked for are bytes of the file, and it is not what is sent."""
    path.write_bytes(b"a" * 5000)
    headers = {"Range": "bytes=0-9", "Accept-Encoding": "gzip"}

    answer = ask(gzip_page(lambda request: file_class(path)), headers=headers)

    assert answer.status == 200
    assert gzip.decompress(answer.body) == b"a" * 5000


def test_whole_file_may_be_compressed(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    content = os.urandom(500).hex().encode() * 1000
    path.write_bytes(content)

    with override_settings(MIDDLEWARE=[GZIP, BOLT]):
        answer = get(ask, lambda: file_class(path), Accept_Encoding="gzip")

    assert answer["content-encoding"] == "gzip"
    assert answer["etag"].startswith("W/")
    assert gzip.decompress(answer.body) == content


def test_encoding_identity_keeps_compression_away(
    ask: Ask, path: Path, file_class: FileClass
) -> None:
    path.write_bytes(b"a" * 5000)

    with override_settings(MIDDLEWARE=[GZIP, BOLT]):
        answer = get(
            ask,
            lambda: file_class(path, headers={"Content-Encoding": "identity"}),
            Accept_Encoding="gzip",
        )

    assert answer.body == b"a" * 5000
    assert "content-encoding" not in answer


def test_body_put_in_the_place_of_the_file_is_sent(ask: Ask, path: Path) -> None:
    def make() -> FileResponse:
        response = FileResponse(path)
        response.streaming_content = iter([b"other"])
        del response["Content-Length"]
        return response

    assert get(ask, make).body == b"other"


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_async_body_put_in_the_place_of_the_file_is_sent(ask: Ask, path: Path) -> None:
    async def chunks() -> Any:
        yield b"other"

    def make() -> FileResponse:
        response = FileResponse(path)
        response.streaming_content = chunks()
        del response["Content-Length"]
        return response

    assert get(ask, make).body == b"other"


def test_ten_thousand_dropped_responses_leave_no_descriptor(path: Path) -> None:
    before = open_descriptors()

    kept = [FileResponse(path) for _ in range(10_000)]
    while kept:
        kept.pop()

    assert open_descriptors() <= before


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="200"),
        pytest.param({"Range": "bytes=0-1"}, id="206"),
        pytest.param({"Range": "bytes=0-1,3-4"}, id="multipart"),
        pytest.param({"If-None-Match": "*"}, id="304"),
    ],
)
def test_no_descriptor_is_left_after_an_answer(
    ask: Ask, path: Path, headers: dict[str, str]
) -> None:
    get(ask, lambda: FileResponse(path))
    before = open_descriptors()

    for _attempt in range(5):
        get(ask, lambda: FileResponse(path), **headers)

    assert open_descriptors() <= before


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        pytest.param("HEAD", {}, id="HEAD"),
        pytest.param("GET", {"If-None-Match": "*"}, id="304"),
        pytest.param("GET", {"If-Match": '"a"'}, id="412"),
        pytest.param("GET", {"Range": "bytes=90-"}, id="416"),
    ],
)
def test_answer_without_content_opens_nothing(
    ask: Ask, path: Path, method: str, headers: dict[str, str]
) -> None:
    def view(request: HttpRequest) -> FileResponse:
        response = FileResponse(path)
        path.unlink()
        return response

    answer = ask(view, method=method, headers=headers)

    assert answer.body == b""


class Drain(Protocol):
    """Iterate a response as a handler of one of the two kinds does."""

    def __call__(self, response: FileResponse) -> bytes:
        """Return the whole body, and close the file."""


def drain_wsgi(response: FileResponse) -> bytes:
    with closing(response._body):
        return b"".join(response)


def drain_asgi(response: FileResponse) -> bytes:
    async def collect() -> bytes:
        return b"".join([block async for block in response])

    with closing(response._body):
        return async_to_sync(collect)()


@pytest.fixture(params=[drain_wsgi, drain_asgi])
def drain(request: pytest.FixtureRequest) -> Drain:
    found: Drain = request.param
    return found


@pytest.mark.parametrize("shorter", [b"", b"0123"])
def test_file_that_shrinks_breaks_the_body(
    drain: Drain, path: Path, shorter: bytes
) -> None:
    response = FileResponse(path)
    path.write_bytes(shorter)

    with pytest.raises(FileChanged):
        drain(response)


def test_file_that_shrinks_while_it_is_sent_breaks_the_body(
    drain: Drain, path: Path
) -> None:
    path.write_bytes(bytes(3_000_000))
    response = FileResponse(path)
    assert response.file_to_stream is not None  # Opens it.
    os.truncate(path, 2_000_000)

    with pytest.raises(FileChanged):
        drain(response)


def test_file_that_grows_sends_what_was_announced(drain: Drain, path: Path) -> None:
    response = FileResponse(path)
    path.write_bytes(CONTENT * 3)

    assert response["Content-Length"] == "10"
    assert drain(response) == CONTENT


def test_file_that_was_sent_is_closed_in_the_loop(path: Path) -> None:
    """Nothing is left for which a handler had to ask a thread."""
    response = FileResponse(path)

    async def send() -> list[bytes]:
        return [block async for block in response]

    body = async_to_sync(send)()

    assert b"".join(body) == CONTENT
    assert response._body.open().closed
    assert response._resource_closers == []


def test_body_that_breaks_is_closed_under_asgi(path: Path) -> None:
    """Django closes no response whose body has failed."""
    path.write_bytes(bytes(3_000_000))
    response = FileResponse(path)

    async def leave() -> None:
        blocks: Any = aiter(response)
        await anext(blocks)
        await blocks.aclose()

    async_to_sync(leave)()

    assert response.closed
    assert response._body.open().closed


@pytest.mark.parametrize("is_on", [True, False])
def test_body_gives_database_connections_back_when_it_starts(
    drain: Drain, path: Path, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    path.write_bytes(bytes(300_000))
    released: list[str] = []
    monkeypatch.setattr(file, "release_connections", lambda: released.append("once"))

    with override_settings(BOLT_STREAM_RELEASE_CONNECTIONS=is_on):
        drain(FileResponse(path))

    assert released == (["once"] if is_on else [])


def test_file_that_is_replaced_breaks_the_body(drain: Drain, path: Path) -> None:
    response = FileResponse(path)
    other = path.with_name("other")
    other.write_bytes(CONTENT)
    other.replace(path)

    with pytest.raises(FileChanged):
        drain(response)


LARGE = b"".join(n.to_bytes(4, "big") for n in range(750_000))


@hypothesis_settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(start=st.integers(0, 2_999_999), length=st.integers(1, 3_000_000))
def test_large_range_is_exact(ask: Ask, path: Path, start: int, length: int) -> None:
    if path.stat().st_size != len(LARGE):
        path.write_bytes(LARGE)

    answer = get(
        ask, lambda: FileResponse(path), Range=f"bytes={start}-{start + length - 1}"
    )

    assert answer.body == LARGE[start : start + length]


def test_stream_is_a_streaming_response(path: Path) -> None:
    with path.open("rb") as opened:
        response = FileResponse(opened)

        assert response.streaming
        assert response.getvalue() == CONTENT


def test_file_is_not_streamed(path: Path) -> None:
    response = File(path)
    path.unlink()

    assert not response.streaming
    assert response.content == CONTENT


def test_file_replaced_while_it_is_looked_at_is_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[Path] = []

    def locate_and_replace(given: Any) -> Any:
        located = locate(given)
        if not replaced:
            replaced.append(path)
            path.with_name("new").write_bytes(b"new")
            path.with_name("new").replace(path)
        return located

    monkeypatch.setattr(sources, "locate", locate_and_replace)

    response = File(path)

    assert response.content == b"new"
    assert response["ETag"] == FileResponse(path)["ETag"]


def test_file_replaced_for_ever_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locate_and_replace(given: Any) -> Any:
        located = locate(given)
        path.with_name("new").write_bytes(b"new")
        path.with_name("new").replace(path)
        return located

    monkeypatch.setattr(sources, "locate", locate_and_replace)

    with pytest.raises(FileChanged):
        File(path)


def test_file_that_grows_for_ever_has_a_tag_by_its_content(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locate_and_append(given: Any) -> Any:
        located = locate(given)
        with path.open("ab") as file:
            file.write(b"more")
        return located

    monkeypatch.setattr(sources, "locate", locate_and_append)

    response = File(path)

    assert response.content == CONTENT + b"moremore"
    assert len(response["ETag"]) == 34


def test_open_file_is_closed_with_the_response(ask: Ask, path: Path) -> None:
    opened = path.open("rb")

    answer = get(ask, lambda: FileResponse(opened), Range="bytes=1-2")

    assert answer.status == 206
    assert answer.body == b"12"
    assert opened.closed


def test_file_of_an_open_file_is_closed_at_once(path: Path) -> None:
    opened = path.open("rb")

    response = File(opened)

    assert opened.closed
    assert response.content == CONTENT


def test_file_of_what_cannot_seek_answers_ranges(ask: Ask) -> None:
    reader, writer = os.pipe()
    os.write(writer, CONTENT)
    os.close(writer)

    answer = get(ask, lambda: File(os.fdopen(reader, "rb")), Range="bytes=1-2")

    assert answer.body == b"12"


def test_stream_of_what_cannot_seek_is_a_200(ask: Ask) -> None:
    reader, writer = os.pipe()
    os.write(writer, CONTENT)
    os.close(writer)
    opened = os.fdopen(reader, "rb")

    answer = get(ask, lambda: FileResponse(opened), Range="bytes=1-2")

    assert answer.status == 200
    assert answer.body == CONTENT
    assert answer["accept-ranges"] == "none"
    assert "content-length" not in answer
    assert opened.closed


def test_bytes_in_memory_are_a_source(ask: Ask, file_class: FileClass) -> None:
    first = file_class(io.BytesIO(CONTENT))

    answer = get(
        ask,
        lambda: file_class(io.BytesIO(CONTENT)),
        Range="bytes=-3",
        If_Range=first["ETag"],
    )

    assert answer.status == 206
    assert answer.body == b"789"


def prepared(path: Path, server: str = "WSGIServer/0.2", **meta: str) -> FileResponse:
    request = RequestFactory().get("/")
    request.META.update(meta, SERVER_SOFTWARE=server)
    response = FileResponse(path).prepare(request)
    assert isinstance(response, FileResponse)
    return response


def send_by_wrapper(response: FileResponse) -> bytes:
    """Do what Django's WSGI handler and a server without sendfile do."""
    stream: Any = response.file_to_stream
    stream.close = response._body.close
    wrapper = FileWrapper(stream, response.block_size)
    with closing(wrapper):
        return b"".join(wrapper)


def test_file_wrapper_of_the_whole_has_the_descriptor(path: Path) -> None:
    response = prepared(path)

    stream = response.file_to_stream

    assert isinstance(stream, SpanFile)
    assert os.fstat(stream.fileno()).st_size == 10
    assert send_by_wrapper(response) == CONTENT


def test_file_wrapper_of_a_file_that_grew_ends_where_it_should(path: Path) -> None:
    response = prepared(path)
    path.write_bytes(CONTENT * 2)

    assert send_by_wrapper(response) == CONTENT


def test_file_wrapper_of_a_file_that_shrank_raises(path: Path) -> None:
    response = prepared(path)
    assert response.file_to_stream is not None
    path.write_bytes(b"0123")

    with pytest.raises(FileChanged):
        send_by_wrapper(response)


def test_file_wrapper_of_a_range_shows_no_descriptor(path: Path) -> None:
    """Servers without a regard for Content-Length would send to the end."""
    response = prepared(path, HTTP_RANGE="bytes=2-4")

    assert not hasattr(response.file_to_stream, "fileno")
    assert send_by_wrapper(response) == b"234"


def test_file_wrapper_of_a_range_has_a_descriptor_for_gunicorn(path: Path) -> None:
    response = prepared(path, "gunicorn/26.0", HTTP_RANGE="bytes=2-4")

    stream = response.file_to_stream

    assert isinstance(stream, SpanFile)
    assert os.lseek(stream.fileno(), 0, os.SEEK_CUR) == 2
    assert send_by_wrapper(response) == b"234"


def test_file_wrapper_of_an_open_file_reads_where_it_stood(path: Path) -> None:
    opened = path.open("rb")
    opened.seek(4)

    assert send_by_wrapper(FileResponse(opened)) == CONTENT[4:]
    assert opened.closed


@pytest.mark.parametrize(
    "meta", [{"HTTP_RANGE": "bytes=0-1,4-5"}, {"HTTP_IF_NONE_MATCH": "*"}]
)
def test_file_wrapper_is_for_one_span(path: Path, meta: dict[str, str]) -> None:
    assert prepared(path, **meta).file_to_stream is None


def test_file_wrapper_is_not_for_another_body(path: Path) -> None:
    response = prepared(path)
    response.streaming_content = iter([b"other"])

    assert response.file_to_stream is None
