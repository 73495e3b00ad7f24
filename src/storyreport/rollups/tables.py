"""The tables of rollups in a report database: laid out as the files say, and made again when these change."""

import sqlite3
from collections.abc import Collection

from .. import schema
from ..nouns import counted
from ..schema import definitions as files
from . import engine
from .definition import OF_LAKES, Column, Definition, Table, definitions, kept, rollups, tables

# What comes before the name of a table whose rows are kept while it is made again.
KEPT = "kept_"
# The key of tables that have no id.
KEYS = {"duration_buckets": "bucket"}


def update(connection: sqlite3.Connection) -> list[str]:
    """Bring a database up to date: its tables, views and rollups; return notes for people.

    New and changed rollups are computed for all sources, those without a file are dropped. What `prune` froze is kept,
    for the detail that it was made of is not there any more.
    """
    schema.migrate(connection)
    return _update_rollups(connection)


def lay_out(connection: sqlite3.Connection) -> None:
    """Make all tables, views and rollups in an empty database that nothing is kept in."""
    schema.lay_out(connection)
    _update_rollups(connection)


def _update_rollups(connection: sqlite3.Connection) -> list[str]:
    if files.is_current(connection):
        files.note_files(connection)
        return []
    known, hashes = files.known(connection, "rollup", "intermediate", "memory"), files.hashes()
    stale = [one for one in definitions().values() if known.get(one.name) != hashes[one.name]]
    removed = known.keys() - definitions().keys()
    for definition in stale:
        if definition.kind == "memory":
            _lay_out_memory(connection, definition)
    notes = _rebuild(connection, [one for one in stale if one.kind == "rollup"])
    notes += _drop_removed(connection, removed)
    for definition in stale:
        connection.execute(
            "insert or replace into main.definitions values (?, ?, ?)",
            [definition.kind, definition.name, hashes[definition.name]],
        )
    files.note_files(connection)
    return notes


def create(table: Table, place: str = "main", prefix: str = "") -> str:
    """The CREATE TABLE of a table, or of one like it in temp."""
    lines = [f"    {column.name} {column.type}{_or_null(column)}" for column in table.columns]
    if place == "main":
        for number, column in enumerate(table.columns):
            if column.parent:
                lines[number] += f" references {column.parent} ({KEYS.get(column.parent, 'id')})"
    lines += [f"    primary key ({table.names})"] if table.key else []
    return (
        f"create table {place}.{prefix}{table.name} (\n"
        + ",\n".join(lines)
        + f"\n){' without rowid' if table.key else ''}"
    )


def _or_null(column: Column) -> str:
    if column.is_null:
        return ""
    return " not null default 0" if column.adds and column.type != "text" else " not null"


def descriptions() -> dict[str, dict[str, object]]:
    """The tables as Datasette's metadata has them: their descriptions, and the days' order."""
    found: dict[str, dict[str, object]] = {}
    for name, table in tables().items():
        found[name] = {"description": table.description}
        if table.hidden:
            found[name]["hidden"] = True
        elif table.key[0].name == "day":
            found[name]["sort_desc"] = "day"
    return found


def _rebuild(connection: sqlite3.Connection, stale: list[Definition]) -> list[str]:
    """Lay out rollups and compute them for all sources; frozen rows are as they were."""
    has_table = {one.name for one in stale if _exists(connection, _table(one))}
    for definition in stale:
        table = _table(definition)
        is_there = definition.name in has_table
        _keep(connection, table, kept(definition.group, table.name) if is_there else "false")
        if definition.total:
            is_there = _exists(connection, definition.total)
            _keep(connection, definition.total, OF_LAKES.format(row=definition.total.name) if is_there else "false")
        for laid_out in filter(None, (table, definition.total)):
            _lay_out(connection, laid_out)
    if not connection.execute("select exists (select 1 from main.sources)").fetchone()[0]:
        return []
    names = [one.name for one in stale]
    engine.rebuild(connection, engine.Scope("true", "true", names, frozen=f"temp.{KEPT}"))
    for definition in stale:
        for table_ in filter(None, (_table(definition), definition.total)):
            connection.execute(f"drop table temp.{KEPT}{table_.name}")
    return _notes(connection, stale, has_table)


