"""Answers of Airflow's API and its command line: in pages, in several commands, with runs apart from their tasks."""

import json
import sqlite3
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, attempts, change

TASK = {"dag_id": "d", "task_id": "t", "dag_run_id": "r", "map_index": -1, "state": "failed", "try_number": 1,
        "start_date": "2026-03-01T10:00:00Z", "end_date": "2026-03-01T10:00:10Z", "duration": 10.0}  # fmt: skip
RUN = {"dag_id": "d", "dag_run_id": "r", "run_type": "manual", "state": "failed", "conf": {},
       "start_date": "2026-03-01T10:00:00Z", "end_date": "2026-03-01T10:01:00Z"}  # fmt: skip


def test_answers_as_given(db: ReportDatabase, tmp_path: Path) -> None:
    """Answers of both addresses in a folder are one source; they may have been saved as lines, a page each."""
    folder = tmp_path / "api"
    folder.mkdir()
    second = {**TASK, "task_id": "u", "state": "success"}
    pages = [{"task_instances": [task], "total_entries": 2} for task in (TASK, second)]
    (folder / "tasks.jsonl").write_text("\n".join(map(json.dumps, pages)), "utf-8")
    (folder / "runs.json").write_text(json.dumps({"dag_runs": [RUN], "total_entries": 1}, indent=2), "utf-8")
    db.ingest(folder)
    assert attempts(db) == [("t", 1, "failed"), ("u", 1, "completed")]
    assert db.sql("select source_key, status, duration_ms from runs") == [("d/r", "failed", 60_000)]
    assert db.one("select count(*) from step_runs where run_id is null") == 0
    # One task alone, of 3.x.
    one = {**TASK, "dag_run_id": "s", "run_after": "2026-03-01T10:00:00Z", "scheduled_when": None}
    (tmp_path / "one.json").write_text(json.dumps(one, indent=2), "utf-8")
    db.ingest(tmp_path / "one.json")
    assert db.report("data_quality") == []


def test_tasks_of_a_run_on_two_pages(db: ReportDatabase, tmp_path: Path) -> None:
    """A run of which only tasks are known is what those of all pages have come to, in whatever order they are read."""
    second = {**TASK, "task_id": "u", "state": "success", "start_date": "2026-03-01T10:00:20Z", "duration": 10}
    second["end_date"] = "2026-03-01T10:00:30Z"
    for number, task in enumerate((TASK, second), start=1):
        page = {"task_instances": [task], "total_entries": 2}
        (tmp_path / f"page{number}.json").write_text(json.dumps(page), "utf-8")
    expected = [("failed", "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:30.000Z")]
    found = "select status, started_at, ended_at from runs"
    db.ingest(tmp_path / "page1.json", tmp_path / "page2.json", name="api")
    assert db.sql(found) == expected
    db.ingest(tmp_path / "page1.json", name="api", full=True)
    assert db.sql(found) == expected


@pytest.mark.parametrize("order", ["runs tasks", "tasks runs", "tasks runs runs"])
def test_a_run_that_was_read_apart_from_its_tasks(db: ReportDatabase, tmp_path: Path, order: str) -> None:
    """It is what Airflow says of it, once that is read; it begins with its first try."""
    run = {**RUN, "start_date": "2026-03-01T10:00:20Z", "queued_at": "2026-03-01T10:00:19Z"}
    files = {"runs": {"dag_runs": [run]}, "tasks": {"task_instances": [{**TASK, "state": "success"}]}}
    ended, seen = "2026-03-01T10:01:00.000Z", set()
    for name in order.split():
        (tmp_path / f"{name}.json").write_text(json.dumps(files[name]), "utf-8")
        db.ingest(tmp_path / f"{name}.json", name="api", full=name in seen)
        seen.add(name)
        start, ms = ("2026-03-01T10:00:00.000Z", 60_000) if "tasks" in seen else ("2026-03-01T10:00:20.000Z", 40_000)
        if "runs" in seen:
            found = "select status, source_status, started_at, ended_at, duration_ms, gone_at from runs"
            assert db.sql(found) == [("failed", "failed", start, ended, ms, None)]
    assert attempts(db) == [("t", 1, "completed")]


# As 1.10 keeps them, and as 2.1 answers and its command line prints them.
DATED = [
    ("task_instance", "dag_run", "2026-03-01 10:00:00.123456", "run_id"),
    ("task_instances", "dag_runs", "2026-03-01T10:00:00.123456+00:00", "dag_run_id"),
    (None, None, "2026-03-01T10:00:00.123456+00:00", "run_id"),
]


