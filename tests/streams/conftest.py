"""Servers that are started when a test first asks for one, and shared."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import Server

Start = Callable[[str], Server]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Start a server, or return the one that runs; all are stopped at the end."""
    servers: dict[str, Server] = {}

    def start(name: str) -> Server:
        if name not in servers:
            servers[name] = Server(name)
        return servers[name]

    try:
        yield start
    finally:
        for server in servers.values():
            server.stop()
