"""Luigi: attempts from the events of its task history, in the scheduler's own time."""

import shutil
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.run_pairs import check_pair, rows, source_of

from storyreport.errors import StoryreportError


def test_the_pair(db: ReportDatabase) -> None:
    """Attempts, waits, tasks that were complete before, and an unknown word."""
    check_pair(db, "luigi--history")


def test_local_times(db: ReportDatabase) -> None:
    """Times are local ones of the scheduler."""
    db.ingest(source_of("luigi--history"), timezone="Europe/Berlin")
    started = {row["source_key"]: row["started_at"] for row in rows(db, "step_runs")}
    assert started["1/1"] == "2026-03-01T09:00:01.000Z"


def test_the_end_of_summer_time(db: ReportDatabase, tmp_path: Path) -> None:
    """Events are in their own order where the clock was set back between them."""
    path = Path(shutil.copy(source_of("luigi--history"), tmp_path / "history.db"))
    change(
        path,
        "delete from task_events",
        "insert into task_events values (1, 4, 'RUNNING', '2026-10-25 02:50:00')",
        "insert into task_events values (2, 4, 'DONE', '2026-10-25 02:10:00')",
    )
    db.ingest(path, timezone="Europe/Berlin")
    assert db.sql("select source_key, status from step_runs") == [("4/1", "completed")]


def test_events_that_follow(db: ReportDatabase, tmp_path: Path) -> None:
    """An attempt that ends later is the same row."""
    path = Path(shutil.copy(source_of("luigi--history"), tmp_path / "history.db"))
    db.ingest(path)
    change(path, "insert into task_events values (16, 4, 'DONE', '2026-03-01 10:21:00.500000')")
    assert db.ingest(path).counts.inserted == 0
    (film,) = [row for row in rows(db, "step_runs") if row["step"] == "Film"]
    assert (film["status"], film["duration_ms"]) == ("completed", 59_500)


def test_events_of_an_unknown_task(db: ReportDatabase, tmp_path: Path) -> None:
    """Events whose task is not in the table of tasks are not lost."""
    path = Path(shutil.copy(source_of("luigi--history"), tmp_path / "history.db"))
    change(path, "delete from tasks where id = 4")
    db.ingest(path)
    found = {row["source_key"]: (row["step"], row["status"]) for row in rows(db, "step_runs")}
    assert found["4/1"] == ("unknown task", "running")
    assert len(found) == 7


def test_a_task_that_was_recorded_again(db: ReportDatabase, tmp_path: Path) -> None:
    """A restarted scheduler records a failed task again: it has recovered once the new record is done."""
    path = Path(shutil.copy(source_of("luigi--history"), tmp_path / "history.db"))
    change(
        path,
        "delete from task_events",
        "update tasks set task_id = 'Film__1' where id = 4",
        "insert into tasks values (40, 'Film__1', 'Film', 'h')",
        "insert into task_events values (1, 4, 'RUNNING', '2026-03-01 10:00:00')",
        "insert into task_events values (2, 4, 'FAILED', '2026-03-01 10:00:05')",
        "insert into task_events values (3, 40, 'RUNNING', '2026-03-01 11:00:00')",
    )
    db.ingest(path)
    assert db.sql("select run, recovered_at from failed_work") == [("4", None)]
    change(path, "insert into task_events values (4, 40, 'DONE', '2026-03-01 11:00:09')")
    db.ingest(path)
    assert db.sql("select run, recovered_at from failed_work") == [("4", "2026-03-01T11:00:09.000Z")]


def test_another_table_of_tasks(db: ReportDatabase, tmp_path: Path) -> None:
    """A table of tasks alone is no history of Luigi."""
    change(tmp_path / "tasks.db", "create table tasks (id integer, task_id text, name text, host text)")
    with pytest.raises(StoryreportError, match="not a database"):
        db.ingest(tmp_path / "tasks.db")
