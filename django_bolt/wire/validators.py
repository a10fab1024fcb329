"""
Entity tags and preconditions. No I/O and no clock here.

Spec: RFC 9110 §8.8, §13.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from django_bolt.wire.dates import parse_date

# RFC 9110 §8.8.3: entity-tag = [ weak ] opaque-tag; weak is case-sensitive;
# etagc = %x21 / %x23-7E / obs-text. Commas may stand inside.
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_DELIMITERS = re.compile(r"[ \t,]*")


class Validators(NamedTuple):
    """
    What tells one version of a representation from another.

    Args:
        etag: The value of ETag, quotes included; ``None`` if there is none.
        modified: Last-Modified in seconds since 1970; ``None`` if unknown.
    """

    etag: str | None
    modified: int | None


class Conditions(NamedTuple):
    """
    The conditional headers of a request as they came; ``None`` where one is absent.
    """

    if_match: str | None = None
    if_unmodified_since: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_range: str | None = None


def make_etag(*numbers: int) -> str:
    """
    Make a strong entity tag of numbers that change when the content does.

    Spec: RFC 9110 §8.8.3.
    """
    return f'"{"-".join(f"{number:x}" for number in numbers)}"'


def parse_etags(text: str) -> list[str]:
    """
    Return the entity tags of a list; elements that are none are left out.

    Args:
        text: ``If-Match`` or ``If-None-Match``, from a client; not ``*``.
    """
    tags = []
    position = 0
    while position < len(text):
        start = _end(_DELIMITERS.match(text, position), position)
        match = _ETAG.match(text, start)
        comma = text.find(",", _end(match, start))
        stop = len(text) if comma < 0 else comma
        if match and not text[match.end() : stop].strip(" \t"):
            tags.append(match[0])
        position = stop + 1
    return tags


def _end(match: re.Match[str] | None, default: int) -> int:
    return match.end() if match else default


def matches_strongly(one: str, other: str) -> bool:
    """
    Tell whether two tags are equal and neither is weak.

    Spec: RFC 9110 §8.8.3.2.
    """
    return one == other and not one.startswith("W/")


def matches_weakly(one: str, other: str) -> bool:
    """
    Tell whether two tags are equal, weak or not.

    Spec: RFC 9110 §8.8.3.2.
    """
    return one.removeprefix("W/") == other.removeprefix("W/")


def evaluate(conditions: Conditions, validators: Validators, now: float) -> int:
    """
    Decide a GET or HEAD whose answer would be a success without conditions.

    Args:
        conditions: From a client.
        validators: Of the representation that would be sent.
        now: Seconds since 1970.

    Returns:
        200 to go on, 304 or 412 to stop there.

    Spec: RFC 9110 §13.2.2, steps 1 to 4.
    """
    if conditions.if_match is not None:
        if not _has_match(conditions.if_match, validators.etag):
            return 412
    elif not _is_unmodified(conditions.if_unmodified_since, validators, now):
        return 412
    if conditions.if_none_match is not None:
        if _has_weak_match(conditions.if_none_match, validators.etag):
            return 304
    elif not _is_modified(conditions.if_modified_since, validators, now):
        return 304
    return 200


def allows_range(if_range: str | None, validators: Validators, now: float) -> bool:
    """
    Tell whether a Range header is to be obeyed.

    Args:
        if_range: From a client; ``None`` when the header is absent.
        validators: Of the representation that would be sent.
        now: Seconds since 1970.

    Spec: RFC 9110 §13.1.5: "A recipient of an If-Range header field MUST ignore
        the Range header field if the If-Range condition evaluates as false."
    """
    if if_range is None:
        return True
    if_range = if_range.strip(" \t")
    # "A valid entity-tag can be distinguished from a valid HTTP-date by
    # examining the first three characters for a DQUOTE."
    if '"' in if_range[:3]:
        # "... exactly matches the ETag field value ... using the strong
        # comparison function".
        etag = validators.etag
        return etag is not None and matches_strongly(if_range, etag)
    # "If the HTTP-date validator provided exactly matches the Last-Modified
    # field value for the selected representation, the condition is true."
    date = parse_date(if_range, now)
    return date is not None and date == validators.modified


def _has_match(if_match: str, etag: str | None) -> bool:
    # §13.1.1: "If the field value is "*", the condition is true if the origin
    # server has a current representation for the target resource."
    if if_match.strip(" \t") == "*":
        return True
    # "An origin server MUST use the strong comparison function."
    return etag is not None and any(
        matches_strongly(tag, etag) for tag in parse_etags(if_match)
    )


def _has_weak_match(if_none_match: str, etag: str | None) -> bool:
    # §13.1.2: "A recipient MUST use the weak comparison function."
    if if_none_match.strip(" \t") == "*":
        return True
    return etag is not None and any(
        matches_weakly(tag, etag) for tag in parse_etags(if_none_match)
    )


def _is_unmodified(text: str | None, validators: Validators, now: float) -> bool:
    # §13.1.4: "A recipient MUST ignore the If-Unmodified-Since header field if
    # the received field value is not a valid HTTP-date", or if there is no
    # modification date.
    if text is None or validators.modified is None:
        return True
    date = parse_date(text, now)
    return date is None or validators.modified <= date


def _is_modified(text: str | None, validators: Validators, now: float) -> bool:
    # §13.1.3: the same of If-Modified-Since.
    if text is None or validators.modified is None:
        return True
    date = parse_date(text, now)
    return date is None or validators.modified > date
