"""A client that sees what is on the wire, and the control connection to a source."""

import re
import select
import socket
from dataclasses import dataclass, field
from typing import Protocol

from tests.servers import DEADLINE


class Listener(Protocol):
    """What listens on a loopback port."""

    port: int


class Incomplete(Exception):
    """The connection ended before the body did."""


@dataclass
class Client:
    """
    One HTTP/1.1 request and its answer, read as it comes.

    Args:
        server: Where to.
        target: The path and the query.
        method: The method.
        headers: Further lines of the head.
        version: The version of HTTP.
    """

    server: Listener
    target: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    version: str = "1.1"
    head: bytes = b""
    body: bytes = b""
    finished: bool = False
    _rest: bytes = b""
    connection: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection(
            ("127.0.0.1", self.server.port), timeout=DEADLINE
        )
        lines = (
            f"{self.method} {self.target} HTTP/{self.version}",
            "Host: localhost",
            *self.headers,
            "\r\n",
        )
        self.connection.sendall("\r\n".join(lines).encode())

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def read_until(self, end: bytes) -> bytes:
        """Read until the body ends with ``end``, and return the body so far."""
        while not self.body.endswith(end):
            self._read()
        return self.body

    def read_past(self, text: bytes) -> bytes:
        """Read until ``text`` is somewhere in the body, and return the body so far."""
        while text not in self.body:
            assert not self.finished, f"The body is complete: {self.body!r}"
            self._read()
        return self.body

    def read_to_end(self) -> bytes:
        """
        Read the whole body.

        Raises:
            Incomplete: It has no proper end.
        """
        while not self.finished:
            self._read()
        return self.body

    def _read(self) -> None:
        data = self.connection.recv(65536)
        self._rest += data
        if not self.head:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                assert data, "The server closed the connection without an answer."
                return
            self.head, self._rest = head.lower(), rest
        if b"transfer-encoding: chunked" in self.head:
            self._decode_chunks()
            if not data and not self.finished:
                raise Incomplete(self.body)
            return
        self.body, self._rest = self.body + self._rest, b""
        found = re.search(rb"content-length: (\d+)", self.head)
        self.finished = len(self.body) == int(found[1]) if found else not data

    def _decode_chunks(self) -> None:
        while b"\r\n" in self._rest:
            line, _, rest = self._rest.partition(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if len(rest) < size + 2:
                return
            self.body += rest[:size]
            self._rest = rest[size + 2 :]
            self.finished = size == 0


class Control:
    """The test's end of the connection to a source."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(DEADLINE)
        self.port = self.listener.getsockname()[1]
        self._connection: socket.socket | None = None

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *exception: object) -> None:
        self.listener.close()
        if self._connection is not None:
            self._connection.close()

    @property
    def connection(self) -> socket.socket:
        """The connection, once the source has started."""
        if self._connection is None:
            self._connection, _ = self.listener.accept()
            self._connection.settimeout(DEADLINE)
        return self._connection

    def confirm(self) -> None:
        """Say to the source that its chunk has arrived."""
        self.connection.sendall(b".")

    def wait_until_closed(self, *, confirm: bool = False) -> bytes:
        """
        Return what the source says at its end.

        Args:
            confirm: Whether to let it go on, again and again, until it ends: a
                thread that waits here can be told in no other way.
        """
        said = b""
        while True:
            readable, _, _ = select.select([self.connection], [], [], 0.05)
            if not readable and confirm:
                self.confirm()
                continue
            # Without a word for as long as the deadline, this raises.
            data = self.connection.recv(64)
            if not data:
                return said
            said += data
