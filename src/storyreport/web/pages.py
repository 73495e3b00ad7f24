"""The view model of each of Datasette's pages, computed before its template renders."""

from typing import Any

from datasette.utils import tilde_decode

from .. import reports
from . import DATABASE, freshness, home, report_page
from .visitor import Visitor

# Pages of the report database that name their sources, by the first word of their template.
ABOUT_SOURCES = ("database", "table", "row", "query")


async def view_models(datasette: Any, request: Any, template: str, database: str | None) -> dict[str, Any]:
    """The variables of a page's template: `home`, `report_page`, `freshness`, each where it belongs."""
    if request is None:
        return {}
    kind = template.removesuffix(".html").partition("-")[0]
    visitor = Visitor(datasette, request)
    if kind == "index":
        query = (request.args.get("q") or "").strip()
        return {"home": await home.view(visitor, query), "freshness": await freshness.of(visitor, is_home=True)}
    if database != DATABASE or kind not in ABOUT_SOURCES:
        return {}
    if kind == "query" and (report := await _shown(visitor)):
        view = await report_page.view(visitor, report)
        return {"report_page": view, "freshness": view.freshness}
    return {"freshness": await freshness.of(visitor)}


async def _shown(visitor: Visitor) -> reports.Report | None:
    """The report that a query's page shows; None for other SQL."""
    names = visitor.request.url_vars
    report = reports.load_reports().get(tilde_decode(names.get("table") or names.get("query") or ""))
    return report if report and await visitor.may_see([report.name]) else None
