"""Error messages by fingerprint: one row of `errors` for equal causes, found by full-text search."""

from .job import Job

TABLES_WITH_ERRORS = ("runs", "step_runs", "calls")
UNFILED = "source_id = :source_id and error_message is not null and error_id is null"


def file_errors(job: Job) -> None:
    """File each new error message under its fingerprint, and make the fingerprint searchable."""
    tables = [table for table in TABLES_WITH_ERRORS if job.has_any(f"main.{table}", UNFILED)]
    if not tables:
        return
    last_id = job.scalar("select coalesce(max(id), 0) from main.errors")
    for table in tables:
        job.execute(f"""
            create temp table unfiled as
            select id, error_message, fingerprint(error_message) as fingerprint
            from main.{table}
            where {UNFILED}""")
        job.execute("""
            insert or ignore into main.errors (fingerprint, example)
            select fingerprint, min(error_message)
            from temp.unfiled
            group by fingerprint""")
        job.execute(f"""
            update main.{table}
            set error_id = errors.id
            from temp.unfiled
            join main.errors on errors.fingerprint = unfiled.fingerprint
            where {table}.id = unfiled.id""")
        job.execute("drop table temp.unfiled")
    job.execute(
        "insert into main.errors_fts (rowid, fingerprint, example)"
        " select id, fingerprint, example from main.errors where id > :last_id",
        last_id=last_id,
    )
