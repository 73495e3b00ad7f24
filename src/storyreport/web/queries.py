"""The reports as Datasette's queries, on either of its lines; the configuration says who may see each."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from .. import reports
from . import DATABASE

# Datasette 0.65 builds all queries again for each of them that it says who may see.
_BUILT: ContextVar[dict[str, dict[str, Any]] | None] = ContextVar("_BUILT", default=None)


@contextlib.contextmanager
def built_once(datasette: Any) -> Iterator[None]:
    """While many queries are only looked at, they are built once."""
    token = _BUILT.set(canned(datasette, DATABASE))
    try:
        yield
    finally:
        _BUILT.reset(token)


def canned(datasette: Any, database: str) -> dict[str, dict[str, Any]]:
    """The reports, for Datasette 0.65, which changes what it is given: a fresh dict every time."""
    if database != DATABASE:
        return {}
    if (built := _BUILT.get()) is not None:
        return built
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
