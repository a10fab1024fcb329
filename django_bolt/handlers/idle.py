"""
What a thread holds when a request ends, found out without touching it.

For WSGI, where a request has its thread to itself. Looking for every connection
by its alias, as Django does at the begin and the end of a request, takes longer
than a small view.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import import_string

from django_bolt.handlers.receivers import holds_cache


def thread_connections() -> Sequence[BaseDatabaseWrapper]:
    """Return the connections that this thread has made, open or not."""
    kept_in = connections._connections  # type: ignore[attr-defined]  # Django's own
    storage = getattr(kept_in, "_storage", None)
    # An attribute of it is a connection, or holds what an event loop has made.
    if isinstance(storage, threading.local) and not vars(storage):
        return []
    return connections.all(initialized_only=True)


def is_kept(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether the end of a request neither closes nor checks a connection."""
    return connection.connection is None or (
        not connection.errors_occurred
        and (connection.close_at is None or monotonic() < connection.close_at)
        and connection.get_autocommit() == connection.settings_dict["AUTOCOMMIT"]
    )


class CacheEnds:
    """
    Whether a cache has something to do when a request ends.

    Django's have not, except for memcached.
    """

    def __init__(self) -> None:
        self._memo: tuple[dict[str, Any] | None, bool] = (None, False)

    def are_due(self) -> bool:
        """Tell so for the caches that this thread has used."""
        settings, may_end = self._memo
        if settings is not caches.settings:
            settings = caches.settings
            may_end = any(map(_may_end, settings.values()))
            self._memo = settings, may_end
        return may_end and holds_cache()


def _may_end(options: dict[str, Any]) -> bool:
    try:
        backend = import_string(options["BACKEND"])
    except (ImportError, KeyError):
        # That it cannot be made is told where somebody uses it.
        return True
    close: object = getattr(backend, "close", None)
    return close is not BaseCache.close


cache_ends = CacheEnds()
