"""BOLT_STREAM_DJANGO_RESPONSES: Django's own streams, by the same machinery."""

import io
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings

from django_bolt import StreamingResponse
from django_bolt.responses.adopt import adopt
from tests.streams.exchange import Exchange, play
from tests.worlds import Ask

pytestmark = pytest.mark.django_db


def source() -> Iterator[Any]:
    """Yield what Django takes: it makes text of anything."""
    yield b"bytes "
    yield "text "
    yield 7


async def asource() -> AsyncIterator[Any]:
    """Do the same in a loop."""
    for chunk in source():
        yield chunk


class Export(StreamingHttpResponse):
    """A package's own subclass."""


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
@pytest.mark.parametrize("content", [source, asource])
@pytest.mark.parametrize("kind", [StreamingHttpResponse, Export])
def test_a_response_of_djangos_keeps_its_head_and_its_body(
    ask: Ask, content: Any, kind: type[StreamingHttpResponse]
) -> None:
    seen = []

    def view(request: HttpRequest) -> StreamingHttpResponse:
        response = kind(content(), content_type="text/csv", headers={"X-A": "1"})
        response.set_cookie("seen", "1")
        seen.append(response)
        return response

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = ask(view)

    assert answer.body == b"bytes text 7"
    assert (answer["content-type"], answer["x-a"]) == ("text/csv", "1")
    assert "seen=1" in answer["set-cookie"]
    assert isinstance(seen[0], kind)
    assert type(seen[0]).__name__ == kind.__name__


@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
def test_a_sync_chunk_goes_out_before_the_next_when_it_is_on(is_on: bool) -> None:
    """Django alone asks for all of it before it sends the first byte."""
    counts = []

    def counting() -> Iterator[bytes]:
        for number in range(5):
            counts.append(number)
            yield bytes(1_000_000)

    ahead = []

    async def script(client: Exchange) -> None:
        client.reads.clear()
        await client.blocked.wait()
        ahead.append(len(counts))

    with (
        override_settings(BOLT_STREAM_DJANGO_RESPONSES=is_on),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        play(lambda request: StreamingHttpResponse(counting()), script)

    assert ahead == [1 if is_on else 5]


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
def test_a_file_response_is_streamed_and_closed(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "data.txt"
    path.write_bytes(b"0123456789" * 50_000)
    files = []

    def view(request: HttpRequest) -> FileResponse:
        files.append(path.open("rb"))
        return FileResponse(files[0])

    answer = ask(view)

    assert answer.body == path.read_bytes()
    assert answer["content-length"] == "500000"
    assert files[0].closed


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
def test_a_file_response_keeps_what_file_wrapper_needs() -> None:
    file = io.BytesIO(b"data")
    response = FileResponse(file)
    adopt(response)

    assert response.file_to_stream is file
    response.streaming_content = [b"other"]
    assert response.file_to_stream is None


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
@pytest.mark.parametrize("content", [source, asource])
def test_head_starts_no_source(ask: Ask, content: Any) -> None:
    answer = ask(lambda request: StreamingHttpResponse(content()), method="HEAD")

    assert answer.status == 200
    assert answer.body == b""


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
def test_a_response_in_memory_stays_what_it_is(ask: Ask) -> None:
    answer = ask(lambda request: HttpResponse("text"))

    assert answer.body == b"text"


@override_settings(BOLT_STREAM_DJANGO_RESPONSES=True)
def test_our_own_stream_stays_what_it_is(ask: Ask) -> None:
    answer = ask(lambda request: StreamingResponse([b"ours"]))

    assert answer.body == b"ours"


def test_a_stream_of_ours_is_left_as_it_is() -> None:
    response = StreamingResponse([])

    adopt(response)

    assert type(response) is StreamingResponse
