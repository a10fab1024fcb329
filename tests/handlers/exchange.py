"""Ask a WSGI handler as a server would, and note all that it gives back."""

from __future__ import annotations

import io
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import re_path

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What a server has got.

    Args:
        status: The status line.
        headers: Names and values.
        body: All of it.
        result: What the handler returned, closed if it can be.
    """

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    result: object


def make_environ(
    path: str = "/", *, method: str = "GET", body: bytes = b"", **variables: Any
) -> dict[str, Any]:
    """Return the variables of a request, further ones as they are given."""
    target, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": target,
        "SCRIPT_NAME": "",
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        **variables,
    }


def ask(handler: WSGIHandler, environ: dict[str, Any]) -> Reply:
    """Send one request, and close what comes back as PEP 3333 demands."""
    started: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def start_response(
        status: str, fields: list[tuple[str, str]], error: object = None, /
    ) -> Callable[[bytes], object]:
        started.append((status, tuple(fields)))
        return io.BytesIO().write

    result: Iterable[bytes] = handler(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    [(status, headers)] = started
    return Reply(status, headers, body, result)


@contextmanager
def routed(view: Callable[..., HttpResponseBase]) -> Iterator[None]:
    """Send every path to ``view`` but those that begin with ``missing``."""
    urlconf = types.ModuleType("routed")
    vars(urlconf)["urlpatterns"] = [re_path(r"(?s)^(?!missing).*", view)]
    with override_settings(ROOT_URLCONF=urlconf):
        yield


def in_new_thread(function: Callable[[], R]) -> R:
    """Call a function in a thread that has touched nothing before."""
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for error in errors:
        raise error
    [result] = results
    return result
