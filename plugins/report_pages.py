"""Gives the templates what pages show: the catalogue, the sources and how fresh they are, lists to choose from."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime, timezone
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl

from storyreport import reports

DATABASE = "storyreport"
SOURCES = """
    select
        name,
        system,
        last_ingest_at as read_at
    from source_states
    order by id
"""
STEPS = "select distinct family from steps order by family"


@hookimpl
def extra_css_urls() -> list[str]:
    """The look of every page."""
    return ["/static/storyreport.css"]


@hookimpl
def extra_template_vars(datasette: Any) -> dict[str, Any]:
    """Functions that the templates call as they need them."""

    async def rows(sql: str) -> list[Any]:
        if DATABASE not in datasette.databases:
            return []
        return list((await datasette.get_database(DATABASE).execute(sql)).rows)

    async def sources() -> list[dict[str, Any]]:
        return [{**dict(row), "age": age(row["read_at"])} for row in await rows(SOURCES)]

    async def steps() -> list[str]:
        return [row["family"] for row in await rows(STEPS)]

    return {
        "report_topics": topics,
        "report_named": named,
        "report_sources": sources,
        "report_steps": steps,
        "report_link": lambda report, values: f"{datasette.urls.query(DATABASE, report.name)}?{urlencode(values)}",
        "report_number_columns": number_columns,
        "report_heading": heading,
        "report_row_limit": datasette.setting("max_returned_rows"),
    }


def topics() -> list[tuple[str, list[reports.Report]]]:
    """The catalogue by topic."""
    known = reports.load_reports().values()
    return [(topic, list(members)) for topic, members in groupby(known, key=lambda report: report.topic)]


def named(database: str, name: str | None) -> reports.Report | None:
    """The report that a query's page shows, None for other SQL."""
    return reports.load_reports().get(name) if name and database == DATABASE else None


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


def number_columns(display_rows: list[list[Any]]) -> set[int]:
    """The positions of the columns that hold numbers, which stand to the right."""
    return {
        position
        for row in display_rows
        for position, cell in enumerate(row)
        if hasattr(cell, "__html__") and str(cell).startswith('<span class="num"')
    }


def heading(column: str) -> str:
    """A column's name for people; its unit stands in its cells."""
    for suffix in ("_ms", "_pct", "_bytes", "_minutes"):
        column = column.removesuffix(suffix)
    return column.replace("_", " ")
