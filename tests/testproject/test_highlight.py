"""
Highlighted source is the source.
"""

import html
import re
from pathlib import Path

import pytest

import testproject
from testproject.showcase.highlight import highlight

ROOT = Path(testproject.__file__).parent.parent
FILES = sorted(
    path
    for folder in ("testproject", "tests/testproject", "django_bolt")
    for path in (ROOT / folder).rglob("*.py")
)


def text_of(markup: str) -> str:
    """
    Return what a reader of the markup sees.
    """
    return html.unescape(re.sub(r"</?span[^>]*>", "", markup))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_highlight_keeps_every_character_of_a_file(path: Path) -> None:
    """
    Joined, the text of the markup is the file.
    """
    source = path.read_text("utf-8")

    assert text_of(highlight(source)) == source


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("", id="nothing"),
        pytest.param("x = 1", id="no newline at the end"),
        pytest.param('f"{{{value!r:>{width}}}}"\n', id="doubled braces"),
        pytest.param("f'{\"ä\"} {{ö}} {x=}'\n", id="braces after non-ASCII text"),
        pytest.param('s = """a\n  <b>\n"""\n', id="string over lines"),
        pytest.param("x = 'é' + \\\n    '𝄞'  # ✓\n", id="continued line"),
        pytest.param("s = '\\x1c\x1c\u2028'\n", id="line breaks of str.splitlines()"),
        pytest.param("if x:\n\ty = 1\n\n\n", id="tabs and empty lines"),
    ],
)
def test_highlight_keeps_every_character_of_a_snippet(source: str) -> None:
    """
    Where tokenizers disagree on places, the text still comes through.
    """
    assert text_of(highlight(source)) == source


def test_highlight_escapes_what_html_would_read() -> None:
    """
    No character of the source is markup.
    """
    markup = highlight("x < '<script>&amp;' > y\n")

    assert markup == (
        'x &lt; <span class="py-string">&#x27;&lt;script&gt;&amp;amp;&#x27;</span>'
        " &gt; y\n"
    )


@pytest.mark.parametrize(
    ("source", "kind", "piece"),
    [
        pytest.param("import os\n", "keyword", "import", id="keyword"),
        pytest.param("x = None\n", "constant", "None", id="constant"),
        pytest.param("x = 4_2.0\n", "number", "4_2.0", id="number"),
        pytest.param("# why\n", "comment", "# why", id="comment"),
        pytest.param("x = b'y'\n", "string", "b&#x27;y&#x27;", id="string"),
        pytest.param("def go(): ...\n", "definition", "go", id="function"),
        pytest.param("class Go: ...\n", "definition", "Go", id="class"),
    ],
)
def test_highlight_names_the_kind_of_a_token(
    source: str, kind: str, piece: str
) -> None:
    """
    One class for one kind.
    """
    assert f'<span class="py-{kind}">{piece}</span>' in highlight(source)


def test_highlight_marks_a_dotted_decorator_up_to_its_arguments() -> None:
    """
    The arguments are code like any other.
    """
    markup = highlight("@a.b(c)\ndef d(): ...\n")

    assert re.findall(r'py-decorator">(.*?)<', markup) == ["@", "a", ".", "b"]


def test_highlight_leaves_matrix_multiplication_plain() -> None:
    """
    An ``@`` between operands decorates nothing.
    """
    assert highlight("x = a @ b\n") == "x = a @ b\n"
