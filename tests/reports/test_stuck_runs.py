"""What hangs: judged by the last sign of life, whatever kind of work it is."""

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker


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
