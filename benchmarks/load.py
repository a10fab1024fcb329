"""
How late answers come at a given load, and how memory stands a million requests.

Run ``python -m benchmarks.load latency`` or ``python -m benchmarks.load memory``
in the project's root; without an argument both. Needs the extra ``bench``, the
second the program ``wrk`` too. uvicorn has one process on one core, the load
comes from another.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from urllib.parse import urlsplit

from benchmarks.handlers import SECONDS, Contender, requests_per_second, serve
from benchmarks.measure import describe_machine

ROUNDS = 3
CONNECTIONS = 64
OFFERED = 400
"""Requests a second, of which Django's own handler stands some more."""
LENGTH = 10
"""Seconds."""
WARM_UP = OFFERED
"""Requests that are not counted."""

REQUESTS = 1_000_000
GROWTH = 1.0
"""MiB that a process may grow from the first tenth of them to the last."""

VIEWS = {
    "async view": (Contender("bolt", "/value"), Contender("djangos", "/async")),
    "sync view": (Contender("bolt", "/sync"), Contender("djangos", "/sync")),
}


async def find_delays(address: str, path: str) -> list[float]:
    """
    Return how many milliseconds after its due time each answer was there.

    Requests are due at a fixed rate, however late the answers are: what waits
    for a free connection waits on the clock.
    """
    parts = urlsplit(address)
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    idle = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection(parts.hostname, parts.port))
    question = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    delays: list[float] = []

    async def ask(due: float) -> None:
        reader, writer = await idle.get()
        writer.write(question)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        await reader.readexactly(int(length))
        delays.append((time.monotonic() - due) * 1000)
        idle.put_nowait((reader, writer))

    start = time.monotonic()
    questions: list[asyncio.Task[None]] = []
    for number in range(WARM_UP + OFFERED * LENGTH):
        due = start + number / OFFERED
        await asyncio.sleep(due - time.monotonic())
        questions.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*questions)
    while not idle.empty():
        idle.get_nowait()[1].close()
    return delays[WARM_UP:]


def measure_latency() -> bool:
    """Print how late answers come; return whether ours are no later."""
    is_reached = True
    print(f"{OFFERED} requests a second, medians of {ROUNDS}, milliseconds\n")
    print("| | | p50 | p99 | p99.9 |")
    print("|---|---|---:|---:|---:|")
    for view, contenders in VIEWS.items():
        found: dict[str, list[list[float]]] = {}
        for _ in range(ROUNDS):
            for contender in contenders:
                with serve("uvicorn", contender, os.devnull) as (address, _):
                    delays = asyncio.run(
                        find_delays(address, f"{contender.path}/small")
                    )
                shares = statistics.quantiles(delays, n=1000)
                found.setdefault(contender.application, []).append(
                    [shares[499], shares[989], shares[998]]
                )
        medians = {
            name: [statistics.median(column) for column in zip(*rounds, strict=True)]
            for name, rounds in found.items()
        }
        for name, row in medians.items():
            print(f"| {view} | {name} |", *(f"{cell:.2f} |" for cell in row))
        is_reached = is_reached and medians["bolt"][1] <= medians["djangos"][1]
    return is_reached


def measure_memory() -> bool:
    """Print how much memory a million requests take; return whether none."""
    contender = Contender("bolt", "/value")
    sizes: list[tuple[int, float]] = []
    with serve("uvicorn", contender, os.devnull) as (address, process):
        count, step = 0, REQUESTS // 10
        while count < REQUESTS:
            begun = count
            while count < begun + step:
                rate, _ = requests_per_second(process, f"{address}/value/small")
                count += int(rate * SECONDS)
            sizes.append((count, process.memory_info().rss / 2**20))
    print("\n| requests | RSS, MiB |\n|---:|---:|")
    for count, size in sizes:
        print(f"| {count:,} | {size:.2f} |")
    return sizes[-1][1] - sizes[0][1] <= GROWTH


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    print(describe_machine())
    os.sched_setaffinity(0, {1})
    wanted = sys.argv[1:] or ["latency", "memory"]
    is_reached = "latency" not in wanted or measure_latency()
    if "memory" in wanted:
        is_reached = measure_memory() and is_reached
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
