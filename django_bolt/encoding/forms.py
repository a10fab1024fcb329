"""
What a form says of mistakes, as plain lists.

Django's ``ErrorList`` is a ``list`` that keeps its items elsewhere. msgspec reads
a list as it lies in memory, and asks no hook: it would find none.
"""

from __future__ import annotations

from typing import Any

from django.forms.utils import ErrorDict, ErrorList

DEPTH = 4
"""Levels of plain dicts and lists in which errors are looked for."""


def holds_errors(data: Any, depth: int = DEPTH) -> bool:
    """
    Tell whether ``data`` is, or holds, errors of a form where they are expected.

    To search all of it would take as long as to encode it: they are looked for
    among the values of dicts, and at the begin of lists, as ``formset.errors`` and
    rows that are alike are.

    Args:
        data: What is to be encoded.
        depth: How many levels are looked at; what holds itself has no end.
    """
    kind = type(data)
    if kind is dict:
        for part in data.values():
            # Not ``isinstance``: it is slow where an abstract base class is asked.
            kind = type(part)
            if kind is ErrorDict or kind is ErrorList:
                return True
            if (
                (kind is dict or kind is list)
                and depth > 1
                and holds_errors(part, depth - 1)
            ):
                return True
        return False
    if kind is list or kind is tuple:
        if not data:
            return False
        first = data[0]
        kind = type(first)
        if (kind is dict or kind is list) and depth > 1:
            return holds_errors(first, depth - 1)
    return ErrorList in kind.__mro__ or kind is ErrorDict


def spell_out(data: Any, depth: int = DEPTH) -> Any:
    """Return ``data`` with plain lists in the place of the errors it holds."""
    kind = type(data)
    if kind is ErrorDict:
        return {name: list(texts) for name, texts in data.items()}
    if ErrorList in kind.__mro__:
        return list(data)
    if depth == 0:
        return data
    if kind is dict:
        return {key: spell_out(part, depth - 1) for key, part in data.items()}
    if kind is list or kind is tuple:
        return [spell_out(item, depth - 1) for item in data]
    return data
