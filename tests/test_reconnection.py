"""The id of the last event, as clients send it and as they might forge it."""

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from django_bolt.reconnection import LONGEST_ID, last_event_id


@pytest.fixture(params=[RequestFactory, AsyncRequestFactory], ids=["wsgi", "asgi"])
def factory(request: pytest.FixtureRequest) -> RequestFactory:
    """Make requests as either kind of handler does."""
    made: RequestFactory = request.param()
    return made


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param(b"42", "42", id="number"),
        pytest.param("é€".encode(), "é€", id="UTF-8"),
        pytest.param(b"a" * LONGEST_ID, "a" * LONGEST_ID, id="the longest"),
        pytest.param(b"a" * (LONGEST_ID + 1), None, id="too long"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\xff", None, id="no UTF-8"),
        pytest.param(b"a\0", None, id="NUL"),
        pytest.param(b"a\r\nb", None, id="line end"),
    ],
)
def test_last_event_id_header_is_read_as_utf8(
    factory: RequestFactory, sent: bytes, read: str | None
) -> None:
    request = factory.get("/", headers={"Last-Event-ID": sent.decode("latin-1")})

    assert last_event_id(request) == read


def test_last_event_id_header_of_other_than_octets_is_none() -> None:
    """WSGI middleware may set what no server could have received."""
    request = RequestFactory().get("/", headers={"Last-Event-ID": "€"})

    assert last_event_id(request) is None


@pytest.mark.parametrize(
    ("query", "read"),
    [
        pytest.param("?lastEventId=42", "42", id="number"),
        pytest.param("?lastEventId=%C3%A9", "é", id="UTF-8"),
        pytest.param("?lastEventId=a%0Ab", None, id="line end"),
        pytest.param("?lastEventId=", None, id="empty"),
        pytest.param("", None, id="absent"),
    ],
)
def test_last_event_id_query_serves_the_first_connection(
    factory: RequestFactory, query: str, read: str | None
) -> None:
    request = factory.get(f"/events{query}")

    assert last_event_id(request) == read


@pytest.mark.parametrize(
    ("header", "read"),
    [pytest.param("7", "7", id="an id"), pytest.param("a\0", None, id="no id")],
)
def test_last_event_id_query_is_older_than_any_header(
    factory: RequestFactory, header: str, read: str | None
) -> None:
    request = factory.get("/?lastEventId=42", headers={"Last-Event-ID": header})

    assert last_event_id(request) == read


def test_last_event_id_longer_than_the_caller_allows_is_none(
    factory: RequestFactory,
) -> None:
    request = factory.get("/?lastEventId=123")

    assert last_event_id(request, max_length=3) == "123"
    assert last_event_id(request, max_length=2) is None
