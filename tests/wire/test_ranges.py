"""Byte ranges: a row for each sentence of RFC 9110 §14."""

import email
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.wire.ranges import (
    MAX_RANGES,
    Piece,
    Span,
    format_content_range,
    format_unsatisfied_range,
    make_multipart,
    measure,
    select_spans,
)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        pytest.param("bytes=0-0", (0, 1), id="first byte"),
        pytest.param("bytes=2-4", (2, 5), id="positions are inclusive"),
        pytest.param("bytes=9-9", (9, 10), id="last byte"),
        pytest.param("bytes=9-", (9, 10), id="open end, last byte"),
        pytest.param("bytes=0-", (0, 10), id="open end, all"),
        pytest.param("bytes=-1", (9, 10), id="last byte by suffix"),
        pytest.param("bytes=-10", (0, 10), id="suffix of the whole length"),
        pytest.param("bytes=-11", (0, 10), id="suffix longer than the file"),
        pytest.param("bytes=4-10", (4, 10), id="end one beyond the file"),
        pytest.param("bytes=4-" + "9" * 5000, (4, 10), id="end of 5000 digits"),
        pytest.param("bytes=-" + "9" * 5000, (0, 10), id="suffix of 5000 digits"),
        pytest.param("bytes=4-18446744073709551616", (4, 10), id="end beyond 64 bits"),
        pytest.param("bytes=0002-0004", (2, 5), id="leading zeros"),
        pytest.param("BYTES=2-4", (2, 5), id="unit in upper case"),
        pytest.param("bytes= 2-4 ", (2, 5), id="whitespace around the range"),
        pytest.param("bytes=,2-4,,", (2, 5), id="empty elements of the list"),
        pytest.param("bytes=2-4,90-", (2, 5), id="one of two can be satisfied"),
        pytest.param("bytes=2-4,-0", (2, 5), id="an empty suffix beside a range"),
    ],
)
def test_select_spans_satisfiable_range_names_its_bytes(
    header: str, span: tuple[int, int]
) -> None:
    assert select_spans(header, size=10) == [span]


@pytest.mark.parametrize(
    ("header", "spans"),
    [
        pytest.param("bytes=0-1,4-5", [(0, 2), (4, 6)], id="two"),
        pytest.param("bytes=4-5,0-1", [(4, 6), (0, 2)], id="kept in the order asked"),
        pytest.param(
            "bytes=0-1 ,\t4-5", [(0, 2), (4, 6)], id="whitespace by the comma"
        ),
        pytest.param("bytes=0-3,2-5", [(0, 6)], id="overlapping"),
        pytest.param("bytes=0-1,2-3", [(0, 4)], id="adjacent"),
        pytest.param("bytes=0-9,2-3", [(0, 10)], id="one inside the other"),
        pytest.param("bytes=2-3,2-3", [(2, 4)], id="twice the same"),
        pytest.param(
            "bytes=8-9,0-1,1-4", [(8, 10), (0, 5)], id="merged at the earlier place"
        ),
        pytest.param("bytes=0-1,-2", [(0, 2), (8, 10)], id="with a suffix"),
    ],
)
def test_select_spans_several_are_merged_and_keep_their_order(
    header: str, spans: list[tuple[int, int]]
) -> None:
    """§15.3.7.2: overlapping ranges may be coalesced; the order should be kept."""
    assert select_spans(header, size=10) == spans


@pytest.mark.parametrize(
    ("header", "size"),
    [
        pytest.param("bytes=10-", 10, id="first position equal to the length"),
        pytest.param("bytes=10-20", 10, id="first position beyond, with an end"),
        pytest.param("bytes=18446744073709551616-", 10, id="beyond 64 bits"),
        pytest.param("bytes=" + "9" * 5000 + "-", 10, id="5000 digits"),
        pytest.param("bytes=-0", 10, id="suffix of no bytes"),
        pytest.param("bytes=-000", 10, id="suffix of no bytes, with zeros"),
        pytest.param("bytes=10-,20-30", 10, id="none of several"),
        pytest.param("bytes=0-", 0, id="an empty file"),
        pytest.param("bytes=0-0", 0, id="first byte of an empty file"),
    ],
)
def test_select_spans_nothing_satisfiable_is_an_empty_list(
    header: str, size: int
) -> None:
    assert select_spans(header, size) == []


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("bytes", id="unit alone"),
        pytest.param("bytes=", id="no range"),
        pytest.param("bytes=,", id="only empty elements"),
        pytest.param("bytes=-", id="a dash alone"),
        pytest.param("bytes=5", id="no dash"),
        pytest.param("bytes=5-4", id="last before first"),
        pytest.param("bytes=1" + "0" * 5000 + "-" + "9" * 5000, id="so, in long"),
        pytest.param("bytes=0-1,5-4", id="one of two is invalid"),
        pytest.param("bytes=a-b", id="letters"),
        pytest.param("bytes=0-1x", id="letters after a range"),
        pytest.param("bytes=0x0-0x5", id="hexadecimal"),
        pytest.param("bytes=+1-2", id="sign"),
        pytest.param("bytes=1_0-1_1", id="underscores"),
        pytest.param("bytes=\u0660-\u0664", id="other digits"),
        pytest.param("bytes=--1", id="two dashes"),
        pytest.param("bytes=0-1-2", id="two dashes apart"),
        pytest.param("bytes=0 - 1", id="whitespace inside"),
        pytest.param("bytes =0-1", id="whitespace before the equals sign"),
        pytest.param("bytes:0-1", id="colon"),
        pytest.param("bytes=0-1;2-3", id="semicolon"),
        pytest.param("bytes=0-1,bytes=2-3", id="unit twice"),
        pytest.param("items=0-1", id="another unit"),
        pytest.param("=0-1", id="no unit"),
    ],
)
def test_select_spans_malformed_or_foreign_is_ignored(header: str) -> None:
    """§14.2: another unit must be ignored, what is invalid may be."""
    assert select_spans(header, size=10) is None


