"""
Server-sent events: what an event is, and its bytes on the wire.

No Django, no I/O, no clock: every text may come from a client, and none of it
can end an event early or forge a field.

Spec: WHATWG HTML, "Server-sent events", §9.2.5 (the format) and §9.2.6 (what a
    client makes of it).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Buffer: TypeAlias = bytes | bytearray | memoryview
"""What holds bytes that are ready to be sent."""


class ServerSentEvent(msgspec.Struct, frozen=True):
    """
    One event of an event stream; immutable.

    Args:
        data: What the client receives, encoded as JSON. ``None`` is no data:
            JSON's null is ``raw_data="null"``.
        raw_data: The same as text, sent as it is. Lines may end in CR, LF or
            CR LF; the client sees LF.
        event: The type of the event; without it, clients call it ``message``.
        id: What the client sends back as ``Last-Event-ID`` when it reconnects.
            Empty, it makes the client forget the last one.
        retry: Milliseconds that the client shall wait before it reconnects.
        comment: Text that clients ignore.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: Both ``data`` and ``raw_data`` are given; ``event`` or ``id``
            holds CR or LF, or ``id`` NUL; ``retry`` is negative.
    """

    data: object = None
    raw_data: str | None = None
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if self.raw_data is not None:
            _check_text("raw_data", self.raw_data)
            if self.data is not None:
                raise ValueError(
                    "An event has either data or raw_data; got both. data is encoded "
                    "as JSON, raw_data is sent as it is."
                )
        if self.event is not None:
            _check_line("event", self.event)
        if self.id is not None:
            _check_id(self.id)
        if self.retry is not None:
            _check_retry(self.retry)
        if self.comment is not None:
            _check_text("comment", self.comment)


def format_sse_event(
    *,
    data_str: str | None = None,
    data_bytes: Buffer | None = None,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """
    Frame an event whose data is text already.

    Args:
        data_str: The data. Broken into lines at CR, LF and CR LF, and nowhere
            else.
        data_bytes: The data in UTF-8, in the place of ``data_str``. Where it is
            no UTF-8, the client reads U+FFFD.
        event: The type of the event.
        id: What the client sends back as ``Last-Event-ID`` when it reconnects.
        retry: Milliseconds that the client shall wait before it reconnects.
        comment: Text that clients ignore.

    Returns:
        The fields in the order comment, event, data, id, retry, and the empty
        line that makes the client dispatch them.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: No field is given, or both kinds of data; ``event`` or ``id``
            holds CR or LF, or ``id`` NUL; ``retry`` is negative; a text holds a
            lone surrogate.

    Spec: WHATWG HTML §9.2.5.
    """
    if (
        event is None
        and id is None
        and retry is None
        and comment is None
        and data_str is None
        and data_bytes.__class__ is bytes
        and 10 not in data_bytes
        and 13 not in data_bytes
    ):
        return b"data: %b\n\n" % data_bytes
    if (
        type(event) is type(id) is type(data_str) is str
        and data_bytes is None
        and retry is None
        and comment is None
    ):
        # As if each field were one line; and then one look at whether it is.
        text = f"event: {event}\ndata: {data_str}\nid: {id}\n\n"
        if text.count("\n") == 4 and "\r" not in text and "\0" not in text:
            return _encode(text)
    return _frame(data_str, data_bytes, event, id, retry, comment)


def frame_data(data: bytes) -> bytes:
    """Frame an event that is data and nothing else, such as JSON."""
    if 10 in data or 13 in data:
        return _frame_bytes(data) + b"\n"
    return b"data: %b\n\n" % data


def format_event(event: ServerSentEvent, data: bytes | None) -> bytes:
    """
    Frame an event.

    Args:
        event: The event.
        data: Its ``data``, encoded as JSON; ``None`` when it has none.

    Raises:
        ValueError: The event has no field, or a text of it a lone surrogate.
    """
    return _frame(
        event.raw_data, data, event.event, event.id, event.retry, event.comment
    )


def _frame(
    data_str: str | None,
    data_bytes: Buffer | None,
    event: str | None,
    id: str | None,
    retry: int | None,
    comment: str | None,
) -> bytes:
    """Frame an event of any fields; the arguments are format_sse_event's."""
    if data_bytes is not None:
        try:
            data_str = _decode(data_str, data_bytes)
        except UnicodeDecodeError:
            return _frame_binary(bytes(data_bytes), event, id, retry, comment)
    text = "" if comment is None else _frame_lines("", _check_text("comment", comment))
    if event is not None:
        if type(event) is not str or "\n" in event or "\r" in event:
            event = _check_line("event", event)
        text = f"{text}event: {event}\n"
    if data_str is not None:
        if type(data_str) is not str or "\n" in data_str or "\r" in data_str:
            text += _frame_lines("data", _check_text("data_str", data_str))
        else:
            text = f"{text}data: {data_str}\n"
    if id is not None:
        if type(id) is not str or "\n" in id or "\r" in id or "\0" in id:
            id = _check_id(id)
        text = f"{text}id: {id}\n"
    if retry is not None:
        text = f"{text}retry: {_check_retry(retry)}\n"
    if not text:
        raise ValueError("An event must have at least one field; got none.")
    return _encode(text + "\n")


