"""What the header fields of a file say, by its name."""

import mimetypes
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_bolt.responses.filehead import guess_media_type

ENDINGS = ["", ".", ".txt", ".TXT", ".gz", ".tgz", ".svgz", ".Z", ".json", ".unknown"]


@given(
    stem=st.text(alphabet="a.:/?#%é ", max_size=4),
    endings=st.lists(st.sampled_from(ENDINGS), max_size=3),
)
@example(stem="", endings=[])
@example(stem="", endings=[".txt"])
@example(stem="..", endings=[".txt"])
@example(stem="data:", endings=[".txt"])
def test_type_is_what_python_guesses(stem: str, endings: list[str]) -> None:
    name = stem + "".join(endings)

    guessed, encoding = mimetypes.guess_type(f"./{name}")

    if encoding is None:
        found = guess_media_type(name).removesuffix("; charset=utf-8")
        assert found == (guessed or "application/octet-stream")
    else:
        assert guess_media_type(name) == {
            "gzip": "application/gzip",
            "compress": "application/x-compress",
        }.get(encoding)


@pytest.fixture
def types() -> Iterator[None]:
    """Have the types of Python as they were, afterwards."""
    yield
    mimetypes.init()


@pytest.mark.usefixtures("types")
def test_type_that_was_added_meanwhile_is_known() -> None:
    before = guess_media_type("a.unknown")
    mimetypes.add_type("model/unknown", ".unknown")

    assert before == "application/octet-stream"
    assert guess_media_type("a.unknown") == "model/unknown"


def test_types_that_were_not_read_yet_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mimetypes, "inited", False)

    assert guess_media_type("a.json") == "application/json"
