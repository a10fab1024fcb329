"""
HTTP dates. No I/O and no clock here: who needs the current time passes it.

Spec: RFC 9110 §5.6.7.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

# "HTTP-date is case sensitive." The name of the day is redundant, and is not
# compared with the date.
_DAY = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"

# "A recipient that parses a timestamp value in an HTTP field MUST accept all
# three HTTP-date formats."
_FORMATS = (
    re.compile(
        f"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"
    ),
    re.compile(
        f"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"
    ),
    re.compile(f"{_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


def format_date(timestamp: float) -> str:
    """
    Write a time as HTTP does: ``Sun, 06 Nov 1994 08:49:37 GMT``.

    Args:
        timestamp: Seconds since 1970, from 0 to the end of the year 9999;
            fractions are dropped.

    Spec: RFC 9110 §5.6.7, ``IMF-fixdate``.
    """
    moment = time.gmtime(timestamp)
    return (
        f"{_DAYS[moment.tm_wday]}, {moment.tm_mday:02} {_MONTHS[moment.tm_mon - 1]} "
        f"{moment.tm_year:04} "
        f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02} GMT"
    )


def parse_date(text: str, now: float) -> int | None:
    """
    Read an HTTP date.

    Args:
        text: A header's value; may come from a client.
        now: Seconds since 1970. Decides the century of a two-digit year.

    Returns:
        Seconds since 1970; ``None`` when the text is no HTTP date.

    Spec: RFC 9110 §5.6.7.
    """
    text = text.strip(" \t")
    for pattern in _FORMATS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _timestamp(match, now)
    return None


def _timestamp(match: re.Match[str], now: float) -> int | None:
    second = int(match["second"])
    try:
        moment = datetime(
            _year(match["year"], now),
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            # "23:59:60 (leap second)", which datetime does not know.
            min(second, 59) if second <= 60 else second,
            tzinfo=timezone.utc,
        )
    except ValueError:
        return None
    return int(moment.timestamp()) + (second == 60)


def _year(digits: str, now: float) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    # "Recipients of a timestamp value in rfc850-date format, which uses a
    # two-digit year, MUST interpret a timestamp that appears to be more than 50
    # years in the future as representing the most recent year in the past that
    # had the same last two digits."
    this_year = time.gmtime(now).tm_year
    year += this_year // 100 * 100
    return year - 100 if year > this_year + 50 else year
