"""
Tell open streams that the server has been told to stop.

A server that is asked to stop waits for its open responses, and a stream never
ends by itself: so the signals that ask are watched, streams are woken, and the
server's own handler is called as if nobody had been in between.

Servers set their handlers at different times. Ours is put before theirs when
the app is loaded, where theirs is there already (gunicorn), and again while
streams are open on the main thread (uvicorn, daphne, granian, hypercorn).
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import itertools
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from django_bolt.conf import conf

SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGQUIT", "SIGBREAK")
    if hasattr(signal, name)
)
"""What servers stop at; each that this system has."""

DRAIN_SECONDS = 1.0
"""Seconds that streams have to end before the server stops all the same."""

LINGER_SECONDS = 0.05
"""Seconds that the server then has to send the end of what it was given."""

POLL_SECONDS = 0.005
"""Seconds between two looks at whether streams are left."""


class Closing:
    """
    Whether the server has been told to stop: an event that is set once for each.

    For a source that waits where nobody can interrupt it, and for one that has
    something to say before it goes::

        while not closing.wait(timeout=1.0):
            yield measure()
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._wakes: dict[int, Callable[[], object]] = {}
        self._keys = itertools.count()

    def is_set(self) -> bool:
        """Tell whether the server has been told to stop."""
        return self._event.is_set()

    def begin(self) -> None:
        """Forget what a server was told that ran in this process before."""
        self._event.clear()

    def set(self) -> None:
        """Tell every stream of this process to end."""
        self._event.set()
        # A copy, since those who are woken end their subscriptions.
        for wake in list(self._wakes.values()):
            _call(wake)

    def wait(self, timeout: float | None = None) -> bool:
        """
        Block this thread until the server is told to stop.

        Args:
            timeout: Seconds to wait at most; ``None`` waits without end.

        Returns:
            Whether it has been told.
        """
        return self._event.wait(timeout)

    async def async_wait(self) -> None:
        """Wait, in an event loop, until the server is told to stop."""
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        unsubscribe = self.subscribe(lambda: loop.call_soon_threadsafe(told.set))
        try:
            await told.wait()
        finally:
            unsubscribe()

    def subscribe(self, wake: Callable[[], object]) -> Callable[[], None]:
        """
        Have a function called when the server is told to stop.

        Args:
            wake: Called in a thread of its own, perhaps twice; at once in this
                one, if the server has been told already. It must not raise; of
                a loop that is closed, it may.

        Returns:
            A function that ends the subscription. Call it always: as long as
            somebody listens, the signals are watched.
        """
        key = next(self._keys)
        self._wakes[key] = wake
        watch_signals()
        # Looked at after it was noted: set() does it the other way round.
        if self._event.is_set():
            _call(wake)

        def unsubscribe() -> None:
            self._wakes.pop(key, None)
            if not self._wakes:
                leave_signals()
                # Meanwhile another thread may have subscribed, which cannot watch.
                if self._wakes:
                    watch_signals()

        return unsubscribe

    def has_subscribers(self) -> bool:
        """Tell whether anybody would be told."""
        return bool(self._wakes)

    def wait_until_left(self, timeout: float) -> None:
        """Block this thread until nobody is subscribed any more."""
        until = time.monotonic() + timeout
        while self._wakes and time.monotonic() < until:
            time.sleep(POLL_SECONDS)


def _call(wake: Callable[[], object]) -> None:
    # RuntimeError: the loop is closed, and nothing in it is left to be woken.
    with contextlib.suppress(RuntimeError):
        wake()


closing = Closing()
"""The event of this process."""


class _Handler:
    """
    A signal handler that tells the streams, and then calls the one before.

    The one before is called when the streams have ended, or a moment later if
    they have not: some servers break off at once what is still open. A second
    signal is passed on without delay.
    """

    def __init__(self, before: Callable[..., object], *, stays: bool) -> None:
        self.before = before
        self.stays = stays

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        # In a thread of its own: this one was interrupted anywhere, perhaps
        # while it held a lock that waking somebody takes. No threading.Thread,
        # whose start() takes locks too.
        if closing.is_set():
            self.before(signum, frame)
        elif closing.has_subscribers():
            _thread.start_new_thread(self._drain, (signum,))
        else:
            _thread.start_new_thread(closing.set, ())
            self.before(signum, frame)

    def _drain(self, signum: int) -> None:
        """Tell the streams, let them end, and raise the signal once more."""
        closing.set()
        closing.wait_until_left(DRAIN_SECONDS)
        time.sleep(LINGER_SECONDS)
        # A server that was woken by the signal itself may be done by now, and
        # what it has left behind would end the process.
        handler = signal.getsignal(signum)
        if handler != self.before and not isinstance(handler, _Handler):
            return
        main = threading.main_thread().ident
        if hasattr(signal, "pthread_kill") and main is not None:
            signal.pthread_kill(main, signum)
        else:  # pragma: no cover  # Windows
            signal.raise_signal(signum)


def watch_signals(*, stays: bool = False) -> None:
    """
    Put a handler before the server's, unless ours is there already.

    Does nothing outside the main thread, where Python allows none, nor where a
    signal is ignored or ends the process at once. ``BOLT_WATCH_SIGNALS = False``
    turns it off.

    Args:
        stays: Whether the handler stays when nobody listens.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in SIGNALS:
        handler = signal.getsignal(signum)
        # Python's own for SIGINT raises KeyboardInterrupt: a command that runs,
        # and no server, or one that needs no help of ours.
        if (
            not callable(handler)
            or isinstance(handler, _Handler | signal.Handlers)
            or handler is signal.default_int_handler
            or not conf.watch_signals
        ):
            continue
        signal.signal(signum, _Handler(handler, stays=stays))


def leave_signals() -> None:
    """Put back what was there, where ours is still the one that is called."""
    if threading.current_thread() is not threading.main_thread():
        return
    for signum in SIGNALS:
        handler = signal.getsignal(signum)
        if isinstance(handler, _Handler) and not handler.stays:
            signal.signal(signum, handler.before)
