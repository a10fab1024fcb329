"""
Who listens to ``request_started`` and ``request_finished``.

Django's own receivers look after what a thread has opened: connections to
databases and caches. Where nothing was opened they have nothing to do, and the
hop to a thread that calling them takes can be left out. Whoever else listens may
block, so that then the signal is sent as Django sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal


class Audience:
    """
    Those who listen to a signal, looked at anew when they change.

    Args:
        signal: The signal.
        known: Receivers of Django's that are understood here.
    """

    def __init__(self, signal: Signal, known: Iterable[Callable[..., Any]]) -> None:
        self.signal = signal
        self._known = {(id(receiver), id(None)): receiver for receiver in known}
        self._memo: tuple[list[Any], frozenset[Callable[..., Any]] | None] = (
            [],
            frozenset(),
        )

    def present(self) -> frozenset[Callable[..., Any]] | None:
        """Return those who listen; ``None`` when one of them is not Django's."""
        receivers: list[Any] = self.signal.receivers
        seen, present = self._memo
        if receivers != seen:
            seen = list(receivers)
            keys = [entry[0] for entry in seen]
            present = (
                frozenset(self._known[key] for key in keys)
                if self._known.keys() >= set(keys)
                else None
            )
            self._memo = seen, present
        return present


STARTED = Audience(request_started, (reset_queries, close_old_connections))
FINISHED = Audience(
    request_finished, (close_old_connections, close_caches, reset_urlconf)
)


def is_untouched(local: object) -> bool:
    """
    Tell whether nothing was set in an ``asgiref.local.Local`` in this context.

    Asking the object itself raises and catches errors inside, ten times as long.

    Returns:
        ``False`` also where this version of asgiref keeps it elsewhere.
    """
    try:
        return local._storage._data.get(None) is None  # type: ignore[attr-defined]
    except AttributeError:
        return False


def open_connections() -> list[BaseDatabaseWrapper]:
    """Return the database connections that this thread has open."""
    return [
        connection
        for connection in connections.all(initialized_only=True)
        if connection.connection is not None
    ]


def holds_cache() -> bool:
    """Tell whether this context has a cache that does something when it is closed."""
    if is_untouched(getattr(caches, "_connections", None)):
        return False
    return any(
        type(cache).close is not BaseCache.close
        for cache in caches.all(initialized_only=True)
    )


def look_after_connections() -> None:
    """
    Do what ``request_started`` does, in a thread that served a request before.

    Only what its receivers would have done here: a thread without connections
    has nothing to be looked after.
    """
    if connections.all(initialized_only=True):
        for receiver in STARTED.present() or ():
            receiver()


def give_up_connections() -> None:
    """Do what ``request_finished`` does to the connections of this thread."""
    if close_old_connections in (FINISHED.present() or ()):
        close_old_connections()
