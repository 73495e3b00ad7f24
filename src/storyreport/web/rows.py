"""The rows of a report's page: all of them for its headline and chart, and those that its table shows."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasette.database import QueryInterrupted

from .. import reports
from ..charts import MOST_ROWS
from ..nouns import counted
from ..reports import periods
from . import answers, data_errors, lakes, listing
from .listing import PAGE_ROWS, Order
from .visitor import Visitor

# A page beyond this is refused before it is looked for.
MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class Listed:
    """Rows in the report's own order (`all`, at most MOST_ROWS), and those of one page in the order of the address."""

    all: Sequence[dict[str, Any]] = ()
    shown: Sequence[Any] = ()
    total: int = 0
    page: int = 1
    order: Order | None = None
    headline: str = ""
    answer: Any = None  # what `shown` is of
    error: str = ""
    status: int = 200

    @property
    def in_all(self) -> str:
        """How many rows the report has, where `all` has only the first of them."""
        return counted(self.total, "row") if len(self.all) < self.total else ""


async def listed(visitor: Visitor, report: reports.Report, values: Mapping[str, str], args: Any) -> Listed:
    """The rows for an address; UsageError where it asks for what there is not."""
    order = listing.order(report, args)
    page = listing.number(args, listing.PAGE, 1, MOST_PAGES, 1)
    try:
        return await _listed(visitor, report, reports.for_sql(report, values), order, page)
    except (QueryInterrupted, sqlite3.Error) as error:
        status, sentence = data_errors.failure(visitor.datasette, report, error)
        return Listed(order=order, error=sentence, status=status)


async def before(
    visitor: Visitor, report: reports.Report, values: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    """The rows of the period before, and its days; none where they are not asked for, or cannot be read in time."""
    if not (report.draws_before and values.get("compare")):
        return [], 0
    bound = reports.for_sql(report, values)
    since, until, days = periods.before(bound["since"], bound["until"])
    sql = f"select *\nfrom (\n{report.sql}\n)\nlimit {MOST_ROWS}"
    try:
        found = await answers.rows(visitor.datasette, sql, {**bound, "since": since, "until": until})
    except (QueryInterrupted, sqlite3.Error):
        return [], 0
    return [dict(row) for row in found.rows], days


async def _listed(
    visitor: Visitor, report: reports.Report, bound: Mapping[str, str], order: Order | None, page: int
) -> Listed:
    datasette, start = visitor.datasette, (page - 1) * PAGE_ROWS
    if (of_lake := await lakes.rows(visitor, report, bound)) is not None:
        ordered = order.of(of_lake) if order else of_lake
        shown, total = ordered[start : start + PAGE_ROWS], len(of_lake)
        said = reports.headline(report.headline, of_lake[:MOST_ROWS], total)
        return _page(report, Listed(of_lake[:MOST_ROWS], shown, total, page, order, said))
    sql = f"select *\nfrom (\n{report.sql}\n)\nlimit {MOST_ROWS + 1}"
    found = await answers.rows(datasette, sql, bound)
    total = len(found.rows)
    if total > MOST_ROWS:
        # With an order of its own, SQLite leaves out the report's, and what only that needs.
        counting = f"select count(*)\nfrom (\n{report.sql}\n)\norder by 1"
        total = (await answers.rows(datasette, counting, bound)).rows[0][0]
    if order is None and start + PAGE_ROWS <= MOST_ROWS:
        answer, shown = found, found.rows[start : start + PAGE_ROWS]
    else:
        inner = order.sql(report.sql) if order else report.sql
        paged = f"select *\nfrom (\n{inner}\n)\nlimit {PAGE_ROWS} offset {start}"
        answer = await answers.rows(datasette, paged, bound)
        shown = answer.rows
    every = answers.named(found)[:MOST_ROWS]
    said = answers.once(found, (report.headline, total), lambda: reports.headline(report.headline, every, total))
    return _page(report, Listed(every, shown, total, page, order, said, answer))


def _page(report: reports.Report, found: Listed) -> Listed:
    """The rows, if there is such a page of them."""
    if not found.shown and found.page > 1:
        last = max(1, -(-found.total // PAGE_ROWS))
        raise reports.UsageError(f"{report.name} has no page {found.page:,}: the last one is {last:,}.")
    return found
