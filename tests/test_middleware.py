"""What views return, through Django's whole chain, under WSGI and under ASGI."""

import asyncio
import dataclasses
import functools
import gzip
import json
import logging
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from operator import attrgetter
from typing import Any

import attrs
import msgspec
import pydantic
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory, override_settings
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.cache import cache_page, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from django_bolt import JSON
from django_bolt.middleware import BoltMiddleware
from testproject.showcase.models import Station
from tests.worlds import Ask, only_url

BOLT = "django_bolt.middleware.BoltMiddleware"


class Item(msgspec.Struct):
    """A Struct; its ``render`` must not be taken for a template's."""

    name: str
    render = repr


@dataclasses.dataclass
class Part:
    """A dataclass."""

    name: str


@attrs.define
class Piece:
    """An attrs class."""

    name: str


class Guest(pydantic.BaseModel):
    """A pydantic model."""

    name: str


class Row(tuple[int, ...]):
    """A subclass of tuple."""


def chunks() -> Iterator[bytes]:
    """Yield a body in two pieces."""
    yield b"one,"
    yield b"two"


async def achunks() -> AsyncIterator[bytes]:
    """Yield a body in two pieces, asynchronously."""
    yield b"one,"
    await asyncio.sleep(0)
    yield b"two"


RETURNED: list[Any] = [
    pytest.param(lambda: {"a": 1}, "application/json", b'{"a":1}', id="dict"),
    pytest.param(dict, "application/json", b"{}", id="empty dict"),
    pytest.param(lambda: [1, 2], "application/json", b"[1,2]", id="list"),
    pytest.param(list, "application/json", b"[]", id="empty list"),
    pytest.param(lambda: (1, 2), "application/json", b"[1,2]", id="tuple"),
    pytest.param(lambda: Row([1]), "application/json", b"[1]", id="subclass of tuple"),
    pytest.param(
        lambda: Item("x"),
        "application/json",
        b'{"name":"x"}',
        id="Struct with a render()",
    ),
    pytest.param(
        lambda: Part("x"), "application/json", b'{"name":"x"}', id="dataclass"
    ),
    pytest.param(lambda: Piece("x"), "application/json", b'{"name":"x"}', id="attrs"),
    pytest.param(
        lambda: Guest(name="x"), "application/json", b'{"name":"x"}', id="pydantic"
    ),
    pytest.param(
        lambda: Station.objects.values("name"), "application/json", b"[]", id="QuerySet"
    ),
    pytest.param(
        lambda: {"deep": [iter([1]), Station.objects.values("name")]},
        "application/json",
        b'{"deep":[[1],[]]}',
        id="QuerySet and iterator in a dict",
    ),
    pytest.param(
        lambda: SimpleLazyObject(lambda: {"a": 1}),
        "application/json",
        b'{"a":1}',
        id="lazy object",
    ),
    pytest.param(lambda: "hé", "text/plain; charset=utf-8", "hé".encode(), id="str"),
    pytest.param(str, "text/plain; charset=utf-8", b"", id="empty str"),
    pytest.param(
        lambda: gettext_lazy("hello"),
        "text/plain; charset=utf-8",
        b"hello",
        id="lazy text",
    ),
    pytest.param(lambda: b"\0", "application/octet-stream", b"\0", id="bytes"),
    pytest.param(
        lambda: bytearray(b"a"), "application/octet-stream", b"a", id="bytearray"
    ),
    pytest.param(
        lambda: memoryview(b"a"), "application/octet-stream", b"a", id="memoryview"
    ),
    pytest.param(chunks, "application/octet-stream", b"one,two", id="generator"),
    pytest.param(achunks, "application/octet-stream", b"one,two", id="async generator"),
    pytest.param(lambda: HttpResponse("x", "a/b"), "a/b", b"x", id="HttpResponse"),
    pytest.param(lambda: JSON([1]), "application/json", b"[1]", id="JSON"),
]


def as_function(make: Callable[[], Any]) -> Any:
    """Return a view function that returns what ``make`` makes."""

    def view(request: HttpRequest) -> Any:
        return make()

    return view


def as_async_function(make: Callable[[], Any]) -> Any:
    """Return an async view function."""

    async def view(request: HttpRequest) -> Any:
        return make()

    return view


def as_class(make: Callable[[], Any]) -> Any:
    """Return a class-based view."""

    class Page(View):
        def get(self, request: HttpRequest) -> Any:
            return make()

    return Page.as_view()


def as_async_class(make: Callable[[], Any]) -> Any:
    """Return an async class-based view."""

    class Page(View):
        async def get(self, request: HttpRequest) -> Any:
            return make()

    return Page.as_view()


