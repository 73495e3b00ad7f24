"""Check the report database for contradictions, and repair what follows from the rest.

Every rollup is computed again, the way a new source's are, and compared with what is there; and its sums are compared
with its oracle, a second formulation, so that a wrong definition is found. Frozen days and stories stay as they are.
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import rollups, schema
from ..load.references import CORE_TABLES, leads_nowhere, links
from ..nouns import counted
from ..rollups import expected
from ..rollups.definition import Table, tables
from ..transaction import Progress, commit, snapshot, transaction
from . import scrub
from .copies import damage


@dataclass(frozen=True)
class Finding:
    """Rows of a table that are not as they ought to be."""

    source: str
    table: str
    rows: int
    example: str
    repair: tuple[str, ...] = ()  # SQL

    def __str__(self) -> str:
        of = f"{self.source}, " if self.source else ""
        return f"{of}{self.table}: {counted(self.rows, 'row')}, such as {self.example}"


def examine(
    database: Path,
    repair: bool = False,
    progress: Progress = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """What is wrong; with `repair` it was repaired where Finding.repair says how, and rollups are of this version.

    Notes are what was rebuilt for new definitions. Raises StoryreportError where there is no database to examine.
    """
    if not repair:
        schema.open_for_reading(database).close()
        with snapshot(database) as connection:
            return _examine(connection, False, progress)
    schema.check_exists(database)
    with transaction(database, progress) as connection:
        for text in rollups.update(connection):
            note(text)
        findings = _examine(connection, True, progress)
        commit(connection)
    return findings


def _examine(connection: sqlite3.Connection, repair: bool, progress: Progress) -> list[Finding]:
    progress("checking the file")
    # What cannot be read rightly cannot be compared.
    if findings := _damage(connection):
        return findings
    findings = [*_foreign(connection), *_broken_references(connection), *_half_orphans(connection)]
    if repair:
        # Rollups follow from these rows.
        _repair(connection, findings)
    progress("adding up again")
    expected.expect(connection)
    compared = []
    for name, table in tables().items():
        if name.startswith("rollup_"):
            progress(f"comparing {name}")
            compared += _differences(connection, table)
    progress("adding up in another way")
    findings += compared + _wrong_definitions(connection)
    findings += _not_private(connection, progress)
    if repair:
        _repair(connection, compared)
    return findings


def _repair(connection: sqlite3.Connection, findings: list[Finding]) -> None:
    # What is found of several sources is repaired at once.
    for statement in dict.fromkeys(statement for finding in findings for statement in finding.repair):
        connection.execute(statement)


def _wrong_definitions(connection: sqlite3.Connection) -> list[Finding]:
    """Rollups whose definition adds up something else than the base rows."""
    names = dict(connection.execute("select id, name from main.sources").fetchall())
    return [
        Finding(
            names.get(wrong.source_id, ""),
            wrong.table,
            wrong.rows,
            f"{wrong.example} (its definition is wrong: correct its file, or install another version)",
        )
        for wrong in expected.wrong_sums(connection)
    ]


def _not_private(connection: sqlite3.Connection, progress: Progress) -> list[Finding]:
    """What was kept by an earlier version and would not be kept today: how much of it, never the text."""
    return [
        Finding("", one.table, one.rows, f"one whose {one.column} may not be kept (run `storyreport scrub`)")
        for one in scrub.find(connection, progress)
    ]


def _damage(connection: sqlite3.Connection) -> list[Finding]:
    found = damage(connection)
    return [Finding("", "the file itself", len(found), f"{found[0]} (restore a copy of it)")] if found else []


def _foreign(connection: sqlite3.Connection) -> list[Finding]:
    """Triggers, which change rows as ours are written, and what stands in the place of a table or a view of ours."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        rollups.lay_out(empty)
        ours = dict(empty.execute("select name, type from sqlite_master where type in ('table', 'view')"))
    there = connection.execute("select name, type from main.sqlite_master order by name").fetchall()
    kinds = {
        "triggers": [
            f"{name} (storyreport makes none: drop it unless it is yours)" for name, kind in there if kind == "trigger"
        ],
        "tables and views of another kind": [
            f"{name}, a {kind} (restore a backup)" for name, kind in there if ours.get(name, kind) != kind
        ],
    }
    return [Finding("", table, len(found), found[0]) for table, found in kinds.items() if found]


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


def _differences(connection: sqlite3.Connection, table: Table) -> list[Finding]:
    """Where a rollup is not as temp.<rollup>, which it should be."""
    name, keys = table.name, [column.name for column in table.key]
    same = " and ".join(f"known.{key} = expected.{key}" for key in keys)
    differ = " or ".join(
        f"known.{column.name} is not expected.{column.name}"
        if not column.is_inexact
        else f"(known.{column.name} is null) <> (expected.{column.name} is null)"
        f" or abs(known.{column.name} - expected.{column.name})"
        f" > {expected.TOLERANCE} * max(abs(known.{column.name}), abs(expected.{column.name}))"
        for column in table.values
    )
    names = list(dict.fromkeys(["source_id", *keys]))
    connection.execute(f"""
        create temp table differing_{name} as
        select {", ".join(f"expected.{column}" for column in names)}
        from temp.{name} as expected
        left join main.{name} as known on {same}
        where known.{keys[0]} is null or {differ or "false"}
        union all
        select {", ".join(f"known.{column}" for column in names)}
        from main.{name} as known
        where not exists (select 1 from temp.{name} as expected where {same})""")
    which = f"where ({', '.join(keys)}) in (select {', '.join(keys)} from temp.differing_{name})"
    repair = (f"delete from main.{name} {which}", f"insert into main.{name} select * from temp.{name} {which}")
    found = connection.execute(f"""
        select coalesce(sources.name, 'no source'), count(*), {", ".join(f"differing.{column}" for column in names)}
        from differing_{name} as differing
        left join main.sources on sources.id = differing.source_id
        group by differing.source_id""").fetchall()
    return [
        Finding(source, name, rows, _example(connection, name, dict(zip(names, key, strict=True))), repair)
        for source, rows, *key in found
    ]


def _example(connection: sqlite3.Connection, table: str, key: dict[str, Any]) -> str:
    """A row that differs, and how."""
    named = ", ".join(f"{name} {value!r}" for name, value in key.items() if name != "source_id")
    which = " and ".join(f"{name} = :{name}" for name in key)
    known, right = (_row(connection, f"select * from {place}.{table} where {which}", key) for place in ("main", "temp"))
    if right is None:
        return f"{named}, which nothing adds up to"
    if known is None:
        return f"{named}, which is missing"
    differing = (name for name in known if known[name] != right[name])
    return f"{named}: " + ", ".join(f"{name} is {known[name]} and should be {right[name]}" for name in differing)


def _row(connection: sqlite3.Connection, sql: str, key: dict[str, Any]) -> dict[str, Any] | None:
    cursor = connection.execute(sql, key)
    row = cursor.fetchone()
    return dict(zip([column[0] for column in cursor.description], row, strict=True)) if row else None
