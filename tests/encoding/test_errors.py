"""What cannot be encoded is named: its type, and the path to it."""

import dataclasses
import sys
from collections.abc import Callable, Iterator
from types import MappingProxyType, SimpleNamespace
from typing import Any

import attrs
import msgspec
import pydantic
import pytest
from django.core.files.storage import Storage
from django.db.models import FileField
from django.db.models.fields.files import FieldFile
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.encoding import encode_json, encode_json_inline
from testproject.showcase.models import Station


class Opaque:
    """An object without a JSON form."""


class Item(msgspec.Struct):
    """A Struct that holds anything."""

    owner: object = None


@dataclasses.dataclass
class Part:
    """A dataclass that holds anything."""

    owner: object = None


@attrs.define
class Piece:
    """An attrs class that holds anything."""

    owner: object = None


class Loose(pydantic.BaseModel):
    """A pydantic model that holds anything."""

    owner: Any = None


class Open(pydantic.BaseModel):
    """A pydantic model that takes fields that it does not declare."""

    model_config = pydantic.ConfigDict(extra="allow")


class Computed(pydantic.BaseModel):
    """A pydantic model that computes what has no JSON form."""

    @pydantic.computed_field  # type: ignore[prop-decorator]  # pydantic's own form
    @property
    def owner(self) -> Any:
        """Return an opaque object."""
        return Opaque()


class Bag:
    """An iterable that is no sequence."""

    def __init__(self, *items: object) -> None:
        self.items = items

    def __iter__(self) -> Iterator[object]:
        return iter(self.items)


OPAQUE = f"{__name__}.Opaque"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param(Opaque(), "data", id="the data itself"),
        pytest.param({"a": Opaque()}, 'data["a"]', id="value of a dict"),
        pytest.param({1: Opaque()}, "data[1]", id="number as a key"),
        pytest.param({'"é': Opaque()}, 'data["\\"é"]', id="key that needs quoting"),
        pytest.param([0, Opaque()], "data[1]", id="item of a list"),
        pytest.param((0, [Opaque()]), "data[1][0]", id="item of a list in a tuple"),
        pytest.param({"k": {Opaque()}}, 'data["k"][0]', id="item of a set"),
        pytest.param(Item(Opaque()), "data.owner", id="field of a Struct"),
        pytest.param(Part(Opaque()), "data.owner", id="field of a dataclass"),
        pytest.param(Piece(Opaque()), "data.owner", id="field of an attrs class"),
        pytest.param(
            Loose(owner=Opaque()), "data.owner", id="field of a pydantic model"
        ),
        pytest.param(
            {"items": [0, 1, 2, Item(Opaque())]}, 'data["items"][3].owner', id="mixed"
        ),
        pytest.param(
            Open.model_validate({"owner": Opaque()}),
            "data.owner",
            id="extra field of a pydantic model",
        ),
        pytest.param(MappingProxyType({"a": Opaque()}), 'data["a"]', id="mapping"),
        pytest.param(Bag(1, Opaque()), "data[1]", id="iterable"),
        pytest.param([iter([1, Opaque()])], "data[0][1]", id="iterator, used up"),
        pytest.param(
            (iter([i]) for i in (1, Opaque())),
            "data[1][0]",
            id="iterators in iterators",
        ),
        pytest.param(
            {"ok": iter([1]), "bad": Opaque()}, 'data["bad"]', id="after an iterator"
        ),
        pytest.param(
            {"lazy": SimpleLazyObject(lambda: [Opaque()])},
            'data["lazy"][0]',
            id="inside a lazy object",
        ),
    ],
)
def test_encode_json_unsupported_value_is_named_by_path_and_type(
    data: object, path: str
) -> None:
    with pytest.raises(TypeError) as caught:
        encode_json(data)

    assert str(caught.value).startswith(
        f"{path} has no JSON form; its type is {OPAQUE}."
    )


def evaluated(value: object) -> object:
    """Return a lazy object that was looked into."""
    lazy = SimpleLazyObject(lambda: value)
    assert lazy
    return lazy


