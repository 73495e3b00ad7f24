"""The pages in a real browser: nothing scrolls sideways, everything by keyboard, hostile text runs nowhere."""

import re
from pathlib import Path

import pytest
from helpers.browsing import INHERITED, MARKS, UNBROKEN, check, needs_browser, opened, serving
from helpers.platforms import with_sql
from helpers.serving import AS_OF, fill
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium_axe_python.axe import Axe

from storyreport import reports

# Pages of every kind that is ours.
OURS = (
    "/",
    "/?q=cost",
    "/?q=story-1",
    "/storyreport/slowest_steps",
    "/storyreport/cost",
    f"/storyreport/stuck_runs?as_of={AS_OF}",
    "/storyreport/health",
    "/storyreport/slowest_steps?since=2100-01-01",
    "/storyreport/slowest_steps?since=soon",
    "/storyreport/slowest_steps?_embed=1",
    "/-/story/story-1?source=alpha",
    "/-/run/run-1?source=alpha",
    "/-/step/write",
    "/-/source/beta",
    "/-/run/unknown",
)

pytestmark = needs_browser


@pytest.mark.parametrize("path", ["/", "/storyreport", "/storyreport/stories"])
def test_other_pages_hold_too(browser: webdriver.Chrome, site: str, path: str) -> None:
    # Pages that were refused before are errors to the browser.
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    opened(browser, site + path)
    check(browser)


@with_sql
def test_the_page_of_ad_hoc_sql_holds_too(browser: webdriver.Chrome, tmp_path: Path) -> None:
    fill(tmp_path / "storyreport.db")
    with serving(tmp_path / "storyreport.db", "--sql") as address:
        opened(browser, f"{address}/storyreport?sql=select+title+from+stories")
        check(browser)


