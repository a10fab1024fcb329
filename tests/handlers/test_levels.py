"""What a path must begin with is found, and no more than what is certain."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.functional import lazy

from django_bolt.handlers import levels
from django_bolt.handlers.levels import find_prefix, read_level


def here(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    return HttpResponse()


class OwnRoute(RoutePattern):
    """A kind of route of a project's own."""


class OwnPattern(URLPattern):
    """A pattern of a project's own."""


@pytest.mark.parametrize(
    ("route", "prefix"),
    [
        ("", ""),
        ("users/", "users/"),
        ("users/<int:pk>/", "users/"),
        ("<slug:name>/users/", ""),
        ("caf\xe9/<path:rest>", "caf\xe9/"),
    ],
)
@pytest.mark.parametrize("is_end", [True, False], ids=["view", "include"])
def test_route_begins_with_what_stands_before_its_first_converter(
    route: str, prefix: str, is_end: bool
) -> None:
    pattern: Any = path(route, here) if is_end else path(route, include([]))

    assert find_prefix(pattern) == prefix


@pytest.mark.parametrize(
    ("regex", "prefix"),
    [
        ("^users/$", "users/"),
        ("^users/(?P<pk>[0-9]+)/$", "users/"),
        (r"^users\.json$", "users"),
        ("^users/(?:new)/$", "users/"),
        ("^users?/$", "user"),
        ("^users*/$", "user"),
        ("^users{2}/$", "user"),
        ("^users+/$", "users"),
        ("^users|^groups", ""),
        ("^users/(a|b)", ""),
        ("(?i)^users/", ""),
        ("^(?i:users)/", ""),
        ("^users/(?=x)", ""),
        ("users/$", ""),
        ("^[a-z]+/$", ""),
        ("^$", ""),
    ],
)
def test_expression_begins_with_text_that_every_match_begins_with(
    regex: str, prefix: str
) -> None:
    assert find_prefix(re_path(regex, here)) == prefix


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(path(lazy(lambda: "a/", str)(), here), id="translated"),
        pytest.param(re_path(lazy(lambda: "^a/", str)(), here), id="translated regex"),
        pytest.param(URLPattern(OwnRoute("a/"), here), id="route of its own"),
        pytest.param(OwnPattern(RoutePattern("a/"), here), id="pattern of its own"),
        pytest.param(URLResolver(LocalePrefixPattern(), []), id="language"),
    ],
)
def test_pattern_that_may_answer_as_it_likes_is_always_asked(pattern: Any) -> None:
    assert find_prefix(pattern) == ""


@pytest.mark.parametrize("name", ["resolve", "match"])
def test_pattern_with_a_method_put_in_its_place_is_always_asked(name: str) -> None:
    pattern: Any = path("a/", here)
    vars(pattern if name == "resolve" else pattern.pattern)[name] = lambda path: None

    assert find_prefix(pattern) == ""


def test_level_is_read_once() -> None:
    resolver = URLResolver(RegexPattern("^/"), [path("a/", here)])

    assert read_level(resolver) is read_level(resolver)


def test_level_is_read_anew_when_a_pattern_takes_the_place_of_another() -> None:
    patterns = [path("a/", here)]
    resolver = URLResolver(RegexPattern("^/"), patterns)
    read_level(resolver)

    patterns[0] = path("b/", here)

    assert read_level(resolver).entries == [(patterns[0], "b/")]


@pytest.mark.parametrize("kind", [list, tuple, dict.fromkeys], ids=str)
def test_patterns_may_be_any_collection(kind: Any) -> None:
    pattern = path("a/", here)
    resolver = URLResolver(RegexPattern("^/"), kind([pattern]))

    for _ in range(2):
        assert read_level(resolver).entries == [(pattern, "a/")]


def test_no_more_than_some_levels_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "SIZE", 3)
    monkeypatch.setattr(levels, "_levels", {})

    for _ in range(10):
        read_level(URLResolver(RegexPattern("^/"), []))

    assert len(levels._levels) <= 3
