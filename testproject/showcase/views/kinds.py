"""
Views of every kind: sync, async, classes, generators, under decorators.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from django.views import View
from django.views.decorators.cache import never_cache

from django_bolt import bolt_view
from testproject.showcase.models import Station


def warmest(request: HttpRequest) -> dict[str, Decimal]:
    """
    A plain function, with the ORM as you know it.
    """
    station = Station.objects.latest("temperature")
    return {station.name: station.temperature}


async def coldest(request: HttpRequest) -> dict[str, Decimal]:
    """
    The same with ``async`` and ``await``, under WSGI as under ASGI.
    """
    station = await Station.objects.aearliest("temperature")
    return {station.name: station.temperature}


class Barometer(View):
    """
    Each method of a class-based view returns what it likes.
    """

    def get(self, request: HttpRequest) -> dict[str, object]:
        """
        Return the pressure.
        """
        return {"hectopascal": 742.6, "trend": "falling"}


def count(request: HttpRequest) -> Iterator[str]:
    """
    A view with ``yield`` in it: each chunk leaves when it is yielded.
    """
    for seconds in (3, 2, 1):
        yield f"{seconds} …\n"
    yield "thunder\n"


async def echo(request: HttpRequest) -> AsyncIterator[str]:
    """
    An async generator may await between its chunks.
    """
    for valley in ("Seealp", "Meglis", "Fälen"):
        await asyncio.sleep(0.02)
        yield f"thunder over {valley}\n"


@never_cache
@bolt_view
def now(request: HttpRequest) -> dict[str, object]:
    """
    A decorator that touches the response needs one: ``bolt_view`` makes it
    before ``never_cache`` adds its headers.
    """
    return {"utc": timezone.now()}


def clouds(request: HttpRequest) -> set[str]:
    """
    A set has no order to send. The error names the view, the type and what
    may be returned instead.
    """
    return {"cirrus", "cumulonimbus"}
