"""
The first page, and the exchange behind two of its cards.
"""

import time
from collections.abc import Mapping

from django.db import DatabaseError
from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie

from django_bolt import HTML, PlainText, Response
from testproject.showcase.gallery import CARDS, GROUPS
from testproject.showcase.models import Cut, Station
from testproject.showcase.wire import exchange

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


@require_safe
@vary_on_cookie
def index(request: HttpRequest) -> HTML:
    """
    Show a card for each kind of response, or what to do when there is no data.
    """
    context = {"groups": GROUPS, "total": len(CARDS)}
    return rendered(request, "showcase/index.html", context)


def rendered(
    request: HttpRequest, template: str, context: Mapping[str, object]
) -> HTML:
    """
    Return a page under the demo's policy, or the one that says how to get data.
    """
    ready = has_data()
    if not ready:
        template = "showcase/unready.html"
    return HTML(
        render_to_string(template, context, request),
        status_code=200 if ready else 503,
        headers={"Content-Security-Policy": POLICY},
    )


def has_data() -> bool:
    """
    Tell whether the tables exist, those of newer versions too, and hold a station.
    """
    try:
        Cut.objects.exists()
        return Station.objects.exists()
    except DatabaseError:
        return False


@require_safe
def wire(request: HttpRequest, slug: str) -> PlainText | Response:
    """
    Call a card's view over a socket and return the answer as it came.

    Spec: RFC 9112 §10.1, the media type ``message/http``.
    """
    if slug not in CARDS:
        raise Http404
    port = int(request.META["SERVER_PORT"])
    start = time.perf_counter()
    try:
        answer = exchange(port, CARDS[slug].url)
    except OSError as error:
        return PlainText(
            f"No answer on localhost, port {port}: {error}. The server must be "
            "reachable under that name and serve two requests at once.\n",
            status_code=502,
        )
    milliseconds = (time.perf_counter() - start) * 1000
    return Response(
        answer,
        headers={"Server-Timing": f"exchange;dur={milliseconds:.1f}"},
        media_type="message/http",
    )