GAPPY = memoryview(b"abc")[::2]


@pytest.mark.parametrize("encode", [encode_json, encode_json_inline])
@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param(GAPPY, "data", id="the data itself"),
        pytest.param({"a": [GAPPY]}, 'data["a"][0]', id="item of a list"),
        pytest.param([Item(GAPPY)], "data[0].owner", id="field of a Struct"),
        pytest.param(Loose(owner=GAPPY), "data.owner", id="field of a pydantic model"),
        pytest.param(MappingProxyType({"a": GAPPY}), 'data["a"]', id="mapping"),
        pytest.param(evaluated(GAPPY), "data", id="inside a lazy object"),
    ],
)
def test_encode_json_memoryview_with_steps_is_named_by_path(
    encode: Callable[[object], object], data: object, path: str
) -> None:
    with pytest.raises(TypeError) as caught:
        encode(data)

    assert str(caught.value) == (
        f"{path} has no JSON form; it is a memoryview whose bytes do not lie side by "
        "side. Give bytes(…) of it."
    )


def test_encode_json_memoryview_with_steps_from_an_iterator_is_named_by_path() -> None:
    with pytest.raises(
        TypeError, match=r"data\[0\]\[1\] has no JSON form; it is a mem"
    ):
        encode_json([iter([b"", GAPPY])])


def test_encode_json_error_of_a_buffer_in_foreign_code_is_left_as_it_is() -> None:
    def items() -> Iterator[object]:
        yield 1
        raise BufferError("Existing exports of data")

    with pytest.raises(BufferError, match="Existing exports"):
        encode_json([items()])


class Partial(msgspec.Struct):
    """A Struct with a field that may be left out."""

    owner: object = msgspec.UNSET
    other: object = None


@dataclasses.dataclass
class PartialPart:
    """A dataclass with a field that may be left out."""

    owner: object = msgspec.UNSET
    other: object = None


@pytest.mark.parametrize("make", [Partial, PartialPart])
def test_encode_json_field_that_is_unset_is_no_mistake(make: Any) -> None:
    with pytest.raises(TypeError, match=r"^data\.other has no JSON form"):
        encode_json(make(other=Opaque()))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param(1j, "complex", id="builtin"),
        pytest.param(SimpleNamespace(), "types.SimpleNamespace", id="standard library"),
        pytest.param(..., "ellipsis", id="ellipsis"),
    ],
)
def test_encode_json_unsupported_value_names_the_type_in_full(
    value: object, name: str
) -> None:
    with pytest.raises(TypeError, match=rf"^data\[0\] .* its type is {name}\. "):
        encode_json([value])


@pytest.mark.parametrize(
    ("key", "name"),
    [
        pytest.param((1, 2), "tuple", id="tuple"),
        pytest.param(Opaque, "type", id="class"),
        pytest.param(frozenset([1]), "frozenset", id="set"),
        pytest.param(range(3), "range", id="iterable"),
    ],
)
def test_encode_json_unsupported_key_is_named_with_its_object(
    key: object, name: str
) -> None:
    with pytest.raises(TypeError) as caught:
        encode_json({"rows": [{"a": 1, key: 2}]})

    message = str(caught.value)
    assert message.startswith(f'The key {key!r} of data["rows"][0] has no JSON form')
    assert f"its type is {name}." in message


def test_encode_json_computed_field_without_a_form_is_named_by_its_type() -> None:
    with pytest.raises(TypeError, match=rf"^data holds .* its type is {OPAQUE}\.$"):
        encode_json([Computed()])


class Shy(str):
    """A text whose ``repr`` fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class ShyObject:
    """An object whose ``repr`` fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize(
    ("data", "start"),
    [
        pytest.param({Shy("a"): Opaque()}, f"data[<{__name__}.Shy>] has", id="path"),
        pytest.param({ShyObject(): 1}, f"The key <{__name__}.ShyObject> of", id="key"),
    ],
)
def test_encode_json_key_whose_repr_fails_is_named_by_its_type(
    data: object, start: str
) -> None:
    with pytest.raises(TypeError) as caught:
        encode_json(data)

    assert str(caught.value).startswith(start)


