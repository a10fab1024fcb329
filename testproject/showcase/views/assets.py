"""
The files of the pages themselves, under servers other than ``runserver``.
"""

from posixpath import normpath

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest

from django_bolt import FileResponse


def asset(request: HttpRequest, path: str) -> FileResponse:
    """
    A static file, from where it lies. Django's own view collects it first under
    ASGI, and warns of that on the console of whoever looks at streams.
    """
    found = finders.find(normpath(path).lstrip("/"))
    if not isinstance(found, str):
        raise Http404("There is no such static file.")
    # Opened here: the finders, and no setting, say which files these are.
    return FileResponse(open(found, "rb"))
