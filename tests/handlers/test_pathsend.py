"""The server sends a whole file by itself, where nobody can tell."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.http import HttpRequest

from django_bolt import FileResponse, PlainText
from django_bolt.exceptions import FileChanged
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.held import held_files
from django_bolt.handlers.pathsend import EXTENSION, MIN_SIZE
from tests.handlers.exchanges import Exchange, ask

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Elsewhere nothing is held."
)

BOLT = "django_bolt.middleware.BoltMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"

OFFER: dict[str, Any] = {"extensions": {EXTENSION: {}}}
"""What a server says that sends paths."""

CONTENT = b"checked." * (MIN_SIZE // 8 + 1)


@pytest.fixture(autouse=True)
def temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[Path]:
    """Keep what is temporary in a folder of the test, where files may be read."""
    settings.BOLT_ALLOWED_FILE_DIRS = [tmp_path]
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    held_files.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a file that is worth it."""
    path = tmp_path / "file.txt"
    path.write_bytes(CONTENT)
    return path


def request(
    path: Path,
    scope: Mapping[str, Any] = OFFER,
    *,
    change: Callable[[FileResponse], object] = id,
    **options: Any,
) -> Exchange:
    """Ask for a file."""

    async def view(request: HttpRequest) -> FileResponse:
        response = FileResponse(path)
        change(response)
        return response

    return ask(view, scope=scope, **({"middleware": [BOLT]} | options))


def sent_paths(exchange: Exchange) -> list[str]:
    """Return the paths that the server was to send."""
    return [
        message["path"] for message in exchange.sent if message["type"] == EXTENSION
    ]


def test_whole_file_is_sent_by_its_path(path: Path) -> None:
    exchange = request(path)

    start, sent = exchange.sent
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert sent.keys() == {"type", "path"}
    assert Path(sent["path"]).read_bytes() == CONTENT


@pytest.mark.parametrize("middleware", [[], [BOLT]])
def test_headers_are_those_that_are_sent_without(
    path: Path, middleware: list[str]
) -> None:
    def set_cookie(response: FileResponse) -> None:
        response.set_cookie("seen", "yes")

    offered = request(path, change=set_cookie, middleware=middleware)
    other = request(path, {}, change=set_cookie, middleware=middleware)

    assert sent_paths(offered)
    assert offered.sent[0] == other.sent[0]
    assert other.body == CONTENT


def test_path_leads_to_the_file_that_was_announced(path: Path, tmp_path: Path) -> None:
    """However late the server opens it, within reason."""
    [sent] = sent_paths(request(path))
    (tmp_path / "other").write_bytes(b"another")
    os.replace(tmp_path / "other", path)

    assert Path(sent).read_bytes() == CONTENT


def test_sync_view_is_answered_so_too(path: Path) -> None:
    def view(request: HttpRequest) -> FileResponse:
        return FileResponse(path)

    assert sent_paths(ask(view, scope=OFFER))


def test_response_is_closed_and_holds_nothing(path: Path) -> None:
    responses: list[FileResponse] = []

    request(path, change=responses.append)

    [response] = responses
    assert response.closed
    assert response._body._file is None


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({}, id="no extensions"),
        pytest.param({"extensions": None}, id="no extensions at all"),
        pytest.param({"extensions": {"http.response.push": {}}}, id="others"),
        pytest.param(OFFER | {"http_version": "2"}, id="HTTP/2 never cuts a file off"),
        pytest.param(OFFER | {"http_version": "3"}, id="HTTP/3"),
    ],
)
def test_server_that_does_not_offer_it_gets_the_body(
    path: Path, scope: Mapping[str, Any]
) -> None:
    exchange = request(path, scope)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


@pytest.mark.parametrize("version", ["1", "1.0", "1.1"])
def test_every_version_1_of_http_sends_paths(path: Path, version: str) -> None:
    assert sent_paths(request(path, OFFER | {"http_version": version}))


@pytest.mark.parametrize(
    ("method", "headers", "status", "size"),
    [
        pytest.param("HEAD", {}, 200, 0, id="HEAD"),
        pytest.param("GET", {"range": "bytes=0-9"}, 206, 10, id="range"),
        pytest.param("GET", {"range": "bytes=99999999-"}, 416, 0, id="no such range"),
        pytest.param("GET", {"if-none-match": "*"}, 304, 0, id="condition"),
        pytest.param("POST", {}, 200, len(CONTENT), id="POST"),
    ],
)
def test_anything_but_the_whole_file_is_sent_from_here(
    path: Path, method: str, headers: dict[str, str], status: int, size: int
) -> None:
    exchange = request(path, method=method, headers=headers)

    assert sent_paths(exchange) == []
    assert (exchange.status, len(exchange.body)) == (status, size)


