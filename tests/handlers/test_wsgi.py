"""The WSGI handler: what Django's gives, and how a response ends."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from django.core.cache import caches, close_caches
from django.core.handlers.base import BaseHandler, reset_urlconf
from django.core.handlers.wsgi import WSGIHandler
from django.core.handlers.wsgi import WSGIRequest as DjangoWSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.test import override_settings
from django.urls import (
    clear_script_prefix,
    get_script_prefix,
    get_urlconf,
    set_urlconf,
)

from django_bolt import JSON
from django_bolt.handlers.wsgi import BoltWSGIHandler, WSGIRequest
from django_bolt.wsgi import get_wsgi_application
from tests.handlers.exchange import ask, in_new_thread, make_environ, routed

PLAIN_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]


@pytest.fixture(autouse=True)
def settings_of_a_small_site() -> Iterator[None]:
    with override_settings(
        MIDDLEWARE=PLAIN_MIDDLEWARE,
        ALLOWED_HOSTS=["testserver"],
        DEBUG_PROPAGATE_EXCEPTIONS=False,
    ):
        yield
    # Django leaves the prefix of the last request to its thread.
    clear_script_prefix()
    set_urlconf(None)


def describe(request: HttpRequest) -> HttpResponse:
    """Tell all that a request says of itself."""
    facts: list[object] = [
        request.path,
        request.path_info,
        request.method,
        request.scheme,
        request.content_type,
        request.content_params,
        request.encoding,
        request.META["PATH_INFO"],
        request.META["SCRIPT_NAME"],
        request.GET.dict(),
        request.COOKIES,
        request.get_host(),
        get_script_prefix(),
        request.resolver_match is not None,
    ]
    if request.GET.get("read") == "lines":
        facts += [request.readline(), request.read(3), request.read()]
    else:
        facts += [request.body, request.POST.dict(), list(request.FILES)]
    response = HttpResponse(repr(facts))
    response.set_cookie("seen", "1")
    response.set_cookie("kept", "2", max_age=60, expires="then")
    return response


def fail(request: HttpRequest) -> HttpResponse:
    """Raise, as a view with a mistake does."""
    raise LookupError("A mistake.")


def redirect(request: HttpRequest) -> HttpResponse:
    """Send elsewhere."""
    return HttpResponseRedirect("/elsewhere")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Answer bit by bit."""
    return StreamingHttpResponse(iter([b"a", b"b"]))


FORM = "application/x-www-form-urlencoded; charset=utf-8"


def form(content_type: str = FORM) -> dict[str, Any]:
    """Return a request with a form."""
    return make_environ(
        "/form", method="POST", body=b"name=caf%C3%A9", CONTENT_TYPE=content_type
    )


