"""Rollups by the difference that changed rows make: the cost is that of the rows, not of the days that they lie on.

While a table is watched, was_<table> keeps each changed row as it was. The rows that these bear upon are laid out as
they were and as they are, in tables of temp with the names of the base tables; a group's SELECTs are run on both, and
what these differ by is added to its rollups. Where a largest value has left, its group is dirty and computed whole.
"""

import re
import sqlite3
from collections.abc import Iterable

from ..schema import definitions as files
from . import totals
from .definition import Column, Definition, Group, Table

# Where so many rows have changed, and so much of a table, whole groups cost less.
MANY, SHARE = 50_000, 0.25
BETTER = {"max": ">=", "min": "<="}


def watch(connection: sqlite3.Connection, groups: Iterable[Group]) -> None:
    """From now on until the connection closes, keep the rows of these groups' tables as they were."""
    for table in _tables(groups):
        connection.execute(f"create temp table was_{table} as select * from main.{table} limit 0")
        connection.execute(f"create unique index temp.was_{table}_id on was_{table} (id)")
        was = f"values ({', '.join(f'old.{column}' for column in _columns(connection, table))})"
        # What is new was nothing before: an id alone.
        for event, row in {"insert": "(id) values (new.id)", "update": was, "delete": was}.items():
            connection.execute(
                f"create temp trigger keep_{table}_{event} after {event} on main.{table}"
                f" begin insert into was_{table} {row} on conflict do nothing; end"
            )


def forget(connection: sqlite3.Connection, groups: Iterable[Group]) -> None:
    """Forget what was kept: the rollups know it."""
    for table in _tables(groups):
        connection.execute(f"delete from temp.was_{table}")


def refresh(connection: sqlite3.Connection, group: Group, members: list[Definition]) -> None:
    """Add what the changed rows differ by to the rollups of a group; groups to compute whole are dirty afterwards."""
    counts = [_count(connection, f"temp.was_{table}") for table in group.difference]
    if not any(counts):
        return
    if any(
        count > MANY and count > SHARE * _last_id(connection, table)
        for table, count in zip(group.difference, counts, strict=True)
    ):
        _make_dirty(connection, group)
        return
    _bind(connection, group)
    rollups = [one for one in members if one.table]
    for state in ("old", "new"):
        _compute(connection, group, members, state)
    for definition in rollups:
        _apply(connection, definition, group)
    for table in group.difference:
        connection.execute(f"drop view temp.touched_{table}")
        connection.execute(f"drop table temp.bound_{table}")


def _make_dirty(connection: sqlite3.Connection, group: Group) -> None:
    """Note the groups of all changed rows, as they were and as they are."""
    for table in group.difference:
        dirty = f"insert or ignore into temp.dirty_{group.name} {group.dirty[table]}"
        changed = f"select id from temp.was_{table}"
        connection.execute(f"{dirty.format(row='was')} from temp.was_{table} as was where was.source_id is not null")
        connection.execute(f"{dirty.format(row='present')} from main.{table} as present where id in ({changed})")


def _bind(connection: sqlite3.Connection, group: Group) -> None:
    """Make touched_<table>, the changed rows as they were and are, and bound_<table>, the ids that they bear upon."""
    for table in group.difference:
        connection.execute(f"""
            create temp view touched_{table} as
            select * from temp.was_{table} where source_id is not null
            union all
            select * from main.{table} where id in (select id from temp.was_{table})""")
    for table, ids in group.difference.items():
        connection.execute(f"create temp table bound_{table} (id integer primary key)")
        connection.execute(f"insert or ignore into temp.bound_{table} {ids}")


def _compute(connection: sqlite3.Connection, group: Group, members: list[Definition], state: str) -> None:
    """Make <state>_<rollup> of each rollup of a group: what the bound rows alone add up to, in that state."""
    made = []
    for table in group.difference:
        _lay_out(connection, table, state)
        made.append(("table", table))
    for name, select in _views(group, members).items():
        connection.execute(f"create temp view {name} as {select}")
        made.append(("view", name))
    if group.all:
        for (source_id,) in connection.execute(_sources(group)).fetchall():
            connection.execute(f"insert or ignore into temp.dirty_{group.name} {group.all}", {"source_id": source_id})
    for definition in members:
        if definition.table:
            connection.execute(f"create temp table {state}_{definition.name} as {definition.sql}")
        else:
            kind = "view" if definition.is_view else "table"
            connection.execute(f"create temp {kind} {definition.name} as {definition.sql}")
            made.append((kind, definition.name))
    for kind, name in reversed(made):
        connection.execute(f"drop {kind} temp.{name}")
    connection.execute(f"delete from temp.dirty_{group.name}")


def _lay_out(connection: sqlite3.Connection, table: str, state: str) -> None:
    """Make a table of temp that unqualified names mean from now on: a base table's bound rows in a state."""
    bound = f"select * from main.{table} where id in (select id from temp.bound_{table})"
    if state == "old":
        bound += f"""
            and id not in (select id from temp.was_{table})
            union all
            select * from temp.was_{table} where source_id is not null"""
    connection.execute(f"create temp table {table} as {bound}")
    connection.execute(f"create unique index temp.{table}_id on {table} (id)")
    indexes = connection.execute(
        "select sql from main.sqlite_master where type = 'index' and tbl_name = ? and sql is not null", [table]
    ).fetchall()
    for (sql,) in indexes:
        connection.execute(re.sub(r"(?i)^create index (\w+)", r"create index temp.\1", sql))


def _views(group: Group, members: list[Definition]) -> dict[str, str]:
    """The views to make again, so that they read what was laid out: name → SELECT."""
    words = set(re.findall(r"\w+", " ".join(one.sql for one in members)))
    views = {name: select for name, select in files.views().items() if name in words}
    return views | {f"dirty_{table}": f"select * from temp.{table}" for table in group.rows}


