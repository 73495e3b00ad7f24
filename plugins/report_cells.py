"""Shows a report's cells with units, colours and links."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import cells, context


@hookimpl
def actor_from_request(request: Any) -> None:
    """Remember the request while it is answered; it names no actor."""
    context.REQUEST.set(request)


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Any:
    """A cell of a report's page."""
    return cells.render(row, value, column, table, database, datasette)
