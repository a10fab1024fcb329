"""Handlers and their mistakes, told when they are decorated."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import BadHeaderError, HttpRequest, StreamingHttpResponse
from django.test import RequestFactory

from django_bolt import JSON, BoltAPI, StreamingResponse
from tests.api import postponed


class Item(msgspec.Struct):
    """A model."""

    id: int


class Other(msgspec.Struct):
    """Another model."""

    id: int


def plain() -> str:
    """A handler."""
    return ""  # pragma: no cover


def test_parameter_of_the_path_must_be_one_of_the_handler() -> None:
    api = BoltAPI()

    with pytest.raises(TypeError) as caught:

        @api.get("/items/{item_id}")
        def handler(item: int) -> None:
            """Never called."""

    assert str(caught.value) == (
        "The path '/items/{item_id}' of the handler "
        f"{__name__}.test_parameter_of_the_path_must_be_one_of_the_handler.<locals>"
        ".handler has the parameter 'item_id', which the handler does not take. Name "
        "the handler's parameter so, or take it out of the path."
    )


def test_any_parameter_may_be_taken() -> None:
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def handler(**parameters: object) -> None:
        """Never called."""

    assert len(api.urls) == 1


def test_parameter_must_be_accepted_by_name() -> None:
    api = BoltAPI()

    with pytest.raises(TypeError, match="does not take"):

        @api.get("/items/{item_id}")
        def handler(item_id: int, /) -> None:
            """Never called."""


def test_request_is_no_parameter_of_a_path() -> None:
    with pytest.raises(TypeError, match="has the parameter 'request'"):

        @BoltAPI().get("/{request}")
        def handler(request: str) -> None:
            """Never called."""


def test_unknown_converter_names_the_handler() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"endpoints\..*handler is refused"):

        @BoltAPI().get("/<nope:it>")
        def handler(it: str) -> None:
            """Never called."""


def test_unsupported_annotation_names_the_handler() -> None:
    with pytest.raises(TypeError, match=r"endpoints\..*handler has the parameter 'it'"):

        @BoltAPI().get("/{it}")
        def handler(it: float) -> None:
            """Never called."""


if TYPE_CHECKING:
    from decimal import Decimal as Unknown


def test_annotation_that_is_not_there_names_the_handler() -> None:
    with pytest.raises(TypeError, match=r"'it', whose annotation 'Unknown' cannot be"):

        @BoltAPI().get("/{it}")
        def handler(it: "Unknown") -> None:
            """Never called."""


@pytest.mark.parametrize("given", [5, None, Item], ids=["number", "None", "class"])
def test_only_functions_are_decorated(given: Any) -> None:
    with pytest.raises(TypeError, match=r"api\.post decorates a function; got"):
        BoltAPI().post("/it")(given)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"status_code": 600}, ValueError, "from 100 to 599; got 600"),
        ({"status_code": "200"}, TypeError, "must be an int"),
        ({"headers": {"X": "a\nb"}}, BadHeaderError, "CR, LF"),
        ({"response_class": 5}, TypeError, "response_class must be"),
    ],
    ids=["status", "type of status", "header", "response_class"],
)
def test_wrong_options_name_the_handler(
    options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match) as caught:
        BoltAPI().get("/it", **options)(plain)

    assert f"{__name__}.plain" in str(caught.value)


def generator() -> Iterator[str]:
    """Yield."""
    yield ""  # pragma: no cover


async def agenerator() -> AsyncIterator[str]:
    """Yield."""
    yield ""  # pragma: no cover


@pytest.mark.parametrize("handler", [generator, agenerator], ids=["sync", "async"])
@pytest.mark.parametrize(
    "response_class", [JSON, StreamingHttpResponse, functools.partial(JSON)]
)
def test_generator_needs_a_class_that_streams(
    handler: Callable[[], object], response_class: Any
) -> None:
    with pytest.raises(TypeError, match=r"agenerator|generator is a generator, so its"):
        BoltAPI().get("/it", response_class=response_class)(handler)


@pytest.mark.parametrize(
    "response_class",
    [StreamingResponse, functools.partial(StreamingResponse, media_type="a/b"), None],
    ids=["class", "partial", "none"],
)
def test_generator_with_a_class_that_streams_is_taken(response_class: Any) -> None:
    api = BoltAPI()

    api.get("/it", response_class=response_class)(generator)

    assert len(api.urls) == 1


@pytest.mark.parametrize("model", [Item | Other, 5], ids=["union", "no type"])
def test_response_model_that_msgspec_refuses_names_the_handler(model: Any) -> None:
    with pytest.raises(
        TypeError, match=r"plain has a response_model that msgspec cannot convert to"
    ):
        BoltAPI().get("/it", response_model=model)(plain)


def test_return_annotation_that_msgspec_refuses_names_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"has a return annotation .* a response_model"):

        @BoltAPI().get("/it")
        def handler() -> Item | Other:
            return Item(1)  # pragma: no cover


def test_annotation_that_is_defined_later_is_used(rf: RequestFactory) -> None:
    """Under ``from __future__ import annotations``."""
    [later, _, number] = postponed.api.urls

    assert later.callback(rf.get("/")).content == b'{"id":1}'
    assert number.callback(rf.get("/"), it=7, rest="a/b").content == b'[7,"a/b"]'


def test_annotation_that_is_never_defined_fails_the_request(
    rf: RequestFactory,
) -> None:
    """What the model would have kept in must not go out."""
    [_, never, _] = postponed.api.urls

    with pytest.raises(ImproperlyConfigured, match="name 'Never' is not defined"):
        never.callback(rf.get("/"))


def test_decorator_over_that_is_no_function_is_the_handler(rf: RequestFactory) -> None:
    api = BoltAPI()

    class Counting:
        """A decorator that is a class."""

        def __init__(self, view: Callable[..., Any]) -> None:
            functools.update_wrapper(self, view)
            self.view = view

        def __call__(self, request: HttpRequest, **kwargs: Any) -> Any:
            return {"it": self.view(**kwargs)}

    @Counting
    @api.get("/{it}/{rest}")
    def handler(it: int, rest: PurePath) -> list[object]:
        return [it, rest]

    response = api.urls[0].callback(rf.get("/"), it=1, rest="a//b")

    assert response.content == b'{"it":[1,"a/b"]}'
