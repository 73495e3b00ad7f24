"""Keep the rollups equal to the rows that they add up, at the cost of what has changed.

Once `watch` was called, every insert, update and delete of a base table makes the groups of the row dirty; `refresh`
computes dirty groups again from the base rows. A source that is new is computed whole, from one pass over its rows.
"""

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass

from . import difference, totals, trees
from .definition import OF_LAKES, Definition, Group, Table, definitions, groups, kept

# The rows of a trigger's event.
EVENTS = (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",)))


@dataclass(frozen=True)
class Scope:
    """Which rows of which rollups are computed, from which base rows, and where they are written."""

    covers: str = ""  # a condition on the rows of rollups; '' for those of dirty groups
    rows: str = ""  # a condition on base rows that are read as they lie; '' for those of dirty groups
    rollups: Collection[str] | None = None  # by name; None for all
    into: str = "main"
    frozen: str = (
        ""  # before the name of the table that frozen rows are taken from; '' where nothing frozen is computed
    )


def watch(connection: sqlite3.Connection) -> None:
    """From now on until the connection closes, note which groups are dirty."""
    prepare(connection)
    difference.watch(connection, groups().values())
    watched = [group for group in groups().values() if not group.difference]
    for table in sorted({table for group in watched for table in group.dirty}):
        for event, rows in EVENTS:
            noted = " ".join(
                # Not `insert or ignore`: within a trigger the outer statement's conflict clause is what counts.
                f"insert into dirty_{group.name} select * from ({group.dirty[table].format(row=row)})"
                " where true on conflict do nothing;"
                for group in watched
                if table in group.dirty
                for row in rows
            )
            connection.execute(
                f"create temp trigger watch_{table}_{event} after {event} on main.{table} begin {noted} end"
            )


def refresh(connection: sqlite3.Connection) -> None:
    """Compute the dirty groups of every rollup again, but for frozen ones; must be called while they are watched."""
    for group in groups().values():
        dirty = f"dirty_{group.name}"
        if group.difference:
            difference.refresh(connection, group, _members(group))
        if not connection.execute(f"select exists (select 1 from temp.{dirty})").fetchone()[0]:
            continue
        if group.widen:
            connection.execute(f"insert or ignore into temp.{dirty} {group.widen}")
        if group.frozen:
            connection.execute(f"delete from temp.{dirty} where {group.frozen.format(row=dirty)}")
        compute(connection, group, Scope())
        connection.execute(f"delete from temp.{dirty}")
    difference.forget(connection, groups().values())


def build(connection: sqlite3.Connection, source_id: int, last_ids: dict[str, int]) -> None:
    """Compute all rollups of a source that has none yet and whose rows have ids past the last ones, by table."""
    # Neither a view nor a trigger takes parameters, but numbers of ours need none.
    _build(connection, source_id, lambda group: " and ".join(f"id > {last_ids[table]}" for table in group.rows))


def build_again(connection: sqlite3.Connection, source_id: int) -> None:
    """Compute all rollups of a source again from all of its rows; nothing of it may be frozen."""
    _build(connection, source_id, lambda _: f"source_id = {source_id}")


def _build(connection: sqlite3.Connection, source_id: int, rows: Callable[[Group], str]) -> None:
    prepare(connection)
    for group in groups().values():
        _add_all_groups(connection, group, source_id)
        compute(connection, group, Scope(covers=f"source_id = {source_id}", rows=rows(group)))
        connection.execute(f"delete from temp.dirty_{group.name}")


def rebuild(connection: sqlite3.Connection, scope: Scope) -> None:
    """Compute rollups of all sources, whose tables must be empty; frozen groups are as they were."""
    prepare(connection)
    sources = connection.execute(
        "select id from main.sources where id not in (select source_id from main.lakes)"
    ).fetchall()
    for group in groups().values():
        if scope.rollups is None or any(one.name in scope.rollups for one in _members(group)):
            for (source_id,) in sources:
                _add_all_groups(connection, group, source_id)
            compute(connection, group, scope)
            connection.execute(f"delete from temp.dirty_{group.name}")


def last_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The last row of each table that `build` reads as it lies; 0 where there is none."""
    return {
        table: connection.execute(f"select coalesce(max(id), 0) from main.{table}").fetchone()[0]
        for group in groups().values()
        for table in group.rows
    }


def prepare(connection: sqlite3.Connection) -> None:
    """Make what the SELECTs work with: the tables of dirty groups, and the walk through a tree."""
    trees.register(connection)
    for group in groups().values():
        key = ", ".join(group.key)
        connection.execute(
            f"create temp table if not exists dirty_{group.name} ({key}, primary key ({key})) without rowid"
        )


def compute(connection: sqlite3.Connection, group: Group, scope: Scope) -> None:
    """Compute the rollups of a group again where the scope says, and their totals."""
    made = _make_rows(connection, group, scope)
    for definition in _members(group):
        if definition.kind == "intermediate":
            made.append(("view" if definition.is_view else "table", definition.name))
            connection.execute(f"create temp {made[-1][0]} {definition.name} as {definition.sql}")
        elif scope.rollups is None or definition.name in scope.rollups:
            _replace(connection, definition, group, scope)
    for kind, name in reversed(made):
        connection.execute(f"drop {kind} temp.{name}")


def _members(group: Group) -> list[Definition]:
    return [one for one in definitions().values() if one.group and one.group.name == group.name]


def _add_all_groups(connection: sqlite3.Connection, group: Group, source_id: int) -> None:
    if group.all:
        connection.execute(f"insert or ignore into temp.dirty_{group.name} {group.all}", {"source_id": source_id})


def _make_rows(connection: sqlite3.Connection, group: Group, scope: Scope) -> list[tuple[str, str]]:
    """Make the view dirty_<table> of the base rows of a group where it wants one."""
    for table, columns in group.rows.items():
        joined = " and ".join(f"{table}.{column} = dirty.{column}" for column in columns)
        dirty = f"temp.dirty_{group.name} as dirty cross join main.{table} on {joined}"
        rows = f"main.{table} where {scope.rows}" if scope.rows else dirty
        connection.execute(f"create temp view dirty_{table} as select {table}.* from {rows}")
    return [("view", f"dirty_{table}") for table in group.rows]


def _replace(connection: sqlite3.Connection, definition: Definition, group: Group, scope: Scope) -> None:
    """Compute the rows of a rollup that the scope covers again, and what they add up to."""
    table = definition.table
    assert table
    covers = scope.covers or group.covers or _of_dirty_groups(table, group)
    name = f"{scope.into}.{table.name}"
    sql = definition.sql
    if definition.percentiles:
        sql = totals.with_percentiles(definition, table, sql)
    if definition.total:
        totals.take(connection, definition, covers, scope.into)
    connection.execute(f"delete from {name} where {covers}")
    connection.execute(f"insert into {name} ({_names(table)}) select {_names(table)} from ({sql})")
    if scope.frozen:
        _take_over(connection, table, kept(group, table.name), scope)
    if definition.total:
        totals.give(connection, definition, covers, scope.into)
        if scope.frozen:
            # Not all of a lake's rows by story or run have landed: they do not add up to their total.
            _take_over(connection, definition.total, OF_LAKES.format(row=definition.total.name), scope)


def _take_over(connection: sqlite3.Connection, table: Table, condition: str, scope: Scope) -> None:
    """Let the rows that meet a condition be as they were."""
    name = f"{scope.into}.{table.name}"
    connection.execute(f"delete from {name} where {condition}")
    connection.execute(f"insert into {name} select * from {scope.frozen}{table.name} as {table.name} where {condition}")


def _of_dirty_groups(table: Table, group: Group) -> str:
    """The rows of a rollup that belong to dirty groups: those with the key of one."""
    names = {column.name for column in table.columns}
    key = ", ".join(column for column in group.key if column in names)
    return f"({key}) in (select {key} from temp.dirty_{group.name})"


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)
