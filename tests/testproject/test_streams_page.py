"""
The page of the streams is whole, and says what runs.
"""

import inspect
import pkgutil

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIHandler
from django.test import AsyncClient, Client

from testproject.showcase import atmosphere
from testproject.showcase.cards import Card
from testproject.showcase.views import sources
from testproject.showcase.views.streams import STREAMS
from tests.testproject.outline import Outline, outline_of


@pytest.fixture
def streams(client: Client, stations: int) -> Outline:
    """
    The page as it comes from a WSGI server.
    """
    return outline_of(client.get("/streams/").content.decode())


def test_page_has_its_landmarks_and_headings(streams: Outline) -> None:
    """
    One h1, a group an h2, a card an h3, and the navigation marks the page.
    """
    headings = [(node.tag, node.text) for node in streams.all("h1", "h2", "h3", "h4")]
    current = [node.text for node in streams.all("a") if node["aria-current"]]

    assert headings == [
        ("h1", "Streams that stream"),
        ("h2", "Four combinations, two at a time"),
        ("h2", "See them arrive"),
        *(("h3", card.title) for card in STREAMS),
        ("h2", "The work"),
    ]
    assert current == ["Streams"]
    assert [node["id"] for node in streams.all("main")] == ["main"]


def test_page_names_every_control_and_reference(streams: Outline) -> None:
    """
    Buttons and bars have names of their own; ids are there once, and found.
    """
    names = [" ".join(node.text.split()) for node in streams.all("button")]
    bars = [node["aria-label"] for node in streams.all("progress")]
    ids = [node["id"] for node in streams.nodes if node["id"]]
    targets = {node["href"][1:] for node in streams.all("a") if node["href"][0] == "#"}
    labels = {node["aria-labelledby"] for node in streams.all("section", "article")}

    assert len(names) == len(set(names))
    assert {"Start Sync source", "Stop Sync source"} <= set(names)
    assert bars == [f"Progress of {card.title}" for card in STREAMS]
    assert len(ids) == len(set(ids))
    assert targets | labels <= set(ids)


def test_page_needs_no_inline_code_and_sends_its_policy(
    client: Client, streams: Outline
) -> None:
    """
    Its one module of its own comes from this host, like everything else.
    """
    scripts = [(node["type"], node["src"], node.text) for node in streams.all("script")]
    attributes = {name for node in streams.nodes for name in node.attributes}

    assert scripts == [
        ("module", "/static/showcase/demo.js", ""),
        ("module", "/static/showcase/streams.js", ""),
    ]
    assert streams.all("style") == []
    assert not {name for name in attributes if name == "style" or name[:2] == "on"}
    policy = client.get("/streams/")["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")


@pytest.mark.parametrize("card", STREAMS, ids=lambda card: card.slug)
def test_page_shows_the_source_of_each_view(streams: Outline, card: Card) -> None:
    """
    Code as it runs, no wider than its pane, with the address and the curl line.
    """
    written = inspect.getsource(sources).splitlines()
    curl = f"curl -N http://testserver{card.url}"

    assert card.source in [node.text for node in streams.all("pre")]
    assert set(card.source.splitlines()) <= set(written)
    assert max(map(len, card.source.splitlines())) <= 62
    assert curl in [node.text for node in streams.all("code")]
    assert card.url in [node["action"] for node in streams.all("form")]


def test_page_shows_the_work_as_it_is_done(streams: Outline) -> None:
    """
    Both functions, and nothing that stands beside them.
    """
    [work] = [node.text for node in streams.all("pre") if "def risen" in node.text]

    assert set(work.splitlines()) <= set(inspect.getsource(atmosphere).splitlines())
    assert "def climb(" in work


@pytest.mark.usefixtures("stations")
@pytest.mark.parametrize(
    ("world", "other"),
    [
        pytest.param("WSGI", "uvicorn testproject.asgi:application", id="wsgi"),
        pytest.param("ASGI", "python manage.py demo", id="asgi"),
    ],
)
def test_page_says_what_runs_and_how_to_start_the_other(world: str, other: str) -> None:
    """
    The column of the running server is marked in words, too.
    """
    get = Client().get if world == "WSGI" else async_to_sync(AsyncClient().get)

    page = outline_of(get("/streams/").content.decode())

    columns = [" ".join(node.text.split()) for node in page.all("th")]
    assert f"{world} runs now" in columns
    assert other in [node.text for node in page.all("code")]
    assert any(f"This page came over {world}." in node.text for node in page.all("p"))


def test_the_other_servers_command_names_the_demo() -> None:
    """
    What uvicorn is told to import is an ASGI application.
    """
    application = pkgutil.resolve_name("testproject.asgi:application")

    assert isinstance(application, ASGIHandler)


@pytest.mark.django_db
def test_page_without_data_says_what_to_do(client: Client) -> None:
    """
    As the first page does.
    """
    response = client.get("/streams/")

    assert response.status_code == 503
    assert b"python manage.py demo" in response.content
