"""Denies what nobody may do, screens requests, lets people log in."""

# mypy: disallow-untyped-decorators=False

from typing import Any

from datasette import hookimpl

from storyreport.web import access, door, screen


@hookimpl
def permission_allowed(datasette: Any, actor: Any, action: str, resource: Any) -> bool | None:
    """What is denied, for Datasette 0.65."""
    return access.allowed(datasette, actor, action, resource)


@hookimpl
def permission_resources_sql(datasette: Any, actor: Any, action: str) -> Any:
    """What is denied, for Datasette 1.0."""
    return access.rules(datasette, actor, action)


@hookimpl
def actor_from_request(datasette: Any, request: Any) -> dict[str, Any] | None:
    """Who sends a token."""
    return door.actor_of_token(datasette, request)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    """The login page."""
    return [(r"/-/login$", door.login)]


@hookimpl
def asgi_wrapper(datasette: Any) -> Any:
    """Requests before anything else reads them."""
    return screen.screen(datasette)
