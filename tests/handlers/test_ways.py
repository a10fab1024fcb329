"""The way of a path is remembered for as long as it would be found again."""

import gc
import pickle
import tracemalloc
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, URLPattern, URLResolver, include, path, re_path
from django.urls.converters import IntConverter
from django.urls.resolvers import RegexPattern
from django.utils import translation
from django.utils.functional import lazy

from django_bolt.handlers.routing import resolve
from django_bolt.handlers.ways import LONGEST, RememberedMatch, Site


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


def make_root(patterns: Any) -> URLResolver:
    return URLResolver(RegexPattern("^/"), patterns)


def recall(root: URLResolver, asked_for: str) -> Any:
    """Return what is remembered of a path."""
    return Site.of(root).recall(asked_for)


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
def test_path_that_comes_again_is_remembered(patterns: Any) -> None:
    root = make_root(patterns)

    ask(root, "/a/1/")

    found: Any = recall(root, "/a/1/")
    assert found[0] is here


def test_path_that_comes_once_is_not_remembered() -> None:
    root = make_root([path("a/", here)])

    ask(root, "/a/", times=1)

    assert recall(root, "/a/") is None


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
def test_path_whose_way_may_change_is_not_remembered(patterns: Any) -> None:
    root = make_root(patterns)

    ask(root, "/a/1/", times=4)

    assert recall(root, "/a/1/") is None


class OwnRegex(RegexPattern):
    """A kind of expression of a project's own."""


def test_path_below_a_root_of_its_own_class_is_not_remembered() -> None:
    root = URLResolver(OwnRegex("^/"), [path("a/", here)])

    ask(root, "/a/", times=4)

    assert recall(root, "/a/") is None


def test_path_that_a_replaced_converter_has_read_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    root = make_root([path("<int:pk>/", here)])
    monkeypatch.setattr(
        IntConverter, "to_python", lambda self, value: read.append(value)
    )

    ask(root, "/1/", times=4)

    assert read == ["1"] * 4


def test_path_that_a_converter_with_a_method_put_in_place_has_read_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[str] = []
    pattern: Any = path("<int:pk>/", here)
    converter = pattern.pattern.converters["pk"]
    monkeypatch.setattr(converter, "to_python", read.append, raising=False)

    ask(make_root([pattern]), "/1/", times=4)

    assert read == ["1"] * 4


def test_path_of_a_language_is_found_in_that_alone() -> None:
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
    make: Callable[[], tuple[list[Any], list[Any]]],
) -> None:
    patterns, changed = make()
    root = make_root(patterns)
    ask(root, "/a/", times=3)

    changed.insert(0, path("a/", there))

    assert [resolve(root, "/a/").func for _ in range(3)] == [there] * 3


def test_pattern_that_is_taken_away_is_not_found() -> None:
    patterns = [path("a/", here), path("<slug:any>/", there)]
    root = make_root(patterns)
    ask(root, "/a/", times=3)

    del patterns[0]

    assert resolve(root, "/a/").func is there


def test_each_path_to_a_view_keeps_what_was_tried_for_it() -> None:
    root = make_root(
        [path("a/", include([path("b/", there)])), path("<slug:any>/c/", here)]
    )
    expected = [root.resolve("/a/c/").tried, root.resolve("/b/c/").tried]
    assert expected[0] != expected[1]

    for _ in range(4):
        assert [resolve(root, "/a/c/").tried, resolve(root, "/b/c/").tried] == expected


def test_view_that_is_replaced_is_called() -> None:
    pattern: Any = path("a/", here)
    root = make_root([pattern])
    ask(root, "/a/", times=3)

    pattern.callback = there

    assert [resolve(root, "/a/").func for _ in range(3)] == [there] * 3


def test_path_leads_elsewhere_in_another_configuration() -> None:
    one, another = make_root([path("a/", here)]), make_root([path("a/", there)])

    for _ in range(4):
        assert resolve(one, "/a/").func is here
        assert resolve(another, "/a/").func is there


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> URLResolver:
    """Return the root of a site of which five paths are remembered."""
    root = make_root([path("<int:pk>/", here)])
    monkeypatch.setattr(Site, "current", Site(root, 5))
    return root


def test_no_more_than_some_paths_are_remembered(five: URLResolver) -> None:
    for number in range(20):
        ask(five, f"/{number}/")

    remembered = [number for number in range(20) if recall(five, f"/{number}/")]
    assert remembered == [15, 16, 17, 18, 19]


def test_paths_that_come_once_push_out_none_that_came_again(five: URLResolver) -> None:
    ask(five, "/0/")

    for number in range(1, 20):
        ask(five, f"/{number}/", times=1)

    assert recall(five, "/0/") is not None


