"""Handlers in a module with postponed annotations."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from django_bolt import BoltAPI

if TYPE_CHECKING:
    from decimal import Decimal as Never

api = BoltAPI()


@api.get("/later")
def later() -> Later:
    """Return more than goes out."""
    return Full(1, "secret")


@api.get("/never")
def never() -> list[Never]:
    """Return what nobody can evaluate."""
    return []  # pragma: no cover


@api.get("/number/{it}/{rest}")
def number(it: int, rest: PurePath) -> list[object]:
    """Return what was given."""
    return [it, rest]


class Later(msgspec.Struct):
    """Defined after the handler."""

    id: int


class Full(Later):
    """More than goes out."""

    password: str
