"""Shows a report's cells for people: durations, sizes, shares, money, times, statuses and links to what they name."""

# mypy: disallow-untyped-decorators=False

import math
import re
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlencode

from datasette import Forbidden, hookimpl
from datasette.utils import tilde_encode
from markupsafe import Markup

from storyreport import reports

MONEY = ("cost", "estimated_cost", "cost_per_call", "cost_to_date", "daily_avg", "forecast", "previous_month")
# Keys are no quantities: no thousands separator.
KEY = re.compile(r"(.*_)?(id|key)")
TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.\d+)?Z)?", re.ASCII)
# Who asks for what, and with which parameters; Datasette 0.65 does not say so to render_cell.
REQUEST: ContextVar[Any] = ContextVar("request", default=None)
STATUS = re.compile("queued|running|waiting|completed|failed|cancelled|skipped|blocked|ok|warning|problem")
# The columns that name a thing, and what it is: its page shows it.
THINGS = {
    "story": "story",
    "run": "run",
    "batch": "run",
    "step": "step",
    "current_step": "step",
    "next_step": "step",
    "source": "source",
}


@hookimpl
def actor_from_request(request: Any) -> None:
    """Remember the request while it is answered; who asks, others find out."""
    REQUEST.set(request)


@hookimpl
def render_cell(
    row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any
) -> Markup | Awaitable[Markup | None] | None:
    """A cell of a query's page; a table's page, JSON and CSV keep the plain value."""
    if table is not None or database != "storyreport" or value is None:
        return None
    if isinstance(value, (int, float)):
        if column == "acceptance_passed":
            return Markup("yes" if value else "no")
        if KEY.fullmatch(column):
            return None
        return Markup('<span class="num" title="{}">{}</span>').format(value, _number(column, value, _currency(row)))
    if not isinstance(value, str):
        return None
    if column == "status" and STATUS.fullmatch(value):
        return Markup('<span class="status status-{0}">{0}</span>').format(value)
    if found := TIME.fullmatch(value):
        shown = " ".join(filter(None, found.groups()))
        return Markup('<time datetime="{0}" title="{0}">{1}</time>').format(value, shown)
    if column == "report" and value in reports.load_reports():
        return _report(datasette, reports.load_reports()[value])
    address = _address(datasette, row, column, value)
    return Markup('<a href="{}">{}</a>').format(address, value) if address else None


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


def _number(column: str, value: float, currency: str) -> str:
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


def _currency(row: Any) -> str:
    return (row["currency"] or "") if "currency" in row.keys() else ""  # noqa: SIM118 - a row is no mapping


async def _report(datasette: Any, report: reports.Report) -> Markup | None:
    """A link to a report, narrowed as this page is; none for those who may not see it."""
    request = REQUEST.get()
    if request is None or not await _may_see(datasette, request.actor, report.name):
        return None
    given = {param.name: request.args.get(param.name) or param.default for param in report.params}
    query = urlencode({param.name: given[param.name] for param in report.params if given[param.name] != param.default})
    address = str(datasette.urls.query("storyreport", report.name)) + (f"?{query}" if query else "")
    return Markup('<a href="{}" title="{}">{}</a>').format(address, report.name, report.title)


async def _may_see(datasette: Any, actor: Any, name: str) -> bool:
    if hasattr(datasette, "allowed"):
        from datasette.resources import QueryResource  # there is no such module before Datasette 1.0

        query = QueryResource("storyreport", name)
        return bool(await datasette.allowed(action="view-query", resource=query, actor=actor))
    permissions = [("view-query", ("storyreport", name)), ("view-database", "storyreport"), "view-instance"]
    try:
        await datasette.ensure_permissions(actor, permissions)
    except Forbidden:
        return False
    return True


def _address(datasette: Any, row: Any, column: str, value: str) -> str | None:
    if not value or column not in THINGS:
        return None
    kind = THINGS[column]
    path = datasette.urls.path(f"/-/{kind}/{tilde_encode(value)}")
    if kind == "source" or "source" not in row.keys() or not row["source"]:  # noqa: SIM118 - a row is no mapping
        return str(path)
    return f"{path}?{urlencode({'source': row['source']})}"
