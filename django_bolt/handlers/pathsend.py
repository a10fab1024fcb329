"""
Let a server that offers it send a whole file by itself.

Spec: ASGI, "Path Send".
"""

from __future__ import annotations

from typing import Any

from django_bolt.conf import conf
from django_bolt.handlers.held import HeldFiles, held_files
from django_bolt.handlers.receivers import FINISHED
from django_bolt.handlers.requests import ASGIRequest
from django_bolt.handlers.sending import AT_ONCE, encode_headers
from django_bolt.handlers.types import Send
from django_bolt.responses.file import FileResponse

EXTENSION = "http.response.pathsend"

MIN_SIZE = AT_ONCE + 1
"""
Bytes of a file that is worth a name.

What is smaller takes no longer when it is sent from here in one message.
"""


def find_path(
    request: ASGIRequest, response: object, held: HeldFiles = held_files
) -> str | None:
    """
    Return a path that the server may send in place of a response's body.

    Only where nobody can tell: for a whole file that nobody has touched, and
    while nobody waits for the end of the sending, which is not told.

    Args:
        request: What was asked.
        response: Any response.
        held: Where the file is kept open for the server.

    Returns:
        ``None`` for everything else, which is sent from here.
    """
    if (
        type(response) is not FileResponse
        or not response.has(MIN_SIZE)
        or request.method != "GET"
        or EXTENSION not in (request.scope.get("extensions") or ())
        # Of a file that grows meanwhile HTTP/1 sends what was announced; a newer
        # version breaks off.
        or not request.scope.get("http_version", "").startswith("1")
        or conf.stream_send_timeout is not None
        or FINISHED.present() is None
    ):
        return None
    located = response.find_whole(request.close)
    return None if located is None else held.find_name(located)


async def send_path(response: Any, send: Send, path: str) -> None:
    """
    Have the server send a path.

    Args:
        response: A ``FileResponse`` that ``find_path`` has found the path for.
        send: The server's.
        path: The path.
    """
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": encode_headers(response),
        }
    )
    await send({"type": EXTENSION, "path": path})
    response.leave()
