"""Acceptance: what was done and not accepted keeps its time, and is told from what failed."""

from pathlib import Path

from helpers.report_database import ReportDatabase, pairs
from helpers.tracker import Tracker


def test_a_rejected_execution_keeps_its_time(db: ReportDatabase, tracker: Tracker) -> None:
    """Of four executions one fails, one is rejected: three ran to their end, in 1, 2 and 6 seconds."""
    tracker.end("A", "03_generate", "r1", 1000)
    tracker.end("B", "03_generate", "r2", 2000)
    tracker.end("C", "03_generate", "r3", 6000)
    tracker.check("C", "03_generate", False, "too short")
    tracker.end("D", "03_generate", "r4", 50, "failed", "Timeout")
    db.ingest(tracker.path)
    for days in ({}, {"since": "2026-01-01"}):
        (row,) = db.report("slowest_steps", **days)
        assert (row["executions"], row["avg_ms"], row["max_ms"], row["total_ms"]) == (4, 3000, 6000, 9000)
        assert (row["failed"], row["rejected"]) == (2, 1)
        (row,) = db.report("failure_rates", **days)
        assert (row["completed"], row["failed"], row["failure_pct"], row["rejected"]) == (2, 2, 50.0, 1)


def test_an_acceptance_in_the_plain_form(db: ReportDatabase, tmp_path: Path) -> None:
    """A status that says failed, with a check that says so too, is a rejection; one that says completed is none."""
    (tmp_path / "plain.csv").write_text(
        "run,step,status,started_at,duration_ms,acceptance_passed\n"
        "r1,paint,failed,2026-03-01T10:00:00Z,400,0\n"
        "r2,paint,failed,2026-03-01T10:00:00Z,9999,\n"
        "r3,paint,completed,2026-03-01T10:00:00Z,200,0\n"
        "r4,paint,completed,2026-03-01T10:00:00Z,300,1\n",
        "utf-8",
    )
    db.ingest(tmp_path / "plain.csv")
    # 400 + 200 + 300, without the 9999 ms after which the second one failed.
    assert pairs(db.report("slowest_steps"), "executions", "total_ms", "failed", "rejected") == [(4, 900, 2, 1)]
    assert pairs(db.report("acceptance_rates"), "checked", "passed") == [(3, 1)]
