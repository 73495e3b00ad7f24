"""Prefect: flow runs, tries of task runs, and an index that not every SQLite trusts."""

import json
import shutil
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, ask, change
from helpers.run_pairs import check_pair, rows, source_of


def test_the_pair(db: ReportDatabase) -> None:
    """Tries, waits, instances and retried flows."""
    check_pair(db, "prefect--server")


def test_reports(db: ReportDatabase) -> None:
    """Instances of a mapped task and the tries of a retried flow are one step to the reports."""
    db.ingest(source_of("prefect--server"))
    found = {row["step"]: (row["executions"], row["failed"]) for row in db.report("failure_rates")}
    # Two instances, one of which had two tries; and one in each try of the other flow run.
    assert found["write"] == (5, 1)
    assert found["publish"] == (1, 1)


def test_a_run_that_goes_on(db: ReportDatabase, tmp_path: Path) -> None:
    """A task run that gets further is read again, whether it has a flow run or not; the rest is not written."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    db.ingest(path)
    for task, moment in (("05", "10:00:55.000000"), ("10", "12:30:00.000000")):
        task_run = f"a0000000-0000-4000-8000-0000000000{task}"
        change(
            path,
            f"""insert into task_run_state (id, type, timestamp, name, task_run_id)
            values ('end-{task}', 'COMPLETED', '2026-03-01 {moment}', 'Completed', '{task_run}')""",
            f"""update task_run
            set state_type = 'COMPLETED', state_name = 'Completed', end_time = '2026-03-01 {moment}',
            updated = '2026-03-01 {moment}'
            where id = '{task_run}'""",
        )
    assert db.ingest(path).counts.updated == 2
    found = {row["step"]: (row["status"], row["duration_ms"]) for row in rows(db, "step_runs")}
    assert found["sleep"] == ("completed", 32_000)
    assert found["alone"] == ("completed", 1_799_000)


def test_tries(db: ReportDatabase, tmp_path: Path) -> None:
    """Tries follow those of their flow run; what a retry says is the error; task runs without a flow run are alone."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    task_run = "a0000000-0000-4000-8000-0000000000"
    change(
        path,
        # The task run that was made first is that of the second try.
        f"update task_run set flow_run_run_count = 3 - flow_run_run_count where id in ('{task_run}08', '{task_run}09')",
        f"""update task_run_state
        set message = 'ValueError: 429'
        where name = 'AwaitingRetry' and task_run_id = '{task_run}02'""",
        f"update task_run set flow_run_id = null, task_key = 'alone-11111111' where id = '{task_run}05'",
    )
    db.ingest(path)
    found = {row["source_key"]: row for row in rows(db, "step_runs")}
    assert [found[f"{task_run}{task}/1"]["attempt"] for task in ("08", "09")] == [2, 1]
    assert found[f"{task_run}02/1"]["error_message"] == "ValueError: 429"
    assert [found[f"{task_run}{task}/1"]["step"] for task in ("05", "10")] == ["alone", "alone"]


DIGESTS = [
    ("fetch_data-691e6deded0207b9d3bb93bfd9e925ee", "fetch_data"),  # 2.x
    ("fetch_data-691e6ded", "fetch_data"),  # 3.x
    ("etl.<locals>.load-to-s3-691e6ded", "etl.<locals>.load-to-s3"),
    ("__main__.fetch_data", "__main__.fetch_data"),  # the first versions of 2
    ("load-customer", "load-customer"),  # eight letters that are no digest
]


def test_names_of_tasks(db: ReportDatabase, tmp_path: Path) -> None:
    """A task is called as its function, without the digest that its key has in any version."""
    keys = [{"id": str(number), "flow_run_id": None, "task_key": key, "dynamic_key": "0", "state_type": "COMPLETED"}
            for number, (key, _) in enumerate(DIGESTS)]  # fmt: skip
    (path := tmp_path / "task_runs.json").write_text(json.dumps(keys), "utf-8")
    db.ingest(path)
    found = db.sql("select steps.name from step_runs join steps on steps.id = step_id order by step_runs.source_key")
    assert [name for (name,) in found] == [name for _, name in DIGESTS]


