"""What Django code holds, and how it looks in JSON."""

import collections
import datetime
import decimal
import enum
import json
import types
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import attrs
import msgspec
import pydantic
import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models import FileField, TextChoices
from django.db.models.fields.files import FieldFile
from django.utils.functional import Promise, SimpleLazyObject, lazy
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, ngettext_lazy, override
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.encoding import encode_json
from testproject.showcase.models import Station


class Number(int):
    """A subclass of int, as ORMs and scientific packages have."""


class Ratio(float):
    """A subclass of float."""


class Blob(bytes):
    """A subclass of bytes."""


class Price(decimal.Decimal):
    """A subclass of Decimal."""


class Moment(datetime.datetime):
    """A subclass of datetime, as packages that freeze or enrich time return."""


class Day(datetime.date):
    """A subclass of date."""


class Clock(datetime.time):
    """A subclass of time."""


class Span(datetime.timedelta):
    """A subclass of timedelta, as packages for data analysis return."""


class Suit(TextChoices):
    """Choices with a lazy label."""

    HEARTS = "H", gettext_lazy("Hearts")


class LazyValue(enum.Enum):
    """An enumeration whose value is lazy."""

    HELLO = gettext_lazy("hello")


class Seat(msgspec.Struct, rename="camel"):
    """A Struct with a renamed field."""

    row_number: int = 1


@dataclass
class Ticket:
    """A dataclass that holds a Struct."""

    seat: Seat
    label: object = None


@attrs.define
class Hall:
    """An attrs class."""

    name: str


class Guest(pydantic.BaseModel):
    """A pydantic model with a type that only pydantic encodes."""

    name: str
    born: datetime.date
    secret: pydantic.SecretStr = pydantic.SecretStr("hidden")


class Loose(pydantic.BaseModel):
    """A pydantic model with a field that pydantic cannot encode."""

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    label: Promise


class Bag:
    """An iterable that is no sequence."""

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])


def field_file(name: str) -> FieldFile:
    """Return what a FileField of a model instance holds."""
    field = FileField(storage=FileSystemStorage(base_url="/media/"))
    return FieldFile(Station(), field, name)


NOON = Moment(2026, 1, 2, 12, 0, 0, 5, tzinfo=datetime.timezone.utc)

