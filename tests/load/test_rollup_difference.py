"""Rollups by the difference that changed rows make: the other rows of their days are not added up again."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from helpers.histories import PLAIN
from helpers.report_database import ReportDatabase, change

from storyreport.rollups import difference
from storyreport.upkeep.doctor import examine

DAY = "2026-03-01"
# What no row says: it stays where a day is not added up again.
PLANTED = 1000


@pytest.fixture
def source(db: ReportDatabase, tmp_path: Path) -> Path:
    """Twenty executions of a step of one day, by twenty stories, of 100 to 2,000 ms."""
    path = tmp_path / "plain.db"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(PLAIN)
        connection.executemany(
            "insert into step_runs (story, step, attempt, status, started_at, ended_at, duration_ms)"
            f" values (?, 'plan', 1, 'completed', '{DAY}T10:00:00Z', '{DAY}T10:01:00Z', ?)",
            [(f"story {number}", 100 * number) for number in range(1, 21)],
        )
    db.ingest(path)
    return path


def plant(db: ReportDatabase) -> None:
    change(db.path, f"update rollup_step_days set executions = executions + {PLANTED}")
    change(db.path, f"update rollup_state_days set stories = stories + {PLANTED}")


def day(db: ReportDatabase) -> tuple[int, ...]:
    """Executions, failures, retries, the largest duration and all durations of the step's day."""
    ((*found,),) = db.sql("select executions, failed, retried, max_ms, total_ms from rollup_step_days")
    return tuple(found)


def test_one_change_adds_what_it_changes(db: ReportDatabase, source: Path) -> None:
    """A failure for a completion, and a second try: 20 and 1 executions, one failed, one retried."""
    plant(db)
    change(
        source,
        "update step_runs set status = 'failed' where id = 3",
        "insert into step_runs (story, step, attempt, status, started_at, ended_at, duration_ms)"
        f" values ('story 3', 'plan', 2, 'completed', '{DAY}T11:00:00Z', '{DAY}T11:01:00Z', 250)",
    )
    db.ingest(source)
    assert day(db) == (PLANTED + 21, 1, 1, 2000, 21000 - 300 + 250)
    # The story's state is that of its latest attempt, as it was before: twenty stories.
    assert db.sql("select status, stories from rollup_state_days") == [("completed", PLANTED + 20)]


def test_a_largest_value_that_leaves_is_looked_for(db: ReportDatabase, source: Path) -> None:
    """The day is added up again, so that what was planted is gone."""
    plant(db)
    change(source, "update step_runs set duration_ms = 50 where id = 20")
    db.ingest(source)
    assert day(db) == (20, 0, 0, 1900, 21000 - 2000 + 50)


def test_a_larger_value_takes_its_place(db: ReportDatabase, source: Path) -> None:
    plant(db)
    change(source, "update step_runs set duration_ms = 5000 where id = 20")
    db.ingest(source)
    assert day(db) == (PLANTED + 20, 0, 0, 5000, 21000 - 2000 + 5000)


def test_a_day_that_has_no_rows_any_more_is_gone(db: ReportDatabase, source: Path) -> None:
    change(source, "update step_runs set ended_at = '2026-03-02T10:01:00Z'")
    db.ingest(source)
    assert db.sql("select day, executions from rollup_step_days") == [("2026-03-02", 20)]
    assert db.sql("select distinct day from rollup_step_day_durations") == [("2026-03-02",)]
    assert examine(db.path) == []


def test_where_most_rows_change_whole_days_are_added_up(
    db: ReportDatabase, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "MANY", 1)
    plant(db)
    change(source, "update step_runs set status = 'failed' where id <= 10")
    db.ingest(source)
    assert day(db) == (20, 10, 0, 2000, 21000 - 5500)
