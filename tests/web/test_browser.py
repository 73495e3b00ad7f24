"""The pages in a real browser: charts hold marks, nothing scrolls sideways, hostile text runs nowhere."""

import re
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from helpers.browsing import MARKS, browsing, check, marks, needs_browser, opened, serving
from helpers.serving import AS_OF, HOSTILE, fill
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from selenium_axe_python.axe import Axe

from storyreport import reports, schema

WIDTHS = (1280, 390)
# What the planted rows draw: a mark for each bar's part, none for what is 0.
PLANTED = {"slowest_steps": 3, "failure_rates": 2, "stuck_runs": 1, "orphans": 2, "cost": 4}
GREY = "#848c98"

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


@pytest.mark.parametrize("path", ["/", "/storyreport", "/storyreport/stories"])
def test_other_pages_hold_too(browser: webdriver.Chrome, site: str, path: str) -> None:
    opened(browser, site + path)
    check(browser)


def test_the_page_of_ad_hoc_sql_holds_too(browser: webdriver.Chrome, tmp_path: Path) -> None:
    fill(tmp_path / "storyreport.db")
    with serving(tmp_path / "storyreport.db", "--sql") as address:
        opened(browser, f"{address}/storyreport?sql=select+title+from+stories")
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
    headings = browser.execute_script("return [...document.querySelectorAll('.chart h3')].map(h => h.textContent)")
    assert headings == ["EUR", "GBP", "USD"]


def test_what_is_counted_has_whole_ticks(browser: webdriver.Chrome, site: str) -> None:
    opened(browser, f"{site}/storyreport/failure_trend?source=alpha&step={quote(HOSTILE)}")
    ticks = "return [...document.querySelectorAll('figure.chart .role-axis-label text')].map(tick => tick.textContent)"
    found = browser.execute_script(ticks)
    assert {"0", "5"} <= set(found)
    assert [tick for tick in found if "." in tick] == []


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: webdriver.Chrome, site: str, scheme: str) -> None:
    """No violation of what axe-core calls serious or critical, on a page of each kind."""
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
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == []


@pytest.mark.parametrize("path", OURS)
def test_pages_of_each_kind_hold(browser: webdriver.Chrome, site: str, path: str) -> None:
    opened(browser, site + path)
    assert browser.execute_script("return window.hacked") is None
    assert browser.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
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
        reached = set()
        for _ in range(wanted + 50):
            ActionChains(browser).send_keys(Keys.TAB).perform()
            found = browser.switch_to.active_element
            if found.find_elements(By.XPATH, "ancestor::section[contains(@class, 'content')]"):
                reached.add(found.id)
        assert len(reached) >= wanted, path


