"""
Start the servers that people deploy Django with, each on a free loopback port.

All of them serve the site of ``tests.site``.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DEADLINE = 20.0
"""Seconds that a server may take to start, or a client may wait."""

PORTS = 3
"""Ports that a server tries: another program may take one before it does."""

ATTEMPT = 5.0
"""Seconds that one request may wait while a server starts."""


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def _gunicorn(worker: str, port: int, interface: str = "wsgi") -> list[str]:
    return _python(
        "gunicorn",
        f"--bind=127.0.0.1:{port}",
        f"--worker-class={worker}",
        "--threads=8" if worker == "gthread" else "--workers=1",
        "--timeout=60",
        "--graceful-timeout=1",
        f"tests.site.{interface}:application",
    )


def _granian(interface: str, port: int) -> list[str]:
    return _python(
        "granian",
        f"--port={port}",
        f"--interface={interface}",
        *(["--blocking-threads=8"] if interface == "wsgi" else []),
        "--workers-kill-timeout=1",
        f"tests.site.{interface.removesuffix('nl')}:application",
    )


ASGI_SERVERS: dict[str, Callable[[int], list[str]]] = {
    "uvicorn": lambda port: _python(
        "uvicorn",
        f"--port={port}",
        "--lifespan=off",
        "--timeout-graceful-shutdown=1",
        "tests.site.asgi:application",
    ),
    "hypercorn": lambda port: _python(
        "hypercorn", f"--bind=127.0.0.1:{port}", "tests.site.asgi:application"
    ),
    "daphne": lambda port: _python(
        "daphne", f"--port={port}", "tests.site.asgi:application"
    ),
    "granian-asgi": lambda port: _granian("asginl", port),
}

WSGI_SERVERS: dict[str, Callable[[int], list[str]]] = {
    "gunicorn-sync": lambda port: _gunicorn("sync", port),
    "gunicorn-gthread": lambda port: _gunicorn("gthread", port),
    "waitress": lambda port: _python(
        "waitress",
        f"--listen=127.0.0.1:{port}",
        "--threads=8",
        "tests.site.wsgi:application",
    ),
    "granian-wsgi": lambda port: _granian("wsgi", port),
    "runserver": lambda port: _python(
        "django", "runserver", "--noreload", f"127.0.0.1:{port}"
    ),
}

SERVERS = ASGI_SERVERS | WSGI_SERVERS

GUNICORN_ASGI: dict[str, Callable[[int], list[str]]] = {
    "gunicorn-asgi": lambda port: _gunicorn("asgi", port, "asgi"),
    "gunicorn-uvicorn": lambda port: _gunicorn(
        "uvicorn_worker.UvicornWorker", port, "asgi"
    ),
}
"""
Told to stop as others are, and else left out: the second is uvicorn, and the
first goes deaf now and then on some Pythons, when a client leaves while large
parts are sent; see docs/sse.md.
"""

IMPATIENCE = (
    "--timeout-graceful-shutdown",
    "--graceful-timeout",
    "--workers-kill-timeout",
)
"""Options that end open responses when a server is stopped."""


class Server:
    """
    A server that runs, until ``stop`` or the end of a ``with`` block.

    Args:
        name: A key of ``SERVERS`` or ``GUNICORN_ASGI``.
        arguments: What its command line says besides.
        patient: Whether it waits for open responses as long as it does unless it
            is told otherwise.
        environment: Variables for it; they may name settings of another site.
    """

    def __init__(
        self,
        name: str,
        *,
        arguments: Sequence[str] = (),
        patient: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        for others in reversed(range(PORTS)):
            self.port = free_port()
            self._start(arguments, patient, environment or {})
            try:
                self.wait_until_it_answers()
                return
            except BaseException:
                ended = self.process.poll() is not None
                self.stop()
                if not (ended and others):
                    raise

    def _start(
        self, arguments: Sequence[str], patient: bool, environment: Mapping[str, str]
    ) -> None:
        command = [*(SERVERS | GUNICORN_ASGI)[self.name](self.port), *arguments]
        if patient:
            command = [part for part in command if not part.startswith(IMPATIENCE)]
        self.log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by stop
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "tests.site.settings",
                **environment,
            },
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def output(self) -> str:
        """Return what the server has printed so far."""
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode(errors="replace")

    def stop(self) -> None:
        """End the server and its workers, at once: nothing of them is needed."""
        # The group is the server's own, made by ``start_new_session``.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def wait_until_it_answers(self) -> None:
        """Wait until a request gets an answer, or raise when none does in time."""
        # Not until it listens: gunicorn does before its worker is there.
        deadline = time.monotonic() + DEADLINE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start: {self.output()}")
            time.sleep(0.02)

    def wait_until_it_says(self, text: str, *, times: int) -> None:
        """Wait until it has printed something so often, or raise when it does not."""
        deadline = time.monotonic() + DEADLINE
        while self.output().count(text) < times:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not say {text!r}: {self.output()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Tell whether a request gets an answer, whatever it says."""
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), ATTEMPT) as connection,
        ):
            connection.sendall(b"GET /ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(1) != b""
        return False


Start = Callable[[str], Server]
"""Returns a server by its name."""


@contextlib.contextmanager
def shared_servers(environment: Mapping[str, str] | None = None) -> Iterator[Start]:
    """
    Yield what starts a server, or returns the one that runs; stop all at the end.

    Args:
        environment: As for ``Server``.
    """
    servers: dict[str, Server] = {}

    def start(name: str) -> Server:
        if name not in servers:
            servers[name] = Server(name, environment=environment)
        return servers[name]

    try:
        yield start
    finally:
        for server in servers.values():
            server.stop()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
