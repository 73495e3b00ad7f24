"""The story pipeline tracker: its database when it changes between ingests."""

from pathlib import Path

import pytest
from helpers.pipeline import attempts, executions_of, reported_executions
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker

from storyreport.load import recent


def test_the_same_again_writes_nothing(db: ReportDatabase, real_pipeline: Path) -> None:
    """An unchanged source is not even read; read in full, it gives the same rows."""
    db.ingest(real_pipeline)
    before = db.sql("select * from step_runs order by id"), db.counts()
    again = db.ingest(real_pipeline)
    assert (again.unchanged, again.counts.written, again.counts.read) == (True, 0, 0)
    full = db.ingest(real_pipeline, full=True)
    assert (full.unchanged, full.counts.written, full.counts.read) == (False, 0, 44)
    assert (db.sql("select * from step_runs order by id"), db.counts()) == before


@pytest.fixture
def few_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of ten thousand rows is long: of each table the last thousand are looked at again."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 1000)


@pytest.mark.usefixtures("few_again")
def test_replaced_and_updated_rows_are_found(db: ReportDatabase, tracker: Tracker) -> None:
    """What the tracker replaces or updates in place shows next time; a long history is not read again for it."""
    tracker.fill(10_000)
    tracker.register("A", "Old title")
    tracker.end("A", "01_ingest", "r1", 1000)
    tracker.start("A", "02_preprocess", "r1")
    tracker.clock(days=1)
    db.ingest(tracker.path)
    tracker.clock(minutes=5)
    tracker.register("A", "New title")
    tracker.end("A", "02_preprocess", "r1", 3000)
    tracker.check("A", "01_ingest", False, "Too dull")
    tracker.start("A", "03_generate", "r1")
    change(
        tracker.path,
        "update step_status set status = 'failed', error_message = 'Disk full', completed_at = '2026-03-11 12:06:00'"
        " where story_id = 'A' and step_name = '03_generate'",
    )
    outcome = db.ingest(tracker.path)
    assert attempts(db)[:3] == [
        ("A", "01_ingest", 1, "failed", "r1", 0, "Too dull"),
        ("A", "02_preprocess", 1, "completed", "r1", None, None),
        ("A", "03_generate", 1, "failed", "r1", None, "Disk full"),
    ]
    assert db.sql("select title from stories where source_key = 'A'") == [("New title",)]
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 3, 0)
    assert outcome.counts.read < 6000, "not the whole history of 22,002 rows"
    assert reported_executions(db) == executions_of(tracker.path)


@pytest.mark.usefixtures("few_again")
def test_a_step_that_hung_for_long_is_found_when_it_ends(db: ReportDatabase, tracker: Tracker) -> None:
    """An old open row that is updated in place, under its old number, is read again because it was open."""
    tracker.start("HUNG", "01_ingest", "r0")
    tracker.fill(10_000)
    db.ingest(tracker.path)
    change(tracker.path, "update step_status set status = 'completed' where story_id = 'HUNG'")
    db.ingest(tracker.path)
    assert ("HUNG", "01_ingest", 1, "completed", "r0", None, None) in attempts(db)


def test_a_deleted_story_leaves_orphans(db: ReportDatabase, tracker: Tracker) -> None:
    """A story that is deleted stays as gone, and its steps point at nothing until it is back."""
    for story in ("A", "B"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "r-" + story, 1000)
    db.ingest(tracker.path)
    assert db.report("orphans") == []
    change(tracker.path, "delete from stories where story_id = 'A'")
    outcome = db.ingest(tracker.path)
    assert outcome.counts.gone == 1
    assert [(row["kind"], row["missing_key"]) for row in db.report("orphans")] == [("step_run", "A")]
    assert db.sql("select source_key from stories where gone_at is not null") == [("A",)]
    assert reported_executions(db) == {("01_ingest", 2, 2, 0)}
    tracker.register("A")
    db.ingest(tracker.path)
    assert db.report("orphans") == []
    assert db.sql("select source_key from stories where gone_at is not null") == []


def test_what_vanishes_stays_as_history(db: ReportDatabase, tracker: Tracker) -> None:
    """A story that is deleted with all its steps is no orphan; what it did still counts."""
    for story in ("A", "B"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "r", 1000)
    tracker.start("A", "02_preprocess", "r")
    db.ingest(tracker.path)
    for table in ("stories", "step_status", "step_history"):
        change(tracker.path, f"delete from {table} where story_id = 'A'")
    outcome = db.ingest(tracker.path)
    assert outcome.counts.gone == 3
    assert db.report("orphans") == []
    assert reported_executions(db) == {("01_ingest", 2, 2, 0)}
    assert db.report("stuck_runs", as_of="2027-01-01") == []
    assert [row[0] for row in attempts(db)] == ["B"]


def test_a_vacuum_changes_nothing(db: ReportDatabase, tracker: Tracker) -> None:
    """Row numbers may be given again."""
    tracker.fill(500)
    change(tracker.path, "delete from step_history where id % 3 = 0")
    db.ingest(tracker.path)
    before = attempts(db)
    tracker.connection.execute("vacuum")
    assert db.ingest(tracker.path).counts.written == 0
    assert attempts(db) == before
