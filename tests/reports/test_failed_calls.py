"""Failed calls that cost: beside the calls of failed runs, each counted once."""

from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine

HEADER = "id,run,step,endpoint,provider,model,called_at,status,cost,currency"
STEPS = """run,step,status,started_at,ended_at
good,draw,completed,2026-11-10T10:00:00Z,2026-11-10T10:05:00Z
bad,draw,failed,2026-11-10T10:00:00Z,2026-11-10T10:05:00Z
"""
CALLS = """c1,good,draw,image,stability,sd3,2026-11-10T10:00:00Z,failed,0.25,USD
c2,good,draw,image,stability,sd3,2026-11-10T10:01:00Z,completed,0.5,USD
c3,bad,draw,image,stability,sd3,2026-11-10T10:02:00Z,failed,1.0,USD
c4,bad,draw,image,stability,sd3,2026-11-10T10:03:00Z,completed,2.0,USD
c5,,,chat,acme,m,2026-11-11T10:00:00Z,failed,4.0,EUR
c6,,,chat,acme,m,2026-11-11T10:01:00Z,failed,0,EUR
c7,,,chat,acme,m,2026-11-11T10:02:00Z,failed,,EUR
c8,,,chat,acme,m,2026-11-11T10:03:00Z,failed,8.0,EUR
"""
COLUMNS = ("kind", "step", "failed_runs", "calls", "cost", "currency", "share_pct")


@pytest.fixture
def failures(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """A folder of step runs and calls."""
    folder = tmp_path / "studio"
    folder.mkdir()
    (folder / "attempts.csv").write_text(STEPS, "utf-8")
    (folder / "calls.csv").write_text(f"{HEADER}\n{CALLS}", "utf-8")
    db.ingest(folder)
    return db


# Of 3.75 dollars the failed run spent 3, and a failed call of the other one 0.25; failed calls spent all 12 euros.
RUN = ("run", "draw", 1, 2, 3.0, "USD", 80.0)
CALL = ("call", "draw", None, 1, 0.25, "USD", 6.67)
ALONE = ("call", "chat", None, 2, 12.0, "EUR", 100.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [ALONE, RUN, CALL]),
        ({"since": "2026-11-11"}, [ALONE]),
        ({"until": "2026-11-10"}, [RUN, CALL]),
    ],
)
def test_failed_calls_are_beside_failed_runs(
    failures: ReportDatabase, given: dict[str, str], expected: list[Any]
) -> None:
    assert pairs(failures.report("cost_of_failures", **given), *COLUMNS) == expected


def test_a_call_moves_when_its_run_fails(failures: ReportDatabase, tmp_path: Path) -> None:
    """Then the cost of the whole run is lost: 0.25 + 0.5 + 1 + 2."""
    folder = tmp_path / "studio"
    (folder / "attempts.csv").write_text(STEPS.replace("completed", "failed"), "utf-8")
    failures.ingest(folder)
    assert pairs(failures.report("cost_of_failures", since="2026-11-01", until="2026-11-10"), *COLUMNS) == [
        ("run", "draw", 2, 4, 3.75, "USD", 100.0)
    ]


def test_a_cost_below_a_billionth(db: ReportDatabase, tmp_path: Path) -> None:
    """It is none, for the rollup and for what doctor compares it with."""
    path = tmp_path / "calls.csv"
    path.write_text("id,called_at,provider,status,cost\n1,2026-03-01T10:00:00Z,acme,failed,2.9e-76\n", "utf-8")
    db.ingest(path)
    assert db.report("cost_of_failures") == []
    assert examine(db.path) == []
