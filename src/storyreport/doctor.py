"""Look for what in the report database contradicts itself, and mend what follows from the rest.

Every rollup is computed anew, the way a new source's are, and compared with what is there. What was pruned is not
computed away: a closed day, and a story whose detail is gone, are as they are.
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import rollups, schema
from .load.references import CORE_TABLES, leads_nowhere, links
from .transaction import Progress, snapshot, transaction

# Sums of money depend on the order that they are added up in.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Finding:
    """Rows of a table that are not as they ought to be."""

    source: str
    table: str
    rows: int
    example: str
    mend: tuple[str, ...] = ()  # SQL

    def __str__(self) -> str:
        of = f"{self.source}, " if self.source else ""
        return f"{of}{self.table}: {self.rows:,} rows, such as {self.example}"


def examine(database: Path, repair: bool = False, progress: Progress = lambda _: None) -> list[Finding]:
    """What is wrong; with `repair` it has been mended where Finding.mend says how."""
    schema.open_for_reading(database).close()
    with transaction(database, progress) if repair else snapshot(database) as connection:
        progress("checking the file")
        findings = _damage(connection)
        # What cannot be read rightly cannot be compared.
        if not findings:
            findings = [*_broken_references(connection), *_half_orphans(connection)]
            if repair:
                # Rollups follow from these rows.
                _mend(connection, findings)
            progress("adding up again")
            rollups.expect(connection)
            for table in rollups.tables(connection):
                progress(f"comparing {table}")
                findings += _differences(connection, table)
        if repair:
            _mend(connection, findings)
            connection.execute("commit")
    return findings


def _mend(connection: sqlite3.Connection, findings: list[Finding]) -> None:
    # What is found of several sources is mended at once.
    for statement in dict.fromkeys(statement for finding in findings for statement in finding.mend):
        connection.execute(statement)


def _damage(connection: sqlite3.Connection) -> list[Finding]:
    said = [line for (line,) in connection.execute("pragma main.quick_check")]
    # Of a table without rowid some versions of SQLite say that wrongly.
    damage = [line for line in said if line != "ok" and not line.startswith("NULL value in ")]
    return [Finding("", "the file itself", len(damage), f"{damage[0]} (restore a copy of it)")] if damage else []


def _broken_references(connection: sqlite3.Connection) -> list[Finding]:
    counted = Counter((table, parent) for table, _, parent, _ in connection.execute("pragma main.foreign_key_check"))
    return [
        Finding("", table, rows, f"a reference to a row that {parent} does not have (ingest its source with --full)")
        for (table, parent), rows in counted.items()
        if not table.startswith("rollup_")
    ]


def _half_orphans(connection: sqlite3.Connection) -> list[Finding]:
    """References that lead somewhere and are said to lead nowhere."""
    findings = []
    for table in CORE_TABLES:
        references = links(connection, table)
        for link in references:
            condition = f"{link.name}_id is not null and {link.name}_key is not null"
            found = connection.execute(f"""
                select sources.name, count(*), min(rows.source_key)
                from main.{table} as rows
                join main.sources on sources.id = rows.source_id
                where {leads_nowhere("rows", references)} and {condition}
                group by sources.id""")
            findings += [
                Finding(
                    source,
                    table,
                    rows,
                    f"{key}, which has its {link.name} and is said to have lost it",
                    (f"update main.{table} set {link.name}_key = null where {condition}",),
                )
                for source, rows, key in found
            ]
    return findings


def _differences(connection: sqlite3.Connection, table: str) -> list[Finding]:
    """Where a rollup is not as temp.<rollup>, which it ought to be."""
    columns = {row[1]: row for row in connection.execute(f"pragma main.table_info({table})")}
    keys = [name for name, row in columns.items() if row[5]]
    same = " and ".join(f"known.{key} = ought.{key}" for key in keys)
    differ = " or ".join(
        f"known.{name} is not ought.{name}"
        if row[2].lower() != "real"
        else f"(known.{name} is null) <> (ought.{name} is null)"
        f" or abs(known.{name} - ought.{name}) > {TOLERANCE} * max(abs(known.{name}), abs(ought.{name}))"
        for name, row in columns.items()
        if name not in keys
    )
    names = ", ".join(dict.fromkeys(["source_id", *keys]))
    connection.execute(f"""
        create temp table differing_{table} as
        select {", ".join(f"ought.{name}" for name in names.split(", "))}
        from temp.{table} as ought
        left join main.{table} as known on {same}
        where known.{keys[0]} is null or {differ or "false"}
        union all
        select {", ".join(f"known.{name}" for name in names.split(", "))}
        from main.{table} as known
        where not exists (select 1 from temp.{table} as ought where {same})""")
    which = f"where ({', '.join(keys)}) in (select {', '.join(keys)} from temp.differing_{table})"
    mend = (f"delete from main.{table} {which}", f"insert into main.{table} select * from temp.{table} {which}")
    found = connection.execute(f"""
        select coalesce(sources.name, 'no source'), count(*), {names}
        from differing_{table} as differing
        left join main.sources on sources.id = differing.source_id
        group by differing.source_id""").fetchall()
    return [
        Finding(source, table, rows, _example(connection, table, dict(zip(names.split(", "), key, strict=True))), mend)
        for source, rows, *key in found
    ]


def _example(connection: sqlite3.Connection, table: str, key: dict[str, Any]) -> str:
    """A row that differs, and how."""
    named = ", ".join(f"{name} {value!r}" for name, value in key.items() if name != "source_id")
    which = " and ".join(f"{name} = :{name}" for name in key)
    known, ought = (_row(connection, f"select * from {place}.{table} where {which}", key) for place in ("main", "temp"))
    if ought is None:
        return f"{named}, which nothing adds up to"
    if known is None:
        return f"{named}, which is missing"
    differing = (name for name in known if known[name] != ought[name])
    return f"{named}: " + ", ".join(f"{name} is {known[name]} and ought to be {ought[name]}" for name in differing)


def _row(connection: sqlite3.Connection, sql: str, key: dict[str, Any]) -> dict[str, Any] | None:
    cursor = connection.execute(sql, key)
    row = cursor.fetchone()
    return dict(zip([column[0] for column in cursor.description], row, strict=True)) if row else None
