"""Paths lead where Django says, and the match says the same of it."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, cast

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.base import BaseHandler
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import (
    Resolver404,
    ResolverMatch,
    URLPattern,
    URLResolver,
    include,
    path,
    re_path,
    register_converter,
)
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.functional import lazy
from django.views import View
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.handlers.routing import Router, resolve


def here(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    return HttpResponse("here")


class There(View):
    """A view of a class."""


class Picky:
    """A converter that takes an even number, and finds nothing for seven."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        """Return the number."""
        asked.append(value)
        number = int(value)
        if number == 7:
            raise Resolver404({"tried": [["seven"]]})
        if number == 9:
            raise Http404("nine")
        if number % 2:
            raise ValueError("odd")
        return number

    def to_url(self, value: int) -> str:
        """Return the number as text."""
        return str(value)


asked: list[str] = []
register_converter(Picky, "picky")


class OwnPattern(URLPattern):
    """A pattern of a project's own."""

    def resolve(self, path: str) -> Any:
        """Find less than Django does."""
        return None if path.endswith("hidden") else super().resolve(path)


class OwnResolver(URLResolver):
    """A resolver of a project's own."""


class Upper(str):
    """What a pattern of a project's own may leave of a path."""


class OwnRegex(RegexPattern):
    """Leaves no plain text."""

    def match(self, path: str) -> Any:
        """Return the rest in a class of one's own."""
        match = super().match(path)
        return match and (Upper(match[0]), *match[1:])


INNER = [
    path("", here, name="index"),
    path("<int:pk>/", here, {"extra": 1}, name="detail"),
    path("<picky:number>/even/", here),
    re_path(r"^(?P<year>[0-9]{4})/(?P<rest>.+)?$", here, name="year"),
    re_path(r"^unnamed/([a-z]+)/$", here),
]

PATTERNS: list[Any] = [
    path("", here, name="root"),
    path("plain/", here, name="plain"),
    path("class/<slug:name>/", There.as_view(), {"a": 2}, name="class"),
    path(lazy(lambda: "lazy/", str)(), here),
    path("empty/", include([])),
    path("first/", include((INNER, "app"), namespace="space")),
    path("second/<int:pk>/", include(INNER), {"given": True}),
    re_path(r"^third/([a-z]+)/", include(INNER)),
    re_path(r"^fourth/(?P<word>[a-z]+)/", include((INNER, "other"))),
    path("deep/", include([path("deeper/", include((INNER, "app")))])),
    OwnPattern(RoutePattern("own/<path:rest>", is_endpoint=True), here),
    OwnResolver(RegexPattern(r"^resolver/"), INNER),
    URLResolver(OwnRegex(r"^regex/"), INNER),
    path("<picky:number>/", here, name="picky"),
    path("<path:rest>/end", here),
]

PATHS = [
    "/",
    "/plain/",
    "/plain",
    "/class/a-b/",
    "/class/a.b/",
    "/lazy/",
    "/empty/",
    "/empty/x",
    "/first/",
    "/first/5/",
    "/first/6/even/",
    "/first/5/even/",
    "/first/7/even/",
    "/first/2020/x",
    "/first/2020/",
    "/first/unnamed/abc/",
    "/first/none",
    "/second/3/",
    "/second/3/4/",
    "/second/x/",
    "/third/abc/",
    "/third/abc/5/",
    "/third/abc/unnamed/def/",
    "/third/abc/2020/",
    "/fourth/abc/2021/z",
    "/fourth/abc/unnamed/def/",
    "/deep/deeper/8/",
    "/deep/deeper/nothing",
    "/deep/",
    "/own/a/b",
    "/own/hidden",
    "/resolver/5/",
    "/resolver/none",
    "/regex/5/",
    "/regex/none",
    "/4/",
    "/5/",
    "/7/",
    "/x/y/end",
    "/none",
    "none",
]


ATTRIBUTES = list(vars(URLResolver(RegexPattern("^/"), PATTERNS).resolve("/")))


