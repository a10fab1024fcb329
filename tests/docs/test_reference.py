"""Tests that the reference pages list what the package holds, no more and no less."""

import inspect
import re
from collections.abc import Callable

import django_bolt
from django_bolt.api import checks as api_checks
from django_bolt.checks import files, middleware, names, streams
from django_bolt.conf import Conf, Setting
from tests.docs.blocks import ROOT

DOCS = ROOT / "docs"


def read(name: str) -> str:
    """Return the text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def test_settings_page_lists_exactly_the_settings_with_their_defaults() -> None:
    settings = [value for value in vars(Conf).values() if isinstance(value, Setting)]

    listed = re.findall(
        r"^## `(\w+)`\n\n\| type \| default \| unit \|\n\|.*\n\|.*\| `(.*)` \|.*\|$",
        read("settings.md"),
        re.MULTILINE,
    )

    assert listed == [(setting.name, repr(setting.default)) for setting in settings]


def test_settings_page_every_section_says_why_that_default() -> None:
    _, *sections = read("settings.md").split("\n## ")

    assert sections
    assert all("\nWhy that default: " in section for section in sections)


def test_checks_page_lists_exactly_the_ids_in_order() -> None:
    modules = (middleware, files, names, streams, api_checks)
    source = "".join(map(inspect.getsource, modules))
    ids = re.findall(r'id="(django_bolt\.\w\d{3})"', source)

    listed = re.findall(r"^\| `(.*?)` \|", read("checks.md"), re.MULTILINE)

    assert listed == sorted(ids)


def signature_of(public: Callable[..., object]) -> str:
    """Return a signature as the pages show it: without types."""
    signature = inspect.signature(public)
    parameters = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters)).replace("'", '"')


def test_pages_show_every_public_name_with_its_signature() -> None:
    names = {name: getattr(django_bolt, name) for name in django_bolt.__all__}

    names_of_pages = ("returns", "responses", "files", "streaming", "sse", "api")
    pages = "".join(read(f"{name}.md") for name in names_of_pages)
    shown = dict(re.findall(r"^`(\w+)(\(.*\))`$", pages, re.MULTILINE))

    assert shown == {name: signature_of(public) for name, public in names.items()}
