"""
Bytes of an event stream, in pieces of any size, to events.

No Django, no I/O, no clock. The stream may be hostile: what the standard has no
rule for is ignored, and nothing raises.

Spec: WHATWG HTML, "Server-sent events", §9.2.5 and §9.2.6.
"""

from __future__ import annotations

import codecs
import re

from django_bolt.wire.sse import ServerSentEvent

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Milliseconds of 30,000 years; what is longer is no time that anybody meant.
_LONGEST_RETRY = 15


class EventStreamParser:
    """
    A parser that is fed what arrives and returns what is complete.

    Unlike a browser it also returns blocks without data, such as a sole ``id``
    or comment, and says of each event what stood in it, not what an earlier one
    left behind: what ``format_sse_event`` framed comes back as it was, with its
    data in ``raw_data``.
    """

    def __init__(self) -> None:
        # §9.2.6: "Streams must be decoded using the UTF-8 decode algorithm",
        # which strips one leading BOM.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._unfinished: list[str] = []
        self._after_carriage_return = False
        self._block = _Block()

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """
        Take the next bytes of the stream.

        Returns:
            The events whose empty line has arrived. What is incomplete when the
            stream ends is no event, and is never returned.
        """
        text = self._decoder.decode(data)
        if not text:
            return []
        if self._after_carriage_return and text[0] == "\n":
            text = text[1:]  # The other half of a CR LF.
        self._after_carriage_return = text.endswith("\r")
        first, *rest = _LINE_BREAK.split(text)
        self._unfinished.append(first)
        events = []
        for start_of_next in rest:
            event = self._block.take("".join(self._unfinished))
            self._unfinished = [start_of_next]
            if event is not None:
                events.append(event)
        return events


class _Block:
    """The fields of one event, up to its empty line."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.data: list[str] = []
        self.comment: list[str] = []
        self.event: str | None = None
        self.id: str | None = None
        self.retry: int | None = None

    def take(self, line: str) -> ServerSentEvent | None:
        """Take one line, without its end; return the event that it completes."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        # "If value starts with a U+0020 SPACE character, remove it from value."
        self._set(name, value.removeprefix(" "))
        return None

    def _set(self, name: str, value: str) -> None:
        match name:
            case "":
                self.comment.append(value)
            case "data":
                self.data.append(value)
            case "event":
                self.event = value
            case "id" if "\0" not in value:
                self.id = value
            case "retry" if value.isascii() and value.isdigit():
                if len(value) <= _LONGEST_RETRY:
                    self.retry = int(value)

    def _dispatch(self) -> ServerSentEvent | None:
        event = ServerSentEvent(
            raw_data="\n".join(self.data) if self.data else None,
            event=self.event,
            id=self.id,
            retry=self.retry,
            comment="\n".join(self.comment) if self.comment else None,
        )
        self._clear()
        return None if event == _NOTHING else event


_NOTHING = ServerSentEvent()
