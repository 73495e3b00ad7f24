"""Airflow's states: what waits is not stuck, heartbeats are signs of life, tries and clears."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, attempts, change

TASKS = """
create table task_instance (
    {id} task_id text, dag_id text, run_id text, map_index integer default -1, start_date text, end_date text,
    duration real, state text, try_number integer, job_id integer, queued_dttm text, updated_at text
);
create table task_instance_history (
    {history_id} task_id text, dag_id text, run_id text, map_index integer default -1, start_date text, end_date text,
    duration real, state text, try_number integer, updated_at text
);
create table dag_run (
    dag_id text, run_id text, run_type text, state text, queued_at text, start_date text, end_date text, updated_at text
);
create table job (id integer primary key, job_type text, state text, latest_heartbeat text);
"""
RESCHEDULES = {
    2: "create table task_reschedule (id integer primary key, task_id text, dag_id text, run_id text, map_index"
    " integer, try_number integer, start_date text, end_date text, reschedule_date text);",
    3: "create table task_reschedule (id integer primary key, ti_id text, start_date text, end_date text,"
    " reschedule_date text);",
}


@pytest.fixture(params=[2, 3])
def airflow(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An Airflow database of either generation with a running DAG run `d/r`."""
    path, version = tmp_path / "airflow.db", request.param
    ids = {"id": "id text,", "history_id": "task_instance_id text,"} if version == 3 else {"id": "", "history_id": ""}
    with sqlite3.connect(path) as connection:
        connection.executescript(TASKS.format(**ids) + RESCHEDULES[version])
        connection.execute(
            "insert into dag_run values ('d', 'r', 'manual', 'running', null, '2026-03-01 10:00:00', null, null)"
        )
    return path


def add(path: Path, table: str = "task_instance", **values: Any) -> None:
    """Add a task instance of the run (or a row of its history)."""
    row = {"dag_id": "d", "run_id": "r", "try_number": 1, **values}
    with sqlite3.connect(path) as connection:
        names = ", ".join(row)
        connection.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


# What is stuck -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["deferred", "up_for_reschedule", "up_for_retry"])
def test_a_task_that_waits_is_not_stuck(db: ReportDatabase, airflow: Path, state: str) -> None:
    """Three hours of silence are no news of a task that waits; two days are, by the limit of queued work."""
    ended = None if state == "deferred" else "2026-03-01 10:00:09"
    add(airflow, task_id="t", state=state, start_date="2026-03-01 10:00:05", end_date=ended)
    db.ingest(airflow)
    assert [status for _, _, status in attempts(db)][-1] == "waiting"
    has_times = "ended_at is not null or duration_ms is not null"
    assert db.sql(f"select count(*) from step_runs where status = 'waiting' and ({has_times})") == [(0,)]
    assert db.report("stuck_runs", as_of="2026-03-01T13:00:00Z") == []
    late = db.report("stuck_runs", as_of="2026-03-03T13:00:00Z")
    assert {(row["kind"], row["broken_limit"]) for row in late} == {
        ("dag_run", "queued_minutes"),
        ("step", "queued_minutes"),
    }
    for as_of in ("2026-03-01T13:00:00Z", "2026-03-03T13:00:00Z"):
        (check,) = [row for row in db.report("health", as_of=as_of) if row["check"] == "stuck"]
        assert check["count"] == len(db.report("stuck_runs", as_of=as_of)), "health counts as the report does"


def test_a_running_task_beside_one_that_waits_can_be_stuck(db: ReportDatabase, airflow: Path) -> None:
    """A run of which a task still runs does not wait."""
    add(airflow, task_id="a", state="deferred", start_date="2026-03-01 10:00:05")
    add(airflow, task_id="b", state="running", start_date="2026-03-01 10:00:05")
    db.ingest(airflow)
    stuck = db.report("stuck_runs", as_of="2026-03-01T13:00:00Z")
    assert sorted((row["kind"], row["step"], row["broken_limit"]) for row in stuck if row["step"]) == [
        ("step", "b", "minutes")
    ]
    assert [row["kind"] for row in stuck if not row["step"]] == ["dag_run"]


