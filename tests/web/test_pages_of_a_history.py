"""Pages of a history that was ingested: what the home page picks out of it, and what an unknown key leads to."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.serving import Served
from helpers.tracker import Tracker


@cache
def now() -> datetime:
    """When the first test of this module began: it may have been collected on the day before."""
    return datetime.now(timezone.utc)


def text(html: str) -> str:
    """A page's text, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The home page of a tracker of two weeks, as text."""
    folder = tmp_path_factory.mktemp("history")
    tracker = Tracker(folder / "studio.db")
    # (days ago, step, duration, how often)
    ended = (
        (8, "by_a_tenth", 1000, 20),
        (8, "by_less", 1000, 20),
        (8, "too_few", 1000, 20),
        (8, "too_few_before", 1000, 19),
        (7, "longest", 900_000, 1),
        (0, "by_a_tenth", 1100, 20),
        (0, "by_less", 1099, 20),
        (0, "too_few", 9000, 19),
        (0, "too_few_before", 9000, 20),
    )
    # (days ago, message)
    failed = ((8, "Known error"), (7, "Last week's error"), (6, "This week's error"), (0, "Known error"))
    for ago, step, ms, times in ended:
        tracker.now = now()
        tracker.clock(days=-ago)
        for number in range(times):
            tracker.end(f"S{number}", step, f"{step}-{ago}-{number}", ms)
    for ago, message in failed:
        tracker.now = now()
        tracker.clock(days=-ago)
        tracker.end("F", "failing", f"failing-{ago}", 10, "failed", message)
    tracker.close()
    db = ReportDatabase(folder)
    db.ingest(tracker.path)
    with closing(Served(db.path)) as served:
        yield text(served.get("/").text)


def test_steps_that_changed_by_a_tenth(home: str) -> None:
    """A change of ten percent is one to be shown; a smaller one is not, nor one that stands on fewer than 20."""
    changes = home.partition("Slower and faster steps")[2]
    assert "by_a_tenth 1.1 s 1.0 s 10.0 %" in changes
    assert "by_less" not in changes
    assert "too_few" not in changes


def test_new_errors_were_not_seen_before_this_week(home: str) -> None:
    """An error of today that is older than a week is no new one; the week's first day belongs to it."""
    table = home.partition("New errors")[2]
    assert "This week" in table
    assert "Last week" not in table
    assert "Known error" not in table


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (50, "read just now"),
        (61, "read 1 minute ago"),
        (3550, "read 59 minutes ago"),
        (3601, "read 1 hour ago"),
        (86_350, "read 23 hours ago"),
        (86_401, "read 1 day ago"),
        (200_000, "read 2 days ago"),
    ],
)
def test_how_long_ago_a_source_was_read(db: ReportDatabase, tracker: Tracker, seconds: int, said: str) -> None:
    """In the largest unit that fits, in whole ones."""
    db.ingest(tracker.path)
    read_at = (datetime.now(timezone.utc) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    change(db.path, f"update ingests set finished_at = '{read_at}'")
    with closing(Served(db.path)) as served:
        assert f"studio (pipeline, {said}" in text(served.get("/").text)


def test_every_error_is_found_by_its_words(db: ReportDatabase, tracker: Tracker) -> None:
    """The first error of an ingest and its last one, those of the next ingest, too."""
    for words in (("Socket lost", "Worker lost", "Lease lost"), ("Voice lost", "Frame lost")):
        for number, message in enumerate(words):
            tracker.end(f"S{number}", "01_ingest", f"r{number}", 10, "failed", message)
        db.ingest(tracker.path)
    with closing(Served(db.path)) as served:
        for word in ("socket", "worker", "lease", "voice", "frame"):
            found = served.get(f"/storyreport/errors.json?_search={word}&_shape=array").json()
            assert [row["example"] for row in found] == [f"{word.capitalize()} lost"]


def test_what_was_deleted_is_not_suggested(db: ReportDatabase, tracker: Tracker) -> None:
    """For an unknown key, those that begin like it and are still in their source."""
    for story in ("tale-1", "tale-2"):
        tracker.register(story)
    db.ingest(tracker.path)
    change(tracker.path, "delete from stories where story_id = 'tale-2'")
    db.ingest(tracker.path)
    with closing(Served(db.path)) as served:
        page = served.get("/-/story/tale-9")
    assert page.status_code == 404
    assert re.findall(r'href="(/-/story/[^"]*)"', page.text) == ["/-/story/tale-1?source=studio"]


def test_a_step_s_page_is_of_the_source_that_it_names(db: ReportDatabase, tmp_path: Path) -> None:
    """A family of one source may be an instance in another: the page is that of the source in its address."""
    for source, step in (("one", "draw_1"), ("two", "draw")):
        (tmp_path / f"{source}.csv").write_text(
            f"id,step,family,started_at,ended_at,status\na,{step},{'sketch' if source == 'one' else ''},"
            f"2026-03-10T10:00:00Z,2026-03-10T10:01:00Z,completed\n",
            encoding="utf-8",
        )
        db.ingest(tmp_path / f"{source}.csv")
    with closing(Served(db.path)) as served:
        pages = {name: served.get(f"/-/step/{name}") for name in ("draw_1?source=one", "draw_1?source=two")}
    assert "<title>Step sketch</title>" in pages["draw_1?source=one"].text
    assert pages["draw_1?source=two"].status_code == 404
