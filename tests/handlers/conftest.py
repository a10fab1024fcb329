"""Fixtures of the handlers' tests."""

import pytest
from django.core.handlers.asgi import ASGIHandler

from tests.handlers.exchanges import HANDLERS


@pytest.fixture(params=HANDLERS)
def handler_class(request: pytest.FixtureRequest) -> type[ASGIHandler]:
    """Run a test with Django's own handler too: it shows what is right."""
    return HANDLERS[request.param]
