"""bolt_view: conversion at the view, without the middleware, under decorators."""

import asyncio
import functools
import gzip
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import BadHeaderError, HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.utils.decorators import method_decorator
from django.views import View as ClassBasedView
from django.views.decorators.cache import cache_control, cache_page, never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import etag
from django.views.decorators.vary import vary_on_headers

from django_bolt import (
    HTML,
    JSON,
    File,
    Redirect,
    Response,
    StreamingResponse,
    bolt_view,
)
from django_bolt.types import View
from testproject.showcase.models import Station
from tests.test_middleware import KINDS, Color, achunks, as_function, chunks, failure
from tests.worlds import Ask

pytestmark = pytest.mark.filterwarnings(
    # Until StreamingResponse takes the place of Django's own streaming.
    "ignore:StreamingHttpResponse must consume:Warning"
)

every_kind = pytest.mark.parametrize("kind", KINDS)

without_middleware = override_settings(MIDDLEWARE=[])


@without_middleware
@every_kind
def test_bolt_view_converts_without_the_middleware(ask: Ask, kind: Any) -> None:
    answer = ask(bolt_view(kind(lambda: {"a": 1})))

    assert (answer.status, answer.body) == (200, b'{"a":1}')


@every_kind
def test_bolt_view_converts_below_the_middleware(ask: Ask, kind: Any) -> None:
    assert ask(bolt_view(kind(lambda: "hi"))).body == b"hi"


@without_middleware
@pytest.mark.parametrize("make", [chunks, achunks])
@every_kind
def test_bolt_view_streams_a_generator_that_is_returned(
    ask: Ask, kind: Any, make: Any
) -> None:
    assert ask(bolt_view(kind(make))).body == b"one,two"


@without_middleware
def test_bolt_view_streams_a_view_that_is_a_generator(ask: Ask) -> None:
    @bolt_view
    def view(request: HttpRequest) -> Iterator[bytes]:
        yield b"a"
        yield request.path.encode()

    assert ask(view, "/x").body == b"a/x"


@without_middleware
def test_bolt_view_streams_a_view_that_is_an_async_generator(ask: Ask) -> None:
    @bolt_view
    async def view(request: HttpRequest) -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(0)
        yield request.path.encode()

    assert ask(view, "/x").body == b"a/x"


@pytest.mark.parametrize(
    ("response_class", "make", "media_type", "body"),
    [
        pytest.param(JSON, lambda: "a", "application/json", b'"a"', id="JSON"),
        pytest.param(
            JSON, lambda: iter([1]), "application/json", b"[1]", id="JSON of iterator"
        ),
        pytest.param(
            Response, lambda: [1], "application/json", b"[1]", id="Response of data"
        ),
        pytest.param(
            Response, lambda: b"[1]", "application/json", b"[1]", id="ready Response"
        ),
        pytest.param(
            HTML, lambda: "<p>", "text/html; charset=utf-8", b"<p>", id="HTML"
        ),
        pytest.param(
            StreamingResponse,
            lambda: [b"a", b"b"],
            "application/octet-stream",
            b"ab",
            id="StreamingResponse",
        ),
        pytest.param(
            functools.partial(StreamingResponse, media_type="text/csv"),
            lambda: [b"a"],
            "text/csv",
            b"a",
            id="partial",
        ),
    ],
)
@every_kind
def test_bolt_view_response_class_makes_the_response(
    ask: Ask, kind: Any, response_class: Any, make: Any, media_type: str, body: bytes
) -> None:
    decorate = bolt_view(
        response_class=response_class, status_code=202, headers={"X-A": "1"}
    )

    answer = ask(decorate(kind(make)))

    assert (answer.status, answer["x-a"]) == (202, "1")
    assert (answer["content-type"], answer.body) == (media_type, body)


class Counted(JSON):
    """A JSON response that looks at its data."""

    def __init__(self, data: Any, status_code: int = 200, headers: Any = None) -> None:
        super().__init__({"count": len(data), "data": data}, status_code, headers)


