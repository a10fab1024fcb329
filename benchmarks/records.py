"""The data that the benchmarks send."""

from __future__ import annotations

import datetime
import decimal
import uuid

SMALL = {"id": 1, "name": "Säntis", "country": "CH", "active": True}
"""About 60 bytes of JSON."""

LARGE = [
    {
        "id": uuid.UUID(int=number * 0x10001),
        "observed_at": datetime.datetime(
            2026, 11, 22, number % 24, 30, tzinfo=datetime.timezone.utc
        ),
        "temperature": decimal.Decimal(f"-{number}.5"),
        "name": f"Station number {number} on the northern ridge",
        "country": "CH",
        "elevation": 2502 + number,
        "tags": ["alpine", "automatic"],
    }
    for number in range(50)
]
"""About 11 KB of JSON: 50 records with datetime, Decimal and UUID."""