def test_encode_json_long_key_is_shown_in_part() -> None:
    """It may come from a client, and the message goes to a log."""
    with pytest.raises(TypeError) as caught:
        encode_json({"k" * 1_000_000: Opaque()})

    assert str(caught.value).startswith('data["' + "k" * 78 + "…] has no JSON form")


class Deceptive(list[object]):
    """A list that says that it holds something else."""

    def __iter__(self) -> Iterator[object]:
        return iter([1])


def test_encode_json_list_with_an_iter_of_its_own_is_read_as_it_is_encoded() -> None:
    assert list(Deceptive("ab")) == [1]
    assert encode_json(Deceptive("ab")) == b'["a","b"]'
    with pytest.raises(TypeError, match=r"^data\[1\] has no JSON form"):
        encode_json(Deceptive([0, Opaque()]))


def test_encode_json_class_in_the_place_of_an_instance_says_so() -> None:
    with pytest.raises(TypeError, match=r"data\[0\] .* the class .*Opaque itself\."):
        encode_json([Opaque])


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: SimpleLazyObject(lambda: x)], ids=["plain", "lazy"]
)
def test_encode_json_model_instance_is_refused_with_the_way_out(wrap: Any) -> None:
    with pytest.raises(TypeError) as caught:
        encode_json({"station": wrap(Station(name="Secret peak"))})

    message = str(caught.value)
    assert message.startswith('data["station"] is a model instance')
    assert "testproject.showcase.models.Station" in message
    assert ".values(" in message
    assert "from_attributes=True" in message
    assert "Secret peak" not in message


@pytest.mark.parametrize(
    "rows",
    [Station.objects.all(), Station.objects.none(), Station.objects.only("name")],
    ids=["all", "none", "only"],
)
def test_encode_json_queryset_of_models_is_refused_before_it_has_rows(
    rows: object,
) -> None:
    """Else the first row that somebody adds would be the end of a working view."""
    with pytest.raises(TypeError) as caught:
        encode_json({"rows": rows})

    message = str(caught.value)
    assert message.startswith('data["rows"] is a queryset of model instances (')
    assert "testproject.showcase.models.Station" in message
    assert ".values(" in message


def test_encode_json_list_that_holds_itself_is_a_value_error() -> None:
    data: list[object] = []
    data.append({"again": data})

    with pytest.raises(ValueError, match=r'^data\[0\]\["again"\] must not hold itself'):
        encode_json(data)


def test_encode_json_iterable_that_holds_itself_is_a_value_error() -> None:
    bag = Bag()
    bag.items = (bag,)

    with pytest.raises(ValueError, match=r"^data\[0\] must not hold itself"):
        encode_json(bag)


def test_encode_json_value_that_occurs_twice_is_no_cycle() -> None:
    shared = [1]

    with pytest.raises(TypeError, match=r"^data\[2\] has no JSON form"):
        encode_json([shared, shared, Opaque()])


@pytest.mark.parametrize("depth", [99_000, 250_000])
def test_encode_json_absurd_depth_is_a_value_error(depth: int) -> None:
    """Refused by every supported interpreter, on this side of our own bound too."""
    data: list[object] = []
    for _ in range(depth):
        data = [data]

    with pytest.raises(ValueError, match="nested too deep"):
        encode_json(data)


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda inner: SimpleLazyObject(lambda: inner), id="lazy objects"),
        pytest.param(lambda inner: MappingProxyType({"a": inner}), id="mappings"),
        pytest.param(lambda inner: Bag(inner), id="iterables"),
        pytest.param(lambda inner: iter([inner]), id="iterators"),
    ],
)
def test_encode_json_absurd_depth_of_what_is_replaced_is_a_value_error(
    wrap: Callable[[object], object],
) -> None:
    data: object = 1
    for _ in range(10_000):
        data = wrap(data)

    with pytest.raises(ValueError, match="nested too deep"):
        encode_json(data)


