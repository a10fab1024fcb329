"""What the servers that people deploy really put on the wire."""

import pytest

from tests.servers import ASGI_SERVERS, SERVERS, Start
from tests.site.urls import CHUNKS
from tests.streams.wire import Client, Control, Incomplete

KINDS = ("sync", "async")

ENDS_CLEANLY = {"granian-wsgi", "runserver"}
"""The first ends the body, the second never frames one; see docs/streaming.md."""

NEVER_ENDS = {"daphne"}
"""It neither ends the body nor closes the connection."""

pytestmark = pytest.mark.server

every_server = pytest.mark.parametrize("name", SERVERS)
every_kind = pytest.mark.parametrize("kind", KINDS)


@every_server
@every_kind
def test_a_chunk_arrives_before_the_source_goes_on(
    start: Start, name: str, kind: str
) -> None:
    """The source waits for the client's word: a held chunk would wait for ever."""
    with Control() as control:
        target = f"/stream/{kind}-lockstep?port={control.port}"
        with Client(start(name), target) as client:
            for index in range(CHUNKS):
                client.read_until(b"chunk %d;" % index)
                control.confirm()
            body = client.read_to_end()

    assert body == b"".join(b"chunk %d;" % index for index in range(CHUNKS))


@every_server
@every_kind
def test_the_source_of_a_client_that_leaves_is_closed(
    start: Start, name: str, kind: str
) -> None:
    """An endless source: under WSGI the next write tells, under ASGI the server."""
    with Control() as control:
        target = f"/stream/{kind}-endless?port={control.port}"
        with Client(start(name), target) as client:
            client.read_until(b"\0")

        assert control.wait_until_closed() == b"closed"


@pytest.mark.parametrize("name", sorted(SERVERS.keys() - ENDS_CLEANLY - NEVER_ENDS))
@every_kind
def test_a_source_that_fails_leaves_the_body_unfinished(
    start: Start, name: str, kind: str
) -> None:
    with Control() as control:
        target = f"/stream/{kind}-failing?port={control.port}"
        with Client(start(name), target) as client:
            client.read_until(b"chunk 0;")
            control.confirm()

            with pytest.raises(Incomplete):
                client.read_to_end()


@pytest.mark.parametrize("name", ASGI_SERVERS)
@every_kind
def test_a_silent_source_is_closed_when_its_client_leaves(
    start: Start, name: str, kind: str
) -> None:
    with Control() as control:
        target = f"/stream/{kind}-waiting?port={control.port}"
        with Client(start(name), target) as client:
            client.read_until(b"started;")

        assert control.wait_until_closed(confirm=kind == "sync") == b"closed"


@every_server
@every_kind
def test_head_never_starts_the_source(start: Start, name: str, kind: str) -> None:
    """The control connection would be there if it had."""
    with Control() as control:
        server = start(name)
        target = f"/stream/{kind}-endless?port={control.port}"
        with Client(server, target, method="HEAD") as client:
            head = client.connection.recv(65536)
        with Client(server, "/threads") as client:
            client.read_to_end()
        control.listener.settimeout(0)

        assert head.startswith(b"HTTP/1.1 200")
        with pytest.raises(BlockingIOError):
            control.listener.accept()
