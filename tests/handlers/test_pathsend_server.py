"""Files that granian sends by itself, and what it sends when they change."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from django_bolt.handlers.pathsend import MIN_SIZE
from tests.servers import DEADLINE, Server
from tests.streams.wire import Client

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere nothing is held."),
]

INSIDE = b"inside.." * (MIN_SIZE // 8 + 1)
OUTSIDE = b"outside." * (MIN_SIZE // 8 + 1)


def make_folder(folder: Path) -> Path:
    """Make a folder with one in it that may be read, and one for names."""
    for name in ("files", "temporary"):
        (folder / name).mkdir()
    (folder / "files" / "whole").write_bytes(INSIDE)
    return folder


def start(folder: Path) -> Server:
    """Start granian with our handler; it may read the files of the folder."""
    return Server(
        "granian-asgi",
        patient=True,
        environment={
            "SITE_HANDLER": "bolt",
            "SITE_FILES": str(folder / "files"),
            "TMPDIR": str(folder / "temporary"),
        },
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of the server."""
    return make_folder(tmp_path_factory.mktemp("pathsend"))


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """Start a server for several tests."""
    with start(folder) as server:
        yield server


def ask(server: Server, path: Path, method: str = "GET", *headers: str) -> Client:
    """Ask for a file, and read the answer."""
    target = f"/file?path={quote(str(path))}"
    headers = (*headers, "Connection: close")
    with Client(server, target, method, headers) as client:
        client.read_to_end()
    return client


def names(folder: Path) -> list[Path]:
    """Return what the server was told to send."""
    return list((folder / "temporary").glob("django-bolt-*/*"))


def test_whole_file_arrives_and_other_requests_are_answered_as_ever(
    server: Server, folder: Path
) -> None:
    path = folder / "files" / "whole"

    whole = ask(server, path)
    named = names(folder)
    part = ask(server, path, "GET", "Range: bytes=1-6")
    unchanged = ask(server, path, "GET", "If-None-Match: *")

    assert whole.body == INSIDE
    assert whole.head.startswith(b"http/1.1 200 ")
    assert b"\r\naccept-ranges: bytes" in whole.head
    assert b"\r\ncontent-length: %d" % len(INSIDE) in whole.head
    assert len(named) == 1
    assert part.body == b"nside."
    assert part.head.startswith(b"http/1.1 206 ")
    assert unchanged.body == b""
    assert unchanged.head.startswith(b"http/1.1 304 ")


def test_link_that_is_swapped_leads_nowhere_else(server: Server, folder: Path) -> None:
    link, other = folder / "files" / "link", folder / "files" / "other"
    outside = folder / "outside"
    outside.write_bytes(OUTSIDE)
    is_over = threading.Event()

    def swap() -> None:
        target = outside
        while not is_over.is_set():
            target = outside if target != outside else folder / "files" / "whole"
            other.symlink_to(target)
            os.replace(other, link)

    link.symlink_to(folder / "files" / "whole")
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        answers = [ask(server, link) for _ in range(100)]
    finally:
        is_over.set()
        thread.join()

    statuses = {answer.head[9:12] for answer in answers}
    bodies = {answer.body for answer in answers if answer.head[9:12] == b"200"}
    assert statuses <= {b"200", b"403"}
    assert bodies <= {INSIDE}


def test_server_that_stops_leaves_no_names(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    with start(folder) as server:
        ask(server, folder / "files" / "whole")
        before = names(folder)

        os.kill(server.process.pid, signal.SIGTERM)
        server.process.wait(DEADLINE)

    assert len(before) == 1
    assert list((folder / "temporary").iterdir()) == []
