"""Celery: results of tasks, of which only the last state is kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.run_pairs import check_pair, rows, source_of


def test_the_pair(db: ReportDatabase) -> None:
    """Every state, with names and retries, and without."""
    check_pair(db, "celery--extended")


def test_zones(db: ReportDatabase) -> None:
    """The end of a task is in the application's zone, the time of a retry in UTC."""
    db.ingest(source_of("celery--extended"), timezone="Europe/Berlin")
    found = {row["source_key"]: row for row in rows(db, "step_runs")}
    assert found["task-1"]["ended_at"] == "2026-03-01T09:00:00.250Z"
    assert found["task-4"]["queued_at"] == "2026-03-01T10:03:00.000Z"


def test_the_short_table(db: ReportDatabase, tmp_path: Path) -> None:
    """Without result_extended the table has no names and no retries."""
    path = Path(shutil.copy(source_of("celery--extended"), tmp_path / "results.db"))
    change(
        path, *(f"alter table celery_taskmeta drop column {name}" for name in ("name", "retries", "worker", "queue"))
    )
    db.ingest(path)
    assert db.sql("select distinct name from steps") == [("unnamed task",)]
    assert db.sql("select distinct attempt from step_runs") == [(None,)]


@pytest.mark.parametrize(
    ("traceback", "error"),
    [
        ("Traceback:\n  File \"a.py\", line 1\n    call()\nKeyError: 'title'\n", "KeyError: 'title'"),
        ('Traceback:\n  File "a.py", line 1\nValueError: one\n\ntwo\n', "ValueError: one\n\ntwo"),
        ("KeyError: 'title'", "KeyError: 'title'"),
        ("", None),
    ],
)
def test_errors(db: ReportDatabase, tmp_path: Path, traceback: str, error: str | None) -> None:
    """The error of a traceback is what follows its last frame."""
    path = Path(shutil.copy(source_of("celery--extended"), tmp_path / "results.db"))
    quoted = traceback.replace("'", "''")
    change(path, f"update celery_taskmeta set traceback = '{quoted}' where id = 2")
    db.ingest(path)
    assert db.one("select error_message from step_runs where source_key = 'task-2'") == error


def test_a_task_that_ends(db: ReportDatabase, tmp_path: Path) -> None:
    """A task's row is overwritten by its next state, and so is ours; one without a time is read again too."""
    path = Path(shutil.copy(source_of("celery--extended"), tmp_path / "results.db"))
    db.ingest(path)
    change(path, "update celery_taskmeta set status = 'SUCCESS', date_done = '2026-03-01 11:00:00' where id = 6")
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated) == (0, 1)
    assert db.one("select status from step_runs where source_key = 'task-6'") == "completed"


@pytest.mark.parametrize(
    "record",
    [
        {"task_id": "a", "date_done": "2026-11-20T11:00:00.250000+01:00", "children": []},
        {"_id": "a", "date_done": {"$date": "2026-11-20T10:00:00.250Z"}, "children": "[]"},
    ],
)
def test_results_elsewhere(db: ReportDatabase, tmp_path: Path, record: dict[str, Any]) -> None:
    """A key of Redis, a document of MongoDB: their times name the zone, whatever the application's is."""
    (path := tmp_path / "results.jsonl").write_text(
        json.dumps({"status": "SUCCESS", "result": 3, "traceback": None, **record}) + "\n", "utf-8"
    )
    db.ingest(path, timezone="Europe/Berlin")
    assert db.sql("select source_key, status, ended_at from step_runs") == [
        ("a", "completed", "2026-11-20T10:00:00.250Z")
    ]


def test_results_of_a_django_project(db: ReportDatabase, tmp_path: Path) -> None:
    """The table of django-celery-results: four seconds of work that failed, a task that runs, one that is queued."""
    change(
        path := tmp_path / "db.sqlite3",
        """create table django_celery_results_taskresult (
            id integer primary key, task_id varchar, status varchar, task_name varchar, result text, task_args text,
            date_created datetime, date_started datetime, date_done datetime)""",
        """insert into django_celery_results_taskresult values
            (1, 'a', 'FAILURE', 'app.draw', '{"exc_type": "ValueError", "exc_message": ["no title"]}', 'tellnoone',
                '2026-03-01 10:00:00', '2026-03-01 10:00:01', '2026-03-01 10:00:05'),
            (2, 'b', 'STARTED', 'app.draw', '{"pid": 7, "hostname": "tellnoone"}', 'tellnoone',
                '2026-03-01 10:00:00', '2026-03-01 10:00:01', '2026-03-01 10:00:01'),
            (3, 'c', 'PENDING', null, null, 'tellnoone', '2026-03-01 10:00:00', null, '2026-03-01 10:00:00')""",
    )
    db.ingest(path, timezone="Europe/Berlin")
    columns = "source_key, name, status, substr(started_at, 12, 8), duration_ms, error_message"
    assert db.sql(f"select {columns} from step_runs join steps on steps.id = step_id order by source_key") == [
        ("a", "app.draw", "failed", "10:00:01", 4000, "ValueError: no title"),
        ("b", "app.draw", "running", "10:00:01", None, None),
        ("c", "unnamed task", "queued", None, None, None),
    ]
    assert b"tellnoone" not in db.path.read_bytes()
