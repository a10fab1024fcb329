"""Content-Disposition, by RFC 6266 and RFC 8187."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.wire.disposition import format_attachment


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        pytest.param("a.txt", 'attachment; filename="a.txt"', id="plain"),
        pytest.param("a b;c.txt", 'attachment; filename="a b;c.txt"', id="quoted"),
        pytest.param('a"b.txt', 'attachment; filename="a\\"b.txt"', id="quote"),
        pytest.param("a\\b.txt", 'attachment; filename="a\\\\b.txt"', id="backslash"),
        pytest.param("100%.txt", 'attachment; filename="100%.txt"', id="percent"),
        pytest.param("", "attachment", id="no name"),
        pytest.param("../../a.txt", 'attachment; filename="a.txt"', id="no path"),
        pytest.param("a/", "attachment", id="nothing after the path"),
        pytest.param(
            "€ rates.txt",
            'attachment; filename="_ rates.txt"; '
            "filename*=UTF-8''%E2%82%AC%20rates.txt",
            id="the example of RFC 8187",
        ),
        pytest.param(
            "na\u00efve.txt",
            "attachment; filename=\"naive.txt\"; filename*=UTF-8''na%C3%AFve.txt",
            id="accents fall in the plain form",
        ),
        pytest.param(
            "a%41.txt",
            "attachment; filename=\"a_41.txt\"; filename*=UTF-8''a%2541.txt",
            id="what looks like an escape",
        ),
        pytest.param(
            "a\x01b.txt",
            "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%01b.txt",
            id="control character",
        ),
    ],
)
def test_format_attachment(filename: str, header: str) -> None:
    assert format_attachment(filename) == header


@pytest.mark.parametrize(
    ("filename", "plain"),
    [
        pytest.param(
            "\u2025\uff0f\u2025\uff0fetc\uff0fpasswd", "______etc_passwd", id="slashes"
        ),
        pytest.param("a\uff3cb\ufe68c", "a_b_c", id="backslashes"),
        pytest.param("\u2105 b", "c_o b", id="slash between letters"),
        pytest.param("C\uff1ab\uff02c", "C_b_c", id="colon and quote"),
        pytest.param("\uff0e\uff0e", "__", id="dots"),
        pytest.param(".\u0301.", "_", id="dots when a mark falls"),
        pytest.param("\u0301", "_", id="nothing but a mark"),
        pytest.param("\u00a0", "_", id="nothing but a space"),
        pytest.param(
            "\uff11\uff05\uff14\uff11\uff0541%\uff14\uff11", "1_41_41_41", id="escapes"
        ),
        pytest.param("a\u00a0b\u2028c\x85", "a b_c_", id="spaces and controls"),
        pytest.param(
            "\ufb01ve\u00bd.tar.gz", "five1_2.tar.gz", id="letters and digits"
        ),
    ],
)
def test_format_attachment_plain_form_has_no_sign_that_the_name_has_not(
    filename: str, plain: str
) -> None:
    """Letters and digits are all that a character of another width leaves."""
    header = format_attachment(filename)

    assert header.startswith(f'attachment; filename="{plain}"; filename*=')


def test_format_attachment_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="lone surrogate '\\\\ud800' at index 1"):
        format_attachment("a\ud800")


@given(st.text())
def test_format_attachment_any_name_comes_back_and_breaks_nothing(name: str) -> None:
    """RFC 9110 \u00a75.6.4, RFC 8187 \u00a73.2.1: the header is always well-formed."""
    expected = name.rpartition("/")[2]

    header = format_attachment(name)

    match = re.fullmatch(
        r'attachment(?:; filename="((?:[ !#-\[\]-~]|\\["\\])+)")?'
        r"(?:; filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+))?",
        header,
    )
    assert match
    plain = re.sub(r"\\(.)", r"\1", match[1] or "")
    assert (unquote(match[2]) if match[2] else plain) == expected
