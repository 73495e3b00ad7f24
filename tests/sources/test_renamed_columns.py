"""Columns that a fork calls otherwise are read by their known aliases; others are named in a finding."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change, pairs

TABLES = """
    create table stories (id integer primary key, title varchar, session_id varchar, created_at datetime);
    create table story_jobs (
        id integer primary key, job_id varchar, session_id varchar, theme varchar, status varchar, story_id integer,
        {error} varchar, created_at datetime, {completed} datetime);
    create table story_nodes (
        id integer primary key, story_id integer, content varchar, is_root boolean, is_ending boolean,
        {winning} boolean, options json);
    insert into stories values (1, 'Tale', 's', '2026-01-01 10:00:04');
    insert into story_jobs values
        (1, 'j1', 's', 'sea', 'completed', 1, 'none', '2026-01-01 10:00:00', '2026-01-01 10:00:05');
    insert into story_nodes values
        (1, 1, 'a', 1, 0, 0, '[{{"text": "go", "node_id": 2}}]'), (2, 1, 'b', 0, 1, 1, '[]')
"""


def game(
    path: Path, *, winning: str = "is_winning_ending", completed: str = "completed_at", error: str = "error"
) -> Path:
    """A service whose columns have these names; a job of 5 s made a story of two nodes, one a winning end."""
    change(path, *TABLES.format(winning=winning, completed=completed, error=error).split(";"))
    return path


@pytest.mark.parametrize("winning", ["is_winning_ending", "is_winning", "good_ending", "IS_WIN"])
@pytest.mark.parametrize("completed", ["completed_at", "completed_job", "finished_at"])
def test_aliases_are_read(db: ReportDatabase, tmp_path: Path, winning: str, completed: str) -> None:
    """Under each name the tree has one winning ending, and the job took 5 s; nothing is unread."""
    db.ingest(game(tmp_path / "game.db", winning=winning, completed=completed))
    assert pairs(db.report("story_trees"), "endings", "winning_endings") == [(1, 1)]
    assert db.sql("select duration_ms from runs") == [(5_000,)]
    assert db.report("data_quality") == []


def test_aliases_of_an_export(db: ReportDatabase, tmp_path: Path) -> None:
    """A CSV file of the table is read alike."""
    path = tmp_path / "nodes.csv"
    path.write_text('id,story_id,is_root,is_ending,is_winning,options\n1,1,1,1,1,"[]"\n', "utf-8")
    db.ingest(path)
    assert db.sql("select is_winning_ending from story_nodes") == [(1,)]
    assert db.report("data_quality") == []


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"winning": "victory"}, "story_nodes: is_winning_ending is absent, victory is not read"),
        ({"winning": "winning_flag"}, "story_nodes: is_winning_ending is absent, winning_flag is not read"),
        ({"completed": "completion"}, "story_jobs: completed_at is absent, completion is not read"),
    ],
)
def test_an_unknown_name_is_a_finding(db: ReportDatabase, tmp_path: Path, names: dict[str, str], problem: str) -> None:
    """Both columns are named: the one that is expected and the one that nothing reads."""
    db.ingest(game(tmp_path / "game.db", **names))
    found = [row for row in db.report("data_quality") if row["area"] == "columns"]
    assert [row["problem"] for row in found] == [problem]


def test_unrelated_columns_are_no_finding(db: ReportDatabase, tmp_path: Path) -> None:
    """A version that lacks a column and has several others says nothing of these."""
    path = tmp_path / "game.db"
    game(path)
    change(
        path,
        "alter table story_nodes drop column is_winning_ending",
        "alter table story_nodes add column picture",
        "alter table story_nodes add column voice",
    )
    db.ingest(path)
    assert [row for row in db.report("data_quality") if row["area"] == "columns"] == []


def test_a_column_that_gets_its_name(db: ReportDatabase, tmp_path: Path) -> None:
    """Renamed in the source, it is read, and the finding is gone."""
    path = game(tmp_path / "game.db", winning="victory")
    db.ingest(path)
    change(path, "alter table story_nodes rename column victory to is_winning_ending")
    db.ingest(path)
    assert pairs(db.report("story_trees"), "winning_endings") == [(1,)]
    assert db.report("data_quality") == []


TRACKER = """
    create table stories (id integer primary key, story_id text, title text, {created});
    create table step_status (id integer primary key, {story} text, {step} text, {status} text, {run} text, {created});
    create table step_history (
        id integer primary key, {story} text, {step} text, {run} text, {status} text, execution_time_ms, {at});
    insert into stories values (1, 'A', 'Fox', '2026-11-20 09:00:00');
    insert into step_status values (1, 'A', '01_ingest', 'failed', 'r1', '2026-11-20 09:01:00');
    insert into step_history values (1, 'A', '01_ingest', 'r1', 'failed', 1500, '2026-11-20 09:01:00')
