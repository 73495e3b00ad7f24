"""Failed runs and steps, about a story or not, in their report and in health."""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, change, pairs

HEADER = "run,story,step,attempt,status,started_at,ended_at,error\n"


def plain(db: ReportDatabase, folder: Path, *rows: str) -> ReportDatabase:
    """Ingest step runs of the plain form."""
    (folder / "plain.csv").write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    db.ingest(folder / "plain.csv")
    return db


def check(db: ReportDatabase, name: str) -> dict[str, Any]:
    """The line of a health check."""
    (line,) = [row for row in db.report("health") if row["check"] == name]
    return line


def test_a_run_without_a_story_can_fail(db: ReportDatabase, tmp_path: Path) -> None:
    """Health says so, in a check of its own, and its report names the step and the error."""
    plain(
        db,
        tmp_path,
        "r1,,extract,1,completed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,",
        "r1,,load,1,failed,2026-03-01T10:01:00Z,2026-03-01T10:02:00Z,disk full",
        "r2,,extract,1,completed,2026-03-01T11:00:00Z,2026-03-01T11:01:00Z,",
    )
    assert db.report("failed_runs") == [
        {
            "source": "plain",
            "kind": "run",
            "run": "r1",
            "story": None,
            "step": "load",
            "failed_at": "2026-03-01T10:02:00.000Z",
            "error": "disk full",
            "pipeline": None,
            "recovered_at": None,
        }
    ]
    line = check(db, "failed runs")
    assert (line["status"], line["count"], line["report"]) == ("warning", 1, "failed_runs")
    assert line["detail"] == "1 run or step failed that is not about a story."
    assert check(db, "failed")["count"] == 0


def test_a_retry_of_another_story_is_none(db: ReportDatabase, tmp_path: Path) -> None:
    """In an open run of three stories, one story's step failed, and that of another was tried again."""
    plain(
        db,
        tmp_path,
        "r1,A,draft,1,failed,2026-03-01T10:00:00Z,2026-03-01T10:01:00Z,disk full",
        "r1,B,draft,1,failed,2026-03-01T10:02:00Z,2026-03-01T10:03:00Z,disk full",
        "r1,B,draft,2,completed,2026-03-01T10:04:00Z,2026-03-01T10:05:00Z,",
        "r1,C,draft,1,running,2026-03-01T10:06:00Z,,",
    )
    stories = "select run, stories.source_key from failed_work join stories on stories.id = story_id"
    assert db.sql(stories) == [("r1", "A")]


def test_a_retry_that_completes_is_no_failed_run(db: ReportDatabase, tmp_path: Path) -> None:
    """What a later attempt of the run completed has not failed."""
    plain(
        db,
        tmp_path,
        "r1,,load,1,failed,2026-03-01T10:01:00Z,2026-03-01T10:02:00Z,disk full",
        "r1,,load,2,completed,2026-03-01T10:03:00Z,2026-03-01T10:04:00Z,",
    )
    assert db.report("failed_runs") == []
    assert check(db, "failed runs")["status"] == "ok"


def test_steps_without_a_run_and_runs_of_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """A step of its own is listed itself; a run about a story is listed, and counted by the check of stories."""
    plain(
        db,
        tmp_path,
        ",,nightly,1,failed,2026-03-02T10:00:00Z,2026-03-02T10:05:00Z,no route",
        "r3,S1,write,1,failed,2026-03-03T10:00:00Z,2026-03-03T10:05:00Z,too long",
    )
    assert pairs(db.report("failed_runs"), "kind", "run", "story", "step", "error") == [
        ("run", "r3", "S1", "write", "too long"),
        ("step", None, None, "nightly", "no route"),
    ]
    assert (check(db, "failed runs")["count"], check(db, "failed")["count"]) == (1, 1)
    assert pairs(db.report("failed_runs", until="2026-03-02"), "step") == [("nightly",)]
    assert pairs(db.report("failed_runs", since="2026-03-03"), "step") == [("write",)]
    assert pairs(db.report("failed_runs", step="nightly"), "step") == [("nightly",)]
    assert db.report("failed_runs", source="other") == []


def test_a_job_without_a_story_counts_once(db: ReportDatabase, tmp_path: Path) -> None:
    """It failed before it had one: both reports list it, and health counts it among the failed stories."""
    change(
        path := tmp_path / "games.db",
        "create table story_jobs (id, job_id, theme, status, story_id, error, created_at, completed_at)",
        "insert into story_jobs values (1, 'j1', 'sea', 'failed', null, 'boom', '2026-03-01', '2026-03-01')",
    )
    db.ingest(path)
    assert [row["run"] for report in ("failed_runs", "failed_stories") for row in db.report(report)] == ["j1", "j1"]
    assert (check(db, "failed runs")["count"], check(db, "failed")["count"]) == (0, 1)


def test_dag_runs_fail(db: ReportDatabase, tmp_path: Path) -> None:
    """A DAG run that failed, and a task that failed for good in one that still runs; a task to be retried has not."""
    folder = tmp_path / "flow"
    folder.mkdir()
    runs = [
        ("r1", "failed", "2026-03-01T10:10:00Z"),
        ("r2", "running", None),
        ("r3", "success", "2026-03-01T10:10:00Z"),
    ]
    tasks = [
        ("r1", "a", "failed", 1),
        ("r2", "a", "failed", 1),
        ("r2", "b", "up_for_retry", 1),
        ("r3", "a", "success", 1),
    ]
    start = {"dag_id": "d", "start_date": "2026-03-01T10:00:00Z"}
    (folder / "runs.json").write_text(
        json.dumps(
            {
                "dag_runs": [
                    {**start, "dag_run_id": run, "run_type": "manual", "state": state, "end_date": end}
                    for run, state, end in runs
                ]
            }
        ),
        "utf-8",
    )
    (folder / "tasks.json").write_text(
        json.dumps(
            {
                "task_instances": [
                    {**start, "dag_run_id": run, "task_id": task, "state": state, "try_number": number}
                    | {"end_date": "2026-03-01T10:05:00Z"}
                    for run, task, state, number in tasks
                ]
            }
        ),
        "utf-8",
    )
    db.ingest(folder)
    assert pairs(db.report("failed_runs"), "kind", "run", "step") == [("dag_run", "d/r1", "a"), ("step", "d/r2", "a")]
    assert check(db, "failed runs")["count"] == 2
