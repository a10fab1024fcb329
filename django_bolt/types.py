"""
Aliases and protocols that several modules share, each named once.

Nothing here runs; the module may be imported from anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Headers: TypeAlias = Mapping[str, str]
"""Header fields as a caller gives them; read, never changed."""

View: TypeAlias = Callable[..., Any]
"""
What a URL pattern calls: its parameters are the pattern's own, and with
django_bolt in place it may return anything that converts to a response.
"""