REQUESTS: dict[str, tuple[Callable[..., HttpResponseBase], Callable[[], Any]]] = {
    "plain": (describe, make_environ),
    "query": (describe, lambda: make_environ("/a?b=c&d=%C3%A9")),
    "cookies": (describe, lambda: make_environ(HTTP_COOKIE='a=b; c="d e"')),
    "method in lower case": (describe, lambda: make_environ(method="get")),
    "no path": (describe, lambda: make_environ("")),
    "two slashes": (describe, lambda: make_environ("//a//b/")),
    "path in UTF-8": (describe, lambda: make_environ("/caf\xc3\xa9")),
    "path that is no UTF-8": (describe, lambda: make_environ("/caf\xe9")),
    "script name": (describe, lambda: make_environ("/a", SCRIPT_NAME="/app")),
    "script name with a slash": (
        describe,
        lambda: make_environ("/a", SCRIPT_NAME="/app/"),
    ),
    "script name in UTF-8": (
        describe,
        lambda: make_environ("/a", SCRIPT_NAME="/caf\xc3\xa9"),
    ),
    "rewritten by SCRIPT_URL": (
        describe,
        lambda: make_environ("/a", SCRIPT_NAME="/x", SCRIPT_URL="//app//a"),
    ),
    "rewritten by REDIRECT_URL": (
        describe,
        lambda: make_environ("/a", REDIRECT_URL="/app/a"),
    ),
    "form": (describe, form),
    "body without a type": (
        describe,
        lambda: make_environ("/a", method="PUT", body=b"12\n345"),
    ),
    "body read by lines": (
        describe,
        lambda: make_environ("/a?read=lines", method="PUT", body=b"12\n345678"),
    ),
    "no body read by lines": (describe, lambda: make_environ("/a?read=lines")),
    "length that is no number": (
        describe,
        lambda: make_environ("/a", CONTENT_LENGTH="many"),
    ),
    "length of zero": (describe, lambda: make_environ("/a", CONTENT_LENGTH="0")),
    "unknown charset": (describe, lambda: form("text/plain; charset=x")),
    "wrong host": (describe, lambda: make_environ(HTTP_HOST="evil.example")),
    "no such page": (describe, lambda: make_environ("/missing")),
    "view that fails": (fail, make_environ),
    "redirect": (redirect, make_environ),
    "stream": (stream, make_environ),
    "HEAD": (describe, lambda: make_environ(method="HEAD")),
}