def _lay_out_memory(connection: sqlite3.Connection, definition: Definition) -> None:
    """Lay out a memory; what it remembers can be found nowhere else."""
    table = _table(definition)
    _keep(connection, table, "true" if _exists(connection, table) else "false")
    _lay_out(connection, table)
    connection.execute(f"insert into main.{table.name} select * from temp.{KEPT}{table.name}")
    connection.execute(f"drop table temp.{KEPT}{table.name}")


def _keep(connection: sqlite3.Connection, table: Table, condition: str) -> None:
    """Copy the rows of a table that meet a condition to temp.kept_<table>, which is laid out as the table is to be.

    A column that was not there is null, or 0 or '' where it may not be.
    """
    connection.execute(create(table, "temp", KEPT))
    if condition == "false":
        return
    known = {row[1] for row in connection.execute(f"pragma main.table_info({table.name})")}
    empty = {"text": "''", "integer": "0", "real": "0.0"}
    values = [
        column.name if column.name in known else "null" if column.is_null else empty[column.type]
        for column in table.columns
    ]
    connection.execute(
        f"insert into temp.{KEPT}{table.name} select {', '.join(values)} from main.{table.name} where {condition}"
    )


def _lay_out(connection: sqlite3.Connection, table: Table) -> None:
    """Make a table with its indexes, empty, in the place of the one that is there."""
    connection.execute(f"drop table if exists main.{table.name}")
    connection.execute(create(table))
    for name, columns in table.indexes.items():
        connection.execute(f"create index main.{table.name}_{name} on {table.name} {columns}")


def _drop_removed(connection: sqlite3.Connection, removed: Collection[str]) -> list[str]:
    """Drop the tables that have no file any more."""
    found = connection.execute("select name from main.sqlite_master where type = 'table' and name glob 'rollup_*'")
    for name in {name for (name,) in found} | set(removed) - tables().keys():
        if name not in tables():
            connection.execute(f"drop table if exists main.{name}")
    connection.executemany("delete from main.definitions where name = ?", [(name,) for name in removed])
    return [f"{_named('rollup', sorted(removed))} removed (no definition any more)"] if removed else []


def _notes(connection: sqlite3.Connection, stale: list[Definition], has_table: Collection[str]) -> list[str]:
    """What was made again, and what could not be."""
    names = sorted(one.name for one in stale)
    every = len(names) == len(rollups())
    notes = [
        "all rollups were rebuilt (new definitions)" if every else f"{_named('rollup', names)} rebuilt (new definition)"
    ]
    pruned = connection.execute("select name, detail_since from main.sources where detail_since is not null order by 1")
    since = [f"{name} before {day}" for name, day in pruned]
    freezing = {one.name for one in stale if one.group and one.group.frozen}
    if not names or not since:
        return notes if names else []
    where = ", ".join(since[:3]) + (f" and {counted(len(since) - 3, 'more source')}" if len(since) > 3 else "")
    if freezing & set(has_table):
        notes.append(f"history whose detail was pruned was kept as it was ({where})")
    if new := sorted(freezing - set(has_table)):
        notes.append(f"{_named('rollup', new)} left empty where detail was pruned ({where})")
    return notes


def _named(kind: str, names: list[str]) -> str:
    return f"{kind} {names[0]} was" if len(names) == 1 else f"{kind}s {', '.join(names)} were"


def _exists(connection: sqlite3.Connection, table: Table) -> bool:
    return bool(connection.execute("select 1 from main.sqlite_master where name = ?", [table.name]).fetchone())


def _table(definition: Definition) -> Table:
    assert definition.table
    return definition.table
