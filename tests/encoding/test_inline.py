"""Encoding in an event loop refuses what may wait, and consumes nothing."""

from collections.abc import Callable

import pydantic
import pytest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from django_bolt.encoding import encode_json, encode_json_inline
from testproject.showcase.models import Station


class Guest(pydantic.BaseModel):
    """A pydantic model, which is iterable but holds its values already."""

    name: str


def test_encode_json_inline_plain_data_is_encoded() -> None:
    data = {"hello": gettext_lazy("hello"), "guest": Guest(name="Ann")}

    assert encode_json_inline(data) == b'{"hello":"hello","guest":{"name":"Ann"}}'


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Station.objects.values("name"), id="queryset"),
        pytest.param(lambda: iter([1]), id="iterator"),
        pytest.param(lambda: range(2), id="iterable"),
        pytest.param(lambda: SimpleLazyObject(lambda: 1), id="lazy object"),
    ],
)
def test_encode_json_inline_refuses_what_may_wait(make: Callable[[], object]) -> None:
    assert encode_json_inline({"a": [make()]}) is None


def test_encode_json_inline_refusal_consumes_nothing() -> None:
    data = {"first": iter([1, 2]), "second": (number for number in (3,))}

    assert encode_json_inline(data) is None
    assert encode_json(data) == b'{"first":[1,2],"second":[3]}'


def test_encode_json_inline_evaluated_lazy_object_is_encoded() -> None:
    lazy = SimpleLazyObject(lambda: {"a": 1})
    assert lazy["a"] == 1

    assert encode_json_inline([lazy]) == b'[{"a":1}]'


@pytest.mark.django_db
def test_encode_json_inline_evaluated_queryset_is_encoded() -> None:
    rows = Station.objects.values("name")
    assert not rows

    assert encode_json_inline({"rows": rows}) == b'{"rows":[]}'


def test_encode_json_inline_unsupported_value_is_named() -> None:
    with pytest.raises(TypeError, match=r"^data\[0\] has no JSON form"):
        encode_json_inline([object()])
