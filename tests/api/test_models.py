"""Response models: what goes out, what does not, and what is told of a misfit."""

import asyncio
import dataclasses
import datetime
import decimal
import enum
import logging
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar

import attrs
import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models.fields.files import FieldFile, FileField
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from django_bolt.api.models import ResponseModel, ResponseModelError
from django_bolt.encoding import encode_json

Convert = Callable[[object, Any], Any]


def handler() -> None:
    """A handler to be named."""


def convert_sync(value: object, model: Any) -> Any:
    """Convert as for a sync handler."""
    return ResponseModel(handler, model).convert(value)


def convert_async(value: object, model: Any) -> Any:
    """Convert as for an async handler, in a running loop."""
    return async_to_sync(ResponseModel(handler, model).aconvert)(value)


@pytest.fixture(params=["sync", "async"])
def convert(request: pytest.FixtureRequest) -> Convert:
    """Convert to a model, once as a sync handler does, once as an async one."""
    return {"sync": convert_sync, "async": convert_async}[request.param]


class Item(msgspec.Struct):
    """A flat model."""

    id: int
    name: str = "none"


class Secretive(Item):
    """An item with a field that is not to go out."""

    password: str = "secret"


class Page(msgspec.Struct):
    """A model that holds models."""

    items: list[Item]
    first: Item | None = None


class Book(msgspec.Struct):
    """A model that holds models which hold models."""

    pages: dict[str, Page]


@dataclasses.dataclass
class Part:
    """A dataclass."""

    id: int
    name: str = "none"


@attrs.define
class Piece:
    """An attrs class."""

    id: int


class Entry(TypedDict):
    """A dict."""

    id: int


class Thing:
    """An object with attributes."""

    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


def rows(value: Any) -> Any:
    """Return the JSON that a converted value becomes, as Python reads it."""
    return msgspec.json.decode(encode_json(value))


# What goes out.


@pytest.mark.parametrize(
    ("model", "value", "sent"),
    [
        pytest.param(
            Item, Thing(id=1, name="a", x=2), {"id": 1, "name": "a"}, id="Struct"
        ),
        pytest.param(Item, {"id": 1, "x": 2}, {"id": 1, "name": "none"}, id="mapping"),
        pytest.param(
            Part, Thing(id=1, name="a", x=2), {"id": 1, "name": "a"}, id="dataclass"
        ),
        pytest.param(Piece, Thing(id=1, x=2), {"id": 1}, id="attrs"),
        pytest.param(Entry, {"id": 1, "x": 2}, {"id": 1}, id="TypedDict"),
        pytest.param(
            list[Item],
            [Part(1), Thing(id=2)],
            [{"id": 1, "name": "none"}, {"id": 2, "name": "none"}],
            id="list",
        ),
        pytest.param(
            tuple[Item, int],
            (Thing(id=1), 2),
            [{"id": 1, "name": "none"}, 2],
            id="tuple",
        ),
        pytest.param(
            dict[str, Item],
            {"a": Thing(id=1)},
            {"a": {"id": 1, "name": "none"}},
            id="dict",
        ),
        pytest.param(Item | None, None, None, id="None"),
        pytest.param(
            Item | None, Thing(id=1), {"id": 1, "name": "none"}, id="optional"
        ),
        pytest.param(
            Page,
            Thing(items=[Part(1, "a")], first=Part(2, "b")),
            {"items": [{"id": 1, "name": "a"}], "first": {"id": 2, "name": "b"}},
            id="nested",
        ),
        pytest.param(list[int], [1, 2], [1, 2], id="no objects"),
    ],
)
def test_only_the_fields_of_the_model_go_out(
    convert: Convert, model: Any, value: object, sent: object
) -> None:
    assert rows(convert(value, model)) == sent


