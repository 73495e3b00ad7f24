"""Stage files into tables of ours: the rows that a part's `stage` makes of them, or exports of a database's tables."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..system import NUMBERS, Table
from . import sheets, text
from .copies import ROW_NUMBER
from .part import Found, Opened, quoted, signature

# A line may be 8 MiB long.
ROWS_A_BATCH = 25


def open_staged(connection: sqlite3.Connection, found: Found, progress: Callable[[str], None]) -> Opened:
    """Stage a part that was handed over as files."""
    taken = signature(found)
    part = found.system.parts[found.part]
    staged = dict(part.tables) if part.stage else {table: part.tables[table] for table, _ in found.exports}
    tables = {
        table: create_staged(connection, table, description, is_numbered=not part.stage)
        for table, description in staged.items()
    }
    rows = part.stage(found.path) if part.stage else _exported_rows(found)
    count = 0
    while batch := list(islice(rows, ROWS_A_BATCH)):
        # A table's rows are inserted in their order; those of different tables need none.
        for table, (name, columns) in tables.items():
            connection.executemany(
                f"insert into {name} values ({', '.join('?' * len(columns))})",
                ([_storable(value) for value in row] for of_table, row in batch if of_table == table),
            )
        count += len(batch)
        progress(f"reading {found.path.name}: {count:,} rows")
    numbered = {} if part.stage else dict.fromkeys(staged, quoted(ROW_NUMBER))
    return Opened(found, taken, tables, numbered, is_staged=True)


def create_staged(
    connection: sqlite3.Connection, table: str, description: Table, is_numbered: bool = False
) -> tuple[str, dict[str, str]]:
    """A table of ours for the rows of a source's: its name in SQL, and its columns by their names."""
    name = f"temp.{quoted('staged_' + table)}"
    # Text files have their numbers as text; other text stays text.
    columns = {column: "numeric" if kind in NUMBERS else "" for column, kind in description.columns.items()}
    columns["problem"] = ""
    if is_numbered:
        columns[ROW_NUMBER] = "integer"
    connection.execute(f"drop table if exists {name}")
    connection.execute(
        f"create table {name} ({', '.join(f'{quoted(column)} {affinity}' for column, affinity in columns.items())})"
    )
    return name, {column: column for column in columns}


def _exported_rows(found: Found) -> Iterator[tuple[str, tuple[Any, ...]]]:
    part = found.system.parts[found.part]
    for table, path in found.exports:
        description = part.tables[table]
        columns = list(description.columns)
        rows = sheets.rows(path, description) if description.drops_values else _rows(path, description.listed_as)
        for number, values, problem in rows:
            values = description.named(values)
            # A document of MongoDB is known by its _id.
            values.setdefault("id", values.get("_id"))
            yield table, (*(_plain(values.get(column)) for column in columns), problem, number)


def _rows(path: Path, listed_as: str | None) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """(number, values by field in lower case, problem) of each record of a file."""
    for number, record, problem in text.listed_records(path, listed_as):
        yield number, {name.lower(): value for name, value in (record or {}).items()}, problem


def _plain(value: Any) -> Any:
    """A value of a JSON record as a table holds it; MongoDB's exports wrap values that JSON has no type for."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        return _plain(next(iter(value.values())))
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _storable(value: Any) -> Any:
    """A value from a file as SQLite can hold it: names need not be Unicode, and JSON's numbers have no bounds."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)
    return value
