"""The fixture that starts servers, which other tests rely on."""

import socket
import sys

import pytest

from tests import servers
from tests.servers import SERVERS, Server, free_port


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such port')"]
    monkeypatch.setitem(SERVERS, "broken", lambda port: command)

    with pytest.raises(RuntimeError, match="broken did not start: no such port"):
        Server("broken")


@pytest.mark.server
def test_a_server_whose_port_is_taken_takes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken, free = other.getsockname()[1], free_port()
        ports = iter([taken, free])
        monkeypatch.setattr(servers, "free_port", lambda: next(ports))

        with Server("waitress") as server:
            assert server.port == free
