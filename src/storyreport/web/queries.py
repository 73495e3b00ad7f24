"""The reports as Datasette's queries, on either of its lines; the configuration says who may see each."""

import re
from typing import Any

from datasette.utils import tilde_decode, tilde_encode

from .. import reports
from . import DATABASE


def canned(datasette: Any, database: str) -> dict[str, dict[str, Any]]:
    """The reports, for Datasette 0.65, which changes what it is given: a fresh dict every time."""
    if database != DATABASE:
        return {}
    # This takes the place of the configured queries: keep who may see a report. 1.0 does so by itself.
    configured = datasette.metadata("queries", database=DATABASE, fallback=False) or {}
    return {
        report.name: {
            "title": report.title,
            "description": report.description,
            "sql": report.sql,
            "params": [param.name for param in report.params],
            **allowed(configured.get(report.name)),
        }
        for report in reports.load_reports().values()
    }


def allowed(configured: Any) -> dict[str, Any]:
    """Who may see a query, by its block in the configuration."""
    return {"allow": configured["allow"]} if isinstance(configured, dict) and "allow" in configured else {}


def complete_configuration(datasette: Any) -> None:
    """Add the SQL to configured queries before `startup`: Datasette 1.0 refuses a query without."""
    databases = (getattr(datasette, "config", None) or {}).get("databases") or {}
    for name, query in ((databases.get(DATABASE) or {}).get("queries") or {}).items():
        if name in reports.load_reports() and isinstance(query, dict):
            query.setdefault("sql", reports.load_reports()[name].sql)


def add_queries(datasette: Any) -> Any:
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


class ReportsFirst:
    """Datasette 1.0 shows the table where a table and a query share a name: seen through this it finds no table."""

    def __init__(self, datasette: Any) -> None:
        self.datasette = datasette

    def __getattr__(self, name: str) -> Any:
        return getattr(self.datasette, name)

    async def resolve_table(self, request: Any) -> Any:
        """Say that there is no such table, upon which the query of that name is looked up."""
        from datasette.utils.asgi import TableNotFound  # there is none before Datasette 1.0

        raise TableNotFound(DATABASE, tilde_decode(request.url_vars["table"]))


def routes(datasette: Any) -> list[tuple[str, Any]]:
    """The reports' pages on Datasette 1.0, which are looked up before tables; 0.65 does so by itself."""
    if not hasattr(datasette, "add_query"):
        return []
    from datasette.views.table import table_view

    async def page(datasette: Any, request: Any) -> Any:
        return await table_view(ReportsFirst(datasette), request)

    names = "|".join(re.escape(tilde_encode(name)) for name in reports.load_reports())
    return [(rf"/(?P<database>{DATABASE})/(?P<table>{names})$", page)]
