"""
The demo's pages: the list that the navigation shows, and what all of them share.
"""

import platform
from dataclasses import dataclass

import django
from django.http import HttpRequest

import django_bolt

THEMES = {"dark", "light"}


@dataclass(frozen=True)
class Page:
    """
    An entry of the navigation.

    Args:
        name: The page's name for ``reverse()``.
        title: What the navigation calls it.
    """

    name: str
    title: str


PAGES = (
    Page("showcase:index", "Responses"),
    Page("showcase:streams", "Streams"),
    Page("showcase:live", "Live events"),
)


def site(request: HttpRequest) -> dict[str, object]:
    """
    Give every template the pages, the theme that was chosen, and the versions.
    """
    theme = request.COOKIES.get("theme")
    return {
        "pages": PAGES,
        "theme": theme if theme in THEMES else "",
        "origin": f"{request.scheme}://{request.get_host()}",
        "versions": {
            "django-bolt": django_bolt.__version__,
            "Django": django.get_version(),
            "Python": platform.python_version(),
        },
        "interface": "ASGI" if hasattr(request, "scope") else "WSGI",
    }
