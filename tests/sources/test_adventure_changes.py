"""The choose-your-own-adventure service: changes between ingests, missing tables and columns."""

from pathlib import Path

import pytest
from helpers.adventure_rows import options_of, plant_jobs
from helpers.report_database import ReportDatabase, change


def test_the_same_again_writes_nothing(db: ReportDatabase, real: Path) -> None:
    """An unchanged source is not even read; read in full, it gives the same rows."""
    tables = ("stories", "runs", "step_runs", "story_nodes", "story_options")
    db.ingest(real)
    before = [db.sql(f"select * from {table} order by id") for table in tables]
    assert db.ingest(real).unchanged
    full = db.ingest(real, full=True)
    assert (full.counts.read, full.counts.written) == (128, 0)
    assert [db.sql(f"select * from {table} order by id") for table in tables] == before


def test_jobs_that_come_and_end_are_found(db: ReportDatabase, games: Path) -> None:
    """A job that hung for long and ends in place is found among many, by being open; the many are not read again."""
    plant_jobs(games, 40_000)
    db.ingest(games)
    change(
        games,
        "update story_jobs set status = 'completed', story_id = 2, completed_at = '2026-07-02 08:00:00' where id = 3",
        "insert into story_jobs (job_id, session_id, theme, status) values ('j-new', 'x', 'sea', 'pending')",
    )
    outcome = db.ingest(games)
    # The run and the step run that has ended, at 15:00 UTC, as the server's clock is seven hours behind; the new run.
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (2, 1, 0)
    assert outcome.counts.read < 15_000
    assert db.sql("""
        select runs.status, runs.current_step, stories.source_key, step_runs.duration_ms
        from runs
        join stories on stories.id = runs.story_id
        join step_runs on step_runs.run_id = runs.id
        where runs.source_key = 'j-running'
    """) == [("completed", None, "2", 73_200_000)]
    assert [row["executions"] for row in db.report("failure_rates")] == [40_003]


def test_a_job_that_starts_again_has_not_ended(db: ReportDatabase, games: Path) -> None:
    """A job that is set back to processing in place takes back that it had ended."""
    db.ingest(games)
    change(games, "update story_jobs set status = 'processing', completed_at = null where id = 2")
    assert db.ingest(games).counts.gone == 1
    assert db.sql("select source_key from step_runs where gone_at is null") == [("j-done",)]
    assert db.sql("select status from runs where source_key = 'j-failed'") == [("running",)]


def test_changed_nodes_are_found(db: ReportDatabase, games: Path) -> None:
    """A node that gets other options loses those that it had; one that is deleted takes its options along."""
    db.ingest(games)
    change(
        games,
        """update story_nodes set options = '[{"text": "A secret path", "node_id": 3}]' where id = 1""",
        """update story_nodes set options = '[{"text": "A secret path", "node_id": 1}]' where id = 4""",
    )
    outcome = db.ingest(games)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 1, 1)
    assert options_of(db, "1") == [(1, "3", None)]
    assert options_of(db, "4") == [(1, "1", None)]
    change(games, "delete from story_nodes where id in (1, 3)")
    db.ingest(games)
    assert db.sql("select source_key from story_nodes where gone_at is not null order by 1") == [("1",), ("3",)]
    assert db.sql("select source_key from story_options where gone_at is null") == [("4/1",)]
    assert options_of(db, "4") == [(1, None, "1")]


def test_what_vanishes_stays_as_history(db: ReportDatabase, games: Path) -> None:
    """A story that is deleted with its nodes and its job is no orphan, and its job still counts."""
    db.ingest(games)
    for table, column in (("stories", "id"), ("story_nodes", "story_id"), ("story_jobs", "story_id")):
        change(games, f"delete from {table} where {column} = 1")
    db.ingest(games)
    assert db.report("orphans") == []
    assert db.sql("select source_key from runs where gone_at is not null") == [("j-done",)]
    assert [row["executions"] for row in db.report("failure_rates")] == [2]


@pytest.mark.parametrize("kept", [{"stories"}, {"story_jobs"}, {"story_nodes"}, {"stories", "story_nodes"}])
def test_tables_may_be_missing(db: ReportDatabase, games: Path, kept: set[str]) -> None:
    """The service is known by any of its tables, and what is there is loaded."""
    change(games, *(f"drop table {table}" for table in {"stories", "story_jobs", "story_nodes"} - kept))
    assert db.ingest(games).counts.rejected == 0
    assert db.sql("select system from sources") == [("adventure",)]
    loaded = {"stories": "stories", "story_jobs": "runs", "story_nodes": "story_nodes"}
    assert {name for name, core in loaded.items() if db.one(f"select count(*) from {core}")} == kept
    assert db.one("select count(*) from steps") == ("story_jobs" in kept)


def test_columns_may_be_missing(db: ReportDatabase, tmp_path: Path) -> None:
    """An older service without jobs' ids, options and sessions is read as far as it goes."""
    path = tmp_path / "old.db"
    change(
        path,
        "create table story_jobs (id integer primary key, theme text, status text, created_at text)",
        "create table story_nodes (id integer primary key, story_id integer, is_root boolean)",
        "insert into story_jobs values (1, 'sea', 'completed', '2026-07-01 10:00:00')",
        "insert into story_nodes values (1, null, 1)",
    )
    assert db.ingest(path).counts.rejected == 0
    assert db.sql("select source_key, status, duration_ms, session_hash from runs") == [
        ("job 1", "completed", None, None)
    ]
    assert db.sql("select is_root, has_broken_options, story_key from story_nodes") == [(1, 0, None)]
    assert db.report("orphans") == []
