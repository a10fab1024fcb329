"""The user who is logged in, found in one hop."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth import backends, middleware
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User, UserManager
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.core.handlers.asgi import ASGIHandler
from django.db.models import Manager, QuerySet
from django.http import HttpRequest, HttpResponse
from django.test import Client

from django_bolt.handlers.threads import Lease

# What this module finds replaced when it is imported, it takes for replaced.
from django_bolt.handlers.users import auser
from tests.handlers.exchanges import Exchange, ask

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

pytestmark = pytest.mark.django_db(transaction=True)


class SessionStore(db.SessionStore):
    """Sessions of a project's own, by the name that Django looks for."""


class OwnAuthentication(middleware.AuthenticationMiddleware):
    """Middleware of a project's own."""


class OwnBackend(backends.ModelBackend):
    """A backend of a project's own."""

    async def aget_user(self, user_id: int) -> Any:
        """Find a user."""
        return await super().aget_user(user_id)


class OwnManager(UserManager[Any]):
    """A manager of a project's own."""

    def get_queryset(self) -> QuerySet[Any]:
        """Leave somebody out."""
        return super().get_queryset().exclude(username="eve")


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Count what goes to a request's thread."""
    taken: list[object] = []
    submit = Lease.submit

    def note(self: Lease, *args: Any, **kwargs: Any) -> Any:
        taken.append(args)
        return submit(self, *args, **kwargs)

    monkeypatch.setattr(Lease, "submit", note)
    return taken


@pytest.fixture
def user() -> User:
    """Make a user; a password would take its time."""
    return User.objects.create_user("ada")


@pytest.fixture
def cookie(user: User) -> str:
    """Log a user in; return the cookie of the session."""
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


async def show_user(request: HttpRequest) -> HttpResponse:
    """Answer with the name of the user, which is empty if nobody is logged in."""
    found = await request.auser()
    return HttpResponse(found.get_username())


def show(cookie: str = "", view: Any = show_user, **options: Any) -> Exchange:
    """Return what a view answers to who sends a cookie."""
    headers = {"cookie": cookie} if cookie else {}
    chosen: dict[str, Any] = {"middleware": MIDDLEWARE} | options
    return ask(view, headers=headers, **chosen)


def test_user_who_is_logged_in_is_found(
    cookie: str, handler_class: type[ASGIHandler]
) -> None:
    assert show(cookie, handler_class=handler_class).body == b"ada"


def test_user_is_found_in_one_hop(cookie: str, hops: list[object]) -> None:
    """And one more closes the connection."""
    show(cookie)

    assert len(hops) == 2


def test_nobody_is_found_without_a_hop_where_no_session_is(hops: list[object]) -> None:
    exchange = show()

    assert exchange.body == b""
    assert hops == []


