"""Gives the templates their view models; serves the home page, dashboards, and pages of one story, run and the like."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import assets, catalogue, dashboards, details, feed, home, pages, vega


@hookimpl
def extra_css_urls(datasette: Any) -> list[str]:
    """The style of every page."""
    return [assets.marked(datasette, path) for path in assets.STYLES]


@hookimpl(hookwrapper=True)
def extra_js_urls(request: Any) -> Any:
    """The scripts of other plugins, without those that only pages that are explored need."""
    found = yield
    found.force_result(assets.needed(found.get_result(), request))


@hookimpl
def extra_template_vars(datasette: Any, request: Any, template: str, database: str | None) -> Any:
    """The view model of the page."""
    return lambda: pages.view_models(datasette, request, template, database)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """`/`, `/-/reports`, `/-/feed`, the dashboards, `/-/story/<key>?source=<source>`; two sources may share a key."""
    return [
        (r"/$", home.page),
        (r"/-/reports$", catalogue.page),
        *feed.routes(),
        *vega.routes(),
        (r"/-/pages$", dashboards.index),
        (r"/-/page/(?P<page>[^/]+)$", dashboards.page),
        (rf"/-/(?P<kind>{'|'.join(details.SECTIONS)})/(?P<key>[^/]+)$", details.page),
    ]
