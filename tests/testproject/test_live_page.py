"""
The page of the live events is whole, and shows what runs.
"""

import inspect
import uuid
from types import ModuleType

import pytest
from django.test import Client

from testproject.showcase import wind
from testproject.showcase.views import live
from tests.testproject.outline import Outline, outline_of


@pytest.fixture
def page(client: Client, stations: int) -> Outline:
    """
    The page as it comes from a WSGI server.
    """
    return outline_of(client.get("/live/").content.decode())


def test_page_has_its_landmarks_and_headings(page: Outline) -> None:
    """
    One h1, an h2 for each part, and the navigation marks the page.
    """
    headings = [(node.tag, node.text) for node in page.all("h1", "h2", "h3", "h4")]
    current = [node.text for node in page.all("a") if node["aria-current"]]

    assert headings == [
        ("h1", "Live, and nothing is lost"),
        ("h2", "The instrument"),
        ("h2", "What comes, and what sends it"),
        ("h2", "Cut, and come back"),
        ("h2", "The wind"),
    ]
    assert current == ["Live events"]
    assert [node["id"] for node in page.all("main")] == ["main"]


def test_page_names_every_control_and_reference(page: Outline) -> None:
    """
    Buttons, the log and the chart have names; ids are there once, and found.
    """
    names = [" ".join(node.text.split()) for node in page.all("button")]
    labels = {node["aria-labelledby"] for node in page.all("section")}
    ids = [node["id"] for node in page.nodes if node["id"]]
    [chart] = [node for node in page.all("svg") if node["role"]]

    assert len(names) == len(set(names))
    assert {"Cut it on the server", "Stop"} < set(names)
    assert chart["role"] == "img"
    assert "wind in the last minute" in chart["aria-label"]
    assert len(ids) == len(set(ids))
    assert labels <= set(ids)


def test_page_lets_one_region_alone_speak(page: Outline) -> None:
    """
    Twice a second, nobody could listen: what changes is announced, not what comes.
    """
    live_nodes = [node for node in page.nodes if node["aria-live"] or node["role"]]

    assert [node["role"] for node in live_nodes] == ["img", "status"]


def test_page_has_a_key_of_its_own(client: Client, stations: int) -> None:
    """
    Whoever has it may cut the stream: no cache keeps it, no two pages share it.
    """
    responses = [client.get("/live/"), client.get("/live/")]

    pages = [outline_of(response.content.decode()) for response in responses]
    actions = [form["action"] for page in pages for form in page.all("form")]
    keys = {uuid.UUID(action.split("/")[2]) for action in actions}
    assert len(keys) == 2
    assert all("no-store" in response["Cache-Control"] for response in responses)


def test_page_says_what_its_script_needs(page: Outline) -> None:
    """
    The stream and the form have the same key; numbers are those of the wind.
    """
    [address] = [node for node in page.nodes if node["data-stream"]]
    [form] = page.all("form")
    [frame] = [node for node in page.nodes if node["class"] == "chart"]

    assert form["method"] == "post"
    assert form["action"] == address["data-stream"].replace("wind", "cut")
    assert 0 <= wind.latest() - live.SPAN - int(address["data-seen"]) < 240
    assert float(frame["data-period"]) == wind.PERIOD * 1000
    assert float(frame["data-epoch"]) == wind.EPOCH * 1000


def test_page_needs_no_inline_code_and_sends_its_policy(
    client: Client, page: Outline
) -> None:
    """
    Its modules come from this host, like everything else.
    """
    scripts = [(node["type"], node["src"], node.text) for node in page.all("script")]
    attributes = {name for node in page.nodes for name in node.attributes}

    assert scripts == [
        ("module", "/static/showcase/demo.js", ""),
        ("module", "/static/showcase/live.js", ""),
    ]
    assert page.all("style") == []
    assert not {name for name in attributes if name == "style" or name[:2] == "on"}
    policy = client.get("/live/")["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")


@pytest.mark.parametrize(
    ("name", "module"),
    [
        pytest.param("wind", live, id="stream"),
        pytest.param("cut", live, id="cut"),
        pytest.param("number_after", live, id="resuming"),
        pytest.param("reading", live, id="reading"),
        pytest.param("speed_of", wind, id="wind"),
    ],
)
def test_page_shows_the_code_that_runs(
    page: Outline, name: str, module: ModuleType
) -> None:
    """
    No wider than its pane.
    """
    [shown] = [node.text for node in page.all("pre") if f"def {name}(" in node.text]

    written = inspect.getsource(module).splitlines()
    assert set(shown.splitlines()) <= set(written)
    assert max(map(len, shown.splitlines())) <= 65
