"""The columns of tables in text files: what their names mean, and what a row says in columns of one name.

A helper of the readers: it reads no file.
"""

from collections.abc import Sequence
from functools import lru_cache

# What data frames, databases and scripts write into a cell that has no value.
NO_CELL = frozenset(("", "NULL", "null", "(null)", "\\N", "None", "NaT", "<NA>", "#N/A"))
# Between the values of columns of one name: no number, time or status holds it.
BETWEEN = " | "


@lru_cache(maxsize=4096)
def column_of(name: str) -> str:
    """What a field's name is as a column's: "Input Tokens" and INPUT-TOKENS are input_tokens."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=1024)
def columns_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """What the fields of a record are called as columns; most records of a file have the same."""
    return tuple(map(column_of, names))


def names_in(header: Sequence[str]) -> list[str]:
    """The names in a header; those that mean one column as the first of them is spelled."""
    first: dict[str, str] = {}
    return [first.setdefault(column_of(name), name.strip()) for name in header]


def joined(names: Sequence[str], row: Sequence[str]) -> dict[str, str | None]:
    """The values of a row, by name; where columns of one name differ, both: which of them is meant cannot be known."""
    values: dict[str, dict[str, None]] = {name: {} for name in names[: len(row)]}
    for name, cell in zip(names, row, strict=False):
        if (value := cell.strip(" ")) not in NO_CELL:
            values[name][value] = None
    return {name: BETWEEN.join(several) if several else None for name, several in values.items()}
