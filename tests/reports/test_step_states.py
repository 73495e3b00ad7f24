"""How many stories are in which state at each step."""

from pathlib import Path

from helpers.report_database import ReportDatabase, change, pairs
from helpers.tracker import Tracker

from storyreport.upkeep.doctor import examine

COLUMNS = ("step", "completed", "failed", "running", "pending", "other")


def test_states_are_those_of_the_tracker(db: ReportDatabase, tracker: Tracker) -> None:
    """The report counts as the tracker's own SQL on its current states does, of a story that is missing too."""
    for story in "ABC":
        tracker.register(story)
    tracker.end("A", "01_ingest", "r1", 10, "failed", "Timeout")
    tracker.end("A", "01_ingest", "r1", 10)
    tracker.end("A", "02_preprocess", "r1", 10)
    tracker.end("B", "01_ingest", "r2", 10)
    tracker.end("B", "02_preprocess", "r2", 10, "failed", "Timeout")
    tracker.start("C", "01_ingest", "r3")
    tracker.end("GHOST", "01_ingest", "r4", 10)
    db.ingest(tracker.path)
    assert pairs(db.report("step_states"), *COLUMNS) == [
        ("01_ingest", 3, 0, 1, 0, 0),
        ("02_preprocess", 1, 1, 0, 0, 0),
    ]
    change(tracker.path, "update step_status set status = 'pending' where story_id = 'C'")
    tracker.end("B", "02_preprocess", "r5", 10)
    db.ingest(tracker.path)
    assert pairs(db.report("step_states"), *COLUMNS) == [
        ("01_ingest", 3, 0, 0, 1, 0),
        ("02_preprocess", 2, 0, 0, 0, 0),
    ]
    assert db.report("step_states", source="other") == []
    assert examine(db.path) == []


def test_instances_of_a_step_are_one(db: ReportDatabase, tmp_path: Path) -> None:
    """A story's chapters are one step, in the state of the latest; a word that is not known is another state."""
    (tmp_path / "plain.csv").write_text(
        "run,story,step,status,started_at\n"
        "r1,A,write_1,completed,2026-03-01T10:00:00Z\n"
        "r1,A,write_2,failed,2026-03-01T11:00:00Z\n"
        "r2,B,write_1,failed,2026-03-01T10:00:00Z\n"
        "r2,B,write_2,completed,2026-03-01T11:00:00Z\n"
        "r3,C,write_1,meditating,2026-03-01T11:00:00Z\n"
        "r4,,write_1,completed,2026-03-01T11:00:00Z\n",
        "utf-8",
    )
    db.ingest(tmp_path / "plain.csv")
    assert pairs(db.report("step_states"), *COLUMNS) == [("write", 1, 1, 0, 0, 1)]


def test_a_deleted_story_has_no_state(db: ReportDatabase, tracker: Tracker) -> None:
    """What the source no longer has is not counted."""
    for story in "AB":
        tracker.register(story)
        tracker.end(story, "01_ingest", f"r{story}", 10)
    db.ingest(tracker.path)
    for table in ("stories", "step_status", "step_history"):
        change(tracker.path, f"delete from {table} where story_id = 'A'")
    db.ingest(tracker.path)
    assert pairs(db.report("step_states"), *COLUMNS) == [("01_ingest", 1, 0, 0, 0, 0)]
    assert examine(db.path) == []
