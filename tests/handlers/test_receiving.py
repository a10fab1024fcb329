"""
When a server is asked for the body of a request.

A method that is no Python stands for that of a server in another language.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from django_bolt.handlers.asgi import BoltASGIHandler
from tests.handlers.exchanges import Exchange, site

NOTHING = {"type": "http.request", "body": b"", "more_body": False}
GONE = {"type": "http.disconnect"}


async def say(message: Any) -> Any:
    return message


async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


async def wait(request: HttpRequest) -> HttpResponse:
    await asyncio.Event().wait()
    raise AssertionError("Nobody cancelled the view.")


def run(
    exchange: Exchange,
    *messages: Any,
    view: Any = echo,
    handler_class: type[BoltASGIHandler] = BoltASGIHandler,
) -> int:
    """Have a request answered; return how many messages were not asked for."""

    async def main() -> int:
        waiting: deque[Awaitable[Any]] = deque(map(say, messages))
        exchange.receive = waiting.popleft  # type: ignore[assignment,method-assign]
        await exchange.run(handler)
        for unasked in list(waiting):
            await unasked
        return len(waiting)

    with site(view, handler_class=handler_class) as handler:
        return asyncio.run(main())


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_request_without_a_body_is_answered_without_asking(version: str) -> None:
    exchange = Exchange(scope={"http_version": version})

    assert run(exchange, NOTHING) == 1
    assert exchange.status == 200


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"content-length": "5"}},
        {"headers": {"transfer-encoding": "chunked"}},
        # A body of HTTP/2 needs neither field: RFC 9113 §8.1.1.
        {"scope": {"http_version": "2"}},
    ],
)
def test_body_is_asked_for_where_there_may_be_one(options: Any) -> None:
    exchange = Exchange(method="POST", **options)

    assert run(exchange, {**NOTHING, "body": b"bytes"}) == 0
    assert exchange.body == b"bytes"


def test_handler_that_reads_bodies_itself_is_asked() -> None:
    class Reading(BoltASGIHandler):
        async def read_body(self, receive: Any) -> Any:
            return await super().read_body(receive)

    assert run(Exchange(), NOTHING, handler_class=Reading) == 0


def test_client_that_leaves_cancels_a_view_that_waits() -> None:
    exchange = Exchange()

    assert run(exchange, NOTHING, GONE, view=wait) == 0
    assert exchange.sent == []


def test_client_that_has_left_before_cancels_a_view_that_waits() -> None:
    exchange = Exchange()

    assert run(exchange, GONE, view=wait) == 0
    assert exchange.sent == []


def test_body_that_was_not_announced_is_an_error() -> None:
    body = {**NOTHING, "body": b"bytes"}

    with pytest.raises(AssertionError, match="Invalid ASGI message"):
        run(Exchange(), body, view=wait)
