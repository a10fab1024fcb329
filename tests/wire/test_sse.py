"""Events to bytes: the table of the format, and what clients make of the bytes."""

import enum
import json
from typing import Any

import httpx
import httpx_sse
import msgspec
import pytest
import sseclient
from django.utils.safestring import mark_safe
from hypothesis import example, given
from hypothesis import strategies as st

import django_bolt
import django_bolt.responses
from django_bolt.wire.sse import (
    ServerSentEvent,
    format_event,
    format_sse_event,
    frame_data,
)
from tests.wire.whatwg import MessageEvent, interpret

text = st.text(st.characters(exclude_categories=["Cs"]))
lines = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))
ids = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))


def frame(event: ServerSentEvent) -> bytes:
    """Frame an event, with an encoder of the standard library."""
    data = None if event.data is None else json.dumps(event.data).encode()
    return format_event(event, data)


@pytest.mark.parametrize(
    ("fields", "framed"),
    [
        pytest.param(
            {"data_str": '{"count": 1}'}, b'data: {"count": 1}\n\n', id="data as text"
        ),
        pytest.param(
            {"data_bytes": b'{"count": 1}'},
            b'data: {"count": 1}\n\n',
            id="data as bytes",
        ),
        pytest.param(
            {"data_str": "payload", "event": "update", "id": "42", "retry": 5000},
            b"event: update\ndata: payload\nid: 42\nretry: 5000\n\n",
            id="every field but the comment",
        ),
        pytest.param(
            {"data_bytes": b"payload", "comment": "c", "event": "e", "id": "1"},
            b": c\nevent: e\ndata: payload\nid: 1\n\n",
            id="the comment comes first",
        ),
        pytest.param(
            {"data_str": "a\nb\r\nc\rd"},
            b"data: a\ndata: b\ndata: c\ndata: d\n\n",
            id="text of four lines",
        ),
        pytest.param(
            {"data_bytes": b"a\nb\r\nc\rd"},
            b"data: a\ndata: b\ndata: c\ndata: d\n\n",
            id="bytes of four lines",
        ),
        pytest.param({"data_str": "a\r"}, b"data: a\ndata: \n\n", id="a last line end"),
        pytest.param({"data_str": ""}, b"data: \n\n", id="empty text"),
        pytest.param({"data_bytes": b""}, b"data: \n\n", id="empty bytes"),
        pytest.param(
            {"data_str": "a\u2028b\x0bc\x85d"},
            "data: a\u2028b\x0bc\x85d\n\n".encode(),
            id="other line separators of Unicode",
        ),
        pytest.param({"comment": "x\ny"}, b": x\n: y\n\n", id="comment of two lines"),
        pytest.param({"comment": ""}, b": \n\n", id="empty comment"),
        pytest.param(
            {"data_str": "x", "event": ""}, b"event: \ndata: x\n\n", id="empty event"
        ),
        pytest.param({"id": ""}, b"id: \n\n", id="empty id"),
        pytest.param({"retry": 0}, b"retry: 0\n\n", id="retry at once"),
        pytest.param({"event": "ping"}, b"event: ping\n\n", id="event without data"),
        pytest.param(
            {"data_str": "\0", "event": "\0"},
            b"event: \0\ndata: \0\n\n",
            id="NUL outside the id",
        ),
        pytest.param(
            {"data_bytes": bytearray(b"a\nb")},
            b"data: a\ndata: b\n\n",
            id="bytearray",
        ),
        pytest.param(
            {"data_bytes": memoryview(b"aXbXc")[::2]},
            b"data: abc\n\n",
            id="memoryview with a step",
        ),
        pytest.param(
            {"data_bytes": b"\xff\nb"},
            b"data: \xff\ndata: b\n\n",
            id="bytes that are no UTF-8",
        ),
        pytest.param(
            {
                "data_bytes": b"\xff\rb",
                "comment": "c",
                "event": "e",
                "id": "1",
                "retry": 2,
            },
            b": c\nevent: e\ndata: \xff\ndata: b\nid: 1\nretry: 2\n\n",
            id="bytes that are no UTF-8 among fields",
        ),
    ],
)
def test_format_sse_event_fields_are_framed(fields: Any, framed: bytes) -> None:
    assert format_sse_event(**fields) == framed


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({}, "at least one field", id="nothing"),
        pytest.param(
            {"data_str": "a", "data_bytes": b"a"}, "got both", id="data twice"
        ),
        pytest.param({"event": "a\nb"}, "one line", id="LF in the event"),
        pytest.param({"event": "a\rb"}, "one line", id="CR in the event"),
        pytest.param({"id": "a\nb"}, "one line", id="LF in the id"),
        pytest.param({"id": "a\rb"}, "one line", id="CR in the id"),
        pytest.param({"id": "a\0b"}, "NUL", id="NUL in the id"),
        pytest.param({"retry": -1}, r"zero or more.*-1", id="negative retry"),
        pytest.param({"data_str": "\ud800"}, "surrogate", id="surrogate in the data"),
        pytest.param({"event": "\ud800"}, "surrogate", id="surrogate in the event"),
        pytest.param({"id": "\udfff"}, "surrogate", id="surrogate in the id"),
        pytest.param({"comment": "\ud800"}, "surrogate", id="surrogate in the comment"),
        pytest.param(
            {"data_bytes": b"\xff", "event": "\ud800"},
            "surrogate",
            id="surrogate beside bytes that are no UTF-8",
        ),
    ],
)
def test_format_sse_event_refuses_a_wrong_value(fields: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        format_sse_event(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"data_str": b"a"}, id="bytes as text"),
        pytest.param({"data_str": 1}, id="number as text"),
        pytest.param({"data_bytes": "a"}, id="text as bytes"),
        pytest.param({"data_bytes": 1}, id="number as bytes"),
        pytest.param({"data_bytes": [1]}, id="list as bytes"),
        pytest.param({"event": b"a"}, id="bytes as event"),
        pytest.param({"id": 1}, id="number as id"),
        pytest.param({"comment": 1}, id="number as comment"),
        pytest.param({"retry": "1"}, id="text as retry"),
        pytest.param({"retry": 1.0}, id="float as retry"),
        pytest.param({"retry": True}, id="bool as retry"),
    ],
)
def test_format_sse_event_refuses_a_wrong_type(fields: Any) -> None:
    with pytest.raises(TypeError, match=r"must be .*; got"):
        format_sse_event(**fields)


