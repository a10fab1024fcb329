"""
Streams from real servers: uvicorn with uvloop, and gunicorn; clients on loopback.

Run ``python -m benchmarks.streams`` in the project's root. Needs the extra
``bench``. What is compared is asked in turns, in one run, and the best counts.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import django
import psutil
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path

from benchmarks.measure import find_port
from django_bolt import StreamingResponse

ROUNDS = 8
IDLE = 300
CHUNK = b"x" * 63 + b"\n"
BLOCK = bytes(65536)
GIB = 1024**3

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    MIDDLEWARE=["django_bolt.middleware.BoltMiddleware"],
)
django.setup()


def ready(number: int) -> Iterator[bytes]:
    """Yield small chunks as fast as it goes."""
    for _ in range(number):
        yield CHUNK


async def aready(number: int) -> AsyncIterator[bytes]:
    """Do the same in the loop, without ever waiting."""
    for _ in range(number):
        yield CHUNK


async def awaiting(number: int) -> AsyncIterator[bytes]:
    """Give the loop a turn after each chunk."""
    for _ in range(number):
        yield CHUNK
        await asyncio.sleep(0)


async def hopping(number: int) -> AsyncIterator[bytes]:
    """Pull a sync source through one thread hop a chunk."""
    pull = sync_to_async(lambda source: next(source, None))
    source = ready(number)
    while (chunk := await pull(source)) is not None:
        yield chunk


async def aidle(number: int) -> AsyncIterator[bytes]:
    """Yield once, and then nothing."""
    yield CHUNK
    await asyncio.sleep(600)


def blocks(number: int) -> Iterator[bytes]:
    """Yield blocks as a file does."""
    for _ in range(number):
        yield BLOCK


SOURCES: dict[str, Callable[[int], Any]] = {
    source.__name__: source
    for source in (ready, aready, awaiting, hopping, aidle, blocks)
}


def stream(
    request: HttpRequest, whose: str, name: str, number: int
) -> HttpResponseBase:
    """Answer by a source, as Django does or as django-bolt does."""
    kind = StreamingResponse if whose == "ours" else StreamingHttpResponse
    return kind(SOURCES[name](number))


urlpatterns: list[Any] = [path("<whose>/<name>/<int:number>", stream)]

asgi = get_asgi_application()
wsgi = get_wsgi_application()


@contextmanager
def serve(*command: str) -> Iterator[tuple[int, psutil.Process]]:
    """Run a server on a free port, yield the port and its process, and stop it."""
    port = find_port()
    process = subprocess.Popen(
        [sys.executable, "-m", *(part.format(port=port) for part in command)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                fetch(port, "ours/ready/1")
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield port, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait(timeout=30)


def serve_asgi() -> Any:
    """Run uvicorn with uvloop."""
    return serve(
        "uvicorn",
        "--port={port}",
        "--loop=uvloop",
        "--http=httptools",
        "--lifespan=off",
        "--log-level=warning",
        f"{__spec__.name}:asgi",
    )


def serve_wsgi() -> Any:
    """Run gunicorn with a sync worker."""
    return serve(
        "gunicorn",
        "--bind=127.0.0.1:{port}",
        "--log-level=warning",
        f"{__spec__.name}:wsgi",
    )


def fetch(port: int, target: str, pause: float = 0) -> int:
    """Return how many bytes an answer has; ``pause`` seconds after each MiB."""
    size = since = 0
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(
            f"GET /{target} HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n".encode()
        )
        while data := connection.recv(262144):
            size += len(data)
            since += len(data)
            if pause and since >= 1024**2:
                since = 0
                time.sleep(pause)
    return size


def rates(port: int, cases: Sequence[tuple[str, int]]) -> list[float]:
    """Return the best chunks/s of each case, asked in turns."""
    best = [0.0] * len(cases)
    for _ in range(ROUNDS):
        for index, (target, number) in enumerate(cases):
            start = time.perf_counter()
            size = fetch(port, f"{target}/{number}")
            taken = time.perf_counter() - start
            if size < number * len(CHUNK):
                raise RuntimeError(f"{target} sent {size} bytes.")
            best[index] = max(best[index], number / taken)
    return best


def idle_bytes(whose: str) -> float:
    """Return what an idle stream of the async kind adds to the server's memory."""
    with serve_asgi() as (port, process), ExitStack() as clients:
        _open_idle(clients, port, whose, IDLE)
        before = process.memory_info().rss
        _open_idle(clients, port, whose, IDLE)
        return float(process.memory_info().rss - before) / IDLE


def _open_idle(clients: ExitStack, port: int, whose: str, number: int) -> None:
    for _ in range(number):
        client = clients.enter_context(socket.create_connection(("127.0.0.1", port)))
        client.sendall(f"GET /{whose}/aidle/1 HTTP/1.1\r\nHost: l\r\n\r\n".encode())
        while CHUNK not in client.recv(4096):
            pass


def slow_reader_bytes() -> int:
    """Return what 1 GiB to a slow reader adds to the server's memory at most."""
    with serve_asgi() as (port, process):
        fetch(port, "ours/blocks/160")
        before = highest = process.memory_info().rss
        command = f"from benchmarks.streams import GIB, fetch; size = fetch({port}, "
        command += f"'ours/blocks/{GIB // len(BLOCK)}', 0.01); exit(size < GIB)"
        client = subprocess.Popen([sys.executable, "-c", command])
        while client.poll() is None:
            highest = max(highest, process.memory_info().rss)
            time.sleep(0.02)
        if client.returncode != 0:
            raise RuntimeError("The slow reader has not received all of it.")
        return highest - before


def compare(title: str, theirs: float, ours: float, aim: float) -> bool:
    """Print one row; return whether the aim is reached."""
    ratio = ours / theirs
    print(f"| {title} | {theirs:,.0f} | {ours:,.0f} | {ratio:.2f} | ≥ {aim} |")
    return ratio >= aim


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    print("| chunks/s | other | ours | ratio | aim |")
    print("|---|---:|---:|---:|---:|")
    with serve_asgi() as (port, _):
        hops, sync, theirs, ours, theirs_waiting, ours_waiting = rates(
            port,
            [
                ("djangos/hopping", 20_000),
                ("ours/ready", 500_000),
                ("djangos/aready", 100_000),
                ("ours/aready", 500_000),
                ("djangos/awaiting", 100_000),
                ("ours/awaiting", 100_000),
            ],
        )
    with serve_wsgi() as (port, _):
        theirs_wsgi, ours_wsgi = rates(
            port, [("djangos/ready", 200_000), ("ours/ready", 200_000)]
        )
    reached = [
        compare("sync under ASGI, other: a hop a chunk", hops, sync, 20),
        compare("async under ASGI", theirs, ours, 0.9),
        compare("async under ASGI, waiting", theirs_waiting, ours_waiting, 0.9),
        compare("sync under WSGI", theirs_wsgi, ours_wsgi, 0.97),
    ]
    theirs_idle, ours_idle = idle_bytes("djangos"), idle_bytes("ours")
    slow = slow_reader_bytes()
    print(f"\nAn idle stream: {theirs_idle:,.0f} bytes, ours {ours_idle:,.0f}.")
    print(f"1 GiB to a slow reader: {slow / 1024**2:.1f} MiB more.")
    reached += [ours_idle <= theirs_idle + 2048, slow < 32 * 1024**2]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
