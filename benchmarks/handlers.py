"""
The handler beside Django's own, FastAPI and Litestar; from real servers.

Run ``python -m benchmarks.handlers`` in the project's root; arguments choose
among the tables by name. Needs the extra ``bench`` and the program ``wrk``; who
is not installed is left out. Each server has one worker on one core, the load
comes from another. All run from the beginning and are asked in turns, a second each;
a ratio is the median of those of the rounds. Requests are counted by the second, and
by the second of processor time that the server takes: other work on the machine
matters less there, and waiting for threads does not show.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.measure import (
    compare_rounds,
    describe_machine,
    find_port,
    wait_until_it_answers,
)

ROUNDS = 9
SECONDS = 1
CONNECTIONS = 16

SITE = "benchmarks.handlers_site"


@dataclass(frozen=True, slots=True)
class Contender:
    """
    One who answers.

    Args:
        application: An attribute of the site's module.
        path: What is asked, without the size.
        middleware: A key of the site's ``MIDDLEWARE``.
        has_session: Whether the cookie of a user who is logged in is sent.
    """

    application: str
    path: str
    middleware: str = "two"
    has_session: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """
    A comparison.

    Args:
        ours: Who is compared with the others.
        others: By name.
        aims: How many times ours must be faster, by size and name.
    """

    ours: Contender
    others: dict[str, Contender]
    aims: dict[tuple[str, str], float | None]


TABLES = {
    "async": Table(
        Contender("bolt", "/value"),
        {
            "Django": Contender("djangos", "/async"),
            "FastAPI": Contender("fastapi", "/async"),
            "FastAPI, typed": Contender("fastapi", "/typed"),
            "Litestar": Contender("litestar", "/async"),
        },
        {
            ("small", "Django"): 8,
            ("large", "Django"): 9,
            ("small", "FastAPI"): 1.2,
            ("large", "FastAPI"): 8,
            ("small", "FastAPI, typed"): None,
            ("large", "FastAPI, typed"): None,
            ("small", "Litestar"): 0.8,
            ("large", "Litestar"): 0.8,
        },
    ),
    "default": Table(
        Contender("bolt", "/value", "default"),
        {"Django": Contender("djangos", "/async", "default")},
        {("small", "Django"): 6},
    ),
    "session": Table(
        Contender("bolt", "/user", "default", has_session=True),
        {"Django": Contender("djangos", "/user", "default", has_session=True)},
        {("small", "Django"): 2},
    ),
    "kept": Table(
        Contender("bolt", "/user", "kept", has_session=True),
        {"Django": Contender("djangos", "/user", "kept", has_session=True)},
        {("small", "Django"): 2},
    ),
    "sync": Table(
        Contender("bolt", "/sync"),
        {"Django": Contender("djangos", "/sync")},
        {("small", "Django"): 3.5},
    ),
}


def _command(server: str, application: str, port: int) -> list[str]:
    target = f"{SITE}:{application}"
    if server == "uvicorn":
        return [
            "uvicorn",
            f"--port={port}",
            "--loop=uvloop",
            "--http=httptools",
            "--no-access-log",
            "--log-level=warning",
            target,
        ]
    return [
        "granian",
        f"--port={port}",
        "--interface=asgi",
        "--no-ws",
        "--loop=uvloop",
        "--workers=1",
        "--log-level=warning",
        target,
    ]


@contextmanager
def serve(
    server: str, contender: Contender, folder: str
) -> Iterator[tuple[str, psutil.Process]]:
    """Run a server on the first core, and stop it."""
    port = find_port()
    command = ["taskset", "-c", "0", sys.executable, "-m"]
    process = subprocess.Popen(
        [*command, *_command(server, contender.application, port)],
        env={
            **os.environ,
            "PYTHONPATH": os.getcwd(),
            "BENCH_MIDDLEWARE": contender.middleware,
            "BENCH_FOLDER": folder,
        },
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(address)
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def requests_per_second(
    process: psutil.Process, url: str, cookie: str | None = None
) -> tuple[float, float]:
    """Return how many a server answers in a second, and in one of the processor."""
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}"]
    command += [f"-d{SECONDS}s", *(["-H", f"Cookie: {cookie}"] if cookie else []), url]
    before = _processor_time(process)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    taken = _processor_time(process) - before
    found = re.search(r"(\d+) requests in", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure {url}: {output}")
    return int(found[1]) / SECONDS, int(found[1]) / taken


def _processor_time(process: psutil.Process) -> float:
    """Return the seconds of a process and of those that it has started."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def ask_in_turns(
    contenders: dict[str, Contender],
    sizes: list[str],
    server: str,
    folder: str,
    cookie: str,
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return what ``requests_per_second`` gives in each round, by size and name."""
    rounds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(serve(server, contender, folder))
            for name, contender in contenders.items()
        }
        for _ in range(ROUNDS):
            for size in sizes:
                for name, (address, process) in running.items():
                    contender = contenders[name]
                    rates = requests_per_second(
                        process,
                        f"{address}{contender.path}/{size}",
                        cookie if contender.has_session else None,
                    )
                    rounds.setdefault((size, name), []).append(rates)
    return rounds


def measure(table: Table, server: str, folder: str, cookie: str) -> bool:
    """Print a table; return whether every aim is reached."""
    contenders = {"ours": table.ours} | {
        name: contender
        for name, contender in table.others.items()
        if name == "Django" or importlib.util.find_spec(contender.application)
    }
    sizes = sorted({size for size, _ in table.aims}, reverse=True)
    rounds = ask_in_turns(contenders, sizes, server, folder, cookie)
    is_reached = True
    print("| body | | requests/s | ours | ratio | aim | by processor time |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for (size, name), aim in table.aims.items():
        if name not in contenders:
            continue
        ours, our_work = zip(*rounds[size, "ours"], strict=True)
        theirs, their_work = zip(*rounds[size, name], strict=True)
        ratio = compare_rounds(ours, theirs)
        is_reached = is_reached and (aim is None or ratio >= aim)
        shown = "" if aim is None else f"{aim}×"
        print(
            f"| {size} | {name} | {statistics.median(theirs):,.0f} "
            f"| {statistics.median(ours):,.0f} | {ratio:.2f}× | {shown} "
            f"| {compare_rounds(our_work, their_work):.2f}× |",
            flush=True,
        )
    return is_reached


def main() -> int:
    """Print the tables; fail when an aim is missed."""
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        print("wrk and taskset must be installed.")
        return 1
    print(describe_machine())
    is_reached = True
    with tempfile.TemporaryDirectory() as folder:
        cookie = subprocess.run(
            [sys.executable, "-m", SITE],
            env={**os.environ, "BENCH_MIDDLEWARE": "default", "BENCH_FOLDER": folder},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name in sys.argv[1:] or TABLES:
            for server in ("uvicorn", "granian"):
                print(f"\n{name}, {server}\n")
                table = TABLES[name]
                is_reached = measure(table, server, folder, cookie) and is_reached
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