def ask(resolver: URLResolver, path: str, find: Any) -> tuple[object, list[str]]:
    """Return all that is found, or the error; and what a converter was asked."""
    asked.clear()
    try:
        match = find(resolver, path)
        found: object = [getattr(match, name) for name in ATTRIBUTES]
    except Resolver404 as error:
        found = error.args
    return found, list(asked)


@pytest.mark.parametrize("path", PATHS)
def test_match_is_djangos_at_each_request(path: str) -> None:
    resolver = URLResolver(RegexPattern("^/"), PATTERNS)
    expected = ask(resolver, path, URLResolver.resolve)

    # Seen, remembered, recalled.
    assert [ask(resolver, path, resolve) for _ in range(4)] == [expected] * 4


ROUTES = [
    "",
    "a",
    "a/",
    "ab/",
    "b-",
    "<int:n>",
    "a<int:n>/",
    "a/<slug:s>",
    "<path:p>/b",
]
REGEXES = [
    *("a", "^", "^a", "^-", "^a/$", "^ab?/", "^ab*", "^a{2}", "^a+/", "^a|b", "^(?i)A"),
    *("(?i:^A)", "^a-b/$", r"^a\/", "^([ab])", "^(?P<w>[ab]+)/", "^a/(?:b|a)"),
]


def make_pattern(text: tuple[bool, str], inner: list[Any] | None) -> Any:
    is_regex, what = text
    if "(?i)" in what:
        what = "(?i)" + what.replace("(?i)", "")
    make: Any = re_path if is_regex else path
    return make(what, here if inner is None else include(inner))


texts = st.one_of(
    st.tuples(st.just(False), st.sampled_from(ROUTES)),
    st.tuples(st.just(True), st.sampled_from(REGEXES)),
)
ends = texts.map(lambda text: make_pattern(text, None))
levels = st.lists(
    st.one_of(
        ends,
        st.tuples(texts, st.lists(ends, max_size=4)).map(lambda of: make_pattern(*of)),
    ),
    max_size=6,
)


@given(levels, st.lists(st.text("aAb/-1", max_size=6), min_size=1, max_size=5))
def test_any_patterns_lead_where_django_says(
    patterns: list[Any], paths: list[str]
) -> None:
    resolver = URLResolver(RegexPattern("^/"), patterns)

    for asked_for in [f"/{one}" for one in paths] * 4:
        expected = ask(resolver, asked_for, URLResolver.resolve)

        assert ask(resolver, asked_for, resolve) == expected


class Slots:
    """What matches, of a project's own, and has no dict."""

    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name = "slots"

    def match(self, path: str) -> Any:
        """Match whatever begins with an s."""
        return (path[1:], (), {}) if path.startswith("s") else None

    def describe(self) -> str:
        """Name itself, in an error."""
        return "slots"


class Routes(str, Enum):
    """Routes by name."""

    ONE = "foo/"


def find_itself(pattern: Any) -> Any:
    """Put a ``resolve`` in the place of a pattern's."""
    pattern.resolve = lambda path: ResolverMatch(
        there, (), {}, "own", route="own", captured_kwargs={}, extra_kwargs={}
    )
    return pattern


def ignore_case(pattern: Any) -> Any:
    """Give a pattern another expression than it was made with."""
    pattern.pattern.regex = re.compile(pattern.pattern._regex, re.IGNORECASE)
    return pattern


there = There.as_view()


@pytest.mark.parametrize("place", [":", "0", "1"], ids=["root", "at the root", "below"])
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: find_itself(path("foo/", here)), id="resolve"),
        pytest.param(
            lambda: find_itself(path("foo/", include(INNER))), id="resolve of include"
        ),
        pytest.param(lambda: ignore_case(re_path("^foo/$", here)), id="expression"),
        pytest.param(lambda: ignore_case(path("foo/<pk>", here)), id="route"),
        pytest.param(lambda: path(Routes.ONE, here), id="enumeration"),
        pytest.param(lambda: URLPattern(cast(Any, Slots()), here), id="slots"),
        pytest.param(lambda: re_path("^foo/(", here), id="no expression"),
    ],
)
def test_what_is_not_quite_djangos_leads_where_django_says(
    make: Callable[[], Any], place: str
) -> None:
    patterns = [path("bar/", here, name="bar"), make(), path("baz/", here, name="baz")]
    if place == "1":
        patterns = [path("", include(patterns))]
    resolver = URLResolver(RegexPattern("^/"), patterns)
    if place == ":":
        find_itself(resolver)

    for asked_for in ["/foo/", "/FOO/", "/foo/1", "/FOO/1", "/s", "/bar/", "/baz/"] * 4:
        expected: object
        try:
            expected = ask(resolver, asked_for, lambda _, path: resolver.resolve(path))
        except ImproperlyConfigured as error:
            with pytest.raises(ImproperlyConfigured, match=re.escape(str(error))):
                resolve(resolver, asked_for)
        else:
            assert ask(resolver, asked_for, resolve) == expected


