"""Servers that are started when a test first asks for one, and shared."""

from collections.abc import Iterator

import pytest

from tests.servers import Start, shared_servers


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Start a server, or return the one that runs."""
    with shared_servers() as start:
        yield start
