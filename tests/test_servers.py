"""The fixture that starts servers, which other tests rely on."""

import sys

import pytest

from tests.servers import SERVERS, Server


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such port')"]
    monkeypatch.setitem(SERVERS, "broken", lambda port: command)

    with pytest.raises(RuntimeError, match="broken did not start: no such port"):
        Server("broken")
