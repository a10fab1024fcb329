"""
Start the demo: ``python manage.py demo [address:port]``.
"""

import sys
from typing import Any

from django.core.management import call_command

from testproject.showcase.management.commands import runserver
from testproject.showcase.seed import seed


def prepare() -> int:
    """
    Bring the database up to date and fill it; a second run changes nothing.

    Returns:
        How many stations the database holds now.
    """
    call_command("migrate", verbosity=0, interactive=False)
    return seed()


class Command(runserver.Command):
    """
    ``runserver``, options and all, over a database that is ready.
    """

    help = "Prepares the database, then serves the demo as runserver does."

    def handle(self, *args: Any, **options: Any) -> str | None:
        """
        Prepare the database, then serve.
        """
        self.stdout.write(f"The database is ready: {prepare()} stations.")
        # The reloader starts the same command line anew after each change. As
        # "runserver" it does not prepare twice, and it outlives a broken module,
        # a favour that Django does to that name alone.
        if sys.argv[1:2] == ["demo"]:
            sys.argv[1] = "runserver"
        return super().handle(*args, **options)
