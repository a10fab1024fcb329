"""A request is what Django's constructor makes of the same scope."""

import io
from typing import Any

import pytest
from django.core.handlers import asgi, wsgi
from django.http import HttpRequest
from django.test import override_settings

from django_bolt.handlers import requests
from django_bolt.handlers.requests import KEYS, ASGIRequest, Keys
from django_bolt.handlers.wsgi import WSGIRequest
from tests.handlers.exchange import make_environ

HOST = (b"host", b"testserver")


def make_scope(*headers: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    """Return the scope of a request."""
    return {"method": "GET", "path": "/", "headers": [*headers], **more}


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"method": "GET", "path": "/"}, id="least"),
        pytest.param(make_scope(HOST, method="post"), id="method in lower case"),
        pytest.param(make_scope(path="/caf\xe9/%20"), id="path"),
        pytest.param(make_scope(query_string=b"a=%C3%A9&b"), id="query in bytes"),
        pytest.param(make_scope(query_string="a=1"), id="query in text"),
        pytest.param(make_scope(client=("::1", 5000)), id="client"),
        pytest.param(make_scope(client=None, server=None), id="nobody"),
        pytest.param(make_scope(server=("/run/socket", None)), id="server at a socket"),
        pytest.param(make_scope(root_path="/site", path="/site/a"), id="mounted"),
        pytest.param(make_scope(root_path="/"), id="mounted at the root"),
        pytest.param(make_scope((b"accept", b"a"), HOST), id="headers"),
        pytest.param(make_scope((b"x-caf\xe9", b"\xe9\xff")), id="header in latin-1"),
        pytest.param(make_scope((b"X-Mixed", b"a")), id="header with capitals"),
        pytest.param(make_scope((b"", b"nameless")), id="header without a name"),
        pytest.param(make_scope((b"x_under", b"a"), HOST), id="underscore"),
        pytest.param(
            make_scope((b"x_forwarded_for", b"a"), (b"x-forwarded-for", b"b")),
            id="underscore beside hyphen",
        ),
        pytest.param(make_scope((b"a" * 200, b"long")), id="long name"),
        pytest.param(make_scope((b"accept", b"a"), (b"accept", b"b")), id="twice"),
        pytest.param(
            make_scope((b"accept", b"a"), (b"cookie", b"a=1"), HOST), id="cookie"
        ),
        pytest.param(make_scope((b"cookie", b"")), id="empty cookie"),
        pytest.param(make_scope((b"cookie", b"a=1; ")), id="cookie with an end"),
        pytest.param(make_scope((b"cookie", b"a=1;")), id="cookie with a semicolon"),
        pytest.param(
            make_scope((b"cookie", b"a=1"), HOST, (b"cookie", b"b=2")), id="cookies"
        ),
        pytest.param(make_scope((b"content-type", b"Text/Plain ")), id="type"),
        pytest.param(make_scope((b"content-type", b"")), id="empty type"),
        pytest.param(
            make_scope((b"content-type", b"text/plain; charset=latin-1")), id="charset"
        ),
        pytest.param(
            make_scope((b"content-type", b"text/plain; charset=none")),
            id="unknown charset",
        ),
        pytest.param(make_scope((b"content-length", b"5"), HOST), id="length"),
        pytest.param(
            make_scope((b"content-length", b"5"), (b"content-length", b"6")),
            id="lengths",
        ),
    ],
)
@pytest.mark.parametrize("prefix", [None, "/forced"])
def test_request_is_made_as_django_makes_it(
    scope: dict[str, Any], prefix: str | None
) -> None:
    body = io.BytesIO()

    with override_settings(FORCE_SCRIPT_NAME=prefix):
        ours = ASGIRequest(scope, body)
        theirs = asgi.ASGIRequest(scope, body)

    assert vars(ours) == vars(theirs)
    assert list(ours.META) == list(theirs.META)


