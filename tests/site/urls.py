"""
Streams for tests on real servers.

A stream and its test meet on a control connection: the test listens, names the
port in the query string, and the source connects. What the source waits for
and what it has done is said there, so that nothing depends on a clock.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from django_bolt import FileResponse, StreamingResponse

CHUNKS = 5


def sync_lockstep(port: int) -> Iterator[bytes]:
    """Yield a chunk, and wait until the test has received it."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        try:
            for index in range(CHUNKS):
                yield b"chunk %d;" % index
                if not control.recv(1):
                    raise RuntimeError("The test has gone.")
        finally:
            control.sendall(b"closed")


async def async_lockstep(port: int) -> AsyncIterator[bytes]:
    """Do the same in an event loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for index in range(CHUNKS):
            yield b"chunk %d;" % index
            if not await reader.read(1):
                raise RuntimeError("The test has gone.")
    finally:
        writer.write(b"closed")
        await writer.drain()
        writer.close()


def sync_failing(port: int) -> Iterator[bytes]:
    """Yield a chunk, wait until it has arrived, and fail."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        yield b"chunk 0;"
        control.recv(1)
        raise RuntimeError("The source has failed.")


async def async_failing(port: int) -> AsyncIterator[bytes]:
    """Do the same in an event loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield b"chunk 0;"
    await reader.read(1)
    writer.close()
    raise RuntimeError("The source has failed.")


def sync_endless(port: int) -> Iterator[bytes]:
    """Yield for ever, as fast as it goes."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        try:
            while True:
                yield bytes(65536)
        finally:
            control.sendall(b"closed")


async def async_endless(port: int) -> AsyncIterator[bytes]:
    """Yield for ever without ever waiting."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        try:
            while True:
                yield bytes(65536)
        finally:
            control.sendall(b"closed")


def sync_waiting(port: int) -> Iterator[bytes]:
    """Yield a chunk each time that the test says so."""
    with socket.create_connection(("127.0.0.1", port)) as control:
        try:
            yield b"started;"
            while True:
                control.recv(1)
                yield b"."
        finally:
            control.sendall(b"closed")


async def async_waiting(port: int) -> AsyncIterator[bytes]:
    """Do the same in an event loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield b"started;"
        while True:
            await reader.read(1)
            yield b"."
    finally:
        writer.write(b"closed")
        await writer.drain()
        writer.close()


SOURCES: dict[str, Callable[[int], Iterator[bytes] | AsyncIterator[bytes]]] = {
    "sync-lockstep": sync_lockstep,
    "async-lockstep": async_lockstep,
    "sync-failing": sync_failing,
    "async-failing": async_failing,
    "sync-waiting": sync_waiting,
    "async-waiting": async_waiting,
    "sync-endless": sync_endless,
    "async-endless": async_endless,
}


def stream(request: HttpRequest, name: str) -> StreamingResponse:
    """Answer by the source of this name."""
    return StreamingResponse(SOURCES[name](int(request.GET["port"])))


async def wait(request: HttpRequest) -> HttpResponse:
    """Wait for the test, and tell it how that ended."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(request.GET["port"]))
    writer.write(b"waiting;")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        writer.write(b"cancelled")
        raise
    finally:
        writer.close()
    return HttpResponse("Nobody comes here.")


def threads(request: HttpRequest) -> HttpResponse:
    """Name the helper threads of streams that are alive."""
    alive = [thread.name for thread in threading.enumerate()]
    return HttpResponse("\n".join(name for name in alive if "django-bolt" in name))


async def file(request: HttpRequest) -> FileResponse:
    """Answer by the file of this path."""
    return FileResponse(request.GET["path"])


urlpatterns = [
    path("file", file),
    path("stream/<name>", stream),
    path("threads", threads),
    path("wait", wait),
    path("", include("tests.site.events")),
]
