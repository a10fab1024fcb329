"""The configuration of Sphinx; nothing here needs a network."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

project = "django-bolt"
author = "django-bolt contributors"
copyright = f"2026, {author}"
# Read, not imported: the documentation builds without the package installed.
[release] = re.findall(
    r'^__version__ = "(.+)"$',
    (ROOT / "django_bolt" / "__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
)
version = release

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
myst_links_external_new_tab = False
# Transcripts shorten their output with "...".
highlight_options = {"console": {"stripnl": False}}

html_theme = "furo"
html_title = f"django-bolt {release}"
html_copy_source = False
html_show_sourcelink = False
