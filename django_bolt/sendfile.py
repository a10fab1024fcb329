"""
Hand the sending of a file to the server in front: nginx, Apache, lighttpd.

The response names the file in a header and has no body; the front server opens
it, and answers conditions and ranges itself.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote_from_bytes

from django_bolt.conf import conf

X_SENDFILE = "X-Sendfile"

_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f%]")


def find_handover(real_path: str) -> tuple[str, str] | None:
    """
    Return the header that hands a file over, by ``BOLT_SENDFILE``.

    Args:
        real_path: Its path, without symlinks. Its name may come from a client.

    Returns:
        Name and value; ``None`` when no directory of the setting holds the
        file, or its name cannot be told to every such server. Of several
        directories the innermost decides.
    """
    directories = conf.sendfile
    if not directories:
        return None
    best = ""
    target = ""
    for directory, entry in directories.items():
        root = os.path.join(os.path.realpath(directory), "")
        if real_path.startswith(root) and len(root) > len(best):
            best, target = root, entry
    if not best:
        return None
    if target == X_SENDFILE:
        # Apache takes the path as it is, lighttpd decodes it.
        if _AMBIGUOUS.search(real_path):
            return None
        # The handlers encode headers in Latin-1: these are the bytes of the name.
        return X_SENDFILE, os.fsencode(real_path).decode("latin-1")
    inner = quote_from_bytes(os.fsencode(real_path[len(best) :]))
    return "X-Accel-Redirect", f"{target.rstrip('/')}/{inner}"
