"""
Time callables in turns, so that a slow moment of the machine hits them all.

And what else several benchmarks do.
"""

from __future__ import annotations

import platform
import socket
import statistics
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

ROUNDS = 25
"""Rounds; the fastest of each callable counts."""

SECONDS = 0.02
"""How long a callable runs in one round."""


def fastest(cases: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """
    Return the time that each callable takes, in microseconds.

    Args:
        cases: Callables by name.
    """
    repeats = {name: _repeats(call) for name, call in cases.items()}
    best = dict.fromkeys(cases, float("inf"))
    for _ in range(ROUNDS):
        for name, call in cases.items():
            taken = _time(call, repeats[name]) / repeats[name]
            best[name] = min(best[name], taken * 1e6)
    return best


def compare_rounds(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """
    Return how many times theirs ours is: the median of what each round says.

    The two of one round are close in time: what slows the machine down for longer
    than that changes both, and the ratio little.
    """
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(our / their for our, their in pairs)


def _repeats(call: Callable[[], object]) -> int:
    number = 1
    while (taken := _time(call, number)) < SECONDS / 4:
        number *= 4
    return max(1, round(number * SECONDS / taken))


def _time(call: Callable[[], object], number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        call()
    return time.perf_counter() - start


def describe_machine() -> str:
    """Name what the figures depend on."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "msgspec"))
    return f"Python {platform.python_version()}, {packages}, {platform.machine()}"


def print_table(
    title: str, times: Mapping[str, float], ours: str, at_least: Mapping[str, float]
) -> bool:
    """
    Print times and ratios to ours; return whether every aim is reached.

    Args:
        title: What was done.
        times: Microseconds by name.
        ours: The name that the ratios are of.
        at_least: How many times faster ours must be, by name.
    """
    print(f"\n{title}\n")
    print("| | µs | ours is | aim |")
    print("|---|---:|---:|---:|")
    reached = True
    for name, taken in times.items():
        ratio = taken / times[ours]
        aim = at_least.get(name)
        reached = reached and (aim is None or ratio >= aim)
        shown = "" if name == ours else f"{ratio:.2f}×"
        print(
            f"| {name} | {taken:.2f} | {shown} | {'' if aim is None else f'{aim}×'} |"
        )
    return reached


def find_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until_it_answers(url: str) -> None:
    """Ask a server that was just started, until it says anything."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer.")
