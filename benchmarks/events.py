"""
Event streams from uvicorn with uvloop, beside sse-starlette's and Django's own.

Run ``python -m benchmarks.events`` in the project's root. Needs the extra
``bench``. What is counted is the server's processor time, which says what one
core can do, whatever else the machine does; the best of several rounds counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import django
import msgspec
import psutil
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from sse_starlette import EventSourceResponse as PeersResponse
from sse_starlette import ServerSentEvent as PeersEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.measure import fastest, print_table
from django_bolt import EventSourceResponse, format_sse_event
from django_bolt import asgi as bolt

ROUNDS = 3
EVENTS = 40_000
CLIENTS = 1_000
PUBLISHED = 20
COLUMNS = (
    ("ours", "ours"),
    ("ours", "silent"),
    ("ours", "djangos"),
    ("handled", "handled"),
    ("peers", "peers"),
)
"""Applications, and what they answer with."""

DATA = {"count": 1, "name": "hello world"}
TEXT = json.dumps(DATA)
READY = format_sse_event(data_str=TEXT)

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


async def publish(number: int) -> None:
    """Give every subscriber something, ``number`` times."""
    for _ in range(number):
        for queue in queues:
            queue.put_nowait(True)
        await asyncio.sleep(0)


def make_source(event: object, number: int, burst: int) -> AsyncIterator[Any]:
    """Return the source that a URL asks for; ``0`` events subscribe."""
    return paced(event, number, burst) if number else subscribed(event)


RESPONSES: dict[str, Callable[[AsyncIterator[Any]], Any]] = {
    "ours": EventSourceResponse,
    "handled": EventSourceResponse,
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
    return PeersResponse(make_source({"data": TEXT}, 0, 1), ping=1)


async def peers_publishing(request: Request) -> PlainTextResponse:
    """Publish in a Starlette application."""
    await publish(request.path_params["number"])
    return PlainTextResponse("done")


peers = Starlette(
    routes=[
        Route("/publish/{number:int}", peers_publishing),
        Route("/pinged/0/1", peers_pinged),
        Route("/peers/{number:int}/{burst:int}", peers_stream),
    ]
)


@contextmanager
def serve(application: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run uvicorn on a free port; yield the port and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("uvicorn", f"--port={port}", "--loop=uvloop", "--http=httptools")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", *command, "--log-level=error", "--lifespan=off"),
            f"benchmarks.{application}",
        ],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                ask(port, "publish/0").close()
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield port, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait(timeout=30)


def ask(port: int, target: str) -> socket.socket:
    """Send a request."""
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(f"GET /{target} HTTP/1.1\r\nHost: l\r\n\r\n".encode())
    return client


def used(process: psutil.Process) -> float:
    """Return the processor time, in seconds, that a process has used."""
    # The clock of the process, as Linux numbers it: /proc counts in hundredths.
    return time.clock_gettime((~process.pid << 3) | 2)


def one_client(port: int, process: psutil.Process, whose: str, burst: int) -> float:
    """Return the events a second of processor time that one client receives."""
    best = 0.0
    for _ in range(ROUNDS):
        start = used(process)
        with ask(port, f"{whose}/{EVENTS}/{burst}") as client:
            received = b""
            count = 0
            while count < EVENTS:
                received = received[-6:] + client.recv(262144)
                count += received.count(b"data: ")
        best = max(best, EVENTS / (used(process) - start))
    return best


def fan_out(port: int, process: psutil.Process, whose: str) -> float:
    """Return the same for a thousand clients that receive together."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(CLIENTS):
            client = stack.enter_context(ask(port, f"{whose}/0/1"))
            while b"data: " not in client.recv(4096):
                pass
            selector.register(client, selectors.EVENT_READ)
        best = 0.0
        for _ in range(ROUNDS):
            start = used(process)
            publisher = stack.enter_context(ask(port, f"publish/{PUBLISHED}"))
            count = 0
            while count < CLIENTS * PUBLISHED:
                for key, _ in selector.select(60):
                    connection: Any = key.fileobj
                    count += connection.recv(65536).count(b"data: ")
            best = max(best, count / (used(process) - start))
            publisher.recv(4096)
        return best


def idle_bytes(port: int, process: psutil.Process, whose: str) -> float:
    """Return what an idle client adds to the server's memory."""
    with ExitStack() as stack:
        before = 0
        for part in range(2):
            before = process.memory_info().rss
            for _ in range(300):
                client = stack.enter_context(ask(port, f"{whose}/0/1"))
                while b"data: " not in client.recv(4096):
                    pass
            del part
        return (process.memory_info().rss - before) / 300


def framing() -> bool:
    """Compare the framing alone."""
    encode = msgspec.json.encode
    ready = TEXT.encode()
    reached = print_table(
        "Data only",
        fastest(
            {
                "ours, of bytes": lambda: format_sse_event(data_bytes=ready),
                "ours, of a dict": lambda: format_sse_event(data_bytes=encode(DATA)),
                "sse-starlette": lambda: PeersEvent(data=TEXT).encode(),
            }
        ),
        "ours, of bytes",
        {"sse-starlette": 4},
    )
    return reached and print_table(
        "Event, id and data",
        fastest(
            {
                "ours": lambda: format_sse_event(data_str=TEXT, event="e", id="1"),
                "sse-starlette": lambda: PeersEvent(TEXT, event="e", id="1").encode(),
            }
        ),
        "ours",
        {"sse-starlette": 4},
    )


def raise_limit() -> None:
    """Allow this process, and the servers that it starts, a thousand clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    raise_limit()
    reached = [framing()]
    rates: dict[tuple[str, str], float] = {}
    memory: dict[str, float] = {}
    for application, whose in COLUMNS:
        with serve(f"events:{application}") as (port, process):
            rates[whose, "one"] = one_client(port, process, whose, 1)
            rates[whose, "bursts"] = one_client(port, process, whose, 64)
            memory[whose] = idle_bytes(port, process, whose)
        with serve(f"events:{application}") as (port, process):
            rates[whose, "fan-out"] = fan_out(port, process, whose)
    print(
        "\n| events/s of processor time | "
        + " | ".join(memory)
        + " |\n|---|"
        + "---:|" * len(memory)
    )
    for case in ("one", "bursts", "fan-out"):
        row = " | ".join(f"{rates[whose, case]:,.0f}" for whose in memory)
        print(f"| {case} | {row} |")
    row = " | ".join(f"{size / 1024:.1f}" for size in memory.values())
    print(f"| KiB an idle client | {row} |")
    for case, other, aim in (
        ("one", "peers", 2.0),
        ("one", "djangos", 0.9),
        ("one", "silent", 0.9),
        ("bursts", "peers", 10.0),
        ("fan-out", "peers", 2.0),
    ):
        best = 0.0
        for whose in ("ours", "handled"):
            ratio = rates[whose, case] / rates[other, case]
            print(f"{case}: {whose} is {ratio:.2f}× {other}; the aim is {aim}×")
            best = max(best, ratio)
        reached.append(best >= aim)
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
