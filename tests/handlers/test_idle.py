"""What a thread holds at the end of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from django.core.cache import caches
from django.db import connection, connections
from django.test import override_settings

from django_bolt.handlers.idle import CacheEnds, is_kept, thread_connections
from tests.handlers.exchange import in_new_thread


def test_new_thread_has_no_connections() -> None:
    assert in_new_thread(thread_connections) == []


def test_connection_of_the_thread_is_found_open_or_not() -> None:
    def touch() -> bool:
        made = connections["default"]
        return thread_connections() == [made]

    assert in_new_thread(touch)


def test_connection_made_in_an_event_loop_is_found_there() -> None:
    async def touch() -> bool:
        made = connections["default"]
        return thread_connections() == [made]

    assert in_new_thread(lambda: asyncio.run(touch()))


def test_storage_of_another_kind_is_asked_as_django_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How asgiref keeps it is not promised."""

    class Other:
        pass

    made = connections["default"]
    other = Other()
    other.default = made  # type: ignore[attr-defined]
    monkeypatch.setattr(connections, "_connections", other)

    assert thread_connections() == [made]


def set_error() -> None:
    connection.errors_occurred = True


def set_age() -> None:
    connection.close_at = 0.0


def set_autocommit() -> None:
    connection.set_autocommit(not connection.settings_dict["AUTOCOMMIT"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [set_error, set_age, set_autocommit])
def test_connection_that_django_checks_or_closes_is_not_kept(
    change: Callable[[], None],
) -> None:
    def judge() -> tuple[bool, bool, bool]:
        unconnected = is_kept(connection)
        connection.ensure_connection()
        connection.close_at = None
        kept = is_kept(connection)
        change()
        try:
            return unconnected, kept, is_kept(connection)
        finally:
            connection.close()

    assert in_new_thread(judge) == (True, True, False)


BACKENDS = {
    "memory": ("django.core.cache.backends.locmem.LocMemCache", False),
    "closing": ("tests.handlers.caches.ClosingCache", True),
    "missing": ("tests.handlers.caches.NoSuchCache", False),
}


@pytest.mark.parametrize("name", BACKENDS)
def test_cache_ends_are_due_for_a_used_cache_that_closes(name: str) -> None:
    backend, due = BACKENDS[name]
    ends = CacheEnds()

    def use() -> tuple[bool, bool]:
        unused = ends.are_due()
        if name != "missing":
            caches["default"].get("a")
        return unused, ends.are_due()

    with override_settings(CACHES={"default": {"BACKEND": backend}}):
        assert in_new_thread(use) == (False, due)


def test_cache_ends_follow_the_settings() -> None:
    ends = CacheEnds()

    def use() -> bool:
        caches["default"].get("a")
        return ends.are_due()

    before = in_new_thread(use)
    backend = "tests.handlers.caches.ClosingCache"
    with override_settings(CACHES={"default": {"BACKEND": backend}}):
        during = in_new_thread(use)

    assert (before, during) == (False, True)