@every_kind
def test_bolt_view_subclass_of_json_gets_the_value_itself(ask: Ask, kind: Any) -> None:
    answer = ask(bolt_view(response_class=Counted)(kind(lambda: [7, 8])))

    assert answer.body == b'{"count":2,"data":[7,8]}'


@pytest.mark.django_db(transaction=True)
@every_kind
def test_bolt_view_response_class_that_is_a_function_may_query(
    ask: Ask, kind: Any
) -> None:
    problem = functools.partial(Response, media_type="application/problem+json")

    answer = ask(
        bolt_view(response_class=problem)(kind(lambda: Station.objects.values("name")))
    )

    assert (answer["content-type"], answer.body) == ("application/problem+json", b"[]")


@every_kind
def test_bolt_view_status_without_body_ignores_what_cannot_be_sent(
    ask: Ask, kind: Any
) -> None:
    answer = ask(bolt_view(status_code=204)(kind(lambda: {"a": Color()})))

    assert (answer.status, answer.body) == (204, b"")


def test_bolt_view_redirects_with_a_response_class(ask: Ask) -> None:
    @bolt_view(response_class=Redirect, status_code=303)
    def view(request: HttpRequest) -> str:
        return "/next/"

    answer = ask(view)

    assert (answer.status, answer["location"]) == (303, "/next/")


def test_bolt_view_leaves_a_response_as_it_is(ask: Ask) -> None:
    @bolt_view(response_class=JSON, status_code=202, headers={"X-A": "1"})
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("mine", status=418)

    answer = ask(view)

    assert (answer.status, answer.body) == (418, b"mine")
    assert "x-a" not in answer


@every_kind
def test_bolt_view_none_with_204_is_an_empty_answer(ask: Ask, kind: Any) -> None:
    answer = ask(bolt_view(status_code=204, headers={"X-A": "1"})(kind(lambda: None)))

    assert (answer.status, answer.body, answer["x-a"]) == (204, b"", "1")
    assert "content-type" not in answer


@pytest.mark.parametrize(
    "options", [{}, {"response_class": JSON}, {"status_code": 201}]
)
@every_kind
def test_bolt_view_none_with_another_status_is_an_error_that_names_the_view(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any, options: Any
) -> None:
    answer = ask(bolt_view(**options)(kind(lambda: None)))

    assert answer.status == 500
    message = failure(caplog)
    assert message.startswith(f"TypeError: The view {KINDS[0].__module__}.as_")
    assert "returned None." in message
    assert "204" in message


async def coroutine() -> None:
    """Do nothing, later."""


@pytest.mark.parametrize("options", [{}, {"response_class": JSON}])
def test_bolt_view_coroutine_that_was_not_awaited_is_an_error(
    ask: Ask, caplog: pytest.LogCaptureFixture, options: Any
) -> None:
    """And no RuntimeWarning comes of it, long after."""
    answer = ask(bolt_view(**options)(as_function(coroutine)))

    assert answer.status == 500
    assert "returned a coroutine that was not awaited" in failure(caplog)


