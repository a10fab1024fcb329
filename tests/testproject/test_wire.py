"""
The exchange behind the cards that browsers hide a part of.
"""

import socket

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from testproject.showcase.wire import exchange


@pytest.fixture
def closed_port() -> int:
    """
    A port of this machine that nobody listens on.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_wire_shows_a_redirect_as_it_is(
    shared_stations: int, live_server: LiveServer, client: Client
) -> None:
    """
    Status line, headers and empty body, byte for byte.
    """
    port = live_server.thread.port

    response = client.get("/wire/redirect/", SERVER_PORT=str(port))

    head, body = response.content.split(b"\r\n\r\n")
    assert response["Content-Type"] == "message/http"
    assert response["Server-Timing"].startswith("exchange;dur=")
    assert head.startswith(b"HTTP/1.1 307 Temporary Redirect\r\n")
    assert b"\r\nLocation: /returns/dict/\r\n" in head
    assert body == b""


def test_wire_shows_every_cookie(live_server: LiveServer) -> None:
    """
    Two Set-Cookie fields are two lines.
    """
    answer = exchange(live_server.thread.port, "/returns/cookies/")

    assert answer.count(b"\r\nSet-Cookie: ") == 2


def test_wire_says_when_the_server_cannot_be_reached(
    client: Client, closed_port: int
) -> None:
    """
    The card shows this sentence in the place of an answer.
    """
    response = client.get("/wire/redirect/", SERVER_PORT=str(closed_port))

    assert response.status_code == 502
    assert f"No answer on localhost, port {closed_port}:" in response.content.decode()


def test_wire_asks_for_cards_alone(client: Client) -> None:
    """
    A client chooses a card, never an address.
    """
    assert client.get("/wire/admin/").status_code == 404


def test_exchange_gives_up_on_a_server_that_is_silent() -> None:
    """
    A server that serves one request at a time cannot ask itself.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(TimeoutError),
    ):
        exchange(server.getsockname()[1], "/", timeout=0.05)