def _sources(group: Group) -> str:
    return " union ".join(f"select source_id from temp.{table}" for table in group.difference)


def _apply(connection: sqlite3.Connection, definition: Definition, group: Group) -> None:
    """Add to a rollup and its total what the two states differ by."""
    table, name = definition.table, definition.name
    assert table
    _subtract(connection, table, name)
    if group.frozen:
        connection.execute(f"delete from temp.differing where {group.frozen.format(row='differing')}")
    if _extremes(table):
        _make_lost_dirty(connection, table, group)
    covers = f"({table.names}) in (select {table.names} from temp.differing)"
    if definition.total:
        totals.take(connection, definition, covers, "main")
    _add(connection, table)
    nothing = " and ".join(f"{column.name} = 0" for column in _sums(table))
    connection.execute(f"delete from main.{table.name} where {covers} and {nothing}")
    if definition.percentiles:
        _find_percentiles(connection, definition, table, covers)
    if definition.total:
        totals.give(connection, definition, covers, "main")
    for made in ("differing", f"old_{name}", f"new_{name}"):
        connection.execute(f"drop table temp.{made}")


def _subtract(connection: sqlite3.Connection, table: Table, name: str) -> None:
    """Make temp.differing: key, the sums' differences, and the extremes of both states."""
    sums, extremes = _sums(table), _extremes(table)

    def rows(state: str, sign: str) -> str:
        values = [f"{sign}{column.name}" for column in sums]
        values += [column.name if state == side else "null" for column in extremes for side in ("old", "new")]
        return f"select {', '.join([table.names, *values])} from temp.{state}_{name}"

    columns = [column.name for column in sums]
    columns += [f"{side}_{column.name}" for column in extremes for side in ("old", "new")]
    added = [f"sum({column.name}) as {column.name}" for column in sums]
    added += [
        f"{column.adds}({side}_{column.name}) as {side}_{column.name}" for column in extremes for side in ("old", "new")
    ]
    differs = [f"sum({column.name}) <> 0" for column in sums]
    differs += [f"max(old_{column.name}) is not max(new_{column.name})" for column in extremes]
    key = ", ".join(f"{column.name}" for column in table.key)
    connection.execute(f"""
        create temp table differing as
        with both ({key}, {", ".join(columns)}) as ({rows("old", "-")} union all {rows("new", "")})
        select {key}, {", ".join(added)}
        from both
        group by {key}
        having {" or ".join(differs)}""")
    connection.execute(f"create unique index temp.differing_key on differing ({key})")


def _make_lost_dirty(connection: sqlite3.Connection, table: Table, group: Group) -> None:
    """Where the largest (or least) value of a row may have left, its group is dirty."""
    lost = " or ".join(
        f"old_{column.name} {BETTER[column.adds]} {column.name}"
        f" and not coalesce(new_{column.name} {BETTER[column.adds]} old_{column.name}, false)"
        for column in _extremes(table)
    )
    connection.execute(
        f"create temp view lost as select {table.names} from temp.differing join main.{table.name}"
        f" using ({table.names}) where {lost}"
    )
    connection.execute(f"insert or ignore into temp.dirty_{group.name} {group.lost}")
    connection.execute("drop view temp.lost")


def _add(connection: sqlite3.Connection, table: Table) -> None:
    """Add the differences to the rows of a rollup."""
    sums, extremes = _sums(table), _extremes(table)
    names = [column.name for column in sums + extremes]
    values = [column.name for column in sums] + [f"new_{column.name}" for column in extremes]
    updates = [f"{column.name} = {table.name}.{column.name} + excluded.{column.name}" for column in sums]
    updates += [
        f"{name} = case when {table.name}.{name} {BETTER[column.adds]} excluded.{name} then {table.name}.{name}"
        f" else coalesce(excluded.{name}, {table.name}.{name}) end"
        for column in extremes
        for name in (column.name,)
    ]
    connection.execute(
        f"insert into main.{table.name} ({', '.join([table.names, *names])})"
        f" select {', '.join([table.names, *values])} from temp.differing where true"
        f" on conflict do update set {', '.join(updates)}"
    )


def _find_percentiles(connection: sqlite3.Connection, definition: Definition, table: Table, covers: str) -> None:
    """Read the percentiles of the covered rows off their histogram again."""
    others = ", ".join(column.name for column in table.columns if not column.percentile)
    sql = totals.with_percentiles(definition, table, f"select {others} from main.{table.name} where {covers}")
    updates = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.values if column.percentile)
    names = ", ".join(column.name for column in table.columns)
    connection.execute(
        f"insert into main.{table.name} ({names}) select {names} from ({sql}) where true"
        f" on conflict do update set {updates}"
    )


def _sums(table: Table) -> list[Column]:
    return [column for column in table.values if column.adds == "sum"]


def _extremes(table: Table) -> list[Column]:
    return [column for column in table.values if column.adds in BETTER]


def _tables(groups: Iterable[Group]) -> list[str]:
    return sorted({table for group in groups for table in group.difference})


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """All columns of a table, generated ones too."""
    return [row[1] for row in connection.execute(f"pragma main.table_xinfo({table})") if row[6] != 1]


def _count(connection: sqlite3.Connection, table: str) -> int:
    count: int = connection.execute(f"select count(*) from {table}").fetchone()[0]
    return count


def _last_id(connection: sqlite3.Connection, table: str) -> int:
    last: int = connection.execute(f"select coalesce(max(id), 0) from main.{table}").fetchone()[0]
    return last
