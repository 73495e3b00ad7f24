"""The main job as a person does it: the demo, its reports in a browser, and the same numbers everywhere."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from browsing import browsing, check, marks, needs_browser, opened, serving
from selenium import webdriver
from selenium.webdriver.common.by import By

from storyreport import reports

SINCE = (datetime.now(timezone.utc) - timedelta(days=20)).date().isoformat()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that the demo makes."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run([sys.executable, "-m", "storyreport", "demo", folder, "--no-serve"], check=True)
    return folder / "storyreport.db"


@pytest.fixture(scope="module")
def site(database: Path) -> Iterator[str]:
    """The address where the demo is served."""
    with serving(database) as address:
        yield address


def printed(database: Path, name: str, *parameters: str) -> list[dict[str, Any]]:
    """A report's rows as the command line prints them."""
    command = [sys.executable, "-m", "storyreport", "report", name, "--format", "json", "--db", str(database)]
    for parameter in parameters:
        command += ["-p", parameter]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return rows


def fetched(address: str) -> list[dict[str, Any]]:
    """A report's rows as its address gives them."""
    with urllib.request.urlopen(address) as response:
        rows: list[dict[str, Any]] = json.load(response)["rows"]
    return rows


@pytest.mark.parametrize("name", sorted(reports.load_reports()))
def test_json_and_command_line_give_the_same_rows(site: str, database: Path, name: str) -> None:
    """With parameters and without, the address and the command line agree, and there is something to see."""
    as_of = {"as_of": "2100-01-01"} if name == "stuck_runs" else {}
    one = "adventure" if name == "data_quality" else "moviemaker"
    given = as_of or ({"since": SINCE} if name in ("slowest_steps", "failure_rates", "cost") else {"source": one})
    (pair,) = given.items()
    rows = fetched(f"{site}/storyreport/{name}.json?_shape=objects&{pair[0]}={pair[1]}")
    assert rows == printed(database, name, "=".join(pair))
    assert rows
    if not as_of:
        # What is missing has its default.
        assert fetched(f"{site}/storyreport/{name}.json?_shape=objects") == printed(database, name)
        assert len(printed(database, name)) >= len(rows)


@needs_browser
def test_the_demo_in_a_browser(site: str, tmp_path: Path) -> None:
    """The home page, each report with its chart, and a table page, without an error."""
    with browsing(tmp_path, 1280) as browser:
        opened(browser, site)
        check(browser)
        links = [
            link.get_attribute("href") or "" for link in browser.find_elements(By.CSS_SELECTOR, "main a, section a")
        ]
        for name in reports.load_reports():
            (address,) = [link for link in links if link.split("?")[0].endswith(f"/storyreport/{name}")]
            opened(browser, address)
            check(browser)
            assert marks(browser) > 0, name
            assert len(browser.find_elements(By.CSS_SELECTOR, "table tbody tr")) > 0, name
        opened(browser, f"{site}/storyreport/step_runs")
        check(browser)
        assert len(browser.find_elements(By.CSS_SELECTOR, "table tbody tr")) == 100
        # datasette-vega draws ad-hoc charts of any table and report.
        assert "Show charting options" in browser.find_element(By.TAG_NAME, "body").text


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
