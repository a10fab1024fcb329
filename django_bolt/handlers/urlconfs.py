"""
The URL configuration of a request, set and forgotten.

Django keeps it in an ``asgiref.local.Local``, which copies all that it holds at
each change. What it would hold for a configuration is the same for each request
of a thread, and is made once here, by Django's own function.
"""

from __future__ import annotations

import threading
from contextvars import Context, ContextVar
from typing import Any

from django.urls import base as urls
from django.urls import get_urlconf, set_urlconf

PREFIXES: object = getattr(urls, "_prefixes", None)
"""Where Django keeps the prefix of a site that is below another."""

_VARIABLE: ContextVar[Any] | None = getattr(
    getattr(getattr(urls, "_urlconfs", None), "_storage", None), "_data", None
)
"""What the ``Local`` is made of; ``None`` where asgiref has changed."""


class _Known(threading.local):
    """
    What the variable holds, in this thread.

    Attributes:
        urlconf: A configuration.
        chosen: When it is set.
        forgotten: When it was set, and is forgotten.
        is_lasting: Whether a change leaves both as they are.
    """

    urlconf: object = None
    chosen: object = None
    forgotten: object = None
    is_lasting = False


_known = _Known()


def choose_urlconf(urlconf: Any) -> None:
    """Do what ``set_urlconf`` does, for a configuration that is no false value."""
    known = _known
    if known.urlconf is not urlconf:
        _learn(urlconf)
    if known.is_lasting and _VARIABLE is not None:
        held = _VARIABLE.get(None)
        if held is None or held is known.forgotten:
            _VARIABLE.set(known.chosen)
            return
    set_urlconf(urlconf)


def forget_urlconf() -> None:
    """Do what ``set_urlconf(None)`` does."""
    known = _known
    if (
        known.is_lasting
        and _VARIABLE is not None
        and _VARIABLE.get(None) is known.chosen
    ):
        _VARIABLE.set(known.forgotten)
    else:
        set_urlconf(None)


def _learn(urlconf: Any) -> None:
    known = _known
    known.urlconf = urlconf
    known.is_lasting = False
    if _VARIABLE is None:
        return
    context = Context()
    context.run(set_urlconf, urlconf)
    known.chosen = context.get(_VARIABLE)
    context.run(set_urlconf, None)
    known.forgotten = context.get(_VARIABLE)
    # Older versions of asgiref change one dict, which nobody may share.
    known.is_lasting = _holds(known.chosen, urlconf) and _holds(known.forgotten, None)


def _holds(held: object, urlconf: Any) -> bool:
    """Tell what a value of the variable says, after it was changed in a copy."""
    if _VARIABLE is None or held is None:
        return False
    context = Context()
    context.run(_VARIABLE.set, held)
    context.run(set_urlconf, "another")
    context.run(_VARIABLE.set, held)
    return context.run(get_urlconf) is urlconf
