"""Denies what nobody may do, screens requests."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import access, screen


@hookimpl
def permission_allowed(datasette: Any, actor: Any, action: str, resource: Any) -> bool | None:
    """What is denied, for Datasette 0.65."""
    return access.allowed(datasette, actor, action, resource)


@hookimpl
def permission_resources_sql(datasette: Any, actor: Any, action: str) -> Any:
    """What is denied, for Datasette 1.0."""
    return access.rules(datasette, actor, action)


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Requests before anything else reads them."""
    return screen.screen(datasette)
