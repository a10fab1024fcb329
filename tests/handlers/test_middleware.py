"""The chain of middleware is Django's, whoever calls it."""

import functools
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import markcoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.test import override_settings
from django.urls import re_path
from django.utils.deprecation import MiddlewareMixin

from django_bolt.handlers.threads import Lease
from django_bolt.handlers.wsgi import BoltWSGIHandler
from tests.handlers import layers
from tests.handlers.exchange import Reply, make_environ, routed
from tests.handlers.exchange import ask as ask_by_wsgi
from tests.handlers.exchanges import ask
from tests.handlers.layers import TRAIL, color

LAYERS = "tests.handlers.layers."
SECURITY = "django.middleware.security.SecurityMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"


@pytest.fixture(autouse=True)
def empty_trail() -> Iterator[None]:
    """Start with nothing noted."""
    TRAIL.clear()
    yield
    TRAIL.clear()


def names(*middleware: str) -> list[str]:
    """Return full names; those of ours are given by their last part."""
    return [name if "." in name else LAYERS + name for name in middleware]


async def in_loop(request: HttpRequest) -> HttpResponse:
    """Answer in the event loop."""
    TRAIL.append("view")
    return HttpResponse("here")


def in_thread(request: HttpRequest) -> HttpResponse:
    """Answer in a thread."""
    TRAIL.append("view")
    return HttpResponse("here")


@pytest.fixture(params=[in_loop, in_thread], ids=["async view", "sync view"])
def view(request: pytest.FixtureRequest) -> object:
    """Give a test each kind of view."""
    return request.param


