"""Stage files into tables of ours: the rows that a part's `stage` makes of them, or exports of a database's tables."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import NotContinuedError
from ..nouns import counted
from ..system import NUMBERS, Table, Type
from . import dates, sheets, text
from .columns import ROUNDED_KEY
from .copies import ROW_NUMBER
from .grown import End, end_of, piece, size_of
from .lines import HOLE
from .part import Found, Opened, quoted, signature

# A line may be 8 MiB long.
ROWS_A_BATCH = 25
LARGEST = 2**63 - 1
# Above, a decimal number is not exact.
LARGEST_WHOLE = 2**53
SMALL = 2**31
MOST_LAYOUTS = 1000
FIRST_ROWS = 100

ENCODE = json.JSONEncoder().encode

# (table, columns, their values) of a row
Staged = tuple[str, tuple[str, ...], Sequence[Any]]


def open_staged(
    connection: sqlite3.Connection,
    found: Found,
    progress: Callable[[str], None],
    ends: Mapping[str, End] | None = None,
) -> Opened:
    """Stage a part that was handed over as files: all of it, or with `ends` what was added to exports since.

    Raises NotContinuedError where what was added says something else of the rows before.
    """
    taken = signature(found)
    part = found.system.parts[found.part]
    staged = dict(part.tables) if part.stage else {table: part.tables[table] for table, _ in found.exports}
    tables = {
        table: create_staged(connection, table, description, is_numbered=not part.stage)
        for table, description in staged.items()
    }
    found_ends: dict[str, End] = {}
    if part.stage:
        every = {table: tuple(columns) for table, (_, columns) in tables.items()}
        made = part.stage_files(found.pieces) if part.stage_files and found.pieces else part.stage(found.path)
        rows: Iterator[Staged] = ((table, every[table], _storable_row(row)) for table, row in made)
    else:
        rows = _exported_rows(found, ends or {}, found_ends)
    count = 0
    while batch := list(islice(rows, ROWS_A_BATCH)):
        # A table's rows are inserted in their order; those of different tables need none.
        by_columns: dict[tuple[str, int], list[Staged]] = {}
        for staged_row in batch:
            # Most rows have the very same columns, whose names need not be compared.
            by_columns.setdefault((staged_row[0], id(staged_row[1])), []).append(staged_row)
        for same in by_columns.values():
            table, columns, _ = same[0]
            connection.executemany(_insertion(tables[table][0], columns), [row for _, _, row in same])
        count += len(batch)
        progress(f"reading {found.path.name}: {counted(count, 'row')}")
    opened = Opened(found, taken, tables, {}, is_staged=True)
    if ends and dates.ambiguous(connection, opened).keys() & ends.keys():
        # What they mean is said by the rows before.
        raise NotContinuedError
    for table, description in staged.items():
        if description.sorted_by:
            keys = ", ".join(map(quoted, description.sorted_by))
            connection.execute(f"create index temp.{quoted(f'{table} sorted')} on {quoted(f'staged_{table}')} ({keys})")
    opened.numbered = {} if part.stage else dict.fromkeys(staged, quoted(ROW_NUMBER))
    opened.empty = {
        table: _empty_columns(connection, name, part.tables[table].columns) for table, (name, _) in tables.items()
    }
    opened.rounded = {
        table: _rounded_keys(connection, tables[table][0], part.tables[table])
        for table, path in found.exports
        if text.form(path) == "table"
    }
    opened.ends = found_ends
    opened.pages = {table for table, path in found.exports if _is_page(path, part.tables[table])}
    return opened


def _is_page(path: Path, table: Table) -> bool:
    return (
        text.is_listed(path, table.listed_as)
        or (table.is_answer and text.form(path) != "table")
        or not table.copied <= {text.column_of(field) for field in text.fields(path)}
    )


@lru_cache(maxsize=64)
def _insertion(name: str, columns: tuple[str, ...]) -> str:
    """The statement that inserts rows of some columns."""
    return f"insert into {name} ({', '.join(map(quoted, columns))}) values ({', '.join('?' * len(columns))})"


def create_staged(
    connection: sqlite3.Connection,
    table: str,
    description: Table,
    is_numbered: bool = False,
    schema: str = "temp",
    prefix: str = "staged_",
) -> tuple[str, dict[str, str]]:
    """A table of ours for the rows of a source's: its name in SQL, and its columns by their names."""
    name = f"{schema}.{quoted(prefix + table)}"
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


def _empty_columns(connection: sqlite3.Connection, name: str, columns: Iterable[str]) -> frozenset[str]:
    """The columns of a staged table that no row has a value in."""
    empty = list(columns)
    # Nearly all that are not empty have a value in the first rows.
    for rows in (f"(select * from {name} limit {FIRST_ROWS})", name):
        counts = ", ".join(f"count({quoted(column)})" for column in empty)
        if empty:
            found = connection.execute(f"select {counts} from {rows}").fetchone()
            empty = [column for column, count in zip(empty, found, strict=True) if not count]
    return frozenset(empty)


