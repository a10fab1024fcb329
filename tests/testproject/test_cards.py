"""
Every card's view answers what the card promises, under WSGI and under ASGI.
"""

import struct
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings

from testproject.showcase.gallery import CARDS

pytestmark = [
    pytest.mark.usefixtures("stations"),
    # Django says so when it collects a stream of the other world.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning"),
]

Get = Callable[[str], HttpResponse]

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"


def body_of(response: Any) -> bytes:
    """
    Return the whole body of a response of any kind.
    """
    if not isinstance(response, StreamingHttpResponse):
        return bytes(response.content)
    if not response.is_async:
        return b"".join(response)

    async def collect() -> bytes:
        return b"".join([chunk async for chunk in response])

    return async_to_sync(collect)()


@pytest.fixture(params=["wsgi", "asgi"])
def get(request: pytest.FixtureRequest) -> Get:
    """
    Ask for a path in one world.
    """
    if request.param == "wsgi":
        return Client(raise_request_exception=False).get  # type: ignore[return-value]
    client = AsyncClient(raise_request_exception=False)
    return async_to_sync(client.get)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slug", "media_type", "body"),
    [
        pytest.param(
            "dict",
            JSON,
            '{"summit":"Säntis","sky":"thunderstorm","gusts":[62,71,90],'
            '"cable_car":false}',
            id="dict",
        ),
        pytest.param("list", JSON, "[17.2,19.7,25.0,23.3]", id="list"),
        pytest.param(
            "dataclass",
            JSON,
            '{"direction":"north-west","metres_per_second":11.5}',
            id="dataclass",
        ),
        pytest.param(
            "queryset",
            JSON,
            '[{"name":"Jungfraujoch","elevation":3571},'
            '{"name":"Mauna Loa","elevation":3397},'
            '{"name":"Sonnblick","elevation":3106}]',
            id="QuerySet",
        ),
        pytest.param("str", TEXT, "Thunder by four. 6 °C on the Śnieżka.", id="str"),
        pytest.param("lazy", TEXT, "Donnerstag", id="lazy text"),
        pytest.param(
            "response",
            "text/csv",
            "Jungfraujoch,3571\r\nMauna Loa,3397\r\nSonnblick,3106\r\n"
            "Zugspitze,2962\r\nPic du Midi,2877\r\nSäntis,2501\r\n"
            "Mount Washington,1917\r\nŚnieżka,1603\r\n",
            id="Response with a media type of its own",
        ),
        pytest.param(
            "plaintext", TEXT, "The ridge is closed until noon.\n", id="PlainText"
        ),
        pytest.param(
            "html",
            "text/html; charset=utf-8",
            "<h1>Śnieżka</h1>\n<p>1603 m</p>\n",
            id="HTML",
        ),
        pytest.param("sync", JSON, '{"Śnieżka":"9.5"}', id="sync view"),
        pytest.param("async", JSON, '{"Jungfraujoch":"-2.8"}', id="async view"),
        pytest.param(
            "class", JSON, '{"hectopascal":742.6,"trend":"falling"}', id="class"
        ),
        pytest.param("generator", BYTES, "3 …\n2 …\n1 …\nthunder\n", id="generator"),
        pytest.param(
            "async-generator",
            BYTES,
            "thunder over Seealp\nthunder over Meglis\nthunder over Fälen\n",
            id="async generator",
        ),
        pytest.param(
            "summits",
            JSON,
            '[{"name":"Jungfraujoch","country":"CH"},'
            '{"name":"Mauna Loa","country":"US"},'
            '{"name":"Sonnblick","country":"AT"}]',
            id="handler with a response model",
        ),
        pytest.param(
            "borders",
            JSON,
            '[{"name":"Jungfraujoch","country":"CH"},\n'
            '{"name":"Sonnblick","country":"AT"},\n'
            '{"name":"Zugspitze","country":"DE"}]',
            id="handler with a model of its items",
        ),
    ],
)
def test_card_answers_its_value(
    get: Get, slug: str, media_type: str, body: str
) -> None:
    """
    What the view returned is what goes out, with status 200.
    """
    response = get(CARDS[slug].url)

    assert response.status_code == 200
    assert response["Content-Type"] == media_type
    assert body_of(response).decode() == body


