"""
Every kind of HTTP response, right, fast and effortless, on plain Django.

Importable before Django's settings are configured.
"""

from django_bolt.api import BoltAPI
from django_bolt.responses import (
    HTML,
    JSON,
    EventSourceResponse,
    File,
    FileResponse,
    JSONStream,
    PlainText,
    Redirect,
    Response,
    ServerSentEvent,
    StreamingResponse,
    format_sse_event,
)
from django_bolt.views import bolt_view

__all__ = [
    "HTML",
    "JSON",
    "BoltAPI",
    "EventSourceResponse",
    "File",
    "FileResponse",
    "JSONStream",
    "PlainText",
    "Redirect",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
    "bolt_view",
    "format_sse_event",
]

__version__ = "0.1.0"
