"""Bring the rows of one part of a source into the core tables: only rows that are new or have changed are written.

The rows that a mapping selects are upserted by (source_id, source_key). Rows that the source no longer has get gone_at,
and rows that refer to them become orphans; a reference whose row is back is linked again.
"""

from ..keyed import MAY_BE_PRIVATE, PRIVATE_KEY
from ..mapping import CORE_TABLES
from ..readers.copies import copy_unindexed
from ..typed import create_views
from .changes import Watermarks, find_changes, has_begun_again, is_older, new_watermarks, open_groups, uncounted
from .clocks import correct_clocks
from .continued import check_calls, check_keys, find_added, last_call
from .deleted import supersede
from .derived import WORKED_RUNS, delete_empty_runs, derive_runs, move_rows_with_runs, note_runs
from .errors import file_errors
from .findings import note_findings
from .job import IS_OPEN, Counts, Job, Overlap, has_rows
from .references import link_again, link_deleted
from .rejects import load_rejects, refuse_rejects
from .reused import watch_reused_keys
from .unread import note_unread_columns
from .upsert import load_core, load_names
from .zones import note_earlier_keys

__all__ = [
    "IS_OPEN",
    "Counts",
    "Job",
    "Overlap",
    "Watermarks",
    "has_rows",
    "load_part",
    "open_groups",
    "refuse_rejects",
]


def load_part(job: Job, watermarks: Watermarks | None) -> Watermarks:
    """Load a part, and return the watermarks for the next time; None reads it whole.

    Raises NotContinuedError where more of a part that continues is needed than what was added.
    """
    job.compile()
    known = _find_changes(job, watermarks)
    read = {table: load_rejects(job, table, known is not None) for table in job.part.tables}
    correct_clocks(job)
    note_earlier_keys(job)
    create_views(job.connection, job.typed, known is not None, job.is_read)
    if job.continued:
        check_keys(job)
    last = last_call(job)
    load_names(job)
    note_runs(job)
    watch_reused_keys(job)
    rows = {core: load_core(job, core, known.rows[core] if known else None) for core in CORE_TABLES}
    if known and not job.continued and (cores := uncounted(job, rows, known)):
        # Rows were deleted where nothing is new, or have been renumbered: read all that these are made of.
        read |= _read_whole(job, cores)
        # Rows that were looked at only now may be of steps that no other has.
        load_names(job)
        rows |= {core: load_core(job, core, None) for core in cores}
    supersede(job)
    job.counts.updated += link_again(job.connection, job.source_id)
    if job.counts.gone:
        link_deleted(job.connection, job.source_id, job.inheriting)
    move_rows_with_runs(job, job.inheriting)
    derive_runs(job, WORKED_RUNS)
    delete_empty_runs(job)
    if job.continued:
        check_calls(job, last)
    file_errors(job)
    note_unread_columns(job)
    note_findings(job)
    for rows_read, rejected in filter(None, read.values()):
        job.counts.read += rows_read
        job.counts.rejected += rejected
    return new_watermarks(job, rows, known)


def _find_changes(job: Job, watermarks: Watermarks | None) -> Watermarks | None:
    """Find the rows that may have changed; return the watermarks if only those are to be read, None to read all."""
    job.execute("drop table if exists temp.dirty_groups")
    job.execute("""
        create temp table dirty_groups (
            group_key not null,
            step_key not null default '',
            primary key (group_key, step_key)
        ) without rowid""")
    if job.continued:
        find_added(job)
        return watermarks
    remote = job.typed.opened.remote
    if job.is_fresh or (watermarks and (is_older(job, watermarks) or has_begun_again(job, watermarks))):
        watermarks = None
    if watermarks:
        if remote:
            remote.dirty_groups(watermarks.since)
        find_changes(job, watermarks)
        # The core tables have e-mail addresses as hashes.
        job.execute(
            "insert or ignore into temp.dirty_groups"
            f" select {PRIVATE_KEY.format(c='group_key')}, {PRIVATE_KEY.format(c='step_key')} from temp.dirty_groups"
            f" where {MAY_BE_PRIVATE.format(c='group_key')} or {MAY_BE_PRIVATE.format(c='step_key')}"
        )
    else:
        _need_all(job)
    if remote:
        remote.fetch(watermarks.since if watermarks else None)
    return watermarks


def _need_all(job: Job) -> None:
    job.need_all()
    copy_unindexed(job.connection, job.typed.opened, list(job.typed.opened.unindexed))


def _read_whole(job: Job, cores: list[str]) -> dict[str, tuple[int, int] | None]:
    """Let the views have all rows; return the counts of the tables that are read again, which count once."""
    _need_all(job)
    job.typed.rejecting.clear()
    if job.typed.opened.remote:
        job.typed.opened.remote.fetch(None)
    tables = {table for core in cores for table in job.part.feeds[core]}
    read = {table: load_rejects(job, table, changes_only=False) for table in tables}
    create_views(job.connection, job.typed, False, job.is_read)
    return read
