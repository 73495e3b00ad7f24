"""Gives the templates their view models, and serves the home page and those of one story, run, step and the like."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import details, feed, home, pages


@hookimpl
def extra_css_urls() -> list[str]:
    """The style of every page."""
    return ["/static/storyreport.css"]


@hookimpl
def extra_template_vars(datasette: Any, request: Any, template: str, database: str | None) -> Any:
    """The view model of the page."""
    return lambda: pages.view_models(datasette, request, template, database)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """`/`, `/-/feed`, and `/-/story/<key>?source=<source>` and the like: two sources may know the same key."""
    return [
        (r"/$", home.page),
        *feed.routes(),
        (rf"/-/(?P<kind>{'|'.join(details.SECTIONS)})/(?P<key>[^/]+)$", details.page),
    ]
