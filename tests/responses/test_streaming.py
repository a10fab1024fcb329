"""StreamingResponse: what it takes, what it sends, and how it meets middleware."""

import asyncio
import datetime
import gzip
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import BadHeaderError, HttpRequest
from django.test import AsyncClient, Client, override_settings
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe

from django_bolt import StreamingResponse, bolt_view
from testproject.showcase.models import Station
from tests.worlds import Ask, only_url

pytestmark = pytest.mark.django_db

BOLT = "django_bolt.middleware.BoltMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"


def chunks(*values: Any) -> Iterator[Any]:
    """Yield what is given."""
    yield from values


async def achunks(*values: Any) -> AsyncIterator[Any]:
    """Yield what is given, waiting in between."""
    for value in values:
        yield value
        await asyncio.sleep(0)


KINDS = pytest.mark.parametrize("source", [chunks, achunks])


@KINDS
@pytest.mark.parametrize(
    ("chunk", "sent"),
    [
        pytest.param(b"bytes", b"bytes", id="bytes"),
        pytest.param(bytearray(b"array"), b"array", id="bytearray"),
        pytest.param(memoryview(b"view"), b"view", id="memoryview"),
        pytest.param("Zürich", "Zürich".encode(), id="str"),
        pytest.param(mark_safe("<b>"), b"<b>", id="safe string"),
        pytest.param(lazystr("lazy"), b"lazy", id="lazy text"),
    ],
)
def test_a_chunk_of_text_or_bytes_is_sent_as_it_is(
    ask: Ask, source: Any, chunk: object, sent: bytes
) -> None:
    answer = ask(lambda request: StreamingResponse(source(chunk)))

    assert answer.body == sent
    assert answer["content-type"] == "application/octet-stream"


