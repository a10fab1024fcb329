"""What a source finds around it: its context, its language, its task, its thread."""

import asyncio
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest
from django.http import HttpRequest
from django.utils import timezone, translation

from django_bolt import StreamingResponse
from tests.worlds import Ask

colour: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")

Source = Callable[[], Any]


def describe() -> str:
    """Say what the source sees."""
    language, zone = translation.get_language(), timezone.get_current_timezone_name()
    return f"{colour.get()} {language} {zone};"


def describing() -> Iterator[str]:
    """Describe, twice."""
    yield describe()
    yield describe()


async def adescribing() -> AsyncIterator[str]:
    """Describe, wait, and describe."""
    yield describe()
    await asyncio.sleep(0)
    yield describe()


@pytest.mark.parametrize("source", [describing, adescribing])
@pytest.mark.parametrize("is_async", [False, True], ids=["view", "async view"])
def test_a_source_sees_the_context_of_its_view(
    ask: Ask, source: Source, is_async: bool
) -> None:
    def view(request: HttpRequest) -> StreamingResponse:
        colour.set("red")
        translation.activate("fr")
        timezone.activate("Europe/Zurich")
        return StreamingResponse(source())

    async def aview(request: HttpRequest) -> StreamingResponse:
        return view(request)

    # What is set stays here: under WSGI the view runs in the test's own context.
    here = contextvars.copy_context()
    answer = here.run(ask, aview if is_async else view)

    assert answer.body == b"red fr Europe/Zurich;" * 2


def setting() -> Iterator[str]:
    """Set variables, and reset them after a chunk."""
    token = colour.set("blue")
    with translation.override("de"):
        yield describe()
        yield describe()
    colour.reset(token)
    yield f"{colour.get()};"


async def asetting() -> AsyncIterator[str]:
    """Do the same, waiting in between."""
    token = colour.set("blue")
    with translation.override("de"):
        yield describe()
        await asyncio.sleep(0)
        yield describe()
    colour.reset(token)
    yield f"{colour.get()};"


@pytest.mark.parametrize("source", [setting, asetting])
def test_what_a_source_sets_stays_set_between_its_chunks(
    ask: Ask, source: Source
) -> None:
    answer = ask(lambda request: StreamingResponse(source()))

    assert answer.body == b"blue de UTC;" * 2 + b"none;"


def slow_setting() -> Iterator[bytes]:
    """Be pulled in several bursts: a chunk is larger than what is let ahead."""
    token = colour.set("blue")
    for _ in range(3):
        yield bytes(200_000)
    colour.reset(token)
    yield colour.get().encode()


def test_a_sync_source_keeps_one_context_over_several_bursts(ask: Ask) -> None:
    answer = ask(lambda request: StreamingResponse(slow_setting()))

    assert answer.body[-4:] == b"none"


def test_an_async_source_runs_in_one_task_and_one_loop(ask: Ask) -> None:
    seen = set()

    async def source() -> AsyncIterator[bytes]:
        for _ in range(3):
            seen.add((asyncio.current_task(), asyncio.get_running_loop()))
            yield b"."
            await asyncio.sleep(0)

    ask(lambda request: StreamingResponse(source()))

    assert len(seen) == 1


def test_a_sync_source_runs_in_the_thread_of_its_view(ask: Ask) -> None:
    seen = set()

    def source() -> Iterator[bytes]:
        for _ in range(3):
            seen.add(threading.get_ident())
            yield bytes(200_000)
        seen.add(threading.get_ident())

    def view(request: HttpRequest) -> StreamingResponse:
        seen.add(threading.get_ident())
        return StreamingResponse(source())

    ask(view)

    assert len(seen) == 1


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in 3.11")
def test_a_timeout_over_chunks_ends_the_wait_inside(ask: Ask) -> None:
    async def source() -> AsyncIterator[str]:
        try:
            async with asyncio.timeout(0.05):
                yield "started;"
                await asyncio.Event().wait()
        except TimeoutError:
            yield "timed out"

    answer = ask(lambda request: StreamingResponse(source()))

    assert answer.body == b"started;timed out"


def test_an_anyio_task_group_stays_open_over_chunks(ask: Ask) -> None:
    async def source() -> AsyncIterator[str]:
        async with anyio.create_task_group() as group:
            done = anyio.Event()

            async def work() -> None:
                await anyio.sleep(0)
                done.set()

            group.start_soon(work)
            yield "started;"
            await done.wait()
            yield "done"

    answer = ask(lambda request: StreamingResponse(source()))

    assert answer.body == b"started;done"
