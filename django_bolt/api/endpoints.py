"""One handler for one method of one path, from its decorator to its view."""

from __future__ import annotations

from contextlib import suppress
from types import FrameType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_bolt.api.decorators import (
    Binding,
    decorate_like,
    find_handler,
)
from django_bolt.api.handlers import Signature, make_view, read_signature
from django_bolt.api.results import Options, Result
from django_bolt.conversion import convert_calls, describe_view
from django_bolt.types import View


class Endpoint:
    """
    A handler for one method of one path.

    What is wrong is told at once, but for annotations that name what is not
    defined yet: those are evaluated again when the view is made, and checked by
    ``manage.py check``.

    Args:
        method: The request method, in upper case.
        template: The path, as it was given.
        function: What was decorated.
        options: What the decorator says of the response.
        frame: Where the definition runs.

    Raises:
        TypeError: The handler is no function, or it and its path disagree.
        ValueError: The path or the status is malformed.
        ImproperlyConfigured: Django refuses the path.
    """

    def __init__(
        self,
        method: str,
        template: str,
        function: View,
        options: Options,
        frame: FrameType,
    ) -> None:
        given: object = function
        if isinstance(given, type) or not callable(given):
            raise TypeError(
                f"api.{method.lower()} decorates a function; got {given!r}. Of a "
                "class-based view, decorate what its as_view() returns."
            )
        self.method = method
        self.template = template
        self.name = describe_view(function)
        self.options = options
        self.binding = Binding(function, frame)
        self._handler = find_handler(function)
        self.signature = self._read_signature()
        self._result: Result | None = None
        with suppress(NameError):
            self._find_result()

    @property
    def function(self) -> View:
        """What was decorated; when it is known, with the decorators over it."""
        return self.binding.function

    def make_view(self) -> View:
        """
        Make the view, with the handler's decorators around it.

        A handler whose annotations cannot be used gets one that raises
        ``ImproperlyConfigured``: of the URLs, only its own fail.
        """
        self.binding.settle()
        self.binding.release()
        handler = find_handler(self.function)
        if handler is not self._handler:
            # Over it lies a decorator that cannot be moved: that is the handler.
            self._handler, self._result = handler, None
            self.signature = self._read_signature()
        problem = self.find_problem()
        if problem is not None or self._result is None:
            return _fail_with(problem)
        view = make_view(handler, self.signature, self._result)
        if self.function is handler:
            return view
        decorated = decorate_like(self.function, handler, view)
        conversion = self._result.conversion
        return convert_calls(decorated, conversion.convert, conversion.aconvert)

    def find_problem(self) -> str | None:
        """Evaluate the return annotation, and say what is wrong with it."""
        try:
            self._find_result()
        except NameError as error:
            return (
                f"The return annotation of the handler {self.name} cannot be "
                f"evaluated: {error}. What it returns would go out as it is. Import "
                "what it names at run time, or give a response_model."
            )
        except TypeError as error:
            return str(error)
        return None

    def _find_result(self) -> None:
        if self._result is not None:
            return
        try:
            self._result = Result(self._handler, self.options)
        except TypeError as error:
            raise TypeError(f"The handler {self.name} {error}") from error

    def _read_signature(self) -> Signature:
        try:
            self.options.check()
            return read_signature(self._handler, self.template)
        except (TypeError, ValueError, ImproperlyConfigured) as error:
            raise type(error)(
                f"The path {self.template!r} of the handler {self.name} {error}"
            ) from error


def _fail_with(problem: str | None) -> View:
    """Make a view that raises."""

    def view(*args: Any, **kwargs: Any) -> Any:
        raise ImproperlyConfigured(problem)

    return view
