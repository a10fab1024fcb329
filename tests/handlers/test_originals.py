"""Methods of Django's that another package has replaced before."""

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler

from django_bolt.handlers.originals import find_original

ROOT = Path(__file__).parents[2]

# What a package that traces requests does when settings are read.
TRACER = """
import asyncio
import functools

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, path

traced = set()


def trace(kind, name):
    method = getattr(kind, name)

    @functools.wraps(method)
    def wrapper(*args, **kwargs):
        traced.add(f"{kind.__name__}.{name}")
        return method(*args, **kwargs)

    setattr(kind, name, wrapper)


trace(ASGIHandler, "__call__")
trace(ASGIRequest, "__init__")
trace(BaseHandler, "get_response")
trace(BaseHandler, "get_response_async")
trace(BaseHandler, "resolve_request")
trace(URLPattern, "resolve")
trace(URLResolver, "resolve")
trace(WSGIHandler, "__call__")

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
urlpatterns = [path("", lambda request: HttpResponse("here"))]

from django_bolt.asgi import get_asgi_application
from django_bolt.wsgi import get_wsgi_application
from tests.handlers import exchange, exchanges

asyncio.run(exchanges.Exchange("/").run(get_asgi_application()))
print(*sorted(traced))
traced.clear()
exchange.ask(get_wsgi_application(), exchange.make_environ("/"))
print(*sorted(traced))
"""


def test_what_was_replaced_before_the_import_is_called() -> None:
    """Settings, where such packages begin, may be read before ``asgi.py``."""
    done = subprocess.run(
        [sys.executable, "-c", TRACER],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ASGIHandler.__call__ ASGIRequest.__init__ BaseHandler.get_response_async "
        "BaseHandler.resolve_request URLPattern.resolve URLResolver.resolve",
        "BaseHandler.get_response BaseHandler.resolve_request URLPattern.resolve "
        "URLResolver.resolve WSGIHandler.__call__",
    ]


def test_original_of_a_class_may_be_inherited() -> None:
    assert find_original(ASGIHandler, "get_response") is BaseHandler.get_response


@pytest.mark.parametrize("copies", [True, False], ids=["with wraps", "plain"])
def test_wrapper_is_no_original(copies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    method = BaseHandler.get_response

    def wrapper(self: Any, request: Any) -> Any:
        return method(self, request)

    monkeypatch.setattr(
        BaseHandler,
        "get_response",
        functools.wraps(method)(wrapper) if copies else wrapper,
    )

    assert find_original(BaseHandler, "get_response") is not BaseHandler.get_response


def test_callable_object_is_no_original(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = functools.partial(BaseHandler.get_response)
    monkeypatch.setattr(BaseHandler, "get_response", proxy)

    assert find_original(BaseHandler, "get_response") is not proxy