@pytest.mark.parametrize(
    ("model", "value"),
    [
        pytest.param(Item, Secretive(1), id="itself"),
        pytest.param(list[Item], [Secretive(1)], id="in a list"),
        pytest.param(Page, Page([Secretive(1)], Secretive(2)), id="in the model"),
        pytest.param(Book, Book({"a": Page([Secretive(1)])}), id="deep in the model"),
        pytest.param(list[Page], [Page([Secretive(1)])], id="in a list of models"),
    ],
)
def test_fields_of_a_subclass_stay_in(
    convert: Convert, model: Any, value: object
) -> None:
    """msgspec takes an instance of the very type as it is, and what lies in it."""
    assert b"secret" not in msgspec.json.encode(convert(value, model))


def test_fields_of_a_subclass_of_a_dataclass_stay_in(convert: Convert) -> None:
    @dataclasses.dataclass
    class Private(Part):
        """A part with more."""

        password: str = "secret"

    @dataclasses.dataclass
    class Whole:
        """A dataclass of parts."""

        part: Part

    assert convert(Whole(Private(1)), Whole) == Whole(Part(1))


def test_renamed_fields_are_read_by_name_and_sent_renamed(convert: Convert) -> None:
    class Camel(msgspec.Struct, rename="camel"):
        """A model with names for JavaScript."""

        item_id: int

    assert rows(convert(Thing(item_id=1), Camel)) == {"itemId": 1}


def test_tag_is_sent(convert: Convert) -> None:
    class Tagged(msgspec.Struct, tag="tea"):
        """A model with a tag."""

        id: int

    assert rows(convert(Thing(id=1), Tagged)) == {"type": "tea", "id": 1}


T = TypeVar("T")


class Envelope(msgspec.Struct, Generic[T]):
    """A model of a model."""

    data: T


def test_generic_model_is_filled(convert: Convert) -> None:
    assert rows(convert(Thing(data=Secretive(1)), Envelope[Item])) == {
        "data": {"id": 1, "name": "none"}
    }


class Node(msgspec.Struct):
    """A model of itself."""

    id: int
    children: "list[Node]" = []


class Shelf(TypedDict):
    """A dict of dicts."""

    entries: list[Entry]
    label: str


def test_typed_dict_is_made_of_objects(convert: Convert) -> None:
    """msgspec makes one of mappings only."""
    shelf = Thing(entries=[Thing(id=1, x=2), {"id": 3}], label="a", secret="s")

    assert convert(shelf, Shelf) == {"entries": [{"id": 1}, {"id": 3}], "label": "a"}


def test_typed_dict_wants_all_its_keys(convert: Convert) -> None:
    with pytest.raises(ResponseModelError, match="missing required field `label`"):
        convert(Thing(entries=[]), Shelf)


def test_recursive_model_is_filled(convert: Convert) -> None:
    tree = Thing(id=1, children=[Thing(id=2, children=[])])

    assert convert(tree, Node) == Node(1, [Node(2)])


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda items: (item for item in items), id="generator"),
        pytest.param(deque, id="deque"),
        pytest.param(lambda items: dict(enumerate(items)).values(), id="view"),
        pytest.param(
            lambda items: {str(item.id): item for item in items}.values(), id="values"
        ),
    ],
)
def test_iterable_is_a_list(convert: Convert, make: Callable[[Any], object]) -> None:
    assert convert(make([Part(1), Part(2)]), list[Item]) == [Item(1), Item(2)]


def test_iterable_object_with_the_fields_is_an_object(convert: Convert) -> None:
    class Pair:
        """Iterable, as pydantic's models are."""

        id = 1

        def __iter__(self) -> Iterator[int]:
            return iter((1, 2))  # pragma: no cover

    assert convert(Pair(), Item) == Item(1)


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        pytest.param(str, SafeString("x"), "x", id="SafeString"),
        pytest.param(str, gettext_lazy("Monday"), "Monday", id="lazy text"),
        pytest.param(
            str, FieldFile(User(), FileField(), "a b.txt"), "/a%20b.txt", id="file"
        ),
        pytest.param(
            str | None, FieldFile(User(), FileField(), ""), None, id="no file"
        ),
        pytest.param(str, Path("a/b"), "a/b", id="path"),
        pytest.param(int, type("Number", (int,), {})(3), 3, id="int subclass"),
        pytest.param(Any, {"a": [SafeString("x")]}, {"a": ["x"]}, id="within Any"),
        pytest.param(decimal.Decimal, decimal.Decimal("1.10"), "1.10", id="decimal"),
        pytest.param(datetime.date, datetime.date(2026, 1, 2), "2026-01-02", id="date"),
        pytest.param(uuid.UUID, uuid.UUID(int=0), str(uuid.UUID(int=0)), id="uuid"),
    ],
)
@pytest.mark.usefixtures("media")
def test_values_of_django_fit_plain_types(
    convert: Convert, kind: Any, value: object, sent: object
) -> None:
    model = msgspec.defstruct("Holder", [("it", kind)])

    assert rows(convert(Thing(it=value), model)) == {"it": sent}


