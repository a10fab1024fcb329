"""
Streams of every kind, over the same work.
"""

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator

from django.http import HttpRequest

from django_bolt import StreamingResponse
from testproject.showcase.atmosphere import Stage, climb
from testproject.showcase.models import Station
from testproject.showcase.runs import Run

TEXT = "text/plain; charset=utf-8"


def sync_source(request: HttpRequest) -> StreamingResponse:
    """
    A plain generator, with the ORM as you know it. Leaving the ``with`` block
    notes that the source was closed.
    """
    run = Run()

    def lines() -> Iterator[str]:
        with run:
            for stage in climb(Station.objects.all()):
                yield f"{stage}\n"

    return StreamingResponse(
        lines(),
        media_type=TEXT,
        headers=run.headers,
    )


def async_source(request: HttpRequest) -> StreamingResponse:
    """
    The same with ``async`` and ``await``: the work is done in a thread, so that
    the loop stays free for others.
    """
    run = Run()

    async def lines() -> AsyncIterator[str]:
        with run:
            query = Station.objects.all()
            work = climb([row async for row in query])
            while stage := await to_thread(next, work, None):
                yield f"{stage}\n"

    return StreamingResponse(
        lines(),
        media_type=TEXT,
        headers=run.headers,
    )


def json_lines(request: HttpRequest) -> StreamingResponse:
    """
    With ``application/jsonl`` any value may be yielded, here a ``Struct``. Each
    goes out as a line of JSON that is whole by itself.
    """
    run = Run()

    def stages() -> Iterator[Stage]:
        with run:
            yield from climb(Station.objects.all())

    return StreamingResponse(
        stages(),
        media_type="application/jsonl",
        headers=run.headers,
    )
