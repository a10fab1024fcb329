"""
What three of Django's middleware do to every request, done in fewer steps.

The headers of two are put where Django's own calls would put them. A response or
headers of a class that may do it in a way of its own are left to Django, and so
is a request that may be refused or redirected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from django_bolt.conf import read
from django_bolt.handlers.computing import class_name
from django_bolt.handlers.originals import has_originals

Enter: TypeAlias = "Callable[[HttpRequest], Any]"
Process: TypeAlias = "Callable[[HttpRequest, Any], Any]"


def find_shortcut(middleware: Any) -> Process | None:
    """
    Return what does the same as ``process_response`` of a middleware, sooner.

    Args:
        middleware: Any one that derives from ``MiddlewareMixin``.

    Returns:
        ``None`` where there is nothing shorter.
    """
    kind = type(middleware)
    make = _SHORTCUTS.get(class_name(kind))
    if make is None or not has_originals(kind, "process_response"):
        return None
    return make(middleware)


def find_entry(middleware: Any) -> Enter | None:
    """
    Return what does at least as much as ``process_request`` of a middleware, sooner.

    Args:
        middleware: Any one that derives from ``MiddlewareMixin``.

    Returns:
        ``None`` where nothing is to be done.
    """
    process: Enter | None = getattr(middleware, "process_request", None)
    kind = type(middleware)
    make = _ENTRIES.get(class_name(kind))
    if process is None or make is None or not has_originals(kind, "process_request"):
        return process
    return make(middleware, process)


def _hasten_users(middleware: Any, process: Enter) -> Enter:
    """Have ``AuthenticationMiddleware`` save the user a hop to a thread."""
    # It needs the models, as this middleware does.
    from django_bolt.handlers.users import hasten

    def process_request(request: HttpRequest) -> None:
        process(request)
        hasten(request)

    return process_request


def _redirect(middleware: Any, process: Enter) -> Enter | None:
    """Leave out ``SecurityMiddleware`` where it redirects nobody."""
    return process if middleware.redirect else None


def _check_host(middleware: Any, process: Enter) -> Enter:
    """Shorten ``CommonMiddleware``: it checks the host, and seldom more."""

    def process_request(request: HttpRequest) -> Any:
        if read("PREPEND_WWW") or (
            read("DISALLOWED_USER_AGENTS") and "HTTP_USER_AGENT" in request.META
        ):
            return process(request)
        request.get_host()
        return None

    return process_request


def _write_lengths(middleware: Any) -> Process:
    """Shorten ``CommonMiddleware``: a length, but for what is not found."""
    process: Process = middleware.process_response

    def process_response(request: HttpRequest, response: Any) -> Any:
        headers = response.headers
        if (
            response.status_code == 404
            or type(headers) is not ResponseHeaders
            or getattr(type(response), "has_header", None)
            is not HttpResponseBase.has_header
        ):
            return process(request, response)
        if not response.streaming and "content-length" not in headers._store:
            length = str(len(response.content))
            headers._store["content-length"] = "Content-Length", length
        return response

    return process_response


def _write_policies(middleware: Any) -> Process | None:
    """
    Shorten ``SecurityMiddleware``: the same headers for every response.

    But with HSTS, which looks at the request.
    """
    process: Process = middleware.process_response
    if middleware.sts_seconds:
        return None
    try:
        made = process(HttpRequest(), HttpResponse())
    except Exception:
        # A setting that makes no header. Django says so when it answers.
        return None
    del made["Content-Type"]
    fields = list(made.headers._store.items())

    def process_response(request: HttpRequest, response: Any) -> Any:
        headers = response.headers
        if (
            type(headers) is not ResponseHeaders
            or getattr(type(response), "setdefault", None)
            is not HttpResponseBase.setdefault
        ):
            return process(request, response)
        store = headers._store
        for key, field in fields:
            if key not in store:
                store[key] = field
        return response

    return process_response


_ENTRIES: dict[str, Callable[[Any, Enter], Enter | None]] = {
    "django.contrib.auth.middleware.AuthenticationMiddleware": _hasten_users,
    "django.middleware.common.CommonMiddleware": _check_host,
    "django.middleware.security.SecurityMiddleware": _redirect,
}

_SHORTCUTS: dict[str, Callable[[Any], Process | None]] = {
    "django.middleware.common.CommonMiddleware": _write_lengths,
    "django.middleware.security.SecurityMiddleware": _write_policies,
}