def test_struct_card_keeps_the_digits_of_its_decimal(get: Get) -> None:
    """
    A decimal goes out as text, an aware time as RFC 3339.
    """
    before = datetime.now(timezone.utc)

    reading = msgspec.json.decode(get("/returns/struct/").content)

    assert reading["station"] == "Zugspitze"
    assert reading["celsius"] == "-2.10"
    assert before <= datetime.fromisoformat(reading["at"].replace("Z", "+00:00"))


def test_json_card_holds_the_stations_uuid_time_and_decimal(get: Get) -> None:
    """
    The values of a model need no help.
    """
    observation = msgspec.json.decode(get("/returns/json/").content)

    assert observation["temperature"] == str(Decimal("3.6"))
    assert observation["observed_at"] == "2026-07-14T15:00:00Z"
    assert uuid.UUID(observation["id"]).version == 5


def test_bytes_card_sends_the_bytes_untouched(get: Get) -> None:
    """
    Bytes that are no text arrive as they were.
    """
    response = get("/returns/bytes/")

    assert response["Content-Type"] == BYTES
    assert response.content[:6] == b"\x89WX\r\n\x09"
    assert struct.unpack(">Hd", response.content[5:]) == (2501, 9.2)


def test_redirect_card_points_at_another_card(get: Get) -> None:
    """
    307, a Location, and nothing else.
    """
    response = get("/returns/redirect/")

    assert response.status_code == 307
    assert response["Location"] == "/returns/dict/"
    assert response.content == b""


def test_cookies_card_sets_status_header_and_both_cookies(get: Get) -> None:
    """
    Each link of the chain is on the response.
    """
    response = get("/returns/cookies/")

    assert response.status_code == 201
    assert response["X-Sky"] == "clear"
    assert response.cookies["station"].value == "saentis"
    assert response.cookies["draft"]["max-age"] == 0
    assert response.content == b'{"entry":42}'


def test_empty_card_sends_no_body_and_no_type(get: Get) -> None:
    """
    RFC 9110 §15.3.5: a 204 ends with its header section.
    """
    response = get("/returns/empty/")

    assert response.status_code == 204
    assert "Content-Type" not in response
    assert response.content == b""


def test_decorated_card_carries_the_decorators_headers(get: Get) -> None:
    """
    ``never_cache`` found a response to write on.
    """
    response = get("/returns/decorated/")

    assert "no-store" in response["Cache-Control"]
    assert set(msgspec.json.decode(response.content)) == {"utc"}


@override_settings(DEBUG=True)
def test_set_card_names_view_and_type_in_its_error() -> None:
    """
    The page asks for text, so that the error is readable where it is shown.
    """
    card = CARDS["set"]
    client = Client(raise_request_exception=False)

    response = client.get(card.url, headers={"Accept": card.accept})

    error = response.content.decode().split("\n\n")[0]
    assert response.status_code == 500
    assert response["Content-Type"] == TEXT
    assert error.startswith("TypeError at /returns/set/\n")
    assert "testproject.showcase.views.kinds.clouds returned a set" in error


def test_cards_cover_every_kind_of_response() -> None:
    """
    No card is here without a test above, and none is missing.
    """
    assert list(CARDS) == [
        *("dict", "list", "struct", "dataclass", "queryset", "str", "lazy", "bytes"),
        *("json", "response", "plaintext", "html", "redirect", "cookies", "empty"),
        *("sync", "async", "class", "generator", "async-generator", "decorated"),
        *("summits", "borders"),
        "set",
    ]
