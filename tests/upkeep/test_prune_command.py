"""The command prune: ages, disk space, a second time, killed."""

import sqlite3
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.command_line import storyreport
from helpers.pruning import attempts, days_before
from helpers.report_database import ReportDatabase, ask
from helpers.tracker import Tracker

from storyreport.errors import StoryreportError
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune


def test_pruning_twice(old_and_new: ReportDatabase) -> None:
    """A second pruning goes on from the first; one of less changes nothing."""
    db = old_and_new
    prune(db.path, days_before(150))
    assert db.one("select detail_since from sources") is None
    prune(db.path, days_before(30))
    assert prune(db.path, days_before(60)).rows == {}
    assert db.one("select detail_since from sources") == days_before(30).isoformat()
    rows = prune(db.path, days_before(-1)).rows
    assert rows == {("studio", "step_runs"): 3}
    assert attempts(db) == ["FAILING/01_ingest/1", "LOST/01_ingest/1", "OPEN/01_ingest/1", "OPEN/02_preprocess/1"]
    assert examine(db.path) == []


def test_the_file_gets_smaller(db: ReportDatabase, tracker: Tracker) -> None:
    """The space is given back at once, about as much as the dry run said, and the dry run writes nothing."""
    tracker.fill(20_000)
    db.ingest(tracker.path)
    content, size = db.path.read_bytes(), db.path.stat().st_size
    would = prune(db.path, date(2026, 1, 1), dry_run=True)
    assert db.path.read_bytes() == content
    done = prune(db.path, date(2026, 1, 1))
    assert done.rows == would.rows
    assert db.path.stat().st_size == size - done.size_bytes
    assert size / 4 < done.size_bytes < size
    assert done.size_bytes / 2 < would.size_bytes < done.size_bytes * 2
    assert ask(db.path, "pragma integrity_check") == [("ok",)]


def test_no_space(old_and_new: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has no room for a copy, nothing is removed."""
    db = old_and_new
    before = attempts(db)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(StoryreportError, match="nothing was changed"):
        prune(db.path, days_before(30))
    assert attempts(db) == before
    assert db.one("select detail_since from sources") is None


def test_the_command(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """It says what goes, from which source, before which day; the list of sources says since when detail is there."""
    tracker.now = datetime.now(timezone.utc) - timedelta(days=20)
    tracker.register("A")
    tracker.end("A", "01_ingest", "run-1", 100)
    tracker.clock(days=20)
    tracker.register("B")
    tracker.end("B", "01_ingest", "run-2", 100)
    db.ingest(tracker.path)
    day = (datetime.now(timezone.utc) - timedelta(days=14)).date()

    done = storyreport("prune", "--older-than", "2w", "--dry-run", "--db", db.path, cwd=tmp_path)
    assert done.stdout.splitlines()[0] == f"studio: 1 step runs from before {day} would be deleted"
    assert attempts(db) == ["A/01_ingest/1", "B/01_ingest/1"]
    done = storyreport("prune", "--older-than", "14d", "--db", db.path, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"studio: 1 step runs from before {day} deleted"
    assert attempts(db) == ["B/01_ingest/1"]
    done = storyreport("prune", "--older-than", "14d", "--db", db.path, cwd=tmp_path)
    assert done.stdout == f"nothing from before {day} deleted\n"
    done = storyreport("sources", "--format", "csv", "--db", db.path, cwd=tmp_path)
    assert done.stdout.splitlines()[0].endswith("locations,detail_since,rolled_up_by,rolled_up_at,up_to_day")
    assert done.stdout.splitlines()[1].endswith(f",{day},,,")
    done = storyreport("ingest", tracker.path, "--full", "--db", db.path, cwd=tmp_path)
    assert ", 0 rejected, 1 pruned before and skipped in " in done.stdout


@pytest.mark.parametrize("age", ["365", "d", "0d", "-1d", "1.5y", "12m", "99999d", "9999y", ""])
def test_an_age_that_is_none(age: str, tmp_path: Path) -> None:
    """Only days, weeks and years are taken: a month or a minute could be meant by m."""
    done = storyreport("prune", f"--older-than={age}", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not an age; use e.g. 365d, 52w or 2y" in done.stderr


def test_a_killed_prune(old_and_new: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is interrupted has changed nothing."""
    db = old_and_new
    before = [db.sql(f"select * from {table}") for table in ("step_runs", "stories", "runs", "sources", "inputs")]

    def fail(connection: sqlite3.Connection, table: str) -> None:
        if table == "log_events":
            raise KeyboardInterrupt

    monkeypatch.setattr("storyreport.upkeep.prune._lower_watermarks", fail)
    with pytest.raises(KeyboardInterrupt):
        prune(db.path, days_before(30))
    assert before == [
        db.sql(f"select * from {table}") for table in ("step_runs", "stories", "runs", "sources", "inputs")
    ]