def as_partial(make: Callable[[], Any]) -> Any:
    """Return a partial object."""
    return functools.partial(as_function(make))


def as_object(make: Callable[[], Any]) -> Any:
    """Return a callable object that cannot be hashed."""

    class Page:
        __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

        def __call__(self, request: HttpRequest) -> Any:
            return make()

    return Page()


KINDS = [
    as_function,
    as_async_function,
    as_class,
    as_async_class,
    as_partial,
    as_object,
]

every_kind = pytest.mark.parametrize("kind", KINDS)

quiet = pytest.mark.filterwarnings(
    # Until StreamingResponse takes the place of Django's own streaming.
    "ignore:StreamingHttpResponse must consume:Warning"
)


@quiet
@pytest.mark.django_db(transaction=True)
@every_kind
@pytest.mark.parametrize(("make", "media_type", "body"), RETURNED)
def test_view_returning_a_value_is_answered(
    ask: Ask, kind: Any, make: Any, media_type: str, body: bytes
) -> None:
    answer = ask(kind(make))

    assert answer.status == 200
    assert answer["content-type"] == media_type
    assert answer.body == body


@quiet
@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda request: chunks(), id="generator is returned"),
        pytest.param(lambda request: achunks(), id="async generator is returned"),
    ],
)
def test_view_that_is_a_generator_is_streamed(ask: Ask, view: Any) -> None:
    assert ask(view).body == b"one,two"


@quiet
def test_view_that_is_itself_a_generator_is_streamed(ask: Ask) -> None:
    def view(request: HttpRequest) -> Iterator[bytes]:
        yield request.path.encode()
        yield b"!"

    assert ask(view, "/a").body == b"/a!"


@quiet
def test_view_that_is_itself_an_async_generator_is_streamed(ask: Ask) -> None:
    async def view(request: HttpRequest) -> AsyncIterator[bytes]:
        yield request.path.encode()
        yield b"!"

    assert ask(view, "/a").body == b"/a!"


def test_view_that_equals_another_is_called_itself(ask: Ask) -> None:
    @dataclasses.dataclass(frozen=True)
    class Page:
        """A view that is told apart by what equality leaves out."""

        text: str = dataclasses.field(compare=False)

        def __call__(self, request: HttpRequest) -> str:
            return self.text

    assert ask(Page("first")).body == b"first"
    assert ask(Page("second")).body == b"second"


def test_response_of_a_template_is_still_rendered(ask: Ask) -> None:
    template = engines["django"].from_string("Hello {{ name }}")

    def view(request: HttpRequest) -> TemplateResponse:
        return TemplateResponse(request, template, {"name": "<Ann>"})

    assert ask(view).body == b"Hello &lt;Ann&gt;"


class Color:
    """Something that is no response and never will be."""


async def coroutine() -> None:
    """Do nothing, later."""


REFUSED: list[Any] = [
    pytest.param(lambda: {1, 2}, "a set.", id="set"),
    pytest.param(lambda: 5, "an int.", id="number"),
    pytest.param(lambda: False, "a bool.", id="false"),
    pytest.param(Color, f"a {__name__}.Color.", id="object"),
    pytest.param(lambda: Item, f"the class {__name__}.Item itself.", id="Struct class"),
    pytest.param(
        lambda: Part, f"the class {__name__}.Part itself.", id="dataclass class"
    ),
    pytest.param(lambda: dict, "the class dict itself.", id="builtin class"),
    pytest.param(
        lambda: Station(name="x"), "a testproject.showcase.models.Station.", id="model"
    ),
    pytest.param(lambda: iter([1]), "a list_iterator.", id="iterator"),
    pytest.param(lambda: range(2), "a range.", id="range"),
    pytest.param(uuid.uuid4, "a uuid.UUID.", id="UUID"),
]


def failure(caplog: pytest.LogCaptureFixture) -> str:
    """Return the one error that Django logged for a request."""
    [record] = [r for r in caplog.records if r.name == "django.request"]
    assert record.exc_info is not None
    error = record.exc_info[1]
    return f"{type(error).__name__}: {error}"