def test_paths_that_come_once_are_noted_for_a_while(five: URLResolver) -> None:
    for number in range(20):
        ask(five, f"/{number}/", times=1)
    for number in range(20):
        ask(five, f"/{number}/", times=1)

    assert not any(recall(five, f"/{number}/") for number in range(15))


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_memory_of_paths_does_not_grow_with_the_patterns_before(name: str) -> None:
    shared: list[Any] = [path(f"{number}/", here) for number in range(1000)]
    shared.append(path("end/<int:pk>/", here))
    root = make_root([path("v1/", include(shared)), path("v2/", include(shared))])
    ask(root, "/v1/end/0/")
    ask(root, "/v2/end/0/")

    tracemalloc.start()
    for number in range(1, 100):
        ask(root, f"/{name}/end/{number}/")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert recall(root, f"/{name}/end/99/") is not None
    # 8 bytes for each pattern, for each path.
    assert taken < 99 * 1000 * 8


def test_configuration_that_another_takes_the_place_of_is_given_up() -> None:
    root = make_root([path("a/", include([path("b/", here)]))])
    ask(root, "/a/b/", times=3)
    gone = weakref.ref(root)

    del root
    ask(make_root([path("a/", here)]), "/a/")
    gc.collect()

    assert gone() is None


def test_patterns_that_others_take_the_place_of_are_given_up() -> None:
    patterns: list[Any] = [path("a/", include([path("b/", here)]))]
    root = make_root(patterns)
    ask(root, "/a/b/", times=1)
    gone = weakref.ref(patterns[0])

    patterns[0] = path("a/", include([path("b/", there)]))
    ask(root, "/a/b/", times=1)
    gc.collect()

    assert gone() is None


def test_long_path_is_not_remembered() -> None:
    root = make_root([path("<path:rest>", here)])
    paths = ["/".ljust(size, "a") for size in (LONGEST, LONGEST + 1)]

    for asked_for in paths:
        ask(root, asked_for)

    assert [recall(root, one) is not None for one in paths] == [True, False]


class Enabled(list[Any]):
    """A list that leaves out what is disabled."""

    disabled: Any = None

    def __iter__(self) -> Iterator[Any]:
        """Leave it out."""
        return (one for one in super().__iter__() if one is not self.disabled)


@pytest.mark.parametrize("is_root", [True, False], ids=["root", "below"])
def test_collection_that_decides_for_itself_is_asked_each_time(is_root: bool) -> None:
    pattern = path("a/", here)
    patterns = Enabled([pattern, path("<slug:any>/", there)])
    root = make_root(patterns if is_root else [path("", include(patterns))])
    ask(root, "/a/", times=4)

    patterns.disabled = pattern

    assert resolve(root, "/a/").func is there


@pytest.mark.parametrize("is_root", [True, False], ids=["root", "below"])
@pytest.mark.parametrize("kind", [deque, dict.fromkeys], ids=["deque", "dict"])
def test_other_collections_lead_where_django_says(kind: Any, is_root: bool) -> None:
    patterns = kind([path("a/", here), path("<slug:any>/", there)])
    root = make_root(patterns if is_root else [path("", include(patterns))])

    for _ in range(4):
        assert [resolve(root, at).func for at in ("/a/", "/b/")] == [here, there]
        with pytest.raises(Resolver404) as raised:
            resolve(root, "/c")
        with pytest.raises(Resolver404) as expected:
            root.resolve("/c")
        assert raised.value.args == expected.value.args


def test_what_was_tried_is_found_again_when_it_is_asked_for() -> None:
    root = make_root([path("b/", there), path("a/", here)])
    ask(root, "/a/", times=3)

    for _ in range(2):
        match: Any = resolve(root, "/a/")
        assert type(match) is RememberedMatch
        assert match.tried == root.resolve("/a/").tried
        for each in match.tried:
            each.append("changed")


def test_what_was_tried_is_what_is_tried_now() -> None:
    patterns = [path("b/", there), path("a/", here)]
    root = make_root(patterns)
    ask(root, "/a/", times=3)
    match: Any = resolve(root, "/a/")

    del patterns[1]

    assert match.tried == [[patterns[0]]]


def test_remembered_match_is_shown_as_djangos_is() -> None:
    root = make_root([path("a/<int:pk>/", here, name="a")])
    ask(root, "/a/1/", times=3)

    match = resolve(root, "/a/1/")

    expected = root.resolve("/a/1/")
    assert repr(match) == repr(expected)
    assert [*match] == [*expected] == [match[0], match[1], match[2]]
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(match)
