"""
One command starts the demo.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.servers.basehttp import WSGIRequestHandler

import testproject
from testproject.showcase.management.commands.runserver import PromptServer
from testproject.showcase.models import Station
from testproject.showcase.seed import STATIONS, seed

ROOT = Path(testproject.__file__).parent.parent


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """
    What a new clone sees: no database yet.
    """
    return {
        **os.environ,
        "DEMO_DATABASE": str(tmp_path / "demo.sqlite3"),
        "DJANGO_SETTINGS_MODULE": "testproject.settings",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def demo(environment: dict[str, str]) -> Iterator[Iterator[str]]:
    """
    The lines that ``manage.py demo`` prints, on a port that is free.
    """
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "127.0.0.1:0"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = threading.Timer(60.0, process.kill)
    deadline.start()
    with process:
        assert process.stdout is not None
        yield iter(process.stdout)
        process.terminate()
    deadline.cancel()


def test_demo_prepares_once_and_serves(demo: Iterator[str]) -> None:
    """
    The first page is there as soon as the address is printed.
    """
    printed = [next(demo)]
    while not (address := re.search(r"http://127\.0\.0\.1:\d+/", printed[-1])):
        printed.append(next(demo))
    with urllib.request.urlopen(address[0], timeout=10) as response:
        page = response.read().decode()

    assert printed.count("The database is ready: 8 stations.\n") == 1
    assert "<h1>Return anything from a Django view</h1>" in page


def test_prepare_starts_from_nothing_and_repeats(environment: dict[str, str]) -> None:
    """
    The second run finds what the first one made.
    """
    program = (
        "import django; django.setup()\n"
        "from testproject.showcase.management.commands.demo import prepare\n"
        "print(prepare(), prepare())"
    )

    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert result.stdout == f"{len(STATIONS)} {len(STATIONS)}\n"


@pytest.mark.django_db
def test_seed_repairs_what_was_changed_and_keeps_ids() -> None:
    """
    A row that somebody edited is as it was; none is there twice.
    """
    seed()
    before = dict(Station.objects.values_list("name", "id"))
    Station.objects.filter(name="Säntis").update(name="Elsewhere", elevation=0)

    assert seed() == len(STATIONS)

    assert dict(Station.objects.values_list("name", "id")) == before
    assert Station.objects.get(name="Säntis").elevation == 2501


@pytest.mark.django_db
def test_stations_come_highest_first_under_their_name() -> None:
    """
    The model's own order and text.
    """
    seed()

    assert str(Station.objects.all()[0]) == "Jungfraujoch"


def test_runserver_sends_each_piece_at_once() -> None:
    """
    RFC 9293 §3.7.4: TCP_NODELAY turns the waiting off.
    """
    with (
        PromptServer(("127.0.0.1", 0), WSGIRequestHandler) as server,
        socket.create_connection(("127.0.0.1", server.server_port)),
    ):
        connection, _ = server.get_request()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
