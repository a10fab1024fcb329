"""
Receive the body of an ASGI request, where there may be one.

Spec: ASGI, "Request"; RFC 9112 §6.3.
"""

from __future__ import annotations

from types import BuiltinMethodType

from django_bolt.handlers.types import Message, Receive, Scope

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def has_none(scope: Scope, receive: Receive) -> bool:
    """
    Tell whether a request has no body, and the server need not be asked for it.

    RFC 9112 §6.3: a request without these two fields has a body of length zero.
    A server in Python knows that its client has left, and is asked nevertheless,
    as Django does. One in another language has a thread look, which takes a sixth
    of the time of a small request.

    Args:
        scope: What the server gave.
        receive: The server's; nobody has put something around it.
    """
    return (
        type(receive) is BuiltinMethodType
        and scope.get("http_version") in ("1.0", "1.1")
        and _FRAMING.isdisjoint([name for name, _ in scope["headers"]])
    )


def replay(message: Message, receive: Receive) -> Receive:
    """Return a ``receive`` that gives a message once more."""
    messages = [message]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def skip_nothing(receive: Receive) -> Receive:
    """Return a ``receive`` that leaves out the message of an empty body."""

    async def receive_next() -> Message:
        message = await receive()
        if message["type"] == "http.request" and not (
            message.get("body") or message.get("more_body")
        ):
            message = await receive()
        return message

    return receive_next
