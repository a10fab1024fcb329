"""
Every kind of HTTP response, right, fast and effortless, on plain Django.

Importable before Django's settings are configured.
"""

from django_bolt.api import BoltAPI
from django_bolt.responses import (
    HTML,
    JSON,
    File,
    FileResponse,
    JSONStream,
    PlainText,
    Redirect,
    Response,
    StreamingResponse,
)
from django_bolt.views import bolt_view

__all__ = [
    "HTML",
    "JSON",
    "BoltAPI",
    "File",
    "FileResponse",
    "JSONStream",
    "PlainText",
    "Redirect",
    "Response",
    "StreamingResponse",
    "bolt_view",
]

__version__ = "0.1.0"
