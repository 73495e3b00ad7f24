"""Rows without an id are known by their times: read in another zone, they are the same rows."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine

STEPS = "run,step,status,started_at,ended_at\n"
CALLS = "run,step,provider,model,called_at,cost\n"


def export(folder: Path, day: int, *hours: int) -> None:
    """A step and a call of half a dollar at some hours, local time, of a day of November."""
    folder.mkdir(exist_ok=True)
    times = [f"2026-11-{day} {hour:02}:00:0" for hour in hours]
    steps = "".join(f"r1,draft,completed,{time}0,{time}5\n" for time in times)
    calls = "".join(f"r1,draft,acme,m,{time}0,0.5\n" for time in times)
    (folder / f"steps-2026-11-{day}.csv").write_text(STEPS + steps, "utf-8")
    (folder / f"calls-2026-11-{day}.csv").write_text(CALLS + calls, "utf-8")


@pytest.mark.parametrize(
    # By hand: 14:00 in Tokyo is 05:00 UTC, 18:00 in New York 23:00.
    ("zone", "hour", "first"),
    [("Asia/Tokyo", 14, "05:00"), ("America/New_York", 18, "23:00")],
)
def test_a_zone_that_is_given_later(db: ReportDatabase, tmp_path: Path, zone: str, hour: int, first: str) -> None:
    """Two steps and calls a day count once, also where one now has the time that the other had: that of 23:00."""
    folder = tmp_path / "runs"
    for day in (10, 11):
        export(folder, day, 23, hour)
    db.ingest(folder)
    db.ingest(folder, timezone=zone)
    assert sum(count for (count,) in pairs(db.report("failure_trend"), "executions")) == 4
    assert sum(cost for (cost,) in pairs(db.report("cost"), "cost")) == 2.0
    assert db.one("select count(gone_at) from step_runs") == 0
    assert db.one("select min(called_at) from calls") == f"2026-11-10T{first}:00.000Z"
    assert examine(db.path) == []


def test_a_story_of_rows_in_another_zone(db: ReportDatabase, tmp_path: Path) -> None:
    """It begins with its first row, when that is read in a zone west or east of the one before."""
    (path := tmp_path / "steps.csv").write_text("run,story,step,started_at\nr1,A,load,2026-11-10 18:00:00\n", "utf-8")
    begun = []
    for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
        db.ingest(path, timezone=zone)
        begun.append(db.one("select substr(created_at, 12, 2) from stories"))
    assert begun == ["18", "23", "09"]
