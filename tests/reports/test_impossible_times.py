"""Times in the future or at the beginning of the epoch are findings, and count in no last days."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

NOW = datetime.now(timezone.utc).replace(microsecond=0)
HEADER = "id,run,step,status,started_at,ended_at\n"


def steps(path: Path, *rows: tuple[str, datetime, timedelta]) -> Path:
    """Steps with an id, a start and a duration."""
    lines = (f"{key},r{key},draft,completed,{at.isoformat()},{(at + took).isoformat()}\n" for key, at, took in rows)
    path.write_text(HEADER + "".join(lines), "utf-8")
    return path


def findings(db: ReportDatabase) -> list[tuple[object, ...]]:
    """Problems of times with their rows."""
    return sorted(pairs([row for row in db.report("data_quality") if row["area"] == "times"], "problem", "rows"))


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (NOW + timedelta(days=400), [("step_runs: times in the future", 1)]),
        (NOW + timedelta(hours=1), [("step_runs: times in the future", 1)]),
        # Clocks differ by minutes.
        (NOW + timedelta(minutes=4), []),
        (NOW - timedelta(minutes=1), []),
        (datetime(1970, 1, 1, tzinfo=timezone.utc), [("step_runs: times at the epoch", 1)]),
        (datetime(1999, 1, 1, tzinfo=timezone.utc), []),
    ],
)
def test_it_is_a_finding(db: ReportDatabase, tmp_path: Path, at: datetime, found: list[tuple[str, int]]) -> None:
    """Whatever is later than now or at the epoch is counted, with an example."""
    db.ingest(steps(tmp_path / "steps.csv", ("1", at, timedelta(seconds=2))))
    assert findings(db) == found


def test_last_days_end_with_today(db: ReportDatabase, tmp_path: Path) -> None:
    """A run of next year is not what the last days are counted from."""
    soon, long = timedelta(seconds=1), timedelta(seconds=50)
    past = [(str(n), NOW - timedelta(days=n), soon) for n in range(1, 14)]
    db.ingest(steps(tmp_path / "steps.csv", *past, ("99", NOW + timedelta(days=365), long)))
    (row,) = db.report("duration_changes", days="7")
    assert row["p95_ms"] < 2_000


@pytest.mark.parametrize(("since", "executions"), [("7d", 1), ("24h", 1), ("2020-01-01", 2), ("", 2)])
def test_days_counted_from_now_end_with_today(db: ReportDatabase, tmp_path: Path, since: str, executions: int) -> None:
    """Without an end, what is to come belongs to a period that begins on a date, and not to the last days."""
    took = timedelta(seconds=1)
    db.ingest(steps(tmp_path / "steps.csv", ("1", NOW - took, took), ("2", NOW + timedelta(days=365), took)))
    assert pairs(db.report("failure_rates", since=since), "executions") == [(executions,)]
    assert sum(row["runs_completed"] for row in db.report("throughput", since=since)) == executions


def test_no_age_is_negative(db: ReportDatabase, tmp_path: Path) -> None:
    """Work that began in the future has run for no time."""
    path = tmp_path / "steps.csv"
    path.write_text(f"{HEADER}1,r1,draft,running,{(NOW + timedelta(days=2)).isoformat()},\n", "utf-8")
    db.ingest(path)
    assert {row["running_minutes"] for row in db.report("active_runs")} == {0}
    said = [row["detail"] for row in db.report("run_diagnosis", run="r1")]
    assert any("Last sign of life 0 minutes ago" in detail for detail in said)
