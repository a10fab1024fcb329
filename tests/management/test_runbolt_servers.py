"""``runbolt`` with a real server: it serves, and stops with streams open."""

import http.client
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import DEADLINE, ROOT, SERVERS, Server, free_port
from tests.streams.wire import Client, Control

pytestmark = pytest.mark.server

UNTIL_DEADLINE = f"--stop-timeout={2 * int(DEADLINE)}"
"""Longer than the test waits: a stream that is not told fails it."""


def command(*arguments: str) -> list[str]:
    """Return the command line of a ``runbolt``."""
    return [sys.executable, "-m", "django", "runbolt", *arguments]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a static file."""
    (tmp_path / "note.txt").write_bytes(b"A static file.")
    return tmp_path


@pytest.fixture(params=["asgi", "wsgi"])
def server(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[Server]:
    """Serve the site with its static files, once by ASGI and once by WSGI."""
    interface = f"--interface={request.param}"
    monkeypatch.setitem(
        SERVERS,
        "runbolt",
        lambda port: command(interface, UNTIL_DEADLINE, f"127.0.0.1:{port}"),
    )
    server = Server(
        "runbolt",
        environment={
            "DJANGO_SETTINGS_MODULE": "tests.management.settings",
            # Not collected, and collected: the one by ASGI, the other by WSGI.
            "TEST_FOUND" if request.param == "asgi" else "TEST_COLLECTED": str(folder),
        },
    )
    yield server
    server.stop()


def test_runbolt_serves_and_stops_with_a_stream_open(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    page = urllib.request.urlopen(f"{url}/page", timeout=DEADLINE).read()
    static = urllib.request.urlopen(f"{url}/static/note.txt", timeout=DEADLINE).read()

    with Control() as control:
        target = f"/events/async?port={control.port}&ping=60"
        with Client(server, target) as client:
            client.read_past(b"data: 0\n\n")
            server.process.send_signal(signal.SIGTERM)
            body = client.read_to_end()
            said = control.wait_until_closed()
    code = server.process.wait(timeout=DEADLINE)

    assert page == b"here"
    assert static == b"A static file."
    assert body.startswith(b"data: 0\n\nretry: ")
    assert said == b"closed"
    assert code == 0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=DEADLINE)
        self.path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(str(self.path))


def wait_for_answer(connect: Callable[[], http.client.HTTPConnection]) -> bytes:
    """Ask for the page until there is an answer, and return it."""
    deadline = time.monotonic() + DEADLINE
    while True:
        connection = connect()
        try:
            connection.request("GET", "/page")
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            # Nobody is there yet, or somebody who is just being stopped.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def test_runbolt_listens_on_a_socket_of_the_file_system(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    process = subprocess.Popen(
        command("--settings=tests.site.settings", f"unix:{path}"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        body = wait_for_answer(lambda: UnixConnection(path))
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=DEADLINE)

    assert body == b"here"
    assert f"Address:      unix:{path}\n".encode() in output
    assert process.returncode == 0


PROJECT = """
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django_bolt"]
MIDDLEWARE = ["django_bolt.middleware.BoltMiddleware"]
urlpatterns = [path("page", lambda request: "{answer}")]
"""


def test_runbolt_starts_anew_when_a_file_changes(tmp_path: Path) -> None:
    module = tmp_path / "project.py"
    module.write_text(PROJECT.format(answer="before"))
    port = free_port()
    arguments = ("--settings=project", "--reload", "--stop-timeout=1", str(port))
    process = subprocess.Popen(
        command(f"--pythonpath={tmp_path}", *arguments),
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask() -> bytes:
        return wait_for_answer(
            lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        )

    try:
        before = after = ask()
        deadline = time.monotonic() + 3 * DEADLINE
        while after == before and time.monotonic() < deadline:
            # More than once, should the watch begin after the first answer.
            module.write_text(PROJECT.format(answer="after"))
            pause = time.monotonic() + DEADLINE / 2
            while after == before and time.monotonic() < pause:
                time.sleep(0.05)
                after = ask()
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)

    assert (before, after) == (b"before", b"after")