def test_a_chart_is_saved_as_svg_and_png(browser: webdriver.Chrome, site: str, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    opened(browser, f"{site}/storyreport/slowest_steps?source=alpha")
    for button in browser.find_elements(By.CSS_SELECTOR, ".save button"):
        button.click()
    names = ("slowest_steps-alpha.svg", "slowest_steps-alpha.png")
    WebDriverWait(browser, 10).until(lambda _: all((tmp_path / name).is_file() for name in names))
    drawing = ElementTree.fromstring((tmp_path / names[0]).read_text(encoding="utf-8"))
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "Slowest steps (source alpha)" in texts
    assert "write" in texts
    assert "currentColor" not in (tmp_path / names[0]).read_text(encoding="utf-8")
    assert (tmp_path / names[1]).read_bytes().startswith(b"\x89PNG")


def test_a_cost_chart_is_saved_by_currency(browser: webdriver.Chrome, site: str, tmp_path: Path) -> None:
    allowed = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    opened(browser, f"{site}/storyreport/cost")
    browser.find_element(By.CSS_SELECTOR, ".save button[value=svg]").click()
    WebDriverWait(browser, 10).until(
        lambda _: {path.name for path in tmp_path.iterdir()} == {"cost-EUR.svg", "cost-GBP.svg", "cost-USD.svg"}
    )


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
    assert (hidden, width) == (True, 360)
    assert link == f"{site}/storyreport/slowest_steps?source=alpha&since=&until="


def test_the_catalogue_narrows_as_one_types(browser: webdriver.Chrome, site: str) -> None:
    shown = (
        "return [...document.querySelectorAll('.catalogue a')].filter(a => a.checkVisibility()).map(a => a.textContent)"
    )
    opened(browser, f"{site}/")
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


# What every JavaScript object has, and a name that has no place to break at.
INHERITED = ("constructor", "toString", "valueOf", "hasOwnProperty", "__proto__")
UNBROKEN = "x" * 400
LABELS = "return [...document.querySelectorAll('figure.chart svg .role-axis-label text')].map(text => text.textContent)"


@pytest.fixture(scope="module")
def odd_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with steps whose names mean something to JavaScript, namesakes among runs, and ten weeks of days."""
    path = tmp_path_factory.mktemp("odd") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        for name in INHERITED:
            connection.execute(
                "insert into rollup_steps (source_id, family, executions, completed, failed, timed, total_ms, max_ms)"
                " values (1, ?, 4, 3, 1, 3, 300000, 100000)",
                (name,),
            )
            connection.execute(
                "insert into rollup_step_days (source_id, family, day, executions, completed, failed, timed, total_ms,"
                " max_ms) values (1, ?, '2025-03-01', 4, 3, 1, 3, 300000, 100000)",
                (name,),
            )
        connection.execute("update stories set title = ? where id = 2", (UNBROKEN[:300],))
        connection.execute("update sources set name = 'constructor' where id = 2")
        connection.execute(
            "insert into runs (id, source_id, source_key, input_id, kind, status, started_at) values"
            " (50, 1, 'twin', 1, 'batch', 'running', '2025-03-10T08:00:00.000Z')"
        )
        connection.executemany(
            "insert into step_runs (source_id, source_key, input_id, step_id, run_id, run_key, kind, status,"
            " started_at) values (1, ?, 1, 1, ?, ?, 'command', 'running', '2025-03-10T08:00:00.000Z')",
            [("twin", 50, None), ("same 1", None, "same"), ("same 2", None, "same")],
        )
        connection.executemany(
            "insert into rollup_source_days (day, source_id, stories_started, stories_completed, runs_completed,"
            " runs_failed) values (date('2025-01-01', ?), 1, 1, 1, 1, 1)",
            [(f"+{day} days",) for day in range(71)],
        )
    with serving(path) as address:
        yield address


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
    named = shown if report != "failure_trend" else " ".join(described).replace("\u200b", "")
    assert {name for name in INHERITED if name in named} == set(INHERITED)
    assert len(described) >= len(INHERITED)
    opened(browser, f"{odd_site}/-/step/constructor?source=alpha")
    check(browser)


@pytest.mark.parametrize("missing", ["*/vega/vega-embed.min.js", "*/slowest_steps.json*"])
def test_a_chart_that_cannot_be_drawn_says_so(browser: webdriver.Chrome, site: str, missing: str) -> None:
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [missing]})
    try:
        browser.get(f"{site}/storyreport/slowest_steps")
        figure = browser.find_element(By.CSS_SELECTOR, "figure.chart")
        sentence = "The chart could not be drawn; the rows are below."
        WebDriverWait(browser, 10).until(lambda _: figure.text == sentence)
        assert "3 min 4 s" in browser.find_element(By.CSS_SELECTOR, ".rows").text
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
        browser.get_log("browser")  # type: ignore[no-untyped-call]


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


def test_namesakes_are_told_apart_by_what_differs(browser: webdriver.Chrome, odd_site: str) -> None:
    opened(browser, f"{odd_site}/storyreport/stuck_runs?source=alpha&as_of={AS_OF}")
    names = {label for label in browser.execute_script(LABELS) if label.startswith(("twin", "same"))}
    assert names == {"twin (batch)", "twin (command)", "same (1)", "same (2)"}
    assert "Logarithmic scale." in browser.find_element(By.TAG_NAME, "figcaption").text
    check(browser)


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
