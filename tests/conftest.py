"""Fixtures that more than one folder of tests uses."""

import logging
import signal
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import clear_script_prefix, set_urlconf
from django.utils import translation

from tests.worlds import Ask, ask_asgi, ask_wsgi

WORLDS: dict[str, Ask] = {"wsgi": ask_wsgi, "asgi": ask_asgi}


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """
    Let the servers that tests start be interrupted.

    A shell has what it starts in the background ignore SIGINT, and a process
    hands that down to its own.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def patient_loops() -> None:
    """Keep asyncio's complaint of a slow machine out of the log: it depends on it."""
    logging.getLogger("asyncio").addFilter(
        lambda record: record.msg != "Executing %s took %.3f seconds"
    )


@pytest.fixture(autouse=True)
def fresh_thread() -> None:
    """Forget what a test before has left to the thread, or old asgiref for it."""
    translation.deactivate()
    clear_script_prefix()
    set_urlconf(None)


@pytest.fixture
def empty_cache() -> Iterator[None]:
    """Keep pages that a test caches from those that follow, and theirs from it."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(params=WORLDS)
def ask(request: pytest.FixtureRequest, db: None) -> Ask:
    """
    Answer a request in-process: the test runs once under WSGI, once under ASGI.

    Needs a database because a request ends with a look at its connections.
    """
    return WORLDS[request.param]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Keep the test database in a file.

    Django never closes a connection to a database in memory, and each thread of
    a request under ASGI has one of its own; Python 3.13 warns of each.
    """
    folder = tmp_path_factory.mktemp("database")
    connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")
