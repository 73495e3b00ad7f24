"""A report's cells for people: durations, sizes, shares, money, times, statuses and links to what they name."""

import math
import re
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any

from markupsafe import Markup

from .. import reports
from . import DATABASE, addresses, links, permissions

MONEY = ("cost", "estimated_cost", "cost_per_call", "cost_to_date", "daily_avg", "forecast", "previous_month")
# Keys are no quantities: no thousands separator.
KEY = re.compile(r"(.*_)?(id|key)")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?Z)?", re.ASCII)
STATUS = re.compile("queued|running|waiting|completed|failed|cancelled|skipped|blocked|ok|warning|problem")
# The request that is being answered; Datasette 0.65 does not give it to render_cell.
REQUEST: ContextVar[Any] = ContextVar("request", default=None)


def render(
    row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any
) -> Markup | Awaitable[Markup | None] | None:
    """A cell of a query's page; a table's page, JSON and CSV keep the plain value."""
    if table is not None or database != DATABASE or value is None:
        return None
    if isinstance(value, (int, float)):
        if column == "acceptance_passed":
            return Markup("yes" if value else "no")
        if KEY.fullmatch(column):
            return None
        return Markup('<span class="num" title="{}">{}</span>').format(value, number(column, value, _currency(row)))
    if not isinstance(value, str):
        return None
    if column == "status" and STATUS.fullmatch(value):
        return Markup('<span class="status status-{0}">{0}</span>').format(value)
    if found := TIME.fullmatch(value):
        text = " ".join(filter(None, found.groups()))
        return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(value, text)
    if column == "report" and value in reports.load_reports():
        return _report_link(datasette, reports.load_reports()[value])
    if not value or column not in links.PAGES:
        return None
    source = row["source"] if "source" in row.keys() else ""  # noqa: SIM118 - a row is no mapping
    address = links.detail(datasette, links.PAGES[column], value, source or "")
    return Markup('<a href="{}">{}</a>').format(address, value)


def number(column: str, value: float, currency: str = "") -> str:
    """A number of a column with its unit."""
    if column.endswith("_ms"):
        return duration(value)
    if column.endswith("_minutes"):
        return duration(value * 60_000) if value else "0 min"
    if column.endswith("_bytes"):
        return size(value)
    if column.endswith("_pct"):
        return f"{value:,.2f} %"
    if column in MONEY:
        return money(value, currency)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def duration(ms: float) -> str:
    """Milliseconds as `340 ms`, `1.2 s`, `3 min 4 s`, `5 h 6 min` or `7 d 8 h`."""
    sign, ms = ("-" if ms < 0 else ""), abs(ms)
    if ms < 999.5:
        return f"{sign}{ms:.0f} ms"
    if ms < 59_950:
        return f"{sign}{ms / 1000:.1f} s"
    seconds, minutes, hours = round(ms / 1000), round(ms / 60_000), round(ms / 3_600_000)
    if seconds < 3600:
        return sign + _parts(divmod(seconds, 60), "min", "s")
    if minutes < 2 * 1440:
        return sign + _parts(divmod(minutes, 60), "h", "min")
    return sign + _parts(divmod(hours, 24), "d", "h")


def size(count: float) -> str:
    """Bytes as `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 999.5 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def money(amount: float, currency: str) -> str:
    """An amount with its currency, small ones with two digits that count: `12.30 USD`, `0.0012 USD`."""
    digits = 2 if amount == 0 or abs(amount) >= 0.1 else min(8, 1 - math.floor(math.log10(abs(amount))))
    return f"{amount:,.{digits}f} {currency}".rstrip()


def _parts(amounts: tuple[int, int], large: str, small: str) -> str:
    return f"{amounts[0]:,} {large} {amounts[1]} {small}" if amounts[1] else f"{amounts[0]:,} {large}"


def _currency(row: Any) -> str:
    return (row["currency"] or "") if "currency" in row.keys() else ""  # noqa: SIM118 - a row is no mapping


async def _report_link(datasette: Any, report: reports.Report) -> Markup | None:
    """A link to a report, with the parameters that this page has, too; none for those who may not see it."""
    request = REQUEST.get()
    if request is None or not await permissions.is_visible(datasette, request.actor, report.name):
        return None
    args = addresses.given(request)
    given = {param.name: args.get(param.name) or param.default for param in report.params}
    address = links.report(datasette, report.name, links.selected(report, given))
    return Markup('<a href="{}" title="{}">{}</a>').format(address, report.name, report.title)
