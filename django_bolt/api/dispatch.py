"""
One view for the handlers of one path: by method, in the loop or in a thread.

Django asks whether a view is a coroutine function and wraps it accordingly: a
thread hop around a function under ASGI, an event loop around a coroutine
function under WSGI. Handlers of different kinds on one path thus get two views,
and each world takes the one that costs it nothing.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.log import log_response

from django_bolt.api.endpoints import Endpoint
from django_bolt.types import View

_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE = ("GET", "HEAD", "OPTIONS")

MARKS = ("csrf_exempt", "login_required", "_non_atomic_requests")
"""What decorators write on a view for Django to read before it is called."""


class Views(NamedTuple):
    """The view of a path, for each world; often they are one."""

    without_loop: View
    in_loop: View

    def pick(self) -> View:
        """Return the view for where we are: Django resolves URLs where it calls."""
        if self.without_loop is self.in_loop or asyncio._get_running_loop() is None:
            return self.without_loop
        return self.in_loop


def make_views(endpoints: Mapping[str, Endpoint], named: Endpoint) -> Views:
    """
    Make the view of a path.

    Args:
        endpoints: The handlers, by method.
        named: The one whose name, module and docstring the view has.
    """
    calls = {method: each.make_view() for method, each in endpoints.items()}
    kinds = {method: _kind(each, calls[method]) for method, each in endpoints.items()}
    if "GET" in calls and "HEAD" not in calls:
        calls["HEAD"], kinds["HEAD"] = calls["GET"], kinds["GET"]
    allowed = [method for method in _ORDER if method in calls or method == "OPTIONS"]
    marks = find_marks(list(endpoints.values()))
    view = _make_sync_view(calls, kinds, allowed)
    aview = _make_async_view(calls, kinds, allowed)
    for each in (view, aview):
        functools.update_wrapper(each, named.function, updated=())
        vars(each).update(marks)
    used = set(kinds.values())
    return Views(
        without_loop=aview if used == {"async"} else view,
        in_loop=view if used == {"sync"} else aview,
    )


def find_marks(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """
    Return the attributes that a path's handlers agree on.

    Of ``csrf_exempt`` only the methods are asked that Django checks; where no
    handler serves one of these, a request for it is refused by 405 and not 403.
    """
    tables = [_attributes(each) for each in endpoints]
    marks = {
        name: value
        for name, value in tables[0].items()
        if all(name in table and table[name] == value for table in tables)
    }
    marks.pop("csrf_exempt", None)
    exempt = [
        _attributes(each).get("csrf_exempt", False)
        for each in endpoints
        if each.method not in _SAFE
    ]
    if all(exempt):
        marks["csrf_exempt"] = True
    return marks


def find_disagreements(endpoints: Sequence[Endpoint]) -> list[str]:
    """Return the marks that some of a path's handlers have, and that are lost."""
    marks = find_marks(endpoints)
    return [
        name
        for name in MARKS
        if name not in marks
        and any(
            name in _attributes(each)
            for each in endpoints
            if name != "csrf_exempt" or each.method not in _SAFE
        )
    ]


def _attributes(endpoint: Endpoint) -> dict[str, Any]:
    attributes = dict(getattr(endpoint.function, "__dict__", {}))
    attributes.pop("__wrapped__", None)
    return attributes


def _kind(endpoint: Endpoint, view: View) -> str:
    """Tell where a view may be called: ``async``, ``sync``, or either: ``inline``."""
    if iscoroutinefunction(view):
        return "async"
    return "inline" if inspect.isasyncgenfunction(endpoint.function) else "sync"


def _make_sync_view(
    calls: Mapping[str, View], kinds: Mapping[str, str], allowed: list[str]
) -> View:
    by_method = {
        method: _in_loop(call) if kinds[method] == "async" else call
        for method, call in calls.items()
    }
    by_method.setdefault("OPTIONS", functools.partial(_answer_options, allowed))
    refuse = functools.partial(_refuse, allowed)

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        call = by_method.get(request.method or "", refuse)
        response: HttpResponseBase = call(request, *args, **kwargs)
        return response

    return view


def _make_async_view(
    calls: Mapping[str, View], kinds: Mapping[str, str], allowed: list[str]
) -> View:
    threaded: dict[str, View] = {
        method: call if kinds[method] == "async" else sync_to_async(call)
        for method, call in calls.items()
        if kinds[method] != "inline"
    }
    inline = {method: call for method, call in calls.items() if method not in threaded}
    if "OPTIONS" not in calls:
        inline["OPTIONS"] = functools.partial(_answer_options, allowed)
    refuse = functools.partial(_refuse, allowed)

    async def aview(
        request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        method = request.method or ""
        response: HttpResponseBase
        if method in threaded:
            response = await threaded[method](request, *args, **kwargs)
        else:
            response = inline.get(method, refuse)(request, *args, **kwargs)
        return response

    return aview


def _in_loop(call: View) -> View:
    def call_in_loop(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return async_to_sync(call)(request, *args, **kwargs)

    return call_in_loop


def _answer_options(
    allowed: list[str], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """
    Answer OPTIONS, as Django's class-based views do.

    Spec: RFC 9110 §9.3.7: "a server MUST generate a Content-Length field with a
        value of "0"" where there is no content.
    """
    response = HttpResponse(headers={"Allow": ", ".join(allowed)})
    response["Content-Length"] = "0"
    del response["Content-Type"]
    return response


def _refuse(
    allowed: list[str], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    """
    Refuse a method, and log it as Django's class-based views do.

    Spec: RFC 9110 §15.5.6: "The origin server MUST generate an Allow header
        field in a 405 response".
    """
    response = HttpResponseNotAllowed(allowed)
    log_response(
        "Method Not Allowed (%s): %s",
        request.method,
        request.path,
        response=response,
        request=request,
    )
    return response
