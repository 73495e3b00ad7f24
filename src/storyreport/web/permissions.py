"""Who may see which reports: Datasette's answer, on either of its lines."""

from collections.abc import Awaitable, Collection
from functools import partial
from typing import Any

from datasette import Forbidden
from datasette.plugins import pm
from datasette.utils import actor_matches_allow

from .. import bundle
from . import DATABASE, access, queries

# What decides who sees a report on Datasette 0.65, beside itself, and what names the reports.
OUR_PLUGINS = ("access.py", "report_queries.py")


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
    return await _visible_one_by_one(datasette, actor, names)


async def _visible_one_by_one(datasette: Any, actor: Any, names: Collection[str]) -> set[str]:
    """The same on Datasette 0.65, as its `ensure_permissions` has it; what holds for all reports is found out once."""
    if _is_only_ours():
        said = _as_configured(datasette, actor, names)
    else:
        ask = partial(datasette.permission_allowed, actor, "view-query", default=None)
        with queries.built_once(datasette):
            said = {name: await ask((DATABASE, name)) for name in names}
    of_all = None in said.values() and await _may_see_database(datasette, actor)
    return {name for name, is_allowed in said.items() if (of_all if is_allowed is None else is_allowed)}


def _is_only_ours() -> bool:
    """Whether no plugin but ours decides: to ask Datasette about each report takes a quarter of a page's time."""
    from datasette import default_permissions

    plugins = bundle.root() / "plugins"
    known = {default_permissions.__file__, *(str(plugins / name) for name in OUR_PLUGINS)}
    hooks = (pm.hook.permission_allowed, pm.hook.canned_queries)
    return {getattr(each.plugin, "__file__", None) for hook in hooks for each in hook.get_hookimpls()} <= known


def _as_configured(datasette: Any, actor: Any, names: Collection[str]) -> dict[str, bool | None]:
    """What Datasette 0.65 answers where only it and we decide; None where nothing is said of a report."""
    configured = datasette.metadata("queries", database=DATABASE, fallback=False) or {}
    said: dict[str, bool | None] = dict.fromkeys(names)
    for name in names:
        if access.allowed(datasette, actor, "view-query", (DATABASE, name)) is False:
            said[name] = False
        elif (allow := queries.allowed(configured.get(name)).get("allow")) is not None:
            said[name] = bool(actor_matches_allow(actor, allow))
    return said


async def visible_tables(datasette: Any, actor: Any, names: Collection[str]) -> set[str]:
    """Those of the tables that Datasette 0.65 shows to the actor."""
    ask = partial(datasette.permission_allowed, actor, "view-table", default=None)
    said: dict[str, bool | None] = dict.fromkeys(names)
    # Datasette copies all metadata for each question: it is asked where the answer is not known.
    configured = _configured_tables(datasette) if _is_only_ours() else names
    for name in names:
        if access.allowed(datasette, actor, "view-table", (DATABASE, name)) is False:
            said[name] = False
        elif name in configured:
            said[name] = await ask((DATABASE, name))
    of_all = None in said.values() and await _may_see_database(datasette, actor)
    return {name for name, is_allowed in said.items() if (of_all if is_allowed is None else is_allowed)}


def _configured_tables(datasette: Any) -> set[str]:
    """The tables of which the configuration says who may see them."""
    configured = datasette.metadata("tables", database=DATABASE) or {}
    # Datasette takes a table's name in capitals, too, as SQLite does.
    return {name.lower() for name, block in configured.items() if (block or {}).get("allow") is not None}


async def is_visible(datasette: Any, actor: Any, name: str) -> bool:
    """Whether Datasette shows a report's page to the actor."""
    return await _is_allowed(ensure_report(datasette, actor, name))


async def ensure_report(datasette: Any, actor: Any, name: str) -> None:
    """Raise Forbidden where the actor may not see the report, its database or the whole instance."""
    try:
        if hasattr(datasette, "ensure_permission"):
            from datasette.resources import QueryResource  # there is no such module before Datasette 1.0

            await ensure_database(datasette, actor)
            await datasette.ensure_permission(action="view-query", resource=QueryResource(DATABASE, name), actor=actor)
        elif name not in await _visible_one_by_one(datasette, actor, [name]):
            raise Forbidden(name)
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
    return not await _is_allowed(ensure_instance(datasette, None))


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
    return await _is_allowed(ensure_database(datasette, actor, name))


async def _is_allowed(ensured: Awaitable[None]) -> bool:
    """Whether a check ends without Forbidden."""
    try:
        await ensured
    except Forbidden:
        return False
    return True
