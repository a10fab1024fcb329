"""Response: how the content goes out, and that it is an ordinary HttpResponse."""

import copy
import io
import pickle
from http import HTTPStatus
from typing import Any

import pytest
from django.core.signals import request_finished
from django.http import HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from django_bolt import HTML, JSON, PlainText, Response

IN_MEMORY = [Response, JSON, PlainText, HTML]


@pytest.mark.parametrize(
    ("arguments", "media_type", "body"),
    [
        pytest.param({}, "application/json", b"{}", id="no content"),
        pytest.param({"content": None}, "application/json", b"null", id="None"),
        pytest.param({"content": "a"}, "application/json", b'"a"', id="str as JSON"),
        pytest.param({"content": [1, 2]}, "application/json", b"[1,2]", id="list"),
        pytest.param(
            {"content": {"a": 1}, "media_type": "application/problem+json"},
            "application/problem+json",
            b'{"a":1}',
            id="+json",
        ),
        pytest.param(
            {"content": [1], "media_type": "APPLICATION/LD+JSON ; profile=x"},
            "APPLICATION/LD+JSON ; profile=x",
            b"[1]",
            id="+json in capitals with a parameter",
        ),
        pytest.param(
            {"content": "é", "media_type": "text/csv"},
            "text/csv",
            "é".encode(),
            id="str as text",
        ),
        pytest.param(
            {"content": mark_safe("<p>"), "media_type": "text/html"},
            "text/html",
            b"<p>",
            id="safe string as text",
        ),
        pytest.param(
            {"content": gettext_lazy("hello"), "media_type": "text/plain"},
            "text/plain",
            b"hello",
            id="lazy text",
        ),
    ],
)
def test_response_content_is_encoded_as_the_media_type_says(
    arguments: dict[str, Any], media_type: str, body: bytes
) -> None:
    response = Response(**arguments)

    assert response.content == body
    assert response["Content-Type"] == media_type
    assert response.status_code == 200


@pytest.mark.parametrize("media_type", ["application/json", "image/png", "text/plain"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x00\xff", id="bytes"),
        pytest.param(bytearray(b"\x00\xff"), id="bytearray"),
        pytest.param(memoryview(b"\x00\xff"), id="memoryview"),
        pytest.param(memoryview(b"\x00-\xff-")[::2], id="memoryview with steps"),
    ],
)
def test_response_bytes_are_a_ready_body(content: object, media_type: str) -> None:
    response = Response(content, media_type=media_type)

    assert response.content == b"\x00\xff"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"a": 1}, id="dict"),
        pytest.param(5, id="int"),
        pytest.param(None, id="None"),
        pytest.param(["a"], id="list of str"),
        pytest.param(io.BytesIO(b"a"), id="file"),
    ],
)
@pytest.mark.parametrize("media_type", ["text/plain", "application/jsonl", "json"])
def test_response_content_that_is_no_text_is_a_type_error(
    content: object, media_type: str
) -> None:
    with pytest.raises(TypeError, match=f"type '{media_type}' must be a str or bytes"):
        Response(content, media_type=media_type)


def test_response_content_type_in_headers_does_not_decide_the_encoding() -> None:
    response = Response({"a": 1}, headers={"content-type": "text/x-mine"})

    assert response["Content-Type"] == "text/x-mine"
    assert response.content == b'{"a":1}'


def test_response_media_type_in_headers_does_not_make_json() -> None:
    with pytest.raises(TypeError):
        Response({}, headers={"Content-Type": "application/json"}, media_type="text/a")


@pytest.mark.parametrize("media_type", [None, b"text/plain", 5])
def test_response_media_type_of_a_wrong_type_is_refused(media_type: Any) -> None:
    with pytest.raises(TypeError, match="media_type must be a str"):
        Response("a", media_type=media_type)


def test_response_lone_surrogate_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"lone surrogate '\\ud800' at index 1"):
        PlainText("a\ud800")


@pytest.mark.parametrize("make", IN_MEMORY)
@pytest.mark.parametrize("status", [100, 103, 199, 204, 304])
def test_response_status_without_body_sends_neither_body_nor_type(
    make: Any, status: int
) -> None:
    """RFC 9110 §6.4.1."""
    response = make("text", status_code=status, headers={"Content-Type": "text/plain"})

    assert response.content == b""
    assert list(response) == []
    assert "Content-Type" not in response
    assert response.status_code == status


@pytest.mark.parametrize("make", IN_MEMORY)
def test_response_status_without_body_ignores_content_that_cannot_be_sent(
    make: Any,
) -> None:
    assert make(object(), status_code=204).content == b""


