"""What orchestrators' command lines and APIs answer, saved as it came, without their databases."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import media
from helpers.report_database import ReportDatabase, change, pairs

# A minute of work, as each tool says it: (file, answer, table, expected key, status and duration in ms).
TIMES = {"start_date": "2026-11-20T10:05:00+00:00", "end_date": "2026-11-20T10:06:00+00:00"}
PREFECT = {"start_time": "2026-11-20T10:05:00Z", "end_time": "2026-11-20T10:06:00Z", "state_type": "FAILED"}
N8N = {"startedAt": "2026-11-20T10:05:00.000Z", "stoppedAt": "2026-11-20T10:06:00.000Z", "mode": "trigger"}
ANSWERS: list[tuple[Any, str, tuple[Any, ...]]] = [
    # airflow dags list-runs -o json
    ([{"dag_id": "d", "run_id": "m1", "state": "failed", **TIMES}], "runs", ("d/m1", "failed", 60_000)),
    # airflow tasks states-for-dag-run -o json, which gives no duration
    (
        [{"dag_id": "d", "logical_date": "2026-11-20T00:00:00+00:00", "task_id": "t", "state": "success", **TIMES}],
        "step_runs",
        ("d/2026-11-20T00:00:00.000Z/t/1", "completed", 60_000),
    ),
    # POST /api/flow_runs/filter and /api/task_runs/filter
    (
        [{"id": "f1", "flow_id": "f", "state_name": "Failed", "expected_start_time": None, **PREFECT}],
        "runs",
        ("f1", "failed", 60_000),
    ),
    (
        [{"id": "t1", "flow_run_id": "f1", "task_key": "load-1", "dynamic_key": "0", **PREFECT}],
        "step_runs",
        ("t1/1", "failed", 60_000),
    ),
    # Flower's /api/task/info/<id>: one task, under another name of its id
    (
        {
            "task-id": "c1",
            "name": "t",
            "state": "FAILURE",
            "retries": 0,
            "started": 1_763_633_100.0,
            "received": 1_763_633_099.5,
            "failed": 1_763_633_160.0,
            "exception": "ValueError()",
            "worker": "w",
        },
        "step_runs",
        ("c1", "failed", 60_000),
    ),
    # n8n before it said what is a retry
    ({"data": [{"id": "5", "finished": True, "workflowId": "w", **N8N}]}, "runs", ("5", "completed", 60_000)),
]


@pytest.mark.parametrize(("answer", "table", "expected"), ANSWERS)
def test_an_answer(db: ReportDatabase, tmp_path: Path, answer: Any, table: str, expected: tuple[Any, ...]) -> None:
    (path := tmp_path / "answer.json").write_text(json.dumps(answer), "utf-8")
    db.ingest(path)
    assert db.sql(f"select source_key, status, duration_ms from {table}") == [expected]


def test_an_answer_is_no_whole_copy(db: ReportDatabase, tmp_path: Path) -> None:
    """Runs that a page of the newest ones lacks were not deleted; an empty answer deletes nothing."""
    github = {"run_number": 1, "run_attempt": 1, "workflow_id": 5, "name": "CI", "conclusion": "failure"}
    github |= {"created_at": TIMES["start_date"], "updated_at": TIMES["end_date"]}
    pages: dict[str, list[Any]] = {
        "github": [{"total_count": 2, "workflow_runs": [{"id": 1, **github}]}, {"total_count": 0, "workflow_runs": []}],
        "airflow": [{"dag_runs": [{"dag_id": "d", "dag_run_id": "1", "state": "failed", **TIMES}]}, {"dag_runs": []}],
        "prefect": [[{"id": each, "flow_id": "f", "state_name": "Failed", "expected_start_time": None, **PREFECT}]
                    for each in "45"],
        "n8n": [{"data": [{"id": each, "finished": False, "workflowId": "w", **N8N}]} for each in "67"],
        # As `airflow dags list-runs -o json` prints them.
        "printed": [[{"dag_id": "d", "run_id": each, "state": "failed", **TIMES}] for each in "89"],
    }  # fmt: skip
    for name, answers in pages.items():
        for answer in answers:
            (tmp_path / f"{name}.json").write_text(json.dumps(answer), "utf-8")
            db.ingest(tmp_path / f"{name}.json")
    found = [(key, None) for key in ("1", "4", "5", "6", "7", "d/1", "d/8", "d/9")]
    assert db.sql("select source_key, gone_at from runs order by 1") == found
    assert len(db.report("failed_runs")) == 8


def test_an_export_of_the_table_is_a_whole_copy(db: ReportDatabase, tmp_path: Path) -> None:
    """A run that the next export of Airflow's own table lacks has been deleted."""
    for each in "12":
        rows = [{"dag_id": "d", "run_id": each, "run_type": "manual", "state": "failed", **TIMES}]
        (tmp_path / "dag_run.json").write_text(json.dumps(rows), "utf-8")
        db.ingest(tmp_path / "dag_run.json")
    assert db.sql("select source_key, gone_at is null from runs order by 1") == [("d/1", 0), ("d/2", 1)]


def test_tables_of_luigi(db: ReportDatabase, tmp_path: Path) -> None:
    """A task that ran for four seconds."""
    (folder := tmp_path / "luigi").mkdir()
    (folder / "tasks.csv").write_text("id,task_id,name,host\n1,T1,Load,h\n", "utf-8")
    (folder / "task_events.csv").write_text(
        "id,task_id,event_name,ts\n1,1,PENDING,2026-11-20 10:00:00\n2,1,RUNNING,2026-11-20 10:00:01\n"
        "3,1,DONE,2026-11-20 10:00:05\n",
        "utf-8",
    )
    db.ingest(folder)
    assert db.sql("select name, status, duration_ms from step_runs join steps on steps.id = step_id") == [
        ("Load", "completed", 4_000)
    ]


def test_what_a_deleted_workflow_cost(db: ReportDatabase, tmp_path: Path) -> None:
    """The service's clean-up has deleted w2, whose calls cost 2 + 0.5; w1's cost 1."""
    path = tmp_path / "movies.db"
    change(
        path,
        *media.NEW.split(";"),
        "insert into workflows (id, status, created_at) values ('w1', 'completed', '2026-03-01 10:00:00')",
        "insert into api_usage (id, workflow_id, api_provider, endpoint, cost_usd, success)"
        " values (1, 'w1', 'p', 'e', 1, 1), (2, 'w2', 'p', 'e', 2, 1), (3, 'w2', 'p', 'e', 0.5, 1)",
    )
    db.ingest(path)
    assert pairs(db.report("cost_by_story"), "story", "status", "calls", "cost") == [
        ("w2", "missing", 2, 2.5),
        ("w1", "completed", 1, 1.0),
    ]
    assert pairs(db.report("orphans"), "kind", "key", "missing") == [("call", "2", "run"), ("call", "3", "run")]
    # Deleted later, it is the same story.
    change(path, "delete from workflows")
    db.ingest(path)
    assert pairs(db.report("cost_by_story"), "story", "calls", "cost") == [("w2", 2, 2.5), ("w1", 1, 1.0)]
