"""
The live events of the demo: the wind, how a stream goes on, how it is cut.
"""

import http.client
import json
import math
import re
import statistics
import time
import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone

from django_bolt import ServerSentEvent
from django_bolt.testing import acollect_events, collect_events
from testproject.showcase import wind
from testproject.showcase.models import Cut
from testproject.showcase.views import live

KEY = uuid.UUID("5b0ddcb5-63b2-4ab9-b0fc-ab4f06d6a0b2")
STREAM = f"/live/{KEY}/wind/"

NOW = 10_000
"""The newest reading, where a test says which one that is."""


def test_wind_has_the_mean_and_the_spread_of_its_spectrum() -> None:
    """
    In three hours; the waves that are too slow or too fast to be had take a tenth.
    """
    speeds = [wind.speed_of(number) for number in range(56_000_000, 56_021_600, 9)]

    assert statistics.fmean(speeds) == pytest.approx(wind.MEAN, abs=0.2)
    assert 0.8 * wind.SPREAD < statistics.pstdev(speeds) < wind.SPREAD
    assert min(speeds) >= 0


def test_latest_reading_is_the_one_before_now() -> None:
    """
    Every half second since the year began.
    """
    before = time.time()
    number = wind.latest()
    after = time.time()

    first, last = (math.floor((now - wind.EPOCH) * 2) for now in (before, after))
    assert first <= number <= last


def test_waiting_for_a_reading_never_takes_less_than_nothing() -> None:
    """
    One that was taken is waited for no more.
    """
    number = wind.latest()

    assert wind.seconds_until(number - 9) == 0
    assert 100 < wind.seconds_until(number + 400) < 201


@pytest.mark.parametrize(
    ("seen", "number"),
    [
        pytest.param(None, NOW, id="nothing seen"),
        pytest.param("9990", 9991, id="the one after"),
        pytest.param("10000", 10001, id="the newest one seen"),
        pytest.param("12", NOW - wind.KEPT + 1, id="longer ago than is kept"),
        pytest.param("10001", 10001, id="in the future"),
        pytest.param("9" * 1000, 10001, id="as far in the future as goes"),
        pytest.param("-5", NOW, id="negative"),
        pytest.param("1e3", NOW, id="no integer"),
        pytest.param("²", NOW, id="a digit that is no decimal"),
        pytest.param("٣", NOW - wind.KEPT + 1, id="a decimal of another script"),
    ],
)
def test_stream_goes_on_after_what_was_seen(
    monkeypatch: pytest.MonkeyPatch, seen: str | None, number: int
) -> None:
    """
    Whatever a client says, it gets what is kept, and nothing for ever.
    """
    monkeypatch.setattr(live, "latest", lambda: NOW)

    assert live.number_after(seen) == number


@pytest.mark.django_db
@pytest.mark.parametrize("world", ["wsgi", "asgi"])
def test_stream_sends_what_was_missed_under_following_ids(world: str) -> None:
    """
    First the time to stay away; then each reading once, gusts by their name.
    """
    seen = wind.latest() - 40
    headers = {"Last-Event-ID": str(seen)}

    if world == "wsgi":
        response = Client().get(STREAM, headers=headers)
        first, *events = collect_events(response, limit=41)
    else:
        first, *events = async_to_sync(collected)(STREAM, headers)

    numbers = range(seen + 1, seen + 41)
    assert first == ServerSentEvent(retry=2000)
    assert [event.id for event in events] == [str(number) for number in numbers]
    for number, event in zip(numbers, events, strict=True):
        speed = wind.speed_of(number)
        assert json.loads(str(event.raw_data)) == {"speed": speed}
        assert event.event == ("gust" if speed >= wind.GUST else None)


async def collected(path: str, headers: dict[str, str]) -> list[ServerSentEvent]:
    """
    Return the first events that come under ASGI.
    """
    response = await AsyncClient().get(path, headers=headers)
    return await acollect_events(response, limit=41)


@pytest.mark.django_db
def test_stream_of_a_page_starts_where_its_chart_does(client: Client) -> None:
    """
    The first request of a page has no header: the id stands in the query.
    """
    seen = wind.latest() - live.SPAN

    _, event = collect_events(client.get(f"{STREAM}?lastEventId={seen}"), limit=2)

    assert event.id == str(seen + 1)


@pytest.mark.django_db
def test_stream_heeds_no_cut_of_another_or_of_before(client: Client) -> None:
    """
    Else a stream that was cut could not come back.
    """
    now = timezone.now()
    Cut.objects.create(key=KEY, at=now - timedelta(milliseconds=1))
    Cut.objects.create(key=uuid.uuid4(), at=now + timedelta(hours=1))

    events = collect_events(client.get(STREAM), limit=2)

    assert len(events) == 2


@pytest.mark.django_db
def test_cut_is_noted_and_old_ones_are_forgotten(client: Client) -> None:
    """
    The table never holds more than what was cut in a minute.
    """
    old = timezone.now() - timedelta(minutes=2)
    Cut.objects.create(key=uuid.uuid4(), at=old)

    response = client.post(f"/live/{KEY}/cut/")

    [noted] = Cut.objects.all()
    assert (response.status_code, response.content) == (204, b"")
    assert noted.key == KEY
    assert str(noted).startswith(f"{KEY} at ")


@pytest.mark.django_db
def test_cut_needs_a_post_with_its_token() -> None:
    """
    No other site, and no link, can cut a stream.
    """
    client = Client(enforce_csrf_checks=True)
    path = f"/live/{KEY}/cut/"

    assert client.get(path).status_code == 405
    assert client.post(path).status_code == 403
    assert not Cut.objects.exists()


@pytest.mark.server
@pytest.mark.usefixtures("shared_stations")
@pytest.mark.parametrize("address", ["wsgi", "asgi"], indirect=True)
def test_cut_in_one_process_ends_the_stream_in_another(
    request: pytest.FixtureRequest, address: str
) -> None:
    """
    The stream ends in good order, and goes on where it was: WSGI cuts ASGI's
    stream, and ASGI that of WSGI.
    """
    servers = {request.getfixturevalue("live_server").url}
    servers.add(request.getfixturevalue("uvicorn"))
    [other] = servers - {address}

    first = read_and_cut(address, other, "")
    second = read_and_cut(address, other, first[-1])

    ids = [int(number) for number in [*first, *second]]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def read_and_cut(server: str, other: str, seen: str) -> list[str]:
    """
    Read a stream, have it cut by another server, and return the ids that came.
    """
    page = http.client.HTTPConnection(other.removeprefix("http://"), timeout=20)
    page.request("GET", "/live/")
    answer = page.getresponse()
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    html = answer.read().decode()
    [path] = re.findall(r'action="(/live/[^"]+/cut/)"', html)
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', html)
    reader = http.client.HTTPConnection(server.removeprefix("http://"), timeout=20)
    reader.request("GET", path.replace("cut", "wind"), headers={"Last-Event-ID": seen})
    stream = reader.getresponse()
    lines = [stream.readline()]
    while not lines[-1].startswith(b"id: "):
        lines.append(stream.readline())

    body = urlencode({"csrfmiddlewaretoken": token})
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    page.request("POST", path, body, form)
    assert page.getresponse().status == 204
    page.close()

    lines += stream.readlines()
    reader.close()
    return [line[4:-1].decode() for line in lines if line.startswith(b"id: ")]
