"""Rows that cannot be loaded, kept with the reason; and warnings about values that were dropped from a row that is."""

import sqlite3

from ..errors import StoryreportError
from .job import Job


def load_rejects(job: Job, table: str, changes_only: bool) -> tuple[int, int] | None:
    """Keep the rows of a table that cannot be loaded; return how many were read and how many of them rejected.

    Returns None where the source lacks the table.
    """
    source = job.typed.source(table, changes_only)
    if source is None:
        return None
    _forget(job, table, changes_only)
    rejected = _find(job, table, changes_only)
    job.typed.rejecting[table] = rejected > 0
    # The stored word for a value that was dropped is "warning".
    job.execute(
        f"""
        insert into main.rejects (
            source_id, input_id, source_table, source_row, source_key, severity, reason, row, rejected_at, file
        )
        select
            :source_id, :input_id, :table, source_row, source_key, iif(reason is null, 'warning', 'rejected'),
            coalesce(reason, warning), shown, :now, :file
        from temp.{job.typed.rejected(table)}
        order by reason is null, rowid""",
        table=table,
        file=job.adds,
    )
    return job.scalar(f"select count(*) {source}"), rejected


def _find(job: Job, table: str, changes_only: bool) -> int:
    """Find the rows of a table that have a bad value, in one pass; return how many cannot be loaded."""
    typed = job.typed
    reason, warning, name = typed.problem(table), typed.warning(table), typed.rejected(table)
    job.execute(f"drop table if exists temp.{name}")
    job.execute(f"""
        create temp table {name} as
        select
            {typed.place(table, changes_only)} as place,
            {typed.row_number(table, changes_only)} as source_row,
            {typed.key(table)} as source_key,
            {reason} as reason,
            {warning} as warning,
            {typed.redacted_row(table)} as shown
        {typed.source(table, changes_only)} and (({reason}) is not null or ({warning}) is not null)""")
    return int(job.scalar(f"select count(reason) from temp.{name}"))


def _forget(job: Job, table: str, changes_only: bool) -> None:
    """Delete the rejects of a table, or of the rows that are read again."""
    source, number = job.typed.source(table, changes_only), job.typed.row_number(table, changes_only)
    again = ""
    if changes_only and number == "null":
        again = f"and source_key in (select {job.typed.key(table)} {source})"
    elif changes_only:
        again = f"and source_row in (select {number} {source})"
    job.execute(
        f"delete from main.rejects where input_id = :input_id and source_table = :table and file = :file {again}",
        table=table,
        file=job.adds,
    )


def refuse_rejects(connection: sqlite3.Connection, name: str, source_id: int) -> None:
    """Raise StoryreportError if rows of the source cannot be loaded, whether they were read just now or before."""
    first = connection.execute(
        "select source_table, source_row, source_key, reason, count(*) over () from rejects"
        " where source_id = ? and severity = 'rejected' order by id limit 1",
        [source_id],
    ).fetchone()
    if first:
        table, row, key, reason, count = first
        rows = f"{count} row{'s' if count > 1 else ''}"
        raise StoryreportError(
            f"{name}: {rows} cannot be loaded, the first is {table} row {key if row is None else row} ({reason}): "
            "fix the source, or leave out --strict to load the rest."
        )
