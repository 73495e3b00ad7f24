"""The reports as a static site: opened from disk in a browser, as one page, and as a copy of the database."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from helpers.browsing import browsing, check, marks, needs_browser, opened
from helpers.cli_cases import assert_one_sentence, plant, unchanged
from helpers.command_line import ok, storyreport
from helpers.platforms import with_links
from helpers.report_database import ReportDatabase, ask
from selenium import webdriver

from storyreport import reports
from storyreport.errors import UsageError
from storyreport.sharing import packed, snapshot

HOSTILE = "</script><img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def demo(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's report database, a step whose name is markup, and all kinds of snapshots of it."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(demo_folder / "storyreport.db", folder)
    with closing(sqlite3.connect(folder / "storyreport.db")) as connection, connection:
        connection.execute("update rollup_steps set family = ? where family = 'dev-story'", [HOSTILE])
    ok("snapshot", "site", "--one-file", "report.html", "--database", "public.db", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser without a network."""
    with browsing(tmp_path_factory.mktemp("profile"), 1280) as driver:
        driver.execute_cdp_cmd("Network.enable", {})
        conditions = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
        yield driver


class Links(HTMLParser):
    """What a page leads to and loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Keep addresses."""
        self.found |= {value for name, value in attrs if name in ("href", "src")}


def test_the_site_is_whole(demo: Path) -> None:
    """Every report without a needed key has a page, its data have all rows, and each link leads to a file."""
    site = demo / "site"
    names = {name for name, each in reports.load_reports().items() if not any(p.is_required for p in each.params)}
    assert {path.stem for path in site.glob("*.html")} == names | {"index"}
    rows = json.loads(ok("report", "failure_rates", "--json", cwd=demo))
    assert json.loads((site / "data" / "failure_rates.json").read_text(encoding="utf-8")) == rows
    assert len((site / "data" / "failure_rates.csv").read_text(encoding="utf-8").splitlines()) == len(rows) + 1
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        links = Links()
        links.feed(text)
        assert links.found, page
        assert "<script" not in text.lower().replace(HOSTILE, ""), page
        assert [link for link in links.found if not (page.parent / link).is_file()] == [], page
    # What a story's page says above its table is no column of it, nor is what nobody knows; what failed is seen.
    pages = [path.read_text(encoding="utf-8") for path in (site / "stories").glob("*.html")]
    assert pages
    for story in pages:
        headings = re.findall(r"<th[^>]*>(.*?)</th>", story)
        assert {"step", "status"} <= {*headings}
        assert not {"source", "story", "title"} & {*headings}
        for place, name in enumerate(headings):
            column = [re.findall(r"<td[^>]*>(.*?)</td>", row)[place] for row in story.split("<tr>")[2:]]
            assert any(column), name
    assert any('<td class="bad">failed</td>' in story for story in pages)
    # An amount says its currency itself; a day is one word.
    cost = (site / "cost.html").read_text(encoding="utf-8")
    assert re.search(r'<td class="time">\d{4}-\d\d-\d\d</td>', cost)
    assert ">currency</th>" not in cost
    assert '<th class="number">calls</th>' in cost
    assert re.search(r"[\d.]+ EUR</td>", cost)
    assert '"currency": "EUR"' in (site / "data" / "cost.json").read_text(encoding="utf-8")
    # What has a chart and rows, but where every value is zero or unknown.
    drawn = {path.stem for path in site.glob("*.html") if '<figure class="chart"><svg' in path.read_text("utf-8")}
    assert {"slowest_steps", "cost", "failure_trend", "throughput", "stuck_runs", "recent_runs"} <= drawn


@needs_browser
@pytest.mark.parametrize("page", ["site/index.html", "site/slowest_steps.html", "site/cost.html", "report.html"])
def test_pages_open_from_disk(page: str, demo: Path, browser: webdriver.Chrome) -> None:
    """Without a network: no error, charts drawn with marks, markup of a name shown as text."""
    opened(browser, (demo / page).as_uri())
    check(browser)
    if page != "site/index.html":
        assert marks(browser) > 0
    if "slowest" in page:
        assert HOSTILE in browser.execute_script("return document.querySelector('table').textContent")


def test_one_page_for_a_mail(demo: Path) -> None:
    """It is under 3 MB with its pictures, and loads nothing else."""
    text = (demo / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 3_000_000
    links = Links()
    links.feed(text)
    # Of pictures, links within them: to parts of their own.
    assert links.found == set()
    assert text.count('<figure class="chart"><svg') > 20
    assert "<h2>Slowest steps</h2>" in text


def test_a_copy_for_others(demo: Path) -> None:
    """One file with the same rows, without the key of hashes and without the places of the sources."""
    key = ask(demo / "storyreport.db", "select value from secrets")[0][0]
    content = (demo / "public.db").read_bytes()
    assert key.encode() not in content
    assert str(demo).encode() not in content
    assert content[18:20] == b"\x01\x01", "no write-ahead log is needed"
    for table in ("stories", "runs", "step_runs", "calls", "rollup_steps"):
        count = f"select count(*) from {table}"
        assert ask(demo / "public.db", count) == ask(demo / "storyreport.db", count)
    assert ok("report", "health", "--json", "--db", "public.db", cwd=demo)


@with_links
def test_links_in_a_snapshot_lead_to_nothing_of_others(tmp_path: Path) -> None:
    """A folder that others may write to may hold a link to a file, or a folder, of somebody's own."""
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / snapshot.MARK).write_text("{}")
    (tmp_path / "site" / "index.html").symlink_to(tmp_path / "mine")
    snapshot.check_folder(tmp_path / "site")
    snapshot.write_anew(tmp_path / "site" / "index.html", "a page")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "site" / "index.html").read_text() == "a page"
    for name, write in (("data", snapshot.check_folder), ("storyreport", packed.write)):
        (tmp_path / "site" / name).symlink_to(tmp_path)
        with pytest.raises(UsageError, match=f"{name} is a link to another folder"):
            write(tmp_path / "site")
        (tmp_path / "site" / name).unlink()


def test_a_folder_with_other_things_stays(demo: Path, db: ReportDatabase, tmp_path: Path) -> None:
    """It is refused; a snapshot is written again; without anything to write it is wrong usage."""
    db.ingest(plant(tmp_path / "mine" / "studio.db"))
    database = ("--db", db.path)
    with unchanged(tmp_path):
        assert_one_sentence(storyreport("snapshot", "mine", *database, cwd=tmp_path), 2)
        assert_one_sentence(storyreport("snapshot", *database, cwd=tmp_path), 2)
        assert_one_sentence(storyreport("snapshot", "mine/studio.db", *database, cwd=tmp_path), 2)
    for _ in range(2):
        ok("snapshot", "site", *database, cwd=tmp_path)
    assert_one_sentence(storyreport("snapshot", "--database", "public.db", cwd=demo), 1)