def test_select_spans_suffix_of_an_empty_file_is_ignored() -> None:
    """§14.1.2: satisfiable by all of its no bytes, which no Content-Range can name."""
    assert select_spans("bytes=-5", size=0) is None


def test_select_spans_as_many_ranges_as_allowed_are_obeyed() -> None:
    header = "bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(MAX_RANGES))

    spans = select_spans(header, size=1000)

    assert spans is not None
    assert len(spans) == 32


def test_select_spans_one_range_more_is_ignored() -> None:
    header = "bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(MAX_RANGES + 1))

    assert select_spans(header, size=1000) is None


def test_select_spans_thousands_of_overlapping_ranges_are_ignored() -> None:
    assert select_spans("bytes=" + "0-," * 5000, size=1000) is None


specs = st.one_of(
    st.tuples(st.integers(0, 120), st.integers(0, 120)).map(
        lambda ends: f"{min(ends)}-{max(ends)}"
    ),
    st.integers(0, 120).map(lambda first: f"{first}-"),
    st.integers(0, 120).map(lambda length: f"-{length}"),
)


def bytes_of(spec: str, size: int) -> set[int]:
    """Return the positions that a range names, by the letter of §14.1.2."""
    first, _, last = spec.partition("-")
    if not first:
        return set(range(size)) if int(last) > size else set(range(size)[-int(last) :])
    return {n for n in range(int(first), int(last or size) + 1) if n < size}


@given(st.lists(specs, min_size=1, max_size=MAX_RANGES), st.integers(1, 100))
def test_select_spans_cover_what_was_asked_and_nothing_twice(
    asked: list[str], size: int
) -> None:
    expected: set[int] = set()
    for spec in asked:
        expected |= bytes_of(spec, size) if spec != "-0" else set()

    spans = select_spans("bytes=" + ",".join(asked), size)

    assert spans is not None
    chosen = [n for span in spans for n in range(span.start, span.stop)]
    assert sorted(chosen) == sorted(expected)
    gaps = sorted(spans)
    assert all(one.stop < other.start for one, other in itertools.pairwise(gaps))


@given(st.text(), st.integers(0, 2**70))
def test_select_spans_never_raises(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        spans = select_spans(header, size)

        assert spans is None or all(
            0 <= span.start < span.stop <= size for span in spans
        )


def test_format_content_range_is_inclusive() -> None:
    assert format_content_range(Span(0, 1), 10) == "bytes 0-0/10"


def test_format_unsatisfied_range_names_the_length() -> None:
    assert format_unsatisfied_range(47022) == "bytes */47022"


def test_make_multipart_frames_each_part() -> None:
    pieces = make_multipart([Span(500, 1000), Span(7000, 8000)], 8000, "a/b", "SEP")

    assert pieces == [
        b"--SEP\r\nContent-Type: a/b\r\nContent-Range: bytes 500-999/8000\r\n\r\n",
        Span(500, 1000),
        b"\r\n--SEP\r\n"
        b"Content-Type: a/b\r\nContent-Range: bytes 7000-7999/8000\r\n\r\n",
        Span(7000, 8000),
        b"\r\n--SEP--\r\n",
    ]


def test_make_multipart_without_a_media_type_names_none() -> None:
    pieces = make_multipart([Span(0, 1), Span(2, 3)], 3, None, "SEP")

    assert pieces[0] == b"--SEP\r\nContent-Range: bytes 0-0/3\r\n\r\n"


def test_make_multipart_is_read_by_a_mime_parser() -> None:
    content = b"0123456789"
    pieces = make_multipart([Span(4, 6), Span(0, 2)], 10, "text/plain", "SEP")

    body = b"".join(
        content[piece.start : piece.stop] if isinstance(piece, Span) else piece
        for piece in pieces
    )

    message = email.message_from_bytes(
        b"Content-Type: multipart/byteranges; boundary=SEP\r\n\r\n" + body
    )
    assert [part.get_payload(decode=True) for part in message.walk()][1:] == [
        b"45",
        b"01",
    ]
    assert measure(pieces) == len(body)


@pytest.mark.parametrize(
    ("pieces", "length"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([Span(5, 9)], 4, id="a span"),
        pytest.param([b"abc", Span(0, 2**70), b"d"], 2**70 + 4, id="both"),
    ],
)
def test_measure_adds_up(pieces: list[Piece], length: int) -> None:
    assert measure(pieces) == length
