"""
From settings and options to a command line of granian.

Nothing is started here.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError

from django_bolt.management.listening import Address

_WRITTEN_BY_SITES = r"\.(sqlite3?|db|log)(-\w+|\.\d+)?$"
"""
Names of files that change while a site runs, beside its modules.

The database of a new project is one: each row that is written would end all
requests under way.
"""


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """
    Who answers requests for static files.

    Args:
        shown: What to say about it.
        in_application: Whether the application takes them from where they lie.
        mount: URL path and directory that the server takes them from.
    """

    shown: str
    in_application: bool = False
    mount: tuple[str, Path] | None = None


def require(*modules: str) -> None:
    """
    Make sure that what serves is installed.

    Raises:
        CommandError: A module is missing.
    """
    for module in modules:
        if find_spec(module) is None:
            raise CommandError(
                f"runbolt needs {module}, which is not installed. It comes with the "
                "extra 'server' of django-bolt, or with: pip install 'granian[reload]'."
            )


def choose_static_files(*, nostatic: bool) -> StaticFiles:
    """Tell who serves static files, as settings and options have it."""
    if nostatic:
        return StaticFiles("left to somebody else, by --nostatic")
    if not apps.is_installed("django.contrib.staticfiles"):
        return StaticFiles("none: django.contrib.staticfiles is not installed")
    url = settings.STATIC_URL or ""
    if urlsplit(url).netloc or not url.strip("/"):
        return StaticFiles(f"left to {url!r}, which is no path of this server")
    if any("whitenoise" in name.lower() for name in settings.MIDDLEWARE):
        return StaticFiles("left to WhiteNoise, which is in MIDDLEWARE")
    if settings.DEBUG:
        return StaticFiles(f"{url} from where they lie, for DEBUG", in_application=True)
    root = settings.STATIC_ROOT
    if not root or not os.path.isdir(root):
        return StaticFiles(
            "none: STATIC_ROOT must be a directory that collectstatic has filled; it "
            f"is {str(root or '')!r}"
        )
    folder = Path(root).absolute()
    return StaticFiles(f"{url} from {folder}", mount=(url.rstrip("/"), folder))


def make_command(
    kind: str, address: Address, static: StaticFiles, options: Mapping[str, Any]
) -> list[str]:
    """
    Return the command line that serves.

    Args:
        kind: ``asgi``, ``asginl`` or ``wsgi``: granian's name of the interface.
        address: Where to listen.
        static: Who serves static files.
        options: What the command line of ``runbolt`` says.
    """
    command = [sys.executable, "-m", "granian", *address.options]
    command += ["--interface", kind, "--workers", str(options["processes"])]
    if kind == "wsgi":
        command += ["--blocking-threads", str(options["threads"]), "--no-ws"]
    command += ["--workers-kill-timeout", str(options["stop_timeout"])]
    if static.mount is not None:
        route, folder = static.mount
        command += ["--static-path-route", route, "--static-path-mount", str(folder)]
    if options["access_log"]:
        command.append("--access-log")
    if options["reload"]:
        # A mistake in a file is mended by the next change.
        command += ["--reload", "--reload-ignore-worker-failure"]
        command += ["--reload-ignore-patterns", _WRITTEN_BY_SITES]
    else:
        # Otherwise all processes end with the first one that dies.
        command.append("--respawn-failed-workers")
    function = options["interface"]
    if static.in_application:
        function += "_with_static_files"
    return [*command, "--factory", f"django_bolt.serving:{function}"]


def make_environment(pythonpath: str | None) -> dict[str, str]:
    """
    Return the environment in which a new process imports what this one does.

    Args:
        pythonpath: What ``manage.py --pythonpath`` gave.
    """
    folders = [pythonpath, sys.path[0] or os.getcwd(), os.environ.get("PYTHONPATH")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


def show_command(command: list[str], environment: Mapping[str, str]) -> str:
    """Return a command line that does the same in any shell, or in a service file."""
    needed = [
        f"{name}={environment[name]}"
        for name in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
        if name in environment
    ]
    return shlex.join(["env", *needed, *command])
