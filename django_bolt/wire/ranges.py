"""
Byte ranges: from a Range header to spans, from spans to a body. No I/O here.

Inside, a span is half-open, as Python's slices are; last positions that are
included exist only in the text of headers.

Spec: RFC 9110 §14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

MAX_RANGES = 32
"""Ranges that one request may ask for; more look like an attack (§14.2)."""

_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
# No file is as large as that. It spares the conversion of longer numbers, which
# Python refuses from 4,300 digits on.
_MAX_DIGITS = 30


class Span(NamedTuple):
    """
    Bytes of a representation, from ``start`` up to and without ``stop``.
    """

    start: int
    stop: int


Piece: TypeAlias = bytes | Span
"""A part of a body: bytes as they are, or a span of the representation."""


def select_spans(header: str, size: int) -> list[Span] | None:
    """
    Choose the bytes that a Range header asks for.

    Args:
        header: The value of the header; from a client, of any length.
        size: Bytes of the whole representation.

    Returns:
        The spans, none of which is empty, overlaps or touches another, in the
        order in which they were asked for; an empty list when none of them can
        be satisfied (416); ``None`` when the header is to be ignored.

    Spec: RFC 9110 §14.1.1, §14.1.2, §14.2.
    """
    unit, equals, range_set = header.strip(" \t").partition("=")
    # "Range units ... all range unit names are case-insensitive"; "An origin
    # server MUST ignore a Range header field that contains a range unit it does
    # not understand."
    if not equals or unit.lower() != "bytes":
        return None
    # RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number
    # of empty list elements."
    specs = [spec for item in range_set.split(",") if (spec := item.strip(" \t"))]
    if not 0 < len(specs) <= MAX_RANGES:
        return None
    spans = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or not _is_valid(match[1], match[2]):
            # "A server that supports range requests MAY ignore or reject a
            # Range header field that contains an invalid ranges-specifier."
            return None
        span = _resolve(match[1], match[2], size)
        if span is not None:
            spans.append(span)
    if any(span.start == span.stop for span in spans):
        # A suffix of an empty file: satisfiable, yet no Content-Range can say so.
        return None
    return _merge(spans)


def _is_valid(first: str, last: str) -> bool:
    if not first or not last:
        return bool(first or last)
    # "An int-range is invalid if the last-pos value is present, and less than
    # first-pos." Compared as text: the numbers may be longer than Python converts.
    first, last = first.lstrip("0"), last.lstrip("0")
    return (len(first), first) <= (len(last), last)


def _resolve(first: str, last: str, size: int) -> Span | None:
    """Return the span of a valid spec, or ``None`` if it cannot be satisfied."""
    if not first:
        # "A suffix-range is satisfiable if the suffix-length is non-zero. If the
        # selected representation is shorter than the specified suffix-length,
        # the entire representation is used."
        length = _number(last)
        return Span(max(size - length, 0), size) if length else None
    start = _number(first)
    # "An int-range is satisfiable if it contains a first-pos less than the
    # current length of the selected representation."
    if start >= size:
        return None
    # "If the last-pos value is absent, or if the value is greater than or equal
    # to the current length of the representation data, the byte range is
    # interpreted as the remainder of the representation."
    return Span(start, min(_number(last) + 1, size) if last else size)


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits[:_MAX_DIGITS] or "0")


def _merge(spans: Sequence[Span]) -> list[Span]:
    """
    Coalesce spans that overlap or touch, each into the earliest asked for.

    Spec: RFC 9110 §15.3.7.2: "a server MAY coalesce any of the ranges that
        overlap"; "A server that generates a multipart response ... SHOULD send
        the parts in the same order that the corresponding range-spec appeared
        in the received Range header field".
    """
    merged: list[tuple[int, Span]] = []
    for place, span in sorted(enumerate(spans), key=lambda item: item[1]):
        if merged and span.start <= merged[-1][1].stop:
            first, last = merged[-1]
            stop = max(last.stop, span.stop)
            merged[-1] = min(first, place), Span(last.start, stop)
        else:
            merged.append((place, span))
    return [span for _place, span in sorted(merged)]


def format_content_range(span: Span, size: int) -> str:
    """
    Name the bytes that a 206, or a part of one, holds.

    Spec: RFC 9110 §14.4.
    """
    return f"bytes {span.start}-{span.stop - 1}/{size}"


def format_unsatisfied_range(size: int) -> str:
    """
    Tell a client that asked for too much how much there is.

    Spec: RFC 9110 §14.4, §15.5.17.
    """
    return f"bytes */{size}"


def make_multipart(
    spans: Iterable[Span], size: int, media_type: str | None, boundary: str
) -> list[Piece]:
    """
    Frame several spans as the body of a ``multipart/byteranges``.

    Args:
        spans: What the parts hold.
        size: Bytes of the whole representation.
        media_type: The Content-Type of a 200; "the server SHOULD generate that
            same Content-Type header field in the header area of each body part".
        boundary: Separates the parts; must occur in none of them, which a
            random one ensures. Letters and digits.

    Returns:
        The pieces of the body, in order.

    Spec: RFC 9110 §14.6, RFC 2046 §5.1.1.
    """
    content_type = "" if media_type is None else f"Content-Type: {media_type}\r\n"
    pieces: list[Piece] = []
    opening = f"--{boundary}"
    for span in spans:
        content_range = format_content_range(span, size)
        head = f"{opening}\r\n{content_type}Content-Range: {content_range}\r\n\r\n"
        pieces += [head.encode("latin-1"), span]
        opening = f"\r\n--{boundary}"
    return [*pieces, f"{opening}--\r\n".encode()]


def measure(pieces: Iterable[Piece]) -> int:
    """Return how many bytes a body of these pieces has."""
    return sum(
        piece.stop - piece.start if isinstance(piece, Span) else len(piece)
        for piece in pieces
    )
