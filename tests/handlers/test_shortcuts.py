"""The headers of two of Django's middleware, whoever writes them."""

import re
import types
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import ResponseHeaders
from django.middleware.security import SecurityMiddleware
from django.urls import path

from django_bolt.handlers.shortcuts import find_entry, find_shortcut
from tests.handlers.exchanges import ask

SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"

BOTS = re.compile("bot")

DEFAULTS = {
    "content-type": "text/html; charset=utf-8",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


async def here(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("here")


async def own(request: HttpRequest) -> HttpResponse:
    """Answer with a policy of one's own."""
    return HttpResponse("here", headers={"referrer-policy": "no-referrer"})


class OwnHeaders(ResponseHeaders):
    """Headers of a project's own."""


class OwnDefaults(HttpResponse):
    """A response that wants no defaults."""

    def setdefault(self, key: str, value: Any) -> None:
        """Do nothing."""


async def own_headers(request: HttpRequest) -> HttpResponse:
    """Answer with headers of another class."""
    response = HttpResponse("here")
    response.headers = OwnHeaders(response.headers)
    return response


async def own_defaults(request: HttpRequest) -> HttpResponse:
    """Answer with a response of another class."""
    return OwnDefaults("here")


@pytest.mark.parametrize(
    ("view", "settings", "headers"),
    [
        pytest.param(here, {}, DEFAULTS, id="defaults"),
        pytest.param(
            own, {}, DEFAULTS | {"referrer-policy": "no-referrer"}, id="one there"
        ),
        pytest.param(
            here,
            {"SECURE_REFERRER_POLICY": ["no-referrer", "origin"]},
            DEFAULTS | {"referrer-policy": "no-referrer,origin"},
            id="several policies",
        ),
        pytest.param(
            here,
            {
                "SECURE_REFERRER_POLICY": None,
                "SECURE_CONTENT_TYPE_NOSNIFF": False,
                "SECURE_CROSS_ORIGIN_OPENER_POLICY": None,
            },
            {"content-type": "text/html; charset=utf-8"},
            id="none wanted",
        ),
        pytest.param(
            here, {"SECURE_HSTS_SECONDS": 60}, DEFAULTS, id="only for https, by http"
        ),
        pytest.param(own_headers, {}, DEFAULTS, id="headers of another class"),
        pytest.param(
            own_defaults,
            {},
            {
                name: value
                for name, value in DEFAULTS.items()
                if name != "cross-origin-opener-policy"
            },
            id="response of another class",
        ),
    ],
)
def test_headers_are_written_unless_they_are_there(
    view: Any,
    settings: dict[str, Any],
    headers: dict[str, str],
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        view, middleware=[SECURITY], settings=settings, handler_class=handler_class
    )

    assert exchange.headers == headers


def test_hsts_is_written_for_https(handler_class: type[ASGIHandler]) -> None:
    exchange = ask(
        here,
        middleware=[SECURITY],
        settings={"SECURE_HSTS_SECONDS": 60},
        scope={"scheme": "https"},
        handler_class=handler_class,
    )

    assert exchange.headers["strict-transport-security"] == "max-age=60"


def test_setting_that_makes_no_header_is_an_error_of_each_request(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        here,
        middleware=[SECURITY],
        settings={"SECURE_CROSS_ORIGIN_OPENER_POLICY": "a\nb"},
        handler_class=handler_class,
    )

    assert exchange.status == 500


class Subclass(SecurityMiddleware):
    """May do anything."""


def test_subclass_has_no_shortcut() -> None:
    assert find_shortcut(Subclass(lambda request: HttpResponse())) is None


class OwnHasHeader(HttpResponse):
    """A response that says it has every header."""

    def has_header(self, header: str) -> bool:
        """Say so."""
        return True


async def has_every_header(request: HttpRequest) -> HttpResponse:
    """Answer with a response of another class."""
    return OwnHasHeader("here")


async def has_a_length(request: HttpRequest) -> HttpResponse:
    """Answer with a length of one's own."""
    return HttpResponse("here", headers={"content-length": "004"})


async def has_no_length(request: HttpRequest) -> StreamingHttpResponse:
    """Answer with a stream."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"here"

    return StreamingHttpResponse(chunks())


async def found_nothing(request: HttpRequest) -> HttpResponse:
    """Answer that there is nothing."""
    return HttpResponse("nothing", status=404)


@pytest.mark.parametrize(
    ("view", "length"),
    [
        pytest.param(here, "4", id="content"),
        pytest.param(own_headers, "4", id="headers of another class"),
        pytest.param(has_a_length, "004", id="one there"),
        pytest.param(has_every_header, None, id="response of another class"),
        pytest.param(has_no_length, None, id="stream"),
        pytest.param(found_nothing, "7", id="not found"),
    ],
)
def test_length_is_written_unless_it_is_there(
    view: Any, length: str | None, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(view, middleware=[COMMON], handler_class=handler_class)

    assert exchange.headers.get("content-length") == length


def test_slash_is_added_where_that_finds_something(
    handler_class: type[ASGIHandler],
) -> None:
    urlconf = types.ModuleType("with_slash")
    vars(urlconf)["urlpatterns"] = [path("page/", here)]

    exchange = ask(
        here,
        "/page",
        middleware=[COMMON],
        settings={"ROOT_URLCONF": urlconf},
        handler_class=handler_class,
    )

    assert (exchange.status, exchange.headers["location"]) == (301, "/page/")


@pytest.mark.parametrize(
    ("middleware", "settings", "headers", "status"),
    [
        pytest.param(SECURITY, {}, {}, 200, id="nothing to redirect"),
        pytest.param(SECURITY, {"SECURE_SSL_REDIRECT": True}, {}, 301, id="to https"),
        pytest.param(COMMON, {"PREPEND_WWW": True}, {}, 301, id="to www"),
        pytest.param(
            COMMON,
            {"DISALLOWED_USER_AGENTS": [BOTS]},
            {"user-agent": "bot"},
            403,
            id="bot",
        ),
        pytest.param(
            COMMON,
            {"DISALLOWED_USER_AGENTS": [BOTS]},
            {"user-agent": "browser"},
            200,
            id="no bot",
        ),
        pytest.param(COMMON, {"DISALLOWED_USER_AGENTS": [BOTS]}, {}, 200, id="nobody"),
        pytest.param(COMMON, {"ALLOWED_HOSTS": ["other"]}, {}, 400, id="host"),
        pytest.param(COMMON, {}, {"user-agent": "bot"}, 200, id="nobody is refused"),
    ],
)
def test_request_is_refused_and_redirected_as_the_settings_say(
    middleware: str,
    settings: dict[str, Any],
    headers: dict[str, str],
    status: int,
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        here,
        middleware=[middleware],
        settings=settings,
        headers=headers,
        handler_class=handler_class,
    )

    assert exchange.status == status
    assert ("location" in exchange.headers) == (status == 301)


def test_subclass_enters_by_its_own_method() -> None:
    middleware = Subclass(lambda request: HttpResponse())

    assert find_entry(middleware) == middleware.process_request
