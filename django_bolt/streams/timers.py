"""
What a delivery in an event loop does by the clock.

One timer for a stream and a purpose, set anew only when it runs out: a part
that is sent costs a look at the clock, and a silent stream wakes the loop once
a ping.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sys
from collections.abc import Callable
from typing import NoReturn, cast
from weakref import WeakKeyDictionary

from django.core.exceptions import RequestAborted

import django_bolt.shutdown as shutdown
from django_bolt.keepalive import SLACK, Plan

logger = logging.getLogger("django_bolt")

SLOTS = 32
"""Into how many parts an interval is cut; pings are sent where one begins."""


class Alarm:
    """
    Wake the consumer when there is something to do.

    Args:
        loop: The loop that wakes.
        plan: What is to be done.
        wake: Wakes the consumer.

    Attributes:
        is_over: Whether the stream must end.
        is_due: Whether a ping must be sent, unless something else is; the
            consumer takes it back.
        plan: What is to be done.
        sent_at: When something was sent last, by the loop's clock; the
            consumer notes it.
        slot: Where the alarm is in its wheel.
        wake: Wakes the consumer.
    """

    __slots__ = (
        "_timer",
        "_wheel",
        "is_due",
        "is_over",
        "plan",
        "sent_at",
        "slot",
        "wake",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        plan: Plan,
        wake: Callable[[], object],
    ) -> None:
        self.wake = wake
        self.plan = plan
        self.is_over = self.is_due = False
        self.sent_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        ends_at = plan.end_after(self.sent_at)
        if ends_at != math.inf:
            self._timer = loop.call_at(ends_at, self.end)
        self.slot = 0
        self._wheel = find_wheel(loop, plan.interval)
        self._wheel.add(self, self.sent_at)
        # The wheel was told before this alarm was there.
        if shutdown.closing.is_set():
            loop.call_soon(self.end)
        shutdown.watch_signals()

    def end(self) -> None:
        """Have the stream end."""
        self.is_over = True
        self.wake()

    def cancel(self) -> None:
        """Wake nobody any more."""
        self._wheel.remove(self)
        if self._timer is not None:
            self._timer.cancel()


class Wheel:
    """
    The alarms of one loop and one interval, in slots of time.

    A slot has one timer for all that are due in it: a thousand silent streams
    wake the loop as often as a few. A ping comes up to a slot late. When the
    server is told to stop, the wheel is told, and ends them all.

    Args:
        loop: The loop that wakes.
        interval: Seconds of silence; ``None`` when nothing breaks it: then
            there is one slot, without a timer.
        wheels: The wheels of that loop, which this one leaves when it is empty.
    """

    __slots__ = (
        "_interval",
        "_is_told",
        "_loop",
        "_slots",
        "_unsubscribe",
        "_wheels",
        "_width",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        interval: float | None,
        wheels: dict[float | None, Wheel],
    ) -> None:
        self._loop = loop
        self._wheels = wheels
        self._interval = interval
        self._width = 0.0 if interval is None else interval / SLOTS
        self._slots: dict[int, tuple[set[Alarm], asyncio.TimerHandle | None]] = {}
        self._unsubscribe: Callable[[], None]
        self._is_told = False

    def add(self, alarm: Alarm, since: float) -> None:
        """Wake an alarm when there has been silence since a time of the loop."""
        slot = 0
        if self._interval is not None:
            slot = math.ceil((since + self._interval) / self._width)
        alarm.slot = slot
        if slot not in self._slots:
            timer = None
            if self._interval is not None:
                timer = self._loop.call_at(slot * self._width, self._turn, slot)
            self._slots[slot] = (set(), timer)
        self._slots[slot][0].add(alarm)
        if not self._is_told:
            self._is_told = True
            self._unsubscribe = shutdown.closing.subscribe(self._end_from_thread)

    def remove(self, alarm: Alarm) -> None:
        """Wake an alarm no more."""
        alarms, timer = self._slots[alarm.slot]
        alarms.remove(alarm)
        if not alarms:
            if timer is not None:
                timer.cancel()
            del self._slots[alarm.slot]
        if not self._slots:
            del self._wheels[self._interval]
            self._unsubscribe()

    def _turn(self, slot: int) -> None:
        """Wake those that are due, and give each its next slot."""
        alarms, _ = self._slots.pop(slot)
        now = self._loop.time()
        latest = now - (self._interval or 0.0) + SLACK
        for alarm in alarms:
            since = alarm.sent_at
            if since <= latest:
                # What is due is done at once, or is no longer due because the
                # server has not even taken what was sent before.
                since = now
                alarm.is_due = True
                alarm.wake()
            self.add(alarm, since)

    def _end_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for alarms, _ in self._slots.values():
            for alarm in alarms:
                alarm.end()


_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float | None, Wheel]]
_wheels = WeakKeyDictionary()


def find_wheel(loop: asyncio.AbstractEventLoop, interval: float | None) -> Wheel:
    """Return the wheel of a loop and an interval."""
    wheels = _wheels.setdefault(loop, {})
    if interval not in wheels:
        wheels[interval] = Wheel(loop, interval, wheels)
    return wheels[interval]


class StallWatch:
    """
    Cancel the task that sends when the client takes nothing for too long.

    Args:
        loop: The loop that the current task runs in.
        timeout: Seconds.

    Attributes:
        has_fired: Whether that has happened.
    """

    __slots__ = ("_loop", "_sender", "_since", "_timeout", "_timer", "has_fired")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        self._loop = loop
        self._timeout = timeout
        self._sender = cast("asyncio.Task[object]", asyncio.current_task())
        self._since: float | None = None
        self._timer = loop.call_later(timeout, self._look)
        self.has_fired = False

    def start(self) -> None:
        """Note that a part is on its way."""
        self._since = self._loop.time()

    def stop(self) -> None:
        """Note that the server has taken it."""
        self._since = None

    def cancel(self) -> None:
        """Stop watching."""
        self._timer.cancel()

    def refuse(self) -> NoReturn:
        """
        Replace the cancellation by an error that says what has happened.

        Raises:
            RequestAborted: Always. Django takes it for a client that left.
        """
        # New in Python 3.11, as are the task groups that look at it.
        if sys.version_info >= (3, 11):  # pragma: no branch
            self._sender.uncancel()
        raise RequestAborted(
            f"The client took nothing of a stream for {self._timeout} seconds."
        )

    def _look(self) -> None:
        now = self._loop.time()
        until = (now if self._since is None else self._since) + self._timeout
        if until > now:
            self._timer = self._loop.call_at(until, self._look)
            return
        self.has_fired = True
        logger.warning(
            "A stream was ended: its client took nothing for %s seconds.",
            self._timeout,
        )
        self._sender.cancel()
