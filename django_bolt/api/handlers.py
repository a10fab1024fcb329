"""Handlers: what they take, what they return, and the view that calls them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.api.annotations import evaluate, find_globals
from django_bolt.api.paths import Path, parse_path
from django_bolt.api.results import Result
from django_bolt.responses.head import prepare
from django_bolt.types import View

_Parameter = inspect.Parameter


@dataclass(frozen=True, slots=True)
class Signature:
    """
    What a handler takes.

    Args:
        path: Its path, with the converters that its annotations ask for.
        takes_request: It is given the request; ``"first"`` by position, else
            by name.
        required: The parameters that a URL must fill.
        accepted: All that it may fill; ``None`` for any.
    """

    path: Path
    takes_request: str
    required: frozenset[str]
    accepted: frozenset[str] | None


def read_signature(handler: View, template: str) -> Signature:
    """
    Compare what a handler takes with what its path gives.

    Raises:
        TypeError: A parameter of the path is none of the handler's, or has an
            annotation that no converter serves.
        ValueError: The path is malformed.
        ImproperlyConfigured: Django refuses it.
    """
    declared = inspect.signature(handler).parameters
    # A decorator that is not moved decides itself what it hands on.
    own = inspect.signature(handler, follow_wrapped=False).parameters
    kinds = {parameter.kind for parameter in own.values()}
    if kinds == {_Parameter.VAR_POSITIONAL, _Parameter.VAR_KEYWORD}:
        own = declared
    path = parse_path(template, functools.partial(_evaluate, handler, declared))
    named = {
        name: parameter
        for name, parameter in own.items()
        if parameter.kind in (_Parameter.POSITIONAL_OR_KEYWORD, _Parameter.KEYWORD_ONLY)
        and name != "request"
    }
    takes_any = any(each.kind is _Parameter.VAR_KEYWORD for each in own.values())
    for name in path.names:
        if name == "request" or not (name in named or takes_any):
            raise TypeError(
                f"has the parameter {name!r}, which the handler does not take. Name "
                "the handler's parameter so, or take it out of the path."
            )
    return Signature(
        path,
        _find_request(own),
        frozenset(n for n, each in named.items() if each.default is _Parameter.empty),
        None if takes_any else frozenset(named),
    )


def _find_request(parameters: Mapping[str, inspect.Parameter]) -> str:
    if "request" not in parameters:
        return ""
    return "first" if next(iter(parameters)) == "request" else "by name"


def _evaluate(
    handler: View, parameters: Mapping[str, inspect.Parameter], name: str
) -> Any:
    """Return what a parameter is annotated with; ``Any`` without an annotation."""
    parameter = parameters.get(name)
    if parameter is None or parameter.annotation is _Parameter.empty:
        return Any
    try:
        return evaluate(parameter.annotation, find_globals(handler))
    except NameError as error:
        raise TypeError(
            f"has the parameter {name!r}, whose annotation {parameter.annotation!r} "
            f"cannot be evaluated: {error}. Import what it names at run time, or use "
            "Django's form <converter:name>."
        ) from error


def make_view(handler: View, signature: Signature, result: Result) -> View:
    """
    Make a view of a handler.

    Returns:
        A view in Django's sense. A coroutine function if the handler is one;
        for an async generator a function, which only makes the response.
    """
    call = _make_call(handler, signature)
    if iscoroutinefunction(handler):

        async def aview(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            value = await call(request, *args, **kwargs)
            # Not ``isinstance``: it would evaluate a lazy object, in the loop.
            if not issubclass(type(value), HttpResponseBase):
                value = await result.amake(value)
            return prepare(value, request)

        return functools.wraps(handler)(aview)

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        value = call(request, *args, **kwargs)
        if not issubclass(type(value), HttpResponseBase):
            value = result.make(value)
        return prepare(value, request)

    return functools.wraps(handler)(view)


def _make_call(handler: View, signature: Signature) -> View:
    """Return what calls a handler with what a view is given."""
    pure_paths = signature.path.pure_paths
    if signature.takes_request == "first" and not pure_paths:
        return handler

    def call(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        for name in pure_paths:
            kwargs[name] = PurePosixPath(kwargs[name])
        if signature.takes_request == "first":
            return handler(request, *args, **kwargs)
        if signature.takes_request:
            kwargs["request"] = request
        return handler(*args, **kwargs)

    return call
