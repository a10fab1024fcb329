"""Tests that the pages of the documentation do what they say."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, read_blocks
from tests.docs.runner import Page
from tests.docs.servers import SERVERS


# Django's own streams collect a source of the other kind, and say so.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("world", SERVERS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_every_block_does_what_it_says(
    page: Path, world: str, tmp_path: Path
) -> None:
    """Views run, sessions and transcripts print what is printed below them."""
    with Page(tmp_path, SERVERS[world]) as module:
        for block in read_blocks(page):
            module.run(block)


def test_readme_every_link_into_the_tree_leads_somewhere() -> None:
    """Sphinx checks the links of docs/; README.md is not among its pages."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    links = re.findall(r"\]\((?!https?:)(.*?)\)", text)

    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
