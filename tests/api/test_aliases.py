"""Annotations by another name: type aliases and NewType."""

import sys
from collections.abc import AsyncIterable, Callable, Iterator
from typing import Annotated, Any, Generic, NewType, TypeVar

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory
from typing_extensions import TypeAliasType

from django_bolt import BoltAPI
from tests.api.test_results import Full, Item, annotated, collect, result, stream

T = TypeVar("T")
U = TypeVar("U")
Alias: Any = TypeAliasType
Name: Any = NewType


class Page(msgspec.Struct, Generic[T]):
    """A model that holds others."""

    rows: list[T]


class FullPage(Page[T]):
    """More than goes out."""

    password: str = "secret"


One = Alias("One", Item)
Many = Alias("Many", list[Item])
Either = Alias("Either", Item | HttpResponse)
Stream = Alias("Stream", Iterator[Item])
Listed = TypeAliasType("Listed", list[T], type_params=(T,))
Same = TypeAliasType("Same", T, type_params=(T,))
Pairs = TypeAliasType("Pairs", dict[U, list[T]], type_params=(T, U))

# What the statement makes is another class than what the function makes.
STATEMENTS = """
type One = Item
type Many = list[Item]
type Either = Item | HttpResponse
type Stream = Iterator[Item]
type Listed[T] = list[T]
type Same[T] = T
type Pairs[T, U] = dict[U, list[T]]
type Row[*Ts] = tuple[int, *Ts]
type Tree = Item | list[Tree]
type Text = str | list[Text]
type Later = Undefined
type Never = Nowhere
"""
stated: dict[str, Any] = {**globals()}
if sys.version_info >= (3, 12):
    exec(STATEMENTS, stated)


def send(annotation: Any, value: object, **options: Any) -> bytes:
    """Return what goes out of a handler with a return annotation."""
    response: Any = result(annotated(annotation), **options).make(value)
    body: bytes = response.content
    return body


FILTERED = [
    pytest.param("One", Full(1), b'{"id":1}', id="model"),
    pytest.param("Many", [Full(1)], b'[{"id":1}]', id="list"),
    pytest.param("list[One]", [Full(1)], b'[{"id":1}]', id="in a list"),
    pytest.param("dict[str, Many]", {"a": [Full(1)]}, b'{"a":[{"id":1}]}', id="deep"),
    pytest.param("One | None", Full(1), b'{"id":1}', id="optional"),
    pytest.param("Either | None", Full(1), b'{"id":1}', id="or a response"),
    pytest.param("Annotated[One, 'x']", Full(1), b'{"id":1}', id="Annotated"),
    pytest.param("Stream", [Full(1)], b'[{"id":1}]', id="iterator"),
    pytest.param("Listed[Item]", [Full(1)], b'[{"id":1}]', id="generic"),
    pytest.param("Listed[Many]", [[Full(1)]], b'[[{"id":1}]]', id="of an alias"),
    pytest.param("Same[Same[One]]", Full(1), b'{"id":1}', id="of itself"),
    pytest.param(
        "Pairs[Item, str]", {"a": [Full(1)]}, b'{"a":[{"id":1}]}', id="two parameters"
    ),
    pytest.param(
        "Page[One]", FullPage([Full(1)]), b'{"rows":[{"id":1}]}', id="generic model"
    ),
]


@pytest.fixture(params=["function", "statement"])
def read(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """Evaluate an annotation, with aliases of either kind."""
    if request.param == "statement" and sys.version_info < (3, 12):
        pytest.skip("The statement is new in Python 3.12.")
    names = globals() if request.param == "function" else stated
    return lambda text: eval(text, names)


@pytest.mark.parametrize(("text", "value", "body"), FILTERED)
def test_alias_in_an_annotation_is_what_it_stands_for(
    read: Callable[[str], Any], text: str, value: object, body: bytes
) -> None:
    assert send(read(text), value) == body


@pytest.mark.parametrize(("text", "value", "body"), FILTERED)
def test_alias_as_response_model_is_what_it_stands_for(
    read: Callable[[str], Any], text: str, value: object, body: bytes
) -> None:
    assert send(dict, value, response_model=read(text)) == body


@pytest.mark.parametrize(
    "text",
    ["Stream", "Iterator[One]", "Many", "Listed[One]", "Iterator[Either]"],
)
def test_items_of_a_stream_by_another_name_are_converted(
    read: Callable[[str], Any], text: str
) -> None:
    def handler() -> Any:
        yield Full(1)

    handler.__annotations__["return"] = read(text)

    assert list(stream(handler)) == [Item(1)]


def test_items_of_an_async_stream_by_another_name_are_converted(
    read: Callable[[str], Any],
) -> None:
    async def handler() -> Any:
        yield Full(1)

    handler.__annotations__["return"] = AsyncIterable[read("One")]  # type: ignore[misc]

    assert async_to_sync(collect)(stream(handler)) == [Item(1)]


def test_ready_items_by_another_name_are_left_as_they_are() -> None:
    def handler() -> Any:
        yield Full(1)
        yield b"{}\n"

    ready = Alias("Ready", Item | bytes)
    handler.__annotations__["return"] = Iterator[ready]  # type: ignore[valid-type]

    assert list(stream(handler)) == [Item(1), b"{}\n"]


@pytest.mark.parametrize(
    ("annotation", "value", "body"),
    [
        pytest.param(Name("It", Item), Full(1), b'{"id":1}', id="model"),
        pytest.param(Name("It", Many), [Full(1)], b'[{"id":1}]', id="alias"),
        pytest.param(
            list[Name("It", Name("Part", Item))],  # type: ignore[misc]
            [Full(1)],
            b'[{"id":1}]',
            id="in a list",
        ),
    ],
)
def test_new_type_of_a_model_is_the_model(
    annotation: Any, value: object, body: bytes
) -> None:
    assert send(annotation, value) == body


Variable: Any = TypeVar
Bound = Variable("Bound", bound=Item)
InText = Variable("InText", bound="Item")
OneOf = Variable("OneOf", Item, str)
OfAlias = Variable("OfAlias", bound=Many)
Deep = Variable("Deep", bound="list[Deep] | Item")


@pytest.mark.parametrize(
    ("text", "value", "body"),
    [
        pytest.param("Bound", Full(1), b'{"id":1}', id="bound"),
        pytest.param("InText", Full(1), b'{"id":1}', id="in text"),
        pytest.param("OneOf", Full(1), b'{"id":1}', id="constraints"),
        pytest.param("OneOf", "text", b'"text"', id="constraints, the other"),
        pytest.param("OfAlias", [Full(1)], b'[{"id":1}]', id="bound to an alias"),
        pytest.param("list[Bound]", [Full(1)], b'[{"id":1}]', id="in a list"),
        pytest.param("Bound | None", Full(1), b'{"id":1}', id="optional"),
        pytest.param(
            "Page[Bound]", FullPage([Full(1)]), b'{"rows":[{"id":1}]}', id="of a model"
        ),
        pytest.param("Listed[Bound]", [Full(1)], b'[{"id":1}]', id="of an alias"),
        pytest.param("T", {"a": 1}, b'{"a":1}', id="free"),
    ],
)
def test_type_variable_is_what_it_may_be(text: str, value: object, body: bytes) -> None:
    assert send(eval(text), value) == body


def test_type_variable_that_is_bound_to_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="return annotation that msgspec cannot"):
        send(Deep, Full(1))


