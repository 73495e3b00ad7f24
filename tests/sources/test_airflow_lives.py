"""Airflow without a history of tries: the row of a task is all that tells of the last try and of the next one."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine


def export(path: Path, *tasks: dict[str, Any]) -> Path:
    """An export of task instances: tries of five minutes in run `r` of DAG `d`."""
    common = {"dag_id": "d", "run_id": "r", "task_id": "load", "try_number": 1}
    path.write_text("".join(json.dumps(common | task) + "\n" for task in tasks), "utf-8")
    return path


def at(day: int, **more: Any) -> dict[str, Any]:
    """A try of 10:00 to 10:05 on a day of November."""
    return {"start_date": f"2026-11-{day:02}T10:00:00Z", "end_date": f"2026-11-{day:02}T10:05:00Z", **more}


@pytest.fixture
def ingested(db: ReportDatabase, tmp_path: Path) -> Any:
    """A function that ingests an export in place of the one before."""

    def ingest(*tasks: dict[str, Any]) -> ReportDatabase:
        db.ingest(export(tmp_path / "task_instance.jsonl", *tasks))
        assert examine(db.path) == []
        return db

    return ingest


def executions(db: ReportDatabase) -> list[tuple[Any, ...]]:
    """Executions and failures by day."""
    return sorted(pairs(db.report("failure_trend"), "day", "executions", "failed"))


def test_metadata_that_begins_again(ingested: Any) -> None:
    """A catch-up after `airflow db reset` has the same run ids and tries: the earlier failure is not lost."""
    ingested(at(1, state="failed"))
    db = ingested(at(20, state="success"))
    assert executions(db) == [("2026-11-01", 1, 1), ("2026-11-20", 1, 0)]


def test_a_task_that_waits_for_its_retry_has_failed_once(ingested: Any) -> None:
    """The first try failed, the second waits; then the row has the second only: one of two executions failed."""
    db = ingested(at(1, state="up_for_retry"))
    assert db.sql("select attempt, status, duration_ms from step_runs order by 1") == [
        (1, "failed", 300_000),
        (2, "waiting", None),
    ]
    db = ingested(at(2, state="success", try_number=2))
    assert executions(db) == [("2026-11-01", 1, 1), ("2026-11-02", 1, 0)]
    (flaky,) = db.report("flaky_steps")
    assert (flaky["retried"], flaky["recovered"], flaky["first_attempt_pct"]) == (1, 1, 0.0)


@pytest.mark.parametrize("state", [None, "none", "no_status", ""])
def test_a_cleared_task_has_its_first_try_still(ingested: Any, state: str | None) -> None:
    """A cleared task keeps the times of its last try until the next begins: that one is queued, the last has ended."""
    ingested(at(1, state="success"))
    db = ingested(at(1, state=state))
    assert executions(db) == [("2026-11-01", 1, 0)]
    assert db.sql("select attempt, status, started_at from step_runs where gone_at is null") == [(2, "queued", None)]
    db = ingested(at(3, state="failed", try_number=2))
    assert executions(db) == [("2026-11-01", 1, 0), ("2026-11-03", 1, 1)]


def test_what_never_ran_is_no_earlier_work(ingested: Any) -> None:
    """A try that was queued again, or skipped and cleared, is the try that runs in the end."""
    ingested(
        {"state": "queued", "queued_dttm": "2026-11-01T10:00:00Z"},
        at(1, task_id="skipped", state="upstream_failed", try_number=0),
    )
    db = ingested(at(2, state="success", queued_dttm="2026-11-02T09:59:00Z"), at(2, task_id="skipped", state="success"))
    assert db.sql("select count(*), sum(gone_at is not null) from step_runs") == [(2, 0)]
    assert executions(db) == [("2026-11-02", 1, 0), ("2026-11-02", 1, 0)]


@pytest.mark.parametrize("order", [1, -1])
def test_a_run_is_what_the_last_tries_of_its_tasks_came_to(db: ReportDatabase, tmp_path: Path, order: int) -> None:
    """The API lists all tries of a task: one that failed and then succeeded makes no failed run."""
    tries = [at(1, state="failed"), at(2, state="success", try_number=2)]
    tries += [{**each, "task_id": "mapped", "map_index": index} for index, each in enumerate(tries)]
    common = {"dag_id": "d", "dag_run_id": "r", "task_id": "load"}
    answer = {"task_instances": [common | each for each in tries[::order]]}
    (tmp_path / "tries.json").write_text(json.dumps(answer), "utf-8")
    db.ingest(tmp_path / "tries.json")
    # Instance 0 of the mapped task failed, and was not tried again.
    found = "select status, started_at, ended_at from runs"
    assert db.sql(found) == [("failed", "2026-11-01T10:00:00.000Z", "2026-11-02T10:05:00.000Z")]
    answer["task_instances"] = [each for each in answer["task_instances"] if each["task_id"] == "load"]
    (tmp_path / "tries.json").write_text(json.dumps(answer), "utf-8")
    db.ingest(tmp_path / "tries.json", name="load")
    assert db.sql(f"{found} where source_id = 2") == [
        ("completed", "2026-11-01T10:00:00.000Z", "2026-11-02T10:05:00.000Z")
    ]


def test_metadata_that_is_cleaned(db: ReportDatabase, tmp_path: Path) -> None:
    """What `airflow db clean` deletes stays in history as it was: a run with its tries, of which one recovered."""
    old = at(1, state="failed"), at(2, state="success", try_number=2)
    new = at(3, state="success", run_id="s")
    for tasks, runs in (((*old, new), "rs"), ((new,), "s")):
        export(tmp_path / "task_instance.jsonl", *tasks)
        of_runs = [{"dag_id": "d", "run_id": run, "run_type": "manual", "state": "success"} | at(1) for run in runs]
        (tmp_path / "dag_run.jsonl").write_text("".join(json.dumps(run) + "\n" for run in of_runs), "utf-8")
        db.ingest(tmp_path, name="airflow")
        assert db.one("select count(*) from runs where gone_at is null") == len(runs)
        flaky = pairs(db.report("flaky_steps"), "runs", "retried", "recovered", "first_attempt_pct")
        assert flaky == [(2, 1, 1, 50.0)]
        assert pairs(db.report("run_timeline", run="d/r"), "attempt", "status") == [(1, "failed"), (2, "completed")]
        assert sorted(pairs(db.report("recent_runs"), "run", "attempts")) == [("d/r", 2), ("d/s", 1)]
        assert db.report("orphans") == []
    assert examine(db.path) == []