@every_kind
@pytest.mark.parametrize(("make", "what"), REFUSED)
def test_view_returning_something_else_is_an_error_that_names_it(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any, make: Any, what: str
) -> None:
    name = {
        as_class: f"{__name__}.as_class.<locals>.Page",
        as_async_class: f"{__name__}.as_async_class.<locals>.Page",
        as_object: f"{__name__}.as_object.<locals>.Page",
        as_async_function: f"{__name__}.as_async_function.<locals>.view",
    }.get(kind, f"{__name__}.as_function.<locals>.view")

    answer = ask(kind(make))

    assert answer.status == 500
    message = failure(caplog)
    assert message.startswith(f"TypeError: The view {name} returned {what} A view may")
    for word in ("dict", "msgspec.Struct", "QuerySet", "str", "bytes", "generator"):
        assert word in message


@every_kind
def test_view_returning_none_gets_djangos_error(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    answer = ask(kind(lambda: None))

    assert answer.status == 500
    assert "didn't return an HttpResponse object. It returned None" in failure(caplog)


@pytest.mark.parametrize("kind", [as_function, as_async_function])
def test_view_returning_a_coroutine_gets_djangos_error(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    forgotten = coroutine()

    answer = ask(kind(lambda: forgotten))

    forgotten.close()
    assert answer.status == 500
    assert "It returned an unawaited coroutine" in failure(caplog)


def notes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the notes on the one error that Django logged for a request."""
    [record] = [r for r in caplog.records if r.name == "django.request"]
    assert record.exc_info is not None
    return list(getattr(record.exc_info[1], "__notes__", []))


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Notes are new in 3.11.")
@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("decorator", [never_cache, cache_page(60), gzip_page])
@pytest.mark.parametrize("kind", [as_function, as_async_function])
@pytest.mark.parametrize("make", [dict, lambda: Part("x")], ids=["dict", "dataclass"])
def test_decorator_that_expects_a_response_is_told_the_way_out(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any, make: Any, decorator: Any
) -> None:
    answer = ask(decorator(kind(make)))

    assert answer.status == 500
    [note] = notes(caplog)
    assert "Put @bolt_view below the decorator" in note


@pytest.mark.parametrize("kind", [as_function, as_async_function])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: attrgetter("status")({}), id="another name"),
        pytest.param(lambda: attrgetter("headers")(5), id="no value of a view"),
    ],
)
def test_error_of_the_view_itself_is_told_nothing(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any, make: Any
) -> None:
    ask(kind(make))

    assert "AttributeError" in failure(caplog)
    assert notes(caplog) == []


@every_kind
def test_view_returning_what_cannot_be_encoded_is_named_with_the_path(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    answer = ask(kind(lambda: {"items": [1, Color()]}))

    assert answer.status == 500
    message = failure(caplog)
    assert message.startswith(f"TypeError: The view {__name__}.as_")
    assert 'that cannot be sent: data["items"][1] has no JSON form' in message


def test_view_error_raised_while_a_queryset_is_read_is_left_alone(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    class Special(ValueError):
        """An error of a project."""

    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise Special("mine")

    answer = ask(lambda request: {"rows": Broken()})

    assert answer.status == 500
    assert failure(caplog) == "Special: mine"


def creating_view() -> Any:
    """Return a view that writes to the database, then returns what cannot be sent."""

    def view(request: HttpRequest) -> Any:
        Station.objects.create(
            name="x",
            country="CH",
            elevation=1,
            temperature=0,
            observed_at="2026-01-02T00:00:00Z",
        )
        return {"bad": Color()}

    return view


@pytest.mark.django_db(transaction=True)
def test_value_that_cannot_be_sent_rolls_the_transaction_back(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ATOMIC_REQUESTS: the conversion is part of the view."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)

    answer = ask(creating_view())

    assert answer.status == 500
    assert not Station.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_non_atomic_requests_of_a_view_is_respected(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)

    answer = ask(transaction.non_atomic_requests(creating_view()))

    assert answer.status == 500
    assert Station.objects.exists()


def test_async_view_under_atomic_requests_gets_djangos_error(
    ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)

    answer = ask(as_async_function(dict))

    assert answer.status == 500
    assert "You cannot use ATOMIC_REQUESTS with async views" in failure(caplog)


class Reporter:
    """A middleware that sees exceptions of views, and answers them."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> Any:
        """Answer with a dict, as a view might."""
        return {"error": type(error).__name__}


@override_settings(MIDDLEWARE=[f"{__name__}.Reporter", BOLT])
def test_process_exception_sees_what_cannot_be_converted_and_may_return_a_value(
    ask: Ask,
) -> None:
    answer = ask(lambda request: {1, 2})

    assert (answer.status, answer.body) == (200, b'{"error":"TypeError"}')


class Replacer:
    """A middleware that answers before the view, with a value."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, *args: Any) -> Any:
        """Answer with a set when asked for a mistake, else with a list."""
        return {1} if args[0].path == "/mistake" else [1]


@override_settings(MIDDLEWARE=[f"{__name__}.Replacer", BOLT])
def test_process_view_may_return_a_value(ask: Ask) -> None:
    answer = ask(lambda request: "never")

    assert (answer["content-type"], answer.body) == ("application/json", b"[1]")


@override_settings(MIDDLEWARE=[f"{__name__}.Replacer", BOLT])
def test_process_view_mistake_names_the_view(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(as_class(list), "/mistake")

    assert answer.status == 500
    assert f"The view {__name__}.as_class.<locals>.Page returned a set" in failure(
        caplog
    )


@override_settings(
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        BOLT,
    ]
)
@pytest.mark.parametrize("kind", [as_function, as_async_function])
def test_middleware_further_out_works_on_what_was_converted(
    ask: Ask, kind: Any
) -> None:
    view = kind(lambda: {"text": "word " * 200})
    plain = ask(view)

    zipped = ask(view, headers={"Accept-Encoding": "gzip"})
    again = ask(view, headers={"If-None-Match": plain["etag"]})

    assert plain["content-length"] == str(len(plain.body))
    assert plain["x-frame-options"] == "DENY"
    assert plain["x-content-type-options"] == "nosniff"
    assert zipped["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(zipped.body)) == {"text": "word " * 200}
    assert (again.status, again.body) == (304, b"")


class Passive:
    """A middleware that only passes the request on."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on."""
        return self.get_response(request)


@override_settings(MIDDLEWARE=[BOLT, f"{__name__}.Passive"])
def test_middleware_that_is_not_last_still_converts_and_warns_at_start(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(lambda request: {"a": 1})

    assert answer.body == b'{"a":1}'
    [record] = [r for r in caplog.records if r.name == "django_bolt"]
    assert record.levelno == logging.WARNING
    assert "BoltMiddleware must be the last entry of MIDDLEWARE" in record.getMessage()


def test_middleware_that_is_last_does_not_warn(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    ask(lambda request: {})

    assert [r for r in caplog.records if r.name == "django_bolt"] == []


@pytest.mark.parametrize("handler_class", [WSGIHandler, ASGIHandler])
def test_middleware_loaded_twice_by_one_handler_converts_once(
    handler_class: type[BaseHandler],
) -> None:
    handler = handler_class()
    converting = handler.make_view_atomic

    handler.load_middleware(is_async=handler_class is ASGIHandler)

    assert handler.make_view_atomic is converting


def test_middleware_leaves_other_handlers_alone() -> None:
    before = BaseHandler.make_view_atomic

    WSGIHandler()

    assert BaseHandler.make_view_atomic is before
    with override_settings(MIDDLEWARE=[]):
        assert "make_view_atomic" not in vars(WSGIHandler())


def test_middleware_in_front_of_a_plain_callable_converts() -> None:
    """As a unit test of a project may build it, without a handler or a URL."""
    middleware = BoltMiddleware(lambda request: {"a": 1})

    response = middleware(RequestFactory().get("/"))

    assert isinstance(response, HttpResponse)
    assert response.content == b'{"a":1}'


class Meeting(JSON):
    """A response that tells what its request was."""

    def prepare(self, request: HttpRequest) -> "Meeting":
        self["X-Path"] = request.path
        return self


@pytest.mark.parametrize("kind", [as_function, as_async_function])
def test_middleware_lets_the_response_meet_the_request(ask: Ask, kind: Any) -> None:
    assert ask(kind(lambda: Meeting([])), "/x")["x-path"] == "/x"


def test_test_client_gets_the_converted_response(client: Client) -> None:
    with override_settings(ROOT_URLCONF=only_url(lambda request: {"a": [1]})):
        response = client.get("/")

    assert response.json() == {"a": [1]}


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_session_changed_in_a_view_is_saved(ask: Ask, is_async: bool) -> None:
    def view(request: HttpRequest) -> Any:
        request.session["seen"] = True
        return {"seen": True}

    async def aview(request: HttpRequest) -> Any:
        request.session["seen"] = True
        return {"seen": True}

    answer = ask(aview if is_async else view)

    assert answer.body == b'{"seen":true}'
    assert answer["set-cookie"].strip().startswith("sessionid=")
    assert answer["vary"] == "Cookie"


def test_csrf_protection_of_a_view_is_unchanged(ask: Ask) -> None:
    protected = ask(lambda request: {}, method="POST")
    exempt = ask(csrf_exempt(as_function(dict)), method="POST")

    assert (protected.status, exempt.status) == (403, 200)
