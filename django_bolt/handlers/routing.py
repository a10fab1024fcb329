"""
Find the view of a path as Django does, with one ``ResolverMatch``.

``URLResolver.resolve`` makes one for each level of ``include()``, to copy it, and
raises an error for each level at which nothing is found. Here the patterns are
walked in the same order and asked the same questions, and the match, or the
error, is made at the end. What is no ordinary pattern of Django's resolves itself.
Where a path has led before is remembered (``ways``).
"""

from __future__ import annotations

from typing import Any, TypeAlias

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.urls import (
    Resolver404,
    ResolverMatch,
    URLPattern,
    URLResolver,
    get_resolver,
)
from django.urls.resolvers import RegexPattern, RoutePattern

from django_bolt.handlers.levels import INCLUDE, VIEW
from django_bolt.handlers.originals import find_original
from django_bolt.handlers.ways import Found, RememberedMatch, Site, Visit

Missed: TypeAlias = dict[str, Any]
"""What a ``Resolver404`` says."""

_DJANGOS_RESOLVE_REQUEST = find_original(BaseHandler, "resolve_request")
_DJANGOS_RESOLVE = find_original(URLResolver, "resolve")
_DJANGOS_RESOLVE_VIEW = find_original(URLPattern, "resolve")
_DJANGOS_MATCH_ROUTE = find_original(RoutePattern, "match")
_DJANGOS_MATCH_REGEX = find_original(RegexPattern, "match")
"""Packages that trace requests replace them; theirs are called then."""


class Router(BaseHandler):
    """The part of a handler that finds the view."""

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Return the match of a request, and keep it there."""
        if BaseHandler.resolve_request is not _DJANGOS_RESOLVE_REQUEST or hasattr(
            request, "urlconf"
        ):
            return super().resolve_request(request)
        match = resolve(get_resolver(), request.path_info)
        request.resolver_match = match
        return match


def resolve(resolver: Any, path: str) -> ResolverMatch:
    """
    Do what ``resolver.resolve(path)`` does.

    Args:
        resolver: Mostly the one of the root URL configuration.
        path: What the client asks for.

    Raises:
        Resolver404: No pattern matches.
    """
    site = Site.of(resolver)
    if (
        site.finds_itself
        or URLResolver.resolve is not _DJANGOS_RESOLVE
        or URLPattern.resolve is not _DJANGOS_RESOLVE_VIEW
        or RoutePattern.match is not _DJANGOS_MATCH_ROUTE
        or RegexPattern.match is not _DJANGOS_MATCH_REGEX
    ):
        return resolver.resolve(path)  # type: ignore[no-any-return]
    remembered = site.recall(path)
    if remembered is not None:
        return RememberedMatch(remembered, resolver, path)
    visits: list[Visit] = []
    found = _walk(site, resolver, path, visits)
    if isinstance(found, dict):
        raise Resolver404(found)
    site.note(path, found, visits)
    return ResolverMatch(*found)


def _walk(site: Site, resolver: Any, path: str, visits: list[Visit]) -> Found | Missed:
    """Go through the patterns of one level, until one matches; note the visit."""
    path = str(path)
    match = resolver.pattern.match(path)
    if not match:
        return {"path": path}
    level = site.read(resolver)
    visit = Visit(resolver, level)
    visits.append(visit)
    if level is None:
        return _ask(resolver, path)
    rest, args, kwargs = match
    tried: list[Any] = []
    found: Found | Missed
    for asked, (pattern, kind, prefix) in enumerate(level.entries, 1):
        if prefix and not rest.startswith(prefix):
            tried.append([pattern])
            continue
        try:
            if kind is VIEW:
                end = pattern.pattern.match(rest)
                if end:
                    visit.asked = asked
                    return _end(resolver, pattern, args, kwargs, tried, end)
                tried.append([pattern])
                continue
            if kind is INCLUDE:
                found = _walk(site, pattern, rest, visits)
            else:
                found = _ask(pattern, rest)
        except Resolver404 as error:
            found = error.args[0]
        if isinstance(found, tuple):
            visit.asked = asked
            return _join(resolver, pattern, args, kwargs, tried, found)
        resolver._extend_tried(tried, pattern, found.get("tried"))
    return {"tried": tried, "path": rest}


def _end(
    resolver: Any,
    pattern: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    tried: list[Any],
    match: tuple[str, Any, dict[str, Any]],
) -> Found:
    """Say what was found by a pattern that leads to a view."""
    _, own_args, captured = match
    kwargs = {
        **kwargs,
        **resolver.default_kwargs,
        **captured,
        **pattern.default_args,
    }
    tried.append([pattern])
    return (
        pattern.callback,
        # "If there are *any* named groups, ignore all non-named groups."
        own_args if kwargs else args + own_args,
        kwargs,
        pattern.pattern.name,
        [resolver.app_name],
        [resolver.namespace],
        str(pattern.pattern),
        tried,
        captured,
        {**resolver.default_kwargs, **pattern.default_args},
    )


def _join(
    resolver: Any,
    pattern: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    tried: list[Any],
    found: Found,
) -> Found:
    """Say what was found one level below."""
    (view, own_args, own_kwargs, name, apps, spaces, route, below, captured, extra) = (
        found
    )
    kwargs = {**kwargs, **resolver.default_kwargs, **own_kwargs}
    before = "" if isinstance(pattern, URLPattern) else str(pattern.pattern)
    resolver._extend_tried(tried, pattern, below)
    return (
        view,
        own_args if kwargs else args + own_args,
        kwargs,
        name,
        [resolver.app_name, *apps],
        [resolver.namespace, *spaces],
        resolver._join_route(before, route),
        tried,
        captured,
        {**resolver.default_kwargs, **extra},
    )


def _ask(pattern: Any, path: str) -> Found | Missed:
    """Let a pattern resolve itself, whatever it is."""
    match = pattern.resolve(path)
    if not match:
        return {}
    return (
        match.func,
        match.args,
        match.kwargs,
        match.url_name,
        match.app_names,
        match.namespaces,
        match.route,
        match.tried,
        match.captured_kwargs,
        match.extra_kwargs,
    )
