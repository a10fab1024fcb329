"""Bytes to events, however they are cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.wire.sse import ServerSentEvent, format_sse_event
from django_bolt.wire.sse_parser import EventStreamParser
from tests.wire.whatwg import interpret

syntax = st.sampled_from(
    ["data", "event", "id", "retry", ":", " ", "\r", "\n", "\r\n", "\n\n", "\ufeff"]
)
stray = st.characters(exclude_categories=["Cs"])
streams = st.lists(syntax | stray | st.sampled_from("0123456789\0")).map("".join)


def parse(*pieces: bytes) -> list[ServerSentEvent]:
    """Feed a new parser, piece by piece."""
    parser = EventStreamParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        pytest.param(b"data: a\n\n", ServerSentEvent(raw_data="a"), id="data"),
        pytest.param(b"data:a\n\n", ServerSentEvent(raw_data="a"), id="no space"),
        pytest.param(b"data:  a\n\n", ServerSentEvent(raw_data=" a"), id="two spaces"),
        pytest.param(b"data\n\n", ServerSentEvent(raw_data=""), id="name alone"),
        pytest.param(
            b"data: a\rdata: b\r\ndata: c\n\n",
            ServerSentEvent(raw_data="a\nb\nc"),
            id="three kinds of line end",
        ),
        pytest.param(
            b"event: e\nid: 1\nretry: 5\n: c\n\n",
            ServerSentEvent(event="e", id="1", retry=5, comment="c"),
            id="all but data",
        ),
        pytest.param(
            b": a\n:b\n\n", ServerSentEvent(comment="a\nb"), id="comment of two lines"
        ),
        pytest.param(
            b"id: 1\nid: a\0b\n\n", ServerSentEvent(id="1"), id="id with NUL is ignored"
        ),
        pytest.param(
            b"retry: 1\nretry: -1\n\n", ServerSentEvent(retry=1), id="retry no digits"
        ),
        pytest.param(
            "retry: 1\nretry: ٣\n\n".encode(),
            ServerSentEvent(retry=1),
            id="retry in other digits",
        ),
        pytest.param(
            b"retry: 1\nretry: " + b"9" * 5000 + b"\n\n",
            ServerSentEvent(retry=1),
            id="retry beyond reason",
        ),
        pytest.param(
            b"data: a\nnope: b\n\n", ServerSentEvent(raw_data="a"), id="unknown field"
        ),
        pytest.param(
            b"\xef\xbb\xbfdata: a\n\n", ServerSentEvent(raw_data="a"), id="leading BOM"
        ),
        pytest.param(
            b"data: \xff\n\n", ServerSentEvent(raw_data="\ufffd"), id="no UTF-8"
        ),
    ],
)
def test_feed_a_block_is_one_event(stream: bytes, event: ServerSentEvent) -> None:
    assert parse(stream) == [event]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n\n\n", id="empty lines"),
        pytest.param(b"nope: a\n\n", id="unknown field alone"),
        pytest.param(b"data: a\n", id="no empty line"),
        pytest.param(b"data: a\n\ndata: b"[9:], id="no line end"),
    ],
)
def test_feed_what_is_no_event_is_none(stream: bytes) -> None:
    assert parse(stream) == []


def test_feed_an_event_is_complete_at_the_carriage_return() -> None:
    parser = EventStreamParser()

    assert parser.feed(b"data: a\r\r") == [ServerSentEvent(raw_data="a")]
    assert parser.feed(b"\ndata: b\r\n\r\n") == [ServerSentEvent(raw_data="b")]


@given(streams, st.data())
def test_feed_dispatches_as_the_standard_says(stream: str, data: st.DataObject) -> None:
    octets = stream.encode()
    cut = data.draw(st.integers(0, len(octets)))

    events = parse(octets[:cut], octets[cut:])

    client = interpret(octets)
    assert [
        (event.event or "message", event.raw_data)
        for event in events
        if event.raw_data is not None
    ] == [(event.type, event.data) for event in client.events]


@given(streams)
def test_feed_the_size_of_the_pieces_does_not_matter(stream: str) -> None:
    octets = stream.encode()

    events = parse(*(octets[at : at + 1] for at in range(len(octets))))

    assert events == parse(octets)


lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
texts = st.lists(lines, min_size=1).map("\n".join)


@given(texts, lines, ids, st.integers(0, 10**12), texts)
def test_feed_what_was_framed_comes_back(
    raw_data: str, event: str, id: str, retry: int, comment: str
) -> None:
    framed = format_sse_event(
        data_str=raw_data, event=event, id=id, retry=retry, comment=comment
    )

    assert parse(framed) == [
        ServerSentEvent(
            raw_data=raw_data, event=event, id=id, retry=retry, comment=comment
        )
    ]
