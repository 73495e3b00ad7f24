"""A real browser, headless: how it is started, and what every page of ours must hold in it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from helpers.serving import AS_OF
from storyreport import reports

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MARKS = "figure.chart svg .role-mark path[aria-roledescription]"
needs_browser = pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="no chromium with chromedriver")


@contextmanager
def browsing(profile: Path, width: int) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile and a window of this width, somewhere west of Greenwich."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    # Days must not become the day before.
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/Los_Angeles"})
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def serving(path: Path, *options: str) -> Iterator[str]:
    """The address of a server of its own, as people start it."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        line = server.stderr.readline()
        found = re.match(r"Serving (http://127\.0\.0\.1:\d+)/ ", line)
        try:
            assert found, line + server.stderr.read()
            yield found[1]
        finally:
            server.terminate()


def opened(browser: webdriver.Chrome, address: str) -> None:
    """Open a page, wait for a chart that is explored, and leave of two pictures the one that is seen."""
    browser.get(address)
    waiting = "return [...document.querySelectorAll('figure.exploring')].every(figure => figure.matches('.drawn'))"
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(waiting))
    browser.execute_script(
        "for (const each of document.querySelectorAll('.picture')) if (!each.checkVisibility()) each.remove()"
    )


def marks(browser: webdriver.Chrome) -> int:
    """How many marks of the page's charts are seen."""
    seen = f"return [...document.querySelectorAll({MARKS!r})].filter(mark => mark.checkVisibility()).length"
    count: int = browser.execute_script(seen)
    return count


def check(browser: webdriver.Chrome) -> None:
    """What holds for every page: no error, no foreign script, no scrolling sideways."""
    log: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry["message"] for entry in log if entry["level"] == "SEVERE"] == []
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0


WIDTHS = (1280, 390)


def address(site: str, report: reports.Report) -> str:
    judged = any(param.name == "as_of" for param in report.params)
    return f"{site}/storyreport/{report.name}{'?as_of=' + AS_OF if judged else ''}"


# What every JavaScript object has, and a name that has no place to break at.
INHERITED = ("constructor", "toString", "valueOf", "hasOwnProperty", "__proto__")
UNBROKEN = "x" * 400
