"""The way of a path is remembered for as long as it would be found again."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, URLResolver, include, path, re_path
from django.urls.converters import IntConverter
from django.urls.resolvers import RegexPattern
from django.utils import translation
from django.utils.functional import lazy

from django_bolt.handlers import routing
from django_bolt.handlers.routing import resolve
from django_bolt.handlers.ways import LONGEST, Ways


def here(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    return HttpResponse()


def there(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """Answer."""
    return HttpResponse()


class Changing(IntConverter):
    """A converter of a project's own, that may look anywhere."""


def patched_end() -> Any:
    pattern: Any = path("a/1/", here)
    pattern.pattern.match = type(pattern.pattern).match.__get__(pattern.pattern)
    return pattern


class Failing(IntConverter):
    """A converter that says what only patterns say."""

    def to_python(self, value: str) -> int:
        """Find nothing."""
        raise Resolver404({"tried": []})


def own_converter(route: str = "a/<int:pk>/") -> Any:
    pattern: Any = path(route, here)
    pattern.pattern.converters = {"pk": Changing()}
    return pattern


def failing_converter() -> Any:
    pattern: Any = path("<int:pk>/", here)
    pattern.pattern.converters = {"pk": Failing()}
    return pattern


class OwnPattern(URLPattern):
    """A pattern of a project's own."""


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Return what is remembered by this test alone: five paths."""
    ways = Ways(5)
    monkeypatch.setattr(routing, "WAYS", ways)
    return ways


def make_root(patterns: Any) -> URLResolver:
    return URLResolver(RegexPattern("^/"), patterns)


def ask(root: URLResolver, asked_for: str, times: int = 2) -> None:
    for _ in range(times):
        resolve(root, asked_for)


@pytest.mark.parametrize(
    "patterns",
    [
        pytest.param([path("a/1/", here)], id="route"),
        pytest.param([path("a/<int:pk>/", here)], id="converter"),
        pytest.param([re_path("^a/([0-9])/$", here)], id="expression"),
        pytest.param([path("b/", there), path("a/1/", here)], id="second"),
        pytest.param([path("a/", include([path("1/", here)]))], id="below"),
        pytest.param(
            [path("a/", include([path("2/", here)])), path("a/1/", here)],
            id="after others below",
        ),
        pytest.param([path("a/", include([])), path("a/1/", here)], id="after empty"),
        pytest.param(
            [path("a/1/", here), OwnPattern(path("b", here).pattern, here)],
            id="before a class of its own",
        ),
        pytest.param(
            [
                path("a/", include([path("1/", here)])),
                OwnPattern(path("b", here).pattern, here),
            ],
            id="below, before a class of its own",
        ),
        pytest.param((path("a/1/", here),), id="tuple"),
    ],
)
def test_path_that_comes_again_is_remembered(ways: Ways, patterns: Any) -> None:
    root = make_root(patterns)

    ask(root, "/a/1/")

    found: Any = ways.recall(root, "/a/1/")
    assert found[0] is here


def test_path_that_comes_once_is_not_remembered(ways: Ways) -> None:
    root = make_root([path("a/", here)])

    ask(root, "/a/", times=1)

    assert ways.recall(root, "/a/") is None


@pytest.mark.parametrize(
    "patterns",
    [
        pytest.param([path(lazy(lambda: "a/1/", str)(), here)], id="translated"),
        pytest.param(
            [re_path(lazy(lambda: "^a/1/$", str)(), here)], id="translated expression"
        ),
        pytest.param([own_converter()], id="converter of its own"),
        pytest.param([patched_end()], id="method put in place"),
        pytest.param(
            [
                OwnPattern(path("b", here).pattern, here),
                path("a/1/", here),
            ],
            id="after a class of its own",
        ),
        pytest.param(
            [path("a/", include([own_converter()])), path("a/1/", here)],
            id="after a converter of its own, below",
        ),
        pytest.param(
            [path("a/", include([failing_converter()])), path("a/1/", here)],
            id="after a converter that says there is nothing, below",
        ),
    ],
)
def test_path_whose_way_may_change_is_not_remembered(ways: Ways, patterns: Any) -> None:
    root = make_root(patterns)

    ask(root, "/a/1/", times=4)

    assert ways.recall(root, "/a/1/") is None


class OwnRegex(RegexPattern):
    """A kind of expression of a project's own."""


def test_path_below_a_root_of_its_own_class_is_not_remembered(ways: Ways) -> None:
    root = URLResolver(OwnRegex("^/"), [path("a/", here)])

    ask(root, "/a/", times=4)

    assert ways.recall(root, "/a/") is None


