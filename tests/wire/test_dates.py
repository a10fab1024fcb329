"""HTTP dates, by RFC 9110 §5.6.7."""

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.wire.dates import format_date, parse_date

NOW = calendar.timegm((2026, 11, 22, 12, 0, 0))
# The example of the standard, in its three formats.
EXAMPLE = calendar.timegm((1994, 11, 6, 8, 49, 37))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", id="IMF-fixdate"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", id="RFC 850"),
        pytest.param("Sun Nov  6 08:49:37 1994", id="asctime"),
        pytest.param(" Sun, 06 Nov 1994 08:49:37 GMT\t", id="whitespace around"),
    ],
)
def test_parse_date_accepts_all_three_formats(text: str) -> None:
    assert parse_date(text, NOW) == EXAMPLE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("0", id="number"),
        pytest.param("sun, 06 nov 1994 08:49:37 gmt", id="other case"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 UTC", id="other zone"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 +0000", id="offset"),
        pytest.param("Sun, 6 Nov 1994 08:49:37 GMT", id="one-digit day"),
        pytest.param("Sun, 31 Feb 1994 08:49:37 GMT", id="no such day"),
        pytest.param("Sun, 06 Nov 1994 24:00:00 GMT", id="no such hour"),
        pytest.param("Sun, 06 Nov 1994 08:49:61 GMT", id="no such second"),
        pytest.param("Sun, 06 Nov 0000 08:49:37 GMT", id="year zero"),
        pytest.param(
            "Sun, 06 Nov \u0661\u0669\u0669\u0664 08:49:37 GMT", id="other digits"
        ),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT, x", id="more text"),
    ],
)
def test_parse_date_anything_else_is_none(text: str) -> None:
    assert parse_date(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        pytest.param("Thursday, 01-Jan-76 00:00:00 GMT", 2076, id="in 50 years"),
        pytest.param("Thursday, 01-Jan-77 00:00:00 GMT", 1977, id="in 51 years"),
        pytest.param("Thursday, 01-Jan-26 00:00:00 GMT", 2026, id="this year"),
    ],
)
def test_parse_date_two_digit_year_is_at_most_50_years_ahead(
    text: str, year: int
) -> None:
    assert parse_date(text, NOW) == calendar.timegm((year, 1, 1, 0, 0, 0))


def test_parse_date_leap_second_is_the_next_minute() -> None:
    leap = parse_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW)

    assert leap == calendar.timegm((2017, 1, 1, 0, 0, 0))


def test_format_date_writes_imf_fixdate() -> None:
    assert format_date(EXAMPLE + 0.9) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(st.integers(0, 253402300799))
def test_format_date_is_read_back(timestamp: int) -> None:
    assert parse_date(format_date(timestamp), NOW) == timestamp


@given(st.text())
def test_parse_date_never_raises(text: str) -> None:
    assert isinstance(parse_date(text, NOW), int | None)
