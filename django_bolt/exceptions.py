"""
The exceptions of django_bolt; where the answer is the client's, its status too.

::

    FileError
    ├── FileRefused       403, a PermissionDenied and a PermissionError
    ├── FileMissing       404, an Http404 and a FileNotFoundError
    ├── NotARegularFile   404, an Http404 and a ValueError
    └── FileChanged       breaks the connection, an OSError

No message holds a path: handlers and templates may show it to the client. The
path is in the attribute ``path``.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404


class FileError(Exception):
    """
    A file cannot be sent.

    Args:
        message: What the client may read.
        path: What was asked for; not part of the text.
    """

    def __init__(self, message: str, path: object = None) -> None:
        super().__init__(message)
        self.path = path


class FileRefused(FileError, PermissionDenied, PermissionError):
    """The file lies outside ``BOLT_ALLOWED_FILE_DIRS``, or may not be read."""


class FileMissing(FileError, Http404, FileNotFoundError):
    """There is no such file."""


class NotARegularFile(FileError, ValueError, Http404):
    """The path names a directory, a device, a FIFO, a socket, or nothing at all."""


class FileChanged(FileError, OSError):
    """
    The file is not what was announced when its body is sent.

    It is another file now, or has fewer bytes. Raised while the body is sent, so
    that the connection ends before the response seems complete.
    """
