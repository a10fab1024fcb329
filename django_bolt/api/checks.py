"""
System checks of the handlers that the URLconf includes.

What can be told when a handler is decorated is an exception there. Here is what
shows only when all modules are imported: names that are defined by then,
decorators over ``@api.get``, and the prefixes under which an API is included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import URLResolver, get_resolver

from django_bolt.api.dispatch import find_disagreements
from django_bolt.api.endpoints import Endpoint
from django_bolt.api.results import is_generator
from django_bolt.api.routing import RoutedPattern


def check_handlers_are_complete(**kwargs: Any) -> list[CheckMessage]:
    """E050: an annotation that cannot be evaluated would filter nothing."""
    return [
        Error(
            problem,
            hint="Under TYPE_CHECKING, a name is not there when the server runs.",
            id="django_bolt.E050",
        )
        for endpoint in _endpoints()
        if (problem := endpoint.find_problem()) is not None
    ]


def check_handlers_take_what_urls_give(**kwargs: Any) -> list[CheckMessage]:
    """E051: a prefix with parameters of its own gives them to every handler."""
    return [
        Error(
            f"The URL pattern of the handler {endpoint.name} gives it "
            f"{_list(sorted(given))}, and {problem}.",
            hint="Parameters of the path and of its prefixes are given by name.",
            id="django_bolt.E051",
        )
        for pattern, given in _patterns()
        for endpoint in pattern.route.endpoints.values()
        for problem in _find_mismatches(endpoint, given)
    ]


def check_generators_have_a_response_class(**kwargs: Any) -> list[CheckMessage]:
    """W050: chunks of no declared type are seldom what is meant."""
    return [
        Warning(
            f"The handler {endpoint.name} is a generator without a response_class: "
            "its chunks go out as application/octet-stream.",
            hint="Give response_class=EventSourceResponse or StreamingResponse.",
            id="django_bolt.W050",
        )
        for endpoint in _endpoints()
        if endpoint.options.response_class is None and is_generator(endpoint.function)
    ]


def check_handlers_of_a_path_agree(**kwargs: Any) -> list[CheckMessage]:
    """W051: what Django reads from a view holds for all methods of its path."""
    return [
        Warning(
            f"The handlers of the path {pattern.endpoint.template!r} disagree about "
            f"{mark}, so it holds for none of them.",
            hint="Decorate all of them so, or give them paths of their own.",
            id="django_bolt.W051",
        )
        for pattern in _first_patterns()
        for mark in find_disagreements(list(pattern.route.endpoints.values()))
    ]


def check_decorators_are_found(**kwargs: Any) -> list[CheckMessage]:
    """W052: a decorator that hides what it wraps guards nothing from above."""
    return [
        Warning(
            f"The name of the handler {endpoint.name} is bound to something else: a "
            f"decorator that stands over api.{endpoint.method.lower()}, and does not "
            "use functools.wraps, is not applied.",
            hint=f"Put the decorator under api.{endpoint.method.lower()}.",
            id="django_bolt.W052",
        )
        for endpoint in _endpoints()
        if endpoint.binding.is_lost
    ]


def check_handlers_of_a_path_share_it(**kwargs: Any) -> list[CheckMessage]:
    """W053: what one annotation makes another path of is asked for in vain."""
    return [
        Warning(
            f"The handler {endpoint.name} is not asked for {method} at the URLs of the "
            f"path {endpoint.template!r} that {other.name} matches: the two annotate "
            "its parameters otherwise, which makes two paths of it, and the first one "
            "answers 405.",
            hint="Annotate the parameters alike in all handlers of the path.",
            id="django_bolt.W053",
        )
        for pattern in _first_patterns()
        for earlier in pattern.route.earlier
        for other in list(earlier.endpoints.values())[:1]
        for method, endpoint in pattern.route.endpoints.items()
        if method not in earlier.endpoints
    ]


CHECKS = (
    check_handlers_are_complete,
    check_handlers_take_what_urls_give,
    check_generators_have_a_response_class,
    check_handlers_of_a_path_agree,
    check_decorators_are_found,
    check_handlers_of_a_path_share_it,
)


def _find_mismatches(endpoint: Endpoint, given: frozenset[str]) -> Iterator[str]:
    signature = endpoint.signature
    missing = signature.required - given
    if missing:
        yield f"it also needs {_list(sorted(missing))}"
    if signature.accepted is not None and given - signature.accepted:
        yield f"it does not take {_list(sorted(given - signature.accepted))}"


def _list(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "nothing"


def _endpoints() -> Iterator[Endpoint]:
    for pattern in _first_patterns():
        for endpoint in pattern.route.endpoints.values():
            endpoint.binding.settle()
            yield endpoint


def _first_patterns() -> Iterator[RoutedPattern]:
    """Iterate over the patterns, one for each path."""
    seen = set()
    for pattern, _ in _patterns():
        if pattern.route not in seen:
            seen.add(pattern.route)
            yield pattern


def _patterns() -> Iterator[tuple[RoutedPattern, frozenset[str]]]:
    """Iterate over the patterns in the URLconf, and the parameters they give."""
    if getattr(settings, "ROOT_URLCONF", None):
        yield from _walk(get_resolver(), frozenset())


def _walk(
    resolver: URLResolver, given: frozenset[str]
) -> Iterator[tuple[RoutedPattern, frozenset[str]]]:
    for pattern in resolver.url_patterns:
        names = given | pattern.pattern.regex.groupindex.keys()
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, names | pattern.default_kwargs.keys())
        elif isinstance(pattern, RoutedPattern):
            yield pattern, names
