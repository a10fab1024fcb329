"""Fixtures that more than one folder of tests uses."""

import pytest

from tests.worlds import Ask, ask_asgi, ask_wsgi

WORLDS: dict[str, Ask] = {"wsgi": ask_wsgi, "asgi": ask_asgi}


@pytest.fixture(params=WORLDS)
def ask(request: pytest.FixtureRequest, db: None) -> Ask:
    """
    Answer a request in-process: the test runs once under WSGI, once under ASGI.

    Needs a database because a request ends with a look at its connections.
    """
    return WORLDS[request.param]
