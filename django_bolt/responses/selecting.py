"""Selecting: a response that answers conditions and ranges about its bytes."""

from __future__ import annotations

import abc
import secrets
import time
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_bolt.responses.filehead import VALIDATORS, drop_content_fields
from django_bolt.responses.head import ResponseBase, without_marker
from django_bolt.wire.dates import parse_date
from django_bolt.wire.ranges import (
    Piece,
    Span,
    format_content_range,
    format_unsatisfied_range,
    make_multipart,
    measure,
    select_spans,
)
from django_bolt.wire.validators import Conditions, Validators, allows_range, evaluate

_ASKING = frozenset(
    {
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_NONE_MATCH",
        "HTTP_IF_RANGE",
        "HTTP_IF_UNMODIFIED_SINCE",
        "HTTP_RANGE",
    }
)
"""What a request says that asks for less than the whole."""


class Selecting(ResponseBase, abc.ABC):
    """A response that answers conditions and ranges about bytes of known length."""

    _size: int | None
    """Bytes of the whole content; ``None`` when that is unknown."""

    _is_prepared = False

    def prepare(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the conditions and the range of a GET or HEAD, once."""
        if not self._is_prepared and request.method in ("GET", "HEAD"):
            self._is_prepared = True
            if 200 <= self.status_code < 300:
                self._answer(request)
        return self

    def items(self) -> Any:
        """Return the header fields to send."""
        return without_marker(self.headers)

    def _answer(self, request: HttpRequest) -> None:
        """Decide by RFC 9110 §13.2.2."""
        meta = request.META
        if meta.keys().isdisjoint(_ASKING):
            return
        now = time.time()
        conditions = Conditions(
            meta.get("HTTP_IF_MATCH"),
            meta.get("HTTP_IF_UNMODIFIED_SINCE"),
            meta.get("HTTP_IF_NONE_MATCH"),
            meta.get("HTTP_IF_MODIFIED_SINCE"),
            meta.get("HTTP_IF_RANGE"),
        )
        modified = self.headers.get("Last-Modified")
        validators = Validators(
            self.headers.get("ETag"),
            None if modified is None else parse_date(modified, now),
        )
        status = evaluate(conditions, validators, now)
        if status != 200:
            self._refuse(status)
            return
        header = meta.get("HTTP_RANGE")
        if (
            header is not None
            and request.method == "GET"
            and self.status_code == 200
            and self._size is not None
            and self.headers.get("Accept-Ranges") == "bytes"
            and self._is_untouched()
            and allows_range(conditions.if_range, validators, now)
        ):
            self._select(select_spans(header, self._size), self._size)

    def _refuse(self, status: int) -> None:
        """Answer without the content: 304, 412 or 416."""
        self.status_code = status
        drop_content_fields(self.headers)
        if status != 304:
            for name in VALIDATORS:
                self.headers.pop(name, None)
            self.headers["Content-Length"] = "0"
        self._set_pieces([])
        self._keep_encoding()

    def _select(self, spans: list[Span] | None, size: int) -> None:
        """Answer a range; ``None`` leaves the response whole."""
        if spans is None:
            return
        if not spans:
            self._refuse(416)
            self.headers["Content-Range"] = format_unsatisfied_range(size)
            return
        self.status_code = 206
        pieces: list[Piece] = [*spans]
        if len(spans) == 1:
            self.headers["Content-Range"] = format_content_range(spans[0], size)
        else:
            boundary = secrets.token_hex(16)
            media_type = self.headers.get("Content-Type")
            pieces = make_multipart(spans, size, media_type, boundary)
            self.headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
        self.headers["Content-Length"] = str(measure(pieces))
        self._set_pieces(pieces)
        self._keep_encoding()

    def _keep_encoding(self) -> None:
        """Keep compression away: it would encode a part as if it were the whole."""
        self.headers.setdefault("Content-Encoding", "identity")

    @abc.abstractmethod
    def _is_untouched(self) -> bool:
        """Tell whether the body is what the range counts: a decorator may change it."""

    @abc.abstractmethod
    def _set_pieces(self, pieces: Sequence[Piece]) -> None:
        """Make these pieces of the whole the body."""
