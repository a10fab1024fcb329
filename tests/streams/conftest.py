"""Handlers, and servers that are started when a test first asks for one, and shared."""

from collections.abc import Iterator

import pytest
from django.core.handlers.asgi import ASGIHandler

from django_bolt.handlers.asgi import BoltASGIHandler
from tests.servers import Start, shared_servers


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Start a server, or return the one that runs."""
    with shared_servers() as start:
        yield start


@pytest.fixture(params=[ASGIHandler, BoltASGIHandler], ids=["django", "ours"])
def each_handler(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have each exchange answered by Django's handler, and once more by ours."""
    monkeypatch.setattr("tests.streams.exchange.handler_class", request.param)
