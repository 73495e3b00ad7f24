"""Gives Datasette the reports as canned queries."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport import reports

DATABASE = "storyreport"


@hookimpl
def canned_queries(database: str) -> dict[str, dict[str, Any]]:
    """The reports, for Datasette 0.65, which changes what it is given: a fresh dict every time."""
    if database != DATABASE:
        return {}
    return {
        report.name: {
            "title": report.title,
            "description": report.description,
            "sql": report.sql,
            "params": [param.name for param in report.params],
        }
        for report in reports.load_reports().values()
    }


@hookimpl
def startup(datasette: Any) -> Any:
    """The reports, for Datasette 1.0, which stores its queries once."""
    if not hasattr(datasette, "add_query"):
        return None

    async def add() -> None:
        for report in reports.load_reports().values():
            await datasette.add_query(
                DATABASE,
                report.name,
                report.sql,
                title=report.title,
                description=report.description,
                parameters=[param.name for param in report.params],
                is_trusted=True,
            )

    return add
