"""Who may see which reports: Datasette's answer, on either of its lines."""

from collections.abc import Collection
from typing import Any

from datasette import Forbidden

from . import DATABASE, queries


async def visible(datasette: Any, actor: Any, names: Collection[str]) -> set[str]:
    """Those of the reports whose pages Datasette shows to the actor."""
    if DATABASE not in datasette.databases:
        return set()
    if hasattr(datasette, "allowed_resources"):
        # Datasette 1.0 answers for all queries at once.
        if not await _may_see_database(datasette, actor):
            return set()
        page = await datasette.allowed_resources("view-query", actor, parent=DATABASE, limit=1000)
        return {resource.child async for resource in page.all()} & set(names)
    with queries.built_once(datasette):
        return await _visible_one_by_one(datasette, actor, names)


async def _visible_one_by_one(datasette: Any, actor: Any, names: Collection[str]) -> set[str]:
    """The same on Datasette 0.65, as its `ensure_permissions` has it; what holds for all reports is found out once."""
    found, of_all = set(), None
    for name in names:
        is_allowed = await datasette.permission_allowed(actor, "view-query", (DATABASE, name), default=None)
        if is_allowed is None:
            of_all = await _may_see_database(datasette, actor) if of_all is None else of_all
            is_allowed = of_all
        if is_allowed:
            found.add(name)
    return found


async def is_visible(datasette: Any, actor: Any, name: str) -> bool:
    """Whether Datasette shows a report's page to the actor."""
    try:
        await ensure_report(datasette, actor, name)
    except Forbidden:
        return False
    return True


async def ensure_report(datasette: Any, actor: Any, name: str) -> None:
    """Raise Forbidden where the actor may not see the report, its database or the whole instance."""
    try:
        if hasattr(datasette, "ensure_permission"):
            from datasette.resources import QueryResource  # there is no such module before Datasette 1.0

            await ensure_database(datasette, actor)
            await datasette.ensure_permission(action="view-query", resource=QueryResource(DATABASE, name), actor=actor)
        else:
            checks = [("view-query", (DATABASE, name)), ("view-database", DATABASE), "view-instance"]
            await datasette.ensure_permissions(actor, checks)
    except Forbidden:
        raise Forbidden("You may not see this report.") from None


async def ensure_instance(datasette: Any, actor: Any) -> None:
    """Raise Forbidden where the actor may not see anything."""
    if hasattr(datasette, "ensure_permission"):
        await datasette.ensure_permission(action="view-instance", actor=actor)
    else:
        await datasette.ensure_permissions(actor, ["view-instance"])


async def is_private(datasette: Any) -> bool:
    """Whether those who are not logged in may not see anything."""
    try:
        await ensure_instance(datasette, None)
    except Forbidden:
        return True
    return False


async def databases(datasette: Any, actor: Any) -> list[str]:
    """The names of the databases that the actor may see."""
    return [name for name in datasette.databases if await _may_see_database(datasette, actor, name)]


async def ensure_database(datasette: Any, actor: Any, name: str = DATABASE) -> None:
    """Raise Forbidden where the actor may not see the report database or the whole instance."""
    try:
        if hasattr(datasette, "ensure_permission"):
            from datasette.resources import DatabaseResource  # there is no such module before Datasette 1.0

            await datasette.ensure_permission(action="view-instance", actor=actor)
            await datasette.ensure_permission(action="view-database", resource=DatabaseResource(name), actor=actor)
        else:
            await datasette.ensure_permissions(actor, [("view-database", name), "view-instance"])
    except Forbidden:
        raise Forbidden("You may not see this database.") from None


async def _may_see_database(datasette: Any, actor: Any, name: str = DATABASE) -> bool:
    try:
        await ensure_database(datasette, actor, name)
    except Forbidden:
        return False
    return True