@pytest.fixture
def media(settings: Any) -> None:
    """Serve files from the root."""
    settings.MEDIA_URL = "/"


def test_instance_of_a_custom_type_is_left_as_it_is(convert: Convert) -> None:
    class Holder(msgspec.Struct):
        """A model with a type that msgspec does not know, and one it refuses."""

        it: Path
        name: str

    thing = Thing(it=Path("a"), name=SafeString("b"))

    assert convert(thing, Holder) == Holder(Path("a"), "b")


@pytest.mark.parametrize("kind", [object, Iterable])
def test_field_of_a_wide_type_does_not_let_other_fields_out(
    convert: Convert, kind: Any
) -> None:
    wide = msgspec.defstruct("Wide", [("pages", list[Page]), ("data", kind)])
    data = [Secretive(1)]

    converted = convert(wide([Page([Secretive(2)])], data), wide)

    assert rows(converted.pages) == [
        {"items": [{"id": 2, "name": "none"}], "first": None}
    ]
    assert converted.data is data


def test_subclass_of_a_model_and_of_a_custom_type_is_read_as_the_model(
    convert: Convert,
) -> None:
    class Marked:
        """What msgspec does not know."""

    class Shelf(msgspec.Struct):
        """A model whose objects may be marked, too."""

        book: Book
        mark: Marked | None = None

    class MarkedBook(Book, Marked):
        """A book that is both."""

    converted = convert(Shelf(MarkedBook({"a": Page([Secretive(1)])})), Shelf)

    assert rows(converted.book.pages["a"].items) == [{"id": 1, "name": "none"}]


def test_queryset_is_read_beside_a_field_of_any_object(db: None) -> None:
    class Row(msgspec.Struct):
        """A model with a field of which nothing is said."""

        username: str
        last_login: object

    User.objects.create(username="ada")

    assert convert_sync(User.objects.all(), list[Row]) == [Row("ada", None)]


def test_lazy_object_is_read_through(convert: Convert) -> None:
    evaluated = SimpleLazyObject(lambda: Thing(id=2))
    assert evaluated.id == 2

    assert convert(SimpleLazyObject(lambda: Thing(id=1)), Item) == Item(1)
    assert convert(evaluated, Item) == Item(2)


def test_what_the_model_leaves_open_is_left_as_it_is(convert: Convert) -> None:
    class Loose(msgspec.Struct):
        """A model that says nothing of a field, which holds what has its names."""

        items: list[Item]
        data: dict[str, Any]

    data = {"a": Page([Secretive(1)])}

    loose = convert(Thing(items=[], data=data), Loose)

    assert loose.data["a"] is data["a"]
    assert convert(data, dict[str, Any])["a"] is data["a"]


# Attributes that run code.


class Computing:
    """An object whose attribute is computed."""

    id = 1

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    @property
    def name(self) -> str:
        """Return the name, or fail."""
        if self.error is not None:
            raise self.error
        return "computed"


def test_property_is_read(convert: Convert) -> None:
    assert convert(Computing(), Item) == Item(1, "computed")


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: [it]], ids=["one", "list"])
def test_error_of_a_property_is_raised(
    convert: Convert, wrap: Callable[[object], object]
) -> None:
    """msgspec swallows it, and the default of the field would go out."""
    model = list[Item] if isinstance(wrap(1), list) else Item

    with pytest.raises(ZeroDivisionError):
        convert(wrap(Computing(ZeroDivisionError())), model)


