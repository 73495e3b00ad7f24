"""Permissions that hold beside the configuration: nobody writes, and what is private stays so."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import DATABASE, mode
from .mode import Mode

# Datasette 1.0's ways to change a database; a report database is changed by `storyreport` alone.
WRITES = (
    "execute-write-sql",
    "create-table",
    "create-view",
    "insert-row",
    "update-row",
    "delete-row",
    "alter-table",
    "set-column-type",
    "drop-table",
    "drop-view",
    "store-query",
    "update-query",
    "delete-query",
)
# What shows where the sources lie, rows as their source wrote them, or what people noted.
PRIVATE_TABLES = (
    *("inputs", "lakes", "rejects", "source_states", "secrets", "unchanged_requests", "row_blocks"),
    *("notes", "acknowledgements", "acknowledged_findings"),
)
PRIVATE_REPORTS = ("rejected_rows", "notes", "known_findings")
# What SQLite's search has for itself: the texts of `errors`, which may be closed. `errors?_search=` reads them for it.
SEARCH = "errors_fts"
SEARCH_TABLES = tuple(f"{SEARCH}{part}" for part in ("", "_config", "_data", "_docsize", "_idx"))


@dataclass(frozen=True)
class Denial:
    """An action that is denied: in all databases, in one, or for one of its tables or reports."""

    action: str
    database: str | None = None
    child: str | None = None


def denials(served: Mode, actor: Any) -> Iterator[Denial]:
    """What is denied to an actor (None: anonymous), whatever the configuration says."""
    yield from (Denial(action) for action in WRITES)
    # The file holds the key of the session hashes.
    yield Denial("view-database-download", DATABASE)
    yield from (Denial("view-table", DATABASE, table) for table in SEARCH_TABLES)
    is_anonymous = actor is None and not served.local
    if not served.sql or is_anonymous:
        yield Denial("execute-sql")
    if is_anonymous:
        yield from (Denial("view-table", DATABASE, table) for table in PRIVATE_TABLES)
        yield from (Denial("view-query", DATABASE, report) for report in PRIVATE_REPORTS)


def allowed(datasette: Any, actor: Any, action: str, resource: Any) -> bool | None:
    """False where it is denied, else None: the answer for Datasette 0.65, which names one thing."""
    database, child = resource if isinstance(resource, tuple) else (resource, None)
    denied = _denied(mode.of(datasette), actor is None)
    # Written out: a page asks about every report.
    is_denied = (
        (action, None, None) in denied
        or (action, database, None) in denied
        or (action, database, child) in denied
        or (action, None, child) in denied
    )
    return False if is_denied else None


@lru_cache(maxsize=16)
def _denied(served: Mode, is_anonymous: bool) -> frozenset[tuple[str, str | None, str | None]]:
    """The denials as (action, database, child): a page asks about every report."""
    found = denials(served, None if is_anonymous else {})
    return frozenset((denial.action, denial.database, denial.child) for denial in found)


def rules(datasette: Any, actor: Any, action: str) -> Any:
    """What is denied, as SQL: the answer for Datasette 1.0, where a rule of the same level wins that denies."""
    from datasette.permissions import PermissionSQL  # there is none before Datasette 1.0

    # Datasette 1.0 asks about the search's table for `errors?_search=`, too: its own page is refused by its address.
    found = [
        denial for denial in denials(mode.of(datasette), actor) if denial.action == action and denial.child != SEARCH
    ]
    places = [(name, denial.child) for denial in found for name in _databases(datasette, denial)]
    if not places:
        return None
    # An index keeps the parameters of these rules apart.
    params = {
        f"storyreport_{kind}_{place}": value
        for place, pair in enumerate(places)
        for kind, value in zip(("parent", "child"), pair, strict=True)
    }
    lines = (f"(:storyreport_parent_{place}, :storyreport_child_{place})" for place in range(len(places)))
    sql = f"select column1 as parent, column2 as child, 0 as allow, 'closed' as reason from (values {', '.join(lines)})"
    return PermissionSQL(sql=sql, params=params)


def _databases(datasette: Any, denial: Denial) -> list[str]:
    return [denial.database] if denial.database else list(datasette.databases)
