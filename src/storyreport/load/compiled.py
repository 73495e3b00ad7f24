"""The sections of a mapping, compiled against the core tables before any row is read: the columns that each gives.

The views that a section reads are empty here, so that an error is the mapping's and never the source's.
"""

import sqlite3

from ..mapping import Section, check, sections
from ..system import System
from ..typed import create_empty_views, drop_views
from .references import links

# Columns that the loader gives itself.
OWN_COLUMNS = {"id", "source_id", "input_id", "gone_at", "pruned_at", "error_id"}
# Columns that are given by the name of what they lead to.
NAMED = {"step_id": "step_name", "pipeline_id": "pipeline_name"}
# The columns of an action that loads nothing.
COLUMNS = {"delete": {"id"}, "gone": {"id"}, "missing": {"id", "is_missing"}}


def compile_mapping(connection: sqlite3.Connection, system: System) -> dict[Section, list[str]]:
    """The columns that each section of a system's mapping gives; MappingError for one that does not fit.

    Leaves no views behind.
    """
    check(system)
    columns: dict[Section, list[str]] = {}
    for name, part in system.parts.items():
        create_empty_views(connection, part)
        for section in sections(system):
            if section.part == name:
                columns[section] = _columns(connection, section)
        drop_views(connection, part.tables)
    return columns


def _columns(connection: sqlite3.Connection, section: Section) -> list[str]:
    ids = {"source_id": None, "input_id": None, "now": None}
    try:
        # On a line of its own, for the last one may end with a comment.
        description = connection.execute(f"select * from ({section.sql}\n) limit 0", ids).description
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise section.error(error) from error
    # SQLite numbers a name that is given twice.
    columns = [column[0].partition(":")[0] for column in description]
    if duplicate := next((column for column in columns if columns.count(column) > 1), None):
        raise section.error(f"gives the column {duplicate!r} twice")
    known, required = (
        _core_columns(connection, section.table)
        if section.verb == "load"
        else (COLUMNS[section.verb], COLUMNS[section.verb])
    )
    if lacking := sorted(required - set(columns)):
        raise section.error(f"gives no column {lacking[0]!r}")
    if unknown := sorted(set(columns) - known):
        raise section.error(f"{section.table} has no column {unknown[0]!r}, only {', '.join(sorted(known))}")
    return columns


def _core_columns(connection: sqlite3.Connection, table: str) -> tuple[set[str], set[str]]:
    """The columns of a core table that a section may give, and those that it must."""
    rows = connection.execute(f"""
        select name, "notnull" and dflt_value is null
        from pragma_table_xinfo('{table}')
        where hidden = 0""").fetchall()
    # References are given by the key of the row, a step and a pipeline by their names.
    given = {link.name + "_id": link.name + "_key" for link in links(connection, table)} | NAMED
    columns = {given.get(name, name): bool(required) for name, required in rows if name not in OWN_COLUMNS}
    if "step_name" in columns:
        # The pipeline of the step, where the table has none of its own.
        columns.setdefault("pipeline_name", False)
    return set(columns), {name for name, required in columns.items() if required}
