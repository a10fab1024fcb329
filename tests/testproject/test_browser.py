"""
The first page in a browser.

Where there is none these tests do not run, and their lines count for nothing in
the coverage.
"""

import pytest
from django.test import override_settings
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from testproject.showcase.gallery import CARDS
from tests.testproject.browser import (
    CHROMIUM,
    DEADLINE,
    DRIVER,
    call,
    complaints,
    started,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="needs Chromium: apt-get install chromium chromium-driver",
    ),
    pytest.mark.usefixtures("shared_stations"),
    # Django says so when it collects a stream of the other world.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning"),
]


@pytest.mark.parametrize(
    ("slug", "status", "header", "body"),
    [
        pytest.param(
            "list",
            "200 OK",
            "content-type: application/json",
            "[17.2, 19.7, 25.0, 23.3]",
            id="JSON",
        ),
        pytest.param(
            "queryset",
            "200 OK",
            "content-length: 118",
            '[\n  {"name": "Jungfraujoch", "elevation": 3571},\n'
            '  {"name": "Mauna Loa", "elevation": 3397},\n'
            '  {"name": "Sonnblick", "elevation": 3106}\n]',
            id="JSON over lines",
        ),
        pytest.param(
            "str",
            "200 OK",
            "content-type: text/plain; charset=utf-8",
            "Thunder by four. 6 °C on the Śnieżka.",
            id="text",
        ),
        pytest.param(
            "bytes",
            "200 OK",
            "content-type: application/octet-stream",
            "0000  89 57 58 0d 0a 09 c5 40  ·WX····@\n"
            '0008  22 66 66 66 66 66 66     "ffffff',
            id="bytes",
        ),
        pytest.param(
            "html",
            "200 OK",
            "content-type: text/html; charset=utf-8",
            "<h1>Śnieżka</h1>\n<p>1603 m</p>",
            id="HTML as text",
        ),
        pytest.param(
            "redirect",
            "307 Temporary Redirect",
            "location: /returns/dict/",
            None,
            id="redirect",
        ),
        pytest.param(
            "cookies",
            "201 Created",
            "set-cookie: station=saentis; Path=/; SameSite=Lax",
            '{"entry": 42}',
            id="cookie",
        ),
        pytest.param("empty", "204 No Content", None, None, id="no content"),
        pytest.param(
            "class",
            "200 OK",
            "content-type: application/json",
            '{"hectopascal": 742.6, "trend": "falling"}',
            id="class",
        ),
        pytest.param(
            "generator",
            "200 OK",
            "content-type: application/octet-stream",
            "3 …\n2 …\n1 …\nthunder",
            id="generator",
        ),
        pytest.param(
            "async-generator",
            "200 OK",
            "content-type: application/octet-stream",
            "thunder over Seealp\nthunder over Meglis\nthunder over Fälen",
            id="async generator",
        ),
    ],
)
def test_button_shows_status_header_and_body(  # pragma: no cover
    page: webdriver.Chrome,
    slug: str,
    status: str,
    header: str | None,
    body: str | None,
) -> None:
    """
    What came back stands beside the source, and is announced.
    """
    result = call(page, slug)

    headers = result.find_element(By.CLASS_NAME, "headers").text.split("\n")
    bodies = [pre.text for pre in result.find_elements(By.CLASS_NAME, "body")]
    announced = page.find_element(By.ID, "announcer").get_property("textContent")
    tally = page.find_element(By.CSS_SELECTOR, f'.tally[data-of="{slug}"]')
    assert result.find_element(By.CSS_SELECTOR, ".status strong").text == status
    assert header is None or header in headers
    assert bodies == ([] if body is None else [body])
    assert announced == f"{CARDS[slug].title}: {status}"
    assert tally.text == status[:3]


