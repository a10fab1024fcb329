"""
The page of the live events in a browser, under WSGI and under ASGI.

Where there is none these tests do not run, and their lines count for nothing in
the coverage.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from testproject.showcase.views.live import SPAN
from tests.testproject.browser import CHROMIUM, DRIVER, complaints, started

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="needs Chromium: apt-get install chromium chromium-driver",
    ),
    pytest.mark.usefixtures("shared_stations"),
]

PATIENCE = 60.0
"""Seconds for a cut, a pause of two, and what was missed, on a busy machine."""


@pytest.fixture
def live(  # pragma: no cover
    chromium: webdriver.Chrome, address: str
) -> Iterator[webdriver.Chrome]:
    """
    The page of the live events, with its chart full and a reading beyond.
    """
    yield from opened(chromium, address)


def opened(  # pragma: no cover
    browser: webdriver.Chrome, address: str
) -> Iterator[webdriver.Chrome]:
    """
    Open the page, wait for its readings, and leave it without an open stream.
    """
    browser.set_window_size(1280, 900)
    complaints(browser)
    browser.get(f"{address}/live/")
    started(browser)
    wait(browser, lambda: count(browser, "events") > SPAN)
    yield browser
    # Cut, so that the server need not find out at its next write.
    if state(browser) == "open":
        before = count(browser, "reconnects")
        browser.find_element(By.CLASS_NAME, "cut").click()
        wait(
            browser,
            lambda: state(browser) != "open" or count(browser, "reconnects") > before,
        )
    browser.get("about:blank")
    browser.delete_all_cookies()


def wait(  # pragma: no cover
    browser: webdriver.Chrome, condition: Callable[[], object]
) -> None:
    """
    Wait until a condition holds.
    """
    WebDriverWait(browser, PATIENCE, poll_frequency=0.1).until(lambda _: condition())


def state(page: webdriver.Chrome) -> str:  # pragma: no cover
    """
    Return how the page says that its connection stands.
    """
    return str(page.find_element(By.ID, "main").get_attribute("data-state"))


def count(page: webdriver.Chrome, name: str) -> int:  # pragma: no cover
    """
    Return what a counter shows.
    """
    return int(page.find_element(By.CSS_SELECTOR, f'[data-show="{name}"]').text)


def said(page: webdriver.Chrome, start: str) -> str:  # pragma: no cover
    """
    Wait until the announcer says something that starts so, and return it.
    """
    announcer = page.find_element(By.ID, "announcer")
    wait(page, lambda: str(announcer.get_property("textContent")).startswith(start))
    return str(announcer.get_property("textContent"))


def logged(page: webdriver.Chrome) -> list[str]:  # pragma: no cover
    """
    Return the lines of the log: the id of a reading, or the text of a note.
    """
    lines: list[str] = page.execute_script(
        "return [...document.querySelectorAll('.lines li')]"
        ".map((line) => (line.querySelector('.arrival') ?? line).textContent)"
    )
    return lines


def test_readings_follow_each_other_and_draw_the_line(  # pragma: no cover
    live: webdriver.Chrome,
) -> None:
    """
    The chart starts full; each reading is one event under the next id.
    """
    ids = [int(line) for line in logged(live) if line.isdecimal()]
    # In one go: each reading draws the line anew.
    [line] = live.execute_script(
        "return [...document.querySelectorAll('svg path.line')]"
        ".map((path) => path.getAttribute('d'))"
    )

    assert len(ids) > SPAN
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert line.count("L") >= SPAN
    assert (count(live, "lost"), count(live, "twice")) == (0, 0)
    assert complaints(live) == []


def test_cut_is_healed_by_the_browser_and_nothing_is_lost(  # pragma: no cover
    live: webdriver.Chrome,
) -> None:
    """
    It names the last id; what it missed comes, and is drawn in another colour.
    """
    live.find_element(By.CLASS_NAME, "cut").click()
    told = said(live, "Connected again: ")

    lines = logged(live)
    ids = [int(line) for line in lines if line.isdecimal()]
    [back] = [at for at, line in enumerate(lines) if "Last-Event-ID" in line]
    found = re.fullmatch(
        r"Connected again: (\d+) readings? caught up, none lost\.", told
    )
    assert found
    assert int(found[1]) == count(live, "caught") > 0
    assert count(live, "reconnects") == 1
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert lines[back - 1] == "The connection ended."
    assert lines[back] == f"GET … Last-Event-ID: {int(lines[back + 1]) - 1}"
    wait(live, lambda: live.find_elements(By.CSS_SELECTOR, "svg path.line.late"))
    assert complaints(live) == []


@pytest.mark.parametrize("address", ["asgi"], indirect=True)
def test_stop_and_start_lose_nothing_either(  # pragma: no cover
    live: webdriver.Chrome,
) -> None:
    """
    By keyboard: the page says the id itself, and that is no reconnect.
    """
    pause = live.find_element(By.CLASS_NAME, "pause")

    pause.send_keys(Keys.ENTER)
    said(live, "Stopped after reading ")
    stopped = (state(live), pause.text)
    pause.send_keys(Keys.SPACE)
    told = said(live, "Connected again: ")

    ids = [int(line) for line in logged(live) if line.isdecimal()]
    assert stopped == ("stopped", "Start")
    assert told.endswith(" caught up, none lost.")
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert count(live, "reconnects") == 0


def test_narrow_screen_shows_live_events_without_scrolling_sideways(  # pragma: no cover
    chromium: webdriver.Chrome, live_server: LiveServer
) -> None:
    """
    With the chart full, and lines in the log.
    """
    width = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", width)
    try:
        for page in opened(chromium, live_server.url):
            found = page.execute_script("return document.documentElement.scrollWidth")
            chart = page.find_element(By.CSS_SELECTOR, "svg[role=img]").rect
            assert found == 360
            assert chart["x"] + chart["width"] < 360
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
