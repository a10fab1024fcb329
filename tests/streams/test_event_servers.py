"""What event streams put on the wire of real servers, and how they let them go."""

import signal
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.servers import SERVERS, Server
from tests.streams.conftest import Start
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

SOON = 2.0
"""Seconds within which a server is gone, with streams open."""


@pytest.fixture(params=LET_GO)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Run a server that waits for open responses without end."""
    server = Server(request.param, patient=True)
    yield server
    server.stop()


@every_kind
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_server_that_is_told_to_stop_is_gone_soon(
    server: Server, kind: str, end: signal.Signals
) -> None:
    with Control() as control:
        target = f"/events/{kind}?port={control.port}&ping=60"
        with Client(server, target) as client:
            client.read_past(b"data: 0\n\n")

            told = time.monotonic()
            server.process.send_signal(end)
            body = client.read_past(b"\n\nretry: ")
            said = control.wait_until_closed()
        # A client that stays connected keeps gunicorn two seconds longer.
        server.process.wait(timeout=20)
        took = time.monotonic() - told

    assert body.startswith(b"data: 0\n\nretry: ")
    assert said == b"closed"
    assert took < SOON
