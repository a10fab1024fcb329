"""
The work behind the streams: the air pressure at every station, by integration.
"""

from collections.abc import Iterable, Iterator

import msgspec

from testproject.showcase.models import Station

STEP = 0.002
"""Metres between two steps of the integration: small, for the work to last."""

STAGE = 1000
"""Metres after which a climb reports."""

SEA_LEVEL = 101_325.0
"""Pascal at 0 m in the standard atmosphere."""


class Stage(msgspec.Struct, frozen=True):
    """
    How far the climbing has come.

    Args:
        climbed: Metres that lie behind, of all climbs together.
        total: Metres that all climbs have.
        station: The name of the station that is climbed to.
        metres: The height that was reached.
        hectopascal: The pressure there, to a tenth.
    """

    climbed: int
    total: int
    station: str
    metres: int
    hectopascal: float

    def __str__(self) -> str:
        """
        Return a line for people; its first two numbers are the progress.
        """
        return (
            f"{self.climbed} of {self.total} m · "
            f"{self.station}, {self.metres} m: {self.hectopascal} hPa"
        )


def climb(stations: Iterable[Station]) -> Iterator[Stage]:
    """
    Climb from the sea to each station, and report on the way.

    Yields:
        A stage every 1000 m, and one at the top. Its work is done when it is
        asked for, not before.
    """
    tops = [(station.name, station.elevation) for station in stations]
    total = sum(top for _, top in tops)
    climbed = 0
    for name, top in tops:
        pascal = SEA_LEVEL
        for start in range(0, top, STAGE):
            stop = min(start + STAGE, top)
            pascal = risen(pascal, start, stop)
            climbed += stop - start
            yield Stage(climbed, total, name, stop, round(pascal / 100, 1))


def risen(pascal: float, start: int, stop: int) -> float:
    """
    Integrate the pressure from one height to another, step by step.

    Spec: ISO 2533: dp/dh = -p · g / (R · T), where T falls by 6.5 K a kilometre.
    """
    for step in range(round((stop - start) / STEP)):
        kelvin = 288.15 - 0.0065 * (start + step * STEP)
        pascal -= pascal * 9.80665 / 287.05287 / kelvin * STEP
    return pascal