def test_property_without_a_value_gives_the_default(convert: Convert) -> None:
    assert convert(Computing(AttributeError("name")), Item) == Item(1, "none")


def test_dynamic_attributes_are_read(convert: Convert) -> None:
    class Dynamic:
        """An object that makes its attributes up."""

        def __getattr__(self, name: str) -> object:
            if name == "id":
                return 5
            raise AttributeError(name)

    assert convert(Dynamic(), Item) == Item(5)


# Rows of the database.


class GroupOut(msgspec.Struct):
    """A group, as it goes out."""

    name: str


class UserOut(msgspec.Struct):
    """A user, with the groups behind a manager."""

    username: str
    groups: list[GroupOut] = []


class NameOut(msgspec.Struct):
    """A user's columns."""

    username: str
    email: str = "default"


class TypeOut(msgspec.Struct):
    """A content type."""

    model: str


class PermissionOut(msgspec.Struct):
    """A permission, with the type behind a foreign key."""

    codename: str
    content_type: TypeOut | None = None


@pytest.fixture
def user(db: None) -> User:
    """A user in a group."""
    user = User.objects.create(username="ada", email="a@b", password="secret")
    user.groups.add(Group.objects.create(name="engine"))
    return user


def test_model_instance_gives_its_columns(convert: Convert, user: User) -> None:
    assert convert(user, NameOut) == NameOut("ada", "a@b")


def test_queryset_gives_its_rows(convert: Convert, user: User) -> None:
    assert convert(User.objects.all(), list[NameOut]) == [NameOut("ada", "a@b")]


def test_evaluated_queryset_is_not_asked_again(convert: Convert, user: User) -> None:
    users = User.objects.all()
    assert len(users) == 1

    with CaptureQueriesContext(connection) as queries:
        assert convert(users, list[NameOut]) == [NameOut("ada", "a@b")]

    assert len(queries) == 0


