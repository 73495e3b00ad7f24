"""Columns of dates whose day and month may be each other: the whole column decides which comes first."""

import sqlite3

from ..system import TIMES
from .part import Opened, quoted

FIRST_ROWS = 100
# In the rows that are looked at first, to spare all other columns a look at each of their values.
LOOKS_SO = "max(typeof({c}) = 'text' and {c} not glob '[0-9][0-9][0-9]*' and {c} glob '*[0-9][/-][0-9]*[/-][0-9]*')"


def day_first(connection: sqlite3.Connection, opened: Opened) -> dict[tuple[str, str], bool]:
    """Whether the dates of a column, (table, its SQL name), begin with the day; of some it is not known."""
    found: dict[tuple[str, str], bool] = {}
    for table, columns in ambiguous(connection, opened).items():
        name, _ = opened.tables[table]
        for column in columns:
            orders = connection.execute(f"select distinct day_order({column}) from {name} where {column} glob '*[/-]*'")
            known = {order for (order,) in orders} & {"day", "month"}
            if len(known) == 1:
                found[table, column] = known == {"day"}
    return found


def ambiguous(connection: sqlite3.Connection, opened: Opened) -> dict[str, list[str]]:
    """By table, the SQL names of the columns of times that seem to hold such dates."""
    found: dict[str, list[str]] = {}
    for table, (name, real) in opened.tables.items():
        kinds = opened.found.system.parts[opened.found.part].tables[table].columns
        times = [quoted(real[column]) for column, kind in kinds.items() if kind in TIMES and column in real]
        if not times:
            continue
        looks = ", ".join(LOOKS_SO.format(c=column) for column in times)
        rows = f"(select {', '.join(times)} from {name} limit {FIRST_ROWS})"
        row = connection.execute(f"select {looks} from {rows}").fetchone()
        if held := [column for column, is_so in zip(times, row, strict=True) if is_so]:
            found[table] = held
    return found
