"""An owner's morning in a real browser: five questions, each answered within two clicks from the home page.

On the way every page is held: nothing moves, nothing scrolls sideways, marks and headings have keys, axe finds nothing.
"""

from collections.abc import Iterator

import pytest
from helpers.attempts import attempt, moment, write
from helpers.browsing import browsing, check, needs_browser, serving
from helpers.report_database import ReportDatabase
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium_axe_python.axe import Axe

pytestmark = needs_browser
ERROR = (
    "Model quality_v2 did not answer within 120 seconds: https://models.example/v1/a/very/long/path/that/has/no/place"
)
SHIFTS = """
window.moved = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.moved += entry.value; })
    .observe({type: "layout-shift", buffered: true});
"""
PAGES = (
    "/storyreport/recent_runs",
    "/-/pipeline/tales?source=studio",
    "/-/story/s-lost?source=studio",
    "/storyreport/run_diff?run=slow",
    "/-/reports",
    "/storyreport/failure_trend",
    "/storyreport/top_errors",
    "/storyreport/overview?by=week",
    "/-/run/lost?source=studio",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Runs of two steps, 70 s as a rule, last night one of 7 min 50 s; one failed; one cost 9 USD."""
    folder = tmp_path_factory.mktemp("morning")
    rows = []
    for number in range(25):
        rows += run(f"r-{number:02}", 30 + 24 * number, 60)
    rows += run("slow", 6, 460)
    rows.append(attempt("lost", 4, 3, pipeline="tales", story="s-lost", status="failed", error=ERROR))
    calls = [f"r-{number:02},acme,{moment(30 + 24 * number)},1,USD" for number in range(25)]
    calls += [f"r-01,{provider},{moment(54)},{cost},USD" for provider, cost in (("acme", 3), ("studio-voice", 5))]
    db = ReportDatabase(folder)
    db.ingest(write(folder / "studio", rows, calls))
    with serving(db.path) as address:
        yield address


def run(name: str, hours: float, seconds: float) -> list[dict[str, str]]:
    """A completed run that plans for ten seconds and then writes."""
    plan = attempt(name, hours + seconds / 3600, 10, pipeline="tales", story=f"s-{name}")
    return [{**plan, "step": "plan"}, attempt(name, hours, seconds, pipeline="tales", story=f"s-{name}")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with browsing(tmp_path_factory.mktemp("profile"), 1280) as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHIFTS})
        yield driver


def click(browser: webdriver.Chrome, selector: str) -> str:
    """Follow the first link that a selector finds, as a click does; return the text of the page that it leads to."""
    link = browser.find_element(By.CSS_SELECTOR, selector)
    target = str(link.get_attribute("href") or link.get_dom_attribute("href"))
    browser.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", link)
    assert browser.current_url.endswith(target.removeprefix("http://").partition("/")[2]), target
    check(browser)
    assert browser.execute_script("return window.moved") < 0.1
    return browser.find_element(By.TAG_NAME, "body").text


def test_why_last_nights_run_was_slow(browser: webdriver.Chrome, home: str) -> None:
    """One click on the outlined square: the first sentence says which step it was."""
    browser.get(home)
    page = click(browser, ".wall-row a:has(.wall-slow)")
    assert "Completed in 7 min 50 s" in page
    assert "write took 7 min 40 s (usually 1 min)" in page


def test_what_is_new_since_yesterday(browser: webdriver.Chrome, home: str) -> None:
    """The verdict is the answer; its failure leads to the run with its error."""
    browser.get(home)
    assert (
        "2 runs, 1 failed (none the day before), 1 slower than usual (tales: 1 of 1)"
        in browser.find_element(By.CLASS_NAME, "verdict").text
    )
    assert ERROR in click(browser, ".verdict .bad a")
    assert "lost" in browser.find_element(By.CSS_SELECTOR, "td.col-run").text


def test_which_run_was_the_most_expensive_this_week_and_why(browser: webdriver.Chrome, home: str) -> None:
    """9 USD: 1 and 3 for acme, 5 for the voice."""
    browser.get(home)
    click(browser, ".ways a")
    first = browser.find_element(By.CSS_SELECTOR, "tbody tr")
    shown = [first.find_element(By.CSS_SELECTOR, f".col-{name}").text for name in ("run a", "cost")]
    assert shown == ["r-01", "9.00 USD"]
    page = click(browser, "tbody td.col-run a")
    assert "studio-voice" in page
    assert "5.00 USD" in page


def test_cost_per_accepted_story_by_month(browser: webdriver.Chrome, home: str) -> None:
    """One click from home, or Pages, then Cost: a row a month with its cost per accepted story, and that before."""
    browser.get(home)
    click(browser, ".ways a[href*='cost_per_story']")
    costs = browser.find_elements(By.CSS_SELECTOR, "td.col-cost_per_accepted_story .num")
    assert any(cost.text.endswith(" USD") for cost in costs)
    browser.get(home)
    click(browser, ".bar a[href$='/-/pages']")
    click(browser, ".pages a[href$='/-/page/cost']")
    headings = browser.find_elements(By.CSS_SELECTOR, "th.col-previous_cost_per_accepted_story")
    assert [heading.text for heading in headings] == ["previous cost per accepted story"]
    costs = browser.find_elements(By.CSS_SELECTOR, "td.col-cost_per_accepted_story")
    assert any(cost.text.endswith(" USD") for cost in costs)


def test_what_this_month_will_cost(browser: webdriver.Chrome, home: str) -> None:
    """One click from home: the projection, in the sentence above the chart."""
    browser.get(home)
    assert "projected for the whole month" in click(browser, ".ways a[href*='cost_forecast']")


def test_the_failing_steps_last_error_on_a_phone(browser: webdriver.Chrome, home: str) -> None:
    """Whole, within the width of the screen, without a scroll sideways."""
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        browser.get(home)
        assert ERROR in click(browser, ".verdict .bad a")
        error = browser.find_element(By.CSS_SELECTOR, "td.col-error:not(:empty)").rect
        assert error["x"] >= 0
        assert error["x"] + error["width"] <= 390
    finally:
        wide = {**phone, "width": 1280, "height": 900, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", wide)


def test_pages_of_each_kind(browser: webdriver.Chrome, home: str) -> None:
    """Nothing moves; each mark and each heading of rows has a key; axe finds nothing serious."""
    found = []
    for path in PAGES:
        browser.get(home + path)
        check(browser)
        assert browser.execute_script("return window.moved") < 0.1, path
        assert browser.execute_script(UNREACHABLE) == [], path
        assert browser.execute_script(LINES) in (1, None), path
        # axe-core 4.9 stumbles over an element that Datasette 1.0 has at the end of each page.
        browser.execute_script("document.querySelector('navigation-search')?.remove()")
        axe = Axe(browser)
        axe.inject()  # type: ignore[no-untyped-call]
        found += [
            f"{path}: {violation['id']} at {node['target']}"
            for violation in axe.run()["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    assert found == []


# On how many lines the name of a step is that has no place to break at, beside whatever else the table has.
LINES = """
    const link = document.querySelector(".rows td.col-step a");
    if (!link) return null;
    link.textContent = "04_postprocess_texts";
    return new Set([...link.getClientRects()].map(line => Math.round(line.top))).size;
"""
UNREACHABLE = """
    const out = [];
    const focus = element => { element.focus(); return document.activeElement === element; };
    for (const mark of document.querySelectorAll(".report-page .picture svg .role-mark path[role=graphics-symbol]")) {
        const link = mark.closest("a");
        if (mark.checkVisibility() && !(link && focus(link))) out.push(mark.getAttribute("aria-label"));
    }
    for (const heading of document.querySelectorAll(".report-page .rows th")) {
        const link = heading.querySelector("a");
        if (!(link && focus(link))) out.push(heading.textContent.trim());
    }
    return out;
"""
