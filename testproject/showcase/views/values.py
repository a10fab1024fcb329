"""
Views that return a value; the middleware makes the response.
"""

import calendar
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.dates import WEEKDAYS

from django_bolt import bolt_view
from testproject.showcase.models import Station


def weather(request: HttpRequest) -> dict[str, object]:
    """
    A ``dict`` goes out as a JSON object.
    """
    return {
        "summit": "Säntis",
        "sky": "thunderstorm",
        "gusts": [62, 71, 90],
        "cable_car": False,
    }


def gusts(request: HttpRequest) -> list[float]:
    """
    A ``list`` or a ``tuple`` goes out as a JSON array.
    """
    return [17.2, 19.7, 25.0, 23.3]


class Reading(msgspec.Struct):
    """
    One look at the instruments.
    """

    station: str
    celsius: Decimal
    at: datetime


def reading(request: HttpRequest) -> Reading:
    """
    A ``Struct`` is encoded by msgspec itself, with no step in between.
    """
    celsius = Decimal("-2.10")
    return Reading("Zugspitze", celsius, timezone.now())


@dataclass
class Wind:
    """
    Where the wind comes from, and how fast.
    """

    direction: str
    metres_per_second: float


def wind(request: HttpRequest) -> Wind:
    """
    A dataclass becomes an object with its fields.
    """
    return Wind("north-west", 11.5)


def highest(
    request: HttpRequest,
) -> QuerySet[Station, Mapping[str, object]]:
    """
    A ``QuerySet`` is an array of rows. ``.values()`` says which columns leave the
    house; model instances are never dumped by themselves.
    """
    return Station.objects.values("name", "elevation")[:3]


def forecast(request: HttpRequest) -> str:
    """
    A ``str`` goes out as plain text in UTF-8.
    """
    return "Thunder by four. 6 °C on the Śnieżka."


@translation.override("de")
@bolt_view
def thunder_day(request: HttpRequest) -> str:
    """
    Lazy text is translated when the response is made. ``bolt_view`` makes it
    here, while German is active.
    """
    return WEEKDAYS[calendar.THURSDAY]


def telegram(request: HttpRequest) -> bytes:
    """
    ``bytes`` go out untouched, as ``application/octet-stream``.
    """
    return b"\x89WX\r\n" + struct.pack(">Hd", 2501, 9.2)
