"""
Fixtures of the demo's tests.
"""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver

from testproject.showcase.seed import seed
from tests.servers import Server
from tests.testproject.browser import CHROMIUM, DRIVER, FLAGS, complaints, started


@pytest.fixture
def stations(db: None) -> int:
    """
    Fill the database as the demo does.
    """
    return seed()


@pytest.fixture
def shared_stations(transactional_db: None) -> int:
    """
    Fill the database where a server's threads see it too.
    """
    return seed()


@pytest.fixture(scope="module")
def uvicorn(django_db_setup: None) -> Iterator[str]:
    """
    The address of the demo under ASGI, over the database of the tests.
    """
    environment = {
        "DEMO_DATABASE": str(connection.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "testproject.settings",
    }
    server = Server("uvicorn", environment=environment)
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture(params=["wsgi", "asgi"])
def address(request: pytest.FixtureRequest) -> str:
    """
    The address of the demo in one world.
    """
    if request.param == "wsgi":
        return str(request.getfixturevalue("live_server").url)
    return str(request.getfixturevalue("uvicorn"))


@pytest.fixture(scope="module")
def chromium(  # pragma: no cover
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[webdriver.Chrome]:
    """
    One browser for this module, with a profile that nobody used.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    profile = tmp_path_factory.mktemp("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=str(DRIVER))
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


@pytest.fixture
def page(  # pragma: no cover
    chromium: webdriver.Chrome, live_server: LiveServer
) -> Iterator[webdriver.Chrome]:
    """
    The first page, opened anew by somebody who was never there.
    """
    chromium.set_window_size(1280, 900)
    chromium.get(live_server.url)
    started(chromium)
    complaints(chromium)
    yield chromium
    chromium.delete_all_cookies()