@override_settings(DEBUG=True)
def test_button_shows_the_error_first(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    The sentence that names the view stands out from Django's report.
    """
    result = call(page, "set")

    error = result.find_element(By.CLASS_NAME, "is-error").text
    assert result.find_element(By.TAG_NAME, "strong").text.startswith("500 ")
    assert "testproject.showcase.views.kinds.clouds returned a set" in error


def test_call_all_fills_every_tally_and_breaks_no_policy(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    The one complaint of the browser is about the one card that fails.
    """
    page.find_element(By.CLASS_NAME, "call-all").click()
    announcer = page.find_element(By.ID, "announcer")
    WebDriverWait(page, DEADLINE).until(
        lambda _: announcer.get_property("textContent") == f"Called all {len(CARDS)}."
    )

    tallies = [node.text for node in page.find_elements(By.CLASS_NAME, "tally")]
    [complaint] = complaints(page)
    assert sorted(set(tallies)) == ["200", "201", "204", "206", "304", "307", "500"]
    assert len(tallies) == len(CARDS)
    assert "/returns/set/" in complaint


def test_keyboard_reaches_the_first_button_by_the_skip_link(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    Three keys to the content, one more to the first card's call.
    """
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.ENTER)
    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == f"Call all {len(CARDS)}"

    page.switch_to.active_element.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.ENTER)

    form = page.find_element(By.CSS_SELECTOR, 'form[data-card="dict"]')
    result = form.find_element(By.XPATH, "../div[@class='result']")
    WebDriverWait(page, DEADLINE).until(lambda _: "200 OK" in result.text)


def test_button_without_a_server_says_so(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    Who stopped the server reads a sentence.
    """
    page.execute_cdp_cmd("Network.enable", {})
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    command = "Network.emulateNetworkConditions"
    page.execute_cdp_cmd(command, {**network, "offline": True})
    try:
        result = call(page, "dict")
    finally:
        page.execute_cdp_cmd(command, {**network, "offline": False})

    assert result.text == ("No answer\nThe server did not answer. Is it still running?")


def test_copy_puts_the_curl_line_on_the_clipboard(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    The line is whole, wherever the page breaks it.
    """
    permissions = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.execute_cdp_cmd("Browser.grantPermissions", permissions)
    curl = page.find_element(By.CSS_SELECTOR, ".exchange .curl")

    curl.find_element(By.TAG_NAME, "button").click()

    announcer = page.find_element(By.ID, "announcer")
    WebDriverWait(page, DEADLINE).until(
        lambda _: announcer.get_property("textContent") == "Copied."
    )
    copied = page.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0])"
    )
    assert copied == f"curl -i {page.current_url}returns/dict/"


def test_theme_is_remembered(page: webdriver.Chrome) -> None:  # pragma: no cover
    """
    The next visit starts in the theme that was chosen.
    """
    button = page.find_element(By.CLASS_NAME, "theme")
    assert button.get_attribute("aria-pressed") == "false"

    button.click()
    page.refresh()

    button = started(page)
    body = page.find_element(By.TAG_NAME, "body")
    assert button.get_attribute("aria-pressed") == "true"
    assert body.value_of_css_property("background-color") == "rgba(18, 22, 29, 1)"


def test_narrow_screen_never_scrolls_sideways(  # pragma: no cover
    page: webdriver.Chrome,
) -> None:
    """
    Panes scroll, the page does not, before and after a call.
    """
    width = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", width)
    try:
        call(page, "cookies")

        found = page.execute_script("return document.documentElement.scrollWidth")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert found == 360


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        pytest.param("1.10", "1.10", id="digits stay"),
        pytest.param(
            "12345678901234567890", "12345678901234567890", id="large integer"
        ),
        pytest.param("[]", "[]", id="empty array"),
        pytest.param(
            '{"a":{},"b":[[]]}', '{\n  "a": {},\n  "b": [\n    []\n  ]\n}', id="nested"
        ),
        pytest.param(r'["[,:]\"{"]', r'["[,:]\"{"]', id="punctuation in a string"),
        pytest.param(
            '["' + "x" * 50 + '"]',
            '[\n  "' + "x" * 50 + '"\n]',
            id="too long for a line",
        ),
    ],
)
def test_json_is_laid_out_without_a_change(  # pragma: no cover
    page: webdriver.Chrome, text: str, laid_out: str
) -> None:
    """
    Parsing and printing again would change numbers.
    """
    found = page.execute_async_script(
        "const [address, text, done] = arguments;"
        "import(address).then((demo) => done(demo.indentJson(text)));",
        page.find_element(By.CSS_SELECTOR, "script[type=module]").get_attribute("src"),
        text,
    )

    assert found == laid_out


def test_audio_can_be_wound(page: webdriver.Chrome) -> None:  # pragma: no cover
    """
    A player that gets no ranges stays where it is.
    """
    place = page.execute_async_script(
        """
        const done = arguments[0];
        const player = document.querySelector("audio");
        player.addEventListener("loadedmetadata", () => { player.currentTime = 8; });
        player.addEventListener("seeked", () => done(player.currentTime));
        player.load();
        """
    )

    assert place == 8