def test_a_retry_without_delay(db: ReportDatabase, tmp_path: Path) -> None:
    """Without a delay no state announces the retry: a task that is retrying at once has failed before."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    task_run = "a0000000-0000-4000-8000-000000000002"
    change(path, f"delete from task_run_state where task_run_id = '{task_run}'")
    for number, (kind, name, second) in enumerate(
        (("RUNNING", "Running", 1), ("RUNNING", "Retrying", 4), ("RUNNING", "Retrying", 6), ("FAILED", "Failed", 9))
    ):
        change(
            path,
            "insert into task_run_state (id, task_run_id, type, name, timestamp)"
            f" values ('s{number}', '{task_run}', '{kind}', '{name}', '2026-03-01 10:00:0{second}')",
        )
    change(path, f"update task_run set state_type = 'FAILED', state_name = 'Failed' where id = '{task_run}'")
    db.ingest(path)
    found = [row for row in rows(db, "step_runs") if row["source_key"].startswith(task_run)]
    assert [(row["attempt"], row["status"], row["duration_ms"]) for row in found] == [
        (1, "failed", 3000),
        (2, "failed", 2000),
        (3, "failed", 3000),
    ]


def test_a_deleted_flow_run(db: ReportDatabase, tmp_path: Path) -> None:
    """A flow run that was deleted with its task runs is marked as deleted, and so are these."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    db.ingest(path)
    flow_run = "f0000000-0000-4000-8000-000000000002"
    change(
        path,
        f"delete from flow_run where id = '{flow_run}'",
        f"""delete from task_run_state
        where task_run_id in (select id from task_run where flow_run_id = '{flow_run}')""",
        f"delete from task_run where flow_run_id = '{flow_run}'",
    )
    db.ingest(path)
    assert db.sql("select source_key from runs where gone_at is not null") == [(flow_run,)]
    assert db.one("select count(*) from step_runs where gone_at is not null") == 2


def test_states_that_were_not_kept(db: ReportDatabase, tmp_path: Path) -> None:
    """Without its states a task run is one try, the last one: as many have begun as its own row says."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    change(path, "delete from task_run_state", "update task_run set run_count = 3 where id like '%02'")
    db.ingest(path)
    assert db.one("select count(*) from step_runs") == ask(path, "select count(*) from task_run")[0][0]
    (write,) = [row for row in rows(db, "step_runs") if row["step"] == "write[1]"]
    assert (write["attempt"], write["status"], write["duration_ms"]) == (3, "completed", 9000)
    (flaky,) = [row for row in db.report("flaky_steps") if row["step"] == "write"] or [{}]
    assert (flaky.get("retried", 0), flaky.get("recovered", 0)) == (0, 0)


def test_a_live_server(db: ReportDatabase, tmp_path: Path) -> None:
    """A file in WAL mode is read with its log although one of its indexes calls a JSON function."""
    path = Path(shutil.copy(source_of("prefect--server"), tmp_path / "server.db"))
    change(path, "pragma journal_mode = wal")
    before = path.read_bytes()
    db.ingest(path)
    assert db.one("select count(*) from runs") == 4
    assert path.read_bytes() == before
    assert {file.name for file in tmp_path.glob("server.db*")} == {"server.db"}


def test_answers_one_after_the_other(db: ReportDatabase, tmp_path: Path) -> None:
    """The API has the time of a state in the state; task runs that are read again alone stay with their flow."""
    state = {"type": "PENDING", "name": "NotReady", "timestamp": "2026-03-01T10:02:00.000000Z"}
    flow: dict[str, Any] = {"id": "f", "name": "story", "tags": [], "labels": {}, "created": None, "updated": None}
    kind = {"state_type": "PAUSED", "state_name": "Paused", "state": {**state, "type": "PAUSED", "name": "Paused"}}
    begun = {"start_time": "2026-03-01T10:00:00.000000Z", "expected_start_time": "2026-03-01T10:00:00.000000Z"}
    flow_run = {"id": "r", "flow_id": "f", **kind, **begun}
    task_run: dict[str, Any] = {
        "id": "t",
        "flow_run_id": "r",
        "task_key": "write-1a2b3c4d",
        "dynamic_key": "0",
        "state": state,
    }
    task_run |= {"state_type": "PENDING", "state_name": "NotReady", "start_time": None, "end_time": None}
    answers = {"flows": flow, "flow_runs": flow_run, "task_runs": task_run}
    paths = [tmp_path / f"{name}.json" for name in answers]
    for path, item in zip(paths, answers.values(), strict=True):
        path.write_text(json.dumps([item]), encoding="utf-8")
    db.ingest(*paths, name="prefect")
    paths[2].write_text(json.dumps([task_run, {**task_run, "id": "t2", "dynamic_key": "1"}]), encoding="utf-8")
    db.ingest(paths[2], name="prefect", append=True)
    found = "select pipelines.name, status, ended_at from step_runs"
    found += " join steps on steps.id = step_id left join pipelines on pipelines.id = steps.pipeline_id"
    assert db.sql(found) == [("story", "skipped", "2026-03-01T10:02:00.000Z")] * 2
    assert db.sql("select status, last_activity_at from runs") == [("waiting", "2026-03-01T10:02:00.000Z")]
