"""
The WSGI handler behind granian and gunicorn, beside Django's own.

Run ``python -m benchmarks.served_handlers`` in the project's root. Needs the
extra ``bench`` and the program ``wrk``. One worker on one core, load from the
other; the servers are asked in turns, and the best of each counts.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.urls import path

from benchmarks.records import LARGE, SMALL
from django_bolt.handlers.wsgi import BoltWSGIHandler

ROUNDS = 5
SECONDS = 2

KIND = os.environ.get("BENCH_HANDLER", "django")
"""What this process serves: ``django`` or ``bolt``."""

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
        *(["django_bolt.middleware.BoltMiddleware"] if KIND == "bolt" else []),
    ],
)
django.setup()


def view(request: HttpRequest, size: str) -> Any:
    """Answer as a project with the handler at hand would."""
    data = LARGE if size == "large" else SMALL
    return data if KIND == "bolt" else JsonResponse(data, safe=False)


urlpatterns: list[Any] = [path("<size>", view)]

application = BoltWSGIHandler() if KIND == "bolt" else WSGIHandler()


def command(server: str, port: int) -> list[str]:
    """Return the command that serves this module with one worker."""
    target = f"{__spec__.name}:application"
    if server == "granian":
        options = ["--interface=wsgi", f"--port={port}", "--no-ws", "--workers=1"]
        options += ["--blocking-threads=1", "--log-level=warning"]
    else:
        options = [f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=1"]
        options += ["--threads=4", "--log-level=warning"]
    return [sys.executable, "-m", server, *options, target]


@contextmanager
def serve(server: str, kind: str) -> Iterator[str]:
    """Run a server on the first core, on a free port, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command(server, port)],
        env={**os.environ, "PYTHONPATH": os.getcwd(), "BENCH_HANDLER": kind},
    )
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/small")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_it_answers(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer.")


def requests_per_second(url: str) -> float:
    """Return what ``wrk`` on the second core reaches with 16 connections."""
    load = ["taskset", "-c", "1", "wrk", "-t1", "-c16", f"-d{SECONDS}s", url]
    output = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure {url}: {output}")
    return float(found[1])


def measure(server: str) -> dict[tuple[str, str], float]:
    """Return requests a second by handler and size of the answer."""
    best: dict[tuple[str, str], float] = {}
    with ExitStack() as stack:
        address = {
            kind: stack.enter_context(serve(server, kind))
            for kind in ("django", "bolt")
        }
        for _ in range(ROUNDS):
            for size in ("small", "large"):
                for kind, base in address.items():
                    rate = requests_per_second(f"{base}/{size}")
                    best[kind, size] = max(best.get((kind, size), 0), rate)
    return best


def main() -> int:
    """Print the table; fail when an aim is missed."""
    if shutil.which("wrk") is None:
        print("wrk is not installed.")
        return 1
    print("| | Django's, requests/s | ours, requests/s | ratio | aim |")
    print("|---|---:|---:|---:|---:|")
    missed = False
    for server in ("granian", "gunicorn"):
        rates = measure(server)
        for size in ("small", "large"):
            theirs, ours = rates["django", size], rates["bolt", size]
            aim = AIMS[server, size]
            missed = missed or ours < aim * theirs
            print(
                f"| {server}, {size} | {theirs:,.0f} | {ours:,.0f} "
                f"| {ours / theirs:.2f}× | {aim}× |"
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
