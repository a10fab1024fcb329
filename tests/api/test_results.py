"""From what a handler returned to a response: models, streams, None."""

import dataclasses
import functools
import types
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from typing import Annotated, Any, TypedDict

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, override_settings
from django.urls import include

from django_bolt import HTML, JSON, BoltAPI, StreamingResponse
from django_bolt.api.models import ResponseModelError
from django_bolt.api.results import Options, Result
from tests.worlds import Ask


class Item(msgspec.Struct):
    """A model."""

    id: int


class Full(Item):
    """More than goes out."""

    password: str = "secret"


class Entry(TypedDict):
    """A model that is a dict."""

    id: int


@dataclasses.dataclass
class Part:
    """A model that is a dataclass."""

    id: int


Later = Item


class Tick(msgspec.Struct):
    """What a stream yields by itself."""

    n: int


def result(handler: Callable[..., Any], **options: Any) -> Result:
    """Return how the values of a handler become responses."""
    given = {
        "response_class": None,
        "status_code": 200,
        "headers": None,
        "response_model": None,
        **options,
    }
    return Result(handler, Options(**given))


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Callable[[Result, object], Any]:
    """Make a response, once as for a sync handler, once as for an async one."""

    def make_async(how: Result, value: object) -> Any:
        return async_to_sync(how.amake)(value)

    return {"sync": Result.make, "async": make_async}[request.param]


def annotated(annotation: Any) -> Callable[[], Any]:
    """Return a handler with a return annotation."""

    def handler() -> Any:
        """Only its annotation is read."""

    handler.__annotations__["return"] = annotation
    return handler


FILTERED = [
    pytest.param(Item, Full(1), b'{"id":1}', id="Struct"),
    pytest.param(Part, Full(1), b'{"id":1}', id="dataclass"),
    pytest.param(Entry, {"id": 1, "x": 2}, b'{"id":1}', id="TypedDict"),
    pytest.param(list[Item], [Full(1)], b'[{"id":1}]', id="list"),
    pytest.param(Iterable[Item], [Full(1)], b'[{"id":1}]', id="Iterable"),
    pytest.param(dict[str, Item], {"a": Full(1)}, b'{"a":{"id":1}}', id="dict"),
    pytest.param(Item | None, Full(1), b'{"id":1}', id="optional"),
    pytest.param(Item | None, None, b"null", id="None"),
    pytest.param(Item | HttpResponse, Full(1), b'{"id":1}', id="or a response"),
    pytest.param(list["Later"], [Full(1)], b'[{"id":1}]', id="name in a list"),
    pytest.param(dict[str, list["Later"]] | None, None, b"null", id="deep name"),
    pytest.param(Annotated[Item, "x"], Full(1), b'{"id":1}', id="Annotated"),
]


@pytest.mark.parametrize(("model", "value", "body"), FILTERED)
def test_return_annotation_is_the_model(
    make: Any, model: Any, value: object, body: bytes
) -> None:
    response = make(result(annotated(model)), value)

    assert response.content == body
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(("model", "value", "body"), FILTERED)
def test_response_model_is_the_model(
    make: Any, model: Any, value: object, body: bytes
) -> None:
    response = make(result(annotated(dict), response_model=model), value)

    assert response.content == body


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(Any, id="Any"),
        pytest.param(object, id="object"),
        pytest.param(dict[str, Any], id="dict"),
        pytest.param(list[int], id="list of numbers"),
        pytest.param(HttpResponse | JSON, id="responses"),
        pytest.param(None, id="None"),
        pytest.param(Iterable, id="bare"),
    ],
)
def test_other_annotations_are_for_type_checkers(annotation: Any) -> None:
    assert result(annotated(annotation)).model is None


@pytest.mark.parametrize("model", [Any, object], ids=["Any", "object"])
def test_response_model_may_set_the_annotation_aside(make: Any, model: Any) -> None:
    response = make(result(annotated(Item), response_model=model), Full(1))

    assert response.content == b'{"id":1,"password":"secret"}'


def test_response_model_is_any_type_that_msgspec_converts_to(make: Any) -> None:
    numbers = result(annotated(Any), response_model=list[int])

    assert make(numbers, (1, 2)).content == b"[1,2]"
    with pytest.raises(ResponseModelError):
        make(numbers, ["1"])


