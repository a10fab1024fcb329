"""What an event stream says of itself, and what it makes of what is yielded."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.http import BadHeaderError, HttpRequest
from django.test import Client, override_settings

from django_bolt import EventSourceResponse, ServerSentEvent, format_sse_event
from django_bolt.testing import collect_events
from tests.worlds import Ask, only_url


def sync_numbers() -> Iterator[int]:
    """Yield two numbers."""
    yield 1
    yield 2


async def async_numbers() -> AsyncIterator[int]:
    """Yield the same numbers, and wait in between."""
    yield 1
    await asyncio.sleep(0)
    yield 2


SOURCES: dict[str, Callable[[], Any]] = {
    "sync": sync_numbers,
    "async": async_numbers,
}
every_source = pytest.mark.parametrize("kind", SOURCES)


@every_source
@pytest.mark.parametrize("ping_interval", [15, None], ids=["pings", "no pings"])
def test_events_are_sent_from_any_source_in_any_world(
    ask: Ask, kind: str, ping_interval: float | None
) -> None:
    def view(request: HttpRequest) -> EventSourceResponse:
        return EventSourceResponse(SOURCES[kind](), ping_interval=ping_interval)

    answer = ask(view)

    assert answer.body == b"data: 1\n\ndata: 2\n\n"
    assert answer["content-type"] == "text/event-stream"
    assert answer["cache-control"] == "no-cache"
    assert answer["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer
    assert "connection" not in answer
    assert "content-length" not in answer


@pytest.mark.parametrize(
    ("yielded", "framed"),
    [
        pytest.param(ServerSentEvent({"a": 1}, event="e"), b'event: e\ndata: {"a":1}'),
        pytest.param(ServerSentEvent(raw_data="a"), b"data: a"),
        pytest.param(ServerSentEvent(comment="c"), b": c"),
        pytest.param({"count": 1}, b'data: {"count":1}', id="dict"),
        pytest.param("text", b'data: "text"', id="str"),
        pytest.param(None, b"data: null", id="None"),
        pytest.param([1, None], b"data: [1,null]", id="list"),
        pytest.param(range(2), b"data: [0,1]", id="what may wait"),
        pytest.param(
            ServerSentEvent(range(2)), b"data: [0,1]", id="an event of what may wait"
        ),
        pytest.param(format_sse_event(data_str="x"), b"data: x", id="bytes"),
        pytest.param(bytearray(b"data: x\n\n"), b"data: x", id="bytearray"),
        pytest.param(memoryview(b"data: x\n\n"), b"data: x", id="memoryview"),
    ],
)
@every_source
def test_what_is_yielded_is_framed(
    ask: Ask, kind: str, yielded: object, framed: bytes
) -> None:
    async def agenerate() -> AsyncIterator[object]:
        yield yielded

    source: Any = agenerate() if kind == "async" else [yielded]

    answer = ask(lambda request: EventSourceResponse(source))

    assert answer.body == framed + b"\n\n"


def test_headers_may_override_what_is_not_the_servers(ask: Ask) -> None:
    headers = {"cache-control": "no-store", "x-accel-buffering": "yes", "X-Own": "1"}

    answer = ask(lambda request: EventSourceResponse([], headers=headers))

    assert answer["cache-control"] == "no-store"
    assert answer["x-accel-buffering"] == "yes"
    assert answer["x-own"] == "1"


@pytest.mark.parametrize(
    "name", ["Content-Type", "content-length", "Connection", "TRANSFER-ENCODING"]
)
def test_headers_that_are_not_the_callers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must not contain"):
        EventSourceResponse([], headers={name: "x"})


@pytest.mark.parametrize("headers", [{1: "x"}, [("a", "b")], {"X-Own": 1}])
def test_headers_of_a_wrong_type_are_refused(headers: Any) -> None:
    with pytest.raises(TypeError, match="must be"):
        EventSourceResponse([], headers=headers)


def test_headers_with_a_line_end_are_refused() -> None:
    with pytest.raises(BadHeaderError):
        EventSourceResponse([], headers={"X-Own": "a\nb"})


def test_the_callers_headers_are_not_changed() -> None:
    headers = {"X-Own": "1"}

    EventSourceResponse([], headers=headers)

    assert headers == {"X-Own": "1"}


seconds = pytest.mark.parametrize("name", ["ping_interval", "max_age"])


@seconds
@pytest.mark.parametrize(
    "value",
    [
        *(0, -1, 0.0, math.nan, math.inf, -math.inf),
        pytest.param(10**400, id="beyond floats"),
    ],
)
def test_seconds_must_be_finite_and_above_zero(name: str, value: float) -> None:
    arguments: dict[str, Any] = {name: value}

    with pytest.raises(ValueError, match=f"{name} must be a finite number"):
        EventSourceResponse([], **arguments)


@seconds
@pytest.mark.parametrize("value", ["1", True, b"", [1]])
def test_seconds_must_be_a_number(name: str, value: object) -> None:
    arguments: dict[str, Any] = {name: value}

    with pytest.raises(TypeError, match=f"{name} must be a number or None"):
        EventSourceResponse([], **arguments)


def test_arguments_are_taken_in_the_order_of_the_reference() -> None:
    response = EventSourceResponse([], 202, {"X-Own": "1"}, 3.0)

    assert (response.status_code, response["X-Own"]) == (202, "1")
    assert response.ping_interval == 3.0


def test_a_status_without_a_body_never_starts_the_source(ask: Ask) -> None:
    """A 204 tells an EventSource not to come back."""
    started: list[int] = []
    source = map(started.append, [1])

    answer = ask(lambda request: EventSourceResponse(source, 204))

    assert (answer.status, answer.body, started) == (204, b"", [])
    assert "content-type" not in answer


def test_head_is_answered_without_the_source(ask: Ask) -> None:
    started: list[int] = []
    source = map(started.append, [1])

    answer = ask(lambda request: EventSourceResponse(source), method="HEAD")

    assert (answer.status, answer.body, started) == (200, b"", [])
    assert answer["content-type"] == "text/event-stream"


COMPRESSING = [
    "django.middleware.gzip.GZipMiddleware",
    "django_http_compression.middleware.HttpCompressionMiddleware",
]


@every_source
@pytest.mark.parametrize("middleware", COMPRESSING, ids=["django", "third party"])
def test_compression_middleware_leaves_events_alone(
    ask: Ask, kind: str, middleware: str
) -> None:
    bolt = "django_bolt.middleware.BoltMiddleware"

    with override_settings(MIDDLEWARE=[middleware, bolt]):
        answer = ask(
            lambda request: EventSourceResponse(SOURCES[kind]()),
            headers={"Accept-Encoding": "gzip, br, zstd"},
        )

    assert answer.body == b"data: 1\n\ndata: 2\n\n"
    assert "content-encoding" not in answer
    assert "vary" not in answer


@every_source
def test_a_post_with_a_csrf_token_is_answered_by_events(kind: str) -> None:
    """Protocols that stream over POST send the token in a header."""

    def view(request: HttpRequest) -> EventSourceResponse:
        return EventSourceResponse(SOURCES[kind]())

    token = "a" * 32
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = token
    protect = "django.middleware.csrf.CsrfViewMiddleware"

    with override_settings(MIDDLEWARE=[protect], ROOT_URLCONF=only_url(view)):
        refused = client.post("/", {"question": "?"})
        answered = client.post("/", {"question": "?"}, headers={"X-CSRFToken": token})

        assert refused.status_code == 403
        assert collect_events(answered) == [
            ServerSentEvent(raw_data="1"),
            ServerSentEvent(raw_data="2"),
        ]


def test_settings_are_read_at_each_use() -> None:
    response = EventSourceResponse([])

    with override_settings(BOLT_SSE_PING_INTERVAL=3, BOLT_SSE_PING_COMMENT="here"):
        plan = response._plan()

    assert (plan.interval, plan.ping) == (3, b": here\n\n")
    assert response._plan().ping == b": ping\n\n"
