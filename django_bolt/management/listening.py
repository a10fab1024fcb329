"""
Where the server listens: read as a person writes it, and tried out.

The server's own error is a traceback, of Rust where a socket of the file system is
at fault; here it is a sentence.
"""

from __future__ import annotations

import os
import re
import socket
import stat
from dataclasses import dataclass

from django.core.management.base import CommandError

_HOST_AND_PORT = re.compile(
    r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]+):)?(?P<port>\d{1,5})"
)

CONNECT_TIMEOUT = 1.0
"""Seconds that a socket may take to show whether somebody listens there."""


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where the server listens.

    Args:
        shown: As a person writes it.
        target: As the system takes it: the path of a socket, or host and port.
    """

    shown: str
    target: str | tuple[str, int]

    @property
    def options(self) -> tuple[str, ...]:
        """The same, as granian takes it."""
        if isinstance(self.target, str):
            return ("--uds", self.target)
        host, port = self.target
        return ("--host", host, "--port", str(port))


def read_address(text: str) -> Address:
    """
    Read where to listen; granian itself knows no names of hosts.

    Raises:
        CommandError: The text is no address, or names no host.
    """
    path = text.removeprefix("unix:")
    if path and path != text:
        path = os.path.abspath(path)
        return Address(f"unix:{path}", path)
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise CommandError(
            "The address must be PORT, HOST:PORT, [IPv6]:PORT or unix:PATH; got "
            f"{text!r}."
        )
    host, port = match["host"] or "127.0.0.1", int(match["port"])
    return Address(f"http://{host}:{port}/", (_find_host(host.strip("[]")), port))


def _find_host(name: str) -> str:
    """Return the IP address of a host, the older kind where it has both."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CommandError(
            f"The host of the address must be one of this machine; got {name!r}: "
            f"{error}."
        ) from error
    first = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(first[4][0])


def make_ready(address: Address) -> None:
    """
    Make sure that the server can listen there.

    A socket that a killed server has left in the file system is removed: granian
    would not start until somebody does so.

    Raises:
        CommandError: It cannot, since somebody else does, for one.
    """
    target = address.target
    try:
        if isinstance(target, str):
            _remove_if_left(target)
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(target)
            os.unlink(target)
        else:
            kind = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
            with socket.socket(kind) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(target)
    except OSError as error:
        raise CommandError(
            f"The server must be able to listen at {address.shown}; the system says: "
            f"{error.strerror or error}. Stop what listens there, or name another "
            "address."
        ) from error


def _remove_if_left(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(CONNECT_TIMEOUT)
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
