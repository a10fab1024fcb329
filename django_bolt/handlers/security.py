"""
The headers of ``SecurityMiddleware``, made once instead of for each response.

Without HSTS, which looks at the request, they are the same for every response;
what a response says itself stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders

from django_bolt.handlers.computing import class_name


def find_shortcut(middleware: Any) -> Callable[[HttpRequest, Any], Any] | None:
    """
    Return what does the same as ``process_response`` of a middleware, sooner.

    Args:
        middleware: Any one that derives from ``MiddlewareMixin``.

    Returns:
        ``None`` for every other class, and where the headers may differ.
    """
    name = class_name(type(middleware))
    if name != "django.middleware.security.SecurityMiddleware":
        return None
    if middleware.sts_seconds:
        return None
    process: Callable[[HttpRequest, Any], Any] = middleware.process_response
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
            or type(response).setdefault is not HttpResponseBase.setdefault
        ):
            return process(request, response)
        store = headers._store
        for key, field in fields:
            if key not in store:
                store[key] = field
        return response

    return process_response