@pytest.mark.parametrize(
    ("middleware", "trail"),
    [
        pytest.param(
            names("First", "Second"),
            ["First in", "Second in", "view", "Second out 200", "First out 200"],
            id="neighbours",
        ),
        pytest.param(
            names("First", SECURITY, COMMON, "Second"),
            ["First in", "Second in", "view", "Second out 200", "First out 200"],
            id="computing ones between",
        ),
        pytest.param(
            names("First", "in_loop", "Second"),
            [
                "First in",
                "in_loop in",
                "Second in",
                "view",
                "Second out 200",
                "in_loop out",
                "First out 200",
            ],
            id="an async function between",
        ),
        pytest.param(
            names("First", "in_thread", "Second"),
            [
                "First in",
                "in_thread in False",
                "Second in",
                "view",
                "Second out 200",
                "in_thread out",
                "First out 200",
            ],
            id="a sync function between",
        ),
        pytest.param(
            names("OnlyIn", "OnlyOut", SECURITY),
            ["OnlyIn in", "view", "OnlyOut out"],
            id="half ones",
        ),
        pytest.param(
            names("First", "Unused", "Own", "Second"),
            [
                "First in",
                "Own in",
                "Second in",
                "view",
                "Second out 200",
                "Own out",
                "First out 200",
            ],
            id="one unused, one with a call of its own",
        ),
        pytest.param(
            names("Rewrapping", "Second"),
            [
                "Rewrapping in",
                "between",
                "Second in",
                "view",
                "Second out 200",
                "Rewrapping out 200",
            ],
            id="something between two",
        ),
    ],
)
def test_chain_calls_each_in_order(
    middleware: list[str],
    trail: list[str],
    view: object,
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(view, middleware=middleware, handler_class=handler_class)  # type: ignore[arg-type]

    assert (exchange.status, exchange.body) == (200, b"here")
    assert trail == TRAIL


@pytest.mark.parametrize(
    ("path", "status", "trail"),
    [
        pytest.param(
            "/Second/answer",
            200,
            ["First in", "Second in", "Second out 200", "First out 200"],
            id="answer on the way in",
        ),
        pytest.param(
            "/Second/fail",
            500,
            ["First in", "Second in", "First out 500"],
            id="error on the way in",
        ),
        pytest.param("/First/forbid", 403, ["First in"], id="refusal by the outermost"),
        pytest.param(
            "/Third/break",
            500,
            [
                "First in",
                "Second in",
                "Third in",
                "view",
                "Third out 200",
                "Second out 500",
                "First out 500",
            ],
            id="error on the way out",
        ),
        pytest.param(
            "/First/break",
            500,
            [
                "First in",
                "Second in",
                "Third in",
                "view",
                "Third out 200",
                "Second out 200",
                "First out 200",
            ],
            id="error of the outermost on the way out",
        ),
    ],
)
@pytest.mark.parametrize(
    "middleware",
    [
        pytest.param(names("First", "Second", "Third"), id="neighbours"),
        pytest.param(
            names("First", "in_loop", "Second", SECURITY, "Third"), id="apart"
        ),
    ],
)
def test_answer_or_error_of_a_middleware_goes_outwards(
    path: str,
    status: int,
    trail: list[str],
    middleware: list[str],
    view: object,
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(view, path, middleware=middleware, handler_class=handler_class)  # type: ignore[arg-type]

    assert exchange.status == status
    assert [name for name in TRAIL if "in_loop" not in name] == trail


def test_error_between_two_passes_by_the_inner_one(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        in_loop,
        "/between/fail",
        middleware=names("First", "Rewrapping"),
        handler_class=handler_class,
    )

    assert exchange.status == 500
    assert TRAIL == ["First in", "Rewrapping in", "between", "First out 500"]


def test_middleware_that_is_broken_fails_when_it_is_called(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        in_loop, middleware=names("First", "Careless"), handler_class=handler_class
    )

    assert exchange.status == 500
    assert TRAIL == ["First in", "First out 500"]


@pytest.mark.parametrize(
    ("middleware", "path", "headers", "status"),
    [
        pytest.param([SECURITY, COMMON], "/", {"host": "a b"}, 400, id="bad host"),
        pytest.param(
            names("First", "in_loop", COMMON), "/", {"host": "a b"}, 400, id="inside"
        ),
    ],
)
def test_error_of_a_computing_middleware_becomes_a_response(
    middleware: list[str],
    path: str,
    headers: dict[str, str],
    status: int,
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        in_loop,
        path,
        middleware=middleware,
        headers=headers,
        handler_class=handler_class,
    )

    assert exchange.status == status
    assert "view" not in TRAIL


def test_computing_middleware_answers_by_itself(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        in_loop,
        middleware=names(SECURITY, "First"),
        settings={"SECURE_SSL_REDIRECT": True},
        handler_class=handler_class,
    )

    assert exchange.status == 301
    assert exchange.headers["location"] == "https://testserver/"
    assert exchange.headers["x-content-type-options"] == "nosniff"
    assert TRAIL == []


def test_error_of_a_computing_middleware_on_the_way_out_becomes_a_response(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        in_loop,
        middleware=["django.middleware.clickjacking.XFrameOptionsMiddleware"],
        settings={"X_FRAME_OPTIONS": 5},
        handler_class=handler_class,
    )

    assert exchange.status == 500


class ErrorPage:
    """A page for errors that fails itself, some times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or fail."""
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError("page")
        return HttpResponse("page", status=500)


def broken_site(failures: int) -> types.ModuleType:
    """Return the URLs of a site with a view and a page that fail."""

    def view(request: HttpRequest) -> HttpResponse:
        if request.path == "/view/fail":
            raise ValueError("view")
        return HttpResponse("here")

    urlconf = types.ModuleType("broken")
    vars(urlconf).update(
        urlpatterns=[re_path("", view)], handler500=ErrorPage(failures)
    )
    return urlconf


failing_pages = pytest.mark.parametrize(
    ("path", "failures", "out"),
    [
        pytest.param("/view/fail", 1, ["First out 500"], id="an error of a view, once"),
        pytest.param("/view/fail", 2, [], id="an error of a view, twice"),
        pytest.param("/view/fail", 3, None, id="an error of a view, always"),
        pytest.param("/Second/fail", 1, [], id="an error on the way in, once"),
        pytest.param("/Second/fail", 2, None, id="an error on the way in, always"),
        pytest.param(
            "/Second/break", 1, ["Second out 200"], id="an error on the way out, once"
        ),
        pytest.param("/Second/break", 2, None, id="an error on the way out, always"),
    ],
)
"""What of the way out is left; ``None`` where the error reaches the server."""


@failing_pages
def test_error_page_that_fails_is_asked_for_again_further_outwards(
    path: str, failures: int, out: list[str] | None, handler_class: type[ASGIHandler]
) -> None:
    def answer() -> int:
        return ask(
            in_loop,
            path,
            middleware=names("First", "Second"),
            settings={"ROOT_URLCONF": broken_site(failures)},
            handler_class=handler_class,
        ).status

    if out is None:
        with pytest.raises(RuntimeError, match="page"):
            answer()
    else:
        assert answer() == 500
        assert [name for name in TRAIL if " out " in name] == out


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(SecurityMiddleware, "process_request", id="on the way in"),
        pytest.param(SecurityMiddleware, "process_response", id="on the way out"),
        pytest.param(CommonMiddleware, "process_response", id="of another"),
        pytest.param(CsrfViewMiddleware, "process_view", id="before the view"),
        pytest.param(MiddlewareMixin, "__acall__", id="around all"),
    ],
)
def test_method_of_djangos_that_another_package_has_replaced_is_called(
    kind: type,
    name: str,
    handler_class: type[ASGIHandler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And where it may block, but for a coroutine function."""
    method = getattr(kind, name)

    @functools.wraps(method)
    def trace(*args: Any) -> Any:
        in_thread = threading.current_thread() is not threading.main_thread()
        TRAIL.append(f"{name} {'in a thread' if in_thread else ''}")
        return method(*args)

    monkeypatch.setattr(
        kind, name, markcoroutinefunction(trace) if name == "__acall__" else trace
    )

    exchange = ask(
        in_loop, middleware=names(SECURITY, COMMON, CSRF), handler_class=handler_class
    )

    assert exchange.status == 200
    place = "" if name == "__acall__" else "in a thread"
    assert set(TRAIL) == {f"{name} {place}", "view"}


async def colored(request: HttpRequest) -> HttpResponse:
    """Answer with what a middleware has set."""
    return HttpResponse(color.get())


def test_context_of_a_middleware_reaches_the_view(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        colored,
        middleware=names("in_loop", SECURITY, "First"),
        handler_class=handler_class,
    )

    assert exchange.body == b"red"


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


DEFAULT = [
    SECURITY,
    "django.contrib.sessions.middleware.SessionMiddleware",
    COMMON,
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
"""What ``startproject`` writes."""


@pytest.mark.parametrize(
    ("view", "middleware", "count"),
    [
        pytest.param(in_loop, DEFAULT, 0, id="async view, computing middleware"),
        pytest.param(in_thread, DEFAULT, 1, id="sync view, computing middleware"),
        pytest.param(
            in_loop,
            names("First", "Second", SECURITY, "Third"),
            2,
            id="one in, one out",
        ),
        pytest.param(in_loop, names("in_loop"), 0, id="async middleware"),
    ],
)
def test_a_request_takes_as_few_hops_as_it_needs(
    view: object, middleware: list[str], count: int, hops: list[object]
) -> None:
    exchange = ask(view, middleware=middleware)  # type: ignore[arg-type]

    assert exchange.status == 200
    assert len(hops) == count


def test_layers_module_is_what_settings_name() -> None:
    assert names("First") == [f"{layers.__name__}.First"]


WSGI_HANDLERS = {"django": WSGIHandler, "bolt": BoltWSGIHandler}


@pytest.fixture(params=list(WSGI_HANDLERS))
def wsgi_class(request: pytest.FixtureRequest) -> type[WSGIHandler]:
    """Give a test each handler of WSGI: what holds for one holds for the other."""
    return WSGI_HANDLERS[request.param]


def ask_wsgi(
    kind: type[WSGIHandler],
    middleware: list[str],
    path: str = "/",
    **variables: Any,
) -> Reply:
    """Send a request to the view in the thread."""
    with (
        override_settings(MIDDLEWARE=middleware, DEBUG_PROPAGATE_EXCEPTIONS=False),
        routed(in_thread),
    ):
        return ask_by_wsgi(kind(), make_environ(path, **variables))


@pytest.mark.parametrize(
    ("middleware", "trail"),
    [
        pytest.param(
            names("First", SECURITY, "Second", COMMON),
            ["First in", "Second in", "view", "Second out 200", "First out 200"],
            id="neighbours",
        ),
        pytest.param(
            names("First", "in_thread", "Second"),
            [
                "First in",
                "in_thread in True",
                "Second in",
                "view",
                "Second out 200",
                "in_thread out",
                "First out 200",
            ],
            id="a function between",
        ),
        pytest.param(
            names("First", "in_loop", "Second"),
            [
                "First in",
                "in_loop in",
                "Second in",
                "view",
                "Second out 200",
                "in_loop out",
                "First out 200",
            ],
            id="an async function between",
        ),
        pytest.param(
            names("OnlyIn", "OnlyOut", SECURITY),
            ["OnlyIn in", "view", "OnlyOut out"],
            id="half ones",
        ),
        pytest.param(
            names("First", "Unused", "OwnSync", "Second"),
            [
                "First in",
                "OwnSync in",
                "Second in",
                "view",
                "Second out 200",
                "OwnSync out",
                "First out 200",
            ],
            id="one unused, one with a call of its own",
        ),
    ],
)
def test_wsgi_chain_calls_each_in_order(
    middleware: list[str], trail: list[str], wsgi_class: type[WSGIHandler]
) -> None:
    reply = ask_wsgi(wsgi_class, middleware)

    assert (reply.status, reply.body) == ("200 OK", b"here")
    assert trail == TRAIL


@pytest.mark.parametrize(
    ("path", "status", "trail"),
    [
        pytest.param(
            "/Second/answer",
            "200 OK",
            ["First in", "Second in", "Second out 200", "First out 200"],
            id="answer on the way in",
        ),
        pytest.param(
            "/Second/fail",
            "500 Internal Server Error",
            ["First in", "Second in", "First out 500"],
            id="error on the way in",
        ),
        pytest.param(
            "/First/forbid", "403 Forbidden", ["First in"], id="refusal by the first"
        ),
        pytest.param(
            "/Second/break",
            "500 Internal Server Error",
            ["First in", "Second in", "view", "Second out 200", "First out 500"],
            id="error on the way out",
        ),
    ],
)
def test_wsgi_answer_or_error_of_a_middleware_goes_outwards(
    path: str,
    status: str,
    trail: list[str],
    wsgi_class: type[WSGIHandler],
) -> None:
    reply = ask_wsgi(wsgi_class, names("First", "Second", COMMON), path)

    assert reply.status == status
    assert trail == TRAIL


def test_wsgi_error_between_two_passes_by_the_inner_one(
    wsgi_class: type[WSGIHandler],
) -> None:
    reply = ask_wsgi(wsgi_class, names("First", "RewrappingSync"), "/between/fail")

    assert reply.status == "500 Internal Server Error"
    assert TRAIL == ["First in", "RewrappingSync in", "between", "First out 500"]


@failing_pages
def test_wsgi_error_page_that_fails_is_asked_for_again_further_outwards(
    path: str, failures: int, out: list[str] | None, wsgi_class: type[WSGIHandler]
) -> None:
    def answer() -> str:
        with override_settings(
            MIDDLEWARE=names("First", "Second"),
            ROOT_URLCONF=broken_site(failures),
            DEBUG_PROPAGATE_EXCEPTIONS=False,
        ):
            return ask_by_wsgi(wsgi_class(), make_environ(path)).status

    if out is None:
        with pytest.raises(RuntimeError, match="page"):
            answer()
    else:
        assert answer() == "500 Internal Server Error"
        assert [name for name in TRAIL if " out " in name] == out


def test_wsgi_computing_middleware_refuse_and_answer_as_django_has_it(
    wsgi_class: type[WSGIHandler],
) -> None:
    refused = ask_wsgi(wsgi_class, names("First", COMMON), HTTP_HOST="a b")
    with override_settings(SECURE_SSL_REDIRECT=True):
        moved = ask_wsgi(wsgi_class, names(SECURITY, "First"))

    assert refused.status == "400 Bad Request"
    assert ("Location", "https://testserver/") in moved.headers
    assert ("X-Content-Type-Options", "nosniff") in moved.headers
    assert TRAIL == ["First in", "First out 400"]


def test_wsgi_middleware_that_are_neighbours_are_one_link() -> None:
    with override_settings(MIDDLEWARE=names("First", SECURITY, "Second")):
        handler: Any = BoltWSGIHandler()

    steps = handler._middleware_chain.link.steps

    assert len(steps) == 3
