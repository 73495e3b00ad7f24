"""Rows that cannot be loaded, kept with the reason; and warnings about values that were dropped from a row that is."""

from .job import Job


def load_rejects(job: Job, table: str, changes_only: bool) -> tuple[int, int] | None:
    """Keep the rows of a table that cannot be loaded; return how many were read and how many of them rejected.

    Returns None where the source lacks the table.
    """
    source = job.typed.source(table, changes_only)
    if source is None:
        return None
    problem, warning = job.typed.problem(table), job.typed.warning(table)
    _forget(job, table, changes_only)
    read, rejected, warned = job.execute(f"select count(*), count({problem}), count({warning}) {source}").fetchone()
    job.typed.rejecting[table] = rejected > 0
    if rejected:
        _keep(job, table, changes_only, f"({problem}) is not null", "rejected", problem)
    if warned:
        # The stored word for a warning.
        _keep(job, table, changes_only, f"({warning}) is not null and ({problem}) is null", "warning", warning)
    return read, rejected


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


def _keep(job: Job, table: str, changes_only: bool, condition: str, severity: str, reason: str) -> None:
    typed = job.typed
    job.execute(
        f"""
        insert into main.rejects (
            source_id, input_id, source_table, source_row, source_key, severity, reason, row, rejected_at, file
        )
        select
            :source_id, :input_id, :table, {typed.row_number(table, changes_only)}, {typed.key(table)}, :severity,
            {reason}, {typed.redacted_row(table)}, :now, :file
        {typed.source(table, changes_only)} and {condition}""",
        table=table,
        severity=severity,
        file=job.adds,
    )
