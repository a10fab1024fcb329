"""Django's view decorators on handlers, under and over ``@api.get``."""

import functools
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required, login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern, include
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import condition
from django.views.decorators.vary import vary_on_headers

from django_bolt import BoltAPI, StreamingResponse
from django_bolt.api.decorators import decorate_like, find_handler, leads_to
from tests.worlds import Ask


def mount(api: BoltAPI) -> Any:
    """Return what sends every path to an API."""
    return include(api.urls)


def under(decorator: Callable[[Any], Any], kind: str) -> BoltAPI:
    """Return an API whose handler has a decorator under ``@api.get``."""
    api = BoltAPI()
    if kind == "sync":

        @api.get("/it")
        @decorator
        def sync() -> dict[str, int]:
            return {"n": 1}

    else:

        @api.get("/it")
        @decorator
        async def asynchronous() -> dict[str, int]:
            return {"n": 1}

    return api


def over(decorator: Callable[[Any], Any], kind: str) -> BoltAPI:
    """Return an API whose handler has a decorator over ``@api.get``."""
    api = BoltAPI()
    if kind == "sync":

        @decorator
        @api.get("/it")
        def sync() -> dict[str, int]:
            return {"n": 1}

    else:

        @decorator
        @api.get("/it")
        async def asynchronous() -> dict[str, int]:
            return {"n": 1}

    return api


PLACES = pytest.mark.parametrize(
    "place", [pytest.param(under, id="under"), pytest.param(over, id="over")]
)
KINDS = pytest.mark.parametrize("kind", ["sync", "async"])


@PLACES
@KINDS
def test_vary_on_headers_marks_the_response_of_a_value(
    ask: Ask, place: Any, kind: str
) -> None:
    answer = ask(mount(place(vary_on_headers("X-Shop"), kind)), "/it")

    assert answer.body == b'{"n":1}'
    assert "X-Shop" in answer["Vary"]


@PLACES
@KINDS
def test_never_cache_marks_the_response_of_a_value(
    ask: Ask, place: Any, kind: str
) -> None:
    answer = ask(mount(place(never_cache, kind)), "/it")

    assert "no-store" in answer["Cache-Control"]


@PLACES
@KINDS
def test_login_required_sends_strangers_to_the_login(
    ask: Ask, place: Any, kind: str
) -> None:
    answer = ask(mount(place(login_required(login_url="/login"), kind)), "/it")

    assert (answer.status, answer["Location"]) == (302, "/login?next=/it")


@PLACES
def test_login_required_lets_users_in(place: Any, rf: RequestFactory) -> None:
    api = place(login_required, "sync")
    request = rf.get("/it")
    request.user = User(username="ada")

    assert api.urls[0].callback(request).content == b'{"n":1}'