def test_a_heartbeat_is_a_sign_of_life(db: ReportDatabase, airflow: Path) -> None:
    """The job of a running task says that it lives, at the next ingest too; that of a task that ended says nothing."""
    with sqlite3.connect(airflow) as connection:
        connection.execute("insert into job values (7, 'LocalTaskJob', 'running', '2026-03-01 12:30:00')")
    running: dict[str, Any] = {"state": "running", "start_date": "2026-03-01 10:00:05"}
    running["updated_at"] = "2026-03-01 10:00:06"
    add(airflow, task_id="t", job_id=7, **running)
    ended: dict[str, Any] = {"end_date": "2026-03-01 10:00:09", "duration": 4, "state": "success"}
    add(airflow, task_id="u", job_id=7, **{**running, **ended})
    db.ingest(airflow)
    signs = "select last_activity_at from step_runs join steps on steps.id = step_id order by name"
    assert db.sql(signs) == [("2026-03-01T12:30:00.000Z",), ("2026-03-01T10:00:09.000Z",)]
    assert db.report("stuck_runs", as_of="2026-03-01T13:00:00Z") == []
    assert len(db.report("stuck_runs", as_of="2026-03-01T13:31:00Z")) == 2
    change(airflow, "update job set latest_heartbeat = '2026-03-01 13:20:00'")
    db.ingest(airflow)
    assert db.report("stuck_runs", as_of="2026-03-01T13:31:00Z") == []


def test_a_heartbeat_in_exports(db: ReportDatabase, tmp_path: Path) -> None:
    """The table of jobs has nearly all columns of a run's, and is none."""
    begun = "2026-03-01 10:00:00"
    (tmp_path / "tasks.csv").write_text(
        f"task_id,dag_id,run_id,map_index,state,start_date,end_date,try_number,job_id\nt,d,r,-1,running,{begun},,1,7\n",
        "utf-8",
    )
    (tmp_path / "jobs.csv").write_text(
        "id,dag_id,state,job_type,start_date,end_date,latest_heartbeat,executor_class,hostname,unixname\n"
        f"7,,running,LocalTaskJob,{begun},,2026-03-01 12:30:00,,h,u\n",
        "utf-8",
    )
    assert db.ingest(tmp_path).counts.rejected == 0
    assert db.sql("select last_activity_at from step_runs") == [("2026-03-01T12:30:00.000Z",)]
    assert db.report("data_quality") == []


def test_a_reschedule_is_a_sign_of_life(db: ReportDatabase, airflow: Path) -> None:
    """A sensor that looks every day is alive, whatever its row says; it is silent once it should have looked again."""
    with sqlite3.connect(airflow) as connection:
        has_id = any(name == "id" for _, name, *_ in connection.execute("pragma table_info(task_instance)"))
    ids: dict[str, Any] = {"id": "x"} if has_id else {}
    add(airflow, task_id="t", state="up_for_reschedule", start_date="2026-03-01 10:00:05", **ids)
    with sqlite3.connect(airflow) as connection:
        named = ("ti_id", "'x'") if has_id else ("task_id, dag_id, run_id, map_index", "'t', 'd', 'r', -1")
        connection.execute(
            f"insert into task_reschedule ({named[0]}, end_date, reschedule_date)"
            f" values ({named[1]}, '2026-03-03 10:00:00', '2026-03-06 10:00:00')"
        )
    db.ingest(airflow)
    assert db.report("stuck_runs", as_of="2026-03-06T13:00:00Z") == []
    stuck = db.report("stuck_runs", as_of="2026-03-07T13:00:00Z")
    assert {row["stuck_minutes"] for row in stuck} == {27 * 60}


