"""
The ASGI handler beside the package of the same name, with the same middleware.

Run ``python -m benchmarks.namesake PYTHON`` in the project's root, where
``PYTHON`` is an interpreter with that package installed: both are imported as
``django_bolt``, so that one environment holds one of them. Needs the extra
``bench`` and the program ``wrk``. Each server has one process on one core, the
load comes from another.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from benchmarks import records
from benchmarks.handlers import ROUNDS, Contender, requests_per_second, serve
from benchmarks.measure import (
    compare_rounds,
    describe_machine,
    find_port,
    wait_until_it_answers,
)

SETTINGS = """\
SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django_bolt"]
LOGGING = {"version": 1, "loggers": {"django.server": {"level": "WARNING"}}}
BOLT_API = ["site_api:api"]
"""

API = """\
from django_bolt import BoltAPI
from records import LARGE, SMALL

api = BoltAPI(
    django_middleware=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
)


@api.get("/value/{size}")
async def answer(size: str):
    return {"small": SMALL, "large": LARGE}[size]
"""


@contextmanager
def serve_namesake(python: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run the namesake's own server on the first core, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.joinpath("settings.py").write_text(SETTINGS)
        root.joinpath("site_api.py").write_text(API)
        root.joinpath("urls.py").write_text("urlpatterns = []\n")
        shutil.copy(records.__file__, root / "records.py")
        port = find_port()
        command = ["taskset", "-c", "0", python, "-m", "django", "runbolt"]
        process = subprocess.Popen(
            [*command, "--host=127.0.0.1", f"--port={port}", "--processes=1"],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": folder,
                "DJANGO_SETTINGS_MODULE": "settings",
            },
            stdout=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_it_answers(address)
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def main() -> int:
    """Print the table; fail when ours is slower from either server."""
    if len(sys.argv) != 2 or shutil.which("wrk") is None:
        print("wrk must be installed, and the namesake's interpreter be named.")
        return 1
    print(describe_machine())
    ours = Contender("bolt", "/value")
    rounds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        # Ours asks no database, and needs no folder for one.
        servers = {
            name: stack.enter_context(serve(name, ours, os.devnull))
            for name in ("uvicorn", "granian")
        }
        servers["namesake"] = stack.enter_context(serve_namesake(sys.argv[1]))
        for _ in range(ROUNDS):
            for size in ("small", "large"):
                for name, (address, process) in servers.items():
                    rates = requests_per_second(process, f"{address}/value/{size}")
                    rounds.setdefault((name, size), []).append(rates)
    is_reached = True
    print("| body | server | requests/s | namesake | ratio | by processor time |")
    print("|---|---|---:|---:|---:|---:|")
    for size in ("small", "large"):
        theirs, their_work = zip(*rounds["namesake", size], strict=True)
        for name in ("uvicorn", "granian"):
            rates, work = zip(*rounds[name, size], strict=True)
            ratio = compare_rounds(rates, theirs)
            is_reached = is_reached and ratio >= 1
            print(
                f"| {size} | {name} | {statistics.median(rates):,.0f} "
                f"| {statistics.median(theirs):,.0f} | {ratio:.2f}× "
                f"| {compare_rounds(work, their_work):.2f}× |"
            )
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