def test_everything_is_there_without_javascript(browser: webdriver.Chrome, site: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(f"{site}/storyreport/slowest_steps")
        page = browser.page_source
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "3 min 4 s" in page
    assert re.search(r'<div class="picture wide"><svg .*?aria-label="[^"]*step: write', page, re.DOTALL)
    assert 'type="submit"' in page


def test_the_keyboard_reaches_form_links_and_rows(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps?since=2025-03-01")
    # Folded up on a phone.
    browser.execute_script("document.querySelector('#bar-open').checked = true")
    for part in (
        ".bar > .skip-menu",
        "#bar-source",
        ".bar-periods a",
        ".bar-periods summary",
        "a.copy",
        "details.sql summary",
        ".table-wrapper",
    ):
        focused = (
            "const found = document.querySelector(arguments[0]); found.focus(); return document.activeElement === found"
        )
        assert browser.execute_script(focused, part), part
    browser.execute_script("document.querySelector('#bar-source').focus({focusVisible: true})")
    outline = browser.execute_script("return getComputedStyle(document.querySelector('#bar-source')).outlineStyle")
    assert outline == "solid"


# A screen reader, and who tabs, leap to the page below the bar.
LANDMARKS = ("landmark-one-main", "skip-link")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: webdriver.Chrome, site: str, scheme: str) -> None:
    """No violation of what axe-core calls serious or critical, nor of landmarks, on a page of each kind."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    found = []
    for path in OURS:
        opened(browser, site + path)
        # axe-core 4.9 stumbles over an element that Datasette 1.0 has at the end of each page.
        browser.execute_script("document.querySelector('navigation-search')?.remove()")
        axe = Axe(browser)
        axe.inject()  # type: ignore[no-untyped-call]
        violations = axe.run()["violations"]
        found += [
            f"{path}: {violation['id']} at {node['target']}: {node['failureSummary']}"
            for violation in violations
            if violation["impact"] in ("serious", "critical") or violation["id"] in LANDMARKS
            for node in violation["nodes"]
        ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == []


@pytest.mark.parametrize("path", OURS)
def test_pages_of_each_kind_hold(browser: webdriver.Chrome, site: str, path: str) -> None:
    opened(browser, site + path)
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
    # Nor does a table, however many columns it has.
    wide = "return [...document.querySelectorAll('.rows')].filter(rows => rows.scrollWidth > rows.clientWidth)"
    assert browser.execute_script(wide) == []
    empty = "return [...document.querySelectorAll('figure.chart')].filter(figure => !figure.querySelector('svg path'))"
    assert browser.execute_script(empty) == []


def test_all_that_can_be_done_can_be_done_by_keyboard(browser: webdriver.Chrome, site: str) -> None:
    """Tab reaches every link, button, input and frame that scrolls, each with an outline."""
    for path in ("/", "/storyreport/slowest_steps", "/-/story/story-1?source=alpha"):
        opened(browser, site + path)
        wanted = browser.execute_script(
            "return [...document.querySelectorAll('.content :is(a[href], button, input, select, summary, .rows)')]"
            ".filter(each => each.checkVisibility()).length"
        )
        # The page notes what is reached: to ask it after each key takes longer than to press it.
        browser.execute_script(
            "window.reached = new Set();"
            "addEventListener('focusin', ({target}) => target.closest('section.content') && reached.add(target))"
        )
        ActionChains(browser).send_keys(Keys.TAB * (wanted + 50)).perform()
        assert browser.execute_script("return reached.size") >= wanted, path


def test_the_catalogue_narrows_as_one_types(browser: webdriver.Chrome, site: str) -> None:
    shown = (
        "return [...document.querySelectorAll('.catalogue a')].filter(a => a.checkVisibility()).map(a => a.textContent)"
    )
    opened(browser, f"{site}/-/reports")
    search = browser.find_element(By.ID, "q")
    search.send_keys("CURRENCIES model")
    about = [
        report.title
        for report in reports.load_reports().values()
        if all(
            word in f"{report.title} {report.description} {report.params}".lower() for word in ("currencies", "model")
        )
    ]
    assert browser.execute_script(shown) == about != []
    search.send_keys(" nowhere")
    assert browser.execute_script(shown) == []
    assert browser.find_element(By.CSS_SELECTOR, ".none").is_displayed()
    search.clear()
    search.send_keys(" ")
    assert len(browser.execute_script(shown)) == len(reports.load_reports())


LABELS = "return [...document.querySelectorAll('figure.chart svg .role-axis-label text')].map(text => text.textContent)"


@pytest.mark.parametrize("report", ["slowest_steps", "failure_rates", "failure_trend"])
def test_names_that_javascript_knows_are_names_like_others(
    browser: webdriver.Chrome, odd_site: str, report: str
) -> None:
    # Pages that were refused before are errors to the browser.
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    opened(browser, f"{odd_site}/storyreport/{report}")
    check(browser)
    # The letter that tells them from what JavaScript knows is not seen.
    shown = browser.execute_script("return document.querySelector('figure.chart').innerText").replace("\u200b", "")
    described = browser.execute_script(
        f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.getAttribute('aria-label'))"
    )
    assert {name for name in INHERITED if name in shown} == set(INHERITED)
    assert len(described) >= len(INHERITED)
    opened(browser, f"{odd_site}/-/step/constructor?source=alpha")
    check(browser)


@pytest.mark.parametrize(
    "path",
    [
        f"/storyreport/orphans?kind={UNBROKEN}",
        f"/storyreport/orphans?source={UNBROKEN}",
        f"/storyreport/stuck_runs?minutes={UNBROKEN}",
        f"/storyreport/slowest_steps?_embed=1&source={UNBROKEN}",
        "/-/story/story-2?source=constructor",
        f"/-/story/{UNBROKEN}",
        f"/?q={UNBROKEN}",
    ],
)
def test_what_has_no_place_to_break_at_is_broken(browser: webdriver.Chrome, odd_site: str, path: str) -> None:
    opened(browser, odd_site + path)
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
    # A refused address is an error to the browser.
    browser.get_log("browser")  # type: ignore[no-untyped-call]


def test_namesakes_are_distinguished_by_what_differs(browser: webdriver.Chrome, odd_site: str) -> None:
    opened(browser, f"{odd_site}/storyreport/stuck_runs?source=alpha&as_of={AS_OF}")
    names = {label for label in browser.execute_script(LABELS) if label.startswith(("twin", "same"))}
    assert names == {"twin (batch)", "twin (command)", "same (1)", "same (2)"}
    assert "Logarithmic scale." in browser.find_element(By.TAG_NAME, "figcaption").text
    check(browser)
