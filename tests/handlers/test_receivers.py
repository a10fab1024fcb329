"""Who listens to the signals of a request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.local import Local
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.db import close_old_connections, reset_queries
from django.dispatch import Signal

from django_bolt.handlers.receivers import FINISHED, STARTED, Audience, is_untouched


def foreign(**named: object) -> None:
    """Listen, as something of a project."""


def test_djangos_own_receivers_are_known() -> None:
    started = frozenset([reset_queries, close_old_connections])
    assert STARTED.present() == started
    finished = frozenset([close_old_connections, close_caches, reset_urlconf])
    assert FINISHED.present() == finished


@pytest.mark.parametrize(
    ("receivers", "present"),
    [
        pytest.param([], frozenset(), id="nobody"),
        pytest.param([reset_queries], {reset_queries}, id="a known one"),
        pytest.param([foreign], None, id="a foreign one"),
        pytest.param([reset_queries, foreign], None, id="both"),
    ],
)
def test_present_names_the_known_unless_there_are_others(
    receivers: list[Callable[..., Any]], present: object
) -> None:
    signal = Signal()
    audience = Audience(signal, [reset_queries])
    for receiver in receivers:
        signal.connect(receiver)

    assert audience.present() == present
    assert audience.present() == present


def test_present_follows_those_who_come_and_go() -> None:
    signal = Signal()
    audience = Audience(signal, [reset_queries])
    seen = [audience.present()]

    signal.connect(foreign)
    seen.append(audience.present())
    signal.disconnect(foreign)
    signal.connect(reset_queries)
    seen.append(audience.present())

    assert seen == [frozenset(), None, {reset_queries}]


def test_known_receiver_for_one_sender_counts_as_foreign() -> None:
    signal = Signal()
    signal.connect(reset_queries, sender=Audience)

    assert Audience(signal, [reset_queries]).present() is None


def test_is_untouched_until_something_is_set_in_the_context() -> None:
    local = Local()

    async def main() -> list[bool]:
        seen = [is_untouched(local)]
        local.name = "value"
        seen.append(is_untouched(local))
        return seen

    assert asyncio.run(main()) == [True, False]


def test_is_untouched_of_something_else_is_false() -> None:
    assert not is_untouched(object())
