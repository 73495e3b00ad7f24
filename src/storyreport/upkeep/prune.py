"""Delete old detail and keep what it adds up to: sources, stories, runs, files, errors and every rollup stay.

A row of detail is deleted once it ended before a day and nothing has been done for its story or in its run since. Open
work, current failures and orphans are never deleted. Neither are bills, for they say what the calls of a day cost, and
rows without a time, which may not be old. The days before are frozen from then on: their rollups stay as they are, and
nothing as old is loaded again.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from importlib import resources
from pathlib import Path

from .. import rollups, schema
from ..detail import ENDED, ended, refused_lakes
from ..load import IS_OPEN
from ..load.references import CORE_TABLES
from ..sections import sections
from ..transaction import Progress, commit, snapshot, transaction
from .optimize import check_space, give_back, size_bytes

# Sources whose stories were not read are not checked.
IS_ORPHAN = """
    run_key is not null
    or (story_key is not null and source_id in (select source_id from main.sources_with_stories))"""
# Other rows of a table of detail that are not deleted, however old they are.
STAYS = {
    "step_runs": f"gone_at is null and ({IS_OPEN} or (status = 'failed' and run_id is null and story_id is null))",
    "calls": "calls = 0 and cost is not null",
}


@dataclass
class Pruned:
    """What was deleted or would be: rows by source and table, and their bytes (about, where they are still there)."""

    since: str
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    size_bytes: int = 0


def prune(
    database: Path,
    since: date,
    dry_run: bool = False,
    progress: Progress = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> Pruned:
    """Delete detail that ended before a day (UTC); raises StoryreportError and changes nothing where it cannot.

    `note` gets a sentence for each source that is left alone.
    """
    schema.open_for_reading(database).close()
    before_bytes = size_bytes(database)
    parameters = {"since": since.isoformat(), "now": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")}
    if dry_run:
        with snapshot(database) as connection:
            _refuse(connection, note)
            rows = _find(connection, parameters, progress)
            return Pruned(since.isoformat(), rows, before_bytes * sum(rows.values()) // max(1, _rows(connection)))
    with transaction(database, progress) as connection:
        _refuse(connection, note)
        rows = _find(connection, parameters, progress)
        if rows:
            check_space(database)
            progress("deleting old detail")
            _run(connection, "note", parameters)
            _remember(connection)
            _run(connection, "mark", parameters)
            for table in ENDED:
                _lower_watermarks(connection, table)
                connection.execute(f"delete from main.{table} where id in (select id from temp.old_{table})")
        commit(connection)
        if rows:
            give_back(connection, progress)
    return Pruned(since.isoformat(), rows, before_bytes - size_bytes(database))


def _refuse(connection: sqlite3.Connection, note: Callable[[str], None]) -> None:
    for refused in refused_lakes(connection, "prune"):
        note(refused)


def _find(connection: sqlite3.Connection, parameters: dict[str, str], progress: Progress) -> dict[tuple[str, str], int]:
    """Fill temp.old_<table> with the rows to delete; return how many they are by source and table."""
    progress("looking for old detail")
    for table in ("stories", "runs"):
        connection.execute(
            f"create temp table active_{table} (source_id integer, owner, primary key (source_id, owner)) without rowid"
        )
        connection.execute(f"create temp table pruned_{table} (id)")
    _run(connection, "find", parameters)
    found = {}
    for table, columns in ENDED.items():
        connection.execute(f"create temp table old_{table} (id integer primary key, source_id integer)")
        connection.execute(
            f"""
            insert into temp.old_{table}
            select id, source_id
            from main.{table} as old
            where
                {ended(table, columns)} < :since
                and source_id not in (select source_id from main.lakes)
                and not ({IS_ORPHAN})
                and ({STAYS.get(table, "false")}) is not true
                and not exists (
                    select 1
                    from temp.active_stories as active
                    where active.source_id = old.source_id and active.owner = coalesce(old.story_id, old.story_key)
                )
                and not exists (
                    select 1
                    from temp.active_runs as active
                    where active.source_id = old.source_id and active.owner = coalesce(old.run_id, old.run_key)
                )""",
            parameters,
        )
        by_source = connection.execute(f"""
            select sources.name, count(*)
            from temp.old_{table} as old
            join main.sources on sources.id = old.source_id
            group by sources.id
            order by sources.name""")
        found.update({(source, table): rows for source, rows in by_source})
    return found


def _run(connection: sqlite3.Connection, name: str, parameters: dict[str, str]) -> None:
    text = (resources.files(__package__) / "prune.sql").read_text(encoding="utf-8")
    for section in sections(text):
        if section.name == name:
            connection.execute(section.sql, parameters)


def _remember(connection: sqlite3.Connection) -> None:
    """Add what the old rows add up to, to the memories of the rollups that are not frozen."""
    for definition in rollups.definitions().values():
        if definition.kind == "memory" and definition.table:
            names = ", ".join(column.name for column in definition.table.columns)
            connection.execute(
                f"insert into main.{definition.name} ({names}) select {names} from ({definition.sql})"
                " where true on conflict do nothing"
            )


def _rows(connection: sqlite3.Connection) -> int:
    counts = (connection.execute(f"select count(*) from main.{table}").fetchone()[0] for table in CORE_TABLES)
    return sum(counts)


def _lower_watermarks(connection: sqlite3.Connection, table: str) -> None:
    """Let the next ingest expect the rows that are left: the source has more."""
    weight = "source_rows" if table == "step_runs" else "1"
    connection.execute(f"""
        update main.inputs
        set
            watermarks = json_replace(
                watermarks,
                '$.rows.{table}', json_extract(watermarks, '$.rows.{table}') - old.rows,
                '$.slack.{table}', json_extract(watermarks, '$.slack.{table}') + old.rows
            )
        from (
            select input_id, sum({weight}) as rows
            from main.{table}
            where gone_at is null and id in (select id from temp.old_{table})
            group by input_id
        ) as old
        where inputs.id = old.input_id""")