@pytest.mark.django_db
@pytest.mark.parametrize("case", REQUESTS)
@pytest.mark.parametrize("script_name", [None, "/forced"])
def test_handler_gives_what_djangos_gives(
    case: str, script_name: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    view, environ = REQUESTS[case]

    with routed(view), override_settings(FORCE_SCRIPT_NAME=script_name):
        djangos = ask(WSGIHandler(), environ())
        logged = [record.getMessage() for record in caplog.records]
        caplog.clear()
        clear_script_prefix()
        ours = ask(BoltWSGIHandler(), environ())

    assert ours.status == djangos.status
    # Django 5.2 puts a space before the value of a cookie, which means nothing.
    assert ours.headers == tuple((n, v.lstrip()) for n, v in djangos.headers)
    assert ours.body == djangos.body
    assert [record.getMessage() for record in caplog.records] == logged


def test_application_is_a_handler_of_djangos_kind() -> None:
    application = get_wsgi_application()

    assert type(application) is BoltWSGIHandler
    assert isinstance(application, WSGIHandler)


def test_request_class_of_a_subclass_is_used() -> None:
    class Request(DjangoWSGIRequest):
        pass

    class Handler(BoltWSGIHandler):
        request_class = Request  # type: ignore[assignment]  # Django allows any

    with routed(lambda request: HttpResponse(type(request).__qualname__)):
        reply = in_new_thread(lambda: ask(Handler(), make_environ()))

    assert reply.body.decode().endswith("<locals>.Request")


def test_package_that_replaces_djangos_call_has_its_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that trace requests do, for want of a hook."""
    original = WSGIHandler.__call__
    traced: list[str] = []

    def trace(self: WSGIHandler, environ: dict[str, Any], start_response: Any) -> Any:
        traced.append(environ["PATH_INFO"])
        return original(self, environ, start_response)

    monkeypatch.setattr(WSGIHandler, "__call__", trace)
    with routed(lambda request: HttpResponse("x")):
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), make_environ("/a")))

    assert traced == ["/a"]
    assert reply.body == b"x"


@pytest.mark.parametrize("kind", [BaseHandler, WSGIHandler])
def test_get_response_that_another_package_has_replaced_is_called(
    kind: type[BaseHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[str] = []
    call = WSGIHandler.get_response

    def trace(self: Any, request: HttpRequest) -> HttpResponseBase:
        traced.append(request.path)
        return call(self, request)

    monkeypatch.setattr(kind, "get_response", trace)

    with routed(describe):
        reply = ask(BoltWSGIHandler(), make_environ("/a"))

    assert (traced, reply.status) == (["/a"], "200 OK")


def test_environ_of_a_request_is_the_servers() -> None:
    """Django's constructor writes into it, and middleware of servers reads it."""
    environ = make_environ("")

    request = WSGIRequest(environ)

    assert request.environ is environ
    assert request.META is environ
    assert environ["PATH_INFO"] == "/"


# --- How a response ends -------------------------------------------------------


class Ends:
    """Notes what happens at the ends of requests, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def note(self, event: str) -> Callable[..., None]:
        """Return a function that notes an event."""
        return lambda **named: self.events.append(event)


@pytest.fixture
def ends() -> Ends:
    return Ends()


def test_response_in_memory_is_a_list_that_has_ended() -> None:
    """Some servers close no list, so nothing may be left to close."""
    made: list[JSON] = []

    def view(request: HttpRequest) -> JSON:
        made.append(JSON({"a": 1}))
        return made[0]

    def request() -> tuple[object, str | None]:
        reply = ask(BoltWSGIHandler(), make_environ())
        return reply.result, get_urlconf()

    with routed(view):
        result, urlconf = in_new_thread(request)

    assert result == [b'{"a":1}']
    assert type(result) is list
    assert made[0].closed
    assert made[0]._resource_closers == []
    assert urlconf is None


def test_parts_that_were_written_are_all_sent() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("a")
        response.write("b")
        return response

    with routed(view):
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), make_environ()))

    assert type(reply.result) is list
    assert reply.body == b"ab"


def test_receiver_of_somebody_else_is_called_when_the_body_is_sent(
    ends: Ends,
) -> None:
    """It may take its time, which the client must not be made to wait."""
    started, finished = ends.note("started"), ends.note("finished")
    request_started.connect(started)
    request_finished.connect(finished)
    try:
        with routed(lambda request: JSON([])):
            handler = BoltWSGIHandler()
            result = in_new_thread(
                lambda: handler(make_environ(), lambda *args: io.BytesIO().write)
            )
            ends.events.append("returned")
            result.close()  # type: ignore[attr-defined]  # PEP 3333's optional close
    finally:
        request_started.disconnect(started)
        request_finished.disconnect(finished)

    assert isinstance(result, JSON)
    assert ends.events == ["started", "returned", "finished"]


def test_signals_name_the_class_of_the_handler() -> None:
    class Handler(BoltWSGIHandler):
        pass

    senders = []

    def note(sender: object, **named: object) -> None:
        senders.append(sender)

    request_started.connect(note)
    request_finished.connect(note)
    try:
        with routed(lambda request: JSON([])):
            in_new_thread(lambda: ask(Handler(), make_environ()))
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)

    assert senders == [Handler, Handler]


def closing_late(ends: Ends) -> Any:
    """Return a response with a closer of its own."""
    response: Any = HttpResponse("x")
    response._resource_closers.append(ends.note("closed"))
    return response


def replacing_close(ends: Ends) -> HttpResponse:
    """Return a response whose ``close`` was replaced."""
    response = HttpResponse("x")
    response.close = ends.note("closed")  # type: ignore[method-assign]
    return response


class Closing(HttpResponse):
    """A response with a ``close`` of its own."""

    ends: Ends

    def close(self) -> None:
        self.ends.events.append("closed")


def overriding_close(ends: Ends) -> HttpResponse:
    """Return a response whose class closes otherwise."""
    response = Closing("x")
    response.ends = ends
    return response


class Iterating(HttpResponse):
    """A response that makes its body when it is sent."""

    ends: Ends

    def __iter__(self) -> Iterator[bytes]:
        self.ends.events.append("closed")
        return iter([b"x"])


def overriding_iteration(ends: Ends) -> HttpResponse:
    """Return a response whose class iterates otherwise."""
    response = Iterating()
    response.ends = ends
    return response


@pytest.mark.parametrize(
    "make", [closing_late, replacing_close, overriding_close, overriding_iteration]
)
def test_response_that_ends_otherwise_is_left_to_the_server(
    ends: Ends, make: Callable[[Ends], HttpResponse]
) -> None:
    with routed(lambda request: make(ends)):
        handler = BoltWSGIHandler()
        result = in_new_thread(
            lambda: handler(make_environ(), lambda *args: io.BytesIO().write)
        )

    assert isinstance(result, HttpResponse)
    assert ends.events == []
    assert b"".join(result) == b"x"
    result.close()
    assert ends.events == ["closed"]


def test_request_with_a_close_of_its_own_is_left_to_the_server() -> None:
    class Request(DjangoWSGIRequest):
        def close(self) -> None:
            raise AssertionError("Too early.")

    class Handler(BoltWSGIHandler):
        request_class = Request  # type: ignore[assignment]  # Django allows any

    with routed(lambda request: HttpResponse("x")):
        handler = Handler()
        result = in_new_thread(
            lambda: handler(make_environ(), lambda *args: io.BytesIO().write)
        )

    assert isinstance(result, HttpResponse)
    assert not result.closed


def test_uploaded_files_are_closed_with_the_request(tmp_path: Path) -> None:
    body = (
        b"--x\r\n"
        b'Content-Disposition: form-data; name="f"; filename="f.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
    )
    files: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        files.append(request.FILES["f"])
        return HttpResponse("x")

    with routed(view):
        reply = in_new_thread(
            lambda: ask(
                BoltWSGIHandler(),
                make_environ(
                    method="POST",
                    body=body,
                    CONTENT_TYPE="multipart/form-data; boundary=x",
                ),
            )
        )

    assert type(reply.result) is list
    assert files[0].closed


def test_error_while_uploads_are_closed_is_passed_over() -> None:
    """Django's response passes over whatever a closer raises."""

    class Files:
        def lists(self) -> list[object]:
            raise OSError("The disk is gone.")

    def view(request: HttpRequest) -> HttpResponse:
        request._files = Files()  # type: ignore[attr-defined]
        return HttpResponse("x")

    with routed(view):
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), make_environ()))

    assert reply.result == [b"x"]


