"""Tests of how transcripts are read and compared."""

import pytest

from tests.docs.transcripts import Exchange, matches, read_transcript, run_curl

NOWHERE = 9
"""A port that no request of these tests reaches."""


def test_read_transcript_splits_at_each_prompt() -> None:
    transcript = "$ curl a\none\n\ntwo\n\n$ curl b\n$ curl c\nthree $ four\n"

    assert list(read_transcript(transcript)) == [
        Exchange("curl a", "one\n\ntwo"),
        Exchange("curl b", ""),
        Exchange("curl c", "three $ four"),
    ]


@pytest.mark.parametrize("text", ["", "curl a\n", "output\n$ curl a\n"])
def test_read_transcript_without_a_first_prompt_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must begin with"):
        list(read_transcript(text))


@pytest.mark.parametrize(
    ("command", "error"),
    [
        pytest.param("wget localhost:8000/", ValueError, id="another program"),
        pytest.param("curl localhost:80/", ValueError, id="another port"),
        pytest.param("curl example.org/", ValueError, id="another host"),
        pytest.param("curl -Z localhost:8000/", SystemExit, id="an unknown option"),
        pytest.param("curl localhost:8000/a/../b", ValueError, id="another path"),
    ],
)
def test_run_curl_what_it_cannot_do_is_refused(
    command: str, error: type[BaseException]
) -> None:
    with pytest.raises(error):
        run_curl(command, NOWHERE)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        pytest.param("one\ntwo", "one\ntwo\n", id="the same"),
        pytest.param("", "", id="nothing"),
        pytest.param("one\n...\nfour", "one\ntwo\nthree\nfour", id="lines left out"),
        pytest.param("one\n...\ntwo", "one\ntwo", id="nothing left out"),
        pytest.param("one\n...", "one\n\ntwo", id="the rest left out"),
        pytest.param("at ... o'clock", "at 12 o'clock", id="text left out"),
    ],
)
def test_matches_what_is_shown(shown: str, real: str) -> None:
    assert matches(shown, real)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        pytest.param("one", "two", id="another line"),
        pytest.param("one", "one\ntwo", id="a line more"),
        pytest.param("one\ntwo", "one", id="a line less"),
        pytest.param("one\n\ntwo", "one\ntwo", id="a blank line less"),
        pytest.param("a.c", "abc", id="a full stop is no wildcard"),
        pytest.param("at ... sharp", "at 1\n2 sharp", id="text over a line's end"),
    ],
)
def test_matches_not_what_is_not_shown(shown: str, real: str) -> None:
    assert not matches(shown, real)
