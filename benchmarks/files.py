"""
Files from real servers, side by side: nginx, uvicorn and gunicorn, one process each.

Run ``python -m benchmarks.files`` in the project's root. Needs the programs
``nginx`` and ``wrk`` and the packages gunicorn, starlette and uvicorn. One GiB
and 100 KB, from the page cache, over loopback; they take turns, and the median of the
rounds counts.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse as DjangosFileResponse
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.measure import find_port
from django_bolt import FileResponse
from django_bolt import asgi as bolt

ROUNDS = 9
SECONDS = 3
LARGE = 1024 * 1024 * 1024
SMALL = 100_000
FOLDER = Path(os.environ.get("BENCHMARK_FOLDER", "/nonexistent"))

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    MIDDLEWARE=["django_bolt.middleware.BoltMiddleware"],
    BOLT_ALLOWED_FILE_DIRS=[FOLDER],
)
django.setup()


def djangos(request: HttpRequest, name: str) -> DjangosFileResponse:
    """Answer as Django does."""
    return DjangosFileResponse((FOLDER / name).open("rb"))


def ours(request: HttpRequest, name: str) -> FileResponse:
    """Answer as django-bolt does."""
    return FileResponse(FOLDER / name)


async def ours_async(request: HttpRequest, name: str) -> FileResponse:
    """Answer so from the event loop."""
    return FileResponse(FOLDER / name)


def memory(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with as many bytes, and no file."""
    return HttpResponse(bytes(SMALL))


urlpatterns: list[Any] = [
    path("memory/<name>", memory),
    path("async/<name>", ours_async),
    path("djangos/<name>", djangos),
    path("ours/<name>", ours),
]

asgi = get_asgi_application()
handled = bolt.get_asgi_application()
wsgi = get_wsgi_application()

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ }}
http {{ access_log off; sendfile on; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; location /nginx/ {{ alias {folder}/; }} }} }}
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route

async def send(request):
    return FileResponse({folder!r} + "/" + request.path_params["name"])

asgi = Starlette(routes=[Route("/starlette/{{name}}", send)])
"""


@dataclass(frozen=True)
class Case:
    """A URL prefix at one of the servers, and a header of the request."""

    title: str
    server: str
    prefix: str
    header: str = ""


CASES = (
    Case("nginx", "nginx", "nginx"),
    Case("ours, uvicorn", "uvicorn", "ours"),
    Case("ours, uvicorn, a range", "uvicorn", "ours", "Range: bytes=1-\r\n"),
    Case("ours, uvicorn, an async view", "uvicorn", "async"),
    Case("ours, our handler", "handled", "ours"),
    Case("ours, our handler, an async view", "handled", "async"),
    Case("Starlette, uvicorn", "starlette", "starlette"),
    # The last one of its server: it keeps the memory that it took.
    Case("Django's, uvicorn", "uvicorn", "djangos"),
)

UNDER_GUNICORN = (
    Case("Django's", "gunicorn", "djangos"),
    Case("ours", "gunicorn", "ours"),
    Case("ours, a range", "gunicorn", "ours", "Range: bytes=1-\r\n"),
)


@contextmanager
def run(name: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Run a server for the length of a block; yield its port and process id."""
    port = find_port()
    python = [sys.executable, "-W", "ignore", "-m"]
    quiet = ["uvicorn", "--no-access-log", "--log-level", "error", "--port", str(port)]
    if name == "nginx":
        conf = folder / "nginx.conf"
        conf.write_text(NGINX.format(folder=folder, port=port))
        command = ["nginx", "-e", "stderr", "-c", str(conf)]
    elif name == "starlette":
        (folder / "served_by_starlette.py").write_text(
            STARLETTE.format(folder=str(folder))
        )
        command = [*python, *quiet, "--app-dir", str(folder)]
        command.append("served_by_starlette:asgi")
    elif name in ("uvicorn", "handled"):
        application = "asgi" if name == "uvicorn" else name
        command = [*python, *quiet, f"benchmarks.files:{application}"]
    else:
        command = [*python, "gunicorn", "--log-level", "error"]
        command += ["-b", f"127.0.0.1:{port}", "benchmarks.files:wsgi"]
    environment = {**os.environ, "BENCHMARK_FOLDER": str(folder)}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port)
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        worker = Path(children).read_text().split() if name == "gunicorn" else []
        yield port, int(worker[0]) if worker else process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def download(port: int, case: Case) -> tuple[float, float]:
    """Return MB/s and the milliseconds up to the first byte of the body."""
    buffer = bytearray(1024 * 1024)
    start = time.perf_counter()
    first = total = 0.0
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            f"GET /{case.prefix}/large HTTP/1.1\r\nHost: localhost\r\n"
            f"{case.header}Connection: close\r\n\r\n".encode()
        )
        while count := client.recv_into(buffer):
            total += count
            if not first and total > 2048:  # No head is as long.
                first = time.perf_counter() - start
    if total < LARGE - 1:
        raise RuntimeError(f"{case.title} sent {total:.0f} bytes.")
    return total / (time.perf_counter() - start) / 1e6, first * 1e3


def peak_memory(pid: int) -> int:
    """Return the most memory that a process had, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) // 1024 if found else 0


def requests_per_second(port: int, case: Case) -> float:
    """Return what ``wrk`` reaches with 16 connections from one thread."""
    url = f"http://127.0.0.1:{port}/{case.prefix}/small"
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure {url}: {output}")
    return float(found[1])


def download_in_turns(
    cases: Sequence[Case], servers: Mapping[str, tuple[int, int]]
) -> dict[Case, list[tuple[float, float]]]:
    """Download from each, again and again, so that a slow moment hits them all."""
    rounds: dict[Case, list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for case in cases:
            rounds[case].append(download(servers[case.server][0], case))
    return rounds


def print_rates(cases: Sequence[Case], servers: Mapping[str, tuple[int, int]]) -> None:
    """Print how fast each is, and what it takes."""
    grew: dict[Case, int] = {}
    rates: dict[Case, str] = {}
    for case in cases:
        port, pid = servers[case.server]
        rates[case] = "" if case.header else f"{requests_per_second(port, case):,.0f}"
        before = peak_memory(pid)
        download(port, case)
        grew[case] = peak_memory(pid) - before
    rounds = download_in_turns(cases, servers)
    first = statistics.median(speed for speed, _ in rounds[cases[0]])
    print(
        f"\n| | 1 GiB, MB/s | of {cases[0].title} | first byte, ms "
        "| memory grew, MiB | 100 KB, 1/s |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for case, downloads in rounds.items():
        speed = statistics.median(speed for speed, _ in downloads)
        delay = statistics.median(delay for _, delay in downloads)
        print(
            f"| {case.title} | {speed:,.0f} | {speed / first:.2f}× | {delay:.1f} "
            f"| {grew[case]} | {rates[case]} |",
            flush=True,
        )


def main() -> int:
    """Print the tables."""
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if missing:
        print(f"Not installed: {', '.join(missing)}.")
        return 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        block = os.urandom(1024 * 1024)
        with (folder / "large").open("wb") as large:
            for _ in range(LARGE // len(block)):
                large.write(block)
        (folder / "small").write_bytes(block[:SMALL])
        servers = {
            name: stack.enter_context(run(name, folder))
            for name in dict.fromkeys(case.server for case in (*CASES, *UNDER_GUNICORN))
        }
        print_rates(CASES, servers)
        print_rates(UNDER_GUNICORN, servers)
        environment = {**os.environ, "BENCHMARK_FOLDER": str(folder)}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.file_cpu"]
        subprocess.run(command, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
