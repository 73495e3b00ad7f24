"""A plugin that denies people some of the reports, or all of the database, on either line of Datasette."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from datasette import hookimpl
from datasette.plugins import pm

DATABASE = "storyreport"


class Denying:
    """Denies these reports; everything in the database where none is named."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    @hookimpl  # type: ignore[untyped-decorator]
    def permission_allowed(self, action: str, resource: Any) -> bool | None:
        """Datasette 0.65 asks about one thing at a time."""
        if self.names:
            return False if action == "view-query" and resource[1] in self.names else None
        return False if action in ("view-database", "view-query", "view-table") else None

    @hookimpl  # type: ignore[untyped-decorator]
    def permission_resources_sql(self, action: str) -> Any:
        """Datasette 1.0 asks for rules about all of them."""
        from datasette.permissions import PermissionSQL

        if not self.names and action in ("view-database", "view-query", "view-table"):
            return PermissionSQL(sql=f"select '{DATABASE}' as parent, null as child, 0 as allow, 'refused' as reason")
        if self.names and action == "view-query":
            rules = [
                f"select '{DATABASE}' as parent, '{name}' as child, 0 as allow, 'no' as reason" for name in self.names
            ]
            return PermissionSQL(sql=" union all ".join(rules))
        return None


@contextmanager
def denied(*names: str) -> Iterator[None]:
    """Within it nobody may see these reports, or anything where none is named."""
    plugin = Denying(names)
    pm.register(plugin)
    try:
        yield
    finally:
        pm.unregister(plugin)
