"""A report's page in a browser: nothing moves while it loads, it loads little, phones get cards, print has all."""

import base64
import re

import pytest
from helpers.browsing import WIDTHS, check, needs_browser, opened
from helpers.serving import AS_OF
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = needs_browser
PAGES = (
    "/storyreport/slowest_steps?since=9999d&compare=previous",
    "/storyreport/cost",
    "/storyreport/throughput",
    "/-/step/write?source=alpha",
)
# Chromium says what moved, and by how much of the window.
SHIFT = """
    const done = arguments[0];
    new PerformanceObserver((list) => {
        done(list.getEntries().filter((entry) => !entry.hadRecentInput).reduce((sum, entry) => sum + entry.value, 0));
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(0), 500);
"""
MOST_SHIFT = 0.1
# The page once more, as a slow line brings it: up to its first row, then a row a frame, then the rest.
IN_PIECES = """
    const done = arguments[0];
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    let shift = 0;
    const watch = new PerformanceObserver((list) => { for (const { value } of list.getEntries()) shift += value; });
    fetch(location).then((page) => page.text()).then(async (page) => {
        document.open();
        watch.observe({ type: "layout-shift" });
        for (const piece of page.split(/(?<=<body[^>]*>|<[/]tr>)/)) {
            document.write(piece);
            const styles = [...document.querySelectorAll("link[rel=stylesheet]")];
            do await frame(); while (styles.some((style) => !style.sheet));
        }
        document.close();
        await frame();
        await frame();
        done(shift);
    });
"""
# Of scripts and styles, as they are sent.
MOST_BYTES = 700_000
SENT = """
    return performance.getEntriesByType("resource")
        .filter((entry) => /\\.(js|css)(\\?|$)/.test(entry.name))
        .reduce((sum, entry) => sum + entry.transferSize, 0)
"""
EMPTY_CACHE = {"cacheDisabled": True}


