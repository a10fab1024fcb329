"""Notice a client that leaves, only while there is something to wait for."""

import asyncio

import pytest

from django_bolt.handlers.disconnect import Watch, can_be_cancelled


class Gone(Exception):
    """What the listener of these tests raises."""


class Client:
    """A client that leaves when it is told to."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.watched = 0

    async def listen(self) -> None:
        """Wait until it leaves."""
        self.watched += 1
        await self.leaves.wait()
        raise Gone


async def answer() -> str:
    """Answer at once."""
    return "answer"


async def wait(future: asyncio.Future[str]) -> str:
    """Answer when there is something to say."""
    return await future


def test_what_never_waits_is_never_watched() -> None:
    async def main() -> tuple[str, int, bool]:
        client = Client()
        watch = Watch(client.listen)
        result = await watch.over(answer())
        return result, client.watched, await watch.stop()

    assert asyncio.run(main()) == ("answer", 0, False)


def test_what_waits_runs_on_in_the_same_task() -> None:
    async def tell() -> list[object]:
        tasks = [asyncio.current_task()]
        for _ in range(3):
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())
        return list(tasks)

    async def main() -> tuple[set[object], int, bool]:
        client = Client()
        watch = Watch(client.listen)
        tasks = await watch.over(tell())
        await watch.over(tell())
        is_mine = tasks[0] is asyncio.current_task()
        await watch.stop()
        return set(map(id, tasks)), client.watched, is_mine

    tasks, watched, is_mine = asyncio.run(main())

    assert len(tasks) == 1
    assert is_mine
    assert watched == 1


def test_error_of_what_it_waits_for_goes_inside() -> None:
    async def recover(future: asyncio.Future[str]) -> str:
        loop = asyncio.get_running_loop()
        with pytest.raises(ValueError, match="once"):
            await future
        again: asyncio.Future[str] = loop.create_future()
        loop.call_soon(again.set_exception, ValueError("again"))
        with pytest.raises(ValueError, match="again"):
            await again
        return "recovered"

    async def main() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        loop.call_soon(future.set_exception, ValueError("once"))
        watch = Watch(Client().listen)
        try:
            return await watch.over(recover(future))
        finally:
            await watch.stop()

    assert asyncio.run(main()) == "recovered"


@pytest.mark.parametrize("catches", [False, True])
def test_cancellation_goes_inside_and_may_be_answered(catches: bool) -> None:
    """A cancelled task throws into what it waits for; it may then wait again."""

    async def stay() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not catches:
                raise
            await asyncio.sleep(0)
            return "stayed"
        raise AssertionError("Nobody cancelled it.")

    async def main() -> tuple[str, bool, bool]:
        client = Client()
        watch = Watch(client.listen)
        asyncio.get_running_loop().call_soon(client.leaves.set)
        try:
            result = await watch.over(stay())
        except asyncio.CancelledError:
            result = "left"
        return result, await watch.stop(), isinstance(watch.error, Gone)

    assert asyncio.run(main()) == ("stayed" if catches else "left", True, True)


def test_error_after_the_end_cancels_nobody() -> None:
    async def main() -> tuple[bool, bool]:
        client = Client()
        watch = Watch(client.listen)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        loop.call_soon(future.set_result, "answer")
        result = await watch.over(wait(future))
        client.leaves.set()
        is_ours = await watch.stop()
        await asyncio.sleep(0)
        return result == "answer", is_ours

    assert asyncio.run(main()) == (True, False)


def test_watch_that_is_over_only_notes_an_error() -> None:
    async def main() -> tuple[bool, bool]:
        client = Client()
        watch = Watch(client.listen)

        async def end_first() -> str:
            await asyncio.sleep(0)
            watch._is_over = True
            client.leaves.set()
            for _ in range(5):
                await asyncio.sleep(0)
            return "answer"

        await watch.over(end_first())
        return isinstance(watch.error, Gone), await watch.stop()

    assert asyncio.run(main()) == (True, False)


def test_no_task_can_be_cancelled_outside_of_one() -> None:
    assert not can_be_cancelled(None)


def test_a_task_can_be_cancelled() -> None:
    async def main() -> bool:
        return can_be_cancelled(asyncio.current_task())

    assert asyncio.run(main())
