"""
Event streams from uvicorn with uvloop, beside sse-starlette's and Django's own.

Run ``python -m benchmarks.events`` in the project's root; arguments choose among
"framing", "ready", "one", "bursts", "fan-out" and "memory". Needs the extra ``bench``.
What is counted is the server's processor time, which says what one core can do,
whatever else the machine does; all take turns, and a ratio is the median of those of
the turns.

An application that only sends what is framed already ("bare") shows what any
framework on this server is bound by: where it is below an aim, so is everybody.
"""

from __future__ import annotations

import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import psutil
from sse_starlette import ServerSentEvent as PeersEvent

from benchmarks.events_site import DATA, TEXT
from benchmarks.measure import compare_rounds, fastest, print_table
from django_bolt import format_sse_event

TURNS = 9
EVENTS = 40_000
PAUSE = 0.002
"""Seconds after which a client looks for events again."""

CLIENTS = 1_000
PUBLISHED = 20
IDLE_CLIENTS = 300

COLUMNS = {
    "bare": ("bare", "bare"),
    "ours": ("ours", "ours"),
    "ours, no pings": ("ours", "silent"),
    "ours, our handler": ("handled", "ours"),
    "Django's": ("ours", "djangos"),
    "Django's, our handler": ("handled", "djangos"),
    "sse-starlette": ("peers", "peers"),
}
"""Applications, and what they answer with, by name."""

OURS = ("ours", "ours, our handler")


@dataclass(frozen=True, slots=True)
class Case:
    """
    Something that all columns do.

    Args:
        measure: Returns what a server achieves.
        aims: How many times another column ours must reach, or stay below.
        unit: What is measured.
        turns: How often.
        is_cost: Whether less is better.
    """

    measure: Callable[[int, psutil.Process, str], float]
    aims: dict[str, float]
    unit: str = "events/s of processor time"
    turns: int = TURNS
    is_cost: bool = False


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


def one_client(port: int, process: psutil.Process, whose: str, burst: int = 1) -> float:
    """
    Return the events a second of processor time that one client receives.

    It never waits for an event: to wake who does takes a virtual machine longer
    than to make the event, and is charged to the server, when it happens.
    """
    start = used(process)
    with ask(port, f"{whose}/{EVENTS}/{burst}") as client:
        received = b""
        count = 0
        while count < EVENTS:
            time.sleep(PAUSE)
            received = received[-len(b"data:") :] + receive(client)
            count += received.count(b"data: ")
    return EVENTS / (used(process) - start)


def receive(client: socket.socket) -> bytes:
    """Return what has come."""
    received = client.recv(262144)
    if not received:
        raise ConnectionError("The server has ended a stream before its last event.")
    return received


def all_ready(port: int, process: psutil.Process, whose: str) -> float:
    """Return the same for a source that never waits."""
    return one_client(port, process, whose, EVENTS)


def in_bursts(port: int, process: psutil.Process, whose: str) -> float:
    """Return the same for a source that waits after each 64th event."""
    return one_client(port, process, whose, 64)


def fan_out(port: int, process: psutil.Process, whose: str) -> float:
    """Return the same for a thousand clients that receive together."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        # Those of the turn before have left, which not every application notices.
        stack.enter_context(ask(port, "publish/0")).recv(4096)
        for _ in range(CLIENTS):
            client = stack.enter_context(ask(port, f"{whose}/0/1"))
            while b"data: " not in client.recv(4096):
                pass
            selector.register(client, selectors.EVENT_READ)
        rate = 0.0
        # The first of them find connections that have never been written to.
        for _ in range(2):
            start = used(process)
            publisher = stack.enter_context(ask(port, f"publish/{PUBLISHED}"))
            count = 0
            while count < CLIENTS * PUBLISHED:
                for key, _ in selector.select(60):
                    connection: Any = key.fileobj
                    count += receive(connection).count(b"data: ")
            rate = count / (used(process) - start)
            publisher.recv(4096)
        return rate


def memory(port: int, process: psutil.Process, whose: str) -> float:
    """Return the KiB that an idle client adds to the server's memory."""
    with ExitStack() as stack:
        before = 0
        for _ in range(2):
            before = process.memory_info().rss
            for _ in range(IDLE_CLIENTS):
                client = stack.enter_context(ask(port, f"{whose}/0/1"))
                while b"data: " not in client.recv(4096):
                    pass
        return (process.memory_info().rss - before) / IDLE_CLIENTS / 1024


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


def raise_limit(files: int = 8192) -> None:
    """Allow this process, and the servers that it starts, so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, files)), hard))


CASES = {
    "ready": Case(
        all_ready, {"sse-starlette": 2, "Django's": 0.9, "ours, no pings": 0.9}
    ),
    "one": Case(
        one_client, {"sse-starlette": 2, "Django's": 0.9, "ours, no pings": 0.9}
    ),
    "bursts": Case(in_bursts, {"sse-starlette": 10}),
    "fan-out": Case(fan_out, {"sse-starlette": 2}),
    "memory": Case(
        memory, {"Django's": 1}, "KiB an idle client", turns=1, is_cost=True
    ),
}


def measure(case: Case) -> dict[str, list[float]]:
    """Measure a case in all columns, in turns."""
    values: dict[str, list[float]] = {name: [] for name in COLUMNS}
    with ExitStack() as stack:
        servers = {
            name: (stack.enter_context(serve(f"events_site:{application}")), whose)
            for name, (application, whose) in COLUMNS.items()
        }
        for _ in range(case.turns):
            for name, ((port, process), whose) in servers.items():
                values[name].append(case.measure(port, process, whose))
    return values


def compare(case: Case, values: dict[str, list[float]]) -> bool:
    """Print what was measured; tell whether ours reaches every aim."""
    print(f"\n| {case.unit} | |\n|---|---:|")
    for name, measured in values.items():
        value = statistics.median(measured)
        print(
            f"| {name} | {value:,.1f} |"
            if case.is_cost
            else f"| {name} | {value:,.0f} |"
        )
    reached = True
    for other, aim in case.aims.items():
        ratios = {
            name: compare_rounds(values[name], values[other])
            for name in ("bare", *OURS)
        }
        shown = ", ".join(f"{name} {ratio:.2f}×" for name, ratio in ratios.items())
        print(f"\nbeside {other}: {shown}; the aim is {aim}×")
        ours = ratios["ours"]
        reached = reached and (ours <= aim if case.is_cost else ours >= aim)
    return reached


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    raise_limit()
    chosen = sys.argv[1:] or ["framing", *CASES]
    reached = ["framing" not in chosen or framing()]
    for name in chosen:
        if name in CASES:
            print(f"\n{name}")
            reached.append(compare(CASES[name], measure(CASES[name])))
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
