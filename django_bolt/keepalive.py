"""
What an event stream does by the clock: break its silence, and end in good order.

Nothing waits here: whoever delivers the body asks what is to be done, and when
to ask again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import django_bolt.shutdown as shutdown

SLACK = 0.001
"""Seconds that a timer may be early."""

YOUNGEST = 0.8
"""What part of its greatest age a stream lives at least."""


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a stream is to do.

    Args:
        interval: Seconds of silence on the wire before a ping; ``None`` for
            none.
        ping: What is sent then.
        max_age: Seconds after which the stream ends, or up to a fifth earlier,
            so that streams that began together do not end together; ``None``
            for no end.
        make_farewell: Returns what is sent last when the server stops.
    """

    interval: float | None
    ping: bytes
    max_age: float | None
    make_farewell: Callable[[], bytes]

    def end_after(self, start: float) -> float:
        """Return when a stream must end that starts now; infinity for never."""
        if self.max_age is None:
            return math.inf
        return start + self.max_age * random.uniform(YOUNGEST, 1)

    def farewell(self) -> bytes:
        """Return what to send last; nothing when the stream has only aged."""
        return self.make_farewell() if shutdown.closing.is_set() else b""


class Pulse:
    """
    The clock of one delivery.

    Args:
        plan: What the stream is to do.
        clock: Seconds, of the kind that the deliverer waits by.
        wake: Called, in another thread, when the stream must end early.

    Attributes:
        ends_at: When the stream must end, by the clock; infinity for never.
        sent_at: When something was sent last, by the clock.
    """

    __slots__ = ("_clock", "_unsubscribe", "ends_at", "plan", "sent_at")

    def __init__(
        self, plan: Plan, clock: Callable[[], float], wake: Callable[[], object]
    ) -> None:
        self.plan = plan
        self._clock = clock
        self.sent_at = clock()
        self.ends_at = plan.end_after(self.sent_at)
        self._unsubscribe = shutdown.closing.subscribe(wake)

    def note_sent(self) -> None:
        """Note that something was sent: silence begins anew."""
        self.sent_at = self._clock()

    def is_over(self) -> bool:
        """Tell whether the stream must end."""
        return shutdown.closing.is_set() or self._clock() >= self.ends_at - SLACK

    def is_due(self) -> bool:
        """Tell whether a ping must be sent."""
        interval = self.plan.interval
        return interval is not None and self._clock() >= self.sent_at + interval - SLACK

    def seconds_left(self) -> float | None:
        """Return when to ask again, if nothing is sent; ``None`` for never."""
        interval = self.plan.interval
        ping_at = math.inf if interval is None else self.sent_at + interval
        at = min(ping_at, self.ends_at)
        return None if at == math.inf else max(at - self._clock(), 0.0)

    def stop(self) -> None:
        """Listen no longer."""
        self._unsubscribe()
