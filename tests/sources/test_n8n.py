"""n8n: executions, their retries, and the workflows that they are of."""

import json
import shutil
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change, pairs
from helpers.run_pairs import check_pair, rows, source_of


def test_the_pair(db: ReportDatabase) -> None:
    """Every status, a chain of retries, workflows of one name and a deleted one."""
    check_pair(db, "n8n--database")


def test_retries(db: ReportDatabase) -> None:
    """A retry that succeeds recovers the execution that it repeats: one piece of work."""
    db.ingest(source_of("n8n--database"))
    attempts = (
        "select attempt, step_runs.status from step_runs join runs on runs.id = run_id where runs.source_key = '2'"
    )
    assert db.sql(f"{attempts} order by attempt") == [(1, "failed"), (2, "failed"), (3, "completed")]


def test_a_retry_that_follows(db: ReportDatabase, tmp_path: Path) -> None:
    """A later retry finds the executions before it, which are not read again."""
    path = Path(shutil.copy(source_of("n8n--database"), tmp_path / "n8n.sqlite"))
    db.ingest(path)
    change(
        path,
        """insert into execution_entity (workflowId, finished, mode, retryOf, startedAt, stoppedAt, status, createdAt)
        select workflowId, 1, 'retry', 4, '2026-03-01 12:00:00', '2026-03-01 12:00:01', 'success', '2026-03-01 12:00:00'
        from execution_entity where id = 4""",
    )
    assert db.ingest(path).counts.inserted == 2
    (row,) = [row for row in rows(db, "step_runs") if row["source_key"] == "10"]
    assert (row["run"], row["attempt"], row["step"]) == ("2", 4, "Story")


def test_retries_of_one_execution(db: ReportDatabase, tmp_path: Path) -> None:
    """Each retry of an execution names that one: they are attempts in the order in which they began."""
    path = Path(shutil.copy(source_of("n8n--database"), tmp_path / "n8n.sqlite"))
    change(path, "delete from execution_entity")
    columns = "id, workflowId, finished, mode, retryOf, startedAt, stoppedAt, status, createdAt"
    for id, retry_of, hour, status in ((1, "null", 10, "error"), (3, 1, 11, "error"), (2, 1, 12, "success")):
        times = f"'2026-03-01 {hour}:00:00', '2026-03-01 {hour}:00:05'"
        values = f"{id}, 'wf1', 0, 'retry', {retry_of}, {times}, '{status}', '2026-03-01 {hour}:00:00'"
        change(path, f"insert into execution_entity ({columns}) values ({values})")
    db.ingest(path)
    assert [(row["source_key"], row["run"], row["attempt"]) for row in rows(db, "step_runs")] == [
        ("1", "1", 1),
        ("2", "1", 3),
        ("3", "1", 2),
    ]
    (steps,) = db.report("flaky_steps")
    assert (steps["runs"], steps["retried"], steps["recovered"]) == (1, 1, 1)
    # Both have recovered with the last one, which ended at 12:00:05.
    failed = pairs(db.report("failed_runs", step=steps["step"]), "run", "recovered_at")
    assert failed == [("3", "2026-03-01T12:00:05.000Z"), ("1", "2026-03-01T12:00:05.000Z")]
    assert [row["count"] for row in db.report("health") if row["check"] == "failed runs"] == [0]
    # A retry that fails after that is open.
    values = "9, 'wf1', 0, 'retry', 1, '2026-03-01 13:00:00', '2026-03-01 13:00:05', 'error', '2026-03-01 13:00:00'"
    change(path, f"insert into execution_entity ({columns}) values ({values})")
    db.ingest(path)
    assert pairs(db.report("failed_runs"), "run", "recovered_at")[0] == ("9", None)
    assert [row["count"] for row in db.report("health") if row["check"] == "failed runs"] == [1]


