"""The options of ``runbolt``, each with what it is for."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError

DEFAULT_ADDRESS = "127.0.0.1:8000"

DEFAULT_THREADS = 8

MAX_STOP_SECONDS = 1800
"""What granian takes at most."""


def positive(text: str) -> int:
    """
    Return a number above zero.

    Raises:
        ArgumentTypeError: The text is none.
    """
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ArgumentTypeError(f"must be a whole number above zero; got {text!r}.")
    return int(text)


def stop_seconds(text: str) -> int:
    """
    Return how many seconds a stop may take.

    Raises:
        ArgumentTypeError: The text is no number above zero, or one that the
            server does not take.
    """
    seconds = positive(text)
    if seconds > MAX_STOP_SECONDS:
        raise ArgumentTypeError(
            f"must be at most {MAX_STOP_SECONDS} seconds; got {seconds}."
        )
    return seconds


OPTIONS: dict[str, dict[str, Any]] = {
    "address": {
        "nargs": "?",
        "default": DEFAULT_ADDRESS,
        "help": "Where to listen: PORT, HOST:PORT, [IPv6]:PORT, or unix:PATH for a "
        f"socket that a proxy connects to. Default: {DEFAULT_ADDRESS}, which only "
        "this machine reaches; 0.0.0.0:PORT is for everybody.",
    },
    "--interface": {
        "choices": ("asgi", "wsgi"),
        "default": "asgi",
        "help": "How the server calls the project. asgi (the default) holds thousands "
        "of open streams in one process, and runs async views as they are; it takes "
        "ASGI_APPLICATION, or django-bolt's handler where that is not set. wsgi needs "
        "less for sync views, and a thread for each open stream; it takes "
        "WSGI_APPLICATION in the same way.",
    },
    "--processes": {
        "type": positive,
        "default": 1,
        "help": "Processes that serve, each with its own memory. Default: 1, with "
        "which caches and channels in memory are shared by all requests. One for each "
        "core is a good start for projects that keep nothing in memory.",
    },
    "--threads": {
        "type": positive,
        "help": "With wsgi: threads of each process that run views. As many requests "
        "are answered at once, with as many database connections. Default: "
        f"{DEFAULT_THREADS}.",
    },
    "--stop-timeout": {
        "type": stop_seconds,
        "default": 10,
        "metavar": "SECONDS",
        "help": "How long requests may take that are under way when the server is "
        "told to stop; then they are cut off. Event streams are told to end, and do "
        "not wait for it. Default: 10, at most 1800.",
    },
    "--nostatic": {
        "action": "store_true",
        "help": "Leave static files to somebody else. Otherwise, where "
        "django.contrib.staticfiles is installed: with DEBUG they are served from "
        "where they lie, as runserver does; without, what collectstatic has put into "
        "STATIC_ROOT is served at STATIC_URL.",
    },
    "--access-log": {"action": "store_true", "help": "Log each request."},
    "--reload": {
        "action": "store_true",
        "help": "Start anew when a file below this directory changes, other than "
        "databases of SQLite and logs: for development.",
    },
    "--print": {
        "action": "store_true",
        "dest": "only_print",
        "help": "Print what would be done, and do nothing.",
    },
}
"""What ``add_argument`` takes, by name."""


def add_options(parser: ArgumentParser) -> None:
    """Teach a parser the options."""
    for name, details in OPTIONS.items():
        parser.add_argument(name, **details)


def choose_threads(interface: str, threads: int | None) -> int:
    """
    Return how many threads run views under WSGI.

    Args:
        interface: ``asgi`` or ``wsgi``.
        threads: What the command line says; ``None`` for nothing.

    Raises:
        CommandError: It says a number for ASGI, where it would change nothing.
    """
    if threads is not None and interface != "wsgi":
        raise CommandError(
            f"--threads must go with --interface wsgi; got {threads} with {interface}, "
            "which starts threads as sync code needs them. Leave it out."
        )
    return threads or DEFAULT_THREADS
