"""The home page: health, tiles and changes, each an SQL select of a report; then the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from datasette import Response, utils
from markupsafe import Markup, escape

from .. import reports
from ..reports import periods
from . import context, links
from .permissions import databases, ensure_instance, is_private
from .search import Topic, topics
from .tables import Table, table
from .visitor import Result, Visitor

DAYS = 7
# An en dash stands for a value that is not known.
UNKNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class Part:
    """A piece of the home page: a title, its report, the report's parameters and the select that reads it."""

    title: str
    report: str
    values: dict[str, str]
    select: str
    if_empty: str = ""


# A tile shows the first column large and the column `detail` below it.
SUCCESS_RATE = f"""
select
    round(100.0 * sum(runs_completed) / nullif(sum(runs_completed + runs_failed), 0), 2) as success_pct,
    case
        when sum(runs_completed + runs_failed) > 0
            then printf('%,d', sum(runs_completed)) || ' of ' || printf('%,d', sum(runs_completed + runs_failed))
                || ' runs in the last {DAYS} days'
        else 'no run ended in the last {DAYS} days'
    end as detail
from report
"""
SLOWEST_STEP = f"""
select
    p95_ms,
    step,
    source,
    'the most time spent, in the last {DAYS} days' as detail
from report
order by total_ms desc
limit 1
"""
STUCK = """
select
    count(*) as stuck,
    case count(*) when 0 then 'nothing is stuck' else 'silent for too long' end as detail
from report
"""
ORPHANS = """
select
    count(*) as orphans,
    case count(*) when 0 then 'every row has its story and run' else 'rows point to a missing story or run' end
        as detail
from report
"""
MONTH = """
select
    sum(cost_to_date) as cost_to_date,
    currency,
    sum(forecast) as forecast
from report
where month = strftime('%Y-%m', 'now')
group by currency
order by cost_to_date desc
"""
# Changes since the day :week; a report without any is left out.
WEEK = f"""
select
    work,
    sum(case when day >= :week then times else 0 end) as last_{DAYS}_days,
    sum(case when day < :week then times else 0 end) as the_{DAYS}_days_before
from (
    select 'stories completed' as work, day, stories_completed as times from report
    union all
    select 'runs completed', day, runs_completed from report
    union all
    select 'runs failed', day, runs_failed from report
)
where times > 0
group by work
order by work desc
"""
CHANGED_STEPS = """
select
    step,
    source,
    p95_ms,
    previous_p95_ms,
    change_pct
from report
where abs(change_pct) >= 10
order by abs(change_pct) desc
limit 5
"""
NEW_ERRORS = """
select
    error,
    occurrences,
    first_seen
from report
where first_seen >= :week
order by occurrences desc
limit 5
"""


def tiles() -> list[Part]:
    """The tiles, in their order."""
    # Not later than today: a time in the future is in no last days.
    week = {"since": f"{DAYS}d", "until": "today"}
    return [
        Part("Success rate", "throughput", week, SUCCESS_RATE),
        Part("Slowest step, p95", "slowest_steps", week, SLOWEST_STEP, f"no step ended in the last {DAYS} days"),
        Part("Stuck", "stuck_runs", {}, STUCK),
        Part("Orphans", "orphans", {}, ORPHANS),
        Part("Cost this month", "cost_forecast", {}, MONTH, "no cost this month"),
    ]


def changes() -> list[Part]:
    """The tables of changes, in their order."""
    # A value that is no parameter of the report is one of the select.
    week = {"week": first_of_week()}
    return [
        Part("Work done", "throughput", {"since": f"{2 * DAYS}d", "until": "today", **week}, WEEK),
        Part("Steps that got slower or faster", "duration_changes", {"days": str(DAYS)}, CHANGED_STEPS),
        Part("New errors", "top_errors", week, NEW_ERRORS),
    ]


def first_of_week() -> str:
    """The first (UTC) of the last days, which end with today."""
    return (periods.now().date() - timedelta(days=DAYS - 1)).isoformat()


@dataclass(frozen=True)
class Value:
    """A tile's value and the words below it."""

    value: Any
    detail: Markup