@pytest.mark.parametrize(("tasks", "runs", "date", "id_of_run"), DATED)
def test_a_task_that_names_its_run_by_its_date(
    db: ReportDatabase, tmp_path: Path, tasks: str | None, runs: str | None, date: str, id_of_run: str
) -> None:
    """Before 2.2 a task has no id of its run: it belongs to that of its date, and one without a run is one itself."""
    times = {"execution_date": date, "start_date": date, "end_date": date.replace(":00.", ":09.")}
    task = {"dag_id": "d", "task_id": "t", "state": "failed", "try_number": 1, **times}
    alone = {**task, "execution_date": date.replace("10:00", "07:00")}
    run = {
        "dag_id": "d",
        id_of_run: "manual__1",
        "run_type": "manual",
        "external_trigger": 1,
        "state": "failed",
        **times,
    }
    folder = tmp_path / "airflow.db"
    if tasks == "task_instance":
        for table, rows in ((tasks, [task, alone]), (runs, [run])):
            with sqlite3.connect(folder) as connection:
                connection.execute(f"create table {table} ({', '.join(rows[0])})")
                values = [list(row.values()) for row in rows]
                connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", values)
    else:
        folder.mkdir()
        for name, listed, rows in (("t.json", tasks, [task, alone]), ("r.json", runs, [run])):
            (folder / name).write_text(json.dumps({listed: rows} if listed else rows), "utf-8")
    db.ingest(folder)
    assert db.sql("select source_key, status, duration_ms from runs order by 1") == [
        ("d/2026-03-01T07:00:00.123Z", "failed", None),
        ("d/manual__1", "failed", 9_000),
    ]
    found = db.sql("select runs.source_key, steps.name from step_runs join steps on steps.id = step_id"
                   " join runs on runs.id = run_id order by 1")  # fmt: skip
    assert found == [("d/2026-03-01T07:00:00.123Z", "t"), ("d/manual__1", "t")]


def test_a_run_that_was_read_after_its_tasks(db: ReportDatabase, tmp_path: Path) -> None:
    """Tasks that name a date, then the run of it: it is known once, with its tasks."""
    path, at = tmp_path / "airflow.db", "2020-03-01 10:00:00"
    change(
        path,
        "create table dag_run (dag_id, run_id, run_type, execution_date, state)",
        "create table task_instance (dag_id, task_id, execution_date, state, try_number, start_date, end_date)",
        f"insert into task_instance values ('d', 't', '{at}', 'success', 1, '{at}', '{at}')",
    )
    db.ingest(path)
    change(path, f"insert into dag_run values ('d', 'm', 'manual', '{at}', 'success')")
    db.ingest(path)
    assert db.sql("select source_key from runs where gone_at is null") == [("d/m",)]
    assert db.sql("select source_key from step_runs where gone_at is null") == [("d/m/t/1",)]


@pytest.mark.parametrize(
    ("order", "key"),
    [(("tasks", "runs"), "d/2026-11-20T00:00:00.000Z"), (("runs", "tasks"), "d/scheduled__2026-11-20T00:00:00+00:00")],
)
def test_a_run_by_its_date_in_another_command(
    db: ReportDatabase, tmp_path: Path, order: tuple[str, str], key: str
) -> None:
    """Tables of 1.10, one after the other with --append: one failed run of 25 s, with both of its tasks."""
    began = "2026-11-20 00:00:00+00:00,2026-11-21 00:00"
    tables = {
        "tasks": "dag_id,task_id,execution_date,start_date,end_date,state,try_number\n"
        f"d,load,{began}:05+00:00,2026-11-21 00:00:15+00:00,success,1\n"
        f"d,save,{began}:15+00:00,2026-11-21 00:00:25+00:00,failed,2\n",
        "runs": "dag_id,run_id,execution_date,start_date,end_date,state,external_trigger,run_type\n"
        f"d,scheduled__2026-11-20T00:00:00+00:00,{began}:01+00:00,2026-11-21 00:00:26+00:00,failed,f,scheduled\n",
    }
    for name in (*order, *order):
        (tmp_path / f"{name}.csv").write_text(tables[name], "utf-8")
        db.ingest(tmp_path / f"{name}.csv", name="s", append=True)
    assert db.sql("select source_key, source_status, duration_ms from runs") == [(key, "failed", 25_000)]
    assert db.sql("select run_key, run_id from step_runs group by 1, 2 having count(*) = 2") == [(None, 1)]
    assert [(row["run"], row["step"]) for row in db.report("failed_runs")] == [(key, "save")]


def test_an_empty_answer_is_a_source_without_rows(db: ReportDatabase, tmp_path: Path) -> None:
    """Nothing to list is an answer too."""
    (tmp_path / "tasks.json").write_text('{"task_instances": [], "total_entries": 0}', "utf-8")
    outcome = db.ingest(tmp_path / "tasks.json")
    assert (outcome.counts.read, outcome.counts.rejected) == (0, 0)


def test_a_broken_item_of_an_answer_is_rejected(db: ReportDatabase, tmp_path: Path) -> None:
    """An item that is no object is counted with its reason, the others are loaded."""
    (tmp_path / "tasks.json").write_text(json.dumps({"task_instances": [TASK, 7]}), "utf-8")
    outcome = db.ingest(tmp_path / "tasks.json")
    assert (outcome.counts.read, outcome.counts.rejected) == (2, 1)
    assert [row["reason"] for row in db.report("rejected_rows")] == ["the item is no JSON object"]


@pytest.mark.parametrize(("first", "status"), [("success", "running"), (None, "queued")])
def test_a_run_of_which_only_the_tasks_are_known(
    db: ReportDatabase, tmp_path: Path, first: str | None, status: str
) -> None:
    """Between two of its tasks a run goes on; before its first one it is queued."""
    times = {"start_date": "2026-03-01T10:00:00Z", "end_date": "2026-03-01T10:00:05Z"} if first else {}
    tasks: list[dict[str, str | None]] = [
        {"task_id": "load", "state": first, **times},
        {"task_id": "draw", "state": "scheduled"},
    ]
    rows = [{"dag_id": "daily", "dag_run_id": "r1", "try_number": 1, **task} for task in tasks]
    (path := tmp_path / "tasks.json").write_text(json.dumps({"task_instances": rows}), "utf-8")
    db.ingest(path)
    assert db.sql("select status from runs") == [(status,)]
