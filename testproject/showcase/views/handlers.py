"""
Handlers of ``BoltAPI``, which say themselves where they answer.
"""

from collections.abc import Iterator

import msgspec
from django.db.models import QuerySet

from django_bolt import BoltAPI, JSONStream
from testproject.showcase.models import Station

api = BoltAPI()


class Summit(msgspec.Struct):
    """
    A station, as others know it.
    """

    name: str
    country: str


@api.get("/summits/", response_model=list[Summit])
async def summits() -> QuerySet[Station]:
    """
    Rows are converted to a model, so only its fields go out. An async
    handler may return a ``QuerySet``, too.
    """
    return Station.objects.filter(elevation__gt=3000)


@api.get(
    "/borders/",
    response_class=JSONStream,
    response_model=Summit,
)
def borders() -> Iterator[Station]:
    """
    With a streaming ``response_class``, each item is converted.
    """
    yield from Station.objects.exclude(country="US")[:3]