"""
NAMES = {
    "story": "story_id",
    "step": "step_name",
    "status": "status",
    "run": "run_id",
    "created": "created_at",
    "at": "timestamp",
}


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"step": "step", "status": "state"},
        {"step": "stepName", "status": "state", "run": "execution_id", "created": "inserted_at", "at": "ts"},
        {"story": "story", "at": "created_at"},
    ],
)
def test_a_fork_of_the_tracker(db: ReportDatabase, tmp_path: Path, names: dict[str, str]) -> None:
    """Its tables and aliases tell it; the step failed in 1.5 s, in each spelling."""
    change(tmp_path / "own.db", *TRACKER.format(**{**NAMES, **names}).split(";"))
    db.ingest(tmp_path / "own.db")
    assert db.sql("select status, ended_at, duration_ms from step_runs") == [
        ("failed", "2026-11-20T09:01:00.000Z", 1500)
    ]
    assert pairs(db.report("failed_stories"), "story", "run") == [("A", "r1")]
    assert db.report("data_quality") == []


@pytest.mark.parametrize("at", ["timestamp", "ts", "time", "created_at"])
def test_the_time_of_an_event(db: ReportDatabase, tmp_path: Path, at: str) -> None:
    """A runner of events only: 20 s from its start to its end."""
    change(
        tmp_path / "own.db",
        f"create table events (id integer primary key, batch_id, story_key, command, task_id, state, {at})",
        "insert into events values (1, 1, '1-1', 'dev', 't', 'start', 1795000000), "
        "(2, 1, '1-1', 'dev', 't', 'end', 1795000020)",
    )
    db.ingest(tmp_path / "own.db")
    assert db.sql("select status, duration_ms from step_runs") == [("completed", 20_000)]


@pytest.mark.parametrize("table", ["stories", "story_jobs"])
def test_a_table_without_its_key(db: ReportDatabase, tmp_path: Path, table: str) -> None:
    """Its rows are rejected with the reason; the others are loaded."""
    change(game(path := tmp_path / "game.db"), f"alter table {table} rename column id to pk")
    db.ingest(path)
    assert pairs(db.report("rejected_rows"), "reason") == [("has no id",)]
    assert db.one("select count(*) from story_nodes") == 2


# The tables of task instances as Airflow makes them, but for what both versions have.
TASKS = """
    task_id, dag_id, run_id, map_index, start_date, end_date, duration, state, try_number, max_tries,
    hostname, unixname, pool, pool_slots, queue, priority_weight, operator, custom_operator_name, queued_dttm,
    queued_by_job_id, pid, executor, executor_config, updated_at, rendered_map_index, external_executor_id,
    trigger_id, trigger_timeout, next_method, next_kwargs, task_display_name
"""


@pytest.mark.parametrize(
    "more",
    [
        "job_id",
        "id, last_heartbeat_at, scheduled_dttm, dag_version_id, context_carrier, span_status, retry_reason,"
        " retry_delay_override",
    ],
    ids=["2.11", "3.3"],
)
def test_columns_that_are_known_and_not_read(db: ReportDatabase, tmp_path: Path, more: str) -> None:
    """What versions of a tool have or lack is no finding."""
    change(
        path := tmp_path / "airflow.db",
        f"create table task_instance ({TASKS}, {more})",
        "insert into task_instance (task_id, dag_id, run_id, map_index, state, try_number, start_date)"
        " values ('load', 'daily', 'r1', -1, 'running', 1, '2026-01-01 10:00:00')",
    )
    db.ingest(path)
    assert db.sql("select status from step_runs") == [("running",)]
    assert db.report("data_quality") == []


def test_a_proxy_that_does_not_say_how_long_a_request_took(db: ReportDatabase, tmp_path: Path) -> None:
    """The address of who asked is no duration of the request."""
    names = "request_id,call_type,spend,prompt_tokens,completion_tokens,startTime,endTime,requester_ip_address"
    row = "r1,acompletion,0.01,10,5,2026-11-10 10:00:00,2026-11-10 10:00:01,10.0.0.1"
    (tmp_path / "spend.csv").write_text(f"{names}\n{row}\n", "utf-8")
    db.ingest(tmp_path / "spend.csv")
    assert db.sql("select duration_ms from calls") == [(1000,)]
    assert db.report("data_quality") == []
