"""Send files to an ASGI server, in larger messages than Django's handler does."""

from __future__ import annotations

from contextlib import aclosing
from typing import TypeGuard

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.conf import conf
from django_bolt.handlers.hot import HotFiles, hot_files
from django_bolt.handlers.receivers import FINISHED
from django_bolt.handlers.sending import AT_ONCE, encode_headers
from django_bolt.handlers.types import Send
from django_bolt.pace import LARGEST
from django_bolt.responses.file import FileResponse


def is_file(response: HttpResponseBase) -> TypeGuard[FileResponse]:
    """Tell whether a response sends a file, and nobody has put something around it."""
    return isinstance(response, FileResponse) and response.sends_file()


def needs_no_thread(request: HttpRequest, response: HttpResponseBase) -> bool:
    """
    Tell whether a response does not need the thread of its request any more.

    So it is with async bodies, and with a file that only this package reads and
    nobody but Django hears the end of: it may be read in any thread.
    """
    return bool(getattr(response, "is_async", False)) or (
        isinstance(response, FileResponse)
        and response.takes_any_thread(request.close)
        and FINISHED.present() is not None
    )


def take_file(
    response: HttpResponseBase, chunk_size: int, hot: HotFiles = hot_files
) -> bytes | None:
    """
    Return all that a file response sends, if that is little and nobody can tell.

    Args:
        response: A response whose body has not started.
        chunk_size: As for ``send_file()``.
        hot: What reads it.

    Returns:
        ``None`` for everything else, which is sent block by block.
    """
    if (
        type(response) is not FileResponse
        or not response.sends_file()
        or chunk_size != ASGIHandler.chunk_size
        or conf.stream_send_timeout is not None
    ):
        return None
    return response.take(AT_ONCE, hot.read)


async def send_taken(response: FileResponse, content: bytes, send: Send) -> None:
    """Send a file response whose content was taken."""
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": encode_headers(response),
        }
    )
    await send({"type": "http.response.body", "body": content, "more_body": False})


async def send_file(response: FileResponse, send: Send, chunk_size: int) -> None:
    """
    Send a file response.

    Args:
        response: Its body is read in the event loop.
        send: The server's.
        chunk_size: Bytes that a message holds at most, where a subclass of the
            handler has changed that.
    """
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": encode_headers(response),
        }
    )
    size = LARGEST if chunk_size == ASGIHandler.chunk_size else chunk_size
    async with aclosing(response.iterate(size)) as blocks:
        async for block in blocks:
            await send({"type": "http.response.body", "body": block, "more_body": True})
            del block  # Then its memory can be used for the next one.
    await send({"type": "http.response.body", "body": b"", "more_body": False})
