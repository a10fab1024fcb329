"""
What a form says of mistakes, as plain lists.

Django's ``ErrorList`` is a ``list`` that keeps its items elsewhere. msgspec reads
a list as it lies in memory, and asks no hook: it would find none.
"""

from __future__ import annotations

from typing import Any

from django.forms.utils import ErrorDict, ErrorList

_ERRORS = frozenset({ErrorDict, ErrorList})
_MAY_HOLD = _ERRORS | {dict, list, tuple}
# An answer about a form is small and flat; to search all data would cost as much as
# to encode it.
_DEEPEST = 3
_MOST_PARTS = 32


def holds_errors(data: Any, depth: int = _DEEPEST) -> bool:
    """
    Tell whether errors of a form lie in ``data``, where they may be expected.

    That is: in dicts of few keys and not too deep, and in lists and tuples whose
    first item has some, as that of ``formset.errors`` is.
    """
    # Not ``isinstance``: it is slow where an abstract base class is asked.
    kind = type(data)
    if kind is dict:
        parts = data.values()
        if depth == 0 or _MAY_HOLD.isdisjoint(map(type, parts)):
            return False
        if len(data) > _MOST_PARTS:
            return not _ERRORS.isdisjoint(map(type, parts))
        for part in parts:
            if type(part) in _MAY_HOLD and holds_errors(part, depth - 1):
                return True
        return False
    if kind is list or kind is tuple:
        return depth > 0 and bool(data) and holds_errors(data[0], depth - 1)
    return ErrorList in kind.__mro__ or kind is ErrorDict


def spell_out(data: Any) -> Any:
    """Return ``data`` with lists in the place of the errors of forms."""
    kind = type(data)
    if ErrorList in kind.__mro__:
        return list(data)
    if kind is dict or kind is ErrorDict:
        return {key: spell_out(part) for key, part in data.items()}
    if kind is list or kind is tuple:
        return [spell_out(item) for item in data]
    return data