def test_range_of_the_whole_file_is_sent_from_here(path: Path) -> None:
    exchange = request(path, headers={"range": "bytes=0-"})

    assert sent_paths(exchange) == []
    assert (exchange.status, exchange.body) == (206, CONTENT)


def set_status(response: FileResponse) -> None:
    """Answer by another status."""
    response.status_code = 203


def wrap(response: FileResponse) -> None:
    """Do as a middleware that changes what is sent."""
    response.streaming_content = iter(list(response))


def set_length(response: FileResponse) -> None:
    """Announce another length."""
    response["Content-Length"] = "7"


def drop_length(response: FileResponse) -> None:
    """Announce none."""
    del response["Content-Length"]


def add_closer(response: FileResponse) -> None:
    """Have something closed when all was sent."""
    response._resource_closers.append(lambda: None)


def replace_close(response: FileResponse) -> None:
    """Do something when all was sent."""
    close = response.close
    vars(response)["close"] = lambda: close()


CHANGES = [set_status, wrap, set_length, drop_length, add_closer, replace_close]


@pytest.mark.parametrize("change", CHANGES)
def test_response_that_somebody_has_changed_is_sent_from_here(
    path: Path, change: Callable[[FileResponse], None]
) -> None:
    responses: list[FileResponse] = []

    def note(response: FileResponse) -> None:
        change(response)
        responses.append(response)

    exchange = request(path, change=note)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)
    responses[0].close()


def test_compressed_file_is_sent_from_here(path: Path) -> None:
    exchange = request(
        path, middleware=[GZIP, BOLT], headers={"accept-encoding": "gzip"}
    )

    assert sent_paths(exchange) == []
    assert exchange.headers["content-encoding"] == "gzip"


class Own(FileResponse):
    """A response of the project's, which may read as it likes."""


def test_response_of_another_class_is_sent_from_here(path: Path) -> None:
    async def view(request: HttpRequest) -> FileResponse:
        return Own(path)

    exchange = ask(view, scope=OFFER)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_open_file_is_sent_from_here(path: Path) -> None:
    async def view(request: HttpRequest) -> FileResponse:
        return FileResponse(path.open("rb"))

    exchange = ask(view, scope=OFFER)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_small_file_is_sent_from_here(path: Path) -> None:
    path.write_bytes(CONTENT[: MIN_SIZE - 1])

    exchange = request(path)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT[: MIN_SIZE - 1])


def test_other_response_is_sent_from_here() -> None:
    async def view(request: HttpRequest) -> PlainText:
        return PlainText("here")

    assert ask(view, scope=OFFER).body == b"here"


def test_timeout_of_the_client_is_watched_from_here(path: Path, settings: Any) -> None:
    settings.BOLT_STREAM_SEND_TIMEOUT = 60

    exchange = request(path)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_who_waits_for_the_end_of_a_request_hears_of_it_when_all_was_sent(
    path: Path,
) -> None:
    exchanges: list[Any] = []

    def listen(**arguments: object) -> None:
        exchanges.append(arguments)

    request_finished.connect(listen)
    try:
        exchange = request(path)
    finally:
        request_finished.disconnect(listen)

    assert len(exchanges) == 1
    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_handler_that_sends_in_a_way_of_its_own_sends_everything(path: Path) -> None:
    class Handler(BoltASGIHandler):
        async def send_response(self, response: Any, send: Any) -> None:
            response["X-Sent"] = "so"
            await super().send_response(response, send)

    exchange = request(path, handler_class=Handler)

    assert exchange.headers["x-sent"] == "so"
    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_djangos_handler_sends_everything(path: Path) -> None:
    exchange = request(path, handler_class=ASGIHandler)

    assert (sent_paths(exchange), exchange.body) == ([], CONTENT)


def test_file_that_was_replaced_breaks_the_connection_as_ever(path: Path) -> None:
    def replace(response: FileResponse) -> None:
        other = path.with_name("other")
        other.write_bytes(b"another")
        os.replace(other, path)

    with pytest.raises(FileChanged):
        request(path, change=replace)
