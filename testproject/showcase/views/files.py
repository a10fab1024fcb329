"""
Views that send files.
"""

import io

from django.conf import settings
from django.http import HttpRequest

from django_bolt import FileResponse
from testproject.showcase.melody import tune

MEDIA = settings.BASE_DIR / "testproject" / "media"


def notes(request: HttpRequest) -> FileResponse:
    """
    A download under a name of your choice. It may be resumed, with ``curl -C -``
    too: ``ETag`` names the version, ``Accept-Ranges`` says that parts can be had.
    """
    path = MEDIA / "README.txt"
    return FileResponse(path, filename="Säntis.txt")


def part(request: HttpRequest) -> FileResponse:
    """
    ``Range`` asks for a part; ``Content-Range`` says which one came, and of how
    many bytes.
    """
    return FileResponse(MEDIA / "README.txt")


def unchanged(request: HttpRequest) -> FileResponse:
    """
    ``If-None-Match`` names what the client has. The file is not even opened.
    """
    return FileResponse(MEDIA / "README.txt")


def melody(request: HttpRequest) -> FileResponse:
    """
    Play it and jump about: each place is a range of bytes. Open files are sent
    as paths are, this one from memory.
    """
    file = io.BytesIO(tune())
    return FileResponse(file, media_type="audio/wav")
