"""A cache for tests."""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache


class ClosingCache(LocMemCache):
    """A cache that counts how often it is closed, as memcached's must be."""

    times_closed = 0

    def close(self, **kwargs: Any) -> None:
        """Count."""
        self.times_closed += 1
