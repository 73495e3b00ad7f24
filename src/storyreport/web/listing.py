"""The rows of a report in a chosen order, and a page of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import reports
from ..nouns import counted
from ..readers.part import quoted

PAGE_ROWS = 50
SORT, SORT_DESC, PAGE, REFRESH = "_sort", "_sort_desc", "_page", "_refresh"


@dataclass(frozen=True)
class Order:
    """The column that rows are sorted by; unknown values come last."""

    column: str
    is_descending: bool

    def sql(self, select: str) -> str:
        """A SELECT with its rows in this order."""
        column, direction = quoted(self.column), " desc" if self.is_descending else ""
        return f"select *\nfrom (\n{select}\n)\norder by {column} is null, {column}{direction}"

    def of(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows that no SELECT gave, in this order: numbers before texts, as SQLite has them."""
        known = [row for row in rows if row[self.column] is not None]
        known.sort(key=lambda row: (isinstance(row[self.column], str), row[self.column]), reverse=self.is_descending)
        return known + [row for row in rows if row[self.column] is None]

    @property
    def args(self) -> dict[str, str]:
        """The order as an address has it."""
        return {SORT_DESC if self.is_descending else SORT: self.column}


def order(report: reports.Report, args: Any) -> Order | None:
    """The order that an address asks for, None for the report's own; UsageError where it cannot be."""
    given = {name: value for name in (SORT, SORT_DESC) if (value := args.get(name))}
    if not given:
        return None
    if len(given) > 1:
        raise reports.UsageError(f"{SORT} and {SORT_DESC} cannot both be given: leave one of them out.")
    ((name, column),) = given.items()
    if column not in report.columns:
        raise reports.UsageError(
            f"{report.name} has no column {column!r} to sort by: it has {', '.join(report.columns)}."
        )
    return Order(column, name == SORT_DESC)


def number(args: Any, name: str, least: int, most: int, default: int) -> int:
    """A whole number of an address; UsageError for another value."""
    text = args.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise reports.UsageError(f"{name} must be a whole number from {least} to {most:,}, not {text!r}.")
    return int(text)


def refresh_seconds(args: Any) -> int:
    """After how many seconds a page loads itself again, 0 for never; UsageError for another value."""
    return number(args, REFRESH, 10, 3600, 0)


@dataclass(frozen=True)
class Paging:
    """Which rows a page shows, and the addresses of those beside it, '' where there is none."""

    first: int
    last: int
    total: int
    previous: str = ""
    next: str = ""

    @property
    def text(self) -> str:
        """The rows in words."""
        if self.total <= PAGE_ROWS and self.first <= 1:
            return counted(self.total, "row")
        return f"Rows {self.first:,} to {self.last:,} of {self.total:,}"


def kept(args: Mapping[str, str] | Any, *names: str) -> dict[str, str]:
    """Those of the arguments of an address that are given."""
    return {name: value for name in names if (value := args.get(name))}
