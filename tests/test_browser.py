"""The pages in a real browser: charts hold marks, nothing scrolls sideways, hostile text runs nowhere."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from serving import AS_OF, HOSTILE, fill

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
WIDTHS = (1280, 390)
MARKS = "figure.chart svg .role-mark path[aria-roledescription]"
# What the planted rows draw: a mark for each bar's part.
PLANTED = {"slowest_steps": 3, "failure_rates": 3, "stuck_runs": 1, "orphans": 2, "cost": 3}

pytestmark = pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason="no chromium with chromedriver")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own, as people start it."""
    path = tmp_path_factory.mktemp("browser") / "storyreport.db"
    fill(path)
    code = "import sys, pathlib; from storyreport.serve import serve; serve(pathlib.Path(sys.argv[1]), *{}, False)"
    command = [sys.executable, "-c", code.format(("127.0.0.1", 0)), str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        line = server.stderr.readline()
        found = re.match(r"Serving (http://127\.0\.0\.1:\d+)/ ", line)
        try:
            assert found, line + server.stderr.read()
            yield found[1]
        finally:
            server.terminate()


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser as wide as a screen, and one as wide as a phone."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    size = {"width": request.param, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    # Days west of Greenwich must not become the day before.
    driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/Los_Angeles"})
    yield driver
    driver.quit()


def opened(browser: webdriver.Chrome, address: str) -> None:
    """Open a page and wait for its chart, where it has one."""
    browser.get(address)
    waiting = "return [...document.querySelectorAll('figure.chart')].every(figure => figure.matches('.drawn'))"
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(waiting))


def tooltip(browser: webdriver.Chrome) -> str:
    """The text of the tooltip that is shown, '' where none is."""
    shown = "return document.querySelector('#vg-tooltip-element.visible')?.textContent"
    return browser.execute_script(shown) or ""


def check(browser: webdriver.Chrome) -> None:
    """What holds for every page."""
    log: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry["message"] for entry in log if entry["level"] == "SEVERE"] == []
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0


def address(site: str, report: reports.Report) -> str:
    judged = any(param.name == "as_of" for param in report.params)
    return f"{site}/storyreport/{report.name}{'?as_of=' + AS_OF if judged else ''}"


@pytest.mark.parametrize("report", reports.load_reports().values(), ids=lambda report: report.name)
def test_every_report_draws_its_chart(browser: webdriver.Chrome, site: str, report: reports.Report) -> None:
    opened(browser, address(site, report))
    check(browser)
    marks = browser.execute_script(f"return document.querySelectorAll({MARKS!r}).length")
    drawn = browser.execute_script("return document.querySelectorAll('figure.chart').length")
    if report.name in PLANTED:
        assert marks == PLANTED[report.name]
    assert bool(marks) == bool(drawn)
    if drawn:
        width, figure = browser.execute_script(
            "return ['.drawing svg', '.chart'].map(part => document.querySelector(part).getBoundingClientRect().width)"
        )
        assert width > 0.85 * figure


@pytest.mark.parametrize(
    "path", ["/", "/storyreport", "/storyreport/stories", "/storyreport?sql=select+title+from+stories"]
)
def test_other_pages_hold_too(browser: webdriver.Chrome, site: str, path: str) -> None:
    opened(browser, site + path)
    check(browser)


def test_a_chart_reads_in_units_and_a_day_stays_that_day(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps")
    chart = browser.execute_script("return document.querySelector('figure.chart svg').textContent")
    assert "time spent (minutes)" in chart
    assert HOSTILE[:8] in chart
    described = browser.execute_script(
        f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.getAttribute('aria-label'))"
    )
    assert any("write" in text and "alpha" in text for text in described)
    opened(browser, f"{site}/storyreport/cost")
    described = browser.execute_script(
        f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.getAttribute('aria-label'))"
    )
    assert sorted(re.findall(r"\d{4}-\d\d-\d\d", " ".join(described)))[0] == "2025-03-01"
    headings = browser.execute_script("return [...document.querySelectorAll('.chart h2')].map(h => h.textContent)")
    assert headings == ["EUR", "USD"]


def test_a_tooltip_is_text(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    tips = []
    for mark in browser.find_elements(By.CSS_SELECTOR, MARKS):
        ActionChains(browser).move_to_element(mark).perform()
        tips.append(WebDriverWait(browser, 10).until(tooltip))
    assert any("3 min 4 s" in tip for tip in tips), tips
    assert any(HOSTILE in tip for tip in tips)
    check(browser)


def test_a_source_has_one_colour_everywhere(browser: webdriver.Chrome, site: str) -> None:
    colours = []
    for name in ("slowest_steps", "failure_rates"):
        opened(browser, f"{site}/storyreport/{name}?source=beta")
        colours.append(browser.execute_script(f"return document.querySelector({MARKS!r}).getAttribute('fill')"))
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    colours.append(browser.execute_script(f"return document.querySelector({MARKS!r}).getAttribute('fill')"))
    assert colours[0] == colours[1] != colours[2]


def test_everything_is_there_without_javascript(browser: webdriver.Chrome, site: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{site}/storyreport/slowest_steps")
        page = browser.page_source
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "3 min 4 s" in page
    assert '<figure class="chart" hidden' in page
    assert 'type="submit"' in page


def test_the_keyboard_reaches_form_links_and_rows(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps")
    for part in (
        "#p-source",
        "#p-since",
        ".parameters [type=submit]",
        "a.copy",
        "details.sql summary",
        ".table-wrapper",
    ):
        focused = (
            "const found = document.querySelector(arguments[0]); found.focus(); return document.activeElement === found"
        )
        assert browser.execute_script(focused, part), part
    browser.execute_script("document.querySelector('#p-source').focus({focusVisible: true})")
    outline = browser.execute_script("return getComputedStyle(document.querySelector('#p-source')).outlineStyle")
    assert outline == "solid"
