"""Tests that a page which does not do what it says is refused."""

from pathlib import Path

import pytest
from django.test import override_settings

from tests.docs.blocks import ROOT, Block, read_blocks
from tests.docs.runner import Page, fill_in
from tests.docs.servers import Serve, serve_asgi, serve_wsgi

HELLO = "def hello(request):\n    return {'hello': 'you'}\n"


def run(folder: Path, *blocks: tuple[str, str], serve: Serve = serve_wsgi) -> None:
    """Run blocks, each a language and a text, as a page would hold them."""
    with Page(folder, serve) as page:
        for language, text in blocks:
            page.run(Block(ROOT / "README.md", 1, language, text))


@pytest.mark.parametrize("serve", [serve_wsgi, serve_asgi])
def test_run_shown_answer_that_is_true_passes(tmp_path: Path, serve: Serve) -> None:
    run(
        tmp_path,
        ("python", HELLO),
        ("console", '$ curl localhost:8000/hello\n{"hello":"you"}\n'),
        serve=serve,
    )


@pytest.mark.parametrize("serve", [serve_wsgi, serve_asgi])
def test_run_shown_answer_that_is_false_fails(tmp_path: Path, serve: Serve) -> None:
    with pytest.raises(AssertionError, match=r"\{\"hello\":\"you\"\}"):
        run(
            tmp_path,
            ("python", HELLO),
            ("console", '$ curl localhost:8000/hello\n{"hello":"me"}\n'),
            serve=serve,
        )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        pytest.param("", "any text\n", id="no language"),
        pytest.param("rust", "fn main() {}\n", id="a language that nothing runs"),
        pytest.param("sh", "make install\n", id="a command that nothing runs"),
        pytest.param("python", "assert False\n", id="python that raises"),
        pytest.param("pycon", ">>> 1 + 1\n3\n", id="a session with another result"),
        pytest.param("pycon", "1 + 1\n", id="a session without a prompt"),
        pytest.param(
            "python",
            "# settings.py\nBOLT_SSE_PING_COMMENT = 1\n",
            id="settings that a check refuses",
        ),
    ],
)
def test_run_block_that_cannot_be_true_fails(
    tmp_path: Path, language: str, text: str
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run(tmp_path, (language, text))


def test_run_error_names_page_and_line(tmp_path: Path) -> None:
    block = Block(ROOT / "docs" / "index.md", 40, "python", "pass\nraise KeyError\n")

    with Page(tmp_path, serve_wsgi) as page, pytest.raises(KeyError) as raised:
        page.run(block)

    assert raised.traceback[-1].lineno == 40
    assert str(raised.traceback[-1].path) == str(block.page)


def test_read_blocks_finds_every_kind_of_code_but_no_directive(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n```python\npass\n```\n\n- item\n\n  ~~~sh\n  ls\n  ~~~\n\n"
        "```{toctree}\nindex\n```\n\ntext\n\n    indented\n"
    )

    found = [(block.line, block.language, block.text) for block in read_blocks(page)]

    assert found == [
        (4, "python", "pass\n"),
        (10, "sh", "ls\n"),
        (19, "", "indented\n"),
    ]


@override_settings(MIDDLEWARE=["a", "b", "c"])
def test_fill_in_puts_what_is_there_in_the_place_of_the_dots() -> None:
    assert fill_in("MIDDLEWARE", [..., "b"]) == ["a", "c", "b"]
    assert fill_in("MIDDLEWARE", ["d", ..., "e"]) == ["d", "a", "b", "c", "e"]
    assert fill_in("MIDDLEWARE", ["d"]) == ["d"]
