"""
What a card is: a view, its source and how to call it.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views import View

from testproject.showcase.highlight import highlight
from testproject.showcase.source import source_of

LITERAL = re.compile(r"``(.+?)``")


@dataclass(frozen=True)
class Card:
    """
    One view on the page.

    Args:
        slug: The card's name in addresses and for ``reverse()``.
        title: The card's heading.
        view: What answers: a function or a class-based view.
        uses: Classes that the view returns; their source stands above its own.
        accept: The Accept header of the call, where it matters.
        header: Another header of the call, as ``Name: value``.
        is_audio: What the view sends can be played on the page.
        by_socket: The answer holds what browsers keep from scripts, a redirect
            or a cookie: the server has to ask itself to show it.
    """

    slug: str
    title: str
    view: Callable[..., object]
    uses: tuple[type, ...] = ()
    accept: str = ""
    header: str = ""
    is_audio: bool = False
    by_socket: bool = False

    @property
    def callback(self) -> Callable[..., HttpResponseBase]:
        """
        The view as a URL pattern takes it: what it returns is the middleware's.
        """
        if isinstance(self.view, type) and issubclass(self.view, View):
            return self.view.as_view()
        return cast("Callable[..., HttpResponseBase]", self.view)

    @property
    def subjects(self) -> tuple[Callable[..., object], ...]:
        """
        What the card shows the source of, in the order in which it reads.
        """
        return (*self.uses, self.view)

    @property
    def url(self) -> str:
        """
        The path that the view answers at.
        """
        return reverse(f"showcase:{self.slug}")

    @cached_property
    def source(self) -> str:
        """
        The code of the view and of the classes it returns.
        """
        return "\n".join(map(source_of, self.subjects))

    @cached_property
    def code(self) -> SafeString:
        """
        The source, coloured.
        """
        return highlight(self.source)

    @cached_property
    def place(self) -> str:
        """
        The file and the line where the source starts, as editors open it.
        """
        first = inspect.unwrap(self.subjects[0])
        file = Path(inspect.getfile(first)).name
        return f"views/{file}:{inspect.getsourcelines(first)[1]}"

    @cached_property
    def note(self) -> SafeString:
        """
        The view's docstring, with ``literals`` as code.
        """
        text = inspect.getdoc(inspect.unwrap(self.view)) or ""
        pieces = enumerate(LITERAL.split(" ".join(text.split())))
        return format_html_join(
            "",
            "{}",
            (
                (format_html("<code>{}</code>", piece) if index % 2 else piece,)
                for index, piece in pieces
            ),
        )


@dataclass(frozen=True)
class Group:
    """
    Cards that belong together.
    """

    slug: str
    title: str
    intro: str
    cards: tuple[Card, ...]