def test_executions_of_the_api(db: ReportDatabase, tmp_path: Path) -> None:
    """The list that the API gives is known; early versions said only whether an execution had finished."""
    path = tmp_path / "executions.json"
    fields = {"mode": "manual", "retryOf": None, "retrySuccessId": None, "workflowId": "wf1", "waitTill": None}
    times = {"startedAt": "2026-03-01T09:00:00.000Z", "stoppedAt": "2026-03-01T09:00:02.000Z"}
    executions = [
        {"id": "1", "finished": True, **times, **fields},
        {"id": "2", "finished": False, **times, **fields},
        {"id": "3", "finished": False, **fields, "startedAt": times["startedAt"], "stoppedAt": None},
        # Its versions differ in which ids are numbers.
        {"id": "4", "finished": True, "status": "success", **times, **fields, "retryOf": 2},
        {"id": 5, "finished": True, "status": "success", **times, **fields, "retryOf": "4"},
    ]
    path.write_text(json.dumps({"data": executions, "nextCursor": None}), encoding="utf-8")
    db.ingest(path)
    assert db.sql("select system from sources") == [("n8n",)]
    found = [(row["source_key"], row["run"], row["attempt"], row["status"]) for row in rows(db, "step_runs")]
    assert found == [
        ("1", "1", 1, "completed"),
        ("2", "2", 1, "failed"),
        ("3", "3", 1, "running"),
        ("4", "2", 2, "completed"),
        ("5", "2", 3, "completed"),
    ]
    # Workflows as `n8n export:workflow` writes them say what the ids are called.
    workflows = [{"id": "wf1", "name": "Story", "active": True, "nodes": [], "connections": {}}]
    (tmp_path / "workflows.json").write_text(json.dumps(workflows), encoding="utf-8")
    db.ingest(path, tmp_path / "workflows.json", name="executions")
    assert {row["step"] for row in rows(db, "step_runs")} == {"Story"}


MESSAGE = "The service refused the connection"
# As its API gives it, and as `flatted` writes it: a text or an object is the place of it in the list.
DATA = {
    "object": ({"resultData": {"error": {"message": MESSAGE, "httpCode": "503"}}}, MESSAGE),
    "flatted": ([{"resultData": "1"}, {"error": "2"}, {"message": "3", "httpCode": "4"}, MESSAGE, "503"], MESSAGE),
    "as text": (json.dumps([{"resultData": "2"}, "x", {"error": "3"}, {"message": "4"}, MESSAGE]), MESSAGE),
    "a number": ({"resultData": {"error": {"message": 503}}}, "503"),
    "without an error": ([{"resultData": "1"}, {"error": "$"}], None),
    "no data": ({}, None),
    "no JSON": ("[{", None),
}


@pytest.mark.parametrize("form", DATA)
def test_the_data_of_executions(db: ReportDatabase, tmp_path: Path, form: str) -> None:
    """With `includeData` the API says what went wrong, and what the workflow was called."""
    data, error = DATA[form]
    times = {"startedAt": "2026-03-01T09:00:00.000Z", "stoppedAt": "2026-03-01T09:00:02.000Z"}
    common = {"mode": "trigger", "workflowId": "wf1", "data": data, **times}
    executions = [
        {"id": "1", "status": "error", "workflowData": {"id": "wf1", "name": "Story"}, **common},
        {"id": "2", "status": "success", "workflowData": {"id": "wf1", "name": "Draft"}, **common},
        {"id": "3", "status": "success", "workflowData": "{name:", **common},
    ]
    executions[1]["startedAt"] = "2026-03-01T08:00:00.000Z"
    (tmp_path / "executions.json").write_text(json.dumps({"data": executions}), encoding="utf-8")
    db.ingest(tmp_path / "executions.json")
    # The workflow is called what it was called last.
    assert pairs(db.report("failed_runs"), "run", "step", "pipeline", "error") == [("1", "Story", "Story", error)]
    assert db.sql("select source_key from step_runs where error_message is not null") == [("1",)][: error is not None]
