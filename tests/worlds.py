"""Answer a request in-process through Django's own WSGI and ASGI handlers."""

import io
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.urls import re_path

View = Callable[..., Any]
"""A view of any kind, also one that returns what Django alone would refuse."""

DEADLINE = 10.0
"""Seconds that an ASGI answer may take before the test fails."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What went over the wire.

    Args:
        status: The status code.
        headers: Names in lower case and values, in the order they were sent.
        chunks: The body as it was handed to the server, piece by piece.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)

    def __getitem__(self, name: str) -> str:
        """Return the value of a header that occurs exactly once."""
        [value] = self.all(name)
        return value

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name.lower()]


class Ask(Protocol):
    """Send one request to a view, with the middleware of the settings around it."""

    def __call__(
        self,
        view: View,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Return the answer; exceptions of the view come as Django's error pages."""


def only_url(view: View) -> types.ModuleType:
    """Return a URLconf that sends every path to ``view``."""
    urlconf = types.ModuleType("only_url")
    vars(urlconf)["urlpatterns"] = [re_path(r"", view)]
    return urlconf


def ask_wsgi(
    view: View,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Answer as a WSGI server would."""
    target, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": target,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, fields: list[tuple[str, str]], error: object = None, /
    ) -> Callable[[bytes], object]:
        started.append((status, fields))
        return io.BytesIO().write

    with override_settings(ROOT_URLCONF=only_url(view)):
        response: Iterable[bytes] = WSGIHandler()(environ, start_response)
        try:
            chunks = tuple(response)
        finally:
            response.close()  # type: ignore[attr-defined]  # PEP 3333's optional close
    [(status, fields)] = started
    return Answer(
        int(status[:3]),
        tuple((name.lower(), value) for name, value in fields),
        chunks,
    )


def ask_asgi(
    view: View,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Answer as an ASGI server would."""
    target, _, query = path.partition("?")
    fields = {"Host": "testserver", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in fields.items()
        ],
    }

    async def exchange() -> Answer:
        communicator = ApplicationCommunicator(ASGIHandler(), scope)
        await communicator.send_input(
            {"type": "http.request", "body": body, "more_body": False}
        )
        start = await communicator.receive_output(DEADLINE)
        chunks = []
        more = True
        while more:
            message = await communicator.receive_output(DEADLINE)
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        await communicator.wait(DEADLINE)
        return Answer(
            start["status"],
            tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1"))
                for name, value in start["headers"]
            ),
            tuple(chunks),
        )

    with override_settings(ROOT_URLCONF=only_url(view)):
        return async_to_sync(exchange)()
