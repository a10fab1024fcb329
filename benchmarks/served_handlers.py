"""
The WSGI handler behind granian and gunicorn, beside Django's own.

Run ``python -m benchmarks.served_handlers`` in the project's root. Needs the
extra ``bench`` and the program ``wrk``. One worker on one core, load from the
other; the servers are asked in turns, and a ratio is the median of those of the turns.

Requests are counted by the second of processor time that the server's processes
took. It has a core to itself and is busy all the time, so that on an idle machine
this is a second of the clock; on a busy one it still is a second of work.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import django
import psutil
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.urls import path

from benchmarks.measure import compare_rounds, find_port, wait_until_it_answers
from benchmarks.records import LARGE, SMALL
from django_bolt import serving
from django_bolt.handlers.wsgi import BoltWSGIHandler

ROUNDS = 9
SECONDS = 1

KIND = os.environ.get("BENCH_HANDLER", "django")
"""What this process serves: ``django``, ``bolt``, or ``runbolt`` for granian."""

KINDS = {"granian": ("django", "bolt", "runbolt"), "gunicorn": ("django", "bolt")}

AIMS = {
    ("granian", "small"): 1.5,
    ("granian", "large"): 3.5,
    ("gunicorn", "small"): 1.1,
    ("gunicorn", "large"): 2.5,
}
"""How many times the requests of Django's own handler with ``JsonResponse``."""

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        *([] if KIND == "django" else ["django_bolt.middleware.BoltMiddleware"]),
    ],
)
django.setup()


def view(request: HttpRequest, size: str) -> Any:
    """Answer as a project with the handler at hand would."""
    data = LARGE if size == "large" else SMALL
    return JsonResponse(data, safe=False) if KIND == "django" else data


urlpatterns: list[Any] = [path("<size>", view)]

application = WSGIHandler() if KIND == "django" else BoltWSGIHandler()

settings.WSGI_APPLICATION = f"{__name__}.application"


def runbolt() -> Any:
    """Return what ``manage.py runbolt`` has granian serve."""
    return serving.wsgi()


def command(server: str, kind: str, port: int) -> list[str]:
    """Return the command that serves this module with one worker."""
    target = f"{__spec__.name}:{'runbolt' if kind == 'runbolt' else 'application'}"
    if server == "granian":
        options = ["--interface=wsgi", f"--port={port}", "--no-ws", "--workers=1"]
        options += ["--blocking-threads=1", "--log-level=warning"]
        options += ["--factory"] if kind == "runbolt" else []
    else:
        options = [f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=1"]
        options += ["--threads=4", "--log-level=warning"]
    return [sys.executable, "-m", server, *options, target]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    address: str
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Return the processor time that it and its workers have taken."""
        family = [self.process, *self.process.children(recursive=True)]
        times = [member.cpu_times() for member in family]
        return sum(time.user + time.system for time in times)


@contextmanager
def serve(server: str, kind: str) -> Iterator[Running]:
    """Run a server on the first core, on a free port, and stop it."""
    port = find_port()
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command(server, kind, port)],
        env={**os.environ, "PYTHONPATH": os.getcwd(), "BENCH_HANDLER": kind},
    )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/small")
        yield Running(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(timeout=30)


def requests_per_second(server: Running, size: str) -> float:
    """Return what ``wrk`` on the second core reaches with 16 connections."""
    url = f"{server.address}/{size}"
    load = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{SECONDS}s", url]
    before = server.processor_seconds()
    output = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    taken = server.processor_seconds() - before
    found = re.search(r"(\d+) requests in ", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure {url}: {output}")
    return int(found[1]) / taken


def measure(server: str) -> dict[tuple[str, str], list[float]]:
    """Return requests a second in each round, by handler and size of the answer."""
    rates: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        servers = {
            kind: stack.enter_context(serve(server, kind)) for kind in KINDS[server]
        }
        for _ in range(ROUNDS):
            for size in ("small", "large"):
                for kind, running in servers.items():
                    rate = requests_per_second(running, size)
                    rates.setdefault((kind, size), []).append(rate)
    return rates


def main() -> int:
    """Print the table; fail when an aim is missed."""
    if shutil.which("wrk") is None:
        print("wrk is not installed.")
        return 1
    print("| | Django's, requests/s | ours, requests/s | ratio | aim |")
    print("|---|---:|---:|---:|---:|")
    missed = False
    for server, (djangos, *ours) in KINDS.items():
        rates = measure(server)
        for size in ("small", "large"):
            theirs, aim = rates[djangos, size], AIMS[server, size]
            for kind in ours:
                ratio = compare_rounds(rates[kind, size], theirs)
                missed = missed or (kind == ours[-1] and ratio < aim)
                name = f"{server}, {size}" + (", by runbolt" * (kind == "runbolt"))
                print(
                    f"| {name} | {statistics.median(theirs):,.0f} "
                    f"| {statistics.median(rates[kind, size]):,.0f} "
                    f"| {ratio:.2f}× | {aim}× |"
                )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
