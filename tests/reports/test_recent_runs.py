"""The latest runs, against what is usual, with what they cost and why they failed."""

from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine

HEAD = "run,story,step,attempt,status,started_at,ended_at,duration_ms,error"


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """19 runs of 10 s on February 2, one of 20 s on March 1; then runs on March 1 to 3 with what is special to each."""
    attempts = [HEAD, *(f"old-{n:02},,plan,1,completed,,2026-02-02T10:00:{n:02}Z,10000," for n in range(19))]
    attempts += [
        # 28 days after February 2: of these 19 runs alone, which are too few.
        "first,S-1,plan,1,completed,2026-03-01T09:59:40Z,2026-03-01T10:00:00Z,20000,",
        # February 2 is 28 days before March 2, too: with the one before there are 20, 19 of them of 10 s.
        "slow,S-1,plan,1,failed,2026-03-02T10:00:00Z,2026-03-02T10:00:05Z,5000,Timeout",
        "slow,S-1,plan,2,completed,2026-03-02T10:00:05Z,2026-03-02T10:00:15Z,10000,",
        "slow,S-1,write_1,1,completed,2026-03-02T10:00:15Z,2026-03-02T10:00:20Z,5000,",
        # February 3 is the first of the 28 days before March 3.
        "broken,S-2,plan,1,failed,2026-03-03T08:00:00Z,2026-03-03T08:00:30Z,30000,No more tokens",
    ]
    calls = [
        "run,provider,called_at,cost,currency",
        "slow,acme,2026-03-02T10:00:10Z,0.5,USD",
        "slow,acme,2026-03-02T10:00:11Z,0.25,USD",
        "broken,acme,2026-03-03T08:00:10Z,1,USD",
        "broken,acme,2026-03-03T08:00:11Z,2,EUR",
    ]
    (tmp_path / "plain").mkdir()
    for name, lines in (("attempts", attempts), ("calls", calls)):
        (tmp_path / "plain" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = ReportDatabase(tmp_path)
    found.ingest(tmp_path / "plain")
    return found


def runs(db: ReportDatabase, **given: str) -> list[Any]:
    """The keys of the runs listed."""
    return [row["run"] for row in db.report("recent_runs", **given)]


def test_the_latest_runs_and_what_is_special_to_each(db: ReportDatabase) -> None:
    columns = ("run", "story", "status", "duration_ms", "failed_steps", "attempts", "cost", "currency", "error")
    assert pairs(db.report("recent_runs", limit="3"), *columns) == [
        ("broken", "S-2", "failed", 30_000, 1, 1, 2.0, "EUR", "No more tokens"),
        ("broken", "S-2", "failed", 30_000, 1, 1, 1.0, "USD", "No more tokens"),
        ("slow", "S-1", "completed", 20_000, 1, 3, 0.75, "USD", None),
        ("first", "S-1", "completed", 20_000, 0, 1, None, None, None),
    ]


def test_usual_is_the_median_of_twenty_or_more(db: ReportDatabase) -> None:
    """19 runs of 10 s and one of 20 s: 10 s within 1 %, of which 20 s are twice as much."""
    found = {row["run"]: (row["usual_ms"], row["slower_pct"]) for row in db.report("recent_runs", since="2026-03-01")}
    assert found["first"] == (None, None)
    assert found["broken"] == (None, None)
    usual_ms, slower_pct = found["slow"]
    assert usual_ms == pytest.approx(10_000, rel=0.01)
    assert slower_pct == pytest.approx(100, abs=2.1)


def test_only_what_completed_is_called_slower(tmp_path: Path) -> None:
    """Twenty runs of 10 s the day before: one of 15 s is 50 % slower; how long others took says nothing."""
    attempts = [HEAD, *(f"old-{n:02},,plan,1,completed,,2026-02-02T10:00:{n:02}Z,10000," for n in range(20))]
    attempts += [
        "done,,plan,1,completed,2026-02-03T10:00:00Z,2026-02-03T10:00:15Z,15000,",
        "lost,,plan,1,failed,2026-02-03T11:00:00Z,2026-02-03T11:00:01Z,1000,Timeout",
        "open,,plan,1,running,2026-02-03T12:00:00Z,,,",
    ]
    path = tmp_path / "attempts.csv"
    path.write_text("\n".join(attempts) + "\n", encoding="utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(path)
    found = {row["run"]: row["slower_pct"] for row in db.report("recent_runs", limit="3")}
    assert found.pop("done") == pytest.approx(50, abs=1.1)
    assert found == {"lost": None, "open": None}


def test_the_newest_come_first_up_to_the_limit(db: ReportDatabase) -> None:
    assert runs(db)[2:5] == ["slow", "first", "old-18"]
    assert len(runs(db)) == 23, "22 runs, of which one was paid in two currencies"
    assert runs(db, limit="6") == ["broken", "broken", "slow", "first", "old-18", "old-17", "old-16"]
    assert runs(db, limit="0") == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": "failed"}, ["broken", "broken"]),
        ({"story": "S-1"}, ["slow", "first"]),
        ({"story": "S-1", "limit": "1"}, ["slow"]),
        ({"story": "S-1", "until": "2026-03-01"}, ["first"]),
        ({"step": "write"}, ["slow"]),
        ({"step": "write_1", "limit": "1"}, ["slow"]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, ["slow"]),
        ({"until": "2026-02", "limit": "2"}, ["old-18", "old-17"]),
        ({"story": "S-3"}, []),
        ({"source": "other"}, []),
    ],
    ids=str,
)
def test_filters(db: ReportDatabase, given: dict[str, str], expected: list[str]) -> None:
    assert runs(db, **given) == expected


def test_doctor_agrees_with_the_durations(db: ReportDatabase) -> None:
    assert db.sql("select day, sum(runs) from rollup_run_day_durations group by day order by day") == [
        ("2026-02-02", 19),
        ("2026-03-01", 1),
        ("2026-03-02", 1),
    ]
    assert examine(db.path) == []
