"""
What a client of an event stream brings when it comes back.

Everything that a request says is the client's word, and may be forged.
"""

from __future__ import annotations

import re

from django.http import HttpRequest

# What no id can hold (WHATWG HTML §9.2.6), so that nothing of ours was lost.
_NO_ID = re.compile(r"[\r\n\0]")

LONGEST_ID = 1024
"""Characters that an id may have by default; ours are shorter."""


def last_event_id(request: HttpRequest, *, max_length: int = LONGEST_ID) -> str | None:
    """
    Return the id of the last event that a client has seen.

    A client that reconnects says it in the header ``Last-Event-ID``. A page that
    was rendered with a known id says it the first time as
    ``new EventSource("/events?lastEventId=42")``; the header, being newer, wins.

    Args:
        request: The request for the stream.
        max_length: Characters beyond which an id is taken for none.

    Returns:
        The id, well-formed but never to be trusted: the client may send any
        text, so look it up, and expect not to find it. ``None`` when there is
        none, or what there is can be no id.

    Spec: WHATWG HTML §9.2.3 ("encoded as UTF-8"), §9.2.4.
    """
    header = request.headers.get("Last-Event-ID")
    text = request.GET.get("lastEventId") if header is None else _decode(header)
    if not text or len(text) > max_length or _NO_ID.search(text):
        return None
    return text


def _decode(header: str) -> str | None:
    """Read a header, which servers hand over as Latin-1, as the UTF-8 it is in."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return None
