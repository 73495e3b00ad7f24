"""The home page in a real browser: what its first screen holds, that it does not move, and its keys."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from helpers.attempts import attempt, moment, write
from helpers.browsing import browsing, check, needs_browser, serving
from helpers.report_database import ReportDatabase
from selenium import webdriver
from selenium.webdriver.common.keys import Keys
from selenium_axe_python.axe import Axe

pytestmark = needs_browser
SCREENS = ((1280, 720), (390, 844))
SHIFTS = """
window.moved = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.moved += entry.value; })
    .observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with more pipelines than the wall has rows, two currencies and a failed run."""
    folder = tmp_path_factory.mktemp("home")
    rows = [
        attempt(f"r{n}-{run:02}", n + 6 * run, 10 + run % 7, pipeline=f"pipeline-{n}", story=f"S-{run}")
        for n in range(9)
        for run in range(41)
    ]
    rows.append(attempt("lost", 1, 5, pipeline="pipeline-0", status="failed", error="Boom"))
    calls = [
        f"r0-{run:02},acme,{moment(6 * run)},{run + 1},{currency}" for run in range(41) for currency in ("USD", "EUR")
    ]
    db = ReportDatabase(folder)
    db.ingest(write(folder / "studio", rows, calls))
    with serving(db.path) as address:
        yield address


@pytest.fixture(scope="module", params=SCREENS, ids=lambda screen: f"{screen[0]} wide")
def screen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser of this width and height."""
    width, height = request.param
    with browsing(tmp_path_factory.mktemp("profile"), width) as driver:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHIFTS})
        yield driver


def box(screen: webdriver.Chrome, part: str) -> dict[str, float]:
    """Where a part of the page is."""
    found: dict[str, float] = screen.execute_script(
        f"const {{top, bottom, left, right}} = document.querySelector({part!r}).getBoundingClientRect();"
        "return {top, bottom, left, right}"
    )
    return found


def test_the_first_screen_holds_all_that_tells_how_it_goes(home: str, screen: webdriver.Chrome) -> None:
    screen.get(home)
    width, height = screen.execute_script("return [innerWidth, innerHeight]")
    assert (width, height) in SCREENS
    parts = [box(screen, part) for part in (".opening", ".tiles", ".wall", "#changes")]
    for part in parts:
        assert 0 <= part["top"] < part["bottom"] <= height
        assert 0 <= part["left"] < part["right"] <= width
    assert all(above["bottom"] <= below["top"] for above, below in pairwise(parts))
    # Each of the six tiles is whole, and nothing in it is cut off.
    assert screen.execute_script("return document.querySelectorAll('.tile').length") == 6
    assert (
        screen.execute_script(
            "return [...document.querySelectorAll('.tile *')].filter(e => e.scrollWidth > e.clientWidth + 1"
            " && getComputedStyle(e).display !== 'inline' && !(e instanceof SVGElement)).map(e => e.textContent)"
        )
        == []
    )
    check(screen)


def test_nothing_moves_while_it_loads(home: str, screen: webdriver.Chrome) -> None:
    screen.get(home)
    assert screen.execute_async_script("setTimeout(() => arguments[0](window.moved), 300)") < 0.1


def test_the_squares_are_reached_by_keyboard(home: str, screen: webdriver.Chrome) -> None:
    """From the link that skips them on: the next stops are a pipeline and its runs; the link leads behind the wall."""
    screen.get(home)
    screen.execute_script("document.querySelector('.skip').focus()")
    focused = "return document.activeElement.getAttribute('href')"
    assert screen.execute_script(focused) == "#after-wall"
    targets = []
    for _ in range(4):
        screen.switch_to.active_element.send_keys(Keys.TAB)
        targets.append(screen.execute_script(focused))
    assert targets[0].startswith("/-/source/studio")
    assert targets[1].startswith("/-/pipeline/pipeline-0")
    assert all(target.startswith("/-/run/") for target in targets[2:])


def test_a_slash_leads_to_the_search(home: str, screen: webdriver.Chrome) -> None:
    """On every page to the field of the bar, unless that is folded up; on the catalogue to its own."""
    screen.get(f"{home}/-/reports")
    screen.switch_to.active_element.send_keys("/")
    assert screen.switch_to.active_element.get_attribute("id") == "q"
    screen.switch_to.active_element.send_keys("expensive")
    shown = "return [...document.querySelectorAll('.catalogue li')].filter(e => e.offsetParent).map(e => e.innerText)"
    assert any(text.startswith("Cost by story") for text in screen.execute_script(shown))
    assert not any(text.startswith("Slowest steps") for text in screen.execute_script(shown))
    screen.switch_to.active_element.send_keys(Keys.ENTER)
    assert "q=expensive" in screen.current_url


def test_it_is_accessible(home: str, screen: webdriver.Chrome) -> None:
    """Axe calls nothing serious or critical; what Datasette has around it is not ours."""
    for path in ("/", "/-/reports"):
        screen.get(home + path)
        axe = Axe(screen)
        axe.inject()  # type: ignore[no-untyped-call]
        violations = axe.run()["violations"]
        assert [each["id"] for each in violations if each["impact"] in ("serious", "critical")] == []