@pytest.mark.parametrize("make", IN_MEMORY)
@pytest.mark.parametrize("status", [200, 201, 205, 404, 599, HTTPStatus.ACCEPTED])
def test_response_other_status_keeps_its_body(make: Any, status: int) -> None:
    response = make("text", status_code=status)

    assert b"text" in response.content
    assert "Content-Type" in response
    assert type(response.status_code) is int
    assert response.status_code == status


@pytest.mark.parametrize("make", IN_MEMORY)
def test_response_content_can_be_assigned_and_written(make: Any) -> None:
    response = make("old")

    response.content = "new"
    response.write(b"er")
    response.writelines(["!", "?"])

    assert response.content == response.getvalue() == b"newer!?"
    assert response.text == "newer!?"
    assert response.tell() == 7
    assert (response.writable(), response.streaming) == (True, False)


@pytest.mark.parametrize("make", IN_MEMORY)
def test_response_has_what_djangos_constructor_assigns(make: Any) -> None:
    """Our constructor does not call Django's: nothing of it may be missing."""
    response = make("text")

    for name, value in vars(HttpResponse("text")).items():
        if name not in ("headers", "_container"):
            assert getattr(response, name) == value, name


@pytest.mark.parametrize("make", IN_MEMORY)
def test_response_parts_are_its_own(make: Any) -> None:
    first, second = make("text"), make("text")

    first["X-A"] = "1"
    first.set_cookie("a", "1")
    first.reason_phrase = "Fine"
    first.write("more")
    first._resource_closers.append(print)

    assert "X-A" not in second
    assert not second.cookies
    assert second.reason_phrase == "OK"
    assert b"more" not in second.content
    assert second._resource_closers == []


@pytest.mark.parametrize("make", IN_MEMORY)
@pytest.mark.parametrize(
    "duplicate",
    [lambda r: pickle.loads(pickle.dumps(r)), copy.copy],
    ids=["pickle", "copy"],
)
@pytest.mark.parametrize("touched", [True, False], ids=["touched", "untouched"])
def test_response_survives_duplication(
    make: Any, duplicate: Any, touched: bool
) -> None:
    response = make("text")
    if touched:
        response["X-A"] = "1"
        response.set_cookie("a", "1")
        response.status_code = 202

    copied = duplicate(response)

    assert copied.content == response.content
    assert dict(copied.items()) == dict(response.items())
    assert copied.cookies.output() == response.cookies.output()
    assert copied.status_code == response.status_code


@pytest.mark.django_db
@pytest.mark.parametrize("make", IN_MEMORY)
def test_response_close_runs_closers_and_sends_the_signal(make: Any) -> None:
    response = make("text")
    events: list[object] = []

    class Handler:
        """A handler of a server."""

    response._resource_closers.append(lambda: events.append("closed"))
    response._handler_class = Handler

    def receiver(sender: object, **kwargs: object) -> None:
        events.append(sender)

    request_finished.connect(receiver)
    try:
        response.close()
    finally:
        request_finished.disconnect(receiver)

    assert events == ["closed", Handler]
    assert response.closed is True


@pytest.mark.parametrize(
    ("response", "charset"),
    [
        pytest.param(PlainText("é"), "utf-8", id="named in the type"),
        pytest.param(JSON("é"), "utf-8", id="Django's default"),
        pytest.param(
            Response("é", media_type="text/a; charset=Latin-1"), "Latin-1", id="another"
        ),
    ],
)
def test_response_charset_is_that_of_its_type(response: Response, charset: str) -> None:
    assert response.charset == charset


def test_response_repr_names_class_status_and_type() -> None:
    assert repr(JSON({}, 201)) == '<JSON status_code=201, "application/json">'


def test_response_serializes_as_djangos_does() -> None:
    assert PlainText("hi").serialize() == (
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nhi"
    )


def test_response_subclass_may_name_its_own_media_type() -> None:
    class Problem(JSON):
        media_type = "application/problem+json"

    assert Problem({"title": "No"}, 409)["Content-Type"] == "application/problem+json"
    assert Problem({"title": "No"})["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("base", [Response, JSON, PlainText, HTML])
@pytest.mark.parametrize("headers", [None, {"X-A": "b"}])
def test_response_subclass_may_name_its_own_status(
    base: Any, headers: dict[str, str] | None
) -> None:
    class Missing(base):  # type: ignore[misc]
        status_code = 404

    class Gone(base):  # type: ignore[misc]
        status_code = 204

    assert Missing("a", headers=headers).status_code == 404
    assert Missing("a", 410, headers=headers).status_code == 410
    assert Gone("a", headers=headers).status_code == 204
    assert Gone("a", headers=headers).content == b""
    assert Gone("a", 200, headers=headers).get("Content-Type") is None
