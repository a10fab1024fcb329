"""When Django's middleware touches nothing but memory."""

import hashlib
from typing import Any

import pytest
from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends import signed_cookies
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token

from django_bolt.handlers.threads import Lease
from tests.handlers.exchanges import ask

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
CONDITIONS = "django.middleware.http.ConditionalGetMiddleware"

COOKIES = {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}


class Store(signed_cookies.SessionStore):
    """Sessions of a project's own, which may do anything."""


SessionStore = Store
"""The name by which Django looks for it."""


class Messages(CookieStorage):
    """Messages of a project's own."""


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Count what goes to a request's thread."""
    taken: list[object] = []
    submit = Lease.submit

    def note(self: Lease, *args: object, **kwargs: object) -> object:
        taken.append(args)
        return submit(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Lease, "submit", note)
    return taken


async def here(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("here")


async def read_session(request: HttpRequest) -> HttpResponse:
    """Read a session."""
    return HttpResponse(str(await request.session.aget("name")))


async def write_session(request: HttpRequest) -> HttpResponse:
    """Write a session."""
    request.session["name"] = "value"
    return HttpResponse("here")


async def replace_session(request: HttpRequest) -> HttpResponse:
    """Put a session of another kind in place of the one that is there."""
    request.session = Store()
    return HttpResponse("here")


async def drop_session(request: HttpRequest) -> HttpResponse:
    """Take the session away."""
    del request.session
    return HttpResponse("here")


async def write_message(request: HttpRequest) -> HttpResponse:
    """Leave a message."""
    messages.info(request, "hello")
    return HttpResponse("here")


async def drop_messages(request: HttpRequest) -> HttpResponse:
    """Take the messages away."""
    del request._messages  # type: ignore[attr-defined]
    return HttpResponse("here")


async def take_token(request: HttpRequest) -> HttpResponse:
    """Use a CSRF token."""
    get_token(request)
    return HttpResponse("here")


async def long(request: HttpRequest) -> HttpResponse:
    """Answer with much."""
    return HttpResponse(bytes(200_000))


@pytest.mark.parametrize(
    ("view", "middleware", "settings", "count"),
    [
        pytest.param(here, [SESSIONS], COOKIES, 0, id="session not used"),
        pytest.param(write_session, [SESSIONS], COOKIES, 1, id="session written"),
        pytest.param(
            here,
            [SESSIONS],
            COOKIES | {"SESSION_SAVE_EVERY_REQUEST": True},
            1,
            id="session saved always",
        ),
        pytest.param(
            here, [SESSIONS], {"SESSION_ENGINE": __name__}, 2, id="foreign sessions"
        ),
        pytest.param(
            replace_session, [SESSIONS], COOKIES, 1, id="foreign session set by a view"
        ),
        pytest.param(drop_session, [SESSIONS], COOKIES, 0, id="session gone"),
        pytest.param(here, [SESSIONS, MESSAGES], COOKIES, 0, id="no message"),
        pytest.param(write_message, [SESSIONS, MESSAGES], COOKIES, 1, id="a message"),
        pytest.param(drop_messages, [SESSIONS, MESSAGES], COOKIES, 0, id="none at all"),
        pytest.param(
            here,
            [SESSIONS, MESSAGES],
            COOKIES | {"MESSAGE_STORAGE": f"{__name__}.Messages"},
            2,
            id="foreign messages",
        ),
        pytest.param(take_token, [CSRF], {}, 0, id="token in a cookie"),
        pytest.param(
            take_token,
            [SESSIONS, CSRF],
            COOKIES | {"CSRF_USE_SESSIONS": True},
            2,
            id="token in the session",
        ),
        pytest.param(here, [CONDITIONS], {}, 0, id="short content"),
        pytest.param(long, [CONDITIONS], {}, 1, id="long content"),
    ],
)
def test_middleware_that_may_block_takes_a_thread(
    view: Any,
    middleware: list[str],
    settings: dict[str, Any],
    count: int,
    hops: list[object],
) -> None:
    exchange = ask(view, middleware=middleware, settings=settings)

    assert exchange.status == 200
    assert len(hops) == count


def test_session_written_is_read_again(handler_class: type[ASGIHandler]) -> None:
    written = ask(
        write_session,
        middleware=[SESSIONS],
        settings=COOKIES,
        handler_class=handler_class,
    )
    cookie = written.headers["set-cookie"].partition(";")[0]

    read = ask(
        read_session,
        middleware=[SESSIONS],
        settings=COOKIES,
        headers={"cookie": cookie},
        handler_class=handler_class,
    )

    assert read.body == b"value"
    assert read.headers["vary"] == "Cookie"


@pytest.mark.parametrize("view", [here, long])
def test_entity_tag_is_the_hash_of_the_content(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(view, middleware=[CONDITIONS], handler_class=handler_class)

    digest = hashlib.md5(exchange.body, usedforsecurity=False).hexdigest()
    assert exchange.headers["etag"] == f'"{digest}"'
