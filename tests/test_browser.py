"""The pages in a real browser: charts hold marks, nothing scrolls sideways, hostile text runs nowhere."""

import re
from collections.abc import Iterator

import pytest
from browsing import MARKS, browsing, check, marks, needs_browser, opened, serving
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from serving import AS_OF, HOSTILE, fill

from storyreport import reports

WIDTHS = (1280, 390)
# What the planted rows draw: a mark for each bar's part.
PLANTED = {"slowest_steps": 3, "failure_rates": 3, "stuck_runs": 1, "orphans": 2, "cost": 3}

pytestmark = needs_browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with planted rows."""
    path = tmp_path_factory.mktemp("browser") / "storyreport.db"
    fill(path)
    with serving(path) as address:
        yield address


@pytest.fixture(scope="module", params=WIDTHS)
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser as wide as a screen, and one as wide as a phone."""
    with browsing(tmp_path_factory.mktemp("profile"), request.param) as driver:
        yield driver


def tooltip(browser: webdriver.Chrome) -> str:
    """The text of the tooltip that is shown, '' where none is."""
    shown = "return document.querySelector('#vg-tooltip-element.visible')?.textContent"
    return browser.execute_script(shown) or ""


def address(site: str, report: reports.Report) -> str:
    judged = any(param.name == "as_of" for param in report.params)
    return f"{site}/storyreport/{report.name}{'?as_of=' + AS_OF if judged else ''}"


@pytest.mark.parametrize("report", reports.load_reports().values(), ids=lambda report: report.name)
def test_every_report_draws_its_chart(browser: webdriver.Chrome, site: str, report: reports.Report) -> None:
    opened(browser, address(site, report))
    check(browser)
    drawn = browser.execute_script("return document.querySelectorAll('figure.chart').length")
    if report.name in PLANTED:
        assert marks(browser) == PLANTED[report.name]
    assert bool(marks(browser)) == bool(drawn)
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
