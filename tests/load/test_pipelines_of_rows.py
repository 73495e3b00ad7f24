"""Which pipeline a run, a step, a story and a call belong to, in each system."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, change

from storyreport.upkeep import sources
from storyreport.upkeep.doctor import examine

OF_STEPS = """
    select pipelines.name, steps.name, step_runs.status, count(*)
    from step_runs
    join steps on steps.id = step_runs.step_id
    left join pipelines on pipelines.id = steps.pipeline_id
    where step_runs.gone_at is null
    group by 1, 2, 3
    order by 1, 2, 3
"""
OF_ROWS = """
    select distinct pipelines.name
    from {table}
    left join pipelines on pipelines.id = {table}.pipeline_id
    order by 1
"""
# Two DAGs with a task of one name: one always completes, the other never does.
TASKS = (
    "dag_id,task_id,run_id,map_index,start_date,end_date,duration,state,try_number\n"
    "books,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,10,success,1\n"
    "books,load,r2,-1,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,10,success,1\n"
    "films,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:20Z,20,failed,1\n"
    "films,load,r2,-1,2026-03-02T10:00:00Z,2026-03-02T10:00:20Z,20,failed,1\n"
)


def pipelines_of(db: ReportDatabase, table: str) -> list[Any]:
    return [name for (name,) in db.sql(OF_ROWS.format(table=table))]


def test_the_same_task_of_two_dags_is_two_steps(db: ReportDatabase, tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(TASKS, "utf-8")
    db.ingest(tmp_path / "tasks.csv")
    assert db.sql(OF_STEPS) == [("books", "load", "completed", 2), ("films", "load", "failed", 2)]
    assert db.sql("select source_key, name from runs join pipelines on pipelines.id = pipeline_id order by 1") == [
        ("books/r1", "books"),
        ("books/r2", "books"),
        ("films/r1", "films"),
        ("films/r2", "films"),
    ]
    assert examine(db.path) == []
    # Nothing is written again.
    assert (db.ingest(tmp_path / "tasks.csv").counts.written) == 0


# system → what its fixture names
NAMED = {
    "airflow--task-instances.csv": ["story"],
    "prefect--server.db": ["story", "sub"],
    "dbt--build.txt": ["tales"],
    "dagster--runs.db": ["cover", "story"],
    "n8n--database.sqlite": ["Cover (wf2)", "Cover (wf3)", "Story", "gone"],
    "langfuse--blob-export.jsonl": ["make story"],
    "otel--latest.jsonl": ["storyteller"],
    "celery--extended.db": ["celery"],
    "comfyui--history.txt": ["comfyui"],
    "huey--storage.db": ["huey"],
    "luigi--history.db": ["luigi"],
}


@pytest.mark.parametrize("file", NAMED)
def test_the_pipelines_of_a_system(db: ReportDatabase, file: str) -> None:
    db.ingest(DATA / file)
    assert set(pipelines_of(db, "runs")) - {None} <= set(NAMED[file])
    assert [name for (name,) in db.sql("select name from pipelines order by 1")] == NAMED[file]
    steps = {name for name, *_ in db.sql(OF_STEPS)}
    assert steps <= {*NAMED[file], None}
    assert steps or file.startswith("dagster--runs")


def test_a_source_of_one_pipeline(fed: ReportDatabase) -> None:
    """What these systems have belongs to one, named like the system."""
    named = "select distinct system, pipelines.name from pipelines join sources on sources.id = source_id order by 1"
    single = ("adventure", "media", "pipeline", "sprint", "workflow")
    assert [row for row in fed.sql(named) if row[0] in single] == [(name, name) for name in single]
    for table in ("runs", "stories", "steps", "calls"):
        lacking = fed.sql(f"""
            select distinct system
            from {table}
            join sources on sources.id = {table}.source_id
            where pipeline_id is null""")
        assert not {system for (system,) in lacking} & set(single), table


def test_a_github_workflow(db: ReportDatabase, tmp_path: Path) -> None:
    jobs = [
        {
            "id": number,
            "run_id": run,
            "workflow_name": workflow_name,
            "name": "test",
            "status": "completed",
            "conclusion": "success",
            "run_attempt": 1,
            "started_at": "2026-03-01T10:00:00Z",
            "completed_at": "2026-03-01T10:01:00Z",
        }
        for number, run, workflow_name in ((1, 7, "nightly"), (2, 8, "release"), (3, 9, None))
    ]
    (tmp_path / "jobs.json").write_text(json.dumps({"jobs": jobs}), "utf-8")
    db.ingest(tmp_path / "jobs.json")
    assert db.sql(OF_STEPS) == [
        (None, "test", "completed", 1),
        ("nightly", "test", "completed", 1),
        ("release", "test", "completed", 1),
    ]
    assert pipelines_of(db, "runs") == [None, "nightly", "release"]


def test_events_of_a_dagster_job(db: ReportDatabase, tmp_path: Path) -> None:
    """The events name it, though there is no table of runs."""
    events = tmp_path / "4a63beb1-7a5c-49c7-96a5-a911f79e2c21.db"
    change(
        events,
        "create table event_logs (id integer primary key, run_id text, event text, dagster_event_type text,"
        " timestamp text, step_key text)",
        """insert into event_logs values
            (1, 'r1', '{"pipeline_name": "cover"}', 'PIPELINE_START', '2026-03-01 10:00:00', null),
            (2, 'r1', '{"pipeline_name": "cover"}', 'STEP_START', '2026-03-01 10:00:01', 'draw'),
            (3, 'r1', '{"pipeline_name": "cover"}', 'STEP_SUCCESS', '2026-03-01 10:00:02', 'draw')""",
    )
    db.ingest(events)
    assert db.sql(OF_STEPS) == [("cover", "draw", "completed", 1)]
    assert pipelines_of(db, "runs") == ["cover"]


def test_the_plain_forms_name_a_pipeline(db: ReportDatabase, tmp_path: Path) -> None:
    """A call that names none is one of its run's; a row without a run or a name has none."""
    (tmp_path / "attempts.csv").write_text(
        "run,pipeline,story,step,status,started_at,ended_at\n"
        "r1,books,A,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n"
        "r2,films,,load,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n"
        "r3,,,load,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n",
        "utf-8",
    )
    (tmp_path / "calls.csv").write_text(
        "id,run,pipeline,step,model,called_at,cost\n"
        "c1,r1,,load,gpt-5,2026-03-01T10:00:01Z,1\n"
        "c2,r2,,read,gpt-5,2026-03-01T10:00:01Z,2\n"
        "c3,,films,load,gpt-5,2026-03-01T10:00:01Z,4\n"
        "c4,,,load,gpt-5,2026-03-01T10:00:01Z,8\n",
        "utf-8",
    )
    db.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    assert db.sql(OF_STEPS) == [
        (None, "load", "failed", 1),
        ("books", "load", "completed", 1),
        ("films", "load", "failed", 1),
    ]
    assert db.sql("select source_key, name from stories left join pipelines on pipelines.id = pipeline_id") == [
        ("A", "books")
    ]
    assert db.sql("""
        select calls.source_key, pipelines.name, steps.name, of_step.name
        from calls
        left join pipelines on pipelines.id = calls.pipeline_id
        left join steps on steps.id = calls.step_id
        left join pipelines as of_step on of_step.id = steps.pipeline_id
        order by 1""") == [
        ("c1", "books", "load", "books"),
        ("c2", "films", "read", "films"),
        ("c3", "films", "load", "films"),
        ("c4", None, "load", None),
    ]
    assert examine(db.path) == []


