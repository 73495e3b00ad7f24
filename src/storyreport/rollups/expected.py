"""What the rollups ought to hold, for `doctor`: computed again from all base rows, and added up in another way."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import StoryreportError
from . import engine
from .definition import FROZEN, OF_LAKES, Column, Definition, Table, rollups, tables
from .tables import create

# Sums of real numbers depend on the order that they are added up in.
TOLERANCE = 1e-9


def expect(connection: sqlite3.Connection) -> None:
    """Make temp.<rollup> of every rollup: what it ought to hold. Frozen groups are as they are in main."""
    for name, table in tables().items():
        if name.startswith("rollup_"):
            connection.execute(create(table, "temp"))
    engine.rebuild(connection, engine.Scope("true", "true", into="temp", frozen="main."))


@dataclass(frozen=True)
class WrongSum:
    """Sums of a column of a rollup that are not what the base rows add up to."""

    source_id: int | None
    table: str
    column: str
    rows: int
    example: str


def wrong_sums(connection: sqlite3.Connection) -> Iterator[WrongSum]:
    """Where temp.<rollup> differs from the oracle of its definition; must be called after `expect`.

    A definition that is wrong computes the same wrong rows however often: the oracle is another formulation. Frozen
    groups are left out, for the base rows are not all there.
    """
    for definition in rollups():
        if definition.oracle:
            yield from _compare(connection, definition)


def _compare(connection: sqlite3.Connection, definition: Definition) -> Iterator[WrongSum]:
    table, group = definition.table, definition.group
    assert table
    assert group
    names = [column[0] for column in connection.execute(f"select * from ({definition.oracle}) limit 0").description]
    values = [column for column in table.values if column.name in names and column.adds]
    key = ", ".join(name for name in names if name not in {column.name for column in values})
    if group.frozen == FROZEN["by day"] and "day" not in names:
        raise StoryreportError(
            f"The oracle of the rollup {definition.name} must give and group by day, for the rollup is frozen by day."
        )
    added = ", ".join(f"{column.added} as {column.name}" for column in values)
    connection.execute(f"create temp table found as select {key}, {added} from temp.{table.name} group by {key}")
    connection.execute(f"create temp table expected as {definition.oracle}")
    frozen = group.frozen.format(row="sums") if group.frozen else "false"
    if "source_id" in names:
        frozen = f"({frozen}) or {OF_LAKES.format(row='sums')}"
    for column in values:
        yield from _differing(connection, table, column, key, frozen)
    connection.execute("drop table temp.found")
    connection.execute("drop table temp.expected")


def _differing(
    connection: sqlite3.Connection, table: Table, column: Column, key: str, frozen: str
) -> Iterator[WrongSum]:
    source = "source_id" if "source_id" in key.split(", ") else "null"
    rows = connection.execute(f"""
        select {source}, count(*), found, expected, {key}
        from (
            select {key}, sum(found) as found, sum(expected) as expected
            from (
                select {key}, coalesce({column.name}, 0) as found, 0 as expected from temp.found
                union all
                select {key}, 0, coalesce({column.name}, 0) from temp.expected
            ) as sums
            where not ({frozen})
            group by {key}
        )
        where abs(found - expected) > {TOLERANCE if column.is_inexact else 0} * max(abs(found), abs(expected))
        group by {source}""")
    for source_id, count, found, expected, *values in rows.fetchall():
        named = ", ".join(f"{name} {value!r}" for name, value in zip(key.split(", "), values, strict=True))
        yield WrongSum(
            source_id, table.name, column.name, count, f"{named}: {column.name} is {found}, base rows say {expected}"
        )
