"""Gives Datasette the reports as queries, each with its page."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import prose, queries


@hookimpl
def canned_queries(datasette: Any, database: str) -> dict[str, dict[str, Any]]:
    """The reports, for Datasette 0.65."""
    return queries.canned(datasette, database)


@hookimpl
def prepare_jinja2_environment(datasette: Any, env: Any) -> None:
    """How templates show our sentences; and the last moment before Datasette 1.0 reads configured queries."""
    env.filters["prose"] = prose.markup
    queries.complete_configuration(datasette)


@hookimpl
def startup(datasette: Any) -> Any:
    """The reports, for Datasette 1.0."""
    return queries.add_queries(datasette)
