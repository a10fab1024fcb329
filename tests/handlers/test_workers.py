"""Threads that do one call after another."""

import asyncio
import concurrent.futures
import contextlib
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_bolt.handlers.workers import Worker, Workers
from tests.worlds import DEADLINE


class Thing:
    """Something that is let go, or is not."""


class Failure(Exception):
    """What a call raises."""


class Gate:
    """A function that ends when it is told to."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.has_begun.set()
        assert self.may_end.wait(DEADLINE)
        return "passed"


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Yield a thread, and wait for its end."""
    worker = Worker()
    yield worker
    worker.end()
    worker.thread.join(DEADLINE)
    assert not worker.thread.is_alive()


def raises(error: BaseException) -> Callable[[], None]:
    """Return a function that raises an error."""

    def fail() -> None:
        raise error

    return fail


def test_call_is_made_in_the_thread(worker: Worker) -> None:
    async def main() -> object:
        return await worker.submit(threading.current_thread)

    assert asyncio.run(main()) is worker.thread


def test_future_is_the_loops_own(worker: Worker) -> None:
    """So a loop that is given an executor makes no other of it."""

    async def main() -> bool:
        future = worker.submit(int)
        wrapped = asyncio.wrap_future(future)
        await future
        return wrapped is future

    assert asyncio.run(main())


def test_call_without_a_loop_has_a_future_that_blocks(worker: Worker) -> None:
    future = worker.submit(divmod, 7, 2)

    assert isinstance(future, concurrent.futures.Future)
    assert future.result(DEADLINE) == (3, 1)


def test_error_without_a_loop_is_raised(worker: Worker) -> None:
    future = worker.submit(raises(Failure()))

    with pytest.raises(Failure):
        future.result(DEADLINE)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(Failure("why"), Failure, id="any"),
        pytest.param(
            concurrent.futures.CancelledError("why"),
            asyncio.CancelledError,
            id="cancelled",
        ),
        pytest.param(
            concurrent.futures.InvalidStateError("why"),
            asyncio.InvalidStateError,
            id="state",
        ),
        pytest.param(
            concurrent.futures.TimeoutError("why"), asyncio.TimeoutError, id="time"
        ),
        pytest.param(StopIteration("why"), RuntimeError, id="stop"),
    ],
)
def test_error_is_raised_as_from_an_executor(
    error: BaseException, expected: type[BaseException], worker: Worker
) -> None:
    raised: list[BaseException] = []

    async def main() -> None:
        try:
            await worker.submit(raises(error))
        except BaseException as caught:
            raised.append(caught)

    asyncio.run(main())

    assert type(raised[0]) is expected
    assert "why" in (*raised[0].args, *getattr(raised[0].__cause__, "args", ()))


def test_call_that_is_cancelled_before_it_begins_is_not_made(worker: Worker) -> None:
    gate = Gate()
    made: list[str] = []

    async def main() -> None:
        first = worker.submit(gate)
        second = worker.submit(made.append, "made")
        third = worker.submit(made.append, "made", otherwise=lambda: made.append("not"))
        second.cancel()
        third.cancel()
        gate.may_end.set()
        await first
        await worker.submit(int)

    asyncio.run(main())

    assert made == ["not"]


def test_call_that_is_cancelled_without_a_loop_is_not_made(worker: Worker) -> None:
    gate = Gate()
    made: list[str] = []
    worker.submit(gate)
    future = worker.submit(made.append, "made", otherwise=lambda: made.append("not"))

    future.cancel()
    gate.may_end.set()
    worker.submit(int).result(DEADLINE)

    assert made == ["not"]


def test_call_that_is_cancelled_when_it_has_begun_is_made(worker: Worker) -> None:
    gate = Gate()

    async def main() -> tuple[bool, int]:
        first = worker.submit(gate)
        await asyncio.to_thread(gate.has_begun.wait, DEADLINE)
        first.cancel()
        gate.may_end.set()
        after = await worker.submit(int, "1")
        return first.cancelled(), after

    assert asyncio.run(main()) == (True, 1)


def test_loop_that_was_closed_harms_nobody(worker: Worker) -> None:
    gate = Gate()

    async def leave() -> None:
        worker.submit(gate)

    async def main() -> int:
        return int(await worker.submit(int, "1"))

    asyncio.run(leave())
    gate.may_end.set()

    assert asyncio.run(main()) == 1


def test_thread_that_waits_holds_nothing(worker: Worker) -> None:
    async def main() -> object:
        thing = Thing()
        reference = weakref.ref(thing)
        await worker.submit(id, thing)
        del thing
        return await worker.submit(reference)

    assert asyncio.run(main()) is None


def test_error_that_was_caught_is_let_go_at_once(worker: Worker) -> None:
    references: list[weakref.ref[Failure]] = []

    def fail() -> None:
        failure = Failure()
        references.append(weakref.ref(failure))
        try:
            raise failure
        finally:
            # A cycle of this test's own.
            del failure

    async def main() -> object:
        with contextlib.suppress(Failure):
            await worker.submit(fail)
        return await worker.submit(references[0])

    gc.disable()
    try:
        found = asyncio.run(main())
    finally:
        gc.enable()

    assert found is None


def test_threads_end_when_what_they_do_is_done() -> None:
    at_exit: list[Callable[[], None]] = []
    workers = Workers(at_exit.append)
    worker = Worker(workers)
    gate = Gate()
    future = worker.submit(gate)
    ending = threading.Thread(target=at_exit[0])

    ending.start()
    gate.may_end.set()
    ending.join(DEADLINE)

    assert not ending.is_alive()
    assert not worker.thread.is_alive()
    assert future.result(0) == "passed"


def test_call_that_comes_after_the_end_is_refused() -> None:
    """Nobody would make it, and whoever waits for it would wait for ever."""
    workers = Workers(None)
    worker = Worker(workers)
    workers.end()

    with pytest.raises(RuntimeError, match="process ends"):
        worker.submit(int)


def test_thread_that_comes_after_the_end_is_refused() -> None:
    """Nobody would end it."""
    workers = Workers(None)
    workers.end()

    with pytest.raises(RuntimeError, match="process ends"):
        Worker(workers)


@pytest.mark.parametrize(
    ("at_exit", "is_daemon"),
    [pytest.param(id, False, id="told"), pytest.param(None, True, id="not told")],
)
def test_threads_are_daemons_where_nobody_tells_of_the_end(
    at_exit: Any, is_daemon: bool
) -> None:
    """What code in a thread starts is one too then, so it is the exception."""
    worker = Worker(Workers(at_exit))

    assert worker.thread.daemon is is_daemon
    worker.end()
    worker.thread.join(DEADLINE)


def test_process_waits_for_what_runs_and_not_for_who_waits() -> None:
    """As with ``ThreadPoolExecutor``; the pause lets the main thread come first."""
    program = (
        "import time\n"
        "from django_bolt.handlers.workers import Worker\n"
        "def work():\n"
        "    time.sleep(0.2)\n"
        "    print('done')\n"
        "idle = Worker()\n"
        "Worker().submit(work)\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )

    assert (finished.returncode, finished.stdout) == (0, "done\n")
