"""
Run Django's ``runtests.py`` in this process, with the handlers that are asked for.

Usage: ``python -m tests.django_suite.inside HANDLERS ARGUMENT...`` in the folder
of Django's tests; HANDLERS is ``bolt`` or ``django``, the arguments are those of
``runtests.py``.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from types import ModuleType
from typing import Any

import django.core.handlers.asgi
import django.core.handlers.wsgi
from django.conf import global_settings

from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.middleware import join
from django_bolt.handlers.requests import ASGIRequest
from django_bolt.handlers.views import ViewCaller, accept_inline
from django_bolt.handlers.wsgi import BoltWSGIHandler, WSGIRequest

REPLACEMENTS: dict[type, type] = {
    django.core.handlers.asgi.ASGIHandler: BoltASGIHandler,
    django.core.handlers.wsgi.WSGIHandler: BoltWSGIHandler,
    django.core.handlers.asgi.ASGIRequest: ASGIRequest,
    django.core.handlers.wsgi.WSGIRequest: WSGIRequest,
}
"""Our classes by those of Django's whose place they take."""

USERS = (
    "django.core.asgi",
    "django.core.wsgi",
    "django.core.handlers.asgi",
    "django.core.handlers.wsgi",
    "django.core.servers.basehttp",
    "django.contrib.staticfiles.handlers",
    "django.test.client",
    "django.test.testcases",
)
"""Modules of Django's that hold one of these classes, or subclass it."""


def replace_classes() -> None:
    """Give every module of Django's our classes, before its tests are imported."""
    for name in USERS:
        # In this order: what subclasses them is imported after they are replaced.
        _replace_in(importlib.import_module(name))
    for module in [m for n, m in sys.modules.items() if n.startswith("django.")]:
        _replace_in(module)
    client: Any = importlib.import_module("django.test.client")
    client.AsyncClientHandler = _with_our_chain(client.AsyncClientHandler)


def _replace_in(module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        # Not isinstance(), which sets up what is lazy.
        if issubclass(type(value), type) and value in REPLACEMENTS:
            setattr(module, name, REPLACEMENTS[value])


def _with_our_chain(djangos: Any) -> Any:
    """Return the handler of the async test client, with our chain of middleware."""

    class AsyncClientHandler(ViewCaller, djangos):  # type: ignore[misc]
        def adapt_method_mode(
            self, is_async: bool, method: Any, *args: Any, **kwargs: Any
        ) -> Any:
            adapted = super().adapt_method_mode(is_async, method, *args, **kwargs)
            if not is_async:
                return adapted
            return (
                join(adapted) if adapted is method else accept_inline(method, adapted)
            )

    return AsyncClientHandler


def check_subclasses() -> None:
    """
    Make sure that what Django derives from its handlers derives from ours.

    Raises:
        RuntimeError: A class of Django's was made before the replacement.
    """
    ours = set(REPLACEMENTS.values())
    for kind in REPLACEMENTS:
        derived: type
        for derived in type.__subclasses__(kind):
            if not ours & set(derived.mro()):
                raise RuntimeError(f"{derived} must derive from one of ours.")


def main() -> None:
    """Run Django's tests; exit as they do."""
    handlers, *arguments = sys.argv[1:]
    if handlers == "bolt":
        replace_classes()
        check_subclasses()
    global_settings.TEST_RUNNER = "tests.django_suite.recording.RecordingRunner"
    sys.argv = ["runtests.py", *arguments]
    sys.path.insert(0, "")
    runpy.run_path("runtests.py", run_name="__main__")


if __name__ == "__main__":
    main()