def test_file_goes_to_the_servers_wrapper_and_closes_the_response(
    tmp_path: Path, ends: Ends
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")

    def view(request: HttpRequest) -> Any:
        response: Any = FileResponse(path.open("rb"))
        response._resource_closers.append(ends.note("closed"))
        return response

    with routed(view):
        environ = make_environ() | {"wsgi.file_wrapper": FileWrapper}
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), environ))

    assert isinstance(reply.result, FileWrapper)
    assert reply.body == b"content"
    assert ends.events == ["closed"]


def test_file_without_a_wrapper_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")

    with routed(lambda request: FileResponse(path.open("rb"))):
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), make_environ()))

    assert isinstance(reply.result, FileResponse)
    assert reply.body == b"content"


# --- What is open at the ends of a request -------------------------------------


@pytest.mark.django_db(transaction=True)
def test_connection_without_an_age_is_closed_after_the_body() -> None:
    """``CONN_MAX_AGE = 0``: the client does not wait for the database."""

    def view(request: HttpRequest) -> HttpResponse:
        connection.ensure_connection()
        return HttpResponse("x")

    def request() -> tuple[object, bool, bool]:
        handler = BoltWSGIHandler()
        result = handler(make_environ(), lambda *args: io.BytesIO().write)
        before = connection.connection is not None
        result.close()  # type: ignore[attr-defined]  # PEP 3333's optional close
        return result, before, connection.connection is not None

    with routed(view):
        result, before, after = in_new_thread(request)

    assert isinstance(result, HttpResponse)
    assert (before, after) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_connection_that_is_kept_does_not_hold_up_the_response() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        connection.settings_dict = {**connection.settings_dict, "CONN_MAX_AGE": None}
        connection.ensure_connection()
        return HttpResponse("x")

    def request() -> tuple[object, bool]:
        try:
            reply = ask(BoltWSGIHandler(), make_environ())
            return reply.result, connection.connection is not None
        finally:
            connection.close()

    with routed(view):
        result, is_open = in_new_thread(request)

    assert result == [b"x"]
    assert is_open