@pytest.mark.parametrize("path", ["/4/", "/resolver/5/", "/first/4/even/"])
def test_resolver_of_a_project_resolves_itself(path: str) -> None:
    resolver = OwnResolver(RegexPattern("^/"), PATTERNS)

    assert ask(resolver, path, resolve) == ask(resolver, path, OwnResolver.resolve)


def test_error_of_a_converter_is_the_projects() -> None:
    resolver = URLResolver(RegexPattern("^/"), PATTERNS)

    with pytest.raises(Http404, match="nine"):
        resolve(resolver, "/9/")


def test_pattern_that_is_added_later_is_found() -> None:
    patterns = [path("first/", here, name="first")]
    resolver = URLResolver(RegexPattern("^/"), patterns)
    with pytest.raises(Resolver404):
        resolve(resolver, "/second/")

    patterns.append(path("second/", here, name="second"))

    assert resolve(resolver, "/second/").url_name == "second"


def test_match_shares_nothing_with_the_next() -> None:
    resolver = URLResolver(RegexPattern("^/"), PATTERNS[:3])

    for _ in range(4):
        match: Any = resolve(resolver, "/class/a/")

        assert match.kwargs == {"name": "a", "a": 2}
        assert match.app_names == match.namespaces == []
        assert match.captured_kwargs == {"name": "a"}
        assert match.extra_kwargs == {"a": 2}
        assert len(match.tried) == 3
        for mutable in (
            match.kwargs,
            match.captured_kwargs,
            match.extra_kwargs,
            match.tried,
        ):
            mutable.clear()
        match.app_names.append("changed")
        match.namespaces.append("changed")


@pytest.mark.parametrize("kind", [RoutePattern, RegexPattern])
def test_match_that_another_package_has_replaced_is_called(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[str] = []
    call = kind.match

    def trace(self: Any, path: str) -> Any:
        traced.append(path)
        return call(self, path)

    resolver = URLResolver(RegexPattern("^/"), PATTERNS[1:2])
    for _ in range(3):
        resolve(resolver, "/plain/")
    monkeypatch.setattr(kind, "match", trace)

    resolve(resolver, "/plain/")

    assert traced == ["/plain/" if kind is RegexPattern else "plain/"]


@pytest.mark.parametrize("kind", [URLResolver, URLPattern])
def test_resolve_that_another_package_has_replaced_is_called(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[str] = []
    call = kind.resolve

    def trace(self: Any, path: str) -> Any:
        traced.append(path)
        return call(self, path)

    resolver = URLResolver(RegexPattern("^/"), PATTERNS[1:2])
    monkeypatch.setattr(kind, "resolve", trace)

    assert resolve(resolver, "/plain/").url_name == "plain"
    assert traced == ["/plain/" if kind is URLResolver else "plain/"]


def test_resolve_request_that_another_package_has_replaced_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trace(self: Any, request: HttpRequest) -> Any:
        return "theirs"

    monkeypatch.setattr(BaseHandler, "resolve_request", trace)

    assert Router().resolve_request(HttpRequest()) == "theirs"  # type: ignore[comparison-overlap]


def test_urlconf_of_the_request_decides() -> None:
    request: Any = HttpRequest()
    request.path_info = "/plain/"
    request.urlconf = tuple(PATTERNS[1:2])

    match = Router().resolve_request(request)

    assert (match.url_name, request.resolver_match) == ("plain", match)
