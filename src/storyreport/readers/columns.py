"""The columns of tables in text files: what their names mean, and what a row says in columns of one name.

A helper of the readers: it reads no file.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..patterns import Pattern

# What data frames, databases and scripts write into a cell that has no value.
NO_CELL = frozenset(("", "NULL", "null", "(null)", "\\N", "None", "NaT", "<NA>", "#N/A"))
# Between the values of columns of one name: no number, time or status holds it.
BETWEEN = " | "

# The header of a column with its unit: Cost (USD), Duration [ms].
UNIT = Pattern(r"(?!(?s:.){200})(.+?)_*[(\[](.{1,12})[)\]]")
# That of an amount with its currency: cost_usd, total_cost_eur, costUsd.
AMOUNT_IN = Pattern(r"(?:total_?)?(cost|price|amount|spend)_?([a-z]{3})", re.ASCII)
# That of an amount in a part of its currency: cost_cents, spend_usd_micros, cost_in_microdollars, costCents.
AMOUNT_IN_PARTS = Pattern(
    r"(?:total_?)?(cost|amount|spend)(?:_?in)?(?:_?(?P<currency>[a-z]{3}))?"
    r"_?((?:micro|nano)_?(?P<dollars>usd|dollars?)|(?:milli|micro)?cents?|micros|nanos)",
    re.ASCII,
)
# The part of a whole unit that such a word means.
PARTS = {
    **dict.fromkeys(("cent", "cents", "\u00a2"), "1e-2"),
    **dict.fromkeys(("millicent", "millicents"), "1e-5"),
    **dict.fromkeys(("micros", "microdollar", "microdollars", "microusd"), "1e-6"),
    **dict.fromkeys(("microcent", "microcents"), "1e-8"),
    **dict.fromkeys(("nanos", "nanodollar", "nanodollars", "nanousd"), "1e-9"),
}
# A long number as a spreadsheet shows it, and saves it: 1.76242E+12.
ROUNDED = Pattern(r"\d(?:[.,]\d{1,5})?E\+\d\d", re.ASCII)

# The same of column {c} in SQL, where a key is looked for.
ROUNDED_KEY = "case when {c} glob '[0-9]*E+[0-9][0-9]' then {c} not glob '*[^0-9.,E+]*' end"


def is_rounded(value: Any) -> bool:
    """Whether a cell held a long number, such as an id, and has lost its last digits."""
    return type(value) is str and value[-4:-2] == "E+" and bool(ROUNDED.fullmatch(value))


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
