"""
The demo's data: high stations, where lightning is near.
"""

import uuid
from datetime import datetime, timezone
from decimal import Decimal

from testproject.showcase.models import Station

OBSERVED_AT = datetime(2026, 7, 14, 15, 0, tzinfo=timezone.utc)

STATIONS = (
    ("Jungfraujoch", "CH", 3571, "-2.8"),
    ("Mauna Loa", "US", 3397, "7.0"),
    ("Sonnblick", "AT", 3106, "0.4"),
    ("Zugspitze", "DE", 2962, "2.1"),
    ("Pic du Midi", "FR", 2877, "4.9"),
    ("Säntis", "CH", 2501, "3.6"),
    ("Mount Washington", "US", 1917, "8.3"),
    ("Śnieżka", "PL", 1603, "9.5"),
)
"""Name, country, elevation in metres, temperature in degrees Celsius."""


def seed() -> int:
    """
    Write the stations, each under an id that stays the same from run to run.

    Returns:
        How many stations the database holds now.
    """
    for name, country, elevation, temperature in STATIONS:
        Station.objects.update_or_create(
            id=uuid.uuid5(uuid.NAMESPACE_DNS, name),
            defaults={
                "name": name,
                "country": country,
                "elevation": elevation,
                "temperature": Decimal(temperature),
                "observed_at": OBSERVED_AT,
            },
        )
    return Station.objects.count()
