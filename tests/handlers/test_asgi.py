"""A request from its first message to its last."""

import asyncio
import contextlib
import contextvars
import io
import logging
import sys
import threading
import types
from collections.abc import AsyncIterator, Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler, reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix, get_urlconf, path
from django.utils import translation

from django_bolt import JSON, FileResponse, StreamingResponse
from django_bolt.asgi import get_asgi_application
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.threads import Lease
from tests.handlers.exchanges import Exchange, ask, lead, site

STARTED = "request_started"
FINISHED = "request_finished"


async def here(request: HttpRequest) -> HttpResponse:
    """Answer in the event loop."""
    return HttpResponse("here")


def here_in_thread(request: HttpRequest) -> HttpResponse:
    """Answer in a thread."""
    return HttpResponse("here")


views = pytest.mark.parametrize(
    "view",
    [
        pytest.param(here, id="async view"),
        pytest.param(here_in_thread, id="sync view"),
    ],
)


def test_get_asgi_application_returns_the_handler() -> None:
    assert type(get_asgi_application()) is BoltASGIHandler


def test_websocket_is_refused(handler_class: type[ASGIHandler]) -> None:
    with pytest.raises(ValueError, match="can only handle ASGI/HTTP connections"):
        ask(here, kind="websocket", handler_class=handler_class)


