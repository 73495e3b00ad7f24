"""Charts in a real browser: marks, ticks, tooltips, colours, files, embedding."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree

import pytest
from datasette.utils import tilde_encode
from helpers.browsing import MARKS, address, check, marks, needs_browser, opened
from helpers.serving import HOSTILE
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from storyreport import reports

# What the planted rows draw: a mark for each bar's part, none for what is 0.
PLANTED = {"slowest_steps": 3, "failure_rates": 2, "stuck_runs": 1, "orphans": 2, "cost": 4}
GREY = "#848c98"

pytestmark = needs_browser


def tooltip(browser: webdriver.Chrome) -> str:
    """The text of the tooltip that is shown, '' where none is."""
    shown = "return document.querySelector('#vg-tooltip-element.visible')?.textContent"
    return browser.execute_script(shown) or ""


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
            "return ['.picture svg', '.chart'].map(part => document.querySelector(part).getBoundingClientRect().width)"
        )
        assert width > 0.85 * figure


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
    headings = browser.execute_script(
        "return [...document.querySelectorAll('.chart .heading')].map(heading => heading.textContent)"
    )
    assert headings == ["EUR", "GBP", "USD"]


def test_what_is_counted_has_whole_ticks(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/orphans?source=alpha")
    ticks = "return [...document.querySelectorAll('figure.chart .role-axis-label text')].map(tick => tick.textContent)"
    found = browser.execute_script(ticks)
    assert {"0", "1"} <= set(found)
    assert [tick for tick in found if "." in tick] == []


def test_a_tooltip_is_text(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha&_explore=1")
    tips = []
    for mark in browser.find_elements(By.CSS_SELECTOR, MARKS):
        ActionChains(browser).move_to_element(mark).perform()
        tips.append(WebDriverWait(browser, 10).until(tooltip))
    assert any("3 min 4 s" in tip for tip in tips), tips
    assert any(HOSTILE in tip for tip in tips)
    check(browser)


def test_a_source_has_one_colour_everywhere(browser: webdriver.Chrome, site: str) -> None:
    colours = []
    for name in ("slowest_steps", "orphans"):
        opened(browser, f"{site}/storyreport/{name}?source=beta")
        colours.append(browser.execute_script(f"return document.querySelector({MARKS!r}).getAttribute('fill')"))
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    colours.append(browser.execute_script(f"return document.querySelector({MARKS!r}).getAttribute('fill')"))
    assert colours[0] == colours[1] != colours[2]


def test_what_has_no_name_is_grey(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/cost")
    fills = f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.getAttribute('fill'))"
    assert browser.execute_script(fills).count(GREY) == 1


def test_a_picture_says_what_a_mark_is(browser: webdriver.Chrome, site: str) -> None:
    """Without a script too: each mark has a title, and leads to the page of its step."""
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    script = f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.querySelector('title').textContent)"
    titles = browser.execute_script(script)
    assert any("step: write; executions: 120" in title and "total: 3 min 4 s" in title for title in titles)
    assert any(f"step: {HOSTILE}" in title for title in titles)
    script = f"return [...document.querySelectorAll({MARKS!r})].map(mark => mark.closest('a').getAttribute('href'))"
    assert sorted(browser.execute_script(script)) == [
        f"/-/step/{tilde_encode(name)}?source=alpha&_source=alpha" for name in ("write", HOSTILE)
    ]


def test_a_chart_is_saved(browser: webdriver.Chrome, site: str, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    opened(browser, f"{site}/storyreport/cost")
    for link in browser.find_elements(By.CSS_SELECTOR, ".save a"):
        link.click()
    # Chromium makes an empty file first: each is whole where its end is there.
    names, ends = ("cost.svg", "cost.png"), (b"</svg>", b"IEND\xaeB`\x82")
    WebDriverWait(browser, 30, ignored_exceptions=[FileNotFoundError]).until(
        lambda _: all(
            (tmp_path / name).read_bytes().rstrip().endswith(end) for name, end in zip(names, ends, strict=True)
        )
    )
    drawing = ElementTree.fromstring((tmp_path / names[0]).read_text(encoding="utf-8"))
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:4] == ["Cost", "EUR", "GBP", "USD"]


def test_a_report_is_embedded_in_another_site(browser: webdriver.Chrome, site: str) -> None:
    """A page on another origin shows a report in a frame: its title, chart and rows, nothing around them."""

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{site}/storyreport/slowest_steps?source=alpha&_embed=1"'.encode())
            self.wfile.write(b' width="360" height="600"></iframe>')

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        browser.get(f"http://127.0.0.1:{server.server_port}/")
        browser.switch_to.frame(0)
        WebDriverWait(browser, 10).until(lambda driver: marks(driver) == 2)
        shown = browser.find_element(By.TAG_NAME, "body").text
        link = browser.find_element(By.CSS_SELECTOR, "h1 a").get_attribute("href")
        width = browser.execute_script("return document.documentElement.scrollWidth")
        hidden = browser.execute_script(
            "return [...document.querySelectorAll('header, footer, form.parameters')].every(e => !e.checkVisibility())"
        )
        browser.switch_to.default_content()
        server.shutdown()
    assert "Slowest steps (source alpha)" in shown
    assert "3 min 4 s" in shown
    assert hidden
    assert width <= 360, "nothing is scrolled sideways"
    assert link == f"{site}/storyreport/slowest_steps?source=alpha&pipeline=&since=&until=&compare="


def test_explore_hands_the_rows_to_datasette_vega(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    browser.find_element(By.LINK_TEXT, "Explore this").click()
    drawn = "return document.querySelectorAll('.rows canvas, .rows svg').length"
    WebDriverWait(browser, 10).until(lambda driver: driver.execute_script(drawn))
    chosen = "return [...document.querySelectorAll('#graphForm select')].map(select => select.value)"
    assert {"step", "total_ms"} <= set(browser.execute_script(chosen))


def test_a_things_page_draws_in_the_colours_of_the_report(browser: webdriver.Chrome, site: str) -> None:
    colours = []
    for path, part in (("/-/source/alpha", "#slowest_steps "), ("/storyreport/slowest_steps?source=alpha", "")):
        opened(browser, site + path)
        colours.append(browser.execute_script(f"return document.querySelector({part + MARKS!r}).getAttribute('fill')"))
    assert colours[0] == colours[1]


def test_a_chart_that_cannot_be_explored_says_so(browser: webdriver.Chrome, site: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/vega/vega.js*"]})
    try:
        browser.get(f"{site}/storyreport/slowest_steps?_explore=1")
        figure = browser.find_element(By.CSS_SELECTOR, "figure.chart")
        sentence = "The chart cannot be explored: this is its picture."
        WebDriverWait(browser, 10).until(lambda _: sentence in figure.text)
        assert marks(browser) == 3
        assert "3 min 4 s" in browser.find_element(By.CSS_SELECTOR, ".rows").text
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
        browser.get_log("browser")  # type: ignore[no-untyped-call]


def test_the_last_day_has_a_label_and_none_touch(browser: webdriver.Chrome, odd_site: str) -> None:
    opened(browser, f"{odd_site}/storyreport/throughput")
    boxes = browser.execute_script(
        "return [...document.querySelectorAll('figure.chart svg .role-axis-label text')]"
        ".filter(text => /-|Mar|Feb|Jan/.test(text.textContent) && getComputedStyle(text).opacity !== '0')"
        ".map(text => [text.textContent, text.getBoundingClientRect().left, text.getBoundingClientRect().right])"
    )
    boxes.sort(key=lambda box: box[1])
    assert boxes[-1][0] in ("2025-03-12", "Mar 12")
    assert len(boxes) >= 3
    assert all(later[1] - earlier[2] > 8 for earlier, later in pairwise(boxes)), boxes
