"""
Decorators around handlers: found, and taken to where they work.

Django's view decorators expect a view: it takes a request and returns a
response. A handler need not. So the handler is turned into a view first, and
the decorators are laid around that view, in the same order. A decorator that
stands over ``@api.get`` makes a function that the API never receives; the name
that the definition binds leads to it.
"""

from __future__ import annotations

import inspect
from functools import update_wrapper
from types import CellType, FrameType, FunctionType
from typing import Any, ClassVar, TypeGuard
from weakref import WeakSet

from django_bolt.types import View

_KINDS = inspect.Parameter


class Binding:
    """
    The name that a decorated function gets when its definition is complete.

    Args:
        function: What ``@api.get`` decorates.
        frame: Where the definition runs.

    Attributes:
        function: The function; once it is found, the outermost decorator's.
        is_lost: The name led elsewhere when it was last looked up: a decorator
            in between does not say what it wraps.
    """

    _pending: ClassVar[WeakSet[Binding]] = WeakSet()

    def __init__(self, function: View, frame: FrameType) -> None:
        # An earlier function of this name is about to lose it.
        self.settle_all()
        self.function = function
        self.is_lost = False
        self._name = getattr(function, "__name__", "")
        # Local names are read through their frame. Those of a module are one
        # mapping, which is kept instead.
        is_module = frame.f_locals is frame.f_globals
        self._module = frame.f_globals if is_module else {}
        self._frame = None if is_module else frame
        self._pending.add(self)

    @classmethod
    def settle_all(cls) -> None:
        """Follow every name that is bound by now."""
        for binding in list(cls._pending):
            binding.settle()

    def settle(self) -> None:
        """Follow the name, if it is bound by now, to the outermost decorator."""
        if self not in self._pending:
            return
        names = self._frame.f_locals if self._frame else self._module
        bound: Any = names.get(self._name)
        if leads_to(bound, self.function):
            self.function = bound
            self.is_lost = False
            self.release()
        else:
            self.is_lost = callable(bound)

    def release(self) -> None:
        """Look no more, and keep nothing of the place of the definition."""
        self._pending.discard(self)
        self._frame = None
        self._module = {}


def leads_to(outer: Any, function: View) -> bool:
    """Tell whether ``outer`` is ``function``, or decorators around it."""
    seen = set()
    while outer is not None and outer is not function and id(outer) not in seen:
        seen.add(id(outer))
        outer = _wrapped(outer)
    return outer is function


def find_handler(outer: View) -> View:
    """Return what stands below the decorators that :func:`decorate_like` can move."""
    while _is_view_decorator(outer):
        outer = _wrapped(outer)
    return outer


def decorate_like(outer: View, handler: View, view: View) -> View:
    """
    Lay around ``view`` the decorators that ``outer`` has around ``handler``.

    Each decorator's function is copied with its closure, in which what it
    decorates is replaced. ``outer`` is left as it is.
    """
    if outer is handler or not _is_view_decorator(outer):
        return view
    wrapped = _wrapped(outer)
    inner = decorate_like(wrapped, handler, view)
    copy = FunctionType(
        outer.__code__,
        outer.__globals__,
        outer.__name__,
        outer.__defaults__,
        tuple(
            CellType(inner) if _holds(cell, wrapped) else cell
            for cell in outer.__closure__ or ()
        ),
    )
    copy.__kwdefaults__ = outer.__kwdefaults__
    update_wrapper(copy, outer)
    copy.__dict__["__wrapped__"] = inner
    return copy


def _is_view_decorator(outer: View) -> TypeGuard[FunctionType]:
    """Tell whether this is a decorator's function that hands all arguments on."""
    wrapped = _wrapped(outer)
    if not isinstance(outer, FunctionType) or wrapped is None:
        return False
    parameters = inspect.signature(outer, follow_wrapped=False).parameters.values()
    kinds = [parameter.kind for parameter in parameters]
    if kinds[:1] == [_KINDS.POSITIONAL_OR_KEYWORD]:
        del kinds[0]
    return kinds == [_KINDS.VAR_POSITIONAL, _KINDS.VAR_KEYWORD] and any(
        _holds(cell, wrapped) for cell in outer.__closure__ or ()
    )


def _wrapped(outer: Any) -> Any:
    """Return what a function says that it wraps."""
    return getattr(outer, "__dict__", {}).get("__wrapped__")


def _holds(cell: CellType, value: object) -> bool:
    try:
        return cell.cell_contents is value
    except ValueError:  # An empty cell.
        return False
