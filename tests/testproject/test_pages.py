"""
The pages are whole: structure, names, no code inside the markup.
"""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from testproject.showcase.gallery import CARDS, GROUPS
from testproject.showcase.models import Station
from testproject.showcase.pages import Page
from tests.testproject.outline import Outline, outline_of


@pytest.fixture
def index(client: Client, stations: int) -> Outline:
    """
    The first page as it comes from the server.
    """
    return outline_of(client.get("/").content.decode())


def test_index_has_one_of_each_landmark(index: Outline) -> None:
    """
    A header, a named navigation, a main part that the skip link leads to, a footer.
    """
    assert len([node for node in index.all("header") if node.parents[-1] == "body"])
    assert [node["aria-label"] for node in index.all("nav")] == ["Pages", "Contents"]
    assert [node["id"] for node in index.all("main")] == ["main"]
    assert len(index.all("footer")) == 1
    assert next(node for node in index.all("a"))["href"] == "#main"


def test_index_headings_go_down_one_level_at_a_time(index: Outline) -> None:
    """
    One h1; a group is an h2, a card an h3.
    """
    headings = [(node.tag, node.text) for node in index.all("h1", "h2", "h3", "h4")]

    assert headings == [
        ("h1", "Return anything from a Django view"),
        *(
            heading
            for group in GROUPS
            for heading in [
                ("h2", group.title),
                *(("h3", card.title) for card in group.cards),
            ]
        ),
    ]


def test_index_ids_are_unique_and_references_lead_to_them(index: Outline) -> None:
    """
    Links within the page and ``aria-labelledby`` find their target.
    """
    ids = [node["id"] for node in index.nodes if node["id"]]
    targets = {node["href"][1:] for node in index.all("a") if node["href"][0] == "#"}
    labels = {node["aria-labelledby"] for node in index.all("section", "article")}

    assert len(ids) == len(set(ids))
    assert targets <= set(ids)
    assert labels == {group.slug for group in GROUPS} | set(CARDS)


def test_index_buttons_have_names_of_their_own(index: Outline) -> None:
    """
    A screen reader tells one "Call" from the next.
    """
    names = [" ".join(node.text.split()) for node in index.all("button")]

    assert len(names) == len(set(names))
    assert "Call dict" in names
    assert "Copy the curl command for dict" in names


def test_index_has_a_live_region(index: Outline) -> None:
    """
    What came back is announced.
    """
    [region] = [node for node in index.nodes if node["role"] == "status"]

    assert region["id"] == "announcer"


@pytest.mark.parametrize("slug", CARDS)
def test_index_shows_the_cards_own_source_and_call(index: Outline, slug: str) -> None:
    """
    Source, address and curl line belong to the same view.
    """
    [form] = [node for node in index.all("form") if node["data-card"] == slug]
    curl = f"http://testserver/returns/{slug}/"

    assert form["action"] == f"/returns/{slug}/"
    assert CARDS[slug].source in [node.text for node in index.all("pre")]
    assert any(node.text.endswith(curl) for node in index.all("code"))


def test_index_asks_for_the_error_as_text(index: Outline) -> None:
    """
    Button and curl line send the same header.
    """
    [form] = [node for node in index.all("form") if node["data-accept"]]
    [curl] = [node.text for node in index.all("code") if "Accept:" in node.text]

    assert (form["data-card"], form["data-accept"]) == ("set", "text/plain")
    assert curl == ("curl -i -H 'Accept: text/plain' http://testserver/returns/set/")


def test_index_sends_the_header_that_its_curl_line_has(index: Outline) -> None:
    """
    A range, and a condition.
    """
    headers = [node["data-header"] for node in index.all("form") if node["data-header"]]
    codes = [node.text for node in index.all("code")]

    assert headers == [card.header for card in CARDS.values() if card.header]
    assert all(any(f"-H '{header}'" in code for code in codes) for header in headers)


def test_index_has_a_player_for_what_can_be_played(index: Outline) -> None:
    """
    It has a name, and asks for the address of the card.
    """
    [player] = index.all("audio")

    assert player["src"] == "/returns/melody/"
    assert player["aria-label"] == "Audio that seeks"


def test_index_needs_no_inline_code_and_no_other_host(index: Outline) -> None:
    """
    It works under a Content-Security-Policy of ``default-src 'self'``.
    """
    addresses = [node["src"] or node["href"] for node in index.nodes]
    scripts = [(node["type"], node.text) for node in index.all("script")]

    assert scripts == [("module", "")]
    assert index.all("style") == []
    assert not [node for node in index.nodes if node["style"]]
    assert not [
        name for node in index.nodes for name in node.attributes if name[:2] == "on"
    ]
    assert {address[0] for address in addresses if address} == {"/", "#"}


def test_index_sends_its_policy(client: Client, stations: int) -> None:
    """
    No middleware is needed for it.
    """
    policy = client.get("/")["Content-Security-Policy"]

    assert policy.split(";")[0] == "default-src 'self'"
    assert "unsafe" not in policy


@pytest.mark.parametrize("empty", ["no table", "no row"])
@pytest.mark.django_db
def test_index_without_data_says_what_to_do(client: Client, empty: str) -> None:
    """
    Who started plain ``runserver`` reads a sentence, not a traceback.
    """
    if empty == "no table":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {Station._meta.db_table}")

    response = client.get("/")

    page = outline_of(response.content.decode())
    assert response.status_code == 503
    assert [node.text for node in page.all("h1")] == ["One step to go"]
    assert "python manage.py demo" in [node.text for node in page.all("code")]


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [
        pytest.param("dark", "dark", id="dark"),
        pytest.param("light", "light", id="light"),
        pytest.param('"><script>', "", id="anything else"),
        pytest.param(None, "", id="none"),
    ],
)
def test_index_remembers_the_theme(
    client: Client, stations: int, cookie: str | None, theme: str
) -> None:
    """
    The server writes it, so that no page flashes in the wrong one.
    """
    if cookie is not None:
        client.cookies["theme"] = cookie

    response = client.get("/")

    [root] = outline_of(response.content.decode()).all("html")
    assert root["data-theme"] == theme
    assert "Cookie" in response["Vary"]


def test_navigation_appears_with_a_second_page(rf: RequestFactory) -> None:
    """
    It marks the page that is shown.
    """
    request = rf.get("/")
    request.resolver_match = None
    pages = (Page("showcase:index", "Responses"), Page("showcase:dict", "Another"))

    page = outline_of(
        render_to_string("showcase/base.html", {"pages": pages, "request": request})
    )

    links = [link for link in page.all("a") if "nav" in link.parents]
    assert [(link["href"], link.text) for link in links] == [
        ("/", "Responses"),
        ("/returns/dict/", "Another"),
    ]