class Kind(str, enum.Enum):
    """An enumeration whose members format themselves as ``Kind.UPDATE``."""

    UPDATE = "update"


class Delay(int, enum.Enum):
    """The same of numbers."""

    LONG = 5000


def test_format_sse_event_a_subclass_is_framed_as_the_value_that_it_holds() -> None:
    framed = format_sse_event(
        data_str=mark_safe("<b>"), event=Kind.UPDATE, id=Kind.UPDATE, retry=Delay.LONG
    )

    assert framed == b"event: update\ndata: <b>\nid: update\nretry: 5000\n\n"


def test_frame_data_line_ends_in_ready_json_do_not_end_the_event() -> None:
    assert frame_data(b"[1,\r\n2]") == b"data: [1,\ndata: 2]\n\n"


def test_frame_data_one_line_is_one_field() -> None:
    assert frame_data(b"[1,2]") == b"data: [1,2]\n\n"


@pytest.mark.parametrize(
    ("event", "framed"),
    [
        pytest.param(ServerSentEvent({"a": 1}), b'data: {"a": 1}\n\n', id="data"),
        pytest.param(ServerSentEvent(raw_data="a"), b"data: a\n\n", id="raw data"),
        pytest.param(ServerSentEvent(False), b"data: false\n\n", id="false"),
        pytest.param(
            ServerSentEvent("d", None, "e", "i", 3, "c"),
            b': c\nevent: e\ndata: "d"\nid: i\nretry: 3\n\n',
            id="by position",
        ),
    ],
)
def test_format_event_fields_are_framed(event: ServerSentEvent, framed: bytes) -> None:
    assert frame(event) == framed


