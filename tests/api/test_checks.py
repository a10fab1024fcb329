"""The system checks of handlers."""

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage, run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt

from django_bolt import BoltAPI, StreamingResponse
from tests.api import postponed
from tests.api.test_endpoints import Item, Other


def check(*patterns: Any) -> list[CheckMessage]:
    """Return what the checks say of a URLconf."""
    urlconf = types.ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = list(patterns)
    with override_settings(ROOT_URLCONF=urlconf):
        return run_checks(tags=["urls"])


def test_right_configuration_is_silent() -> None:
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def item(shop: str, item_id: int, page: int = 1) -> Item:
        return Item(item_id)  # pragma: no cover

    @csrf_exempt
    @api.post("/items/{item_id}")
    def change(shop: str, item_id: int) -> None:
        """Never called."""

    @api.get("/lines", response_class=StreamingResponse)
    def lines(**parameters: Any) -> Iterator[str]:
        yield ""  # pragma: no cover

    assert (
        check(
            path("<slug:shop>/", include(api.urls)),
            path("other/", include(api.urls), {"shop": "tea"}),
            path("page", lambda request: HttpResponse()),
        )
        == []
    )


def test_project_without_urls_is_silent() -> None:
    with override_settings(ROOT_URLCONF=None):
        assert run_checks(tags=["django_bolt"]) == []


def test_annotation_that_is_never_defined_is_an_error() -> None:
    [message] = check(path("", include(postponed.api.urls)))

    assert message.id == "django_bolt.E050"
    assert "tests.api.postponed.never cannot be evaluated: name 'Never'" in message.msg
    assert message.hint


def test_annotation_that_turns_out_wrong_is_an_error() -> None:
    api = BoltAPI()
    names: dict[str, Any] = {"__name__": __name__}
    exec("def late() -> 'Later': ...", names)
    api.get("/late")(names["late"])
    names["Later"] = Item | Other

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.E050"
    assert "that msgspec cannot convert to" in message.msg


def test_parameter_that_no_url_gives_is_an_error() -> None:
    api = BoltAPI()

    @api.get("/items")
    def items(req: Any) -> None:
        """Never called."""

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.E051"
    assert "items gives it nothing, and it also needs 'req'" in message.msg
    assert message.hint


def test_parameter_of_a_prefix_that_is_not_taken_is_an_error() -> None:
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def items(item_id: int) -> None:
        """Never called."""

    [message] = check(re_path("^(?P<shop>a)/", include(api.urls)))

    assert message.id == "django_bolt.E051"
    assert "'item_id', 'shop', and it does not take 'shop'" in message.msg


def test_generator_without_a_response_class_is_a_warning() -> None:
    api = BoltAPI()

    @api.get("/lines")
    def lines() -> Iterator[str]:
        yield ""  # pragma: no cover

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.W050"
    assert "lines is a generator without a response_class" in message.msg
    assert message.hint


def test_handlers_of_a_path_that_disagree_are_a_warning() -> None:
    api = BoltAPI()

    @api.post("/items")
    @csrf_exempt
    def add() -> None:
        """Never called."""

    @api.put("/items")
    def replace() -> None:
        """Never called."""

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.W051"
    assert "'/items' disagree about csrf_exempt" in message.msg
    assert message.hint


def test_decorator_that_hides_the_handler_is_a_warning() -> None:
    api = BoltAPI()

    def hiding(view: Callable[[], None]) -> Callable[[], None]:
        return lambda: view()

    @hiding
    @api.get("/items")
    def items() -> None:
        """Never called."""

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.W052"
    assert "items is bound to something else" in message.msg
    assert message.hint


def test_decorator_that_says_what_it_wraps_is_silent() -> None:
    api = BoltAPI()

    def honest(view: Callable[[], None]) -> Callable[[], None]:
        return functools.wraps(view)(lambda: view())

    @honest
    @api.get("/items")
    def items() -> None:
        """Never called."""

    assert check(path("", include(api.urls))) == []


def test_method_that_an_annotation_hides_is_a_warning() -> None:
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def item(item_id: int) -> None:
        """Never called."""

    @api.delete("items/{item_id}")
    def remove(item_id) -> None:  # type: ignore[no-untyped-def]
        """Never called."""

    [message] = check(path("", include(api.urls)))

    assert message.id == "django_bolt.W053"
    assert "remove is not asked for DELETE" in message.msg
    assert "item matches" in message.msg
    assert message.hint


def test_paths_of_one_text_with_the_same_methods_are_silent() -> None:
    api = BoltAPI()

    @api.get("/items/{key}")
    def by_id(key: int) -> None:
        """Never called."""

    @api.get("/items/{key}", name="by_slug")
    def by_slug(key: str) -> None:
        """Never called."""

    assert check(path("", include(api.urls))) == []