VALUES = [
    pytest.param(mark_safe("<b>"), '"<b>"', id="safe string"),
    pytest.param(gettext_lazy("hello"), '"hello"', id="lazy translation"),
    pytest.param(ngettext_lazy("%d cat", "%d cats", 2), '"%d cats"', id="lazy plural"),
    pytest.param(lazy(lambda: 5, int)(), "5", id="promise of an int"),
    pytest.param(lazy(lambda: {"a": 1}, dict)(), '{"a":1}', id="promise of a dict"),
    pytest.param(SimpleLazyObject(lambda: [1]), "[1]", id="lazy object"),
    pytest.param(Number(3), "3", id="subclass of int"),
    pytest.param(Ratio(2.5), "2.5", id="subclass of float"),
    pytest.param(float("nan"), "null", id="NaN"),
    pytest.param(float("-inf"), "null", id="infinity"),
    pytest.param(Ratio("nan"), "null", id="NaN of a subclass of float"),
    pytest.param(Blob(b"ab"), '"YWI="', id="subclass of bytes"),
    pytest.param(Price("1.10"), '"1.10"', id="subclass of Decimal"),
    pytest.param(NOON, '"2026-01-02T12:00:00.000005Z"', id="subclass of datetime"),
    pytest.param(Day(2026, 1, 2), '"2026-01-02"', id="subclass of date"),
    pytest.param(Clock(1, 2, 3, 4), '"01:02:03.000004"', id="subclass of time"),
    pytest.param(
        Clock(1, tzinfo=datetime.timezone.utc),
        '"01:00:00Z"',
        id="subclass of time with a zone",
    ),
    pytest.param(Span(1, 2.5), '"P1DT2.5S"', id="subclass of timedelta"),
    pytest.param(Suit.HEARTS, '"H"', id="choice"),
    pytest.param(LazyValue.HELLO, '"hello"', id="enumeration of lazy text"),
    pytest.param(uuid.UUID(int=1), f'"{uuid.UUID(int=1)}"', id="UUID"),
    pytest.param(Path("/srv/a b"), '"/srv/a b"', id="path"),
    pytest.param(PurePosixPath("a/b"), '"a/b"', id="pure path"),
    pytest.param(field_file("a b.txt"), '"/media/a%20b.txt"', id="file field"),
    pytest.param(field_file(""), "null", id="empty file field"),
    pytest.param(types.MappingProxyType({"a": 1}), '{"a":1}', id="mapping"),
    pytest.param({"a": 1}.items(), '[["a",1]]', id="view of a dict"),
    pytest.param(range(3), "[0,1,2]", id="range"),
    pytest.param(collections.deque("ab"), '["a","b"]', id="deque"),
    pytest.param(Bag(), "[1,2]", id="iterable"),
    pytest.param(frozenset([1]), "[1]", id="frozenset"),
    pytest.param(Hall("A"), '{"name":"A"}', id="attrs class"),
    pytest.param(
        Ticket(Seat(), mark_safe("x")),
        '{"seat":{"rowNumber":1},"label":"x"}',
        id="dataclass with a Struct in it",
    ),
    pytest.param(
        Guest(name="Ann", born=datetime.date(2000, 1, 2)),
        '{"name":"Ann","born":"2000-01-02","secret":"**********"}',
        id="pydantic model by its own rules",
    ),
    pytest.param(
        Loose(label=gettext_lazy("hello")),
        '{"label":"hello"}',
        id="pydantic model with a value of Django",
    ),
    pytest.param(
        {None: 1, True: 2, False: 3},
        '{"null":1,"true":2,"false":3}',
        id="keys as json.dumps spells them",
    ),
    pytest.param({gettext_lazy("hello"): 1}, '{"hello":1}', id="lazy key"),
    pytest.param({mark_safe("a"): 1, Number(2): 3}, '{"a":1,"2":3}', id="odd keys"),
    pytest.param(2**70, str(2**70), id="integer beyond 64 bits"),
    pytest.param("\u2028é\0", '"\u2028é\\u0000"', id="text beyond ASCII"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_encode_json_value_of_django_code_has_its_form(
    value: object, text: str
) -> None:
    assert encode_json(value) == text.encode()


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_encode_json_value_inside_containers_has_the_same_form(
    value: object, text: str
) -> None:
    data = {"deep": [(value,)]}

    encoded = encode_json(data)

    assert encoded == f'{{"deep":[[{text}]]}}'.encode()


def test_encode_json_iterators_are_arrays_and_may_be_nested() -> None:
    rows = ({"cells": (mark_safe(cell) for cell in row)} for row in ("ab", "c"))

    assert encode_json({"rows": rows}) == (
        b'{"rows":[{"cells":["a","b"]},{"cells":["c"]}]}'
    )


def test_encode_json_lazy_translation_is_in_the_active_language() -> None:
    with override("de"):
        assert encode_json([gettext_lazy("Yes")]) == b'["Ja"]'


@pytest.mark.django_db
def test_encode_json_queryset_of_values_is_an_array_of_objects() -> None:
    Station.objects.create(
        name="Säntis",
        country="CH",
        elevation=2502,
        temperature=decimal.Decimal("-3.5"),
        observed_at=datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
    )
    stations = Station.objects.all()

    encoded = encode_json(
        {
            "values": stations.values("name", "temperature"),
            "rows": stations.values_list("name", "elevation"),
            "flat": stations.values_list("elevation", flat=True),
        }
    )

    assert json.loads(encoded) == {
        "values": [{"name": "Säntis", "temperature": "-3.5"}],
        "rows": [["Säntis", 2502]],
        "flat": [2502],
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_encode_json_any_json_value_survives_a_round_trip(value: object) -> None:
    assert json.loads(encode_json(value)) == value