def test_path_that_a_replaced_converter_has_read_is_not_remembered(
    ways: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    root = make_root([path("<int:pk>/", here)])
    monkeypatch.setattr(
        IntConverter, "to_python", lambda self, value: read.append(value)
    )

    ask(root, "/1/", times=4)

    assert read == ["1"] * 4


def test_path_of_a_language_is_found_in_that_alone(ways: Ways) -> None:
    root = make_root(i18n_patterns(path("a/", here), prefix_default_language=False))

    for language, asked_for in [("en-us", "/a/"), ("de", "/de/a/")] * 4:
        with translation.override(language):
            assert resolve(root, asked_for).func is here
        with translation.override("fr"), pytest.raises(Exception, match="tried"):
            resolve(root, asked_for)


def first() -> tuple[list[Any], list[Any]]:
    patterns = [path("a/", here)]
    return patterns, patterns


def below() -> tuple[list[Any], list[Any]]:
    inner: list[Any] = [path("a/", here)]
    return [path("", include(inner))], inner


def empty() -> tuple[list[Any], list[Any]]:
    inner: list[Any] = []
    return [path("", include(inner)), path("a/", here)], inner


def before() -> tuple[list[Any], list[Any]]:
    inner: list[Any] = [path("b/", here)]
    return [path("", include(inner)), path("a/", here)], inner


@pytest.mark.parametrize("make", [first, below, before, empty])
def test_pattern_that_is_put_in_front_is_found(
    ways: Ways, make: Callable[[], tuple[list[Any], list[Any]]]
) -> None:
    patterns, changed = make()
    root = make_root(patterns)
    ask(root, "/a/", times=3)

    changed.insert(0, path("a/", there))

    assert [resolve(root, "/a/").func for _ in range(3)] == [there] * 3


def test_pattern_that_is_taken_away_is_not_found(ways: Ways) -> None:
    patterns = [path("a/", here), path("<slug:any>/", there)]
    root = make_root(patterns)
    ask(root, "/a/", times=3)

    del patterns[0]

    assert resolve(root, "/a/").func is there


def test_each_path_to_a_view_keeps_what_was_tried_for_it(ways: Ways) -> None:
    root = make_root(
        [path("a/", include([path("b/", there)])), path("<slug:any>/c/", here)]
    )
    expected = [root.resolve("/a/c/").tried, root.resolve("/b/c/").tried]
    assert expected[0] != expected[1]

    for _ in range(4):
        assert [resolve(root, "/a/c/").tried, resolve(root, "/b/c/").tried] == expected


def test_view_that_is_replaced_is_called(ways: Ways) -> None:
    pattern: Any = path("a/", here)
    root = make_root([pattern])
    ask(root, "/a/", times=3)

    pattern.callback = there

    assert [resolve(root, "/a/").func for _ in range(3)] == [there] * 3


def test_path_leads_elsewhere_in_another_configuration(ways: Ways) -> None:
    one, another = make_root([path("a/", here)]), make_root([path("a/", there)])

    for _ in range(4):
        assert resolve(one, "/a/").func is here
        assert resolve(another, "/a/").func is there


def test_no_more_than_some_paths_are_remembered(ways: Ways) -> None:
    root = make_root([path("<int:pk>/", here)])

    for number in range(20):
        ask(root, f"/{number}/")

    assert len(ways) == 5
    assert ways.recall(root, "/14/") is None
    assert ways.recall(root, "/19/") is not None


def test_memory_of_many_paths_does_not_grow_with_the_patterns_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(routing, "WAYS", Ways(100))
    before = [path(f"{number}/", here) for number in range(1000)]
    root = make_root([*before, path("end/<int:pk>/", here)])
    ask(root, "/end/0/")

    tracemalloc.start()
    for number in range(1, 100):
        ask(root, f"/end/{number}/")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # 8 bytes for each pattern, for each path.
    assert taken < 99 * 1000 * 8


def test_paths_of_no_more_than_some_views_are_remembered(ways: Ways) -> None:
    for _ in range(20):
        ask(make_root([path("a/", here)]), "/a/")

    assert len(ways._tried) <= 5


def test_long_path_is_not_remembered(ways: Ways) -> None:
    root = make_root([path("<path:rest>", here)])

    for size in (LONGEST, LONGEST + 1):
        ask(root, "/".ljust(size, "a"))

    assert len(ways) == 1


def test_path_that_leads_nowhere_is_not_noted(ways: Ways) -> None:
    root = make_root([path("a/", here)])

    with pytest.raises(Exception, match="tried"):
        resolve(root, "/b/")

    assert len(ways) == 0
