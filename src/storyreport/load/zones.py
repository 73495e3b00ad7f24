"""Rows without a key of their own whose local times are read in another zone than before: they count once.

Their keys have their times, so that they have other ones now. Those that they had are found with the zone of then.
"""

from copy import copy
from dataclasses import replace

from ..system import Type
from ..typed import create_views
from .job import Job

# Core tables whose rows may be known by their time, and to which no other row refers.
CORES = ("step_runs", "calls")


def note_earlier_keys(job: Job) -> None:
    """Note which keys the rows had in the zone of the last time, if that was another; leaves views of then behind."""
    job.execute("drop table if exists temp.earlier_keys")
    if job.zone_before in ("", job.typed.options.timezone) or not _has_local_times(job):
        return
    job.execute("create temp table earlier_keys (core, key, primary key (core, key)) without rowid")
    # What the files of this ingest have now: a row may have the time that another one had.
    job.execute("create temp table if not exists keys_of_now (core, key, primary key (core, key)) without rowid")
    typed = copy(job.typed)
    typed.options = replace(typed.options, timezone=job.zone_before)
    create_views(job.connection, typed, False, job.is_read)
    for section in job.sections:
        if section.verb == "load" and section.table in CORES:
            with job.running(section):
                job.execute(
                    "insert or ignore into temp.earlier_keys"
                    f" select :core, cast(source_key as text) from {job.rows_of(section)}",
                    core=section.table,
                )


def forget_earlier_keys(job: Job, core: str) -> None:
    """Delete the rows under keys of then that temp.mapped has under others."""
    if core not in CORES or not _is_noted(job):
        return
    job.execute(
        "insert or ignore into temp.keys_of_now select :core, cast(source_key as text) from temp.mapped", core=core
    )
    job.execute(
        f"""
        delete from main.{core}
        where
            source_id = :source_id
            and input_id = :input_id
            and source_key in (select key from temp.earlier_keys where core = :core)
            and source_key not in (select key from temp.keys_of_now where core = :core)""",
        core=core,
    )


def _has_local_times(job: Job) -> bool:
    return any(Type.LOCAL in table.columns.values() for table in job.part.tables.values())


def _is_noted(job: Job) -> bool:
    return bool(job.scalar("select exists (select 1 from temp.sqlite_master where name = 'earlier_keys')"))
