"""The URL configuration of a request: as Django's functions set and forget it."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.urls import get_urlconf, set_urlconf

from django_bolt.handlers import urlconfs
from django_bolt.handlers.urlconfs import choose_urlconf, forget_urlconf

R = TypeVar("R")


@pytest.fixture(
    params=[
        pytest.param(None, id="as it is"),
        pytest.param("unknown", id="nothing known of asgiref"),
        pytest.param("elsewhere", id="asgiref keeps it elsewhere"),
    ],
    autouse=True,
)
def kind_of_asgiref(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run each test with what is known of asgiref, and with nothing."""
    monkeypatch.setattr(urlconfs, "_known", type(urlconfs._known)())
    if request.param is not None:
        other = contextvars.ContextVar[Any]("other")
        variable = None if request.param == "unknown" else other
        monkeypatch.setattr(urlconfs, "_VARIABLE", variable)


def apart(function: Callable[[], R]) -> R:
    """Call a function in a context in which nothing is set."""
    return contextvars.Context().run(function)


def test_urlconf_is_chosen_and_forgotten_again_and_again() -> None:
    def work() -> list[object]:
        seen: list[object] = []
        for _ in range(3):
            choose_urlconf("site.urls")
            seen.append(get_urlconf())
            forget_urlconf()
            seen.append(get_urlconf())
        return seen

    assert apart(work) == ["site.urls", None] * 3


def test_another_urlconf_takes_the_place_of_what_is_set() -> None:
    def work() -> list[object]:
        set_urlconf("other.urls")
        choose_urlconf("site.urls")
        first = get_urlconf()
        choose_urlconf("third.urls")
        return [first, get_urlconf()]

    assert apart(work) == ["site.urls", "third.urls"]


def test_what_a_view_has_set_is_forgotten_too() -> None:
    def work() -> list[object]:
        choose_urlconf("site.urls")
        set_urlconf("view.urls")
        set_by_view = get_urlconf()
        forget_urlconf()
        return [set_by_view, get_urlconf()]

    assert apart(work) == ["view.urls", None]


def test_what_one_request_sets_no_other_sees() -> None:
    def disturb() -> None:
        choose_urlconf("site.urls")
        set_urlconf("view.urls")

    def look() -> list[object]:
        choose_urlconf("site.urls")
        chosen = get_urlconf()
        forget_urlconf()
        return [chosen, get_urlconf()]

    def forget_and_disturb() -> None:
        choose_urlconf("site.urls")
        forget_urlconf()
        set_urlconf("later.urls")

    apart(disturb)
    apart(forget_and_disturb)

    assert apart(look) == ["site.urls", None]


def test_each_thread_has_its_own() -> None:
    seen: list[object] = []

    def work() -> None:
        choose_urlconf("site.urls")
        seen.append(get_urlconf())
        forget_urlconf()
        seen.append(get_urlconf())

    apart(work)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == ["site.urls", None] * 2


def test_nothing_set_is_nothing_forgotten() -> None:
    def work() -> object:
        forget_urlconf()
        return get_urlconf()

    assert apart(work) is None