@pytest.mark.parametrize("path", PAGES)
def test_nothing_moves_and_little_is_loaded(browser: webdriver.Chrome, odd_site: str, path: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", EMPTY_CACHE)
    browser.get(odd_site + path)
    shift = browser.execute_async_script(SHIFT)
    sent = browser.execute_script(SENT)
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
    assert shift < MOST_SHIFT
    check(browser)
    assert browser.execute_async_script(IN_PIECES) < MOST_SHIFT / 100
    # Datasette's scripts of 1.0 cannot run twice in one window: what they say of that is nobody's fault.
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert 0 < sent < MOST_BYTES
    assert browser.find_elements(By.CSS_SELECTOR, ".picture svg")
    # The bar is one line of 2 rem and its padding.
    assert browser.execute_script("return document.querySelector('.bar').offsetHeight") < 50


def test_a_picture_is_there_at_once_on_a_slow_line(browser: webdriver.Chrome, odd_site: str) -> None:
    """A CPU four times slower, and 1.6 Mbit: the chart is painted within 1.5 s of the page's first byte."""
    browser.execute_cdp_cmd("Network.enable", {})
    line = {"offline": False, "latency": 40, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", line)
    browser.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 4})
    try:
        browser.get(f"{odd_site}/storyreport/throughput")
        painted = WebDriverWait(browser, 10).until(
            lambda driver: driver.execute_script(
                "const [paint] = performance.getEntriesByName('first-contentful-paint');"
                "const timing = performance.timing;"
                "return paint && paint.startTime - timing.responseStart + timing.navigationStart"
            )
        )
        assert painted < 1500
        assert browser.find_elements(By.CSS_SELECTOR, ".picture svg")
    finally:
        browser.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": 1})
        line |= {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", line)


def test_a_phone_has_cards_with_the_reason_first(browser: webdriver.Chrome, site: str) -> None:
    """On a screen a row is a row; on a phone the reason is the first thing in its card, and nothing is cut off."""
    opened(browser, f"{site}/storyreport/stuck_runs?as_of={AS_OF}")
    tops = browser.execute_script(
        "const cells = [...document.querySelectorAll('.rows tbody tr:first-child td')];"
        "const place = (cell) => cell.getBoundingClientRect();"
        "return cells.filter(c => c.checkVisibility()).map(c => [c.className, place(c).top, place(c).right])"
    )
    width = browser.execute_script("return innerWidth")
    # Headings stand in the order of the columns; on a phone each is as wide as its words.
    headings = browser.execute_script(
        "const place = (what) => what.getBoundingClientRect();"
        "const words = (th) => { const all = document.createRange(); all.selectNodeContents(th); return place(all) };"
        "return [...document.querySelectorAll('.rows th')].map(th => [place(th).top, place(th).left,"
        " place(th).width - words(th).width])"
    )
    assert headings == sorted(headings)
    assert width != min(WIDTHS) or all(blank < 1 for *_, blank in headings)
    highest = min(top for _, top, _ in tops)
    first = {re.split(r"[ ]", name)[0] for name, top, _ in tops if top == highest}
    # The form is folded up where it would fill the screen.
    shown = (
        "return [...document.querySelectorAll('.folded-form summary, #p-minutes')].map(part => part.checkVisibility())"
    )
    assert browser.execute_script(shown) == ([True, False] if width == min(WIDTHS) else [False, True])
    if width == min(WIDTHS):
        assert first == {"col-reason"}
        assert all(right <= width for _, _, right in tops)
    else:
        assert len(first) == len(tops)
    check(browser)


def test_nothing_of_a_run_is_cut_off_on_a_phone(browser: webdriver.Chrome, site: str) -> None:
    """The tables of a page about one thing are cards there, too: what a check says and what to do are on the screen."""
    opened(browser, f"{site}/-/run/run-1?source=alpha")
    cells = browser.execute_script(
        "const cells = [...document.querySelectorAll('.rows tbody td')].filter(cell => cell.checkVisibility());"
        "return cells.map(cell => [cell.className, cell.getBoundingClientRect().right])"
    )
    width = browser.execute_script("return innerWidth")
    assert {"col-detail", "col-action"} <= {name for name, _ in cells}
    if width == min(WIDTHS):
        assert all(right <= width for _, right in cells)
    check(browser)


def test_a_heading_sorts_by_keyboard(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps")
    link = browser.find_element(By.CSS_SELECTOR, "th.col-executions a")
    browser.execute_script("arguments[0].focus()", link)
    link.send_keys("\n")
    WebDriverWait(browser, 10).until(lambda driver: "_sort_desc=executions" in driver.current_url)
    heading = browser.find_element(By.CSS_SELECTOR, "th[aria-sort]")
    assert (heading.get_attribute("aria-sort"), heading.text.split()[0]) == ("descending", "executions")
    rows = [cell.text for cell in browser.find_elements(By.CSS_SELECTOR, "tbody .col-executions .num")]
    assert rows == ["120", "10", "4"]


def test_print_has_the_whole_chart_and_table(browser: webdriver.Chrome, site: str) -> None:
    """The wide picture, whatever the window, no form and no bar but what they chose; all of it fits on pages."""
    browser.get(f"{site}/storyreport/slowest_steps?source=alpha")
    assert not browser.find_element(By.CLASS_NAME, "in-print").is_displayed()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    script = "return [...document.querySelectorAll(arguments[0])].map(each => each.checkVisibility())"
    try:
        assert browser.execute_script(script, ".picture.wide") == [True]
        assert browser.execute_script(script, ".picture.narrow") == [False]
        assert set(browser.execute_script(script, ".bar, form, .siblings, .save")) == {False}
        assert browser.find_element(By.CLASS_NAME, "in-print").text == "Slowest steps (source alpha)"
        assert browser.execute_script("return getComputedStyle(document.querySelector('.rows')).overflowX") == "visible"
        browser.get(f"{site}/-/run/run-2?source=beta")
        drawn = "return [...document.querySelectorAll('.timeline rect')].map(each => getComputedStyle(each).display)"
        assert set(browser.execute_script(drawn)) == {"inline"}
        browser.get(f"{site}/storyreport/slowest_steps")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert sheets(browser) <= 2


# A first row with ids and an error as they are, thirty times.
FILL = """
    const row = document.querySelector("tbody tr");
    for (const cell of row.querySelectorAll(".col-run, .col-story")) {
        cell.innerHTML = '<a class="id" href="/">0f85a1b2-6890-450d-b0f4-bed9faceec6f</a>';
    }
    row.querySelector(".col-error").textContent = "Error code: 429 - Rate limit reached for a model (tokens per min)";
    for (let copy = 0; copy < 30; copy++) row.after(row.cloneNode(true));
"""


def test_print_leaves_every_column_a_width(browser: webdriver.Chrome, site: str) -> None:
    """Beside ids of 36 letters an error is not one letter a line: thirty rows take no more than three sheets."""
    browser.get(f"{site}/storyreport/failed_runs")
    browser.execute_script(FILL)
    assert sheets(browser) <= 3


def sheets(browser: webdriver.Chrome) -> int:
    """How many sheets of A4 the page takes in print."""
    paper = {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
