"""JSON, PlainText, HTML and Redirect."""

import inspect
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from django.core.exceptions import DisallowedRedirect
from django.http.response import HttpResponseRedirectBase
from django.urls import reverse_lazy
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from django_bolt import HTML, JSON, PlainText, Redirect, Response


@pytest.mark.parametrize(
    ("make", "signature"),
    [
        pytest.param(
            Response,
            [
                ("content", {}),
                ("status_code", 200),
                ("headers", None),
                ("media_type", "application/json"),
            ],
            id="Response",
        ),
        pytest.param(
            JSON,
            [
                ("data", inspect.Parameter.empty),
                ("status_code", 200),
                ("headers", None),
            ],
            id="JSON",
        ),
        pytest.param(
            PlainText,
            [
                ("text", inspect.Parameter.empty),
                ("status_code", 200),
                ("headers", None),
            ],
            id="PlainText",
        ),
        pytest.param(
            HTML,
            [
                ("html", inspect.Parameter.empty),
                ("status_code", 200),
                ("headers", None),
            ],
            id="HTML",
        ),
        pytest.param(
            Redirect,
            [("url", inspect.Parameter.empty), ("status_code", 307), ("headers", None)],
            id="Redirect",
        ),
    ],
)
def test_response_class_takes_its_parameters_in_order(
    make: Any, signature: list[tuple[str, object]]
) -> None:
    parameters = inspect.signature(make).parameters.values()

    assert [
        (parameter.name, parameter.default) for parameter in parameters
    ] == signature
    assert {parameter.kind for parameter in parameters} == {
        inspect.Parameter.POSITIONAL_OR_KEYWORD
    }


@pytest.mark.parametrize(
    ("response", "media_type", "body"),
    [
        pytest.param(JSON({"a": [1]}), "application/json", b'{"a":[1]}', id="JSON"),
        pytest.param(JSON(b"ab"), "application/json", b'"YWI="', id="bytes in JSON"),
        pytest.param(
            PlainText("é"), "text/plain; charset=utf-8", b"\xc3\xa9", id="PlainText"
        ),
        pytest.param(
            PlainText(gettext_lazy("hello")),
            "text/plain; charset=utf-8",
            b"hello",
            id="lazy PlainText",
        ),
        pytest.param(
            PlainText(b"\xc3\xa9"),
            "text/plain; charset=utf-8",
            b"\xc3\xa9",
            id="ready PlainText",
        ),
        pytest.param(
            HTML("<p>é"), "text/html; charset=utf-8", b"<p>\xc3\xa9", id="HTML"
        ),
        pytest.param(
            HTML(format_html("<p>{}", "<")),
            "text/html; charset=utf-8",
            b"<p>&lt;",
            id="safe HTML",
        ),
    ],
)
def test_response_class_sends_its_type_and_body(
    response: Response, media_type: str, body: bytes
) -> None:
    assert response["Content-Type"] == media_type
    assert response.content == body


@pytest.mark.parametrize("make", [PlainText, HTML])
@pytest.mark.parametrize("value", [None, 5, {"a": 1}, ["a"], object()])
def test_text_response_of_something_else_is_a_type_error(make: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=r"must be a str or bytes; got .*Use JSON"):
        make(value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_sends_location_and_an_empty_body(status: int) -> None:
    response = Redirect("/next/?q=é", status_code=status)

    assert response.status_code == status
    assert dict(response.items()) == {"Location": "/next/?q=%C3%A9"}
    assert response.url == "/next/?q=%C3%A9"
    assert response.content == b""
    assert isinstance(response, HttpResponseRedirectBase)


def test_redirect_status_of_an_enumeration_is_a_plain_number() -> None:
    assert type(Redirect("/", HTTPStatus.SEE_OTHER).status_code) is int


def test_redirect_keeps_the_method_by_default() -> None:
    """RFC 9110 §15.4.8: 307 does not change the method."""
    assert Redirect("/").status_code == 307


@pytest.mark.parametrize("status", [307.0, Decimal(302)])
def test_redirect_with_a_status_that_is_no_int_is_a_type_error(status: Any) -> None:
    with pytest.raises(TypeError, match="status_code must be an int; got"):
        Redirect("/", status_code=status)


@pytest.mark.parametrize("status", [200, 204, 300, 304, 305, 306, 400, "302", None])
def test_redirect_with_another_status_is_a_value_error(status: Any) -> None:
    with pytest.raises(ValueError, match="must be 301, 302, 303, 307 or 308; got"):
        Redirect("/", status_code=status)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,hi", "file:///etc/passwd", "JAVASCRIPT:x"],
)
def test_redirect_to_an_unsafe_scheme_is_disallowed(url: str) -> None:
    with pytest.raises(DisallowedRedirect):
        Redirect(url)


@pytest.mark.parametrize("url", [None, b"/next/", 5, ["/"]])
def test_redirect_to_no_text_is_a_type_error(url: Any) -> None:
    with pytest.raises(TypeError, match="The URL of a redirect must be a str; got"):
        Redirect(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(reverse_lazy("logout"), id="reverse_lazy"),
        pytest.param(SimpleLazyObject(lambda: "/logout/"), id="lazy object"),
    ],
)
@pytest.mark.urls("django.contrib.auth.urls")
def test_redirect_accepts_lazy_urls(url: Any) -> None:
    assert Redirect(url).url == "/logout/"


def test_redirect_newline_in_the_url_cannot_forge_a_header() -> None:
    assert Redirect("/a\r\nSet-Cookie: b=1").url == "/a%0D%0ASet-Cookie:%20b=1"


def test_redirect_takes_headers_and_a_type_from_them() -> None:
    response = Redirect(
        "/", headers={"Cache-Control": "no-store", "Content-Type": "a/b"}
    )

    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "a/b"


def test_redirect_second_location_is_refused() -> None:
    """It would go around the check of the scheme."""
    with pytest.raises(ValueError, match="headers must not hold a Location"):
        Redirect("/", headers={"location": "javascript:alert(1)"})
