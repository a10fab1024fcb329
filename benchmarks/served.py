"""
JSON from a real server: granian, WSGI, one worker; load by ``wrk`` on loopback.

Run ``python -m benchmarks.served`` in the project's root. Needs the extra
``bench`` and the program ``wrk``. The two views are asked in turns.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from benchmarks.measure import find_port, wait_until_it_answers
from benchmarks.records import LARGE, SMALL

ROUNDS = 5
SECONDS = 3

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django_bolt.middleware.BoltMiddleware",
    ],
)
django.setup()


def djangos(request: HttpRequest, size: str) -> JsonResponse:
    """Answer as Django does."""
    return JsonResponse(LARGE if size == "large" else SMALL, safe=False)


def ours(request: HttpRequest, size: str) -> Any:
    """Answer as django-bolt does."""
    return LARGE if size == "large" else SMALL


urlpatterns: list[Any] = [
    path("djangos/<size>", djangos),
    path("ours/<size>", ours),
]

application = get_wsgi_application()


@contextmanager
def serve() -> Iterator[str]:
    """Run granian with one worker on a free port, and stop it."""
    port = find_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--blocking-threads",
        "1",
        "--log-level",
        "warning",
        f"{__spec__.name}:application",
    ]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.getcwd()})
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/ours/small")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def requests_per_second(url: str) -> float:
    """Return what ``wrk`` reaches with 16 connections from one thread."""
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure {url}: {output}")
    return float(found[1])


def main() -> int:
    """Print the table; fail when the aim is missed."""
    if shutil.which("wrk") is None:
        print("wrk is not installed.")
        return 1
    best: dict[str, float] = {}
    with serve() as address:
        for _ in range(ROUNDS):
            for view in ("djangos/small", "ours/small", "djangos/large", "ours/large"):
                rate = requests_per_second(f"{address}/{view}")
                best[view] = max(best.get(view, 0), rate)
    print("| | Django's, requests/s | ours, requests/s | ratio | aim |")
    print("|---|---:|---:|---:|---:|")
    for size, aim in (("small", ""), ("large", "3×")):
        theirs, our = best[f"djangos/{size}"], best[f"ours/{size}"]
        print(f"| {size} | {theirs:,.0f} | {our:,.0f} | {our / theirs:.2f}× | {aim} |")
    return 0 if best["ours/large"] >= 3 * best["djangos/large"] else 1


if __name__ == "__main__":
    sys.exit(main())
