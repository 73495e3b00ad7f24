"""A report database that knew no pipelines comes to have them, with its pruned history."""

from pathlib import Path

from helpers import previous
from helpers.previous import examine
from helpers.report_database import ReportDatabase, ask, pairs

from storyreport import schema

SINGLE = ("adventure", "media", "pipeline", "sprint", "workflow")


def test_a_source_of_one_pipeline_has_it_from_the_first_day(db: ReportDatabase) -> None:
    """Rows and sums of pruned days are of the pipeline, too: no step has two lines."""
    previous.write(db.path)
    frozen = "select source_id, family, day, executions from rollup_step_days where executions > 0 order by 1, 2, 3"
    before = ask(db.path, frozen)
    steps = ask(db.path, "select id, source_id, name, family, position from steps order by id")
    examine(db.path, repair=True)
    assert examine(db.path) == []
    assert ask(db.path, frozen) == before
    assert ask(db.path, "select id, source_id, name, family, position from steps order by id") == steps
    for table in ("steps", "runs", "stories", "rollup_step_days", "rollup_steps", "rollup_step_call_days"):
        found = db.sql(f"""
            select distinct sources.system, pipelines.name
            from {table}
            join sources on sources.id = {table}.source_id
            left join pipelines on pipelines.id = {table}.pipeline_id""")
        assert found
        assert {(system, name) for system, name in found if system in SINGLE} <= {(name, name) for name in SINGLE}
        assert all(name is None for system, name in found if system not in SINGLE), table
    lines = pairs(db.report("failure_rates"), "source", "step")
    assert len(lines) == len(set(lines))


def test_dags_of_an_older_version_are_distinguished_by_the_next_ingest(db: ReportDatabase, tmp_path: Path) -> None:
    """The mapping has changed: what is unchanged is read again, and tells the DAGs apart."""
    tasks = tmp_path / "tasks.csv"
    tasks.write_text(
        "dag_id,task_id,run_id,map_index,start_date,end_date,duration,state,try_number\n"
        "books,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,10,success,1\n"
        "films,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:20Z,20,failed,1\n",
        "utf-8",
    )
    db.ingest(tasks)
    # As that version had it: one step, and no pipeline.
    with schema.connect(db.path) as connection:
        connection.execute("delete from steps where id = 2")
        for statement in (
            "update steps set pipeline_id = null",
            "update runs set pipeline_id = null",
            "update step_runs set step_id = 1",
            "delete from pipelines",
            "update inputs set signature = 'of another mapping', watermarks = '{}'",
            "delete from unchanged_requests",
        ):
            connection.execute(statement)
    connection.close()
    examine(db.path, repair=True)
    assert pairs(db.report("failure_rates"), "executions", "failure_pct", "pipeline") == [(2, 50.0, None)]
    db.ingest(tasks)
    assert pairs(db.report("failure_rates"), "executions", "failure_pct", "pipeline") == [
        (1, 100.0, "films"),
        (1, 0.0, "books"),
    ]
    assert examine(db.path) == []
