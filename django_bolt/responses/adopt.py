"""
Let Django's own streaming responses stream, when the project asks for it.

The response stays the object that it was, with its headers, cookies and
closers; only how its body is iterated changes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from django_bolt.responses.body import StreamBody


def adopt(response: HttpResponseBase) -> None:
    """Make a streaming response of Django's, or of a package, stream as ours do."""
    if isinstance(response, StreamingHttpResponse) and not isinstance(
        response, StreamBody
    ):
        # Not type(): a lazy object around a response tells the class of that.
        response.__class__ = _streaming_class(response.__class__)


@lru_cache(maxsize=256)
def _streaming_class(base: type[StreamingHttpResponse]) -> type[StreamBody]:
    """Return a subclass of both, under the name of the response's own class."""
    names = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    return cast("type[StreamBody]", type(base.__name__, (StreamBody, base), names))