def test_nobody_is_found_in_a_session_that_does_not_exist(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = show(f"sessionid={'a' * 32}", handler_class=handler_class)

    assert exchange.body == b""


def test_nobody_is_found_in_a_session_of_nobody(
    handler_class: type[ASGIHandler],
) -> None:
    store = db.SessionStore()
    store["cart"] = 1
    store.save()

    exchange = show(f"sessionid={store.session_key}", handler_class=handler_class)

    assert exchange.body == b""


def test_user_who_is_gone_is_not_found(
    user: User, cookie: str, handler_class: type[ASGIHandler]
) -> None:
    user.delete()

    assert show(cookie, handler_class=handler_class).body == b""


def test_user_who_is_not_active_is_not_found(
    user: User, cookie: str, handler_class: type[ASGIHandler]
) -> None:
    User.objects.update(is_active=False)

    assert show(cookie, handler_class=handler_class).body == b""


def test_user_who_is_false_is_nobody(
    cookie: str, handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "__bool__", lambda self: False, raising=False)

    assert show(cookie, handler_class=handler_class).body == b""


def test_session_of_before_the_password_was_changed_ends(
    user: User, cookie: str, handler_class: type[ASGIHandler]
) -> None:
    user.password = "!another"
    user.save()

    exchange = show(cookie, handler_class=handler_class)

    assert exchange.body == b""
    assert not Session.objects.exists()


def test_session_of_an_older_secret_goes_on_with_a_new_key(
    cookie: str, handler_class: type[ASGIHandler]
) -> None:
    exchange = show(
        cookie,
        handler_class=handler_class,
        settings={
            "SECRET_KEY": "newer",
            "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY],
        },
    )

    assert exchange.body == b"ada"
    assert exchange.headers["set-cookie"].startswith("sessionid=")
    assert cookie not in exchange.headers["set-cookie"]


def test_user_of_a_backend_that_was_taken_away_is_not_found(
    cookie: str, handler_class: type[ASGIHandler]
) -> None:
    exchange = show(
        cookie,
        handler_class=handler_class,
        settings={
            "AUTHENTICATION_BACKENDS": [
                "django.contrib.auth.backends.RemoteUserBackend"
            ]
        },
    )

    assert exchange.body == b""


def test_user_is_the_same_when_asked_for_again(
    cookie: str, handler_class: type[ASGIHandler]
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(await request.auser() is await request.auser()))

    assert show(cookie, view, handler_class=handler_class).body == b"True"


def test_session_is_at_hand_when_the_user_was_found(
    cookie: str, handler_class: type[ASGIHandler]
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await request.auser()
        return HttpResponse(request.session["_auth_user_backend"])

    exchange = show(cookie, view, handler_class=handler_class)

    assert exchange.body == b"django.contrib.auth.backends.ModelBackend"
    assert exchange.headers["vary"] == "Cookie"


def test_session_that_was_read_before_is_not_read_again(
    cookie: str, hops: list[object]
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await request.session.aget("cart")
        return await show_user(request)

    exchange = show(cookie, view)

    assert exchange.body == b"ada"
    assert len(hops) == 3


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"settings": {"SESSION_ENGINE": __name__}}, id="sessions"),
        pytest.param(
            {
                "settings": {
                    "AUTHENTICATION_BACKENDS": [
                        "django.contrib.auth.backends.ModelBackend",
                        f"{__name__}.OwnBackend",
                    ]
                }
            },
            id="backend",
        ),
        pytest.param(
            {
                "settings": {
                    "AUTHENTICATION_BACKENDS": [
                        "django.contrib.auth.backends.ModelBackend",
                        "django.contrib.auth.backends.Absent",
                    ]
                }
            },
            id="backend that does not exist",
        ),
        pytest.param(
            {"middleware": [MIDDLEWARE[0], f"{__name__}.OwnAuthentication"]},
            id="middleware",
        ),
    ],
)
def test_what_is_not_djangos_own_is_left_to_it(
    options: Mapping[str, Any], cookie: str, hops: list[object]
) -> None:
    exchange = show(cookie, **options)

    assert exchange.body == b"ada"
    assert len(hops) > 2


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        pytest.param(auth, "aget_user", id="function"),
        pytest.param(middleware, "auser", id="function of the middleware"),
        pytest.param(db.SessionStore, "aload", id="session"),
        pytest.param(backends.ModelBackend, "aget_user", id="backend"),
        pytest.param(User, "get_session_auth_hash", id="user"),
        pytest.param(AbstractBaseUser, "get_session_auth_hash", id="any user"),
        pytest.param(UserManager, "aget", id="manager"),
        pytest.param(Manager, "aget", id="any manager"),
        pytest.param(QuerySet, "aget", id="query"),
    ],
)
def test_what_was_replaced_is_called(
    owner: Any,
    name: str,
    cookie: str,
    handler_class: type[ASGIHandler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    original = getattr(owner, name)

    def note(*args: Any, **kwargs: Any) -> Any:
        calls.append(name)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, note)

    exchange = show(cookie, handler_class=handler_class)

    assert exchange.body == b"ada"
    assert name in calls


def test_what_was_replaced_is_called_when_a_session_ends(
    user: User,
    cookie: str,
    handler_class: type[ASGIHandler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    flush = db.SessionStore.aflush

    async def note(self: db.SessionStore) -> None:
        calls.append("aflush")
        await flush(self)

    monkeypatch.setattr(db.SessionStore, "aflush", note)
    user.set_unusable_password()
    user.save()

    assert show(cookie, handler_class=handler_class).body == b""
    assert calls == ["aflush"]


def test_method_of_one_manager_is_called(
    cookie: str, handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(**_: object) -> User:
        user = await User.objects.all().aget()
        user.username = "grace"
        return user

    monkeypatch.setattr(User._default_manager, "aget", find)

    assert show(cookie, handler_class=handler_class).body == b"grace"


def test_manager_of_a_project_is_asked_as_django_does(
    cookie: str, hops: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = OwnManager()
    own.model = User
    monkeypatch.setitem(vars(User._meta), "default_manager", own)

    exchange = show(cookie)

    assert exchange.body == b"ada"
    assert len(hops) == 3


def test_auser_that_somebody_else_has_set_stays(
    cookie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(*_: object) -> User:
        return User(username="grace")

    def give(self: object, request: HttpRequest) -> None:
        request.auser = find

    monkeypatch.setattr(middleware.AuthenticationMiddleware, "process_request", give)

    assert show(cookie).body == b"grace"


def test_auser_is_of_djangos_kind(cookie: str) -> None:
    found: list[Any] = []

    async def view(request: HttpRequest) -> HttpResponse:
        found.append(request.auser)
        return HttpResponse("found")

    show(cookie, view)

    assert isinstance(found[0], partial)
    assert found[0].func is auser
