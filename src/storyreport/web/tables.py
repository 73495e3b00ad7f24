"""A table of rows as a template shows it: headings, and which columns hold numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datasette.utils import to_css_class

from ..values.quantities import MONEY, heading


@dataclass(frozen=True)
class Column:
    """A column: its name, its heading, its CSS class, and where its heading leads ('': nowhere).

    `sort` is "ascending" or "descending" where the rows are in its order.
    """

    name: str
    heading: str
    css: str
    sort_address: str = ""
    sort: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of rendered cells below their columns; `label` names the table for screen readers."""

    label: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]

    def cells(self, row: Sequence[Any]) -> Iterable[tuple[Column, Any]]:
        """The cells of a row, each with its column."""
        return zip(self.columns, row, strict=True)


def table(label: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """The table of these rows; a cell that is a number stands to the right. Amounts say their currency themselves."""
    if "currency" in columns and not set(MONEY).isdisjoint(columns):
        places = [place for place, name in enumerate(columns) if name != "currency"]
        columns = [columns[place] for place in places]
        rows = [[row[place] for place in places] for row in rows]
    numbers = {place for row in rows for place, cell in enumerate(row) if _is_number(cell)}
    described = (
        Column(name, heading(name), f"col-{to_css_class(name)}" + (" number" if place in numbers else ""))
        for place, name in enumerate(columns)
    )
    return Table(label, tuple(described), rows)


def _is_number(cell: Any) -> bool:
    return hasattr(cell, "__html__") and str(cell).startswith('<span class="num"')
