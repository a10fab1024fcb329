"""A wait that can be broken off."""

import asyncio

import pytest

from django_bolt.streams.gate import Gate, hand_up

DEADLINE = 10.0


async def through(gate: Gate, future: "asyncio.Future[None]") -> None:
    """Wait for a future that a coroutine has handed up."""
    handed_up = next(future.__await__())
    await hand_up(gate.wait_for(handed_up))


async def settle(task: "asyncio.Task[object]") -> None:
    """Let a task run until it waits."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert not task.done()


def test_a_gate_passes_on_what_its_future_says() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        gate = Gate()

        async def wait() -> None:
            await through(gate, future)

        task = asyncio.ensure_future(wait())
        await settle(task)
        future.set_exception(LookupError("the future's"))
        with pytest.raises(LookupError, match="the future's"):
            await asyncio.wait_for(task, DEADLINE)
        assert not gate.is_open

    asyncio.run(main())


def test_an_open_gate_leaves_its_future_pending() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        gate = Gate()

        async def wait() -> list[bool]:
            await through(gate, future)
            first = gate.is_open
            future.get_loop().call_soon(future.set_result, None)
            await hand_up(gate.wait_for(future))
            return [first, gate.is_open]

        task = asyncio.ensure_future(wait())
        await settle(task)
        gate.open()
        gate.open()

        assert await asyncio.wait_for(task, DEADLINE) == [True, False]

    asyncio.run(main())


def test_nobody_is_woken_who_does_not_wait() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        gate = Gate()
        turns = 0

        async def wait() -> None:
            nonlocal turns
            gate.open()
            await through(gate, future)
            turns += 1
            await asyncio.sleep(0)

        task = asyncio.ensure_future(wait())
        await settle(task)
        future.set_result(None)
        gate.open()
        await asyncio.wait_for(task, DEADLINE)
        gate.open()

        assert turns == 1
        assert not gate.is_open

    asyncio.run(main())


def test_a_cancellation_reaches_the_future() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()

        async def wait() -> None:
            await through(Gate(), future)

        task = asyncio.ensure_future(wait())
        await settle(task)
        task.cancel()
        await asyncio.wait((task,), timeout=DEADLINE)

        assert task.cancelled()
        assert future.cancelled()

    asyncio.run(main())


def test_a_cancellation_of_a_task_that_was_just_woken_reaches_the_task() -> None:
    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        gate = Gate()

        async def wait() -> None:
            await through(gate, future)

        task = asyncio.ensure_future(wait())
        await settle(task)
        gate.open()
        task.cancel()
        await asyncio.wait((task,), timeout=DEADLINE)

        assert task.cancelled()
        assert not future.done()

    asyncio.run(main())


def test_what_is_no_future_is_refused_by_the_task_as_ever() -> None:
    async def wait() -> None:
        await hand_up("no future")

    with pytest.raises(RuntimeError, match="no future"):
        asyncio.run(wait())
