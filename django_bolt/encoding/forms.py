"""
What a form says of mistakes, as plain lists.

Django's ``ErrorList`` is a ``list`` that keeps its items elsewhere. msgspec reads
a list as it lies in memory, and asks no hook: it would find none.
"""

from __future__ import annotations

from typing import Any

from django.forms.utils import ErrorDict, ErrorList


def holds_errors(data: Any) -> bool:
    """
    Tell whether ``data`` is, or holds, errors of a form where they are expected.

    To search all of it would take as long as to encode it: they are looked for
    among the values of a dict, and at the begin of a list, as ``formset.errors`` is.
    """
    kind = type(data)
    if kind is dict:
        for part in data.values():
            # Not ``isinstance``: it is slow where an abstract base class is asked.
            part_kind = type(part)
            if part_kind is ErrorDict or part_kind is ErrorList:
                return True
        return False
    if kind is list or kind is tuple:
        if not data:
            return False
        kind = type(data[0])
    return ErrorList in kind.__mro__ or kind is ErrorDict


def spell_out(data: Any) -> Any:
    """Return ``data`` with plain lists in the place of the errors it holds."""
    kind = type(data)
    if kind is dict:
        return {key: _make_plain(part) for key, part in data.items()}
    if kind is list or kind is tuple:
        return [_make_plain(item) for item in data]
    return _make_plain(data)


def _make_plain(errors: Any) -> Any:
    kind = type(errors)
    if kind is ErrorDict:
        return {name: list(texts) for name, texts in errors.items()}
    return list(errors) if ErrorList in kind.__mro__ else errors
