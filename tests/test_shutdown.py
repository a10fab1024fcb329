"""Streams learn that the server stops, and the server's own handlers still run."""

import _thread
import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import pytest
from django.apps import apps
from django.test import override_settings

from django_bolt import shutdown
from django_bolt.shutdown import Closing, _Handler

DEADLINE = 10.0


class Server:
    """A server's signal handler: it notes what it was called for."""

    def __init__(self) -> None:
        self.stopped_by: list[int] = []

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop, as a server would."""
        # No event: this may interrupt who waits for it, and holds its lock.
        self.stopped_by.append(signum)

    def wait_until_stopped(self) -> None:
        """Wait until the handler was called."""
        deadline = time.monotonic() + DEADLINE
        while not self.stopped_by:
            assert time.monotonic() < deadline
            time.sleep(0.001)


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Closing:
    """Put an event that is not set in the place of the one of this process."""
    event = Closing()
    monkeypatch.setattr(shutdown, "closing", event)
    return event


@pytest.fixture
def server() -> Iterator[Server]:
    """Install a server's handler for SIGTERM, and restore what was there."""
    threads = _thread._count()
    server = Server()
    before = signal.signal(signal.SIGTERM, server.stop)
    yield server
    wait_for_threads(threads)
    signal.signal(signal.SIGTERM, before)


def wait_for_threads(count: int) -> None:
    """Wait until no more threads than these are left."""
    deadline = time.monotonic() + DEADLINE
    while _thread._count() > count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stop_this_process() -> None:
    """
    Ask this process to stop, as a supervisor does.

    The signal is sent to this thread: one for the process may be taken by a thread
    that has just started, and the main one, where Python's handlers run, does not
    hear of it while it waits.
    """
    signal.raise_signal(signal.SIGTERM)


def test_a_subscriber_is_woken_and_the_server_is_told(
    closing: Closing, server: Server
) -> None:
    woken = threading.Event()
    unsubscribe = closing.subscribe(woken.set)

    stop_this_process()

    assert woken.wait(DEADLINE)
    assert closing.is_set()
    assert server.stopped_by == []
    unsubscribe()
    server.wait_until_stopped()
    assert server.stopped_by == [signal.SIGTERM]


def test_a_subscriber_that_stays_does_not_hold_up_the_server_for_ever(
    closing: Closing, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutdown, "DRAIN_SECONDS", 0.01)
    unsubscribe = closing.subscribe(threading.Event().set)

    stop_this_process()

    server.wait_until_stopped()
    unsubscribe()


def test_a_second_signal_is_passed_on_at_once(closing: Closing, server: Server) -> None:
    unsubscribe = closing.subscribe(threading.Event().set)

    stop_this_process()
    assert closing.wait(DEADLINE)
    stop_this_process()

    assert server.stopped_by == [signal.SIGTERM]
    unsubscribe()


def test_a_server_that_has_gone_meanwhile_is_not_told_again(
    closing: Closing, server: Server
) -> None:
    """Its own handler is off again, and the signal would end the process."""
    threads = _thread._count()
    unsubscribe = closing.subscribe(threading.Event().set)

    stop_this_process()
    assert closing.wait(DEADLINE)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    unsubscribe()

    wait_for_threads(threads)
    assert server.stopped_by == []


@pytest.mark.parametrize("installed", [True, False], ids=["there", "gone"])
def test_draining_raises_the_signal_for_a_handler_that_is_there(
    closing: Closing, server: Server, installed: bool
) -> None:
    """What the handler does in a thread of its own, in this one."""
    handler = _Handler(server.stop if installed else Server().stop, stays=False)

    handler._drain(signal.SIGTERM)

    assert closing.is_set()
    assert bool(server.stopped_by) is installed


def test_the_servers_handler_is_back_when_the_last_subscriber_has_left(
    closing: Closing, server: Server
) -> None:
    first = closing.subscribe(threading.Event().set)
    second = closing.subscribe(threading.Event().set)

    first()
    watched = signal.getsignal(signal.SIGTERM)
    second()

    assert watched != server.stop
    assert signal.getsignal(signal.SIGTERM) == server.stop


def test_a_handler_that_somebody_put_before_ours_is_left_alone(
    closing: Closing, server: Server
) -> None:
    other = Server()
    unsubscribe = closing.subscribe(threading.Event().set)
    signal.signal(signal.SIGTERM, other.stop)

    unsubscribe()

    assert signal.getsignal(signal.SIGTERM) == other.stop


