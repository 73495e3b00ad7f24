"""Pages of a source whose detail is in a lake: what is missing, where it is, and who may know that."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from helpers.serving import Served, fill

from storyreport import schema
from storyreport.web.mode import mode_for
from storyreport.web.server import Extras

PLACE = "s3a://our-bucket/<lake>"
DETAIL = "alpha is rolled up from a lake: of its stories, runs and calls only those that landed are here."


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database of which one source is a lake's, somewhere that nobody here can read."""
    path = tmp_path_factory.mktemp("lake") / "storyreport.db"
    fill(path)
    with closing(schema.connect(path)) as connection:
        connection.execute(
            "insert into lakes (source_id, engine, location, rolled_up_at, until_day, full_at, step_runs, calls)"
            " values (1, 'spark', ?, '2025-03-10T11:00:00.000Z', '2025-03-09', '2025-03-10T11:00:00.000Z', 9, 9)",
            [PLACE],
        )
    return path


@pytest.fixture(scope="module")
def served(path: Path) -> Iterator[Served]:
    served = Served(path)
    yield served
    served.close()


@pytest.fixture(scope="module")
def open_to_all(path: Path) -> Iterator[Served]:
    """A server for strangers, who may see the reports without logging in."""
    served = Served(path, Extras(mode=mode_for(path, "0.0.0.0", False, True, True, ())))
    yield served
    served.close()


def text(page: str) -> str:
    """What a page shows."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_a_report_of_detail_says_what_is_missing(served: Served) -> None:
    assert DETAIL in text(served.get("/storyreport/story_attempts?story=story-1").text)


@pytest.mark.parametrize("address", ["/storyreport/slowest_steps", "/storyreport/stuck_runs"])
def test_reports_of_rollups_and_of_now_say_nothing_of_it(served: Served, address: str) -> None:
    assert "rolled up from a lake" not in served.get(address).text


def test_another_source_is_whole(served: Served) -> None:
    assert DETAIL not in text(served.get("/storyreport/story_attempts?story=story-1&source=beta").text)


@pytest.mark.parametrize("address", ["/storyreport/run_timeline?run=run-9", "/-/run/run-9"])
def test_a_run_that_did_not_land_is_not_unknown(served: Served, address: str) -> None:
    """With the line of DuckDB that shows it, in which nothing of the address or of the lake is HTML."""
    page = served.get(address).text
    assert "The run 'run-9' is not here; it may be in a lake" in text(page)
    assert f"{PLACE}/step_runs/date=*/*.parquet" in unescape(page)
    assert "<lake>" not in page


def test_the_page_of_a_run_that_landed_says_what_is_missing(served: Served) -> None:
    assert DETAIL in text(served.get("/-/run/run-1?source=alpha").text)


def test_the_sources_of_a_page_say_what_rolled_them_up(served: Served) -> None:
    assert "rolled up by spark up to 2025-03-09" in text(served.get("/storyreport/slowest_steps").text)


@pytest.mark.parametrize(
    "address",
    [
        "/storyreport/run_timeline?run=run-9",
        "/storyreport/story_attempts?story=story-1",
        "/-/run/run-9",
        "/-/run/run-1",
        "/storyreport/lakes",
        "/storyreport/lakes.json",
        "/-/source/alpha",
    ],
)
def test_strangers_do_not_learn_where_the_lake_is(open_to_all: Served, address: str) -> None:
    assert "our-bucket" not in open_to_all.get(address).text
