"""A history of any system, made from its description alone: rows of every declared table, in groups that repeat."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from storyreport.readers.part import Found
from storyreport.system import Part, System, Table, Type

ROWS_A_GROUP = 25
FIRST_MOMENT = 1_760_000_000
VALUES: dict[Type, Callable[[int], Any]] = {
    Type.TEXT: lambda i: f"text {i}",
    Type.PRIVATE: lambda i: f"private text {i}",
    Type.HASHED: lambda i: f"person-{i % 7}",
    Type.JSON: lambda i: "{}",
    Type.UTC: lambda i: FIRST_MOMENT + 60 * i,
    Type.LOCAL: lambda i: FIRST_MOMENT + 60 * i,
    Type.COUNT: lambda i: i,
    Type.MS: lambda i: 1000 + i % 7,
    Type.SECONDS: lambda i: 1 + i % 7,
    Type.NUMBER: lambda i: i,
    Type.MONEY: lambda i: 0.01,
    Type.FLAG: lambda i: i % 2,
}


def value(part: Part, table: Table, column: str, number: int, groups: int) -> Any:
    """A column of the row of this number; rows of a group are spread over the whole table."""
    kind = table.columns[column]
    if column in table.currencies:
        return ("USD", "EUR")[number % 2]
    if kind is Type.WORD:
        return list(part.statuses or {"word": ""})[number % max(1, len(part.statuses))]
    if kind is not Type.KEY:
        return VALUES[kind](number)
    # The row's own key is the first required one that groups nothing; other keys lead to groups, steps are few.
    own = next((name for name in (*table.required, *table.columns) if table.columns[name] is Type.KEY), None)
    if column == own and column != table.group:
        return number
    if "step" in column or "task" in column or column in ("name", "family", "type"):
        # Where rows have no key of their own, one step of a group is one row.
        return f"step-{number % 5 if key_is_own(table) else number // groups}"
    if column == own and table.required == (own,):
        return f"group-{number}"
    return f"group-{number % groups}"


def key_is_own(table: Table) -> bool:
    """Whether the column `id` tells the rows apart by number."""
    return table.required[:1] == ("id",) and table.group != "id"


def rows(part: Part, name: str, first: int, last: int, groups: int) -> Iterator[list[Any]]:
    """Rows of a table, in the order of its columns."""
    table = part.tables[name]
    for number in range(first, last):
        yield [value(part, table, column, number, groups) for column in table.columns]


def write_database(path: Path, part: Part, first: int, last: int, groups: int, key: str = "") -> None:
    """Add rows to every table of a SQLite database without any index; `key` is the type of columns called id."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, table in part.tables.items():
            columns = ", ".join(
                f'"{column}" {key if column == "id" and key_is_own(table) else ""}' for column in table.columns
            )
            connection.execute(f'create table if not exists "{name}" ({columns})')
            connection.executemany(
                f'insert into "{name}" values ({", ".join("?" * len(table.columns))})',
                rows(part, name, first, last, groups),
            )


def staged(system: System, name: str, path: Path, spans: Sequence[tuple[int, int]], groups: int) -> Found:
    """The same for a part of files: what its `stage` would have read of them."""
    part = system.parts[name]

    def stage(_: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for table in part.tables:
            for first, last in spans:
                yield from ((table, (*row, None)) for row in rows(part, table, first, last, groups))

    path.write_text(f"{spans}", encoding="utf-8")
    return Found(replace(system, parts={**system.parts, name: replace(part, stage=stage)}), name, path)
