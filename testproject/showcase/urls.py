"""
Addresses of the pages, and of the view behind each card.
"""

from django.urls import path

from testproject.showcase.gallery import CARDS
from testproject.showcase.views.index import index, wire

app_name = "showcase"

urlpatterns = [
    path("", index, name="index"),
    path("wire/<slug:slug>/", wire, name="wire"),
    *(
        path(f"returns/{card.slug}/", card.callback, name=card.slug)
        for card in CARDS.values()
    ),
]
