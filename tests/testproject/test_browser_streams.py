"""
The page of the streams in a browser, under WSGI and under ASGI.

Where there is none these tests do not run, and their lines count for nothing in
the coverage.
"""

import re
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from testproject.showcase.views.streams import STREAMS
from tests.testproject.browser import CHROMIUM, DRIVER, complaints, started

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="needs Chromium: apt-get install chromium chromium-driver",
    ),
    pytest.mark.usefixtures("shared_stations"),
]

SLUGS = [card.slug for card in STREAMS]

PATIENCE = 60.0
"""Seconds for the work of a whole stream on a busy machine."""


@pytest.fixture
def streams(  # pragma: no cover
    chromium: webdriver.Chrome, address: str
) -> Iterator[webdriver.Chrome]:
    """
    The page of the streams, served by one of the two worlds.
    """
    chromium.set_window_size(1280, 900)
    chromium.get(f"{address}/streams/")
    started(chromium)
    complaints(chromium)
    yield chromium
    chromium.delete_all_cookies()


def card_of(page: webdriver.Chrome, slug: str) -> WebElement:  # pragma: no cover
    """
    Return the card of a stream.
    """
    return page.find_element(By.CSS_SELECTOR, f'article[aria-labelledby="{slug}"]')


def buttons(card: WebElement) -> list[WebElement]:  # pragma: no cover
    """
    Return a card's buttons that start and stop it.
    """
    return card.find_elements(By.CSS_SELECTOR, "form button")


def ending(page: webdriver.Chrome, slug: str) -> str:  # pragma: no cover
    """
    Wait until the announcer says how a stream ended.
    """
    announcer = page.find_element(By.ID, "announcer")
    return WebDriverWait(page, PATIENCE).until(
        lambda _: str(announcer.get_property("textContent") or "")
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_lines_come_one_after_the_other_and_fill_the_bar(  # pragma: no cover
    streams: webdriver.Chrome, slug: str
) -> None:
    """
    The last line arrives later than the first, and the bar ends full.
    """
    card = card_of(streams, slug)

    buttons(card)[0].click()
    said = ending(streams, slug)

    times = [
        float(str(node.get_property("textContent")).removesuffix(" s"))
        for node in card.find_elements(By.CLASS_NAME, "arrival")
    ]
    bar = card.find_element(By.TAG_NAME, "progress")
    assert len(times) == 25
    assert times == sorted(times)
    # Lines that were collected would share one time.
    assert len(set(times)) > 8
    assert bar.get_property("value") == 1
    assert re.search(r": Whole: 25 lines in \d+\.\d\d s\.$", said)
    assert complaints(streams) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_stop_closes_the_source_on_the_way(  # pragma: no cover
    streams: webdriver.Chrome, slug: str
) -> None:
    """
    Some lines are there, not all, and the server tells that the source was closed.
    """
    card = card_of(streams, slug)
    start, stop = buttons(card)
    assert stop.get_attribute("aria-disabled") == "true"

    start.click()
    WebDriverWait(streams, PATIENCE, poll_frequency=0.02).until(
        lambda _: card.find_elements(By.CSS_SELECTOR, ".lines li")
    )
    stop.click()
    said = ending(streams, slug)

    lines = card.find_elements(By.CSS_SELECTOR, ".lines li")
    bar = card.find_element(By.TAG_NAME, "progress")
    pattern = r": Stopped after (\d+) lines. The source was closed \d+ ms later\.$"
    found = re.search(pattern, said)
    assert found
    assert int(found[1]) == len(lines) < 25
    assert 0 < float(str(bar.get_property("value"))) < 1
    assert start.get_attribute("aria-disabled") is None


def test_narrow_screen_shows_streams_without_scrolling_sideways(  # pragma: no cover
    streams: webdriver.Chrome,
) -> None:
    """
    Before, and with the long lines of JSON.
    """
    width = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    streams.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", width)
    try:
        before = streams.execute_script("return document.documentElement.scrollWidth")
        card = card_of(streams, "json-lines")
        buttons(card)[0].click()
        ending(streams, "json-lines")

        after = streams.execute_script("return document.documentElement.scrollWidth")
    finally:
        streams.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert (before, after) == (360, 360)
