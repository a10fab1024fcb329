"""
Content-Disposition: offer a file under a name. No I/O here.

Spec: RFC 6266, RFC 8187.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

# RFC 6266, appendix D: "Avoid including the percent character followed by two
# hexadecimal characters in the filename parameter, since some UAs consider it to
# be an escape character".
_ESCAPE_LIKE = re.compile(r"%(?=[0-9A-Fa-f]{2})")
# RFC 9110 §5.6.4: what a quoted-string may hold, before its backslashes.
_NOT_QUOTABLE = re.compile(r"[^\x20-\x7e]")
# Slashes, dots and quotes have forms, too, of which the name must not get the sign.
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z ]")
# RFC 8187 §3.2.1: attr-char, less letters and digits.
_ATTR_CHARS = "!#$&+-.^_`|~"


def format_attachment(filename: str) -> str:
    """
    Ask the client to save a body under a name.

    Args:
        filename: The name; may come from a client. Only what follows the last
            ``/`` is sent, as recipients are told to take no path from it
            (RFC 6266 §4.3).

    Returns:
        ``attachment`` with ``filename``, and ``filename*`` too when the first
        cannot say all: "when both filename and filename* are present ...
        recipients SHOULD pick filename* and ignore filename".

    Raises:
        ValueError: The name holds a lone surrogate.
    """
    filename = filename.rpartition("/")[2]
    try:
        extended = quote(filename, safe=_ATTR_CHARS)
    except UnicodeEncodeError as error:
        raise ValueError(
            "filename must be what UTF-8 can encode; it holds the lone surrogate "
            f"{error.object[error.start]!r} at index {error.start}."
        ) from None
    if not filename:
        return "attachment"
    plain = _simplify(filename)
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    if plain == filename:
        return f'attachment; filename="{quoted}"'
    return f"attachment; filename=\"{quoted}\"; filename*=UTF-8''{extended}"


def _simplify(filename: str) -> str:
    """Return the nearest name that every recipient understands."""
    if not filename.isascii():
        plain = "".join(c if c.isascii() else _reduce(c) for c in filename)
        # Marks that fall may leave nothing, or what stands for a folder.
        filename = plain if plain.strip(". ") else "_"
    return _ESCAPE_LIKE.sub("_", _NOT_QUOTABLE.sub("_", filename))


def _reduce(character: str) -> str:
    """Return the letters and digits that a character is a form of."""
    decomposed = unicodedata.normalize("NFKD", character)
    unmarked = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_PLAIN.sub("_", unmarked)
