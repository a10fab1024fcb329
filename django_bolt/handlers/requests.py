"""Requests: Django's, made of a scope in fewer steps, that remember good hosts."""

from __future__ import annotations

import functools
import io
from typing import Any

from django.core.handlers import asgi
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from django_bolt.conf import read
from django_bolt.handlers.originals import find_original
from django_bolt.handlers.types import Scope

LONGEST_HOST = 255
"""Characters of a name in DNS; what is longer is not worth remembering."""

_DJANGOS_INIT = find_original(asgi.ASGIRequest, "__init__")
_DJANGOS_GET_HOST = find_original(HttpRequest, "get_host")
"""Packages replace them; theirs are called then."""


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
            read("DEBUG")
            or HttpRequest.get_host is not _DJANGOS_GET_HOST
            or len(host) > LONGEST_HOST
            or not _is_allowed(host, tuple(read("ALLOWED_HOSTS")))
        ):
            return super().get_host()
        return host


class ASGIRequest(KnownHosts, asgi.ASGIRequest):
    """
    Django's request; named like it, as its text shows the name.

    Args:
        scope: What the server gave. Much of it comes from the client.
        body_file: The body.
    """

    def __init__(self, scope: Scope, body_file: Any) -> None:
        if (
            scope.get("root_path")
            or read("FORCE_SCRIPT_NAME")
            or asgi.ASGIRequest.__init__ is not _DJANGOS_INIT
            or not _is_understood()
            or not self._take(scope, body_file)
        ):
            super().__init__(scope, body_file)

    def _take(self, scope: Scope, body_file: Any) -> bool:
        """
        Assign all that Django's constructor assigns, for a site at the root.

        Returns:
            Whether it was done; not where there is something special.
        """
        variables = _collect(scope)
        if variables is None:
            return False
        self.scope = scope
        self._post_parse_error = False
        self._read_started = False
        self.resolver_match = None
        self.path = self.path_info = scope["path"]
        self.script_name = ""
        self.method = variables["REQUEST_METHOD"]
        self.META = variables
        if "CONTENT_TYPE" in variables:
            self._set_content_type_params(variables)  # type: ignore[attr-defined]
        else:
            self.content_type = ""
            self.content_params = {}
        self._stream = body_file
        return True


def _collect(scope: Scope) -> dict[str, Any] | None:
    """
    Return the variables of a request.

    Returns:
        ``None`` if a header came more than once, or is not known.
    """
    query = scope.get("query_string", "")
    variables = {
        "REQUEST_METHOD": scope["method"].upper(),
        "QUERY_STRING": query.decode() if isinstance(query, bytes) else query,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"],
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
    }
    client = scope.get("client")
    if client:
        variables["REMOTE_ADDR"] = variables["REMOTE_HOST"] = client[0]
        variables["REMOTE_PORT"] = client[1]
    server = scope.get("server")
    if server:
        variables["SERVER_NAME"] = server[0]
        variables["SERVER_PORT"] = str(server[1])
    else:
        variables["SERVER_NAME"] = "unknown"
        variables["SERVER_PORT"] = "0"
    fields: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        key = KEYS.get(name) or KEYS.learn(name)
        if not key or key in fields:
            return None
        fields[key] = value.decode("latin1")
    cookie = fields.get("HTTP_COOKIE")
    if cookie is not None:
        if cookie.endswith((";", " ")):
            # Newer versions of Django cut it off.
            return None
        if KEYS.cookies_come_first:
            variables["HTTP_COOKIE"] = cookie
    variables.update(fields)
    return variables


class Keys(dict[bytes, str]):
    """
    What Django calls the headers, by the names that clients use.

    Django itself is asked, once for each name, and for so many only: the names
    come from clients. That is no name at all where Django leaves a header out.
    """

    SIZE = 256
    LONGEST = 64
    COMMON = (
        b"accept accept-encoding accept-language authorization cache-control "
        b"connection content-length content-type cookie dnt forwarded host "
        b"if-modified-since if-none-match origin pragma priority range referer "
        b"sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest "
        b"sec-fetch-mode sec-fetch-site sec-fetch-user traceparent "
        b"upgrade-insecure-requests user-agent x-csrftoken x-forwarded-for "
        b"x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip "
        b"x-request-id x-requested-with"
    ).split()
    """Known from the beginning, so that nobody can use up their places."""

    @functools.cached_property
    def cookies_come_first(self) -> bool:
        """Whether cookies stand before the header fields that came before them."""
        made = list(_make((b"accept", b"1"), (b"cookie", b"2")).META)
        return made.index("HTTP_COOKIE") < made.index("HTTP_ACCEPT")

    def learn(self, name: bytes) -> str:
        """Return what Django calls a header, or nothing."""
        if not self:
            self.update({common: _find_key(common) for common in self.COMMON})
        if name not in self and len(self) < self.SIZE and len(name) <= self.LONGEST:
            self[name] = _find_key(name)
        return self.get(name, "")


KEYS = Keys()


def _make(*headers: tuple[bytes, bytes]) -> asgi.ASGIRequest:
    """Let Django make a request."""
    scope = {"method": "GET", "path": "/", "headers": headers}
    return asgi.ASGIRequest(scope, io.BytesIO())


def _find_key(name: bytes) -> str:
    return next(iter(_make((name, b"")).META.keys() - _make().META.keys()), "")


@functools.cache
def _is_understood() -> bool:
    """
    Tell whether this version of Django makes of a scope what we do.

    Asked when no prefix is forced, and once: it takes as long as ten requests.
    """
    scopes: list[Scope] = [
        {"method": "get", "path": "/"},
        {
            "method": "POST",
            "path": "/caf\xe9",
            "query_string": b"a=b&c=%20",
            "client": ("127.0.0.1", 5000),
            "server": ("localhost", 8000),
            "headers": [
                (b"host", b"localhost"),
                (b"content-type", b"text/plain; charset=latin-1"),
                (b"content-length", b"3"),
                (b"cookie", b"a=1; b=2"),
                (b"x-name", b"caf\xe9"),
            ],
        },
    ]
    body = io.BytesIO()
    for scope in scopes:
        ours = ASGIRequest.__new__(ASGIRequest)
        theirs = asgi.ASGIRequest(scope, body)
        if (
            not ours._take(scope, body)
            or vars(ours) != vars(theirs)
            or list(ours.META) != list(theirs.META)
        ):
            return False
    return True


@functools.lru_cache(maxsize=256)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether Django would let a host pass. It comes from a client."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)
