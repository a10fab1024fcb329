"""An async source that is run by hand finds what it would find in its own task."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from django_bolt import EventSourceResponse, StreamingResponse
from tests.streams.exchange import Exchange, play

# A request ends with a look at its connections.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("each_handler")]

Respond = Callable[[Any], StreamingResponse]

every_kind = pytest.mark.parametrize(
    "respond", [StreamingResponse, EventSourceResponse], ids=["stream", "events"]
)
"""Without anything that could break off a wait, and with it."""


async def to_the_end(client: Exchange) -> None:
    """Read all."""
    await client.finished()


@every_kind
def test_what_a_wait_raises_is_raised_in_the_source(respond: Respond) -> None:
    async def source() -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        loop.call_soon(future.set_exception, LookupError())
        try:
            await future
        except LookupError:
            yield b"caught"

    client = play(lambda request: respond(source()), to_the_end)

    assert client.body == b"caught"
    assert client.is_complete


@every_kind
def test_what_a_wait_returns_is_returned_in_the_source(respond: Respond) -> None:
    async def work() -> bytes:
        await asyncio.sleep(0)
        return b"result"

    async def source() -> AsyncIterator[bytes]:
        yield await asyncio.ensure_future(work())

    client = play(lambda request: respond(source()), to_the_end)

    assert client.body == b"result"


class Odd:
    """Something awaitable that asyncio does not know."""

    def __await__(self) -> Generator[object, None, None]:
        yield "odd"


@every_kind
def test_an_await_that_asyncio_refuses_is_refused_in_the_source(
    respond: Respond,
) -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            await Odd()
        except RuntimeError as error:
            assert "odd" in str(error)
            yield b"refused"

    client = play(lambda request: respond(source()), to_the_end)

    assert client.body == b"refused"


@every_kind
def test_chunks_leave_together_and_before_the_source_waits(respond: Respond) -> None:
    """The source waits until the client confirms the last one."""
    confirmed = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x"
        await confirmed.wait()
        yield b"end"

    async def script(client: Exchange) -> None:
        await client.arrived(b"x" * 64)
        confirmed.set()
        await client.finished()

    client = play(lambda request: respond(source()), script)

    assert client.body == b"x" * 64 + b"end"
    bodies = [message for message in client.messages if message.get("body")]
    # Together, unless the machine is so slow that their time was over.
    assert len(bodies) < 65


@every_kind
@pytest.mark.parametrize("is_blocked", [False, True], ids=["waiting", "in send"])
def test_a_task_that_the_source_awaits_is_cancelled_with_it(
    respond: Respond, is_blocked: bool
) -> None:
    """A cancellation goes to what is awaited first, and waits for its end."""
    log = []
    go_on = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append("child")

    async def source() -> AsyncIterator[bytes]:
        yield b"started"
        child = asyncio.ensure_future(work())
        await go_on.wait()
        try:
            yield b"."
            await child
        finally:
            await asyncio.sleep(0)
            log.append("source")

    async def script(client: Exchange) -> None:
        await client.arrived(b"started")
        if is_blocked:
            client.reads.clear()
        go_on.set()
        if is_blocked:
            await client.blocked.wait()
        else:
            await client.arrived(b".")
        client.left.set()
        await client.finished()

    play(lambda request: respond(source()), script)

    assert log == ["child", "source"]


newer = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 does not tell who has cancelled."
)


@newer
@every_kind
def test_a_source_may_end_at_its_cancellation(respond: Respond) -> None:
    """To a client that has left, that is no proper end."""

    async def source() -> AsyncIterator[bytes]:
        yield b"started"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async def script(client: Exchange) -> None:
        await client.arrived(b"started")
        client.left.set()
        await client.finished()

    client = play(lambda request: respond(source()), script)

    assert not client.is_complete


@newer
@every_kind
def test_a_source_may_wait_again_for_what_it_has_waited_for(respond: Respond) -> None:
    """A shielded future outlives the timeout of who awaits it."""

    async def source() -> AsyncIterator[bytes]:
        work = asyncio.ensure_future(asyncio.sleep(0.05, b"done"))
        while not work.done():
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.shield(work)
            except TimeoutError:
                yield b"."
        yield await work

    client = play(lambda request: respond(source()), to_the_end)

    assert client.body.strip(b".") == b"done"
    assert client.is_complete


@newer
@every_kind
@pytest.mark.parametrize("has_more", [False, True], ids=["end", "more"])
def test_a_timeout_ends_a_source_that_never_waits(
    respond: Respond, has_more: bool
) -> None:
    """It runs out while the loop has a turn, and reaches the source at its yield."""

    async def source() -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(0.01):
                while True:
                    yield b"."
        except TimeoutError:
            if has_more:
                yield b"timed out"
                await asyncio.sleep(0)
                yield b"!"

    client = play(lambda request: respond(source()), to_the_end)

    assert client.body.strip(b".") == (b"timed out!" if has_more else b"")
    assert client.is_complete


@newer
def test_a_timeout_ends_a_source_that_never_waits_under_wsgi() -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(0.01):
                while True:
                    yield bytes(65536)
        except TimeoutError:
            yield b"timed out"

    body = b"".join(StreamingResponse(source()))

    assert body.strip(b"\0") == b"timed out"


class Iterator:
    """An async iterator that is no generator, and never waits."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __aiter__(self) -> "Iterator":
        return self

    async def __anext__(self) -> bytes:
        return b"."

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.log.append("closed")


@every_kind
def test_an_iterator_that_is_no_generator_is_closed(respond: Respond) -> None:
    log: list[str] = []

    async def script(client: Exchange) -> None:
        await client.arrived(b".")
        client.left.set()
        await client.finished()

    play(lambda request: respond(Iterator(log)), script)

    assert log == ["closed"]


class Failing(Iterator):
    """One that cannot be closed."""

    async def aclose(self) -> None:
        """Fail."""
        raise LookupError


def test_what_an_iterator_raises_when_it_is_closed_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(client: Exchange) -> None:
        await client.arrived(b".")
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(Failing([])), script)

    [record] = [line for line in caplog.records if line.name == "django_bolt"]
    assert "Failing" in record.getMessage()


@newer
def test_a_source_that_ignores_each_cancellation_is_closed_all_the_same() -> None:
    log = []

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                try:
                    yield b"."
                except asyncio.CancelledError:
                    log.append("ignored")
        finally:
            log.append("closed")

    async def script(client: Exchange) -> None:
        await client.arrived(b".")
        client.left.set()
        await client.finished()

    play(lambda request: StreamingResponse(source()), script)

    assert log[-1] == "closed"
