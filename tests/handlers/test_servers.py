"""The handler behind the servers that people deploy."""

from collections.abc import Iterator

import pytest

from tests.servers import ASGI_SERVERS, Start, shared_servers
from tests.streams.wire import Client, Control

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Start a server with our handler, or return the one that runs."""
    with shared_servers({"SITE_HANDLER": "bolt"}) as start:
        yield start


every_server = pytest.mark.parametrize("name", ASGI_SERVERS)


@every_server
def test_sync_view_answers(start: Start, name: str) -> None:
    with Client(start(name), "/page") as client:
        assert client.read_to_end() == b"here"


@every_server
def test_client_that_leaves_cancels_a_view(start: Start, name: str) -> None:
    with Control() as control:
        with Client(start(name), f"/wait?port={control.port}"):
            assert control.connection.recv(8) == b"waiting;"

        assert control.wait_until_closed() == b"cancelled"


@every_server
def test_client_that_leaves_ends_a_stream(start: Start, name: str) -> None:
    with Control() as control:
        target = f"/stream/async-waiting?port={control.port}"
        with Client(start(name), target) as client:
            client.read_until(b"started;")

        assert control.wait_until_closed() == b"closed"


def test_lifespan_is_answered(start: Start) -> None:
    """Hypercorn asks for it, and says when an application knows nothing of it."""
    assert "lifespan" not in start("hypercorn").output().lower()
