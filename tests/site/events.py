"""Event streams for tests on real servers, led through the control connection."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.gzip import gzip_page

from django_bolt import EventSourceResponse
from django_bolt.shutdown import closing


def sync_events(port: int) -> Iterator[int]:
    """Yield a number, and the next one when the test says so."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        control.settimeout(0.05)
        number = 0
        try:
            yield number
            while not closing.is_set():
                try:
                    if not control.recv(1):
                        return
                except TimeoutError:
                    continue
                number += 1
                yield number
        finally:
            control.sendall(b"closed")


async def async_events(port: int) -> AsyncIterator[int]:
    """Do the same in an event loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    try:
        yield number
        while await reader.read(1):
            number += 1
            yield number
    finally:
        writer.write(b"closed")
        await writer.drain()
        writer.close()


SOURCES: dict[str, Callable[[int], Iterator[int] | AsyncIterator[int]]] = {
    "sync": sync_events,
    "async": async_events,
}


def events(request: HttpRequest, kind: str) -> EventSourceResponse:
    """Answer by a stream of numbers."""
    interval = request.GET.get("ping")
    return EventSourceResponse(
        SOURCES[kind](int(request.GET["port"])),
        ping_interval=None if interval is None else float(interval),
    )


def page(request: HttpRequest) -> HttpResponse:
    """Answer at once."""
    return HttpResponse("here")


urlpatterns = [
    path("events/<kind>", events),
    path("gzip/<kind>", gzip_page(events)),
    path("csrf/<kind>", csrf_protect(events)),
    path("page", page),
]
