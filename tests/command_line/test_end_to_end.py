"""The main job as a person does it: the demo, its reports in a browser, and the same numbers everywhere."""

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from helpers import command_line
from helpers.browsing import browsing, check, marks, needs_browser, opened, serving
from helpers.cli_cases import rows_of
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from storyreport import reports

SINCE = (datetime.now(timezone.utc) - timedelta(days=20)).date().isoformat()
ONE_THING = "One run, one story"
# The demo has no row that cannot be loaded, and none of its pipelines has stopped.
EMPTY = {"known_findings", "missing_runs", "notes", "rejected_rows"}
# One thing of each kind with much to show.
THINGS = {
    "story": """
        select stories.source_key
        from story_nodes
        join stories on stories.id = story_nodes.story_id
        join artifacts on artifacts.story_id = stories.id
        limit 1
    """,
    "run": """
        select runs.source_key
        from calls
        join runs on runs.id = calls.run_id
        join step_runs on step_runs.run_id = runs.id
        limit 1
    """,
    "batch": "select runs.source_key from events join runs on runs.id = events.run_id limit 1",
    "step": "select family from rollup_steps order by timed desc limit 1",
    "name": "select source_key from stories limit 1",
    "session": "select session_hash from runs where session_hash is not null limit 1",
}


@pytest.fixture(scope="module")
def database(demo_folder: Path) -> Path:
    """The database that the demo makes."""
    return demo_folder / "storyreport.db"


@pytest.fixture(scope="module")
def site(database: Path) -> Iterator[str]:
    """The address where the demo is served."""
    with serving(database) as address:
        yield address


def printed(database: Path, name: str, *parameters: str) -> list[dict[str, Any]]:
    """A report's rows as the command line prints them."""
    given = [word for parameter in parameters for word in ("-p", parameter)]
    return rows_of(command_line.printed("report", name, "--format", "json", "--db", database, *given))


def fetched(address: str) -> list[dict[str, Any]]:
    """A report's rows as its address gives them."""
    with urllib.request.urlopen(address) as response:
        rows: list[dict[str, Any]] = json.load(response)["rows"]
    return rows


def asked(database: Path, name: str) -> dict[str, str]:
    """Parameters with which a report has something to show, the same now and a minute later."""
    report = reports.find(name)
    takes = {param.name for param in report.params}
    judged = {"as_of": "2100-01-01"} if "as_of" in takes else {}
    if "hours" in takes:
        # A year hence there would be nothing.
        return {"hours": "24"}
    if report.topic == ONE_THING:
        (thing,) = takes & THINGS.keys()
        with closing(sqlite3.connect(database)) as connection:
            (key,) = connection.execute(THINGS[thing]).fetchone()
        return {thing: key, **judged}
    if judged or "since" in takes:
        return judged or {"since": SINCE}
    return {"source": next((row["source"] for row in printed(database, name)), "moviemaker")}


@pytest.mark.parametrize("name", sorted(reports.load_reports()))
def test_json_and_command_line_give_the_same_rows(site: str, database: Path, name: str) -> None:
    """With parameters and without, the address and the command line agree, and there is something to see."""
    given = asked(database, name)
    rows = fetched(f"{site}/storyreport/{name}.json?_shape=objects&{urlencode(given)}")
    assert rows == printed(database, name, *(f"{param}={value}" for param, value in given.items()))
    assert rows or name in EMPTY
    if "as_of" not in given and not any(param.is_required for param in reports.find(name).params):
        # What is missing has its default.
        everything = printed(database, name)
        assert fetched(f"{site}/storyreport/{name}.json?_shape=objects") == everything
        assert len(everything) >= len(rows) or reports.find(name).topic == ONE_THING


def test_a_process_of_its_own_prints_the_same(database: Path) -> None:
    said = command_line.ok("report", "slowest_steps", "--json", "--db", database, cwd=database.parent)
    assert rows_of(said) == printed(database, "slowest_steps")


@needs_browser
def test_the_demo_in_a_browser(site: str, tmp_path: Path) -> None:
    """The home page, each report with its chart, and a table page, without an error."""
    with browsing(tmp_path, 1280) as browser:
        opened(browser, site)
        check(browser)
        opened(browser, f"{site}/-/reports")
        check(browser)
        links = [link.get_attribute("href") or "" for link in browser.find_elements(By.CSS_SELECTOR, ".catalogue a")]
        for name, report in reports.load_reports().items():
            (address,) = [link for link in links if link.split("?")[0].endswith(f"/storyreport/{name}")]
            opened(browser, address)
            check(browser)
            if report.topic != ONE_THING and name not in EMPTY:
                assert marks(browser) > 0 or not report.chart, name
                assert len(browser.find_elements(By.CSS_SELECTOR, "table tbody tr")) > 0, name
        opened(browser, f"{site}/storyreport/step_runs")
        browser.find_element(By.LINK_TEXT, "Draw these rows").click()
        check(browser)
        assert len(browser.find_elements(By.CSS_SELECTOR, "table tbody tr")) == 100
        # datasette-vega draws ad-hoc charts of any table and report.
        WebDriverWait(browser, 10).until(
            lambda driver: "Show charting options" in driver.find_element(By.TAG_NAME, "body").text
        )


def seen(browser: webdriver.Chrome, address: str) -> tuple[str, int]:
    """The text of a page's table and how many marks its chart holds."""
    opened(browser, address)
    return browser.find_element(By.CSS_SELECTOR, "table.rows-and-columns").text, marks(browser)


@needs_browser
def test_an_address_shows_the_same_to_somebody_else(site: str, tmp_path: Path) -> None:
    """A report's address, opened in a new browser, shows the same rows and chart."""
    address = f"{site}/storyreport/slowest_steps?source=storyteller&since={SINCE}"
    with browsing(tmp_path / "mine", 1280) as mine:
        shown = seen(mine, address)
        link = mine.execute_script("return location.href")
    with browsing(tmp_path / "yours", 1280) as yours:
        assert seen(yours, link) == shown
    assert shown[1] == 5
    assert "moviemaker" not in shown[0]
