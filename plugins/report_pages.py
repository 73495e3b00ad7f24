"""Gives the templates their view models; serves the home page, dashboards, and pages of one story, run and the like."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import catalogue, dashboards, details, feed, home, pages


@hookimpl
def extra_css_urls() -> list[str]:
    """The style of every page."""
    return ["/static/storyreport.css", "/static/pages.css"]


@hookimpl
def extra_template_vars(datasette: Any, request: Any, template: str, database: str | None) -> Any:
    """The view model of the page."""
    return lambda: pages.view_models(datasette, request, template, database)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """Home, the feed, the catalogue, the dashboards, `/-/story/<key>` and the like: two sources may share a key."""
    return [
        (r"/$", home.page),
        *feed.routes(),
        (r"/-/reports$", catalogue.page),
        (r"/-/pages$", dashboards.index),
        (r"/-/page/(?P<page>[^/]+)$", dashboards.page),
        (rf"/-/(?P<kind>{'|'.join(details.SECTIONS)})/(?P<key>[^/]+)$", details.page),
    ]
