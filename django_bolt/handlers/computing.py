"""
Which of Django's middleware only compute, and when.

A class is known by its own name: a subclass may do anything, and so may a method
that somebody has replaced. Where a middleware would touch a session, a file or a
database for a request, its rule says so, and it goes to a thread as Django has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.conf import read
from django_bolt.handlers.originals import has_originals

RequestRule: TypeAlias = "Callable[[HttpRequest], bool] | None"
ResponseRule: TypeAlias = "Callable[[HttpRequest, HttpResponseBase], bool] | None"

LONG_CONTENT = 128 * 1024
"""Bytes whose hash is left to a thread: the event loop would stop for 0.2 ms."""

_SESSION_ENGINES = frozenset(
    f"django.contrib.sessions.backends.{name}"
    for name in ("cache", "cached_db", "db", "file", "signed_cookies")
)
_MESSAGE_STORAGES = frozenset(
    f"django.contrib.messages.storage.{name}"
    for name in (
        "cookie.CookieStorage",
        "fallback.FallbackStorage",
        "session.SessionStorage",
    )
)


def find_rules(middleware: object) -> tuple[RequestRule, ResponseRule]:
    """
    Return when a middleware's way in and way out may block.

    Args:
        middleware: Any one that derives from ``MiddlewareMixin``.

    Returns:
        Two functions; ``None`` instead of one that always says no.
    """
    kind = type(middleware)
    if not has_originals(kind, "process_request", "process_response"):
        return _always, _always
    return _RULES.get(class_name(kind), (_always, _always))


def class_name(kind: type) -> str:
    """Return the full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


def accepts_at_once(
    request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
) -> bool:
    """Tell whether ``CsrfViewMiddleware`` lets a request pass without a check."""
    return request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or getattr(
        view, "csrf_exempt", False
    )


def _always(*_: object) -> bool:
    return True


def _has_foreign_messages(_: HttpRequest) -> bool:
    return read("MESSAGE_STORAGE") not in _MESSAGE_STORAGES


def _has_messages(request: HttpRequest, _: HttpResponseBase) -> bool:
    """Tell whether messages were added, or read, and are stored now."""
    storage: Any = getattr(request, "_messages", None)
    if storage is None:
        return False
    return (
        storage.used
        or storage.added_new
        or class_name(type(storage)) not in _MESSAGE_STORAGES
    )


def _has_foreign_session(_: HttpRequest) -> bool:
    return read("SESSION_ENGINE") not in _SESSION_ENGINES


def _has_session_to_save(request: HttpRequest, _: HttpResponseBase) -> bool:
    session: Any = getattr(request, "session", None)
    if session is None:
        return False
    if type(session).__module__ not in _SESSION_ENGINES:
        return True
    return bool(session.modified or read("SESSION_SAVE_EVERY_REQUEST"))


def _has_secret_in_session(*_: object) -> bool:
    return bool(read("CSRF_USE_SESSIONS"))


def _is_long(_: HttpRequest, response: HttpResponseBase) -> bool:
    content = getattr(response, "content", b"")
    return len(content) > LONG_CONTENT


_RULES: dict[str, tuple[RequestRule, ResponseRule]] = {
    "django.contrib.auth.middleware.AuthenticationMiddleware": (None, None),
    "django.contrib.messages.middleware.MessageMiddleware": (
        _has_foreign_messages,
        _has_messages,
    ),
    "django.contrib.sessions.middleware.SessionMiddleware": (
        _has_foreign_session,
        _has_session_to_save,
    ),
    "django.middleware.clickjacking.XFrameOptionsMiddleware": (None, None),
    "django.middleware.common.CommonMiddleware": (None, None),
    "django.middleware.csp.ContentSecurityPolicyMiddleware": (None, None),
    "django.middleware.csrf.CsrfViewMiddleware": (
        _has_secret_in_session,
        _has_secret_in_session,
    ),
    "django.middleware.http.ConditionalGetMiddleware": (None, _is_long),
    "django.middleware.locale.LocaleMiddleware": (None, None),
    "django.middleware.security.SecurityMiddleware": (None, None),
}
