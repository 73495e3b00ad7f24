"""Apply today's rules of what may be kept to a database that exists: an earlier version may have kept more.

Each column of text has a rule, an SQL expression of the value as it would be kept today. Errors stay joined to their
work: one whose fingerprint becomes that of another is put together with it. Nothing of the old texts is left in the
file or its log.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import keyed, rollups, schema
from ..errors import StoryreportError
from ..load.references import CORE_TABLES, link_again
from ..transaction import Progress, commit, transaction
from .merged_errors import merge_errors
from .optimize import check_space
from .rejected import register as register_rejected_row
from .same_rows import put_together

TEXT = "redacted({c})"
WORD = "case when length({c}) > 12 or instr({c}, '@') then redacted({c}) else {c} end"
KEY = keyed.PRIVATE_KEY
# An error's message may be kept whole where its source is read with --with-text.
WITH_TEXT = "(select id from main.inputs where json_extract(watermarks, '$.with_text'))"
MESSAGE = f"case when input_id in {WITH_TEXT} then redacted({{c}}) else neutral(redacted({{c}})) end"
EXAMPLE = f"case when exists {WITH_TEXT} then redacted({{c}}) else neutral(redacted({{c}})) end"
ROW = "rejected_row({c}, source_table, input_id)"
# A reader that is slower keeps the log.
READER_SECONDS = 5
WORDS = ("origin", "theme", "failure_stage", "failure_code", "source_status", "provider", "endpoint", "model")
# By name, in whichever table.
RULES = {
    **dict.fromkeys(
        ("source_key", "story_key", "run_key", "parent_key", "node_key", "target_key", "earlier_key", "current_step"),
        KEY,
    ),
    **dict.fromkeys(("title", "prompt", "text", "message"), TEXT),
    **dict.fromkeys(WORDS, WORD),
    "labels": "clean_labels({c})",
    "error_message": MESSAGE,
}
# Where a name means something else.
OTHERS = {
    # A key that is kept in another way now is a new finding.
    "acknowledged_findings": {"finding": TEXT},
    "acknowledgements": {"note": TEXT},
    "artifacts": {"path": KEY, "name": KEY},
    "errors": {"example": EXAMPLE, "fingerprint": TEXT},
    "findings": {"example": TEXT},
    "log_events": {"message": MESSAGE},
    # A source is found again by its location: only addresses lose what is secret.
    "inputs": {"location": "case when instr({c}, '://') then redacted({c}) else {c} end"},
    "rejects": {"source_key": TEXT, "row": ROW},
    "row_blocks": {"keys": KEY},
    "notes": {"note": TEXT},
    "pipelines": {"name": KEY},
    "steps": {"name": KEY, "family": KEY},
}
# Steps of two pipelines that become one are put together before these.
OF_ONE_PIPELINE = """
    and (
        select coalesce(private_key(max(name)), '') from main.pipelines where id = rows.pipeline_id
    ) = (
        select coalesce(max(name), '') from main.pipelines where id = kept.pipeline_id
    )"""
IS_OLD = f"""(
    {keyed.MAY_BE_PRIVATE.format(c="rows.name")}
    or exists (
        select 1
        from main.pipelines
        where id = rows.pipeline_id and {keyed.MAY_BE_PRIVATE.format(c="name")}
    )
)"""
# Kept beside the rows that they were made of, which may be pruned; the rest of the rollups follows from these.
KEPT = {
    "pruned_calls": ("story_key", "family"),
    "pruned_failures": ("step",),
    "pruned_warnings": ("run",),
}
ROLLUP_KEYS = ("family", "story", "run", "node", "step", "next_step")


@dataclass(frozen=True)
class Scrubbed:
    """How many rows of a table had a column with what may not be kept."""

    table: str
    column: str
    rows: int


def find(connection: sqlite3.Connection, progress: Progress = lambda _: None) -> list[Scrubbed]:
    """What `scrub` would find, by table and column."""
    _register(connection)
    found = []
    for table, column, rule in _rules(connection):
        progress(f"looking at {table}")
        rows = connection.execute(f"select count(*) from main.{table} where {_differs(column, rule)}").fetchone()[0]
        found += [Scrubbed(table, column, rows)] if rows else []
    return found


def scrub(database: Path, progress: Progress = lambda _: None) -> list[Scrubbed]:
    """Redact, hash and take out what may not be kept, in one transaction, and rewrite the file without the old texts.

    StoryreportError where somebody else keeps the old texts from being taken out; then it is to be run again.
    """
    schema.check_exists(database)
    check_space(database)
    with transaction(database, progress) as connection:
        rollups.update(connection)
        # What is deleted or shorter now is overwritten.
        connection.execute("pragma secure_delete = on")
        found = find(connection, progress)
        if found:
            rollups.watch(connection)
            progress("taking out what may not be kept")
            merge_errors(connection, EXAMPLE.format(c="example"))
            _apply(connection)
            connection.execute("delete from main.unchanged_requests")
            progress("adding up")
            rollups.refresh(connection)
            connection.execute("insert into main.errors_fts (errors_fts) values ('rebuild')")
        commit(connection)
        progress("rewriting the file")
        _rewrite(connection, database)
    return found


def _rewrite(connection: sqlite3.Connection, database: Path) -> None:
    """Leave no old text in free pages or the log."""
    connection.execute(f"pragma busy_timeout = {READER_SECONDS * 1000}")
    connection.execute("vacuum main")
    is_busy = connection.execute("pragma main.wal_checkpoint(truncate)").fetchone()[0]
    if is_busy:
        raise StoryreportError(
            f"{database} is scrubbed, but what it was before is still in its log, which another program reads: stop"
            " that one, and run `storyreport scrub` again."
        )


def _register(connection: sqlite3.Connection) -> None:
    keyed.register(connection)
    register_rejected_row(connection)


def _rules(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """(table, column, the value as it may be kept) of each column of text."""
    rollup_tables = [
        name
        for (name,) in connection.execute("select name from main.sqlite_master where type = 'table' order by name")
        if name.startswith("rollup_")
    ]
    named = {
        **{table: {**RULES, **OTHERS.get(table, {})} for table in CORE_TABLES},
        **{table: rules for table, rules in OTHERS.items() if table not in CORE_TABLES},
        "reused_keys": RULES,
        **{table: dict.fromkeys(columns, KEY) for table, columns in KEPT.items()},
        "pruned_failures": {"step": KEY, "error": "neutral(redacted({c}))"},
        "pruned_warnings": {"run": KEY, "message": "neutral(redacted({c}))"},
        **{table: dict.fromkeys(ROLLUP_KEYS, KEY) for table in rollup_tables},
    }
    for table, rules in named.items():
        columns = {row[1] for row in connection.execute(f"pragma main.table_info({table})")}
        for column, rule in rules.items():
            if column in columns:
                yield table, column, rule.format(c=column)


def _differs(column: str, rule: str) -> str:
    return f"{column} is not null and {column} is not {rule}"


def _apply(connection: sqlite3.Connection) -> None:
    for table, key in {**dict.fromkeys(CORE_TABLES, "source_key"), "steps": "name", "pipelines": "name"}.items():
        _put_together(connection, table, key)
    for table, column, rule in _rules(connection):
        if table != "errors":
            # Where two rows of a rollup become one, it is computed again.
            how = "or replace" if table.startswith(("rollup_", "pruned_", "acknowledged_")) else ""
            connection.execute(f"update {how} main.{table} set {column} = {rule} where {_differs(column, rule)}")
    for (source_id,) in connection.execute("select id from main.sources").fetchall():
        link_again(connection, source_id)


def _put_together(connection: sqlite3.Connection, table: str, key: str) -> None:
    """Delete the rows that a later ingest has loaded again under their new key."""
    connection.execute(f"""
        create temp table same_rows as
        select rows.id, kept.id as kept_id
        from main.{table} as rows
        join main.{table} as kept
            on kept.source_id = rows.source_id and kept.{key} = private_key(rows.{key})
        where
            {IS_OLD if table == "steps" else keyed.MAY_BE_PRIVATE.format(c=f"rows.{key}")}
            and kept.id <> rows.id
            {OF_ONE_PIPELINE if table == "steps" else ""}""")
    put_together(connection, table)
    connection.execute("drop table temp.same_rows")
