"""A report's cells for people: durations, sizes, shares, money, times, statuses and links to what they name."""

import re
from collections.abc import Awaitable
from typing import Any

from markupsafe import Markup, escape

from .. import reports
from ..values.quantities import KEY, TIME, number
from . import DATABASE, addresses, context, links, permissions

STATUS = re.compile("queued|running|waiting|completed|failed|cancelled|skipped|blocked|ok|warning|problem")

# A word that may be the name of a report.
REPORT = re.compile(r"\b([a-z]+(?:_[a-z]+)+)\b", re.ASCII)

# A key that no person has chosen: its beginning is shown, the whole of it is there on hover and where it is copied. One
# of digits alone may be a time, whose end is what tells it apart.
ID = re.compile(r"(?=[0-9-]*[a-f])[0-9a-f]{8}-?[0-9a-f]{4}", re.ASCII)


def render(
    row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any
) -> Markup | Awaitable[Markup | None] | None:
    """A cell of a query's page; a table's page, JSON and CSV keep the plain value."""
    if table is not None or database != DATABASE or value is None:
        return None
    if isinstance(value, (int, float)):
        return _number(row, value, column)
    return _text(row, value, column, datasette) if isinstance(value, str) else None


def _number(row: Any, value: float, column: str) -> Markup | None:
    if column == "acceptance_passed":
        return Markup("yes" if value else "no")
    if KEY.fullmatch(column):
        return None
    return Markup(f'<span class="num" title="{value}">{escape(number(column, value, _currency(row)))}</span>')


def _text(row: Any, value: str, column: str, datasette: Any) -> Markup | Awaitable[Markup | None] | None:
    if column in ("status", "with_status") and STATUS.fullmatch(value):
        return Markup(f'<span class="status status-{value}">{value}</span>')
    if found := TIME.fullmatch(value):
        text = " ".join(filter(None, found.groups()))
        return Markup(f'<time datetime="{value}" title="{value}">{text}</time>')
    if column == "report" and value in reports.load_reports():
        return _report_link(datasette, reports.load_reports()[value])
    if column == "action" and REPORT.search(value):
        return _action(datasette, value, _source(row))
    if not value or column not in links.PAGES:
        return None
    address = links.detail(datasette, links.PAGES[column], value, _source(row))
    # Markup's own way to fill in a text takes three times as long, for thousands of cells.
    address, text = escape(address), escape(value)
    if ID.match(value):
        return Markup(f'<a class="id" href="{address}" title="{text}">{text}</a>')
    return Markup(f'<a href="{address}">{text}</a>')


def _currency(row: Any) -> str:
    return (row["currency"] or "") if "currency" in row.keys() else ""  # noqa: SIM118 - a row is no mapping


def _source(row: Any) -> str:
    return (row["source"] or "") if "source" in row.keys() else ""  # noqa: SIM118 - a row is no mapping


async def _report_link(datasette: Any, report: reports.Report, source: str = "") -> Markup | None:
    """A link to a report, with the parameters that this page has, too; none for those who may not see it."""
    request = context.REQUEST.get()
    if request is None or not await permissions.is_visible(datasette, request.actor, report.name):
        return None
    args = {"source": source, **links.named_by(request), **addresses.given(request)}
    given = {param.name: args.get(param.name) or param.default for param in report.params}
    address = links.report(datasette, report.name, links.selected(report, given))
    return Markup('<a href="{}" title="{}">{}</a>').format(address, report.name, report.title)


async def _action(datasette: Any, value: str, source: str) -> Markup:
    """What to do, with links to the reports that it names."""
    known = reports.load_reports()
    parts = [
        await _report_link(datasette, known[part], source) or part if part in known else part
        for part in REPORT.split(value)
    ]
    return Markup("").join(parts)
