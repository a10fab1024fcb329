"""
What the cards show is the code that runs.
"""

import inspect
from pathlib import Path

import pytest

from testproject.showcase import source
from testproject.showcase.cards import Card
from testproject.showcase.gallery import CARDS
from testproject.showcase.views import handlers, kinds, responses, values

VIEWS = Path(inspect.getfile(kinds)).parent


def commented(height: int) -> int:
    """
    Return twice a height.

    The docstring goes, the rest stays.
    """

    def inner() -> str:
        """
        Return text that looks like a docstring.
        """
        return """no docstring"""

    # A remark.
    return height * len(inner()) // 6


class Summit:
    """
    A class with a field.
    """

    height: int


def test_source_leaves_out_docstrings_alone() -> None:
    """
    Docstrings of functions inside go as well; other strings stay.
    """
    shown = source.source_of(commented)

    assert commented(6) == 12
    assert shown == (
        "def commented(height: int) -> int:\n"
        "    def inner() -> str:\n"
        '        return """no docstring"""\n'
        "\n"
        "    # A remark.\n"
        "    return height * len(inner()) // 6\n"
    )


def test_source_of_a_class_starts_at_its_first_field() -> None:
    """
    The empty line after a docstring goes with it.
    """
    assert source.source_of(Summit) == "class Summit:\n    height: int\n"


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_card_shows_lines_of_the_file_it_names(card: Card) -> None:
    """
    Read from the file at the place that the card gives, in the file's order.
    """
    file, line = card.place.removeprefix("views/").split(":")
    rest = iter((VIEWS / file).read_text("utf-8").splitlines()[int(line) - 1 :])

    shown = [text for text in card.source.splitlines() if text]

    assert shown[0] == next(rest)
    assert all(text in rest for text in shown[1:])


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_card_shows_code_that_fits_its_pane(card: Card) -> None:
    """
    62 columns stand side by side with the answer on a screen 1280 pixels wide.
    """
    assert max(map(len, card.source.splitlines())) <= 62


def test_every_view_of_the_gallery_is_on_a_card() -> None:
    """
    Nothing in these modules is code that nobody sees.
    """
    shown = {inspect.unwrap(part) for card in CARDS.values() for part in card.subjects}

    written = {
        member
        for module in (handlers, kinds, responses, values)
        for member in map(inspect.unwrap, filter(callable, vars(module).values()))
        if inspect.getmodule(member) is module
    }

    assert shown == written


def test_note_is_the_docstring_with_its_literals_as_code() -> None:
    """
    The explanation stands where the code is.
    """
    assert CARDS["list"].note == (
        "A <code>list</code> or a <code>tuple</code> goes out as a JSON array."
    )
