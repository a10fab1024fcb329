"""
Hand the sending of a file to the server in front: nginx, Apache, lighttpd.

The response names the file in a header and has no body; the front server opens
it, and answers conditions and ranges itself.
"""

from __future__ import annotations

import os
from urllib.parse import quote_from_bytes

from django_bolt.conf import conf

X_SENDFILE = "X-Sendfile"


def find_handover(real_path: str) -> tuple[str, str] | None:
    """
    Return the header that hands a file over, by ``BOLT_SENDFILE``.

    Args:
        real_path: Its path, without symlinks. Its name may come from a client.

    Returns:
        Name and value, percent-encoded, as these servers decode it; ``None``
        when no directory of the setting holds the file. Of several directories
        the innermost decides.
    """
    best = ""
    target = ""
    for directory, entry in (conf.sendfile or {}).items():
        root = os.path.join(os.path.realpath(directory), "")
        if real_path.startswith(root) and len(root) > len(best):
            best, target = root, entry
    if not best:
        return None
    if target == X_SENDFILE:
        return X_SENDFILE, quote_from_bytes(os.fsencode(real_path))
    inner = quote_from_bytes(os.fsencode(real_path[len(best) :]))
    return "X-Accel-Redirect", f"{target.rstrip('/')}/{inner}"
