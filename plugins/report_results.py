"""What a visitor may see: which reports, their rows within other pages, and the sources with their freshness."""

# mypy: disallow-untyped-decorators=False

import inspect
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from datasette import Forbidden, hookimpl
from datasette.database import QueryInterrupted
from datasette.plugins import pm

from storyreport import reports

DATABASE = "storyreport"
SOURCES = """
    select
        name,
        system,
        last_ingest_at as read_at,
        detail_since
    from source_states
    order by id
"""
STEPS = "select distinct family from steps order by family"


@dataclass(frozen=True)
class Result:
    """What a report says within a page: its rows as they are and as people read them, or why there are none."""

    report: reports.Report
    values: dict[str, str]
    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    cells: list[list[Any]] = field(default_factory=list)
    is_cut: bool = False
    error: str = ""


@hookimpl
def extra_template_vars(datasette: Any, request: Any) -> dict[str, Any]:
    """Functions that the templates call as they need them."""
    actor = request.actor if request else None
    # What has been found out about a report holds for the whole page.
    found: dict[str, bool] = {}

    async def may_see(names: Collection[str]) -> set[str]:
        asked = [name for name in names if name not in found]
        allowed = await visible(datasette, actor, asked) if asked else set()
        found.update({name: name in allowed for name in asked})
        return {name for name in names if found[name]}

    async def seen(topic: str = "") -> set[str]:
        return await may_see([name for name, each in reports.load_reports().items() if topic in ("", each.topic)])

    async def rows(sql: str) -> list[Any]:
        # Whoever may see no report is not told what they speak of.
        for name in reports.load_reports():
            if await may_see([name]):
                return list((await datasette.get_database(DATABASE).execute(sql)).rows)
        return []

    async def sources() -> list[dict[str, Any]]:
        return [{**dict(row), "age": age(row["read_at"])} for row in await rows(SOURCES)]

    async def steps() -> list[str]:
        return [row["family"] for row in await rows(STEPS)]

    async def result(name: str, given: Mapping[str, str] | None = None, select: str = "") -> Result | None:
        known = reports.load_reports()
        if name not in known or not await may_see([name]):
            return None
        return await run(datasette, request, known[name], given or {}, select)

    return {
        "report_visible": seen,
        "report_result": result,
        "report_sources": sources,
        "report_steps": steps,
        "report_oldest": oldest,
    }


async def visible(datasette: Any, actor: Any, names: Collection[str]) -> set[str]:
    """Those of the reports that Datasette lets the actor see."""
    if DATABASE not in datasette.databases:
        return set()
    if hasattr(datasette, "allowed_resources"):
        # Datasette 1.0 answers for all queries at once.
        page = await datasette.allowed_resources("view-query", actor, parent=DATABASE, limit=1000)
        return {resource.child async for resource in page.all()} & set(names)
    return {name for name in names if await is_visible(datasette, actor, name)}


async def is_visible(datasette: Any, actor: Any, name: str) -> bool:
    """Whether Datasette 0.65 would show the report's page."""
    checks = [("view-query", (DATABASE, name)), ("view-database", DATABASE), "view-instance"]
    try:
        await datasette.ensure_permissions(actor, checks)
    except Forbidden:
        return False
    return True


async def run(
    datasette: Any, request: Any, report: reports.Report, given: Mapping[str, str], select: str = ""
) -> Result:
    """A report's rows, or what an SQL select makes of them; what it has no parameter for must hold for its columns."""
    takes = {param.name for param in report.params}
    values = reports.bind(report, {name: value for name, value in given.items() if name in takes})
    conditions = " and ".join(f"{name} = :{name}" for name in given if name not in takes and given[name])
    outer = select or "select * from report" + (f" where {conditions}" if conditions else "")
    sql = f"with report as (\n{report.sql}\n)\n{outer}"
    try:
        found = await datasette.get_database(DATABASE).execute(sql, {**given, **values}, truncate=True)
    except QueryInterrupted:
        return Result(report, values, error="This took too long here: open the report and ask for less.")
    except sqlite3.Error as error:
        return Result(report, values, error=f"This cannot be shown ({error}).")
    rows = [dict(row) for row in found.rows]
    columns = list(found.columns) if select else telling(rows, given)

    async def shown(row: Any) -> list[Any]:
        return [await cell(datasette, request, row, column) for column in columns]

    cells = [await shown(row) for row in found.rows]
    return Result(report, values, columns, rows, cells, found.truncated)


def telling(rows: list[dict[str, Any]], given: Mapping[str, str]) -> list[str]:
    """The columns that say something: neither what was asked for in every row nor nothing at all."""
    known = {"title"} if given.get("story") else set()
    return [
        column
        for column in (rows[0] if rows else [])
        if column not in known and any(row[column] not in (None, "", given.get(column)) for row in rows)
    ]


async def cell(datasette: Any, request: Any, row: Any, column: str) -> Any:
    """A value as a query's page shows it: as the first plugin with an opinion wants it."""
    value = row[column]
    # The arguments of both Datasette lines; a plugin takes those that it names.
    shown = pm.hook.render_cell(
        row=row,
        value=value,
        column=column,
        table=None,
        pks=[],
        database=DATABASE,
        datasette=datasette,
        request=request,
        column_type=None,
    )
    for candidate in shown:
        if inspect.isawaitable(candidate):
            candidate = await candidate
        if candidate is not None:
            return candidate
    return "" if value is None else str(value)


def age(moment: str | None) -> str:
    """How long ago a time was, in the largest unit that says something."""
    if not moment:
        return "never read"
    then = datetime.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    minutes = int((datetime.now(timezone.utc) - then).total_seconds() // 60)
    for count, unit in ((minutes // 1440, "day"), (minutes // 60, "hour"), (minutes, "minute")):
        if count > 0:
            return f"read {count} {unit}{'s' if count > 1 else ''} ago"
    return "read just now"


def oldest(sources: list[dict[str, Any]]) -> str:
    """How long ago the source was read that has not been read for longest."""
    age = str(min(sources, key=lambda source: source["read_at"] or "")["age"])
    return f"the oldest {age}"
