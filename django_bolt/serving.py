"""
What each process of ``manage.py runbolt`` serves.

The server calls one of the four functions here, by its name, in every process
that it starts, and serves what it returns.
"""

from __future__ import annotations

import gc
import signal
import socket
import threading
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from django_bolt.shutdown import SIGNALS, closing


def load_application(interface: str) -> Any:
    """
    Return the project's application.

    Args:
        interface: ``asgi`` or ``wsgi``.

    Returns:
        What ``ASGI_APPLICATION`` or ``WSGI_APPLICATION`` names; a handler of
        django-bolt where the setting is missing.

    Raises:
        ImportError: There is nothing of that name.
    """
    path = getattr(settings, f"{interface.upper()}_APPLICATION", None)
    if path:
        return import_string(path)
    return import_string(f"django_bolt.{interface}.get_{interface}_application")()


def asgi() -> Any:
    """Return the ASGI application."""
    return _freeze(load_application("asgi"))


def asgi_with_static_files() -> Any:
    """Return the ASGI application, before it static files where they lie."""
    from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler

    return _freeze(ASGIStaticFilesHandler(load_application("asgi")))


def wsgi() -> Any:
    """Return the WSGI application, and watch for the end of this process."""
    application = load_application("wsgi")
    tell_streams_of_signals()
    return _freeze(application)


def wsgi_with_static_files() -> Any:
    """Return the same, before it static files where they lie."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    application = load_application("wsgi")
    tell_streams_of_signals()
    return _freeze(StaticFilesHandler(application))


def _freeze(application: Any) -> Any:
    """Take what lives as long as the process out of every garbage collection."""
    gc.collect()
    gc.freeze()
    return application


def tell_streams_of_signals() -> None:
    """
    End open streams when this process is told to stop.

    For a server that runs requests in threads and sets its signal handlers after
    the application is loaded: nobody in between can be called, but Python writes
    the number of each signal where it is asked to.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # Both stay open for as long as the process lives: Python writes there at the
    # next signal, too, when the number could be that of a connection.
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)

    def watch() -> None:
        while not closing.is_set():
            if set(reader.recv(64)) & set(SIGNALS):
                closing.set()
        reader.detach()

    threading.Thread(target=watch, name="django-bolt signals", daemon=True).start()