def test_response_class_gets_what_was_converted(make: Any) -> None:
    def page(value: Item, status_code: int, headers: object) -> HTML:
        return HTML(f"<b>{value}</b>", status_code)

    response = make(result(annotated(Item), response_class=page), Full(1))

    assert response.content == b"<b>Item(id=1)</b>"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_response_is_not_converted(ask: Ask, kind: str) -> None:
    api = BoltAPI()

    def sync() -> Item | HttpResponse:
        return HttpResponse("ready")

    async def asynchronous() -> Item | HttpResponse:
        return HttpResponse("ready")

    api.get("/it")({"sync": sync, "async": asynchronous}[kind])

    assert ask(include(api.urls), "/it").body == b"ready"  # type: ignore[arg-type]


def test_none_that_does_not_fit_names_the_handler(make: Any) -> None:
    with pytest.raises(TypeError, match="handler returned None"):
        make(result(annotated(Item)), None)


def test_none_with_204_is_empty_whatever_the_model(make: Any) -> None:
    response = make(result(annotated(Item | None), status_code=204), None)

    assert (response.status_code, response.content) == (204, b"")


def test_queryset_is_a_list_of_models(make: Any, db: None) -> None:
    class UserOut(msgspec.Struct):
        """A user, as it goes out."""

        username: str

    User.objects.create(username="ada", password="secret")

    response = make(result(annotated(list[UserOut])), User.objects.all())

    assert response.content == b'[{"username":"ada"}]'


def test_request_user_of_an_async_handler_is_sent(transactional_db: None) -> None:
    """It is lazy, and asks the database when anything looks at it."""

    class UserOut(msgspec.Struct):
        """A user, as it goes out."""

        username: str

    api = BoltAPI()

    @api.get("/me")
    async def me(request: HttpRequest) -> UserOut:
        return request.user  # type: ignore[return-value]

    async def main() -> Any:
        client = AsyncClient()
        await client.aforce_login(await User.objects.acreate(username="ada"))
        return await client.get("/me")

    urlconf = types.ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = api.urls
    with override_settings(ROOT_URLCONF=urlconf):
        assert async_to_sync(main)().content == b'{"username":"ada"}'


# Streams.


class Recording(StreamingResponse):
    """A streaming response with the parameters of one for events."""

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: Any = None,
        ping_interval: float | None = 15.0,
    ) -> None:
        self.given = content
        super().__init__([], status_code, headers=headers)


def stream(handler: Callable[..., Any], **options: Any) -> Any:
    """Make a streaming response, and return what it is given."""
    options = {"response_class": Recording, **options}
    response: Any = result(handler, **options).make(handler())
    return response.given


async def collect(items: Any) -> list[Any]:
    """Return the items of an async stream."""
    return [item async for item in items]


ITEMS = [Full(1), Tick(2)]


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(Iterator[Item], id="Iterator"),
        pytest.param(Iterable[Item], id="Iterable"),
        pytest.param(Generator[Item, None, None], id="Generator"),
        pytest.param(list[Item], id="list"),
    ],
)
def test_items_of_a_stream_are_converted(annotation: Any) -> None:
    def handler() -> Any:
        yield Full(1)
        yield {"id": 2, "x": 3}

    handler.__annotations__["return"] = annotation

    assert list(stream(handler)) == [Item(1), Item(2)]


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(AsyncIterable[Item], id="AsyncIterable"),
        pytest.param(AsyncIterator[Item], id="AsyncIterator"),
        pytest.param(AsyncGenerator[Item, None], id="AsyncGenerator"),
    ],
)
def test_items_of_an_async_stream_are_converted(annotation: Any) -> None:
    async def handler() -> Any:
        yield Full(1)
        yield {"id": 2, "x": 3}

    handler.__annotations__["return"] = annotation

    assert async_to_sync(collect)(stream(handler)) == [Item(1), Item(2)]


@pytest.mark.parametrize("model", [Item, Iterator[Item]], ids=["item", "iterator"])
def test_response_model_is_what_each_item_is(model: Any) -> None:
    def handler() -> Any:
        yield Full(1)

    assert list(stream(handler, response_model=model)) == [Item(1)]


def test_response_model_that_is_a_list_is_one_item() -> None:
    def handler() -> Any:
        yield [Full(1)]

    assert list(stream(handler, response_model=list[Item])) == [[Item(1)]]


def test_ready_bytes_in_a_stream_of_models_are_left_as_they_are() -> None:
    def handler() -> Iterator[Item | bytes]:
        yield Full(1)
        yield b": ready\n\n"

    assert list(stream(handler)) == [Item(1), b": ready\n\n"]


class Event(msgspec.Struct):
    """An event, as the package defines it."""

    __module__ = "django_bolt.wire.sse"

    data: int


def test_events_in_a_stream_are_left_as_they_are() -> None:
    def handler() -> Any:
        yield Event(1)
        yield Full(1)

    handler.__annotations__["return"] = Iterator[Item | Event]

    assert list(stream(handler)) == [Event(1), Item(1)]


