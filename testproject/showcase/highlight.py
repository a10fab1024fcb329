"""
Colour Python source for HTML, with the standard library's own tokenizer.

The text inside the markup is the source, character for character: markup is
only ever put around slices of it.
"""

import io
import keyword
import tokenize
from collections.abc import Iterator
from itertools import accumulate

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

CONSTANTS = {"True", "False", "None"}

DEFINES = {"def", "class"}

LINE_STARTS = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT}


def highlight(source: str) -> SafeString:
    """
    Return ``source`` as HTML, its tokens in ``<span class="py-…">``.

    Args:
        source: Python that the running interpreter can tokenize.

    Raises:
        tokenize.TokenError, SyntaxError: ``source`` is not whole.
    """
    lines = list(io.StringIO(source))
    offsets = [0, *accumulate(len(line) for line in lines)]
    parts: list[tuple[str]] = []
    position = 0
    for token, kind in classified(source):
        # Some releases place the end of a doubled brace in an f-string one too
        # early: never step back, and leave uncoloured what was skipped.
        start = max(offsets[token.start[0] - 1] + token.start[1], position)
        stop = max(offsets[token.end[0] - 1] + token.end[1], start)
        span = format_html('<span class="py-{}">{}</span>', kind, source[start:stop])
        parts += [(source[position:start],), (span,)]
        position = stop
    return format_html_join("", "{}", [*parts, (source[position:],)])


def classified(source: str) -> Iterator[tuple[tokenize.TokenInfo, str]]:
    """
    Yield the tokens that get a colour, with the name of its class.
    """
    before = ""
    in_decorator = False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in LINE_STARTS:
            before, in_decorator = "", False
            continue
        if token.string == "@" and not before:
            in_decorator = True
        elif in_decorator:
            in_decorator = token.type == tokenize.NAME or token.string == "."
        kind = "decorator" if in_decorator else kind_of(token, before)
        if kind:
            yield token, kind
        before = token.string


def kind_of(token: tokenize.TokenInfo, before: str) -> str | None:
    """
    Return the class of ``token``, or ``None`` when it stays plain.

    Args:
        token: Any token outside a decorator's name.
        before: The token before it on its line.
    """
    name = tokenize.tok_name[token.type]
    if name == "STRING" or name.startswith(("FSTRING", "TSTRING")):
        return "string"
    if name in {"NUMBER", "COMMENT"}:
        return name.lower()
    if name != "NAME":
        return None
    if token.string in CONSTANTS:
        return "constant"
    if keyword.iskeyword(token.string):
        return "keyword"
    return "definition" if before in DEFINES else None