def test_argument_of_an_alias_goes_before_the_bound_of_its_parameter() -> None:
    listed = Alias("Listed", eval("list[Bound]"), type_params=(Bound,))

    assert send(listed[Full], [Full(1)]) == b'[{"id":1,"password":"secret"}]'


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="The statement is new in Python 3.12."
)
def test_alias_of_any_number_of_parameters_is_what_it_stands_for() -> None:
    row = eval("Row[str, Item]", stated)

    assert send(row, (1, "a", Full(1))) == b'[1,"a",{"id":1}]'


Quoted = Alias("Quoted", list["Item"])


def test_text_in_an_alias_is_read_where_the_alias_is_defined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.api.test_results.Item", None)

    assert send(Quoted, [Full(1)]) == b'[{"id":1}]'


def test_text_in_an_alias_of_no_module_is_read_where_the_handler_is() -> None:
    lost = Alias("Lost", list["Item"])
    lost.__module__ = None

    assert send(lost, [Full(1)]) == b'[{"id":1}]'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Same[int]", id="number"),
        pytest.param("Listed", id="without its parameters"),
    ],
)
def test_alias_without_a_model_is_for_type_checkers(
    read: Callable[[str], Any], text: str
) -> None:
    assert result(annotated(read(text))).model is None


Tree = Alias("Tree", "Item | list[Tree]")
Text = Alias("Text", "str | list[Text]")


def test_alias_in_itself_without_a_model_is_for_type_checkers(
    read: Callable[[str], Any],
) -> None:
    assert result(annotated(read("Text"))).model is None


def test_alias_in_itself_with_a_model_is_refused(read: Callable[[str], Any]) -> None:
    """What it would let through is not known to msgspec."""
    with pytest.raises(
        TypeError, match=r"cannot convert to: the type alias Tree holds itself\. Give"
    ):
        result(annotated(read("list[Tree]")))


def test_alias_in_itself_is_no_response_model(read: Callable[[str], Any]) -> None:
    with pytest.raises(TypeError, match=r"the type alias Text holds itself\."):
        result(annotated(dict), response_model=read("Text"))


Later = Alias("Later", "Undefined")
Never = Alias("Never", "Nowhere")


def test_alias_of_what_is_defined_later_is_used(
    read: Callable[[str], Any], rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = BoltAPI()

    def handler() -> Any:
        return [Full(1)]

    handler.__annotations__["return"] = list[read("Later")]  # type: ignore[misc]
    api.get("/it")(handler)
    for names in (globals(), stated):
        monkeypatch.setitem(names, "Undefined", Item)
    [pattern] = api.urls

    assert pattern.callback(rf.get("/it")).content == b'[{"id":1}]'


def test_alias_of_what_is_never_defined_fails_the_request(
    read: Callable[[str], Any], rf: RequestFactory
) -> None:
    """What the model would have kept in must not go out."""
    api = BoltAPI()
    api.get("/it")(annotated(read("Never")))
    [pattern] = api.urls

    with pytest.raises(ImproperlyConfigured, match="name 'Nowhere' is not defined"):
        pattern.callback(rf.get("/it"))


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(Name("Number", int), id="NewType"),
        pytest.param(Alias("Number", int), id="alias"),
        pytest.param(Name("Number", Alias("Number", int)) | None, id="optional"),
        pytest.param(Annotated[Name("Number", int), "x"], id="Annotated"),
    ],
)
def test_annotation_by_another_name_chooses_the_converter(annotation: Any) -> None:
    def handler(it: object) -> None:
        """Never called."""

    handler.__annotations__["it"] = annotation
    api = BoltAPI()
    api.get("/{it}")(handler)
    [pattern] = api.urls

    assert str(pattern.pattern) == "<int:it>"


def test_alias_of_what_is_not_there_is_no_parameter(
    read: Callable[[str], Any],
) -> None:
    def handler(it: object) -> None:
        """Never called."""

    handler.__annotations__["it"] = read("Never")

    with pytest.raises(TypeError, match=r"'it', whose annotation Never cannot be eval"):
        BoltAPI().get("/{it}")(handler)