def test_stream_of_events_has_no_model() -> None:
    model = annotated(AsyncIterable[Event])

    assert result(model, response_class=Recording).model is None


def test_stream_of_no_model_is_left_as_it_is() -> None:
    def handler() -> Iterator[dict[str, int]]:
        yield {"a": 1}

    assert list(stream(handler)) == [{"a": 1}]


def test_iterable_that_is_no_generator_is_streamed() -> None:
    def handler() -> list[Item]:
        return [Full(1)]

    assert list(stream(handler)) == [Item(1)]


def test_generator_with_a_model_streams_without_a_response_class(
    make: Callable[[Result, object], Any],
) -> None:
    def handler() -> Iterator[Item | bytes]:
        yield b"a"

    response = make(result(handler), handler())

    assert isinstance(response, StreamingResponse)
    assert response.getvalue() == b"a"


def test_queryset_is_asked_when_it_is_streamed(db: None) -> None:
    class UserOut(msgspec.Struct):
        """A user, as it goes out."""

        username: str

    def handler() -> Iterable[UserOut]:
        return User.objects.all()  # type: ignore[return-value]

    items = stream(handler)
    User.objects.create(username="late")

    assert list(items) == [UserOut("late")]


def test_what_cannot_be_streamed_is_left_to_the_response_class() -> None:
    def handler() -> Any:
        return "text"

    assert stream(handler, response_model=Item) == "text"


def test_misfit_in_a_stream_ends_it() -> None:
    def handler() -> Iterator[Item]:
        yield Full(1)
        yield "secret"  # type: ignore[misc]

    items = stream(handler)

    assert next(items) == Item(1)
    with pytest.raises(ResponseModelError, match=r"got `str`, at \$"):
        next(items)


@pytest.mark.parametrize("started", [True, False], ids=["started", "unstarted"])
def test_closing_a_stream_closes_its_source(started: bool) -> None:
    class Source:
        """An iterator that is told when it is closed."""

        closed = False

        def __iter__(self) -> Iterator[Full]:
            return self

        def __next__(self) -> Full:
            return Full(1)

        def close(self) -> None:
            self.closed = True

    source = Source()

    def handler() -> Iterable[Item]:
        return source

    items = stream(handler)
    if started:
        next(items)
    items.close()

    assert source.closed


def test_closing_a_stream_without_anything_to_close() -> None:
    def handler() -> Iterable[Item]:
        return [Full(1)]

    items = stream(handler)
    items.close()

    assert list(items) == [Item(1)]


def test_closing_an_async_stream_closes_its_source() -> None:
    closed = []

    async def handler() -> AsyncIterator[Item]:
        try:
            yield Full(1)
        finally:
            closed.append(True)

    async def main() -> None:
        items = stream(handler)
        assert await anext(items) == Item(1)
        await items.aclose()

    async_to_sync(main)()

    assert closed == [True]


def test_async_iterator_without_a_close_needs_none() -> None:
    class Source:
        """An async iterator that is no generator."""

        def __aiter__(self) -> AsyncIterator[Full]:
            return self

        async def __anext__(self) -> Full:
            return Full(1)

    def handler() -> AsyncIterable[Item]:
        return Source()

    async def main() -> None:
        items = stream(handler)
        assert await anext(items) == Item(1)
        await items.aclose()

    async_to_sync(main)()


def test_converted_stream_reaches_the_client(ask: Ask) -> None:
    api = BoltAPI()
    lines = functools.partial(StreamingResponse, media_type="application/jsonl")

    @api.get("/async", response_class=lines)
    async def asynchronous() -> AsyncIterator[Item]:
        yield Full(1)
        yield Full(2)

    @api.get("/sync", response_class=lines)
    def sync() -> Iterator[Item]:
        yield Full(1)
        yield Full(2)

    for path in ("/async", "/sync"):
        answer = ask(include(api.urls), path)  # type: ignore[arg-type]

        assert answer["Content-Type"] == "application/jsonl"
        assert answer.body == b'{"id":1}\n{"id":2}\n'


def test_misfit_is_a_500_that_tells_nothing(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    api = BoltAPI()

    @api.get("/it")
    def handler() -> Item:
        return {"id": "secret"}  # type: ignore[return-value]

    answer = ask(include(api.urls), "/it")  # type: ignore[arg-type]

    assert answer.status == 500
    assert b"secret" not in answer.body and b"Expected" not in answer.body
    [record] = [each for each in caplog.records if each.name == "django_bolt"]
    assert "handler returned what does not fit" in record.getMessage()
    assert "$.id" in record.getMessage()
    assert "secret" not in caplog.text
