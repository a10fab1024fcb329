"""
The wind behind the live page: a gusty one, computed from nothing but the time.

No instrument stands on a mountain for this. A reading is a function of its
number, so every process of a server knows them all, those of the past too.
"""

import math
import time
from datetime import datetime, timezone

PERIOD = 0.5
"""Seconds between two readings."""

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
"""When reading 0 was taken."""

KEPT = 600
"""Readings that can be had again: those of five minutes."""

MEAN, SPREAD = 14.0, 4.0
"""Metres a second: the mean wind and its standard deviation."""

SCALE = 12.0
"""Seconds that the large eddies need to pass: 170 m at the mean wind."""

GUST = MEAN + 1.25 * SPREAD
"""Metres a second from which a reading counts as a gust."""

LOWEST, HIGHEST, WAVES = 0.004, 0.8, 32
"""The slowest and the fastest wave, in hertz, and how many there are."""

GOLDEN = math.pi * (3 - math.sqrt(5))
"""An angle whose multiples never meet: the waves start apart from each other."""


def latest() -> int:
    """
    Return the number of the reading that was taken last.
    """
    return math.floor((time.time() - EPOCH) / PERIOD)


def seconds_until(number: int) -> float:
    """
    Return how long it is until a reading will be taken.
    """
    return max(0.0, EPOCH + number * PERIOD - time.time())


def speed_of(number: int) -> float:
    """
    Return the wind of a reading, in metres a second: waves, as gusts have them.

    Spec: IEC 61400-1, the Kaimal spectrum: f·S(f)/σ² = 4·n / (1 + 6·n)^(5/3),
        where n = f·L/U.
    """
    step = math.log(HIGHEST / LOWEST) / WAVES
    speed = MEAN
    for wave in range(WAVES):
        hertz = LOWEST * math.exp((wave + 0.5) * step)
        n = hertz * SCALE
        power = SPREAD**2 * 4 * n / (1 + 6 * n) ** (5 / 3) * step
        phase = GOLDEN * wave**2
        angle = math.tau * hertz * number * PERIOD + phase
        speed += math.sqrt(2 * power) * math.cos(angle)
    return round(max(speed, 0.0), 1)