def test_pipelines_that_share_ids(db: ReportDatabase, tmp_path: Path) -> None:
    """Builds that each job counts: run 1 of two pipelines is two runs; so are steps at one time without a run."""
    header = "pipeline,run,step,status,started_at,ended_at\n"
    row = "{},{},load,{},2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n"
    (folder := tmp_path / "builds").mkdir()
    rows = [("books", "1", "completed"), ("films", "1", "running"), ("books", "", "completed"), ("films", "", "failed")]
    (folder / "2026-03-01.csv").write_text(header + "".join(row.format(*each) for each in rows), "utf-8")
    # The next day's file has one of the two alone.
    (folder / "2026-03-02.csv").write_text(header + row.format("films", "1", "failed"), "utf-8")
    (folder / "calls.csv").write_text(
        "id,run,pipeline,step,model,called_at,cost\nc1,1,films,load,gpt-5,2026-03-01T10:00:01Z,1\n", "utf-8"
    )
    for full in (False, True):
        db.ingest(folder, full=full)
        assert db.sql(OF_STEPS) == [("books", "load", "completed", 2), ("films", "load", "failed", 2)]
        named = "select {} from {} as rows left join pipelines on pipelines.id = rows.pipeline_id order by 1"
        assert db.sql(named.format("source_key, name, status", "runs")) == [
            ("1", "books", "completed"),
            ("films/1", "films", "failed"),
        ]
        assert db.sql("select calls.source_key, runs.source_key from calls join runs on runs.id = run_id") == [
            ("c1", "films/1")
        ]
        assert examine(db.path) == []


def test_a_call_whose_run_comes_later(db: ReportDatabase, tmp_path: Path) -> None:
    """With its run it comes to a pipeline; should the run be deleted, it stays in it."""
    calls, steps = tmp_path / "calls.csv", tmp_path / "steps.csv"
    calls.write_text("id,run,step,model,called_at,cost\nc1,r1,load,gpt-5,2026-03-01T10:00:01Z,1\n", "utf-8")
    steps.write_text("run,pipeline,step,status,started_at\nr1,books,load,completed,2026-03-01T10:00:00Z\n", "utf-8")
    db.ingest(steps, name="plain")
    db.ingest(calls, name="plain", append=True)
    assert pipelines_of(db, "calls") == ["books"]
    assert examine(db.path) == []


def test_two_sources_of_one_pipeline_are_merged(db: ReportDatabase, tmp_path: Path) -> None:
    header = "run,pipeline,step,status,started_at,ended_at\n"
    row = "{},{},load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n"
    (tmp_path / "one.csv").write_text(header + row.format("r1", "books"), "utf-8")
    (tmp_path / "two.csv").write_text(header + row.format("r2", "books") + row.format("r3", "films"), "utf-8")
    db.ingest(tmp_path / "one.csv", name="one")
    db.ingest(tmp_path / "two.csv", name="two")
    sources.merge(db.path, "two", "one")
    assert db.sql(OF_STEPS) == [("books", "load", "completed", 2), ("films", "load", "completed", 1)]
    assert db.sql("select count(*), count(distinct source_id) from pipelines") == [(2, 1)]
    assert examine(db.path) == []
    sources.remove(db.path, "one")
    assert db.sql("select count(*) from pipelines") == [(0,)]
