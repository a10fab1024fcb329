"""The view and what middleware does around its call."""

import functools
import gc
import types
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from django_bolt import BoltAPI
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.views import is_async_view
from tests.handlers.exchanges import ask
from tests.handlers.layers import TRAIL

HOOKS = "tests.handlers.layers.Hooks"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"


@pytest.fixture(autouse=True)
def empty_trail() -> Iterator[None]:
    """Start with nothing noted."""
    TRAIL.clear()
    yield
    TRAIL.clear()


def pair(view: Any) -> pytest.MarkDecorator:
    """Return a view as a function, and as a coroutine function."""

    @functools.wraps(view)
    async def in_loop(request: HttpRequest) -> Any:
        return view(request)

    return pytest.mark.parametrize(
        "view",
        [pytest.param(view, id="sync view"), pytest.param(in_loop, id="async view")],
    )


def fail(request: HttpRequest) -> HttpResponse:
    """Raise what the path says."""
    errors = {
        "/missing": Http404(),
        "/forbidden": PermissionDenied(),
        "/rescue": ValueError("rescue"),
    }
    raise errors.get(request.path, ValueError("nobody"))


@pair(fail)
@pytest.mark.parametrize(
    ("path", "status", "trail"),
    [
        pytest.param("/missing", 404, ["Hooks view", "Hooks exception "], id="404"),
        pytest.param("/forbidden", 403, ["Hooks view", "Hooks exception "], id="403"),
        pytest.param(
            "/error", 500, ["Hooks view", "Hooks exception nobody"], id="error"
        ),
        pytest.param(
            "/rescue", 200, ["Hooks view", "Hooks exception rescue"], id="rescued"
        ),
    ],
)
def test_error_of_a_view_goes_to_the_middleware_and_becomes_a_response(
    view: Any,
    path: str,
    status: int,
    trail: list[str],
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(view, path, middleware=[HOOKS], handler_class=handler_class)

    assert exchange.status == status
    assert trail == TRAIL


@pair(fail)
def test_error_of_a_view_without_middleware_becomes_a_response(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(view, handler_class=handler_class)

    assert exchange.status == 500


@pair(fail)
def test_middleware_answers_in_place_of_a_view(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(
        view, "/Hooks/answer", middleware=[HOOKS], handler_class=handler_class
    )

    assert exchange.body == b"of Hooks"


def render_later(request: HttpRequest) -> Any:
    """Answer with a template that is rendered after the view."""
    text = "{{ 1|add:2 }}" if request.path != "/broken" else "{{ broken }}"

    def broken() -> None:
        raise ValueError("nobody" if "rescue" not in request.GET else "rescue")

    template = engines["django"].from_string(text)
    return SimpleTemplateResponse(template, {"broken": broken})


@pair(render_later)
@pytest.mark.parametrize(
    ("path", "status", "trail"),
    [
        pytest.param("/", 200, ["Hooks view", "Hooks template"], id="rendered"),
        pytest.param(
            "/broken",
            500,
            ["Hooks view", "Hooks template", "Hooks exception nobody"],
            id="not rendered",
        ),
        pytest.param(
            "/broken?rescue",
            200,
            ["Hooks view", "Hooks template", "Hooks exception rescue"],
            id="rescued",
        ),
        pytest.param(
            "/Hooks/forget", 500, ["Hooks view", "Hooks template"], id="forgotten"
        ),
    ],
)
def test_template_response_is_rendered_behind_the_middleware(
    view: Any,
    path: str,
    status: int,
    trail: list[str],
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(view, path, middleware=[HOOKS], handler_class=handler_class)

    assert exchange.status == status
    assert trail == TRAIL
    if trail == ["Hooks view", "Hooks template"] and status == 200:
        assert exchange.body == b"3"


class RenderedInLoop(HttpResponse):
    """A response whose ``render`` is a coroutine function."""

    async def render(self) -> HttpResponse:
        """Return the response that is sent."""
        return HttpResponse("rendered")


async def render_in_loop(request: HttpRequest) -> Any:
    """Answer with such a response."""
    return RenderedInLoop()


def test_async_render_is_awaited(handler_class: type[ASGIHandler]) -> None:
    exchange = ask(render_in_loop, handler_class=handler_class)

    assert exchange.body == b"rendered"


class RenderedToCoroutine(HttpResponse):
    """A response whose ``render`` returns what is to be awaited."""

    def render(self) -> Any:
        """Return a coroutine."""
        coroutine = self.later()
        coroutines.append(coroutine)
        return coroutine

    async def later(self) -> None:
        """Return nothing."""


coroutines: list[Any] = []
"""What was made; closed by the test."""


async def render_to_coroutine(request: HttpRequest) -> Any:
    """Answer with such a response."""
    return RenderedToCoroutine()


def test_render_that_returns_a_coroutine_is_an_error(
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(render_to_coroutine, handler_class=handler_class)
    while coroutines:
        coroutines.pop().close()

    assert exchange.status == 500


def forget(request: HttpRequest) -> Any:
    """Return nothing."""


@pair(forget)
def test_view_that_returns_nothing_is_an_error(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(view, handler_class=handler_class)

    assert exchange.status == 500


def say(request: HttpRequest) -> Any:
    """Return what is no response."""
    return "text"


@pair(say)
def test_value_that_nobody_converts_is_left_to_the_server(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    with pytest.raises(AttributeError, match="_resource_closers"):
        ask(view, handler_class=handler_class)


class Callable:
    """A view that cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        return HttpResponse("object")


def test_view_may_be_an_object_without_a_hash(
    handler_class: type[ASGIHandler],
) -> None:
    assert ask(Callable(), handler_class=handler_class).body == b"object"
    assert not is_async_view(Callable(), is_lasting=True)


def guarded(request: HttpRequest) -> HttpResponse:
    """Answer, where cross-site requests are refused."""
    return HttpResponse("passed")


@pair(guarded)
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("GET", {}, 200, id="safe method"),
        pytest.param("POST", {}, 403, id="no cookie"),
        pytest.param(
            "POST",
            {"cookie": "csrftoken=" + "a" * 32, "x-csrftoken": "a" * 32},
            200,
            id="token",
        ),
        pytest.param(
            "POST",
            {"cookie": "csrftoken=" + "a" * 32, "x-csrftoken": "b" * 32},
            403,
            id="other token",
        ),
    ],
)
def test_cross_site_requests_are_refused(
    view: Any,
    method: str,
    headers: dict[str, str],
    status: int,
    handler_class: type[ASGIHandler],
) -> None:
    exchange = ask(
        view,
        method=method,
        headers=headers,
        middleware=[CSRF],
        handler_class=handler_class,
    )

    assert exchange.status == status


@pair(csrf_exempt(guarded))
def test_exempt_view_takes_any_request(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(view, method="POST", middleware=[CSRF], handler_class=handler_class)

    assert exchange.body == b"passed"


@pytest.mark.django_db(transaction=True)
def test_sync_view_runs_in_a_transaction_when_each_request_does(
    handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(connection.in_atomic_block))

    assert ask(view, handler_class=handler_class).body == b"True"


@pytest.mark.django_db(transaction=True)
def test_async_view_cannot_run_in_a_transaction(
    handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    async def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("The view was called.")

    assert ask(view, handler_class=handler_class).status == 500


def test_returned_values_become_responses_behind_bolt_middleware() -> None:
    async def view(request: HttpRequest) -> Any:
        return {"a": 1}

    exchange = ask(view, middleware=["django_bolt.middleware.BoltMiddleware"])

    assert exchange.headers["content-type"] == "application/json"
    assert exchange.body == b'{"a":1}'


@pytest.mark.parametrize("middleware", [[], ["django_bolt.middleware.BoltMiddleware"]])
def test_handlers_of_bolt_api_are_called(
    middleware: list[str], handler_class: type[ASGIHandler]
) -> None:
    api = BoltAPI()

    @api.get("/items/{number}")
    async def item(number: int) -> dict[str, int]:
        return {"number": number}

    @api.get("/names/{number}")
    def name(number: int) -> list[int]:
        return [number]

    urlconf = types.ModuleType("of_api")
    vars(urlconf)["urlpatterns"] = [path("", include(api.urls))]
    bodies = [
        ask(
            guarded,
            target,
            middleware=middleware,
            settings={"ROOT_URLCONF": urlconf},
            handler_class=handler_class,
        ).body
        for target in ("/items/3", "/names/4")
    ]

    assert bodies == [b'{"number":3}', b"[4]"]


def test_what_is_made_of_a_view_for_one_request_is_not_kept() -> None:
    """``ATOMIC_REQUESTS`` makes a function for each, and more of them than views."""
    made: list[weakref.ref[object]] = []

    class Atomic(BoltASGIHandler):
        def make_view_atomic(self, view: Any) -> Any:
            @functools.wraps(view)
            def atomic(*args: Any, **kwargs: Any) -> Any:
                return view(*args, **kwargs)

            made.append(weakref.ref(atomic))
            return atomic

    exchange = ask(lambda request: HttpResponse("made"), handler_class=Atomic)
    gc.collect()

    assert exchange.body == b"made"
    assert [reference() for reference in made] == [None]
