"""The plain form: attempts that are counted from 0, and runs of which a step waits."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

HEADER = "id,run,step,attempt,status,started_at,ended_at\n"


@pytest.mark.parametrize("first", [0, 1])
def test_attempts_from_zero(db: ReportDatabase, tmp_path: Path, first: int) -> None:
    """Of two pieces of work one failed at first and was recovered: one of two first attempts, whatever its number.

    Work that was skipped or cancelled before it was done did not fail, and has not recovered.
    """
    at = "2026-11-01T10:0"
    rows = (
        f"1,r1,load,{first},failed,{at}0:00Z,{at}1:00Z",
        f"2,r1,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
        f"3,r2,load,{first},success,{at}0:00Z,{at}1:00Z",
        f"4,r3,load,{first},skipped,,",
        f"5,r3,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
        f"6,r4,load,{first},cancelled,{at}0:00Z,{at}1:00Z",
        f"7,r4,load,{first + 1},success,{at}2:00Z,{at}3:00Z",
    )
    (path := tmp_path / "steps.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    db.ingest(path)
    (row,) = db.report("flaky_steps")
    assert [row[name] for name in ("runs", "retried", "recovered", "first_attempt_pct")] == [2, 1, 1, 50.0]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("success", "deferred"), "waiting"),
        (("up_for_retry", "queued"), "waiting"),
        (("success", "queued"), "queued"),
        (("running", "paused"), "running"),
        (("failed", "retry scheduled"), "waiting"),
    ],
)
def test_a_run_of_which_a_step_waits(db: ReportDatabase, tmp_path: Path, words: tuple[str, ...], status: str) -> None:
    """It waits, unless it goes on elsewhere; it has begun, so that it is not queued."""
    rows = (f"{place},r1,step-{place},,{word},2026-11-01T10:00:00Z," for place, word in enumerate(words))
    (path := tmp_path / "steps.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    db.ingest(path)
    assert pairs(db.report("run_status", run="r1"), "status") == [(status,)]
    assert pairs(db.report("active_runs"), "run", "status") == [("r1", status)]