@every_kind
def test_bolt_view_unsupported_value_is_an_error_that_names_the_view(
    ask: Ask, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    answer = ask(bolt_view(kind(lambda: {1})))

    assert answer.status == 500
    assert f"The view {KINDS[0].__module__}.as_" in failure(caplog)
    assert " returned a set. A view may return" in failure(caplog)


def test_bolt_view_value_that_does_not_suit_the_response_class_names_the_view(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(bolt_view(response_class=HTML)(as_function(Color)))

    assert answer.status == 500
    assert (
        ".view returned a tests.test_middleware.Color that cannot be sent: The text"
        in (failure(caplog))
    )


DECORATORS = [
    pytest.param(never_cache, "cache-control", "no-store", id="never_cache"),
    pytest.param(cache_page(60), "cache-control", "max-age=60", id="cache_page"),
    pytest.param(cache_control(private=True), "cache-control", "private", id="control"),
    pytest.param(vary_on_headers("X-A"), "vary", "X-A", id="vary_on_headers"),
    pytest.param(xframe_options_deny, "x-frame-options", "DENY", id="xframe"),
    pytest.param(etag(lambda request: '"tag"'), "etag", '"tag"', id="etag"),
    pytest.param(ensure_csrf_cookie, "set-cookie", "csrftoken=", id="csrf cookie"),
    pytest.param(csrf_exempt, "content-type", "", id="csrf_exempt"),
]


@without_middleware
@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(("decorate", "header", "value"), DECORATORS)
def test_bolt_view_works_under_decorators_that_touch_the_response(
    ask: Ask, decorate: Callable[[View], View], header: str, value: str, is_async: bool
) -> None:
    @decorate
    @bolt_view
    def view(request: HttpRequest) -> dict[str, int]:
        return {"a": 1}

    @decorate
    @bolt_view
    async def aview(request: HttpRequest) -> dict[str, int]:
        return {"a": 1}

    answer = ask(aview if is_async else view)

    assert answer.body == b'{"a":1}'
    assert value in answer[header]


@without_middleware
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("decorate", "header", "value"),
    [row for row in DECORATORS if row.id != "cache_page"],
)
def test_bolt_view_works_under_decorators_that_touch_a_stream(
    ask: Ask, decorate: Callable[[View], View], header: str, value: str, is_async: bool
) -> None:
    @decorate
    @bolt_view(response_class=StreamingResponse)
    def view(request: HttpRequest) -> Iterator[bytes]:
        yield b"a"

    @decorate
    @bolt_view(response_class=StreamingResponse)
    async def aview(request: HttpRequest) -> AsyncIterator[bytes]:
        yield b"a"

    answer = ask(aview if is_async else view)

    assert answer.body == b"a"
    assert value in answer[header]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_bolt_view_works_under_gzip_page(ask: Ask, is_async: bool) -> None:
    @gzip_page
    @bolt_view
    def view(request: HttpRequest) -> str:
        return "word " * 200

    @gzip_page
    @bolt_view
    async def aview(request: HttpRequest) -> str:
        return "word " * 200

    answer = ask(aview if is_async else view, headers={"Accept-Encoding": "gzip"})

    assert answer["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"word " * 200


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="whole"),
        pytest.param({"If-None-Match": "*"}, 304, id="a version that it has"),
        pytest.param({"If-Match": '"other"'}, 412, id="another version"),
        pytest.param({"Range": "bytes=0-1"}, 206, id="a part"),
        pytest.param({"Range": "bytes=99-"}, 416, id="beyond the end"),
    ],
)
def test_bolt_view_file_from_the_cache_answers_the_request_that_it_meets(
    ask: Ask, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello")

    @cache_page(60)
    @bolt_view
    def view(request: HttpRequest) -> File:
        return File(tmp_path / "a.txt")

    with override_settings(BOLT_ALLOWED_FILE_DIRS=[tmp_path]):
        ask(view)
        answer = ask(view, headers=headers)

    assert answer.status == status


@pytest.mark.usefixtures("empty_cache")
def test_bolt_view_page_from_the_cache_is_the_same(ask: Ask) -> None:
    calls = []

    @cache_page(60)
    @bolt_view(headers={"X-A": "1"})
    def view(request: HttpRequest) -> dict[str, int]:
        calls.append(request)
        return {"calls": len(calls)}

    first, second = ask(view), ask(view)

    assert len(calls) == 1
    assert first.body == second.body == b'{"calls":1}'
    assert first["content-type"] == second["content-type"] == "application/json"
    assert second["x-a"] == "1"


def test_bolt_view_decorates_a_method(ask: Ask) -> None:
    class Page(ClassBasedView):
        @method_decorator(never_cache)
        @method_decorator(bolt_view(status_code=201))
        def get(self, request: HttpRequest, name: str = "x") -> dict[str, str]:
            return {"name": name}

    answer = ask(Page.as_view())

    assert (answer.status, answer.body) == (201, b'{"name":"x"}')
    assert "no-store" in answer["cache-control"]


class Meeting(JSON):
    """A response that tells what its request was."""

    def prepare(self, request: HttpRequest) -> "Meeting":
        self["X-Path"] = request.path
        return self


class SyncPage(ClassBasedView):
    """A view with a method that is decorated as if it were a function."""

    @bolt_view
    def get(self, request: HttpRequest) -> JSON:
        return Meeting([])


class AsyncPage(ClassBasedView):
    """The same, asynchronous."""

    @bolt_view
    async def get(self, request: HttpRequest) -> JSON:
        return Meeting([])


@without_middleware
@pytest.mark.parametrize("page", [SyncPage, AsyncPage])
def test_bolt_view_on_a_bare_method_lets_the_response_meet_the_request(
    ask: Ask, page: Any
) -> None:
    assert ask(page.as_view(), "/x")["x-path"] == "/x"


@without_middleware
@every_kind
def test_bolt_view_lets_the_response_meet_the_request(ask: Ask, kind: Any) -> None:
    view = bolt_view(response_class=Meeting)(kind(list))

    assert ask(view, "/x")["x-path"] == "/x"


def test_bolt_view_keeps_the_identity_of_the_view() -> None:
    @bolt_view
    @csrf_exempt
    def view(request: HttpRequest, number: int) -> list[int]:
        """Say what it does."""
        return [number]

    response: Any = view(RequestFactory().get("/"), 7)
    assert response.content == b"[7]"
    assert (view.__name__, view.__doc__) == ("view", "Say what it does.")
    assert view.__module__ == __name__
    assert vars(view)["csrf_exempt"] is True


@pytest.mark.parametrize(
    ("view", "is_coroutine_function"),
    [
        pytest.param(as_function(dict), False, id="function"),
        pytest.param(coroutine, True, id="coroutine function"),
        pytest.param(chunks, False, id="generator function"),
        pytest.param(achunks, True, id="async generator function"),
    ],
)
def test_bolt_view_is_a_coroutine_function_where_that_saves_a_thread(
    view: Any, is_coroutine_function: bool
) -> None:
    assert inspect.iscoroutinefunction(bolt_view(view)) is is_coroutine_function


def test_bolt_view_passes_arguments_on() -> None:
    @bolt_view
    def view(request: HttpRequest, *args: object, **kwargs: object) -> list[object]:
        return [args, kwargs]

    response = view(RequestFactory().get("/"), 1, slug="a")

    assert isinstance(response, JSON)
    assert response.content == b'[[1],{"slug":"a"}]'


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"status_code": 99}, ValueError, id="status"),
        pytest.param({"status_code": "200"}, TypeError, id="status of a wrong type"),
        pytest.param({"headers": [("a", "b")]}, TypeError, id="headers"),
        pytest.param({"headers": {"X": "a\nb"}}, BadHeaderError, id="header"),
        pytest.param({"response_class": "JSON"}, TypeError, id="response_class"),
    ],
)
def test_bolt_view_mistake_in_an_argument_is_found_when_it_decorates(
    options: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        bolt_view(**options)


def test_bolt_view_on_a_class_is_a_type_error_with_the_way_out() -> None:
    class Page(ClassBasedView):
        """A class-based view."""

    with pytest.raises(TypeError, match=r"got the class .*Page\. .* as_view\(\)"):
        bolt_view(Page)


def test_bolt_view_on_no_function_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="decorates a view function; got 'JSON'"):
        bolt_view("JSON")  # type: ignore[call-overload]  # the mistake


def test_bolt_view_headers_of_the_caller_are_left_alone(ask: Ask) -> None:
    headers = {"X-A": "1"}

    @never_cache
    @bolt_view(headers=headers)
    def view(request: HttpRequest) -> dict[str, int]:
        return {}

    ask(view)

    assert headers == {"X-A": "1"}
