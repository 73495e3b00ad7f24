"""Gives the templates their view models, and serves the home page and those of one story, run, step and the like."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import assets, details, home, pages


@hookimpl
def extra_css_urls(datasette: Any) -> list[str]:
    """The style of every page."""
    return [assets.marked(datasette, path) for path in ("static/storyreport.css", "static/report.css")]


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
    """`/`, and `/-/story/<key>?source=<source>` and the like; the source matters where two know the same key."""
    return [
        (r"/$", home.page),
        (rf"/-/(?P<kind>{'|'.join(details.SECTIONS)})/(?P<key>[^/]+)$", details.page),
    ]