@pytest.mark.parametrize("name", ["__call__", "handle"])
def test_entrance_that_another_package_has_replaced_is_called(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[str] = []
    call = getattr(ASGIHandler, name)

    async def trace(self: Any, scope: Any, receive: Any, send: Any) -> None:
        traced.append(scope["path"])
        await call(self, scope, receive, send)

    monkeypatch.setattr(ASGIHandler, name, trace)

    exchange = ask(here, "/traced")

    assert (traced, exchange.body) == (["/traced"], b"here")


@pytest.mark.parametrize("name", ["get_response_async", "_get_response_async"])
@pytest.mark.parametrize("kind", [BaseHandler, ASGIHandler])
def test_get_response_that_another_package_has_replaced_is_called(
    kind: type[BaseHandler], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[str] = []
    call = getattr(kind, name)

    async def trace(self: Any, request: HttpRequest) -> Any:
        traced.append(request.path)
        return await call(self, request)

    monkeypatch.setattr(kind, name, trace)

    exchange = ask(here, "/traced")

    assert (traced, exchange.body) == (["/traced"], b"here")


class Handling(BoltASGIHandler):
    """A handler that does something around each request."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the name of the thread on, in which the view will run."""
        scope["thread"] = await sync_to_async(threading.get_ident)()
        await super().handle(scope, receive, send)


def name_threads(request: Any) -> HttpResponse:
    """Tell whether the view runs in the thread of its request."""
    return HttpResponse(str(threading.get_ident() == request.scope["thread"]))


def test_handle_of_a_subclass_is_called() -> None:
    assert ask(name_threads, handler_class=Handling).body == b"True"


class Leading(BoltASGIHandler):
    """A handler that finds views in its own way."""

    def resolve_request(self, request: HttpRequest) -> Any:
        """Lead everywhere to one view."""
        return answer_with, ("one",), {"other": "two"}


async def answer_with(request: HttpRequest, one: str, other: str) -> HttpResponse:
    """Answer with what the path said."""
    return HttpResponse(f"{one} {other}")


def test_handler_may_find_views_in_its_own_way() -> None:
    assert ask(here, handler_class=Leading).body == b"one two"


# --- The body of the request


def echo(request: HttpRequest) -> HttpResponse:
    """Answer with the body of the request."""
    return HttpResponse(request.body)


async def echo_in_loop(request: HttpRequest) -> HttpResponse:
    """Do the same in the event loop."""
    return HttpResponse(request.body)


@pytest.mark.parametrize("view", [echo, echo_in_loop])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param((b"",), id="empty"),
        pytest.param((b"whole",), id="one message"),
        pytest.param((b"in ", b"pieces"), id="several messages"),
        pytest.param((b"x" * 100,), id="one message, larger than is kept in memory"),
        pytest.param((b"x" * 60, b"y" * 60), id="several, larger than that"),
    ],
)
def test_body_reaches_the_view(
    view: Any, body: tuple[bytes, ...], handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(
        view,
        method="POST",
        body=body,
        settings={"FILE_UPLOAD_MAX_MEMORY_SIZE": 50},
        handler_class=handler_class,
    )

    assert exchange.body == b"".join(body)


@pytest.mark.parametrize("limit", [0, None])
def test_body_without_a_limit_is_kept_in_memory(
    limit: int | None, handler_class: type[ASGIHandler]
) -> None:
    """``SpooledTemporaryFile`` takes both for none."""
    exchange = ask(
        echo,
        method="POST",
        body=(b"x" * 100,),
        settings={"FILE_UPLOAD_MAX_MEMORY_SIZE": limit},
        handler_class=handler_class,
    )

    assert exchange.body == b"x" * 100


def test_body_that_is_too_large_is_refused(handler_class: type[ASGIHandler]) -> None:
    exchange = ask(
        echo,
        method="POST",
        headers={"content-length": "11"},
        body=(b"eleven byte",),
        settings={"DATA_UPLOAD_MAX_MEMORY_SIZE": 10},
        handler_class=handler_class,
    )

    assert exchange.status == 400


def read_upload(request: HttpRequest) -> HttpResponse:
    """Answer with an uploaded file, and leave it open."""
    upload = request.FILES["file"]
    assert isinstance(upload, UploadedFile)
    uploads.append(upload)
    return HttpResponse(upload.read())


async def read_upload_in_loop(request: HttpRequest) -> HttpResponse:
    """Do the same in the event loop."""
    return read_upload(request)


uploads: list[UploadedFile] = []  # type: ignore[type-arg, unused-ignore]
"""What was uploaded; the test looks whether it is closed."""


@pytest.mark.parametrize("view", [read_upload, read_upload_in_loop])
def test_uploaded_file_is_closed_at_the_end(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\ncontent\r\n--b--\r\n"
    )

    exchange = ask(
        view,
        method="POST",
        headers={
            "content-type": "multipart/form-data; boundary=b",
            "content-length": str(len(body)),
        },
        body=(body,),
        handler_class=handler_class,
    )

    assert exchange.body == b"content"
    assert uploads.pop().closed


def test_client_that_leaves_while_it_sends_is_not_answered(
    handler_class: type[ASGIHandler],
) -> None:
    async def leave(exchange: Exchange) -> None:
        exchange.leave()

    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("The view was called.")

    for body in ((), (b"a piece", b"")):
        exchange = Exchange(method="POST", body=body)
        with site(view, handler_class=handler_class) as handler:

            async def main(exchange: Exchange = exchange, body: Any = body) -> None:
                for piece in body[:1]:
                    exchange.incoming.put_nowait(
                        {"type": "http.request", "body": piece, "more_body": True}
                    )
                exchange.leave()
                await handler(exchange.scope, exchange.receive, exchange.send)

            asyncio.run(main())

        assert exchange.sent == []


def test_query_that_is_no_text_is_refused(handler_class: type[ASGIHandler]) -> None:
    finished: list[object] = []

    def note(**named: object) -> None:
        finished.append(named["sender"])

    request_finished.connect(note)
    try:
        exchange = ask(
            here, scope={"query_string": b"\xff"}, handler_class=handler_class
        )
    finally:
        request_finished.disconnect(note)

    assert exchange.status == 400
    assert len(finished) == 1


# --- Signals


@contextlib.contextmanager
def listening(make: Callable[[list[Any]], Any]) -> Iterator[list[Any]]:
    """Yield what a receiver of both signals hears."""
    heard: list[Any] = []
    receiver = make(heard)
    for signal in (request_started, request_finished):
        signal.connect(receiver)
    try:
        yield heard
    finally:
        for signal in (request_started, request_finished):
            signal.disconnect(receiver)


def sync_receiver(heard: list[Any]) -> Any:
    """Return a receiver that is a function."""

    def receive(signal: object, sender: object, **named: Any) -> None:
        is_loop = threading.current_thread() is threading.main_thread()
        heard.append((signal, sender, named.get("scope"), is_loop))

    return receive


def async_receiver(heard: list[Any]) -> Any:
    """Return a receiver that is a coroutine function."""

    async def receive(signal: object, sender: object, **named: Any) -> None:
        heard.append((signal, sender, named.get("scope"), False))

    return receive


@views
@pytest.mark.parametrize("make", [sync_receiver, async_receiver])
def test_receivers_of_a_project_hear_of_each_request(
    make: Any, view: Any, handler_class: type[ASGIHandler]
) -> None:
    with listening(make) as heard:
        exchange = ask(view, handler_class=handler_class)

    assert heard == [
        (request_started, handler_class, exchange.scope, False),
        (request_finished, handler_class, None, False),
    ]


@views
def test_urlconf_is_set_for_the_view_and_forgotten(
    view: Any, handler_class: type[ASGIHandler]
) -> None:
    async def main() -> tuple[str | None, str | None]:
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        await handler(exchange.scope, exchange.receive, exchange.send)
        return get_urlconf(), exchange.body.decode()

    with site(view, handler_class=handler_class) as handler:
        assert asyncio.run(main()) == (None, "here")


def test_urlconf_stays_when_its_receiver_was_disconnected() -> None:
    async def main() -> str | None:
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        await handler(exchange.scope, exchange.receive, exchange.send)
        return get_urlconf()

    request_finished.disconnect(reset_urlconf)
    try:
        with site(here) as handler:
            assert isinstance(asyncio.run(main()), types.ModuleType)
    finally:
        request_finished.connect(reset_urlconf)


class ClosingCache(LocMemCache):
    """A cache that notes when it is closed."""

    closed: list[bool] = []

    def close(self, **kwargs: Any) -> None:
        """Note the thread."""
        self.closed.append(threading.current_thread() is threading.main_thread())


@pytest.mark.parametrize(
    ("backend", "closed"),
    [
        pytest.param(f"{__name__}.ClosingCache", [False], id="has something to close"),
        pytest.param(
            "django.core.cache.backends.locmem.LocMemCache", [], id="has nothing"
        ),
    ],
)
def test_cache_is_closed_in_a_thread(backend: str, closed: list[bool]) -> None:
    """Not so by Django 5.2, whose view has a context of its own."""
    ClosingCache.closed = []

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(caches["default"].get("nothing", "default"))

    exchange = ask(view, settings={"CACHES": {"default": {"BACKEND": backend}}})

    assert exchange.body == b"default"
    assert ClosingCache.closed == closed


# --- The response


@views
def test_response_is_closed(view: Any, handler_class: type[ASGIHandler]) -> None:
    made: list[HttpResponse] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        made.append(HttpResponse("here"))
        return made[0]

    def keep_in_thread(request: HttpRequest) -> HttpResponse:
        made.append(HttpResponse("here"))
        return made[0]

    ask(keep if view is here else keep_in_thread, handler_class=handler_class)

    assert made[0].closed
    assert made[0]._resource_closers == []  # type: ignore[attr-defined]


def test_close_that_another_package_has_replaced_is_called(
    handler_class: type[ASGIHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = HttpResponseBase.close

    def trace(self: HttpResponseBase) -> None:
        closed.append(type(self).__name__)
        close(self)

    monkeypatch.setattr(HttpResponseBase, "close", trace)

    ask(here, handler_class=handler_class)

    assert closed == ["HttpResponse"]


def test_close_of_one_response_alone_is_called(
    handler_class: type[ASGIHandler],
) -> None:
    closed: list[bool] = []

    async def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("here")

        def close() -> None:
            closed.append(True)
            HttpResponse.close(response)

        response.close = close  # type: ignore[method-assign]
        return response

    ask(view, handler_class=handler_class)

    assert closed == [True]


def test_resources_of_a_response_are_closed_in_a_thread(
    handler_class: type[ASGIHandler],
) -> None:
    closed: list[bool] = []

    async def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse("here")
        response._resource_closers.append(  # type: ignore[attr-defined]
            lambda: closed.append(threading.current_thread() is threading.main_thread())
        )
        return response

    ask(view, handler_class=handler_class)

    assert closed == [False]


class SettingCookies(HttpResponse):
    """A response that makes its cookies when they are asked for."""

    @property
    def cookies(self) -> Any:
        """Return one cookie."""
        return SimpleCookie({"made": "late"})

    @cookies.setter
    def cookies(self, value: Any) -> None:
        """Forget what Django sets."""


@pytest.mark.parametrize(
    ("make", "cookies"),
    [
        pytest.param(lambda: JSON({}), [], id="none"),
        pytest.param(lambda: JSON({}).set_cookie("a", "1"), [b"a=1; Path=/"], id="one"),
        pytest.param(lambda: SettingCookies(""), [b"made=late"], id="of a class"),
    ],
)
def test_cookies_are_sent_whoever_keeps_them(
    make: Callable[[], HttpResponse],
    cookies: list[bytes],
    handler_class: type[ASGIHandler],
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return make()

    headers = ask(view, handler_class=handler_class).sent[0]["headers"]

    assert [value for name, value in headers if name == b"Set-Cookie"] == cookies


def test_headers_and_cookies_are_sent_as_written(
    handler_class: type[ASGIHandler],
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(b"here", headers={"X-Name": "caf\xe9"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2", path="/b")
        return response

    exchange = ask(view, handler_class=handler_class)

    assert exchange.sent[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"X-Name", b"caf\xe9"),
            (b"Content-Type", b"text/html; charset=utf-8"),
            (b"Set-Cookie", b"a=1; Path=/"),
            (b"Set-Cookie", b"b=2; Path=/b"),
        ],
    }


class BytesHeaders(HttpResponse):
    """A response whose header fields are bytes already."""

    def items(self) -> Any:
        """Return fields."""
        return [(b"X-Name", b"value")]


def test_headers_may_be_bytes(handler_class: type[ASGIHandler]) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return BytesHeaders()

    exchange = ask(view, handler_class=handler_class)

    assert exchange.sent[0]["headers"] == [(b"X-Name", b"value")]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        pytest.param(0, [0], id="empty"),
        pytest.param(2**16, [2**16], id="one message"),
        pytest.param(2**17 + 1, [2**16, 2**16, 1], id="a byte more than two"),
        pytest.param(2**18, [2**16] * 4, id="four messages"),
    ],
)
def test_content_is_sent_in_messages_of_64_kib(
    size: int, sizes: list[int], handler_class: type[ASGIHandler]
) -> None:
    assert message_sizes(size, handler_class) == sizes


def test_content_of_128_kib_is_sent_in_one_message() -> None:
    """Where Django's handler, and one of a size of its own, cut it."""

    class Careful(BoltASGIHandler):
        chunk_size = 2**16 - 1

    assert message_sizes(2**17, BoltASGIHandler) == [2**17]
    assert message_sizes(2**17, ASGIHandler) == [2**16, 2**16]
    assert message_sizes(2**17, Careful) == [2**16 - 1, 2**16 - 1, 2]


def message_sizes(size: int, handler_class: type[ASGIHandler]) -> list[int]:
    """Return how long each message of a body is, once it was looked at."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(content)

    exchange = ask(view, handler_class=handler_class)

    assert exchange.body == content
    sizes = [len(chunk) for chunk in exchange.chunks]
    more = [message.get("more_body", False) for message in exchange.sent[1:]]
    assert more == [True] * (len(sizes) - 1) + [False]
    return sizes


async def numbers() -> AsyncIterator[bytes]:
    """Yield three chunks."""
    for number in range(3):
        await asyncio.sleep(0)
        yield b"%d" % number


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(StreamingHttpResponse, id="Django's"),
        pytest.param(StreamingResponse, id="ours"),
    ],
)
def test_stream_is_sent_and_closed(make: Any, handler_class: type[ASGIHandler]) -> None:
    made: list[Any] = []

    def view(request: HttpRequest) -> Any:
        made.append(make(numbers()))
        return made[0]

    exchange = ask(view, handler_class=handler_class)

    assert exchange.body == b"012"
    assert made[0].closed


def connections_of_thread() -> list[Any]:
    """Look at the connections, as code of a project does in a thread."""
    return list(connections.all(initialized_only=True))


def test_stream_in_the_loop_holds_no_thread() -> None:
    threads: list[object] = []

    async def look() -> AsyncIterator[bytes]:
        threads.append(leases[-1]._thread)
        await sync_to_async(connections_of_thread)()
        threads.append(leases[-1]._thread)
        yield b"looked"

    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(look())

    leases: list[Lease] = []
    rest = Lease.rest

    def note(self: Lease) -> None:
        leases.append(self)
        assert self._thread is not None
        rest(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lease, "rest", note)
        exchange = ask(view)

    assert exchange.body == b"looked"
    assert threads == [None, None]


def test_file_is_sent_and_closed_without_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.txt"
    file.write_bytes(b"content")
    made: list[FileResponse] = []
    submitted: list[object] = []

    async def view(request: HttpRequest) -> FileResponse:
        made.append(FileResponse(file))
        return made[0]

    def submit(self: Lease, *call: Any) -> Any:
        submitted.append(call)
        return submit_before(self, *call)

    submit_before = Lease.submit
    monkeypatch.setattr(Lease, "submit", submit)
    exchange = ask(view, settings={"BOLT_ALLOWED_FILE_DIRS": [tmp_path]})

    assert exchange.body == b"content"
    assert made[0].closed
    assert submitted == []


def test_error_in_a_stream_reaches_the_server(
    handler_class: type[ASGIHandler],
) -> None:
    async def fail() -> AsyncIterator[bytes]:
        yield b"begun"
        raise ValueError("The source has failed.")

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(fail())

    with pytest.raises(ValueError, match="source has failed"):
        ask(view, handler_class=handler_class)


def test_response_of_400_and_more_is_logged(
    handler_class: type[ASGIHandler], caplog: pytest.LogCaptureFixture
) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("gone", status=410)

    with caplog.at_level(logging.WARNING, "django.request"):
        ask(view, "/there", handler_class=handler_class)

    assert [record.getMessage() for record in caplog.records] == ["Gone: /there"]


def test_error_page_that_fails_is_left_to_the_server(
    handler_class: type[ASGIHandler],
) -> None:
    def fail(request: HttpRequest, *args: object) -> HttpResponse:
        raise ValueError("also here")

    urlconf = types.ModuleType("failing")
    vars(urlconf).update(urlpatterns=[path("", fail)], handler500=fail)

    with pytest.raises(ValueError, match="also here"):
        ask(fail, settings={"ROOT_URLCONF": urlconf}, handler_class=handler_class)


# --- Where the view runs


async def name_prefix(request: HttpRequest) -> HttpResponse:
    """Answer with what URLs begin with."""
    return HttpResponse(f"{get_script_prefix()} {request.path_info}")


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        pytest.param({}, {"root_path": "/mounted"}, id="by the server"),
        pytest.param({"FORCE_SCRIPT_NAME": "/mounted"}, {}, id="by a setting"),
    ],
)
def test_site_may_be_mounted(
    settings: dict[str, Any], scope: dict[str, Any], handler_class: type[ASGIHandler]
) -> None:
    exchange = ask(
        name_prefix,
        "/mounted/page",
        settings=settings,
        scope=scope,
        handler_class=handler_class,
    )

    assert exchange.body == b"/mounted/ /page"


def test_site_that_is_not_mounted_begins_with_a_slash(
    handler_class: type[ASGIHandler],
) -> None:
    """In a context of its own, where nothing was set before, as behind a server."""
    with site(name_prefix, handler_class=handler_class) as handler:
        exchange = contextvars.Context().run(_ask_in_context, handler)

    assert exchange.body == b"/ /page"


def _ask_in_context(handler: ASGIHandler) -> Exchange:
    exchange = Exchange("/page")

    async def main() -> None:
        exchange.incoming.put_nowait({"type": "http.request"})
        await handler(exchange.scope, exchange.receive, exchange.send)

    asyncio.run(main())
    return exchange


@pytest.mark.parametrize("hop", [False, True], ids=["async view", "sync view"])
def test_language_of_the_request_is_active_in_the_view(
    hop: bool, handler_class: type[ASGIHandler]
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(translation.get_language())

    async def in_loop(request: HttpRequest) -> HttpResponse:
        return view(request)

    exchange = ask(
        view if hop else in_loop,
        headers={"accept-language": "de"},
        middleware=["django.middleware.locale.LocaleMiddleware"],
        handler_class=handler_class,
    )

    assert exchange.body == b"de"
    assert exchange.headers["content-language"] == "de"


async def wait_too_long(request: HttpRequest) -> HttpResponse:
    """Run into a timeout of one's own, and answer."""
    task = asyncio.current_task()
    assert task is not None
    try:
        async with asyncio.timeout(0):  # type: ignore[attr-defined, unused-ignore]
            await asyncio.sleep(10)
    except TimeoutError:
        assert asyncio.current_task() is task
        return HttpResponse("too long")
    raise AssertionError("There was no timeout.")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in 3.11")
def test_timeout_inside_a_view_is_its_own(handler_class: type[ASGIHandler]) -> None:
    assert ask(wait_too_long, handler_class=handler_class).body == b"too long"


# --- A client that leaves


def test_client_that_leaves_cancels_an_async_view(
    handler_class: type[ASGIHandler],
) -> None:
    ended: list[str] = []
    is_inside = asyncio.Event()

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        raise AssertionError("Nobody cancelled the view.")

    async def client(exchange: Exchange) -> None:
        await is_inside.wait()
        exchange.leave()

    with listening(sync_receiver) as heard:
        exchange = lead(view, client, handler_class=handler_class)

    assert ended == ["cancelled"]
    assert exchange.sent == []
    assert [entry[0] for entry in heard] == [request_started, request_finished]


def test_client_that_leaves_is_forgotten_without_receivers_of_a_project(
    handler_class: type[ASGIHandler],
) -> None:
    is_inside = asyncio.Event()

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        await asyncio.Event().wait()
        raise AssertionError("Nobody cancelled the view.")

    async def client(exchange: Exchange) -> None:
        await is_inside.wait()
        exchange.leave()

    assert lead(view, client, handler_class=handler_class).sent == []


def test_sync_view_runs_on_when_the_client_leaves(
    handler_class: type[ASGIHandler],
) -> None:
    is_inside = threading.Event()
    may_go_on = threading.Event()
    bodies: list[bytes] = []

    def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        assert may_go_on.wait(timeout=10)
        bodies.append(request.body)
        return HttpResponse("late")

    async def client(exchange: Exchange) -> None:
        await sync_to_async(is_inside.wait, thread_sensitive=False)(10)
        exchange.leave()
        while not exchange.incoming.empty():
            await asyncio.sleep(0)
        # Turns of the loop in which the handler acts on what it has received.
        for _ in range(10):
            await asyncio.sleep(0)
        may_go_on.set()

    exchange = lead(
        view, client, method="POST", body=(b"body",), handler_class=handler_class
    )

    assert bodies == [b"body"]
    assert exchange.sent == []


def test_view_may_answer_although_the_client_has_left(
    handler_class: type[ASGIHandler],
) -> None:
    is_inside = asyncio.Event()

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return HttpResponse("anyway")

    async def client(exchange: Exchange) -> None:
        await is_inside.wait()
        exchange.leave()

    exchange = lead(view, client, handler_class=handler_class)

    assert exchange.body == b"anyway"


def test_client_that_leaves_ends_a_stream(handler_class: type[ASGIHandler]) -> None:
    ended: list[str] = []
    made: list[StreamingHttpResponse] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            yield b"begun"
            await asyncio.Event().wait()
        finally:
            ended.append("closed")

    async def view(request: HttpRequest) -> StreamingHttpResponse:
        made.append(StreamingHttpResponse(endless()))
        return made[0]

    async def client(exchange: Exchange) -> None:
        while len(exchange.sent) < 2:
            await exchange.has_sent.wait()
            exchange.has_sent.clear()
        exchange.leave()

    exchange = lead(view, client, handler_class=handler_class)

    assert exchange.body == b"begun"
    assert ended == ["closed"]
    assert made[0].closed


def test_message_that_makes_no_sense_is_an_error(
    handler_class: type[ASGIHandler],
) -> None:
    is_inside = asyncio.Event()

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        await asyncio.Event().wait()
        raise AssertionError("Nobody cancelled the view.")

    async def client(exchange: Exchange) -> None:
        await is_inside.wait()
        exchange.incoming.put_nowait({"type": "http.nonsense"})

    with pytest.raises(AssertionError, match="Invalid ASGI message"):
        lead(view, client, handler_class=handler_class)


def test_server_that_stops_cancels_the_view(handler_class: type[ASGIHandler]) -> None:
    ended: list[str] = []

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        raise AssertionError("Nobody cancelled the view.")

    async def main() -> None:
        exchange = Exchange()
        task = asyncio.create_task(exchange.run(handler))
        await is_inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    is_inside = asyncio.Event()
    with site(view, handler_class=handler_class) as handler:
        asyncio.run(main())

    assert ended == ["cancelled"]


class Unstoppable(asyncio.Task[None]):
    """A task as granian's own scheduler shows it: nobody can cancel it."""

    def cancel(self, msg: object = None) -> bool:
        """Refuse."""
        return False


def test_view_is_cancelled_where_the_server_has_tasks_of_its_own() -> None:
    is_inside = asyncio.Event()

    async def view(request: HttpRequest) -> HttpResponse:
        is_inside.set()
        await asyncio.Event().wait()
        raise AssertionError("Nobody cancelled the view.")

    async def main() -> list[Any]:
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        answering = Unstoppable(
            handler(exchange.scope, exchange.receive, exchange.send),
            loop=asyncio.get_running_loop(),
        )
        await is_inside.wait()
        exchange.leave()
        await answering
        return exchange.sent

    with site(view) as handler:
        assert asyncio.run(main()) == []


def test_request_is_answered_where_every_task_is_one_of_the_servers() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(
            lambda loop, coroutine, **options: Unstoppable(  # type: ignore[arg-type]
                coroutine, loop=loop, **options
            )
        )
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        await loop.create_task(handler(exchange.scope, exchange.receive, exchange.send))
        return exchange.body

    with site(here) as handler:
        assert asyncio.run(main()) == b"here"


def test_body_in_memory_is_no_file_on_disk() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(type(request._stream).__name__)

    assert ask(view, method="POST", body=(b"x",)).body.decode() == io.BytesIO.__name__
