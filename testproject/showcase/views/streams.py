"""
The page of the streams, and what it asks about one of them.
"""

import uuid

from django.http import Http404, HttpRequest
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie

from django_bolt import HTML, JSON
from testproject.showcase.atmosphere import climb, risen
from testproject.showcase.cards import Card
from testproject.showcase.highlight import highlight
from testproject.showcase.runs import RUNS
from testproject.showcase.source import source_of
from testproject.showcase.views import sources
from testproject.showcase.views.index import rendered

STREAMS = (
    Card("sync-source", "Sync source", sources.sync_source),
    Card("async-source", "Async source", sources.async_source),
    Card("json-lines", "JSON Lines", sources.json_lines),
)

WORK = highlight(f"{source_of(climb)}\n\n{source_of(risen)}")


@require_safe
@vary_on_cookie
def streams(request: HttpRequest) -> HTML:
    """
    Show a card for each kind of stream, and where the server runs it.
    """
    context = {"streams": STREAMS, "work": WORK, "worlds": ("WSGI", "ASGI")}
    return rendered(request, "showcase/streams.html", context)


@require_safe
@never_cache
def state(request: HttpRequest, key: uuid.UUID) -> JSON:
    """
    Tell how the source of a run stands: still open, finished or closed.
    """
    run = RUNS.get(key)
    if run is None:
        raise Http404
    return JSON({"state": run.state})
