"""The response classes, each usable wherever Django takes a response."""

from django_bolt.responses.base import Response
from django_bolt.responses.content import HTML, JSON, PlainText, Redirect
from django_bolt.responses.eventsource import EventSourceResponse
from django_bolt.responses.file import FileResponse
from django_bolt.responses.jsonstream import JSONStream
from django_bolt.responses.streaming import StreamingResponse
from django_bolt.responses.wholefile import File
from django_bolt.wire.sse import ServerSentEvent, format_sse_event

__all__ = [
    "HTML",
    "JSON",
    "EventSourceResponse",
    "File",
    "FileResponse",
    "JSONStream",
    "PlainText",
    "Redirect",
    "Response",
    "ServerSentEvent",
    "StreamingResponse",
    "format_sse_event",
]