def test_format_event_without_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one field"):
        frame(ServerSentEvent())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"data": 1, "raw_data": "1"}, id="data twice"),
        pytest.param({"event": "a\nb"}, id="LF in the event"),
        pytest.param({"event": "a\rb"}, id="CR in the event"),
        pytest.param({"id": "a\nb"}, id="LF in the id"),
        pytest.param({"id": "a\rb"}, id="CR in the id"),
        pytest.param({"id": "a\0b"}, id="NUL in the id"),
        pytest.param({"retry": -1}, id="negative retry"),
    ],
)
def test_server_sent_event_refuses_a_wrong_value(fields: Any) -> None:
    with pytest.raises(ValueError, match=r"got .*\."):
        ServerSentEvent(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"raw_data": b"1"}, id="bytes as raw data"),
        pytest.param({"event": b"a"}, id="bytes as event"),
        pytest.param({"id": 1}, id="number as id"),
        pytest.param({"comment": 1}, id="number as comment"),
        pytest.param({"retry": 1.5}, id="float as retry"),
        pytest.param({"retry": True}, id="bool as retry"),
    ],
)
def test_server_sent_event_refuses_a_wrong_type(fields: Any) -> None:
    with pytest.raises(TypeError, match=r"must be .*; got"):
        ServerSentEvent(**fields)


def test_server_sent_event_is_immutable() -> None:
    event = ServerSentEvent(raw_data="a")

    with pytest.raises(AttributeError, match="immutable"):
        event.raw_data = "b"  # type: ignore[misc]  # what is tested


def test_server_sent_event_replace_validates_too() -> None:
    event = ServerSentEvent(raw_data="a")

    with pytest.raises(ValueError, match="one line"):
        msgspec.structs.replace(event, id="a\nb")


@pytest.mark.parametrize("module", [django_bolt, django_bolt.responses])
def test_events_are_exported(module: Any) -> None:
    assert module.ServerSentEvent is ServerSentEvent
    assert module.format_sse_event is format_sse_event


def as_seen(value: str) -> str:
    """Return what is left of line ends when lines were sent one by one."""
    return value.replace("\r\n", "\n").replace("\r", "\n")


@given(text, lines, ids)
def test_a_client_of_the_standard_receives_what_was_framed(
    data: str, event: str, id: str
) -> None:
    stream = format_sse_event(data_str=data, event=event, id=id)

    client = interpret(stream)

    assert client.events == [MessageEvent(event or "message", as_seen(data), id)]


@given(st.integers(min_value=0))
@example(1500)
def test_a_client_of_the_standard_waits_as_long_as_it_is_told(retry: int) -> None:
    client = interpret(format_sse_event(retry=retry))

    assert client.reconnection_time == retry
    assert client.events == []


@given(text, text)
def test_a_comment_reaches_no_script(comment: str, data: str) -> None:
    stream = format_sse_event(comment=comment, data_bytes=data.encode())

    client = interpret(stream)

    assert [event.data for event in client.events] == [as_seen(data)]


@given(text, lines, ids)
def test_httpx_sse_receives_what_was_framed(data: str, event: str, id: str) -> None:
    stream = format_sse_event(data_str=data, event=event, id=id, retry=7)
    response = httpx.Response(
        200, headers={"Content-Type": "text/event-stream"}, content=stream
    )

    received = list(httpx_sse.EventSource(response).iter_sse())

    assert [(r.event, r.data, r.id, r.retry) for r in received] == [
        (event or "message", as_seen(data), id, 7)
    ]


@given(text, lines, ids)
def test_sseclient_receives_what_was_framed(data: str, event: str, id: str) -> None:
    stream = format_sse_event(data_str=data, event=event, id=id)

    received = list(sseclient.SSEClient(iter([stream])).events())

    assert [(r.event, r.data, r.id) for r in received] == [
        (event or "message", as_seen(data), id)
    ]
