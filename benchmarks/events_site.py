"""The applications that ``benchmarks.events`` and ``benchmarks.idle`` ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from sse_starlette import EventSourceResponse as PeersResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from django_bolt import EventSourceResponse, format_sse_event
from django_bolt import asgi as bolt

DATA = {"count": 1, "name": "hello world"}
TEXT = json.dumps(DATA)
READY = format_sse_event(data_str=TEXT)
HEADERS = [(b"content-type", b"text/event-stream")]

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bench")
django.setup()

queues: list[asyncio.Queue[bool]] = []


async def paced(event: object, number: int, burst: int) -> AsyncIterator[Any]:
    """Yield an event ``number`` times; give the loop a turn after each burst."""
    for index in range(number):
        yield event
        if index % burst == 0:
            await asyncio.sleep(0)


async def subscribed(event: object) -> AsyncIterator[Any]:
    """Yield an event whenever something is published."""
    queue: asyncio.Queue[bool] = asyncio.Queue()
    queues.append(queue)
    yield event
    while True:
        await queue.get()
        yield event


async def silent(event: object) -> AsyncIterator[Any]:
    """Yield an event, and wait for ever."""
    yield event
    await asyncio.get_running_loop().create_future()


async def publish(number: int) -> None:
    """Give every subscriber something, ``number`` times; with none, forget them."""
    if not number:
        queues.clear()
    for _ in range(number):
        for queue in queues:
            queue.put_nowait(True)
        await asyncio.sleep(0)


def make_source(event: object, number: int, burst: int) -> AsyncIterator[Any]:
    """Return the source that a URL asks for; without events one that waits."""
    if number:
        return paced(event, number, burst)
    return subscribed(event) if burst else silent(event)


RESPONSES: dict[str, Callable[[AsyncIterator[Any]], Any]] = {
    "ours": EventSourceResponse,
    "silent": lambda source: EventSourceResponse(source, ping_interval=None),
    "pinged": lambda source: EventSourceResponse(source, ping_interval=1),
    "djangos": lambda source: StreamingHttpResponse(
        source, content_type="text/event-stream"
    ),
}


async def stream(request: HttpRequest, whose: str, number: int, burst: int) -> Any:
    """Answer as Django does, or as django-bolt does."""
    event = READY if whose == "djangos" else DATA
    return RESPONSES[whose](make_source(event, number, burst))


async def publishing(request: HttpRequest, number: int) -> HttpResponse:
    """Publish in a Django application."""
    await publish(number)
    return HttpResponse("done")


urlpatterns: list[Any] = [
    path("publish/<int:number>", publishing),
    path("<whose>/<int:number>/<int:burst>", stream),
]

ours = get_asgi_application()
handled = bolt.get_asgi_application()


async def peers_stream(request: Request) -> PeersResponse:
    """Answer as sse-starlette does."""
    number, burst = request.path_params["number"], request.path_params["burst"]
    return PeersResponse(make_source({"data": TEXT}, number, burst))


async def peers_pinged(request: Request) -> PeersResponse:
    """Answer as sse-starlette does, with a ping each second."""
    return PeersResponse(make_source({"data": TEXT}, 0, 0), ping=1)


async def peers_publishing(request: Request) -> PlainTextResponse:
    """Publish in a Starlette application."""
    await publish(request.path_params["number"])
    return PlainTextResponse("done")


peers = Starlette(
    routes=[
        Route("/publish/{number:int}", peers_publishing),
        Route("/pinged/0/0", peers_pinged),
        Route("/peers/{number:int}/{burst:int}", peers_stream),
    ]
)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """
    Send the same events, that are bytes already, and do nothing else.

    What no framework on this server can surpass: nobody notices here when the
    client leaves, nor when it is silent.
    """
    whose, number, *burst = scope["path"].strip("/").split("/")
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    if whose == "publish":
        await publish(int(number))
        await send({"type": "http.response.body", "body": b"done"})
        return
    if whose == "pinged":
        await ping(send)
    async for event in make_source(READY, int(number), int(burst[0])):
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body"})


async def ping(send: Any) -> None:
    """Send an event, and a ping each second."""
    body = {"type": "http.response.body", "more_body": True}
    await send({**body, "body": READY})
    while True:
        await asyncio.sleep(1)
        await send({**body, "body": b": ping\n\n"})
