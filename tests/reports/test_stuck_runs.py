"""Stuck work, by the last sign of life, whatever kind of work it is."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker
from helpers.workflow import add_run


def test_a_step_hangs_from_the_minute_on(db: ReportDatabase, tracker: Tracker) -> None:
    """A running step is stuck once its silence is as long as the limit, to the minute."""
    tracker.register("A")
    tracker.start("A", "03_generate", "r1")
    db.ingest(tracker.path)
    assert db.report("stuck_runs", as_of="2026-03-10T12:59:59Z") == []
    (stuck,) = db.report("stuck_runs", as_of="2026-03-10T13:00:00Z")
    assert stuck == {
        "source": "studio",
        "kind": "step",
        "run": "r1",
        "story": "A",
        "step": "03_generate",
        "started_at": "2026-03-10T12:00:00.000Z",
        "last_activity_at": "2026-03-10T12:00:00.000Z",
        "stuck_minutes": 60,
        "reason": "no sign of life since it started",
        "broken_limit": "minutes",
        "pipeline": "pipeline",
    }
    assert len(db.report("stuck_runs", as_of="2026-03-10T12:01:00Z", minutes="1")) == 1
    assert db.report("stuck_runs", as_of="2026-03-10T13:00:00Z", source="other") == []
    assert len(db.report("stuck_runs")) == 1, "as of now"


@pytest.mark.parametrize(
    ("change_made", "reason"),
    [
        ("started_at = null, created_at = null", "no start and no sign of life recorded"),
        ("started_at = null", "no start recorded, silent for longer than the limit"),
        ("created_at = '2026-03-10 12:30:00'", "silent since its last sign of life"),
    ],
)
def test_a_missing_start_is_a_reason(db: ReportDatabase, tracker: Tracker, change_made: str, reason: str) -> None:
    """Work without a start is listed, and why."""
    tracker.register("A")
    tracker.start("A", "03_generate", "r1")
    change(tracker.path, f"update step_status set {change_made}")
    db.ingest(tracker.path)
    assert [row["reason"] for row in db.report("stuck_runs", as_of="2026-03-11")] == [reason]


@pytest.mark.parametrize("status", ["pending", "completed", "failed", "Running "])
def test_only_running_work_can_be_stuck(db: ReportDatabase, tracker: Tracker, status: str) -> None:
    """Queued or finished work is not stuck; a status is read in any case."""
    tracker.register("A")
    tracker.start("A", "01_ingest", "r1")
    change(tracker.path, f"update step_status set status = '{status}'")
    db.ingest(tracker.path)
    assert len(db.report("stuck_runs", as_of="2026-03-11")) == (status == "Running ")


def test_a_step_of_an_unknown_story_can_hang(db: ReportDatabase, tracker: Tracker) -> None:
    """The story is named as the source wrote it."""
    tracker.start("GHOST", "01_ingest", "r1")
    db.ingest(tracker.path)
    assert [row["story"] for row in db.report("stuck_runs", as_of="2026-03-11")] == ["GHOST"]


@pytest.mark.parametrize(
    "sign",
    [
        "update workflows set updated_at = '{at}' where id = 'w2'",
        "insert into generation_progress values (9, 'w2', 20, 'image_generation', 'in_progress', 60, '{at}')",
        "insert into api_usage (workflow_id, created_at) values ('w2', '{at}')",
        "insert into generated_files (id, workflow_id, file_type, created_at) values ('f9', 'w2', 'image', '{at}')",
    ],
    ids=["update", "event", "call", "file"],
)
def test_every_sign_of_life_of_a_run(db: ReportDatabase, movies: Path, sign: str) -> None:
    """An update, an event, a call and a file each show alone that a run is alive; health counts as the report does."""
    change(movies, sign.format(at="2026-03-02 10:30:00"))
    db.ingest(movies)
    (stuck,) = db.report("stuck_runs", as_of="2026-03-02T11:31:00Z")
    assert (stuck["run"], stuck["last_activity_at"]) == ("w2", "2026-03-02T10:30:00.000Z")
    assert (stuck["stuck_minutes"], stuck["reason"]) == (61, "silent since its last sign of life")
    found = {}
    for as_of in ("2026-03-02T11:29:59Z", "2026-03-02T11:30:00Z"):
        (check,) = [row for row in db.report("health", as_of=as_of) if row["check"] == "stuck"]
        found[as_of] = (len(db.report("stuck_runs", as_of=as_of)), check["count"])
    assert found == {"2026-03-02T11:29:59Z": (0, 0), "2026-03-02T11:30:00Z": (1, 1)}


def test_updates_of_a_workflow_are_signs_of_life(db: ReportDatabase, tales: Path) -> None:
    """Each of a run and its step is as alive as its own latest update says, and a run as its steps are."""
    add_run(tales, "r1", "A", "running", 10, ("write_outline", "running"))
    change(
        tales,
        "update story_generation_runs set updated_at = '2026-03-01T10:40:00Z'",
        "update story_generation_steps set updated_at = '2026-03-01T10:20:00Z'",
    )
    db.ingest(tales)
    found = [(row["step"], row["last_activity_at"]) for row in db.report("stuck_runs", as_of="2026-03-02")]
    assert found == [("write_outline", "2026-03-01T10:20:00.000Z"), (None, "2026-03-01T10:40:00.000Z")]
    change(tales, "update story_generation_steps set updated_at = '2026-03-01T10:50:00Z'")
    db.ingest(tales)
    found = [(row["step"], row["last_activity_at"]) for row in db.report("stuck_runs", as_of="2026-03-02")]
    assert found == [(None, "2026-03-01T10:50:00.000Z"), ("write_outline", "2026-03-01T10:50:00.000Z")]
