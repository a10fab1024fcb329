"""
``manage.py runbolt``: serve the project by granian, for production.

Nothing of a server is here: settings and options become a command line of
granian, which is printed and takes the place of this process.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_bolt.management import plan
from django_bolt.management.listening import make_ready, read_address
from django_bolt.management.options import add_options, choose_threads
from django_bolt.serving import load_application


class Command(BaseCommand):
    """Say what will be served and how, and become the server."""

    help = (
        "Serves the project by granian: ASGI or WSGI, HTTP/1.1 and HTTP/2, static "
        "files, and event streams that end when the server is told to stop. What it "
        "does is printed, with the command line of granian, which may be written "
        "into a service file; granian's own GRANIAN_... environment variables (TLS, "
        "logs, limits) apply as well."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Explain each choice."""
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """
        Print what is done, and do it.

        Raises:
            CommandError: The server, the application or the address is none.
        """
        plan.require("granian", *(["watchfiles"] if options["reload"] else []))
        options["threads"] = choose_threads(options["interface"], options["threads"])
        address = read_address(options["address"])
        static = plan.choose_static_files(nostatic=options["nostatic"])
        shown, kind = _find_application(options["interface"])
        command = plan.make_command(kind, address, static, options)
        environment = plan.make_environment(options["pythonpath"])
        for name, value in {
            "Settings": _show_settings(),
            "Application": shown,
            "Address": address.shown,
            "Processes": _show_processes(options),
            "Static files": static.shown,
            "Stop": "SIGTERM, SIGINT or Ctrl-C; streams are told to end, requests "
            f"have {options['stop_timeout']} s",
            "Command": plan.show_command(command, environment),
        }.items():
            self.stdout.write(f"{name + ':':<14}{value}")
        if not options["only_print"]:
            self.stdout.flush()
            make_ready(address)
            os.execve(command[0], command, environment)


def _find_application(interface: str) -> tuple[str, str]:
    """Return what to say of the application, and granian's interface for it."""
    setting = f"{interface.upper()}_APPLICATION"
    path = getattr(settings, setting, None)
    try:
        application = load_application(interface)
    except ImportError as error:
        raise CommandError(
            f"{setting} must name an application; {path!r} cannot be imported: {error}"
        ) from error
    kind = type(application)
    name = f"{kind.__module__}.{kind.__name__}"
    shown = (
        f"{path} ({name})"
        if path
        else f"{name}, as {setting} is not set; {interface}.py is not read"
    )
    # Django's own refuses to be told of the start and the end.
    return shown, "asginl" if kind is ASGIHandler else interface


def _show_settings() -> str:
    note = ", with DEBUG: not for production" if settings.DEBUG else ""
    return f"{os.environ.get('DJANGO_SETTINGS_MODULE')}{note}"


def _show_processes(options: dict[str, Any]) -> str:
    shown = str(options["processes"])
    if options["interface"] == "wsgi":
        shown += f", with {options['threads']} threads each"
    return shown + (", anew when a file changes" if options["reload"] else "")
