"""``runbolt`` with a real server: it serves, and stops with streams open."""

import http.client
import os
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
import os

from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "tests only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
INSTALLED_APPS = ["django_bolt"]
MIDDLEWARE = ["django_bolt.middleware.BoltMiddleware"]
urlpatterns = [path("page", lambda request: {answer})]
"""

MISTAKE = "This line is no Python."


class Project:
    """
    A project of one module, served by ``runbolt``, until ``stop``.

    Args:
        folder: Where the module is written.
        answer: What its page returns, as Python.
        arguments: What the command line says besides.
    """

    def __init__(self, folder: Path, answer: str, *arguments: str) -> None:
        self.module = folder / "project.py"
        self.write(answer)
        self.log = folder.with_name("log")  # Beside what is watched.
        self.port = free_port()
        options = ("--settings=project", "--stop-timeout=1", *arguments)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command(f"--pythonpath={folder}", *options, str(self.port)),
                cwd=folder,
                env={
                    "PATH": "",
                    "PYTHONPATH": str(ROOT),
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                stdout=log,
                stderr=log,
            )

    def write(self, answer: str) -> None:
        """Write the module."""
        self.module.write_text(PROJECT.format(answer=answer))

    def ask(self) -> bytes:
        """Return the page, as soon as there is one."""
        return wait_for_answer(
            lambda: http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        )

    def change_until(
        self, change: Callable[[], object], is_done: Callable[[], bool]
    ) -> None:
        """Change files until that has its effect; the watch may not have begun."""
        deadline = time.monotonic() + 3 * DEADLINE
        while not is_done() and time.monotonic() < deadline:
            change()
            pause = time.monotonic() + DEADLINE / 2
            while not is_done() and time.monotonic() < pause:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)

    def stop(self) -> str:
        """Stop the server, and return what it has printed."""
        self.process.terminate()
        self.process.wait(timeout=DEADLINE)
        return self.log.read_text()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a folder for a project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_runbolt_starts_anew_when_a_file_changes(place: Path) -> None:
    """But not for what a running site writes beside its modules."""
    project = Project(place, "'before'", "--reload")
    database = place / "notes.sqlite3"

    def change() -> None:
        database.write_bytes(b"A row.")
        project.write("'after'")

    try:
        before = project.ask()
        project.change_until(change, lambda: project.ask() != before)
        after = project.ask()
    finally:
        output = project.stop()

    assert (before, after) == (b"before", b"after")
    assert project.module.name in output
    assert database.name not in output


def test_runbolt_waits_until_a_mistake_is_mended(place: Path) -> None:
    """With ``--reload``, of the kind that lets no process start."""
    project = Project(place, "'before'", "--reload")
    try:
        before = project.ask()
        project.change_until(
            lambda: project.module.write_text(MISTAKE),
            lambda: "Unexpected exit" in project.log.read_text(),
        )
        project.write("'after'")
        after = project.ask()
    finally:
        project.stop()

    assert (before, after) == (b"before", b"after")


def test_runbolt_replaces_a_process_that_died(place: Path) -> None:
    project = Project(place, "str(os.getpid())")
    try:
        before = project.ask()
        os.kill(int(before), signal.SIGKILL)
        project.change_until(lambda: None, lambda: project.ask() != before)
        after = project.ask()
    finally:
        project.stop()

    assert int(before) != int(after)