def _frame_lines(name: str, text: str) -> str:
    """Frame a field line by line; an empty name makes comments."""
    # Not str.splitlines(), which also breaks at U+2028, U+0085 and others.
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    separator = f"\n{name}: "
    return f"{name}: {lines.replace(chr(10), separator)}\n"


def _frame_binary(
    data: bytes,
    event: str | None,
    id: str | None,
    retry: int | None,
    comment: str | None,
) -> bytes:
    """Frame an event whose data is no UTF-8, and so cannot be framed as text."""
    before, after = b"", b"\n"
    if event is not None or comment is not None:
        before = format_sse_event(event=event, comment=comment)[:-1]
    if id is not None or retry is not None:
        after = format_sse_event(id=id, retry=retry)
    return before + _frame_bytes(data) + after


def _decode(data_str: str | None, data_bytes: object) -> str:
    if data_str is not None:
        raise ValueError(
            "An event has either data_str or data_bytes; got both. Give one."
        )
    if not isinstance(data_bytes, Buffer):
        raise TypeError(f"data_bytes must be bytes; got {data_bytes!r}.")
    return bytes(data_bytes).decode()


def _frame_bytes(data: bytes) -> bytes:
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"data: " + lines.replace(b"\n", b"\ndata: ") + b"\n"


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            "The text of an event must be what UTF-8 can encode; it holds the lone "
            f"surrogate {error.object[error.start]!r}."
        ) from None


def _check_text(name: str, text: object) -> str:
    """Return text as an exact ``str``: a subclass may format itself otherwise."""
    if not isinstance(text, str):
        raise TypeError(f"{name} must be a str; got {text!r}.")
    return str.__str__(text)


def _check_line(name: str, text: object) -> str:
    line = _check_text(name, text)
    if "\n" in line or "\r" in line:
        raise ValueError(f"{name} must be one line, without CR and LF; got {line!r}.")
    return line


def _check_id(text: object) -> str:
    line = _check_line("id", text)
    # §9.2.6: "If the field value does not contain U+0000 NULL, then set the last
    # event ID buffer to the field value. Otherwise, ignore the field."
    if "\0" in line:
        raise ValueError(f"id must not contain NUL; got {line!r}.")
    return line


def _check_retry(retry: object) -> int:
    if not isinstance(retry, int) or isinstance(retry, bool):
        raise TypeError(f"retry must be an int of milliseconds; got {retry!r}.")
    if retry < 0:
        raise ValueError(f"retry must be zero or more milliseconds; got {retry!r}.")
    return int(retry)
