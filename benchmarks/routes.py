"""
Finding the view of a path, beside Django.

Run ``python -m benchmarks.routes`` in the project's root; needs the extra ``bench``.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLResolver, include, path, re_path
from django.urls.resolvers import RegexPattern

settings.configure(ROOT_URLCONF="benchmarks", SECRET_KEY="bench")
django.setup()

from benchmarks.measure import describe_machine, fastest, print_table  # noqa: E402
from django_bolt.handlers.routing import resolve  # noqa: E402


def answer(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer; never called."""
    return HttpResponse()


def make_list(name: str) -> list[Any]:
    """Return what a project has for one of its models."""
    return [
        path(f"{name}/", answer),
        path(f"{name}/new/", answer),
        path(f"{name}/<int:pk>/", answer),
        path(f"{name}/<int:pk>/edit/", answer),
        re_path(rf"^{name}/(?P<year>[0-9]{{4}})/(?P<slug>[\w-]+)/$", answer),
    ]


def make_flat(models: int) -> list[Any]:
    """Return a list of five patterns for each model."""
    return [one for number in range(models) for one in make_list(f"model{number}")]


SITES: dict[str, tuple[list[Any], str, float]] = {
    "one pattern": ([path("item/<int:pk>/", answer)], "/item/{}/", 0.9),
    "the last of 20 in one list": (make_flat(4), "/model3/2026/{}/", 1.2),
    "the last of 200 in one list": (make_flat(40), "/model39/2026/{}/", 2.0),
    "the last of 200 in 20 lists, each below a prefix": (
        [path(f"app{number}/", include(make_flat(2))) for number in range(20)],
        "/app19/model1/2026/{}/",
        2.0,
    ),
}
"""The patterns, the path, and how many times as fast as Django ours must be."""


def make_cases(patterns: list[Any], asked_for: str) -> dict[str, Callable[[], object]]:
    """Return who finds the view, by name."""
    resolver = URLResolver(RegexPattern("^/"), patterns)
    numbers = itertools.count(1000)
    again = asked_for.format(1)
    return {
        "Django": lambda: resolver.resolve(asked_for.format(next(numbers))),
        "django-bolt, a path that has not come before": lambda: resolve(
            resolver, asked_for.format(next(numbers))
        ),
        "django-bolt, a path that comes again": lambda: resolve(resolver, again),
    }


def main() -> int:
    """Print the tables; return 1 if an aim is missed."""
    print(describe_machine())
    ours = "django-bolt, a path that has not come before"
    reached = True
    for title, (patterns, asked_for, aim) in SITES.items():
        times = fastest(make_cases(patterns, asked_for))
        reached = print_table(title, times, ours, {"Django": aim}) and reached
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
