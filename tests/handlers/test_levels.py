"""What a path must begin with is found, and no more than what is certain."""

import enum
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.urls.resolvers import LocalePrefixPattern, RoutePattern
from django.utils.functional import lazy

from django_bolt.handlers.levels import OTHER, find_kind, find_prefix


def here(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    return HttpResponse()


class OwnRoute(RoutePattern):
    """A kind of route of a project's own."""


class OwnPattern(URLPattern):
    """A pattern of a project's own."""


class Routes(str, enum.Enum):
    """Routes by name."""

    ONE = "a/"


class Slots:
    """No pattern of Django's, that has no dict."""

    __slots__ = ("name",)

    def match(self, path: str) -> None:
        """Match nothing."""


def with_expression(pattern: Any) -> Any:
    """Make a pattern match otherwise than it was written."""
    pattern.pattern.regex = re.compile(pattern.pattern._regex, re.IGNORECASE)
    return pattern


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
        pytest.param(path(Routes.ONE, here), id="route of an enumeration"),
        pytest.param(URLPattern(Slots(), here), id="slots"),  # type: ignore[arg-type]
        pytest.param(with_expression(re_path("^a/$", here)), id="another expression"),
        pytest.param(with_expression(path("a/<x>", here)), id="another for a route"),
        pytest.param(re_path("^a(", here), id="expression that cannot be compiled"),
    ],
)
def test_pattern_that_may_answer_as_it_likes_is_always_asked(pattern: Any) -> None:
    assert find_prefix(pattern) == ""


def test_route_that_converts_nothing_needs_no_expression() -> None:
    assert find_prefix(with_expression(path("a/", here))) == "a/"


@pytest.mark.parametrize(
    "pattern", [path("a/", here), path("a/", include([]))], ids=["view", "include"]
)
def test_pattern_with_a_resolve_of_its_own_finds_its_way_itself(pattern: Any) -> None:
    pattern.resolve = lambda path: None

    assert find_kind(pattern) is OTHER


@pytest.mark.parametrize("name", ["resolve", "match"])
def test_pattern_with_a_method_put_in_its_place_is_always_asked(name: str) -> None:
    pattern: Any = path("a/", here)
    vars(pattern if name == "resolve" else pattern.pattern)[name] = lambda path: None

    assert find_prefix(pattern) == ""
