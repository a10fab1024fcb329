"""Requests: Django's, that remember good hosts."""

from __future__ import annotations

import functools

from django.conf import settings
from django.core.handlers import asgi
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

LONGEST_HOST = 255
"""Characters of a name in DNS; what is longer is not worth remembering."""


class KnownHosts(HttpRequest):
    """
    A request whose host is compared with the hosts that were found good before.

    ``CommonMiddleware`` looks at the host of each request, mostly at the same
    few again.
    """

    def get_host(self) -> str:
        """Return the host as Django does; what it refuses, it refuses here too."""
        host: str = self._get_raw_host()  # type: ignore[attr-defined]
        if (
            settings.DEBUG
            or len(host) > LONGEST_HOST
            or not _is_allowed(host, tuple(settings.ALLOWED_HOSTS))
        ):
            return super().get_host()
        return host


class ASGIRequest(KnownHosts, asgi.ASGIRequest):
    """Django's request; named like it, as its text shows the name."""


@functools.lru_cache(maxsize=256)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether Django would let a host pass. It comes from a client."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)
