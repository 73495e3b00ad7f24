"""What follows from step runs: the state of a run that its source keeps no record of, and a moved run's story."""

from collections.abc import Collection
from pathlib import Path

from .job import Job
from .references import CORE_TABLES, links

DERIVED_RUNS = Path(__file__).with_name("derived.sql").read_text(encoding="utf-8")
ALL_RUNS = "source_id = :source_id"
# Runs of which a step run was written, changed or deleted. With the index by source, all its runs would be read.
WORKED_RUNS = "+source_id = :source_id and id in (select run_id from temp.worked_runs)"
NOTE = "insert into {} select {}.run_id where {}.run_id is not null on conflict do nothing;"


def note_runs(job: Job) -> None:
    """From now on note the runs whose step runs change, and those that move to another story."""
    for table in ("worked_runs", "moved_runs"):
        job.execute(f"drop table if exists temp.{table}")
        job.execute(f"create temp table {table} (run_id primary key) without rowid")
    if job.is_fresh:
        return
    for event, rows in (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",))):
        notes = " ".join(NOTE.format("worked_runs", row, row) for row in rows)
        job.execute(f"drop trigger if exists temp.note_step_run_{event}")
        job.execute(f"create temp trigger note_step_run_{event} after {event} on main.step_runs begin {notes} end")
    job.execute("drop trigger if exists temp.note_moved_run")
    job.execute("""
        create temp trigger note_moved_run after update of story_id on main.runs
        when old.story_id is not new.story_id
        begin
            insert into moved_runs values (new.id) on conflict do nothing;
        end""")


def derive_runs(job: Job, which: str) -> None:
    """Give the derived runs that `which` (a condition) selects the state of their step runs."""
    if which == WORKED_RUNS and not job.has_any("temp.worked_runs"):
        return
    job.execute(DERIVED_RUNS.replace("/* which */ true", which))


def delete_empty_runs(job: Job) -> None:
    """Mark derived runs as deleted whose rows were all deleted; where detail was pruned, that is not known."""
    if not job.has_any("temp.worked_runs"):
        return
    children = [table for table in CORE_TABLES if any(link.name == "run" for link in links(job.connection, table))]
    none = " and ".join(
        f"not exists (select 1 from main.{table} where run_id = runs.id and gone_at is null)" for table in children
    )
    job.counts.gone += job.execute(f"""
        update main.runs
        set gone_at = :now
        where
            id in (select run_id from temp.worked_runs)
            and is_derived
            and gone_at is null
            and source_id in (select id from main.sources where detail_since is null)
            and {none}""").rowcount


def move_rows_with_runs(job: Job, inheriting: Collection[str]) -> None:
    """Move the rows of `inheriting` tables with their run to another story."""
    for core in inheriting if job.has_any("temp.moved_runs") else ():
        job.execute(f"""
            update main.{core}
            set story_id = runs.story_id
            from main.runs
            where
                runs.id in (select run_id from temp.moved_runs)
                and {core}.run_id = runs.id
                and {core}.story_id is not runs.story_id""")
