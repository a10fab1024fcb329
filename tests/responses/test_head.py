"""Status, header fields and cookies: what every response shares."""

from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from django.http import BadHeaderError, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.utils.translation import gettext_lazy

from django_bolt import (
    HTML,
    JSON,
    PlainText,
    Redirect,
    Response,
    StreamingResponse,
)
from django_bolt.responses.head import ChainingCookies, make_headers

CLASSES = [Response, JSON, PlainText, HTML, Redirect, StreamingResponse]

every_class = pytest.mark.parametrize("make", CLASSES)


def content_for(make: Any) -> Any:
    """Return a first argument that suits a response class."""
    return iter([b"text"]) if make is StreamingResponse else "text"


@every_class
def test_response_is_djangos(make: Any) -> None:
    response = make(content_for(make))

    base = StreamingHttpResponse if make is StreamingResponse else HttpResponse
    assert isinstance(response, base)


@every_class
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-A": "1\r\nSet-Cookie: a=b"}, id="CRLF in a value"),
        pytest.param({"X-A": "1\n2"}, id="LF in a value"),
        pytest.param({"X-A": "1\r2"}, id="CR in a value"),
        pytest.param({"X-A": "1\0"}, id="NUL in a value"),
        pytest.param({"X-A": "é\n"}, id="LF in a value beyond Latin-1 and ASCII"),
        pytest.param({"X-A": "ключ\n"}, id="LF in a value that is MIME-encoded"),
        pytest.param({"X-A: 1\r\nX-B": "1"}, id="CRLF in a name"),
        pytest.param({"X-A\n": "1"}, id="LF at the end of a name"),
        pytest.param({"X A": "1"}, id="space in a name"),
        pytest.param({"X-A:": "1"}, id="colon in a name"),
        pytest.param({"": "1"}, id="empty name"),
        pytest.param({"X-Ключ": "1"}, id="name beyond ASCII"),
    ],
)
def test_response_header_that_breaks_the_message_is_refused(
    make: Any, headers: dict[str, str]
) -> None:
    with pytest.raises(BadHeaderError):
        make(content_for(make), headers=headers)


@every_class
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        pytest.param([("X-A", "1")], "headers must be a mapping", id="list of pairs"),
        pytest.param("X-A: 1", "headers must be a mapping", id="str"),
        pytest.param({"X-A": 5}, "The header X-A must be a str; got 5", id="int value"),
        pytest.param(
            {"X-A": None}, "X-A must be a str; got None", id="None as a value"
        ),
        pytest.param({"X-A": b"a"}, "X-A must be a str; got b'a'", id="bytes value"),
        pytest.param({5: "a"}, "The name of a header must be a str; got 5", id="name"),
    ],
)
def test_response_headers_of_a_wrong_type_are_refused(
    make: Any, headers: Any, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        make(content_for(make), headers=headers)


@every_class
def test_response_takes_any_mapping_and_leaves_it_alone(make: Any) -> None:
    given = {"X-A": "1", "content-type": "text/x-test"}
    headers = MappingProxyType(given)

    response = make(content_for(make), headers=headers)
    response["X-B"] = "2"

    assert response["X-A"] == "1"
    assert response["Content-Type"] == "text/x-test"
    assert given == {"X-A": "1", "content-type": "text/x-test"}


def test_response_header_value_may_be_lazy() -> None:
    response = JSON({}, headers={"X-A": gettext_lazy("hello")})  # type: ignore[dict-item]  # a mistake for mypy only

    assert response["X-A"] == "hello"


@pytest.mark.parametrize("make", [c for c in CLASSES if c is not Redirect])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(99, ValueError, id="below 100"),
        pytest.param(600, ValueError, id="above 599"),
        pytest.param(-200, ValueError, id="negative"),
        pytest.param("200", TypeError, id="text"),
        pytest.param(None, TypeError, id="None"),
        pytest.param(404.0, TypeError, id="float"),
        pytest.param(True, TypeError, id="bool"),
    ],
)
def test_response_unknown_status_is_refused(
    make: Any, status: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"status_code must be .*; got "):
        make(content_for(make), status_code=status)


@every_class
def test_set_cookie_takes_djangos_parameters_and_chains(make: Any) -> None:
    parameters = {
        "max_age": 60,
        "path": "/a",
        "domain": "example.com",
        "secure": True,
        "httponly": True,
        "samesite": "Strict",
    }
    djangos = HttpResponse()
    djangos.set_cookie("name", "value", **parameters)  # type: ignore[arg-type]  # a mixed dict
    response = make(content_for(make))

    returned = response.set_cookie("name", "value", **parameters)

    assert returned is response
    cookie, expected = response.cookies["name"], djangos.cookies["name"]
    assert {**cookie, "expires": ""} == {**expected, "expires": ""}
    assert cookie.value == "value"


@every_class
def test_set_signed_cookie_signs_and_chains(make: Any) -> None:
    response = make(content_for(make))

    returned = response.set_signed_cookie("name", "value", salt="s", httponly=True)

    assert returned is response
    morsel = response.cookies["name"]
    request = RequestFactory(headers={"Cookie": f"name={morsel.coded_value}"}).get("/")
    assert request.get_signed_cookie("name", salt="s") == "value"
    assert morsel["httponly"] is True


@every_class
def test_delete_cookie_expires_and_chains(make: Any) -> None:
    response = make(content_for(make))

    returned = response.delete_cookie("name", path="/a", samesite="None")

    assert returned is response
    morsel = response.cookies["name"]
    assert (morsel["max-age"], morsel["path"], morsel["secure"]) == (0, "/a", True)


@every_class
def test_set_cookie_takes_an_expiry(make: Any) -> None:
    text = "Fri, 02 Jan 2026 00:00:00 GMT"

    response = make(content_for(make)).set_cookie("a", "1", expires=text)

    assert response.cookies["a"]["expires"] == text


@every_class
def test_delete_cookie_names_the_domain(make: Any) -> None:
    response = make(content_for(make)).delete_cookie("a", domain="example.com")

    assert response.cookies["a"]["domain"] == "example.com"


@every_class
def test_response_headers_that_only_look_like_a_mapping_are_refused(make: Any) -> None:
    """It has items, and is no mapping."""
    headers = SimpleNamespace(items={"X-A": "1"}.items)

    with pytest.raises(TypeError, match="headers must be a mapping"):
        make(content_for(make), headers=headers)


def test_cookies_chain_in_one_expression() -> None:
    response = JSON({}).set_cookie("a", "1").delete_cookie("b").set_cookie("c", "2")

    assert list(response.cookies) == ["a", "b", "c"]


def test_set_cookie_override_of_a_mixin_is_respected() -> None:
    class Recorder(ChainingCookies):
        def set_cookie(self, *args: Any, **kwargs: Any) -> Any:
            return super().set_cookie(*args, **{**kwargs, "secure": True})

    class Secure(Recorder, JSON):
        """A response whose cookies are all secure."""

    response = Secure({}).set_cookie("a", "1").set_signed_cookie("b", "2")

    assert [morsel["secure"] for morsel in response.cookies.values()] == [True, True]


def test_response_base_is_not_changed() -> None:
    """No monkey-patching: Django's own responses still return nothing."""
    assert HttpResponseBase.set_cookie(HttpResponse(), "a") is None  # type: ignore[func-returns-value]


def test_media_type_may_be_translated() -> None:
    media_type: Any = gettext_lazy("text/plain")

    assert make_headers(None, media_type)["Content-Type"] == "text/plain"