def _rounded_keys(connection: sqlite3.Connection, name: str, description: Table) -> frozenset[str]:
    """The columns of a table from a spreadsheet in which a key has lost its last digits, as SQL names."""
    keys = [quoted(column) for column, kind in description.columns.items() if kind is Type.KEY]
    if not keys:
        return frozenset()
    conditions = ", ".join(f"max({ROUNDED_KEY.format(c=key)})" for key in keys)
    found = connection.execute(f"select {conditions} from {name}").fetchone()
    return frozenset(key for key, is_rounded in zip(keys, found, strict=True) if is_rounded)


def _exported_rows(found: Found, ends: Mapping[str, End], found_ends: dict[str, End]) -> Iterator[Staged]:
    """A row for each record of some exports; adds to `found_ends` where their reading ended."""
    part = found.system.parts[found.part]
    for table, path in found.exports:
        description, before, size = part.tables[table], ends.get(table), size_of(path)
        sums = before.sums if before else sheets.Sums()
        place = piece(path, size, before, is_read_again=description.group is not None)
        is_open, broken_line = False, 0
        is_sheet = description.drops_values or (part.has_given_keys and text.form(path) == "table")
        rows = sheets.rows(place, description, sums) if is_sheet else _rows(place, description)
        for columns, row in _in_columns(rows, description):
            number, problem = row[:2]
            if problem:
                is_open = is_open or problem.startswith((text.UNCLOSED, HOLE))
                broken_line = number
            yield table, columns, row
        if part.grows and not is_open and (end := end_of(path, size, sums, broken_line, before)):
            found_ends[table] = end


def _in_columns(
    rows: Iterable[tuple[int, Mapping[str, Any], str | None]], description: Table
) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """(columns, their values) of each record: its number, its problem, and of all others those seen so far.

    An insert takes as long as it has columns, and most exports have a few of those that a table may have.
    """
    used: dict[str, int] = {ROW_NUMBER: 0, "problem": 1}
    columns = tuple(used)
    # Most records of a file have the same fields.
    layouts: dict[tuple[str, ...], list[int]] = {}
    for number, values, problem in rows:
        fields = tuple(values)
        layout = layouts.get(fields)
        if layout is None:
            if len(layouts) == MOST_LAYOUTS:
                layouts.clear()
            meant = _meant(fields, description)
            for name in meant:
                if name in description.columns:
                    used.setdefault(name, len(used))
            columns = tuple(used)
            layout = layouts[fields] = [used.get(name, -1) for name in meant]
        row: list[Any] = [None] * len(columns)
        row[:2] = number, problem
        for at, value in zip(layout, values.values(), strict=True):
            if at >= 0 and value is not None:
                kind = type(value)
                if (kind is str and value.isascii()) or (kind is int and -SMALL < value < SMALL):
                    row[at] = value
                elif kind is float:
                    row[at] = value if not value.is_integer() else _storable(value)
                else:
                    row[at] = _storable(_plain(value) if kind is dict or kind is list else value)
        yield columns, row


def _meant(fields: tuple[str, ...], description: Table) -> list[str]:
    """The columns that the fields of a record stand for, in their order."""
    meant = {field: name for name, field in description.named({field: field for field in fields}).items()}
    # A document of MongoDB is known by its _id.
    return ["id" if meant[field] == "_id" and "id" not in meant.values() else meant[field] for field in fields]


def _rows(place: text.Place, table: Table) -> Iterator[tuple[int, dict[str, Any], str | None]]:
    """(number, values by field in lower case, problem) of each record of a file."""
    for number, record, problem in text.listed_records(place, table.listed_as):
        yield number, text.in_lower_case(record or {}), problem


def _plain(value: Any) -> Any:
    """A value of a JSON record as a table holds it; MongoDB's exports wrap values that JSON has no type for."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        return _plain(next(iter(value.values())))
    return ENCODE(value) if isinstance(value, (dict, list)) else value


def _storable_row(row: Iterable[Any]) -> list[Any]:
    """A row with values as SQLite can hold them; nearly all are, and a call for each would cost more than to look."""
    return [
        value
        if value is None or (type(value) is str and value.isascii()) or (type(value) is int and -SMALL < value < SMALL)
        else _storable(value)
        for value in row
    ]


def _storable(value: Any) -> Any:
    """A value from a file as SQLite can hold it: names need not be Unicode, and JSON's numbers have no bounds."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE:
        # A data frame has the ids of a column with an empty cell as 1.0.
        return int(value)
    if isinstance(value, int) and not -LARGEST <= value <= LARGEST:
        return str(value)
    return value
