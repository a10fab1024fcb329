"""The response classes, each usable wherever Django takes a response."""

from django_bolt.responses.base import Response
from django_bolt.responses.content import HTML, JSON, PlainText, Redirect
from django_bolt.responses.file import File, FileResponse
from django_bolt.responses.jsonstream import JSONStream
from django_bolt.responses.streaming import StreamingResponse

__all__ = [
    "HTML",
    "JSON",
    "File",
    "FileResponse",
    "JSONStream",
    "PlainText",
    "Redirect",
    "Response",
    "StreamingResponse",
]
