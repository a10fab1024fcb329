"""
A thousand silent clients, each pinged once a second, beside sse-starlette's.

Run ``python -m benchmarks.idle`` in the project's root; with a number, as in
``python -m benchmarks.idle 10000``, so many clients of our handler alone. Needs the
extra ``bench``. What is counted is the server's processor time. An application that
does nothing but sleep and send shows how much of it is the server's own.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from collections import Counter
from contextlib import ExitStack

import psutil

from benchmarks.events import CLIENTS, ask, raise_limit, serve, used

ROUNDS = 3
SECONDS = 5.0
AIM = 1 / 3
PING = b": ping\n\n"


def take(selector: selectors.BaseSelector, seconds: float) -> Counter[int]:
    """Read what comes for some time; return how many pings each client got."""
    pings: Counter[int] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(0.2):
            if isinstance(key.fileobj, socket.socket):
                pings[key.fd] += key.fileobj.recv(65536).count(PING)
    return pings


def connect(
    stack: ExitStack, selector: selectors.BaseSelector, port: int, number: int
) -> None:
    """Open streams, each of which has sent something."""
    for _ in range(number):
        client = stack.enter_context(ask(port, "pinged/0/0"))
        while b"data: " not in client.recv(4096):
            pass
        selector.register(client, selectors.EVENT_READ)


def idle_load(port: int, process: psutil.Process) -> float:
    """Return how much of a processor the pings take."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        connect(stack, selector, port, CLIENTS)
        take(selector, 2.0)
        start = used(process)
        take(selector, SECONDS)
        return (used(process) - start) / SECONDS


def compare() -> bool:
    """Print the loads; return whether the aim is reached."""
    loads: dict[str, float] = {}
    for _ in range(ROUNDS):
        for application in ("ours", "handled", "peers", "bare"):
            with serve(f"events_site:{application}") as (port, process):
                load = idle_load(port, process)
            loads[application] = min(load, loads.get(application, load))
    print("| 1,000 clients, a ping each second | of a processor |")
    print("|---|---:|")
    print(f"| ours | {loads['ours']:.2%} |")
    print(f"| ours, our handler | {loads['handled']:.2%} |")
    print(f"| sse-starlette | {loads['peers']:.2%} |")
    print(f"| an application that only sleeps and sends | {loads['bare']:.2%} |")
    ratios = [loads[name] / loads["peers"] for name in ("ours", "handled", "bare")]
    print(
        "\nbeside sse-starlette ours is {:.2f}×, in our handler {:.2f}×, the last "
        "{:.2f}×; the aim is {:.2f}×".format(*ratios, AIM)
    )
    return ratios[0] <= AIM


def hold(number: int) -> bool:
    """Print what many clients take; return whether each has got its pings."""
    raise_limit(number + 100)
    with (
        serve("events_site:handled") as (port, process),
        ExitStack() as stack,
        selectors.DefaultSelector() as selector,
    ):
        connect(stack, selector, port, CLIENTS)
        before = process.memory_info().rss
        connect(stack, selector, port, number - CLIENTS)
        grown = process.memory_info().rss - before
        take(selector, 3.0)
        start, woken = used(process), process.num_ctx_switches().voluntary
        pings = take(selector, SECONDS)
        load = (used(process) - start) / SECONDS
        woken = process.num_ctx_switches().voluntary - woken
        counts = [pings[key] for key in selector.get_map()]
        print(f"| {number:,} clients, a ping each second | |")
        print("|---|---:|")
        print(f"| KiB a client | {grown / (number - CLIENTS) / 1024:.1f} |")
        print(f"| threads | {process.num_threads()} |")
        print(f"| of a processor | {load:.1%} |")
        print(f"| pings a second | {sum(counts) / SECONDS:,.0f} |")
        print(f"| times a second that the server slept | {woken / SECONDS:,.0f} |")
        print(f"| pings in {SECONDS:.0f} s | {min(counts)} to {max(counts)} |")
    return min(counts) >= 1


def main() -> int:
    """Measure; fail when an aim is missed."""
    raise_limit()
    reached = hold(int(sys.argv[1])) if sys.argv[1:] else compare()
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