@dataclass(frozen=True)
class Tile:
    """A tile: its title with a link to its report, and its values or why there are none."""

    title: str
    address: str
    values: tuple[Value, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Check:
    """A row of the report `health`; the address is that of the report that shows it, where the visitor may see it."""

    name: str
    status: str
    text: str
    action: str
    address: str


@dataclass(frozen=True)
class Health:
    """The checks that found something, the worst first, and those that passed; `title` sums them up."""

    title: str
    address: str
    error: str
    failed: tuple[Check, ...]
    passed: tuple[Check, ...]


@dataclass(frozen=True)
class Change:
    """A table of changes with a link to its report, or why it cannot be shown."""

    title: str
    address: str
    table: Table | None
    error: str


@dataclass(frozen=True)
class Home:
    """All that the home page shows beside its freshness."""

    health: Health | None
    tiles: list[Tile]
    changes: list[Change]
    search: str
    found: Table | None
    topics: list[Topic]
    databases: list[str]
    broken: list[str] = field(default_factory=list)


async def page(request: Any, datasette: Any) -> Response:
    """The home page; Datasette's own looks at every table of the database, which takes longer than all that we show."""
    await ensure_instance(datasette, request.actor)
    # Datasette 1.0 keeps what it says of the whole instance in a database.
    said = datasette.metadata() if hasattr(datasette, "metadata") else await datasette.get_instance_metadata()
    context = {"metadata": said, "private": await is_private(datasette)}
    if slots := getattr(utils, "make_slot_function", None):
        context["top_homepage"] = slots("top_homepage", datasette, request)
    return Response.html(await datasette.render_template(["index.html"], context, request=request, view_name="index"))


async def view(visitor: Visitor, query: str) -> Home:
    """The home page for a visitor; `query` is what they search for. A chosen source narrows all but the search."""
    chosen = {"source": context.of(visitor.request).get("source", "")}
    found = await visitor.result("find", {"name": query}) if query else None
    listed = await visitor.reports()
    return Home(
        health=await _health(visitor, chosen),
        tiles=[tile for part in tiles() if (tile := await _tile(visitor, part, chosen))],
        changes=[change for part in changes() if (change := await _change(visitor, part, chosen))],
        search=query,
        found=found.table("Search results") if found and found.rows else None,
        topics=topics(visitor.datasette, listed, query),
        databases=await databases(visitor.datasette, visitor.actor),
        broken=_broken() if listed else [],
    )


def _broken() -> list[str]:
    """A sentence for each report file that cannot be used, without its folder."""
    catalogue = reports.load_catalogue()
    return [*(f"{error.path.name}, line {error.line}: {error.reason}." for error in catalogue.broken)]


async def _health(visitor: Visitor, chosen: Mapping[str, str]) -> Health | None:
    result = await visitor.result("health", chosen)
    if result is None:
        return None
    shown = await visitor.may_see(reports.load_reports())
    rows = [row for row in result.rows if not row["report"] or row["report"] in shown]
    checks = [_check(visitor, row) for row in rows]
    failed = tuple(sorted((check for check in checks if check.status != "ok"), key=lambda check: check.status))
    passed = tuple(check for check in checks if check.status == "ok")
    title = "Everything is all right"
    if result.error:
        title = "Is everything all right?"
    elif not checks:
        title = "Nothing has been checked yet"
    elif failed:
        title = f"{len(failed)} thing{'s' if len(failed) > 1 else ''} to look at"
    return Health(title, links.report(visitor.datasette, "health"), result.error, failed, passed)


def _check(visitor: Visitor, row: Mapping[str, Any]) -> Check:
    address = links.report(visitor.datasette, row["report"]) if row["report"] else ""
    return Check(row["check"], row["status"], str(row["detail"] or row["count"]), row["action"] or "", address)


async def _tile(visitor: Visitor, part: Part, chosen: Mapping[str, str]) -> Tile | None:
    result = await visitor.result(part.report, {**chosen, **part.values}, part.select)
    if result is None:
        return None
    if result.error or not result.rows:
        values = () if result.error else (Value(UNKNOWN, escape(part.if_empty)),)
        return Tile(part.title, result.address, values, result.error)
    return Tile(part.title, result.address, tuple(_value(result, place) for place in range(len(result.rows))))


def _value(result: Result, place: int) -> Value:
    row, cells = result.rows[place], dict(zip(result.columns, result.cells[place], strict=True))
    first = result.columns[0]
    detail = Markup("{}").format(row.get("detail") or "")
    if row.get("step"):
        detail = Markup("{} of {} {}").format(cells["step"], cells["source"], detail)
    if row.get("forecast") is not None:
        detail = Markup("{} by the end of the month").format(cells["forecast"])
    return Value(cells[first] if row[first] is not None else UNKNOWN, detail)


async def _change(visitor: Visitor, part: Part, chosen: Mapping[str, str]) -> Change | None:
    result = await visitor.result(part.report, {**chosen, **part.values}, part.select)
    if result is None or not (result.rows or result.error):
        return None
    shown = None if result.error else table(part.title, result.columns, result.cells)
    return Change(part.title, result.address, shown, result.error)
