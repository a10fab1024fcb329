"""What event streams put on the wire of real servers, and how they let them go."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers import SERVERS, Server, Start
from tests.streams.wire import Client, Control

KINDS = ("sync", "async")
PING = b": ping\n\n"

pytestmark = pytest.mark.server

every_server = pytest.mark.parametrize("name", SERVERS)
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_server
@every_kind
def test_pings_come_while_the_source_waits_and_events_at_once(
    start: Start, name: str, kind: str
) -> None:
    """The source goes on at the test's word, which comes when pings have come."""
    with Control() as control:
        target = f"/events/{kind}?port={control.port}&ping=0.05"
        with Client(start(name), target) as client:
            client.read_past(b"data: 0\n\n" + PING + PING)
            control.confirm()
            body = client.read_past(b"data: 1\n\n" + PING)

        # A thread that waits notices at its next event, here the test's word.
        assert control.wait_until_closed(confirm=kind == "sync") == b"closed"
    assert body.replace(PING, b"") == b"data: 0\n\ndata: 1\n\n"


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn", "gunicorn-gthread"])
@every_kind
def test_compression_leaves_events_alone(start: Start, name: str, kind: str) -> None:
    with Control() as control:
        target = f"/gzip/{kind}?port={control.port}"
        accept = ("Accept-Encoding: gzip",)
        with Client(start(name), target, headers=accept) as client:
            for number in range(3):
                client.read_past(b"data: %d\n\n" % number)
                control.confirm()

    assert b"content-encoding" not in client.head
    assert b"vary" not in client.head


@every_server
@every_kind
def test_a_client_of_http_1_0_receives_each_event_at_once(
    start: Start, name: str, kind: str
) -> None:
    with Control() as control:
        target = f"/events/{kind}?port={control.port}"
        with Client(start(name), target, version="1.0") as client:
            for number in range(3):
                client.read_past(b"data: %d\n\n" % number)
                control.confirm()

    # uvicorn sends chunks all the same, with httptools.
    assert name == "uvicorn" or b"transfer-encoding" not in client.head


@every_kind
def test_a_client_of_http_2_receives_each_event_at_once(
    start: Start, kind: str
) -> None:
    """Without TLS, by prior knowledge (RFC 9113 §3.3)."""
    server = start("hypercorn")
    with Control() as control, httpx.Client(http1=False, http2=True) as client:
        url = f"http://127.0.0.1:{server.port}/events/{kind}?port={control.port}"
        with client.stream("GET", url) as response:
            received = b""
            parts = response.iter_raw()
            for number in range(3):
                while b"data: %d\n\n" % number not in received:
                    received += next(parts)
                control.confirm()

    assert response.http_version == "HTTP/2"


LET_GO = (
    "uvicorn",
    "daphne",
    "granian-asgi",
    "gunicorn-sync",
    "gunicorn-gthread",
)
"""The servers that can be told of their end; docs/sse.md says how others can."""

SOON = 10.0
"""
Seconds within which a server is gone, with streams open.

Less than two on a machine that does nothing else. One that is not told waits half
a minute, or without end.
"""


@contextlib.contextmanager
def listening(server: Server, count: int) -> Iterator[list[tuple[Client, Control]]]:
    """Open so many streams of either kind, each with its first event read."""
    with contextlib.ExitStack() as stack:
        streams = []
        for kind in KINDS * count:
            control = stack.enter_context(Control())
            target = f"/events/{kind}?port={control.port}&ping=60"
            client = stack.enter_context(Client(server, target))
            client.read_past(b"data: 0\n\n")
            streams.append((client, control))
        yield streams


def farewell(client: Client, control: Control) -> None:
    """Read a stream to its last word, and hear from its source that it is closed."""
    body = client.read_past(b"\n\nretry: ")

    assert body.startswith(b"data: 0\n\nretry: ")
    assert control.wait_until_closed() == b"closed"


@pytest.mark.parametrize("name", LET_GO)
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_server_that_is_told_to_stop_is_gone_soon(
    name: str, end: signal.Signals
) -> None:
    """The server waits for open responses without end, as it does by default."""
    # Two at a time need two of gunicorn's sync workers.
    arguments = ["--workers=2"] if name == "gunicorn-sync" else []
    with Server(name, arguments=arguments, patient=True) as server:
        with listening(server, 1) as streams:
            told = time.monotonic()
            server.process.send_signal(end)
            for client, control in streams:
                farewell(client, control)
        # A client that stays connected keeps gunicorn two seconds longer.
        server.process.wait(timeout=20)
        took = time.monotonic() - told

    assert took < SOON


WORKERS = {"uvicorn": "Started server process", "granian-asgi": "Started worker"}
"""What a server prints for each worker; before, one of granian's misses a signal."""

DEPLOYMENTS = [
    pytest.param("uvicorn", ["--workers=2"], id="uvicorn with workers"),
    pytest.param("uvicorn", ["--reload", "--reload-dir=docs"], id="reload"),
    pytest.param("granian-asgi", ["--workers=2"], id="granian with workers"),
    pytest.param("gunicorn-asgi", [], id="gunicorn's asgi worker"),
    pytest.param("gunicorn-uvicorn", [], id="gunicorn with uvicorn's worker"),
]


@pytest.mark.parametrize(("name", "arguments"), DEPLOYMENTS)
def test_a_parent_that_is_told_to_stop_lets_every_client_go(
    name: str, arguments: list[str]
) -> None:
    """The signal is for the parent; each of its processes ends what it streams."""
    with Server(name, arguments=arguments, patient=True) as server:
        if arguments == ["--workers=2"]:
            server.wait_until_it_says(WORKERS[name], times=2)
        with listening(server, 3) as streams:
            told = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            for client, control in streams:
                farewell(client, control)
            took = time.monotonic() - told
        server.process.wait(timeout=20)

    assert took < SOON


def test_a_reload_lets_every_client_go(tmp_path: Path) -> None:
    """uvicorn waits for the old process: no client would ever be let in again."""
    code = tmp_path / "code.py"
    code.touch()
    arguments = ["--reload", f"--reload-dir={tmp_path}"]
    with Server("uvicorn", arguments=arguments, patient=True) as server:
        with listening(server, 1) as streams:
            first = [client.connection for client, _ in streams]
            # Again and again: it must first have seen the file as it was.
            while not select.select(first, [], [], 0.2)[0]:
                os.utime(code)
            for client, control in streams:
                farewell(client, control)

        server.wait_until_it_answers()