@pytest.mark.django_db(transaction=True)
def test_queries_of_the_request_before_are_forgotten() -> None:
    """With DEBUG a thread would otherwise gather them for ever."""

    def request() -> int:
        connection.queries_log.append({"sql": "SELECT 1"})
        ask(BoltWSGIHandler(), make_environ())
        return len(connection.queries_log)

    with routed(lambda request: HttpResponse("x")):
        assert in_new_thread(request) == 0


@pytest.mark.parametrize(
    "receiver", [close_old_connections, close_caches, reset_urlconf]
)
def test_receiver_of_djangos_that_was_disconnected_does_nothing(
    receiver: Callable[..., None],
) -> None:
    """The test client disconnects one, since it goes on using its connection."""

    def request() -> tuple[object, str | None]:
        reply = ask(BoltWSGIHandler(), make_environ())
        return reply.result, get_urlconf()

    request_finished.disconnect(receiver)
    try:
        with routed(lambda request: HttpResponse("x")):
            result, urlconf = in_new_thread(request)
    finally:
        request_finished.connect(receiver)

    assert result == [b"x"]
    assert (urlconf is not None) == (receiver is reset_urlconf)


def test_receivers_of_djangos_are_the_ones_that_are_connected() -> None:
    """The handler knows what these do; a further one would be somebody else's."""
    assert {entry[1]() for entry in request_started.receivers} >= {
        reset_queries,
        close_old_connections,
    }
    assert {entry[1]() for entry in request_finished.receivers} >= {
        close_old_connections,
        close_caches,
        reset_urlconf,
    }


def test_cache_that_must_be_closed_is_closed_after_the_body() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        caches["default"].set("a", 1)
        return HttpResponse("x")

    def request() -> tuple[object, int]:
        handler = BoltWSGIHandler()
        result = handler(make_environ(), lambda *args: io.BytesIO().write)
        closed = caches["default"].times_closed  # type: ignore[attr-defined]
        result.close()  # type: ignore[attr-defined]  # PEP 3333's optional close
        return result, caches["default"].times_closed - closed  # type: ignore[attr-defined]

    backend = "tests.handlers.caches.ClosingCache"
    with (
        routed(view),
        override_settings(CACHES={"default": {"BACKEND": backend}}),
    ):
        result, times_closed = in_new_thread(request)

    assert isinstance(result, HttpResponse)
    assert times_closed == 1


def test_headers_are_those_of_items_where_a_response_has_its_own() -> None:
    class Marked(HttpResponse):
        def items(self) -> Any:
            return [("X-Only", "this")]

    with routed(lambda request: Marked("x")):
        reply = in_new_thread(lambda: ask(BoltWSGIHandler(), make_environ()))

    assert reply.headers == (("X-Only", "this"),)


def test_close_that_another_package_has_replaced_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []
    close = HttpResponseBase.close

    def trace(self: HttpResponseBase) -> None:
        closed.append(type(self).__name__)
        close(self)

    with routed(describe):
        ask(BoltWSGIHandler(), make_environ("/"))
        monkeypatch.setattr(HttpResponseBase, "close", trace)
        ask(BoltWSGIHandler(), make_environ("/"))

    assert closed == ["HttpResponse"]


class Outcome(int, Enum):
    """Numbers that show themselves as names."""

    MISSING = 404


@pytest.mark.parametrize("handler_class", [WSGIHandler, BoltWSGIHandler])
def test_status_line_is_a_number_whatever_kind_of_number_it_is(
    handler_class: type[WSGIHandler],
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("none")
        response.status_code = Outcome.MISSING
        return response

    with routed(view):
        assert ask(handler_class(), make_environ("/")).status == "404 Not Found"
