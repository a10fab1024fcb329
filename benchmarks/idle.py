"""
A thousand silent clients, each pinged once a second, beside sse-starlette's.

Run ``python -m benchmarks.idle`` in the project's root. Needs the extra
``bench``. What is counted is the server's processor time. An application that
does nothing but sleep and send shows how much of it is the server's own.
"""

from __future__ import annotations

import selectors
import sys
import time
from contextlib import ExitStack
from typing import Any

import psutil

from benchmarks.events import CLIENTS, ask, raise_limit, serve, used

ROUNDS = 3
SECONDS = 5.0
AIM = 1 / 3


def take(selector: selectors.BaseSelector, seconds: float) -> None:
    """Read what comes for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(0.2):
            connection: Any = key.fileobj
            connection.recv(65536)


def idle_load(port: int, process: psutil.Process) -> float:
    """Return how much of a processor the pings take."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(CLIENTS):
            client = stack.enter_context(ask(port, "pinged/0/1"))
            while b"data: " not in client.recv(4096):
                pass
            selector.register(client, selectors.EVENT_READ)
        take(selector, 2.0)
        start = used(process)
        take(selector, SECONDS)
        return (used(process) - start) / SECONDS


def main() -> int:
    """Print the loads; fail when the aim is missed."""
    raise_limit()
    loads: dict[str, float] = {}
    for _ in range(ROUNDS):
        for application in ("ours", "peers", "bare"):
            with serve(f"events_site:{application}") as (port, process):
                load = idle_load(port, process)
            loads[application] = min(load, loads.get(application, load))
    ours, peers, floor = loads.values()
    print("| 1,000 clients, a ping each second | of a processor |")
    print("|---|---:|")
    print(f"| ours | {ours:.2%} |\n| sse-starlette | {peers:.2%} |")
    print(f"| an application that only sleeps and sends | {floor:.2%} |")
    print(f"\nours is {ours / peers:.2f}× sse-starlette's; the aim is {AIM:.2f}×")
    return 0 if ours <= peers * AIM else 1


if __name__ == "__main__":
    sys.exit(main())
