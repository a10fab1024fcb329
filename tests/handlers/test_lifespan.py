"""The server tells when it starts and when it stops."""

import asyncio
import gc
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse

from django_bolt.handlers import lifespan
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.lifespan import answer_lifespan
from django_bolt.shutdown import Closing
from tests.handlers.exchanges import Exchange, site


@pytest.fixture(autouse=True)
def thaw() -> Any:
    """Let the collector look again at what a start set aside."""
    yield
    gc.unfreeze()


async def view(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("here")


def test_start_and_stop_are_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    closing = Closing()
    monkeypatch.setattr(lifespan, "closing", closing)
    exchange = Exchange(kind="lifespan")
    for moment in ("startup", "shutdown"):
        exchange.incoming.put_nowait({"type": f"lifespan.{moment}"})

    with site(view) as handler:
        asyncio.run(handler(exchange.scope, exchange.receive, exchange.send))

    assert isinstance(handler, BoltASGIHandler)
    assert [message["type"] for message in exchange.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert closing.is_set()


def test_streams_are_told_before_the_stop_is_confirmed() -> None:
    closing = Closing()
    order: list[str] = []
    messages = [{"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return messages.pop()

    async def send(message: Any) -> None:
        order.append(message["type"])

    unsubscribe = closing.subscribe(lambda: order.append("told"))
    asyncio.run(answer_lifespan(receive, send, closing))
    unsubscribe()

    assert order == ["told", "lifespan.shutdown.complete"]


def test_streams_last_in_a_server_that_starts_where_one_has_stopped() -> None:
    """As in tests, which start one after another in their process."""
    closing = Closing()
    closing.set()
    messages = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]
    told: list[bool] = []

    async def receive() -> dict[str, Any]:
        return messages.pop()

    async def send(message: Any) -> None:
        told.append(closing.is_set())

    asyncio.run(answer_lifespan(receive, send, closing))

    assert told == [False, True]


def test_what_was_made_before_the_start_is_set_aside() -> None:
    exchange = Exchange(kind="lifespan")

    async def main() -> int:
        before = gc.get_freeze_count()
        exchange.incoming.put_nowait({"type": "lifespan.startup"})
        running = asyncio.create_task(
            answer_lifespan(exchange.receive, exchange.send, Closing())
        )
        await exchange.has_sent.wait()
        frozen = gc.get_freeze_count() - before
        exchange.incoming.put_nowait({"type": "lifespan.unknown"})
        exchange.incoming.put_nowait({"type": "lifespan.shutdown"})
        await running
        return frozen

    assert asyncio.run(main()) > 1000


def test_django_refuses_lifespan() -> None:
    """What is answered here, and why: Django's own handler raises."""
    exchange = Exchange(kind="lifespan")

    with (
        site(view, handler_class=ASGIHandler) as handler,
        pytest.raises(ValueError, match="not lifespan"),
    ):
        asyncio.run(handler(exchange.scope, exchange.receive, exchange.send))
