"""
What type checkers make of the decorators; mypy and pyright read this file.

Every line that must be an error says so, and is one: unused ignores are errors,
too. They name no code, since each checker has its own. The functions run as
tests, so that what is typed also holds.
"""

# mypy: disable-error-code="ignore-without-code, comparison-overlap"

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from django.http import HttpRequest
from django.urls import URLPattern, include, path

from django_bolt import JSON, BoltAPI, StreamingResponse

if sys.version_info >= (3, 11):  # pragma: no cover
    from typing import assert_type
else:  # pragma: no cover
    from typing_extensions import assert_type

api = BoltAPI()


@api.get("/sync/{number}")
def sync(request: HttpRequest, number: int, *, page: int = 1) -> dict[str, int]:
    """A function."""
    return {"number": number, "page": page}


@api.post("/async/{name}", response_class=JSON, status_code=201)
async def asynchronous(name: str) -> list[str]:
    """A coroutine function."""
    return [name]


@api.get("/lines", response_class=StreamingResponse, headers={"X-Lines": "1"})
def lines() -> Iterator[str]:
    """A generator."""
    yield "line"


@api.get(
    "/ticks", response_class=functools.partial(StreamingResponse, media_type="a/b")
)
async def ticks() -> AsyncIterator[bytes]:
    """An async generator."""
    yield b"tick"  # pragma: no cover


def test_function_keeps_its_type() -> None:
    result = sync(HttpRequest(), 3, page=2)

    assert_type(result, dict[str, int])
    assert result == {"number": 3, "page": 2}


def test_arguments_are_checked() -> None:
    assert sync(HttpRequest(), "3")["number"] == "3"  # type: ignore
    with pytest.raises(TypeError):
        sync(HttpRequest())  # type: ignore
    with pytest.raises(TypeError):
        sync(HttpRequest(), 3, 4)  # type: ignore


def test_coroutine_function_keeps_its_type() -> None:
    async def main() -> None:
        assert_type(await asynchronous("tea"), list[str])

    asyncio.run(main())


def test_generator_keeps_its_type() -> None:
    generator = lines()

    assert_type(generator, Iterator[str])
    assert list(generator) == ["line"]


def test_async_generator_keeps_its_type() -> None:
    assert_type(ticks(), AsyncIterator[bytes])


def test_every_decorator_keeps_the_type() -> None:
    def handler(number: int) -> str:
        return str(number)

    other = BoltAPI()

    assert_type(other.get("/{number}")(handler)(1), str)
    assert_type(other.post("/{number}")(handler)(1), str)
    assert_type(other.put("/{number}")(handler)(1), str)
    assert_type(other.patch("/{number}")(handler)(1), str)
    assert_type(other.delete("/{number}")(handler)(1), str)
    assert_type(other.head("/{number}")(handler)(1), str)
    assert_type(other.options("/{number}")(handler)(1), str)


def test_decorators_may_be_stacked() -> None:
    other = BoltAPI()

    @other.get("/one", name="one")
    @other.get("/two", name="two", response_model=list[int])
    def both() -> list[int]:
        return [1]

    assert_type(both(), list[int])


def test_arguments_of_the_decorators_are_checked() -> None:
    other = BoltAPI()

    def handler() -> str:
        return ""  # pragma: no cover

    with pytest.raises(TypeError):
        other.get(5)(handler)  # type: ignore
    with pytest.raises(TypeError):
        other.get("/", JSON)(handler)  # type: ignore
    with pytest.raises(TypeError):
        other.get("/", status_code="200")(handler)  # type: ignore
    with pytest.raises(TypeError):
        other.get("/", headers=["X"])(handler)  # type: ignore
    with pytest.raises(TypeError):
        other.get("/", response_class=5)(handler)  # type: ignore
    with pytest.raises(TypeError):
        other.get("/")(5)  # type: ignore


def test_urls_are_what_include_takes() -> None:
    urlpatterns = [
        path("api/", include(api.urls)),
        path("shop/", include((api.urls, "shop"), namespace="v1")),
    ]

    assert_type(api.urls, list[URLPattern])
    assert len(urlpatterns) == 2


def test_decorator_is_a_value() -> None:
    def apply(decorator: Callable[[Callable[[], str]], Callable[[], str]]) -> None:
        """Decorate a handler."""

    apply(BoltAPI().get("/"))
