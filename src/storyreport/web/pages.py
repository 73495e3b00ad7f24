"""The view model of each of Datasette's pages, computed before its template renders."""

from typing import Any

from datasette.utils import tilde_decode

from .. import reports
from . import (
    DATABASE,
    addresses,
    assets,
    bar,
    catalogue,
    context,
    dashboards,
    feed,
    freshness,
    home,
    links,
    listing,
    own_pages,
    report_page,
)
from .visitor import Visitor

# Pages of the report database that name their sources, by the first word of their template.
ABOUT_SOURCES = ("database", "table", "row", "query")


async def view_models(datasette: Any, request: Any, template: str, database: str | None) -> dict[str, Any]:
    """The variables of a page's template, each where it belongs, and `asset` everywhere."""
    if request is None:
        return {"asset": lambda path: assets.address(datasette, path)}
    kind = template.removesuffix(".html").partition("-")[0]
    visitor = Visitor(datasette, request)
    models = {**await _models(visitor, kind, database), "asset": lambda path: assets.address(datasette, path)}
    if request.args.get("_embed"):
        return models
    return {**models, "bar": await bar.view(visitor, _here(visitor, kind))}


def _here(visitor: Visitor, kind: str) -> bar.Here:
    """What the bar has to know of the page."""
    datasette, request = visitor.datasette, visitor.request
    if kind == "report":
        report = reports.find(tilde_decode(request.url_vars["report"]))
        values = reports.bind(report, addresses.given(request))
        own = listing.kept(request.args, *report_page.KEPT)
        return bar.of_report(datasette, report, links.selected(report, values) | own)
    chosen, own_path = context.of(request), datasette.urls.path(request.path)
    if kind in ("index", "dashboard"):
        chosen |= listing.kept(request.args, listing.REFRESH)
    if kind == "index":
        return bar.Here(str(datasette.urls.instance()), context.OWN["/"], chosen)
    if kind == "detail" and request.url_vars.get("kind") == "step":
        takes = context.OWN["/-/step/"]
        own = {name: value for name, value in chosen.items() if name in takes}
        return bar.Here(own_path, takes, {**own, "source": request.args.get("source") or ""})
    if kind == "dashboard":
        return bar.Here(own_path, dashboards.takes(tilde_decode(request.url_vars["page"])), chosen)
    return bar.Here("")


async def _models(visitor: Visitor, kind: str, database: str | None) -> dict[str, Any]:
    if kind == "index":
        return {"home": await home.body(visitor), "feed": feed.address(visitor.datasette, visitor.request)}
    if kind == "reports":
        return {"catalogue": await catalogue.view(visitor)}
    if database != DATABASE or kind not in ABOUT_SOURCES:
        return {}
    fresh = {"freshness": await freshness.of(visitor), "explore_address": _exploring(visitor, kind)}
    if kind == "row":
        return {**fresh, "own_pages": await own_pages.of_row(visitor, visitor.request)}
    return {**fresh, "data_page": await own_pages.of_data(visitor)} if kind == "database" else fresh


def _exploring(visitor: Visitor, kind: str) -> str:
    """The address of a table's rows, or those of ad-hoc SQL, with datasette-vega; '' where there is nothing to draw."""
    request, args = visitor.request, visitor.request.args
    if args.get("_explore") or (kind != "table" and not (kind == "query" and args.get("sql"))):
        return ""
    query = "&".join(filter(None, (request.query_string, "_explore=1")))
    return f"{visitor.datasette.urls.path(request.path)}?{query}"
