"""
Drive a browser: Debian's Chromium, through its own driver.

Where there is none these lines do not run, and count for nothing in the coverage.
"""

import shutil

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
)

DEADLINE = 15.0
"""Seconds until something on the page must have happened."""


def complaints(browser: webdriver.Chrome) -> list[str]:  # pragma: no cover
    """
    Return what the browser's console holds since it was read last.
    """
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
    return [entry["message"] for entry in entries]


def started(browser: webdriver.Chrome) -> WebElement:  # pragma: no cover
    """
    Wait until the page's module has run; return the button that it shows last.
    """
    button = browser.find_element(By.CLASS_NAME, "theme")
    WebDriverWait(browser, DEADLINE).until(lambda _: button.is_displayed())
    return button


def call(page: webdriver.Chrome, slug: str) -> WebElement:  # pragma: no cover
    """
    Click a card's button and return its result once it is there.
    """
    form = page.find_element(By.CSS_SELECTOR, f'form[data-card="{slug}"]')
    result = form.find_element(By.XPATH, "../div[@class='result']")
    form.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(page, DEADLINE).until(
        lambda _: result.find_elements(By.CLASS_NAME, "status")
    )
    return result
