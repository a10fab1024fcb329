"""
Addresses of the pages, and of the view behind each card.
"""

from django.urls import include, path

from testproject.showcase.gallery import CARDS
from testproject.showcase.views.handlers import api
from testproject.showcase.views.index import index, wire
from testproject.showcase.views.live import cut, live, wind
from testproject.showcase.views.streams import STREAMS, state, streams

app_name = "showcase"

urlpatterns = [
    path("", index, name="index"),
    path("wire/<slug:slug>/", wire, name="wire"),
    path("returns/", include(api.urls)),
    *(
        path(f"returns/{card.slug}/", card.callback, name=card.slug)
        for card in CARDS.values()
        if card.slug not in {pattern.name for pattern in api.urls}
    ),
    path("streams/", streams, name="streams"),
    path("streams/state/<uuid:key>/", state, name="stream-state"),
    *(path(f"streams/{card.slug}/", card.callback, name=card.slug) for card in STREAMS),
    path("live/", live, name="live"),
    path("live/<uuid:key>/wind/", wind, name="wind"),
    path("live/<uuid:key>/cut/", cut, name="cut"),
]
