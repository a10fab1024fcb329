"""Find the code blocks of a Markdown page."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
"""Every page with code blocks; each of them is run."""


@dataclass(frozen=True, slots=True)
class Block:
    """
    A code block; a fenced one says its language.

    Args:
        page: The file it stands in.
        line: The number of its first line of code, counted from one.
        language: What stands behind the opening fence.
        text: The code.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that a first line such as ``# views.py`` says this is."""
        found = re.match(r"# (\w+\.py)\n", self.text)
        return found[1] if found else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page, in their order; directives are none."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [
        Block(
            page,
            token.map[0] + (2 if token.type == "fence" else 1),
            token.info.strip(),
            token.content,
        )
        for token in tokens
        if token.type in ("fence", "code_block")
        and token.map
        and not token.info.startswith("{")
    ]