def test_a_handler_that_calls_ours_is_watched_without_a_circle(
    closing: Closing, server: Server
) -> None:
    """A server that starts late, and calls what it found, is still called once."""
    first = closing.subscribe(threading.Event().set)
    ours = signal.getsignal(signal.SIGTERM)
    assert callable(ours)
    signal.signal(signal.SIGTERM, lambda signum, frame: ours(signum, frame))
    second = closing.subscribe(threading.Event().set)

    stop_this_process()
    assert closing.wait(DEADLINE)
    first()
    second()

    server.wait_until_stopped()
    assert server.stopped_by == [signal.SIGTERM]


def test_a_thread_that_subscribes_while_the_last_one_leaves_is_told(
    closing: Closing, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken = threading.Event()
    leave = shutdown.leave_signals
    unsubscribes = []

    def subscribe() -> None:
        unsubscribes.append(closing.subscribe(woken.set))

    def leave_late() -> None:
        thread = threading.Thread(target=subscribe)
        thread.start()
        thread.join(DEADLINE)
        leave()

    last = closing.subscribe(threading.Event().set)
    with monkeypatch.context() as patch:
        patch.setattr(shutdown, "leave_signals", leave_late)
        last()
    stop_this_process()

    assert woken.wait(DEADLINE)
    assert server.stopped_by == []
    [unsubscribe] = unsubscribes
    unsubscribe()
    server.wait_until_stopped()


def test_draining_is_over_when_the_last_subscriber_has_left(closing: Closing) -> None:
    leaving = threading.Timer(0.01, closing.subscribe(threading.Event().set))
    leaving.start()

    started = time.monotonic()
    closing.wait_until_left(DEADLINE)

    assert not closing.has_subscribers()
    assert time.monotonic() - started < DEADLINE
    leaving.join(DEADLINE)


def test_subscribing_late_wakes_at_once(closing: Closing, server: Server) -> None:
    closing.set()
    woken = threading.Event()

    unsubscribe = closing.subscribe(woken.set)

    assert woken.is_set()
    unsubscribe()


def test_one_subscriber_with_a_closed_loop_does_not_keep_others_asleep(
    closing: Closing,
) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    woken = threading.Event()
    first = closing.subscribe(lambda: loop.call_soon_threadsafe(woken.clear))
    second = closing.subscribe(woken.set)

    closing.set()

    assert woken.is_set()
    first()
    second()


def test_subscribing_outside_the_main_thread_leaves_signals_alone(
    closing: Closing, server: Server
) -> None:
    def subscribe() -> None:
        closing.subscribe(threading.Event().set)()

    thread = threading.Thread(target=subscribe)
    thread.start()
    thread.join(DEADLINE)

    assert signal.getsignal(signal.SIGTERM) == server.stop


@pytest.mark.parametrize(
    "handler",
    [
        pytest.param(signal.SIG_DFL, id="ends the process"),
        pytest.param(signal.SIG_IGN, id="ignored"),
        pytest.param(signal.default_int_handler, id="interrupts a command"),
    ],
)
def test_what_is_no_servers_handler_is_not_watched(
    closing: Closing, server: Server, handler: signal.Handlers
) -> None:
    signal.signal(signal.SIGTERM, handler)

    unsubscribe = closing.subscribe(threading.Event().set)

    assert signal.getsignal(signal.SIGTERM) is handler
    unsubscribe()


def test_the_setting_leaves_signals_alone(closing: Closing, server: Server) -> None:
    with override_settings(BOLT_WATCH_SIGNALS=False):
        unsubscribe = closing.subscribe(threading.Event().set)

    assert signal.getsignal(signal.SIGTERM) == server.stop
    unsubscribe()


def test_the_app_watches_for_servers_that_serve_in_other_threads(
    closing: Closing, server: Server
) -> None:
    apps.get_app_config("django_bolt").ready()
    closing.subscribe(threading.Event().set)()

    stop_this_process()

    assert closing.wait(DEADLINE)
    assert server.stopped_by == [signal.SIGTERM]


def test_wait_ends_at_its_timeout(closing: Closing) -> None:
    assert closing.wait(timeout=0.001) is False


def test_async_wait_ends_when_the_server_is_told(
    closing: Closing, server: Server
) -> None:
    async def wait() -> None:
        waiting = asyncio.ensure_future(closing.async_wait())
        await asyncio.sleep(0)
        stop_this_process()
        await asyncio.wait_for(waiting, DEADLINE)

    asyncio.run(wait())

    assert closing.is_set()
    server.wait_until_stopped()
