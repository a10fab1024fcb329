"""
A client written from the standard, a sentence a line, with no thought of speed.

Spec: WHATWG HTML, "Server-sent events", §9.2.6 "Interpreting an event stream".
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MessageEvent:
    """What a script receives."""

    type: str
    data: str
    last_event_id: str


@dataclass
class Client:
    """What is left when the stream has ended."""

    events: list[MessageEvent] = field(default_factory=list)
    reconnection_time: int | None = None
    last_event_id: str = ""


def interpret(stream: bytes) -> Client:
    """Interpret a whole stream."""
    client = Client()
    data = event_type = last_event_id_buffer = ""
    for line in _lines(stream.decode("utf-8", "replace")):
        if line == "":
            # "Set the last event ID string of the event source to the value of
            # the last event ID buffer."
            client.last_event_id = last_event_id_buffer
            # "If the data buffer is an empty string, set the data buffer and the
            # event type buffer to the empty string and return."
            if data != "":
                # "If the data buffer's last character is a U+000A LINE FEED (LF)
                # character, then remove the last character from the data buffer."
                client.events.append(
                    MessageEvent(
                        event_type or "message",
                        data.removesuffix("\n"),
                        client.last_event_id,
                    )
                )
            data = event_type = ""
        elif line[0] != ":":  # "Ignore the line", which is a comment.
            name, value = line, ""
            if ":" in line:
                position = line.index(":")
                name, value = line[:position], line[position + 1 :]
                value = value[1:] if value[:1] == " " else value
            if name == "event":
                event_type = value
            elif name == "data":
                data += value + "\n"
            elif name == "id" and "\0" not in value:
                last_event_id_buffer = value
            elif name == "retry" and value and set(value) <= set("0123456789"):
                client.reconnection_time = int(value)
    return client


def _lines(text: str) -> list[str]:
    """Return the lines that have an end; what follows the last end is discarded."""
    lines = []
    line = ""
    # §9.2.5: "end-of-line = ( cr lf / cr / lf )", and one leading BOM is stripped.
    characters = iter(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    for character in characters:
        if character in "\r\n":
            lines.append(line)
            line = ""
        else:
            line += character
    return lines