@KINDS
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/jsonl",
        "application/x-ndjson",
        "application/geo+json",
        "Application/JSONL; charset=utf-8",
    ],
)
def test_under_a_json_media_type_other_values_are_lines_of_json(
    ask: Ask, source: Any, media_type: str
) -> None:
    def view(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(source({"a": 1}, [2], None, b"ready"), 200, media_type)

    answer = ask(view)

    assert answer.body == b'{"a":1}\n[2]\nnull\nready'
    assert answer["content-type"] == media_type


@KINDS
@pytest.mark.parametrize("lazy", [True, False], ids=["lazy", "plain"])
def test_a_chunk_that_queries_is_encoded_where_it_may(
    ask: Ask, source: Any, lazy: bool
) -> None:
    def view(request: HttpRequest) -> StreamingResponse:
        rows = Station.objects.none().values() if lazy else {"a": 1}
        return StreamingResponse(source(rows), media_type="application/jsonl")

    answer = ask(view)

    assert answer.body == (b"[]\n" if lazy else b'{"a":1}\n')


@KINDS
def test_a_chunk_of_another_type_names_the_way_out(source: Any) -> None:
    response = StreamingResponse(source({"a": 1}))

    with pytest.raises(TypeError, match=r"got dict\. Encode it, or send.*JSONStream"):
        b"".join(response)


def make_station() -> None:
    """Save the one station that there is."""
    Station.objects.create(
        name="Säntis",
        country="CH",
        elevation=2502,
        temperature=1,
        observed_at=datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_async", [False, True], ids=["view", "async view"])
@pytest.mark.parametrize("how", ["iterator", "queryset"])
def test_rows_of_a_queryset_are_streamed(ask: Ask, is_async: bool, how: str) -> None:
    make_station()

    def view(request: HttpRequest) -> StreamingResponse:
        rows = Station.objects.values("name", "elevation")
        content = rows.iterator() if how == "iterator" else rows
        return StreamingResponse(content, media_type="application/jsonl")

    async def aview(request: HttpRequest) -> StreamingResponse:
        return view(request)

    answer = ask(aview if is_async else view)

    assert answer.body == '{"name":"Säntis","elevation":2502}\n'.encode()


class Rows:
    """Iterable, sync or async, and to be closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


class SyncRows(Rows):
    """A sync iterable that is no iterator."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"1", b"", b"2"])


class AsyncRows(Rows):
    """An async iterator with neither ``aclose`` nor a generator's life."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        self.left = [b"2", b"", b"1"]
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()


@pytest.mark.parametrize("kind", [SyncRows, AsyncRows])
def test_any_iterable_is_a_source_and_is_closed(ask: Ask, kind: type[Any]) -> None:
    rows = kind()

    answer = ask(lambda request: StreamingResponse(rows))

    assert answer.body == b"12"
    assert rows.closed


def a_function() -> None:
    """Stand for a generator function."""


async def a_coroutine() -> None:
    """Stand for a call without an await."""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(chunks, r"Call the function: chunks\(\)", id="generator function"),
        pytest.param(achunks, r"Call the function", id="async generator function"),
        pytest.param(a_function, r"Call the function", id="function"),
        pytest.param("text", r"PlainText, HTML or Response", id="str"),
        pytest.param(lazystr("text"), r"PlainText, HTML or Response", id="lazy text"),
        pytest.param(b"bytes", r"Response sends bytes", id="bytes"),
        pytest.param(bytearray(b"x"), r"Response sends bytes", id="bytearray"),
        pytest.param({"a": 1}, r"JSON sends a dict", id="dict"),
        pytest.param(SyncRows, r"Give an instance: SyncRows\(\)", id="class"),
        pytest.param(7, r"got an int\. Give a generator", id="number"),
        pytest.param(None, r"got a NoneType\. Give a generator", id="None"),
    ],
)
def test_what_is_no_source_is_refused_with_the_way_out(content: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        StreamingResponse(content)


def test_a_coroutine_is_refused_without_a_warning() -> None:
    with pytest.raises(TypeError, match="Await it first"):
        StreamingResponse(a_coroutine())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"status_code": 99}, ValueError),
        ({"status_code": "200"}, TypeError),
        ({"headers": {"X-A": "a\nb"}}, BadHeaderError),
        ({"send_timeout": "5"}, TypeError),
        ({"send_timeout": True}, TypeError),
        ({"send_timeout": 0}, ValueError),
        ({"send_timeout": float("inf")}, ValueError),
        ({"send_timeout": float("nan")}, ValueError),
        ({"send_timeout": 10**400}, ValueError),
    ],
)
def test_a_wrong_argument_is_refused(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        StreamingResponse([], **arguments)


def test_cookies_chain() -> None:
    response = StreamingResponse([]).set_cookie("a", "1").delete_cookie("b")

    assert set(response.cookies) == {"a", "b"}


@KINDS
def test_head_leaves_the_source_unstarted_and_closes_it(ask: Ask, source: Any) -> None:
    made = []

    def view(request: HttpRequest) -> StreamingResponse:
        made.append(source(b"never"))
        return StreamingResponse(made[0], headers={"X-Made": "1"})

    answer = ask(view, method="HEAD")

    assert answer.body == b""
    assert answer["x-made"] == "1"
    assert is_closed(made[0])


def is_closed(generator: Any) -> bool:
    """Tell whether a generator can never run again."""
    frame = getattr(generator, "gi_frame", None) or getattr(generator, "ag_frame", None)
    if frame is None and hasattr(generator, "gi_frame"):
        return True

    # An async generator keeps its frame when it is closed unstarted.
    async def first() -> object:
        return await anext(generator, None)

    return hasattr(generator, "ag_frame") and async_to_sync(first)() is None


@KINDS
def test_bolt_view_answers_head_without_the_middleware(ask: Ask, source: Any) -> None:
    @bolt_view
    def view(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(source(b"never"))

    @bolt_view
    async def aview(request: HttpRequest) -> StreamingResponse:
        return StreamingResponse(source(b"never"))

    with override_settings(MIDDLEWARE=[]):
        answers = [ask(view, method="HEAD"), ask(aview, method="HEAD")]

    assert [answer.body for answer in answers] == [b"", b""]


@KINDS
@pytest.mark.parametrize(
    "middleware",
    [[], ["django.middleware.gzip.GZipMiddleware"]],
    ids=["nothing", "compression"],
)
def test_head_leaves_the_source_unstarted_where_only_django_meets_the_request(
    ask: Ask, source: Any, middleware: list[str]
) -> None:
    made = []

    def view(request: HttpRequest) -> StreamingResponse:
        made.append(source(b"never"))
        return StreamingResponse(made[0])

    with override_settings(MIDDLEWARE=middleware):
        answer = ask(view, method="HEAD", headers={"Accept-Encoding": "gzip"})

    assert (answer.status, answer.body) == (200, b"")
    assert is_closed(made[0])


@KINDS
@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_never_starts_the_source(
    ask: Ask, source: Any, status: int
) -> None:
    answer = ask(lambda request: StreamingResponse(source(b"never"), status))

    assert answer.status == status
    assert answer.body == b""
    assert "content-type" not in answer


class Resource:
    """An async iterator that holds something until ``aclose``."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Let go."""
        await asyncio.sleep(0)
        self.closed += 1
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_async_resource_is_closed_once_started_or_not(ask: Ask, method: str) -> None:
    resource = Resource()

    ask(lambda request: StreamingResponse(resource), method=method)

    assert resource.closed == 1


def test_an_unstarted_resource_that_fails_to_close_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    StreamingResponse(Resource(LookupError())).close()

    assert "Resource" in caplog.text


@KINDS
def test_getvalue_returns_the_whole_body(source: Any) -> None:
    assert StreamingResponse(source("a", b"b")).getvalue() == b"ab"


@KINDS
def test_is_async_tells_the_kind_of_the_source(source: Any) -> None:
    assert StreamingResponse(source()).is_async == (source is achunks)


@KINDS
def test_streaming_content_is_encoded_and_can_be_wrapped(source: Any) -> None:
    response = StreamingResponse(source({"a": 1}), media_type="application/jsonl")
    content = response.streaming_content

    if response.is_async:

        async def shout() -> AsyncIterator[bytes]:
            async for chunk in content:
                yield chunk.upper()

        response.streaming_content = shout()
    else:
        response.streaming_content = (chunk.upper() for chunk in content)

    assert response.getvalue() == b'{"A":1}\n'


def test_a_wrapped_async_chunk_that_queries_is_encoded_in_a_thread() -> None:
    rows = Station.objects.none().values()
    response = StreamingResponse(achunks(rows), media_type="application/jsonl")
    response.streaming_content = response.streaming_content

    assert response.getvalue() == b"[]\n"


@KINDS
def test_the_test_client_reads_a_stream(source: Any) -> None:
    with override_settings(
        ROOT_URLCONF=only_url(lambda request: StreamingResponse(source("a", "b")))
    ):
        response = Client().get("/")

        assert response.getvalue() == b"ab"


@KINDS
def test_the_async_test_client_reads_a_stream(source: Any) -> None:
    async def read() -> bytes:
        response: Any = await AsyncClient().get("/")
        if response.is_async:
            return b"".join([chunk async for chunk in response.streaming_content])
        return b"".join(response.streaming_content)

    with override_settings(
        ROOT_URLCONF=only_url(lambda request: StreamingResponse(source("a", "b")))
    ):
        assert async_to_sync(read)() == b"ab"


@KINDS
@override_settings(MIDDLEWARE=[GZIP, BOLT])
def test_compression_middleware_may_compress(ask: Ask, source: Any) -> None:
    answer = ask(
        lambda request: StreamingResponse(source("a" * 1000, "b" * 1000)),
        headers={"Accept-Encoding": "gzip"},
    )

    assert answer["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"a" * 1000 + b"b" * 1000


@KINDS
@pytest.mark.parametrize("value", ["identity", "Identity"])
@override_settings(MIDDLEWARE=[GZIP, BOLT])
def test_identity_keeps_compression_away_and_is_not_sent(
    ask: Ask, source: Any, value: str
) -> None:
    answer = ask(
        lambda request: StreamingResponse(
            source("a" * 1000), headers={"Content-Encoding": value, "X-Kept": "1"}
        ),
        headers={"Accept-Encoding": "gzip"},
    )

    assert answer.body == b"a" * 1000
    assert "content-encoding" not in answer
    assert "vary" not in answer
    assert answer["x-kept"] == "1"


@override_settings(MIDDLEWARE=[GZIP, BOLT])
def test_a_compressed_source_is_closed_with_its_response() -> None:
    closed = []

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.append(True)

    with override_settings(
        ROOT_URLCONF=only_url(lambda r: StreamingResponse(source()))
    ):
        response = Client().get("/", headers={"Accept-Encoding": "gzip"})
        body = iter(response)
        next(body)
        response.close()

    assert closed == [True]