@pytest.mark.usefixtures("empty_cache")
@PLACES
@KINDS
def test_cache_page_keeps_the_response_of_a_value(
    ask: Ask, place: Any, kind: str
) -> None:
    calls = []

    def count(view: Callable[..., Any]) -> Callable[..., Any]:
        if kind == "sync":

            @functools.wraps(view)
            def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                calls.append(request)
                return view(request, *args, **kwargs)

            return counted

        @functools.wraps(view)
        async def acounted(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            calls.append(request)
            return await view(request, *args, **kwargs)

        return acounted

    api = place(lambda view: cache_page(60)(count(view)), kind)

    answers = [ask(mount(api), "/it") for _ in range(2)]

    assert [answer.body for answer in answers] == [b'{"n":1}'] * 2
    assert "max-age=60" in answers[1]["Cache-Control"]
    assert len(calls) == 1


def test_csrf_exempt_works_under_and_over(ask: Ask) -> None:
    api = BoltAPI()

    @api.post("/under")
    @csrf_exempt
    def under() -> str:
        return "under"

    @csrf_exempt
    @api.post("/over")
    async def over() -> str:
        return "over"

    @api.post("/without")
    def without() -> None:
        """Never called."""

    assert ask(mount(api), "/under", method="POST").body == b"under"
    assert ask(mount(api), "/over", method="POST").body == b"over"
    assert ask(mount(api), "/without", method="POST").status == 403


def test_decorated_handler_is_left_as_it_was() -> None:
    api = BoltAPI()

    @never_cache
    @api.get("/it")
    def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse("mine")

    assert api.urls[0].callback is not handler
    assert handler(RequestFactory().get("/it")).content == b"mine"
    with pytest.raises(TypeError):
        handler("no request")  # type: ignore[arg-type]


def test_decorators_run_in_the_order_in_which_they_stand(ask: Ask) -> None:
    api = BoltAPI()
    order = []

    def note(name: str) -> Callable[[Any], Any]:
        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def noted(*args: Any, **kwargs: Any) -> Any:
                order.append(name)
                return view(*args, **kwargs)

            return noted

        return decorator

    @note("a")
    @note("b")
    @api.get("/it")
    @note("c")
    @note("d")
    def handler() -> str:
        return ""

    assert ask(mount(api), "/it").status == 200
    assert order == ["a", "b", "c", "d"]


def test_decorator_over_the_first_of_two_handlers_of_one_name_is_kept(
    ask: Ask,
) -> None:
    api = BoltAPI()

    @never_cache
    @api.get("/it")
    def item() -> str:
        return "get"

    @csrf_exempt  # type: ignore[no-redef]
    @api.post("/it")
    def item() -> str:  # noqa: F811
        return "post"

    assert "no-store" in ask(mount(api), "/it")["Cache-Control"]
    assert ask(mount(api), "/it", method="POST").body == b"post"


def test_decorator_between_two_registrations_holds_for_both(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/one")
    @never_cache
    @api.get("/two", name="two")
    def item() -> str:
        return "it"

    assert "Cache-Control" in ask(mount(api), "/one")
    assert "Cache-Control" in ask(mount(api), "/two")


api_of_the_module = BoltAPI()


@never_cache
@api_of_the_module.get("/it")
def in_a_module() -> str:
    """A handler that a module defines, not a function."""
    return "it"


def test_decorator_over_a_handler_of_a_module_is_found(ask: Ask) -> None:
    assert "Cache-Control" in ask(mount(api_of_the_module), "/it")


def test_value_that_a_decorator_returns_is_converted(ask: Ask) -> None:
    def maintenance(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def closed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return {"closed": view is not None}

        return closed

    assert ask(mount(under(maintenance, "sync")), "/it").body == b'{"closed":true}'


def test_decorator_of_another_shape_is_called_as_the_handler(ask: Ask) -> None:
    """It decides by itself what it hands on, so it is not moved."""
    api = BoltAPI()

    def without_request(view: Callable[[int], Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def called(request: HttpRequest, **kwargs: int) -> Any:
            return view(kwargs["number"] + 1)

        return called

    @api.get("/it/{number}")
    @without_request
    def handler(number: int) -> dict[str, int]:
        return {"n": number}

    assert ask(mount(api), "/it/1").body == b'{"n":2}'


def test_decorator_that_is_an_object_is_called_as_the_handler(ask: Ask) -> None:
    api = BoltAPI()

    class Doubling:
        """A decorator that is a class."""

        def __init__(self, view: Callable[..., Any]) -> None:
            functools.update_wrapper(self, view)
            self.view = view

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return [self.view(*args, **kwargs)] * 2

    @Doubling
    @api.get("/it")
    def handler(request: HttpRequest) -> str:
        return request.path

    assert ask(mount(api), "/it").body == b'["/it","/it"]'


def test_async_generator_under_a_decorator_is_streamed(ask: Ask) -> None:
    api = BoltAPI()

    @never_cache
    @api.get("/it", response_class=StreamingResponse)
    async def lines() -> AsyncIterator[str]:
        yield "a"

    answer = ask(mount(api), "/it")

    assert answer.body == b"a"
    assert "no-store" in answer["Cache-Control"]


def test_condition_answers_in_the_place_of_the_handler(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/it")
    @condition(etag_func=lambda request: '"1"')
    def handler() -> None:
        """Never called."""

    assert ask(mount(api), "/it", headers={"If-None-Match": '"1"'}).status == 304


def test_non_atomic_requests_marks_the_view() -> None:
    api = BoltAPI()

    @transaction.non_atomic_requests
    @api.get("/it")
    def handler() -> None:
        """Never called."""

    assert api.urls[0].callback._non_atomic_requests == {"default"}  # type: ignore[attr-defined]


def public(*args: Any) -> HttpResponse:
    """A handler without decorators, typed as a view."""
    return HttpResponse()  # pragma: no cover


# Marks that Django reads from the view of several handlers.


def marks(**handlers: Callable[..., Any]) -> URLPattern:
    """Return the pattern of a path with these handlers, by method."""
    api = BoltAPI()
    for method, handler in handlers.items():
        getattr(api, method)("/it", name="it")(handler)
    [pattern] = api.urls
    return pattern


def plain() -> str:
    """A handler without decorators."""
    return ""  # pragma: no cover


def test_exemption_holds_when_all_methods_that_need_it_have_it() -> None:
    """CSRF protection does not look at safe methods."""
    pattern = marks(get=plain, post=csrf_exempt(plain), put=csrf_exempt(plain))

    assert getattr(pattern.callback, "csrf_exempt", False) is True


def test_exemption_of_one_method_exempts_no_other() -> None:
    pattern = marks(post=csrf_exempt(plain), put=plain)

    assert getattr(pattern.callback, "csrf_exempt", False) is False


def test_exemption_of_a_safe_method_exempts_no_other() -> None:
    pattern = marks(get=csrf_exempt(plain), post=plain)

    assert getattr(pattern.callback, "csrf_exempt", False) is False


def test_method_that_nothing_serves_is_refused_as_that(ask: Ask) -> None:
    """Not for want of a CSRF cookie, which would not help."""
    answer = ask(mount(under(never_cache, "sync")), "/it", method="DELETE")

    assert (answer.status, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_public_handler_does_not_make_the_path_public() -> None:
    pattern = marks(get=login_not_required(public), post=plain)

    assert getattr(pattern.callback, "login_required", True) is True


def test_path_is_public_when_all_its_handlers_are() -> None:
    exempt = login_not_required(public)

    pattern = marks(get=exempt, post=exempt)

    assert getattr(pattern.callback, "login_required", True) is False


# The parts.


def test_rebuilding_leaves_out_what_is_no_view_decorator() -> None:
    def view(request: HttpRequest) -> None:
        """Never called."""

    assert find_handler(view) is view
    assert decorate_like(view, plain, view) is view


def test_decorators_that_hide_the_function_are_handlers() -> None:
    def decorator(request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        return kept[0]()  # pragma: no cover

    kept = [plain]
    decorator.__dict__["__wrapped__"] = plain

    assert find_handler(decorator) is decorator


def test_cell_that_is_empty_is_passed_over() -> None:
    def decorator(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return later  # pragma: no cover

    decorator.__dict__["__wrapped__"] = plain

    assert find_handler(decorator) is decorator
    later = 1


def test_loop_of_wrappers_ends() -> None:
    def one() -> None: ...

    def other() -> None: ...

    one.__dict__["__wrapped__"] = other
    other.__dict__["__wrapped__"] = one

    assert not leads_to(one, plain)


def test_place_of_a_definition_is_released_when_the_view_is_made() -> None:
    class Local:
        """Something that only the defining function holds."""

    def define() -> tuple[BoltAPI, weakref.ref[Local]]:
        api = BoltAPI()
        local = Local()
        api.get("/it", name="it")(lambda: "")
        return api, weakref.ref(local)

    api, local = define()
    gc.collect()
    assert local() is not None

    assert callable(api.urls[0].callback)
    gc.collect()
    assert local() is None
