"""What tests of the command need of the system."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def reserved_port() -> Iterator[int]:
    """Yield a port that a server may listen on, and that the system gives nobody."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