def test_queued_for_days(db: ReportDatabase, tmp_path: Path) -> None:
    """Work that is queued for days is shown, by its own limit; one that was just queued is not."""
    (tmp_path / "plain.csv").write_text(
        "run,step,status,queued_at,started_at\n"
        "r1,old,pending,2026-03-01T10:00:00Z,\nr2,new,pending,2026-03-03T09:00:00Z,\n",
        "utf-8",
    )
    db.ingest(tmp_path / "plain.csv")
    found = db.report("stuck_runs", as_of="2026-03-03T10:00:00Z")
    assert [(row["run"], row["step"], row["stuck_minutes"], row["broken_limit"]) for row in found] == [
        ("r1", "old", 2 * 24 * 60, "queued_minutes")
    ]
    assert found[0]["reason"] == "queued for longer than the limit"
    assert len(db.report("stuck_runs", as_of="2026-03-03T10:00:00Z", queued_minutes="60")) == 2
    assert db.report("stuck_runs", as_of="2026-03-03T10:00:00Z", queued_minutes="10000") == []


# Tries ---------------------------------------------------------------------------------------------------------------


def test_a_first_try_that_is_not_recorded(db: ReportDatabase, tmp_path: Path) -> None:
    """Airflow before 2.10 keeps the last try alone: how the first one ended is not known, and is not guessed."""
    (tmp_path / "tasks.csv").write_text(
        "dag_id,task_id,run_id,state,try_number,start_date,end_date,duration\n"
        "d,t,r1,success,2,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,10\n"
        "d,t,r2,success,1,2026-03-01T11:00:00Z,2026-03-01T11:00:10Z,10\n",
        "utf-8",
    )
    db.ingest(tmp_path / "tasks.csv")
    (row,) = db.report("flaky_steps")
    assert (row["runs"], row["retried"], row["recovered"], row["first_attempt_pct"]) == (1, 0, 0, 100.0)
    (row,) = db.report("failure_rates")
    assert (row["executions"], row["failed"]) == (2, 0)


def test_a_first_try_that_is_recorded(db: ReportDatabase, airflow: Path) -> None:
    """A try that failed and the one that completed after it are a recovery."""
    add(airflow, "task_instance_history", task_id="t", state="failed", end_date="2026-03-01 10:00:09")
    add(airflow, task_id="t", state="success", try_number=2, end_date="2026-03-01 10:00:19")
    db.ingest(airflow)
    (row,) = db.report("flaky_steps")
    assert (row["runs"], row["retried"], row["recovered"], row["first_attempt_pct"]) == (1, 1, 1, 0.0)


# Of a task its row, when its earlier tries failed, and the attempts that it had. A try begins at a minute past 10.
FAILURES: list[tuple[dict[str, Any], list[int], list[tuple[int, str]]]] = [
    ({"state": "success", "try_number": 3}, [1, 3], [(1, "failed"), (2, "failed"), (3, "completed")]),
    ({"state": "failed", "try_number": 2}, [1, 5], [(1, "failed"), (2, "failed")]),
    # Cleared after a success.
    ({"state": "success", "try_number": 3}, [3], [(2, "failed"), (3, "completed")]),
    # The next try has not begun.
    ({"state": "up_for_retry", "try_number": 2}, [1, 5], [(1, "failed"), (2, "failed"), (3, "waiting")]),
    ({"state": "queued", "try_number": 2}, [1, 5], [(1, "failed"), (2, "failed"), (3, "queued")]),
    ({"state": None}, [5], [(1, "failed"), (2, "queued")]),
]


@pytest.mark.parametrize("airflow", [2], indirect=True)
def test_tries_that_failed_before_there_was_a_history(db: ReportDatabase, airflow: Path) -> None:
    """Before 2.10 a table of their own has their times, and not which try each was."""
    change(airflow, "drop table task_instance_history")
    change(airflow, "create table task_fail (dag_id, run_id, task_id, map_index, start_date, end_date, duration)")
    times = {"start_date": minute(5), "end_date": minute(6)}
    for number, (task, failed, _) in enumerate(FAILURES):
        add(airflow, task_id="t", map_index=number, **times, **task)
        for start in failed:
            row = ("t", number, minute(start), minute(start + 1))
            change(airflow, f"insert into task_fail values ('d', 'r', {', '.join(map(repr, row))}, 60)")
    db.ingest(airflow)
    expected = [(f"t[{number}]", *tried) for number, (_, _, tries) in enumerate(FAILURES) for tried in tries]
    assert attempts(db) == expected
    ends = db.sql("""
        select name, started_at, duration_ms
        from step_runs join steps on steps.id = step_id where status = 'failed' order by name, attempt""")
    assert ends == [
        (f"t[{number}]", f"2026-03-01T10:0{start}:00.000Z", 60_000)
        for number, (_, failed, _) in enumerate(FAILURES)
        for start in failed
    ]