def test_queryset_is_evaluated_once(convert: Convert, user: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        convert(User.objects.all(), list[NameOut])

    assert len(queries) == 1


def test_deferred_column_is_loaded(convert: Convert, user: User) -> None:
    """In the loop Django would refuse, and the default would go out."""
    assert convert(User.objects.only("username").get(), NameOut) == NameOut(
        "ada", "a@b"
    )


def test_foreign_key_is_followed(convert: Convert, db: None) -> None:
    permission = Permission.objects.get(codename="add_user")

    assert convert(permission, PermissionOut) == PermissionOut(
        "add_user", TypeOut("user")
    )


def test_related_rows_are_listed(convert: Convert, user: User) -> None:
    assert convert(user, UserOut) == UserOut("ada", [GroupOut("engine")])
    assert convert(User.objects.all(), list[UserOut]) == [
        UserOut("ada", [GroupOut("engine")])
    ]


class UserDict(TypedDict):
    """A user, as a dict."""

    username: str
    email: str


def test_typed_dict_is_made_of_rows(convert: Convert, user: User) -> None:
    users = User.objects.only("username")

    assert convert(users, list[UserDict]) == [{"username": "ada", "email": "a@b"}]


def test_prefetched_rows_are_not_asked_for_again(convert: Convert, user: User) -> None:
    users = list(User.objects.prefetch_related("groups"))

    with CaptureQueriesContext(connection) as queries:
        convert(users, list[UserOut])

    assert len(queries) == 0


def test_error_of_the_database_is_raised(convert: Convert, user: User) -> None:
    deferred = User.objects.only("username").get()
    User.objects.all().delete()

    with pytest.raises(User.DoesNotExist):
        convert(deferred, NameOut)


def test_missing_relation_gives_the_default(convert: Convert) -> None:
    """``RelatedObjectDoesNotExist`` is an AttributeError."""
    permission = Permission(codename="x")

    assert convert(permission, PermissionOut) == PermissionOut("x", None)


def test_columns_of_a_row_are_read_in_the_loop(user: User) -> None:
    """No thread is needed for what is loaded."""

    async def main() -> Any:
        coroutine = ResponseModel(handler, NameOut).aconvert(user)
        with pytest.raises(StopIteration) as done:
            coroutine.send(None)
        return done.value.value

    assert asyncio.run(main()) == NameOut("ada", "a@b")


def test_lazy_object_that_queries_is_evaluated_in_a_thread(
    convert: Convert, user: User
) -> None:
    """As ``request.user`` is."""
    lazy = SimpleLazyObject(lambda: User.objects.get())

    assert convert(lazy, NameOut) == NameOut("ada", "a@b")


# What does not fit.


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A model that allows no other field."""

    id: int = 0


class Judging(msgspec.Struct):
    """A model that quotes what it refuses."""

    id: str

    def __post_init__(self) -> None:
        raise ValueError(f"Expected `str`, got `{self.id}`")


def one(kind: Any) -> Any:
    """Return a model with one field."""
    return msgspec.defstruct("One", [("it", kind)])


@pytest.mark.parametrize(
    ("model", "value", "problem"),
    [
        pytest.param(
            Item, Thing(id="secret"), "Expected `int`, got `str`, at $.id.", id="type"
        ),
        pytest.param(
            Item,
            Thing(name="secret"),
            "Object missing required field `id`, at $.",
            id="missing",
        ),
        pytest.param(Item, 5, "Expected `object`, got `int`, at $.", id="no object"),
        pytest.param(
            list[Item],
            [Thing(id=1), Thing(id="secret")],
            "Expected `int`, got `str`, at $[1].id.",
            id="in a list",
        ),
        pytest.param(
            Page,
            Thing(items=[Thing(id=None)]),
            "Expected `int`, got `null`, at $.items[0].id.",
            id="nested",
        ),
        pytest.param(
            dict[str, int],
            {"secret": "x"},
            "Expected `int`, got `str`, at $[...].",
            id="key",
        ),
        pytest.param(
            one(Colour),
            Thing(it="secret"),
            "The value at $.it is refused by its type.",
            id="enum",
        ),
        pytest.param(
            one(Literal["a"]),
            Thing(it="secret"),
            "The value at $.it is refused by its type.",
            id="literal",
        ),
        pytest.param(
            Strict,
            {"secret": 1},
            "The value at $ is refused by its type.",
            id="unknown field",
        ),
        pytest.param(
            Judging,
            Thing(id="secret"),
            "The value at $ is refused by its type.",
            id="post_init",
        ),
    ],
)
def test_misfit_is_told_by_its_path_and_not_by_its_value(
    convert: Convert,
    caplog: pytest.LogCaptureFixture,
    model: Any,
    value: object,
    problem: str,
) -> None:
    with pytest.raises(ResponseModelError) as caught:
        convert(value, model)

    text = (
        f"The handler {__name__}.handler returned what does not fit its response "
        f"model: {problem}"
    )
    assert str(caught.value) == text
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert caplog.record_tuples == [("django_bolt", logging.ERROR, text)]


def test_cycle_is_a_misfit(convert: Convert) -> None:
    tree = Thing(id=1, children=[])
    tree.children.append(tree)  # type: ignore[attr-defined]

    with pytest.raises(ResponseModelError, match="nested too deep, or holds itself"):
        convert(tree, Node)


# The model itself.


def test_union_of_objects_is_no_model() -> None:
    with pytest.raises(TypeError, match="more than one"):
        ResponseModel(handler, Item | Part)


def test_what_passes_is_left_as_it_is() -> None:
    model = ResponseModel(handler, Item, passes=(bytes,))

    assert model.convert(b"ready") == b"ready"
    assert model.convert(Part(1)) == Item(1)


def test_kinds_that_are_remembered_are_bounded() -> None:
    model = ResponseModel(handler, Item)

    for number in range(2100):
        model.convert(type(f"Kind{number}", (Thing,), {})(id=number))

    assert len(model.shape.openers) <= 1000
