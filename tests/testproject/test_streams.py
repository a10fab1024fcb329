"""
The streams of the demo: their work, their lines, how they end.
"""

import http.client
import re
import uuid

import msgspec
import pytest
from django.test import Client

from testproject.showcase import atmosphere
from testproject.showcase.cards import Card
from testproject.showcase.models import Station
from testproject.showcase.runs import LIMIT, RUNS, Run, remember
from testproject.showcase.views import sources
from testproject.showcase.views.streams import STREAMS
from tests.worlds import Ask

LINE = re.compile(r"(\d+) of 21934 m · (.+), (\d+) m: (\d+\.\d) hPa")


def standard_pressure(metres: int) -> float:
    """
    Return hectopascal in closed form: ISO 2533, the layer below 11 km.
    """
    exponent = 9.80665 / (287.05287 * 0.0065)
    return float(1013.25 * (1 - 0.0065 * metres / 288.15) ** exponent)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Let the work be short: half a metre at a step.
    """
    monkeypatch.setattr(atmosphere, "STEP", 0.5)


def test_climb_meets_the_standard_atmosphere_at_every_stage(coarse: None) -> None:
    """
    Half-metre steps stay within a tenth of a hectopascal, which is the rounding.
    """
    stations = [Station(name="High", elevation=3571), Station(name="Low", elevation=9)]

    stages = list(atmosphere.climb(stations))

    assert [stage.metres for stage in stages] == [1000, 2000, 3000, 3571, 9]
    assert [stage.climbed for stage in stages] == [1000, 2000, 3000, 3571, 3580]
    assert {stage.total for stage in stages} == {3580}
    for stage in stages:
        expected = standard_pressure(stage.metres)
        assert stage.hectopascal == pytest.approx(expected, abs=0.1)


def test_climb_works_only_when_it_is_asked(coarse: None) -> None:
    """
    A stage that nobody takes costs nothing: this one would never end.
    """
    stations = [
        Station(name="Sky", elevation=1000),
        Station(name="Sun", elevation=10**9),
    ]

    first = next(atmosphere.climb(stations))

    assert (first.station, first.climbed) == ("Sky", 1000)


@pytest.mark.parametrize("source", ["sync_source", "async_source"])
@pytest.mark.usefixtures("shared_stations", "coarse")
def test_source_sends_lines_whose_progress_reaches_all(ask: Ask, source: str) -> None:
    """
    Each line says how far it is; the last one is at the end.
    """
    answer = ask(getattr(sources, source))

    lines = answer.body.decode().splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    climbed = [int(match[1]) for match in found if match]
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert len(climbed) == len(lines) == 25
    assert climbed == sorted(set(climbed))
    assert climbed[-1] == 21934
    assert RUNS[uuid.UUID(answer["X-Run"])].state == "finished"


@pytest.mark.usefixtures("shared_stations", "coarse")
def test_json_lines_sends_one_object_a_line(ask: Ask) -> None:
    """
    Any line can be read without the others.
    """
    answer = ask(sources.json_lines)

    stages = [
        msgspec.json.decode(line, type=atmosphere.Stage)
        for line in answer.body.splitlines()
    ]
    assert answer["Content-Type"] == "application/jsonl"
    assert len(stages) == 25
    assert stages[3].station == "Jungfraujoch"
    assert stages[3].metres == 3571
    assert stages[-1].climbed == stages[-1].total == 21934


@pytest.mark.parametrize("card", STREAMS, ids=lambda card: card.slug)
@pytest.mark.usefixtures("shared_stations")
def test_source_is_closed_when_its_client_leaves(address: str, card: Card) -> None:
    """
    The first line is there while the rest is not made; then the state changes.
    """
    host = address.removeprefix("http://")
    reader = http.client.HTTPConnection(host, timeout=20)
    reader.request("GET", card.url)
    response = reader.getresponse()
    state = f"/streams/state/{response.headers['X-Run']}/"

    first = response.readline()
    before = asked(host, state)
    response.close()
    reader.close()

    assert b"Jungfraujoch" in first
    assert before == "open"
    assert ended(host, state) == "closed"


def asked(host: str, path: str) -> str:
    """
    Return the state that the server tells.
    """
    asker = http.client.HTTPConnection(host, timeout=20)
    asker.request("GET", path, headers={"Connection": "close"})
    told: dict[str, str] = msgspec.json.decode(asker.getresponse().read())
    asker.close()
    return told["state"]


def ended(host: str, path: str) -> str:
    """
    Ask until the source has ended; its work is bounded, so this is too.
    """
    while (state := asked(host, path)) == "open":
        pass
    return state


def test_state_of_an_unknown_run_is_404(client: Client) -> None:
    """
    It may be that of another process.
    """
    assert client.get(f"/streams/state/{uuid.uuid4()}/").status_code == 404


def test_state_of_a_source_that_never_starts_is_waiting(client: Client) -> None:
    """
    HEAD makes a response, and that is all.
    """
    head = client.head(STREAMS[0].url)

    response = client.get(f"/streams/state/{head['X-Run']}/")

    assert response.json() == {"state": "waiting"}
    assert "no-store" in response["Cache-Control"]


def test_runs_forget_the_oldest() -> None:
    """
    Who starts streams all day does not fill the memory.
    """
    first = Run()
    for _ in range(LIMIT):
        remember(Run())

    assert len(RUNS) == LIMIT
    assert first.key not in RUNS
