"""Event streams of handlers, as the reference shows them, over WSGI and ASGI."""

import asyncio
from collections.abc import AsyncIterable, Iterator
from typing import Any

import msgspec
from django.http import HttpRequest
from django.urls import include
from django.views.decorators.cache import never_cache

from django_bolt import BoltAPI, EventSourceResponse, ServerSentEvent, format_sse_event
from tests.worlds import Ask


class Item(msgspec.Struct):
    """What goes out of a row."""

    id: int


class Row:
    """A row with more than goes out."""

    id = 7
    password = "secret"


def ask_api(ask: Ask, api: BoltAPI, **options: Any) -> Any:
    """Ask an API for its events."""
    return ask(include(api.urls), "/events", **options)  # type: ignore[arg-type]


def test_async_generator_handler_is_an_event_stream(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterable[dict[str, int]]:
        for count in range(2):
            yield {"count": count}
            await asyncio.sleep(0)

    answer = ask_api(ask, api)

    assert answer["content-type"] == "text/event-stream"
    assert answer["cache-control"] == "no-cache"
    assert answer.body == b'data: {"count":0}\n\ndata: {"count":1}\n\n'


def test_sync_generator_handler_is_an_event_stream_under_a_decorator(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/events", response_class=EventSourceResponse)
    @never_cache
    def events(request: HttpRequest) -> Iterator[object]:
        yield ServerSentEvent({"path": request.path}, event="where", id="1")
        yield format_sse_event(data_str="framed")
        yield "text"

    answer = ask_api(ask, api)

    assert answer["content-type"] == "text/event-stream"
    assert answer.body == (
        b'event: where\ndata: {"path":"/events"}\nid: 1\n\n'
        b'data: framed\n\ndata: "text"\n\n'
    )


def test_items_of_an_event_stream_are_converted_and_events_pass(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterable[Item | ServerSentEvent]:
        yield Row()  # type: ignore[misc]  # what the model is there to convert
        yield ServerSentEvent(comment="hello")

    answer = ask_api(ask, api)

    assert answer.body == b'data: {"id":7}\n\n: hello\n\n'


def test_head_of_an_event_stream_starts_nothing(ask: Ask) -> None:
    api = BoltAPI()
    started = []

    @api.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterable[int]:
        started.append(1)
        yield 1

    answer = ask_api(ask, api, method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert answer["content-type"] == "text/event-stream"
    assert started == []
    assert ask_api(ask, api).body == b"data: 1\n\n"
    assert started == [1]
