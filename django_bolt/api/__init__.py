"""
BoltAPI: decorators that register handlers as ordinary URL patterns.

Routing is Django's, and so are middleware, view decorators, reversing and
tests. A path becomes a ``URLPattern``; its view picks the handler by method,
calls it, and makes a response of what it returns.
"""

from __future__ import annotations

from django_bolt.api.routing import BoltAPI

__all__ = ["BoltAPI"]