def minute(number: int) -> str:
    """A time as Airflow writes it."""
    return f"2026-03-01 10:0{number}:00.000000"


def test_a_task_among_those_that_were_read(db: ReportDatabase, airflow: Path) -> None:
    """A row that is put back among older ones, of a run that is over, is found by its number; so is its step."""
    change(airflow, "update dag_run set state = 'success', end_date = start_date, updated_at = start_date")
    for number in (1, 3, 4, 2):
        at = f"2026-03-0{number} 10:00:00"
        times = {"start_date": at, "end_date": at, "updated_at": at}
        add(airflow, rowid=number, task_id=f"t{number}", run_id=f"r{number}", state="success", **times)
        if number in (4, 2):
            db.ingest(airflow)
    assert [task for task, _, _ in attempts(db)] == ["t1", "t2", "t3", "t4"]


def test_a_removed_task_is_no_second_attempt(db: ReportDatabase, airflow: Path) -> None:
    """A task that ran and was then removed from its DAG ran once; one that never ran was cancelled."""
    add(airflow, "task_instance_history", task_id="ran", state="success", end_date="2026-03-01 10:00:09")
    add(airflow, task_id="ran", state="removed", end_date="2026-03-01 10:00:09")
    add(airflow, task_id="never", state="removed", try_number=0)
    db.ingest(airflow)
    assert attempts(db) == [("never", 1, "cancelled"), ("ran", 1, "completed")]
    assert db.ingest(airflow, full=True).counts.written == 0


def test_a_task_skipped_twice_was_never_begun(db: ReportDatabase, airflow: Path) -> None:
    """A try that never began is one, though the run was cleared; a try that did is followed by the next."""
    add(airflow, "task_instance_history", task_id="a", state="upstream_failed", try_number=0)
    add(airflow, task_id="a", state="upstream_failed", try_number=0)
    add(airflow, "task_instance_history", task_id="b", state="success")
    add(airflow, task_id="b", state=None)
    db.ingest(airflow)
    assert attempts(db) == [("a", 1, "skipped"), ("b", 1, "completed"), ("b", 2, "queued")]


def test_a_cleared_run_starts_with_its_first_try(db: ReportDatabase, airflow: Path) -> None:
    """Airflow moves the start of a run that is cleared; its first try began before."""
    change(
        airflow,
        "update dag_run set state = 'success', queued_at = '2026-03-01 11:59:00', start_date = '2026-03-01 12:00:00',"
        " end_date = '2026-03-01 12:01:00'",
    )
    add(airflow, "task_instance_history", task_id="t", state="failed", start_date="2026-03-01 10:00:00")
    add(airflow, task_id="t", state="success", try_number=2, start_date="2026-03-01 12:00:05")
    db.ingest(airflow)
    # 10:00 to 12:01 are 121 minutes.
    assert db.sql("select queued_at, started_at, duration_ms from runs") == [
        (None, "2026-03-01T10:00:00.000Z", 121 * 60 * 1000)
    ]


def test_a_duration_is_from_start_to_end(db: ReportDatabase, airflow: Path) -> None:
    """Airflow 3.1 writes wrong ones into SQLite, some negative; without a start it is believed."""
    for task, start, end, duration in (
        ("a", "10:00:52.698", "10:00:55.665", 5.967),
        ("b", "10:00:57.538", "10:01:02.682", -49.856),
        ("c", "10:00:00", "10:00:04", None),
        ("d", None, "10:00:09", 2.5),
    ):
        times: dict[str, Any] = {"start_date": start and f"2026-03-01 {start}", "end_date": f"2026-03-01 {end}"}
        add(airflow, task_id=task, state="success", duration=duration, **times)
    db.ingest(airflow)
    assert db.sql("select duration_ms from step_runs order by source_key") == [(2967,), (5144,), (4000,), (2500,)]
    assert db.report("data_quality") == []