def test_encode_json_path_of_a_deep_mistake_is_abridged() -> None:
    data: object = Opaque()
    for _ in range(300):
        data = [data]

    with pytest.raises(TypeError) as caught:
        encode_json(data)

    assert str(caught.value).startswith(
        "data" + "[0]" * 7 + "…" + "[0]" * 4 + " has no JSON form"
    )


@pytest.mark.parametrize(
    ("data", "place"),
    [
        pytest.param({"a": ["x\ud800"]}, 'data["a"][0]', id="value"),
        pytest.param(
            {"a": {"\udfff": 1}}, "The key '\\udfff' of data[\"a\"]", id="key"
        ),
    ],
)
def test_encode_json_lone_surrogate_is_named(data: object, place: str) -> None:
    with pytest.raises(ValueError) as caught:
        encode_json(data)

    assert type(caught.value) is ValueError
    assert str(caught.value).startswith(f"{place} must be text that UTF-8 can encode")


def test_encode_json_integer_beyond_the_limit_of_digits_is_named() -> None:
    with pytest.raises(ValueError, match=r"^data\[0\] cannot be encoded as JSON: "):
        encode_json([10 ** (sys.get_int_max_str_digits() + 1)])


def test_encode_json_error_of_a_file_field_is_named_and_chained() -> None:
    file = FieldFile(Station(), FileField(storage=Storage()), "a.txt")

    with pytest.raises(NotImplementedError):
        encode_json({"file": file})


def failing() -> Iterator[int]:
    """Yield once, then fail as a mistake in user code would."""
    yield 1
    raise TypeError("mistake of the generator")


def test_encode_json_error_raised_by_a_generator_is_left_alone() -> None:
    with pytest.raises(TypeError, match=r"^mistake of the generator$") as caught:
        encode_json({"rows": failing()})

    assert caught.traceback[-1].name == "failing"


def test_encode_json_error_raised_by_an_iterable_is_left_alone() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise TypeError("mistake of the iterable")

    with pytest.raises(TypeError, match=r"^mistake of the iterable$"):
        encode_json([Broken()])


def test_encode_json_stop_iteration_ends_nothing_but_the_encoding() -> None:
    """Whoever waits for a thread would never hear of it."""

    class Ended:
        def __iter__(self) -> Iterator[object]:
            raise StopIteration

    with pytest.raises(RuntimeError, match="raised StopIteration"):
        encode_json([Ended()])


def test_encode_json_error_of_a_property_names_the_place_and_keeps_the_cause() -> None:
    class NoUrl(Storage):
        def url(self, name: str | None) -> str:
            raise ValueError("no address")

    file = FieldFile(Station(), FileField(storage=NoUrl()), "a.txt")

    with pytest.raises(ValueError, match=r'^data\["file"\] .*: no address$') as caught:
        encode_json({"file": file})

    assert str(caught.value.__cause__) == "no address"


containers = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | st.builds(Item, inner)
        | st.builds(Part, inner)
    ),
    max_leaves=8,
)


WRAPPERS: list[Callable[[object], object]] = [
    lambda inner: [0, inner],
    lambda inner: {'a\n"': 0, "ключ": inner},
    lambda inner: (inner,),
    Item,
    Part,
    Piece,
]


@given(
    before=containers,
    after=containers,
    wrappers=st.lists(st.sampled_from(WRAPPERS), max_size=9),
)
def test_encode_json_path_leads_to_the_value_in_python(
    before: object, after: object, wrappers: list[Callable[[object], object]]
) -> None:
    """The path in the message, evaluated, is the value that was refused."""
    opaque = Opaque()
    tree: object = opaque
    for wrap in wrappers:
        tree = wrap(tree)
    data = [before, tree, after]

    with pytest.raises(TypeError) as caught:
        encode_json(data)

    path = str(caught.value).partition(" has no JSON form")[0]
    assert eval(path, {"data": data}) is opaque
