"""A body that is iterated by who is no handler, and may stop anywhere."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from django_bolt import EventSourceResponse, StreamingResponse, shutdown
from django_bolt.shutdown import Closing
from django_bolt.streams.asgi import Delivery

# What ends a stream early closes its response.
pytestmark = pytest.mark.django_db

DEADLINE = 60
"""Seconds that anything may take at most."""


def make_response(log: list[str], closed: asyncio.Event | None = None) -> Any:
    """Return a response whose source tells what becomes of it."""

    async def source() -> AsyncIterator[bytes]:
        log.append("started")
        try:
            yield b"first"
            await asyncio.sleep(0)
            yield b"second"
        finally:
            await asyncio.sleep(0)
            log.append("closed")
            if closed is not None:
                closed.set()

    return StreamingResponse(source(), release_connections=False)


def test_a_body_that_has_ended_stays_at_its_end() -> None:
    log: list[str] = []

    async def main() -> list[bytes]:
        body = aiter(make_response(log))
        parts = [part async for part in body]
        return parts + [part async for part in body]

    assert asyncio.run(main()) == [b"first", b"second"]
    assert log == ["started", "closed"]


def test_a_body_may_be_given_a_task_for_each_part() -> None:
    """As ``asyncio.wait_for()`` does up to Python 3.11; each may be cancelled."""

    async def source() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def main() -> bytes:
        response = StreamingResponse(source(), release_connections=False)
        body: Any = aiter(response)
        first: bytes = await asyncio.ensure_future(anext(body))
        waiting = asyncio.ensure_future(anext(body))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return first

    assert asyncio.run(main()) == b"first"


def test_a_body_that_was_closed_is_at_its_end() -> None:
    log: list[str] = []

    async def main() -> list[bytes]:
        body = aiter(make_response(log))
        await anext(body)
        await body.aclose()
        return [part async for part in body]

    assert asyncio.run(main()) == []
    assert log == ["started", "closed"]


def test_a_body_that_is_closed_before_it_begins_starts_nothing() -> None:
    log: list[str] = []

    async def main() -> list[bytes]:
        body = aiter(make_response(log))
        await body.aclose()
        return [part async for part in body]

    assert asyncio.run(main()) == []
    assert log == []


def test_a_body_that_is_dropped_is_closed_by_the_loop() -> None:
    log: list[str] = []

    async def main() -> None:
        closed = asyncio.Event()
        body = aiter(make_response(log, closed))
        await anext(body)
        del body
        gc.collect()
        await asyncio.wait_for(closed.wait(), DEADLINE)

    asyncio.run(main())

    assert log == ["started", "closed"]


def test_a_body_that_is_held_is_closed_when_the_loop_ends() -> None:
    log: list[str] = []

    async def main() -> object:
        body = aiter(make_response(log))
        await anext(body)
        return body

    body = asyncio.run(main())

    assert log == ["started", "closed"]
    assert body is not None


@pytest.mark.parametrize("has_hooks", [True, False])
def test_a_body_that_nobody_can_close_stops_its_clocks(
    monkeypatch: pytest.MonkeyPatch, has_hooks: bool
) -> None:
    """Its loop is closed, or closes nothing: no timer shall keep it."""
    monkeypatch.setattr(shutdown, "closing", Closing())
    loop = asyncio.new_event_loop()

    async def source() -> AsyncIterator[bytes]:
        yield b"first"

    bodies: list[Any] = []

    async def main() -> None:
        if not has_hooks:
            sys.set_asyncgen_hooks(None, None)
        bodies.append(aiter(EventSourceResponse(source(), send_timeout=None)))
        await anext(bodies[0])

    loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    had = shutdown.closing.has_subscribers()
    bodies.clear()
    gc.collect()

    assert (had, shutdown.closing.has_subscribers()) == (True, False)


def test_a_loop_may_look_after_no_body() -> None:
    log: list[str] = []

    async def main() -> list[bytes]:
        sys.set_asyncgen_hooks(None, None)
        return [part async for part in make_response(log)]

    assert asyncio.run(main()) == [b"first", b"second"]
    assert log == ["started", "closed"]


@pytest.mark.parametrize("use", [anext, lambda body: body.aclose()])
def test_a_body_is_waited_for_by_one(use: Callable[[Any], Awaitable[object]]) -> None:
    """Whoever else asks is refused, and does not harm the first."""

    async def main() -> list[object]:
        arrived = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            await arrived.wait()
            yield b"first"

        body: Any = aiter(StreamingResponse(source(), release_connections=False))
        waiting = asyncio.ensure_future(anext(body))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="being waited for"):
            await use(body)
        arrived.set()
        return [await waiting, [part async for part in body]]

    assert asyncio.run(main()) == [b"first", []]


def test_a_loop_leaves_alone_what_a_handler_sends() -> None:
    """Who sends it closes it."""
    seen: list[object] = []

    async def main() -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            pass

        delivery = make_response([]).open_delivery()
        sys.set_asyncgen_hooks(seen.append)
        await delivery.send_to(send, sys.maxsize, {})

    asyncio.run(main())

    assert not [held for held in seen if isinstance(held, Delivery)]
