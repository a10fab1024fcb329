"""The ASGI application of a Django project, in place of ``django.core.asgi``."""

from __future__ import annotations

import django

from django_bolt.handlers.asgi import BoltASGIHandler


def get_asgi_application() -> BoltASGIHandler:
    """
    Set Django up, and return the project's ASGI application.

    For a project's ``asgi.py``, in place of the function of the same name in
    ``django.core.asgi``.

    Returns:
        A handler that answers ``http`` as Django's does, and ``lifespan``.
    """
    django.setup(set_prefix=False)
    return BoltASGIHandler()
