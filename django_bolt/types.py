"""
Aliases and protocols that several modules share, each named once.

Nothing here runs; the module may be imported from anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Headers: TypeAlias = Mapping[str, str]
"""Header fields as a caller gives them; read, never changed."""

StrPath: TypeAlias = str | os.PathLike[str]
"""A path in the file system, as ``open()`` takes it; not one in bytes."""

View: TypeAlias = Callable[..., Any]
"""
What a URL pattern calls: its parameters are the pattern's own, and with
django_bolt in place it may return anything that converts to a response.
"""
