"""The view model of each of Datasette's pages, computed before its template renders."""

from typing import Any

from datasette.utils import tilde_decode

from .. import reports
from . import DATABASE, bar, catalogue, context, dashboards, feed, freshness, home, report_page
from .visitor import Visitor

# Pages of the report database that name their sources, by the first word of their template.
ABOUT_SOURCES = ("database", "table", "row", "query")


async def view_models(datasette: Any, request: Any, template: str, database: str | None) -> dict[str, Any]:
    """The variables of a page's template, each where it belongs."""
    if request is None:
        return {}
    kind = template.removesuffix(".html").partition("-")[0]
    visitor = Visitor(datasette, request)
    models = await _models(visitor, kind, database)
    if request.args.get("_embed"):
        return models
    return {**models, "bar": await bar.view(visitor, _here(visitor, kind, models.get("report_page")))}


def _here(visitor: Visitor, kind: str, page: report_page.ReportPage | None) -> bar.Here:
    """What the bar has to know of the page."""
    datasette, request = visitor.datasette, visitor.request
    if page:
        return bar.of_report(datasette, page.report, page.selected)
    chosen = context.of(request)
    if kind == "index":
        return bar.Here(str(datasette.urls.instance()), context.OWN["/"], chosen)
    if kind == "detail" and request.url_vars.get("kind") == "step":
        takes = context.OWN["/-/step/"]
        own = {name: value for name, value in chosen.items() if name in takes}
        return bar.Here(request.path, takes, {**own, "source": request.args.get("source") or ""})
    if kind == "dashboard":
        return bar.Here(request.path, dashboards.takes(tilde_decode(request.url_vars["page"])), chosen)
    return bar.Here("")


async def _models(visitor: Visitor, kind: str, database: str | None) -> dict[str, Any]:
    if kind == "index":
        return {
            "home": await home.view(visitor),
            "feed": feed.address(visitor.datasette, visitor.request),
            "freshness": await freshness.of(visitor, context.of(visitor.request).get("source", ""), is_home=True),
        }
    if kind == "reports":
        return {"catalogue": await catalogue.view(visitor)}
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
