"""
The page of the live events, the stream it reads, and how that stream is cut.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from django_bolt import HTML, EventSourceResponse, Response, ServerSentEvent
from django_bolt.reconnection import last_event_id
from testproject.showcase.cards import Card
from testproject.showcase.highlight import highlight
from testproject.showcase.models import Cut
from testproject.showcase.source import source_of
from testproject.showcase.views.index import rendered
from testproject.showcase.wind import (
    EPOCH,
    GUST,
    KEPT,
    PERIOD,
    latest,
    seconds_until,
    speed_of,
)

RETRY = 2000
"""Milliseconds that a browser stays away: long enough to miss some readings."""

FORGOTTEN = timedelta(minutes=1)
"""The age of a cut that no stream still has to see."""

SPAN = 120
"""Readings that the chart shows, a minute of them; it starts full."""


@require_safe
def wind(
    request: HttpRequest,
    key: UUID,
) -> EventSourceResponse:
    """
    What was missed leaves at once, in one write; then each reading when it is
    taken, until somebody has cut the stream.
    """
    cuts = Cut.objects.filter(key=key, at__gt=timezone.now())

    async def readings() -> AsyncIterator[ServerSentEvent]:
        number = number_after(last_event_id(request))
        yield ServerSentEvent(retry=RETRY)
        while not await cuts.aexists():
            while number <= latest():
                yield reading(number)
                number += 1
            await asyncio.sleep(seconds_until(number))

    return EventSourceResponse(readings())


def number_after(seen: str | None) -> int:
    """
    The id is the client's word: it counts if it is a number, and one of those
    that are kept.
    """
    now = latest()
    if seen is None or not seen.isdecimal():
        return now
    return min(max(int(seen), now - KEPT) + 1, now + 1)


def reading(number: int) -> ServerSentEvent:
    """
    A name lets the page listen to gusts alone; the id is what it comes back with.
    """
    speed = speed_of(number)
    return ServerSentEvent(
        {"speed": speed},
        event="gust" if speed >= GUST else None,
        id=str(number),
    )


@require_POST
def cut(request: HttpRequest, key: UUID) -> Response:
    """
    The stream may live in another process: both know the database.
    """
    now = timezone.now()
    Cut.objects.filter(at__lt=now - FORGOTTEN).delete()
    Cut.objects.create(key=key, at=now)
    return Response(status_code=204)


STREAM = Card("wind", "The stream", wind)

CUT = Card("cut", "The cut", cut)

RESUMING = highlight(f"{source_of(number_after)}\n\n{source_of(reading)}")

MODEL = highlight(source_of(speed_of))


@require_safe
@never_cache
def live(request: HttpRequest) -> HTML:
    """
    Show the chart, and give the page a key: whoever has it may cut the stream.
    """
    context = {
        "key": uuid4(),
        "seen": latest() - SPAN,
        "span": SPAN,
        "epoch": round(EPOCH * 1000),
        "period": round(PERIOD * 1000),
        "stream": STREAM,
        "cut": CUT,
        "resuming": RESUMING,
        "model": MODEL,
    }
    return rendered(request, "showcase/live.html", context)
