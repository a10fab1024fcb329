"""JSONStream: one valid array, or an invalid one."""

import datetime
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.http import HttpRequest

from django_bolt import JSONStream
from testproject.showcase.models import Station
from tests.worlds import Ask

pytestmark = pytest.mark.django_db


def rows(*values: Any) -> Iterator[Any]:
    """Yield what is given; an exception is raised."""
    for value in values:
        if isinstance(value, Exception):
            raise value
        yield value


async def arows(*values: Any) -> AsyncIterator[Any]:
    """Do the same in a loop."""
    for value in rows(*values):
        yield value


KINDS = pytest.mark.parametrize("source", [rows, arows])


@KINDS
@pytest.mark.parametrize(
    "values",
    [
        pytest.param([], id="none"),
        pytest.param([1], id="one"),
        pytest.param([{"a": "ü"}, None, [], "text"], id="several"),
        pytest.param(list(range(5000)), id="many"),
    ],
)
def test_the_body_is_one_array_of_what_is_yielded(
    ask: Ask, source: Any, values: list[Any]
) -> None:
    answer = ask(lambda request: JSONStream(source(*values)))

    assert json.loads(answer.body) == values
    assert answer["content-type"] == "application/json"


@KINDS
def test_bytes_are_base64_as_in_json(ask: Ask, source: Any) -> None:
    """RFC 4648 §10: BASE64("f") = "Zg=="."""
    answer = ask(lambda request: JSONStream(source(b"f")))

    assert answer.body == b'["Zg=="]'


@KINDS
def test_a_source_that_fails_leaves_no_valid_array(source: Any) -> None:
    response = JSONStream(source(1, 2, LookupError()))
    sent = []

    with pytest.raises(LookupError):
        for chunk in response:
            sent.append(chunk)

    assert b"".join(sent).replace(b"\n", b"") == b"[1,2"


@KINDS
def test_a_row_that_cannot_be_encoded_leaves_no_valid_array(source: Any) -> None:
    response = JSONStream(source(1, object()))
    sent = []

    with pytest.raises(TypeError):
        for chunk in response:
            sent.append(chunk)

    assert b"".join(sent) == b"[1"


@KINDS
def test_a_row_that_queries_is_encoded_where_it_may(ask: Ask, source: Any) -> None:
    answer = ask(lambda request: JSONStream(source(Station.objects.none().values())))

    assert answer.body == b"[[]]"


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
def test_a_queryset_is_streamed(ask: Ask) -> None:
    make_station()

    def view(request: HttpRequest) -> JSONStream:
        return JSONStream(Station.objects.values("name"), headers={"X-A": "1"})

    answer = ask(view)

    assert json.loads(answer.body) == [{"name": "Säntis"}]
    assert answer["x-a"] == "1"


def test_a_failing_array_names_its_source(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError):
        b"".join(JSONStream(rows(LookupError())))

    assert "The stream of rows has failed" in caplog.text


def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(TypeError, match="JSON sends a dict"):
        JSONStream({"a": 1})
