"""
An HTTP exchange as bytes, the way they cross the wire.

Browsers keep redirects and ``Set-Cookie`` from scripts; a socket does not.
"""

import socket

LIMIT = 64 * 1024
"""Bytes of an answer that are kept; what the demo asks for is far smaller."""


def exchange(port: int, path: str, *, timeout: float = 5.0) -> bytes:
    """
    Ask the server on this machine for ``path`` and return its whole answer.

    Args:
        port: The port that the server listens on.
        path: A path of the demo's own, never one from a client.
        timeout: Seconds of silence before the server counts as busy.

    Raises:
        OSError: Nobody listens there, or nobody answers in time.
    """
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    )
    answer = bytearray()
    with socket.create_connection(("localhost", port), timeout=timeout) as connection:
        connection.sendall(request.encode("ascii"))
        while len(answer) < LIMIT and (received := connection.recv(LIMIT)):
            answer += received
    return bytes(answer[:LIMIT])
