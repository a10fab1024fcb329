"""
Threads that do one call after another, each for an event loop that waits for it.

``ThreadPoolExecutor`` makes a future with a lock of its own for each call, and
asyncio a second one that follows the first. Here a thread fills the event loop's
own future, in half the time.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

Calls: TypeAlias = "SimpleQueue[Call | None]"

_numbers = itertools.count()

_COUNTERPARTS: dict[type[BaseException], type[BaseException]] = {
    concurrent.futures.CancelledError: asyncio.CancelledError,
    concurrent.futures.InvalidStateError: asyncio.InvalidStateError,
    concurrent.futures.TimeoutError: asyncio.TimeoutError,
}
"""What asyncio makes of the errors of threads, where they are not the same."""


class Workers:
    """
    The threads of this module, which end what they do before the process ends.

    Args:
        at_exit: Registers what is called when the main thread has ended, and
            before the others are waited for. ``None`` where Python has no such
            thing: threads are daemons then, which nobody waits for.
    """

    def __init__(self, at_exit: Callable[[Callable[[], None]], object] | None) -> None:
        self._has_ended = False
        self.forget()
        # Otherwise as the thread that starts them, as with ThreadPoolExecutor.
        self._is_daemon = True if at_exit is None else None
        if at_exit is not None:
            at_exit(self.end)

    def start(self, calls: Calls) -> threading.Thread:
        """
        Start a thread that does what it finds in a queue.

        Raises:
            RuntimeError: The process ends.
        """
        thread = threading.Thread(
            target=_work,
            args=(calls,),
            name=f"request_{next(_numbers)}",
            daemon=self._is_daemon,
        )
        with self._lock:
            self._refuse_at_the_end()
            thread.start()
            self._calls[thread] = calls
        return thread

    def give(self, calls: Calls, call: Call) -> None:
        """
        Put a call into the queue of a thread.

        Raises:
            RuntimeError: The process ends.
        """
        with self._lock:
            self._refuse_at_the_end()
            calls.put(call)

    def end(self) -> None:
        """End all threads, each after what it was given before."""
        with self._lock:
            self._has_ended = True
            started = dict(self._calls)
        for calls in started.values():
            calls.put(None)
        for thread in started:
            thread.join()

    def forget(self) -> None:
        """Have no threads: a fork takes none along, and no lock that one held."""
        self._lock = threading.Lock()
        self._calls: WeakKeyDictionary[threading.Thread, Calls] = WeakKeyDictionary()

    def _refuse_at_the_end(self) -> None:
        # Nobody would do it, and whoever waits for it would wait for ever.
        if self._has_ended:
            raise RuntimeError(
                "A request needs a thread, and there is none when the process ends. "
                "Stop the event loop before the main thread ends."
            )


# What concurrent.futures ends its threads by; at ``atexit`` it would be too late.
WORKERS = Workers(getattr(threading, "_register_atexit", None))
if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
    os.register_at_fork(after_in_child=WORKERS.forget)


class Worker:
    """
    A thread that does one call after another.

    Args:
        workers: Those that it belongs to.
    """

    def __init__(self, workers: Workers = WORKERS) -> None:
        self._workers = workers
        self._calls: Calls = SimpleQueue()
        self.thread = workers.start(self._calls)

    def submit(
        self,
        function: Callable[..., object],
        /,
        *args: Any,
        otherwise: Callable[[], object] | None = None,
    ) -> Any:
        """
        Call a function after those before it.

        Args:
            function: What is called.
            *args: What it is called with.
            otherwise: Called instead, if the future was cancelled before.

        Returns:
            A future of the event loop that runs here; one of
            ``concurrent.futures`` if none does.

        Raises:
            RuntimeError: The process ends.
        """
        call = Call(function, args, otherwise)
        self._workers.give(self._calls, call)
        return call.future

    def end(self) -> None:
        """End the thread after what it was given before."""
        self._calls.put(None)


class Call:
    """
    What a thread is given to do.

    Attributes:
        future: What becomes of it. It may be cancelled, as long as the call has
            not begun.
    """

    __slots__ = ("_args", "_function", "_loop", "_otherwise", "future")

    def __init__(
        self,
        function: Callable[..., object],
        args: tuple[Any, ...],
        otherwise: Callable[[], object] | None,
    ) -> None:
        self._function = function
        self._args = args
        self._otherwise = otherwise
        self._loop: asyncio.AbstractEventLoop | None
        self.future: Any
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
            self.future = concurrent.futures.Future()
        else:
            self.future = self._loop.create_future()

    def run(self) -> None:
        """Call the function, in the thread."""
        if self._is_cancelled():
            if self._otherwise is not None:
                self._otherwise()
            return
        try:
            result = self._function(*self._args)
        except BaseException as error:
            self._tell(None, error)
            # The traceback leads here, and from here to the error again.
            del self
        else:
            self._tell(result, None)

    def _is_cancelled(self) -> bool:
        if self._loop is None:
            return not self.future.set_running_or_notify_cancel()
        return bool(self.future.cancelled())

    def _tell(self, result: object, error: BaseException | None) -> None:
        if self._loop is None:
            self._finish(result, error)
        else:
            if error is not None:
                error = _translate(error)
            call_in_loop(self._loop, self._finish, result, error)

    def _finish(self, result: object, error: BaseException | None) -> None:
        """Fill the future, where others look at it."""
        if self.future.done():
            # It was cancelled after the call had begun.
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


def call_in_loop(
    loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: object
) -> None:
    """Have an event loop call a function; one that is closed waits for nothing."""
    # It may be closed between a look and the call.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *args)


def _work(calls: Calls) -> None:
    while (call := calls.get()) is not None:
        call.run()
        # While it waits for the next, it holds nothing of a request.
        del call


def _translate(error: BaseException) -> BaseException:
    """Return an error as a coroutine may raise it."""
    if isinstance(error, StopIteration):
        # Python 3.12 does so itself; before, whoever waits would wait for ever.
        stopped = RuntimeError("A function that a coroutine waits for stopped.")
        stopped.__cause__ = error
        return stopped
    counterpart = _COUNTERPARTS.get(type(error))
    return error if counterpart is None else counterpart(*error.args)
