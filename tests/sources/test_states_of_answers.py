"""Answers of n8n and Prefect: what waits has not ended, and a state says its error."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

AT = "2026-11-01T10:0"


def test_an_execution_that_waits_has_not_ended(db: ReportDatabase, tmp_path: Path) -> None:
    """n8n stops an execution that waits, and starts it again: no duration is known before it has ended."""
    times = {"startedAt": f"{AT}0:00.000Z", "stoppedAt": f"{AT}0:05.000Z", "workflowId": "w", "mode": "trigger"}
    answer = {
        "data": [{"id": "7", "finished": False, "status": "waiting", "waitTill": "2026-11-02T10:00:00.000Z", **times}]
    }
    (path := tmp_path / "executions.json").write_text(json.dumps(answer), "utf-8")
    db.ingest(path)
    for table in ("runs", "step_runs"):
        assert db.sql(f"select status, ended_at, duration_ms from {table}") == [("waiting", None, None)]
    answer["data"][0] |= {"status": "success", "finished": True, "stoppedAt": f"{AT}9:00.000Z"}
    path.write_text(json.dumps(answer), "utf-8")
    db.ingest(path)
    assert db.sql("select status, duration_ms from runs") == [("completed", 540_000)]


def test_the_message_of_a_state(db: ReportDatabase, tmp_path: Path) -> None:
    """Prefect's API has the state of a run within the run; that of a completed one is no error."""

    def run(key: str, kind: str, message: Any) -> dict[str, Any]:
        state = {"type": kind, "name": kind.title(), "message": message}
        times = {"expected_start_time": None, "start_time": f"{AT}0:00Z", "end_time": f"{AT}1:00Z"}
        return {"id": key, "flow_id": "f", "state_type": kind, "state_name": kind.title(), "state": state, **times}

    runs = [run("r1", "FAILED", "ValueError: no title"), run("r2", "COMPLETED", "All good"), run("r3", "CRASHED", None)]
    tasks = [{"task_key": "load-1", "dynamic_key": "0", "flow_run_id": "r1", **row} for row in runs[:1]]
    for name, rows in (("flow_runs.json", runs), ("task_runs.json", tasks)):
        (tmp_path / name).write_text(json.dumps(rows), "utf-8")
    db.ingest(tmp_path / "flow_runs.json", tmp_path / "task_runs.json")
    messages = [("r1", "ValueError: no title"), ("r2", None), ("r3", None)]
    assert db.sql("select source_key, error_message from runs order by 1") == messages
    assert db.sql("select status, error_message from step_runs") == [("failed", "ValueError: no title")]


def test_an_answer_that_was_cut_off(db: ReportDatabase, tmp_path: Path) -> None:
    """What is missing is the end of the file, not a format."""
    whole = json.dumps({"dag_runs": [{"dag_id": "d", "state": "success", "start_date": f"{AT}0:00Z"}]}, indent=1)
    (path := tmp_path / "runs.json").write_text(whole[:40], "utf-8")
    with pytest.raises(StoryreportError, match=r"runs\.json is broken JSON, or was cut off: export it again\."):
        db.ingest(path)
