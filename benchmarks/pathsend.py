"""
Files that granian sends by itself, beside a bare application that has it do so.

Run ``python -m benchmarks.pathsend`` in the project's root. Needs the extra
``bench`` and the program ``wrk``. One worker on one core, the load comes from
another; files lie in the page cache. The aim is that of 100 KB.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import django
import psutil
from django.conf import settings
from django.http import HttpRequest
from django.urls import path

from benchmarks.handlers import ROUNDS, requests_per_second
from benchmarks.measure import (
    compare_rounds,
    describe_machine,
    find_port,
    wait_until_it_answers,
)
from django_bolt import FileResponse
from django_bolt.asgi import get_asgi_application
from django_bolt.handlers.pathsend import EXTENSION

SIZES = {"100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
AIM = 0.6
FOLDER = Path(os.environ.get("BENCH_FOLDER", "/nonexistent"))

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    MIDDLEWARE=["django_bolt.middleware.BoltMiddleware"],
    BOLT_ALLOWED_FILE_DIRS=[FOLDER],
)
django.setup(set_prefix=False)  # As get_asgi_application() does.


async def view(request: HttpRequest, name: str) -> FileResponse:
    """Answer as django-bolt does."""
    return FileResponse(f"{FOLDER}/{name}")


urlpatterns: list[Any] = [path("<name>", view)]

ours = get_asgi_application()


async def unaware(scope: Any, receive: Any, send: Any) -> None:
    """Answer as behind a server that does not send paths."""
    if EXTENSION in scope.get("extensions", ()):
        extensions = {**scope["extensions"]}
        del extensions[EXTENSION]
        scope = {**scope, "extensions": extensions}
    await ours(scope, receive, send)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Name the file, and do nothing else."""
    if scope["type"] != "http":
        return
    name = scope["path"].strip("/")
    headers = [(b"content-length", name.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": EXTENSION, "path": f"{FOLDER}/{name}"})


def __getattr__(name: str) -> Any:
    # Made when the server asks for it: nobody else needs it installed.
    if name != "starlette":
        raise AttributeError(name)
    from starlette.applications import Starlette
    from starlette.responses import FileResponse as StarlettesFileResponse
    from starlette.routing import Route

    async def send(request: Any) -> Any:
        return StarlettesFileResponse(f"{FOLDER}/{request.path_params['name']}")

    return Starlette(routes=[Route("/{name}", send)])


CONTENDERS = {
    "bare": "a bare application",
    "ours": "ours",
    "unaware": "ours, where the server does not offer it",
    "starlette": "Starlette",
}


@contextmanager
def serve(application: str, folder: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run granian on the first core, and stop it."""
    port = find_port()
    command = ["taskset", "-c", "0", sys.executable, "-m", "granian", f"--port={port}"]
    command += ["--interface=asgi", "--no-ws", "--loop=uvloop", "--workers=1"]
    command += ["--log-level=warning", f"{__spec__.name}:{application}"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "BENCH_FOLDER": folder}
    process = subprocess.Popen(command, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_it_answers(f"{address}/100000")
        yield address, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def measure(folder: str) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """
    Return requests a second, and a second of the processor, in each round.

    By size and who.
    """
    rounds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        running = {
            name: stack.enter_context(serve(name, folder))
            for name in CONTENDERS
            if name != "starlette" or importlib.util.find_spec(name)
        }
        for _ in range(ROUNDS):
            for size, count in SIZES.items():
                for name, (address, process) in running.items():
                    rates = requests_per_second(process, f"{address}/{count}")
                    rounds.setdefault((size, name), []).append(rates)
    return rounds


def main() -> int:
    """Print the table; fail when the aim is missed."""
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        print("wrk and taskset must be installed.")
        return 1
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES.values():
            (Path(folder) / str(count)).write_bytes(os.urandom(count))
        rounds = measure(folder)
    print("\n| | | requests/s | of a bare application | by processor time |")
    print("|---|---|---:|---:|---:|")
    share = 0.0
    for (size, name), measured in rounds.items():
        rates, work = zip(*measured, strict=True)
        bare_rates, bare_work = zip(*rounds[size, "bare"], strict=True)
        ratio = compare_rounds(rates, bare_rates)
        if (size, name) == ("100 KB", "ours"):
            share = ratio
        print(
            f"| {size} | {CONTENDERS[name]} | {statistics.median(rates):,.0f} "
            f"| {ratio:.0%} | {compare_rounds(work, bare_work):.0%} |"
        )
    print(f"\n100 KB: {share:.0%} of a bare application (aim: {AIM:.0%}).")
    return 0 if share >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