@pytest.mark.parametrize("comes_first", [False, True])
def test_cookies_stand_where_this_version_of_django_puts_them(
    comes_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ASGIRequest(make_scope(), io.BytesIO())
    monkeypatch.setitem(vars(KEYS), "cookies_come_first", comes_first)

    request = ASGIRequest(make_scope(HOST, (b"cookie", b"a=1")), io.BytesIO())

    names = [name for name in request.META if name.startswith("HTTP_")]
    assert names == sorted(names, reverse=not comes_first)


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(make_scope(query_string=b"\xff"), id="query"),
        pytest.param({"path": "/"}, id="no method"),
        pytest.param(make_scope((b"accept", 5)), id="value"),  # type: ignore[arg-type]
    ],
)
def test_scope_that_django_refuses_is_refused(scope: dict[str, Any]) -> None:
    def refusal(kind: type[asgi.ASGIRequest]) -> tuple[type[Exception], str]:
        with pytest.raises(Exception) as caught:
            kind(scope, io.BytesIO())
        return caught.type, str(caught.value)

    assert refusal(ASGIRequest) == refusal(asgi.ASGIRequest)


def test_scope_that_is_understood_is_not_given_to_django(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ASGIRequest(make_scope(HOST), io.BytesIO())
    init = asgi.ASGIRequest.__init__
    given: list[object] = []

    def note(self: Any, scope: Any, body_file: Any) -> None:
        given.append(scope["path"])
        init(self, scope, body_file)

    monkeypatch.setattr(asgi.ASGIRequest, "__init__", note)
    monkeypatch.setattr(requests, "_DJANGOS_INIT", note)

    request = ASGIRequest(make_scope(HOST, path="/known"), io.BytesIO())
    ASGIRequest(make_scope(HOST, HOST, path="/twice"), io.BytesIO())

    assert request.META["HTTP_HOST"] == "testserver"
    assert given == ["/twice"]


def test_constructor_that_another_package_has_replaced_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trace(self: Any, scope: Any, body_file: Any) -> None:
        self.traced = scope["path"]

    monkeypatch.setattr(asgi.ASGIRequest, "__init__", trace)

    assert vars(ASGIRequest(make_scope(), io.BytesIO())) == {"traced": "/"}


def test_wsgi_constructor_that_another_package_has_replaced_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trace(self: Any, environ: dict[str, Any]) -> None:
        self.traced = environ["PATH_INFO"]

    monkeypatch.setattr(wsgi.WSGIRequest, "__init__", trace)

    assert vars(WSGIRequest(make_environ("/"))) == {"traced": "/"}


def test_host_is_what_another_package_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(HttpRequest, "get_host", lambda self: "replaced")

    assert ASGIRequest(make_scope(HOST), io.BytesIO()).get_host() == "replaced"


def test_django_that_makes_something_else_of_a_scope_is_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    init = asgi.ASGIRequest.__init__

    def init_of_tomorrow(self: Any, scope: Any, body_file: Any) -> None:
        init(self, scope, body_file)
        self.tomorrow = True

    monkeypatch.setattr(asgi.ASGIRequest, "__init__", init_of_tomorrow)
    monkeypatch.setattr(requests, "_DJANGOS_INIT", init_of_tomorrow)
    requests._is_understood.cache_clear()
    try:
        request: Any = ASGIRequest(make_scope(), io.BytesIO())
    finally:
        requests._is_understood.cache_clear()

    assert request.tomorrow


def test_names_of_clients_are_remembered_up_to_a_number() -> None:
    keys = Keys()

    keys.learn(b"")
    for number in range(Keys.SIZE):
        keys.learn(b"x-%d" % number)

    assert len(keys) == Keys.SIZE
    assert keys.learn(b"x-5") == "HTTP_X_5"
    assert keys.learn(b"x-255") == ""


def test_common_names_are_known_from_the_beginning() -> None:
    ASGIRequest(make_scope(HOST), io.BytesIO())

    assert {name: KEYS[name] for name in (b"user-agent", b"content-type")} == {
        b"user-agent": "HTTP_USER_AGENT",
        b"content-type": "CONTENT_TYPE",
    }
