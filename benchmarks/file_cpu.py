"""
Processor time of 100 KB under ASGI, without a server: handler, view and file.

``python -m benchmarks.files`` runs it. It asks the applications in turns, in one
process, and counts the time of all threads; the best round counts. Other work on
the machine changes these figures less than it does requests a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from benchmarks.files import FOLDER, SMALL, asgi

REQUESTS = 200
ROUNDS = 6


async def send_small(request: Request) -> FileResponse:
    """Answer as Starlette does."""
    return FileResponse(FOLDER / "small")


STARLETTE = Starlette(routes=[Route("/starlette/small", send_small)])

CASES: Mapping[str, tuple[Callable[..., Any], str]] = {
    "Starlette": (STARLETTE, "/starlette/small"),
    "Django's handler, bytes that were in memory": (asgi, "/memory/small"),
    "Django's handler, ours": (asgi, "/ours/small"),
    "Django's handler, ours in an async view": (asgi, "/async/small"),
    "Django's handler, Django's": (asgi, "/djangos/small"),
}


async def ask(application: Callable[..., Any], path: str) -> None:
    """Ask for a path, as a client that stays until it has the answer."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    done = asyncio.Event()
    received = 0

    async def receive() -> Mapping[str, Any]:
        if not messages:
            await done.wait()
            return {"type": "http.disconnect"}
        return messages.pop()

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal received
        received += len(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await application(scope, receive, send)
    done.set()
    if received != SMALL:
        raise RuntimeError(f"{path} sent {received} bytes.")


async def main() -> None:
    """Print the table."""
    best = dict.fromkeys(CASES, float("inf"))
    for _ in range(ROUNDS):
        for title, (application, path) in CASES.items():
            start = time.process_time()
            for _ in range(REQUESTS):
                await ask(application, path)
            taken = (time.process_time() - start) / REQUESTS
            best[title] = min(best[title], taken)
    print("\n| 100 KB under ASGI, without a server | µs of the processor |")
    print("|---|---:|")
    for title, taken in best.items():
        print(f"| {title} | {taken * 1e6:,.0f} |")


if __name__ == "__main__":
    asyncio.run(main())
