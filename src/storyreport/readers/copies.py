"""Copies of a source's rows in temporary tables, where they can be looked up by their number."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .part import Opened, quoted

# The column of ours that has a row's number in its source.
ROW_NUMBER = "storyreport row"


def copy_rows(
    connection: sqlite3.Connection,
    table: str,
    copy: str,
    columns: Iterable[str],
    number: str | None,
    condition: str = "true",
    parameters: Mapping[str, Any] | None = None,
    numbers: Collection[str] | None = None,
) -> tuple[str, str | None]:
    """Copy the rows of a table (SQL name) that meet a condition; return the SQL names of the copy and of its number.

    Rows keep their `number` (SQL name; None where they have none) as the primary key: under the name of the column that
    has it in the source, so that a mapping which joins by that column finds each row at once, otherwise in a column of
    ours. With `numbers`, the names of columns, the table was imported from a file: these columns become numbers where
    their text is one, and an empty text is no value.
    """
    name = f"temp.{quoted(copy)}"
    # What SQLite makes of the columns: their affinity, whatever their types are called.
    selected = ", ".join(map(quoted, columns))
    connection.execute(f"drop table if exists {name}")
    connection.execute(f"create table {name} as select {selected} from {table} limit 0")
    described = connection.execute("select name, type from pragma_table_info(?, 'temp')", [copy])
    types = {quoted(column): kind for column, kind in described}
    connection.execute(f"drop table {name}")
    key = number if number in types else quoted(ROW_NUMBER)
    if numbers is not None:
        types |= dict.fromkeys(map(quoted, numbers), "numeric")
    layout = {key: "integer primary key", **{column: kind for column, kind in types.items() if column != key}}
    values = {
        key: number or "null",
        **{column: column if numbers is None else f"nullif({column}, '')" for column in types},
    }
    connection.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in layout.items())})")
    connection.execute(
        f"insert into {name} select {', '.join(values[column] for column in layout)} from {table} where {condition}",
        parameters or {},
    )
    return name, key if number else None


def index_group(connection: sqlite3.Connection, copy: str, group: str) -> None:
    """Index a copy by the column of its group: mappings look rows up by it."""
    connection.execute(f"create index temp.{quoted(f'{copy}_group')} on {quoted(copy)} ({quoted(group)})")


def copy_unindexed(connection: sqlite3.Connection, opened: Opened, tables: Collection[str]) -> None:
    """Copy tables whose groups no index of the source finds, with an index, for they are needed whole."""
    for table in tables:
        group, (name, columns), copy = opened.unindexed.pop(table), opened.tables[table], f"copied_{table}"
        name, number = copy_rows(connection, name, copy, columns.values(), opened.numbered[table])
        index_group(connection, copy, group)
        assert number is not None
        opened.tables[table], opened.numbered[table] = (name, columns), number
