"""Fixture pairs: a source's file `<system>--<case>.<ext>` and the rows that it must become, `<system>--<case>.json`.

The expected rows are worked out by hand, by core table in the order of their keys. Only the columns named there are
compared. `pipeline`, `run`, `story`, `step` and `family` are the names of a row's references, `recorded_cost` is the
cost of a call in its source.
"""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, ask, asking

REFERENCES = {
    "story": ("story_id", "story_key", "stories"),
    "run": ("run_id", "run_key", "runs"),
    "parent": ("parent_id", "parent_key", "runs"),
    "node": ("node_id", "node_key", "story_nodes"),
    "target": ("target_id", "target_key", "story_nodes"),
}
CORE_TABLES = (
    *("stories", "runs", "step_runs", "events", "artifacts", "calls", "story_nodes", "story_options", "log_events"),
)


def source_of(expected: Path) -> Path:
    """The source file of a pair."""
    (found,) = (path for path in expected.parent.glob(f"{expected.stem}.*") if path != expected)
    return found


def is_by_table(expected: Path) -> bool:
    """Whether a pair's rows stand by core table; others are compared by a test of their own."""
    return isinstance(json.loads(expected.read_text(encoding="utf-8")), dict)


def rows_of(db: ReportDatabase) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the core tables, and those that could not be loaded."""
    with asking(db.path):
        return {table: db.sql(f"select * from {table} order by id") for table in (*CORE_TABLES, "rejects")}


def core_rows(database: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a core table that its source has, in the order of their keys, with the names of their references."""
    columns = [name for (name,) in ask(database, f"select name from pragma_table_xinfo('{table}')")]
    selected, joins = [f"{table}.{column}" for column in columns], []
    for name, (reference, key, parent) in REFERENCES.items():
        if reference in columns:
            selected.append(f"coalesce({name}.source_key, {table}.{key})")
            joins.append(f"left join {parent} as {name} on {name}.id = {table}.{reference}")
            columns.append(name)
    if "step_id" in columns:
        selected += ["step.name", "step.family"]
        joins.append(f"left join steps as step on step.id = {table}.step_id")
        columns += ["step", "family"]
    if "pipeline_id" in columns:
        selected.append("pipeline.name")
        joins.append(f"left join pipelines as pipeline on pipeline.id = {table}.pipeline_id")
        columns.append("pipeline")
    if table == "calls":
        selected.append("calls.cost")
        columns.append("recorded_cost")
    query = f"""
        select {", ".join(selected)}
        from {table} {" ".join(joins)}
        where {table}.gone_at is null
        order by {table}.source_key"""
    return [dict(zip(columns, row, strict=True)) for row in ask(database, query)]


def check(database: Path, expected: Path) -> None:
    """Compare the core tables with a pair's rows; a table that is not named there must be empty."""
    tables: dict[str, list[dict[str, Any]]] = json.loads(expected.read_text(encoding="utf-8"))
    with asking(database):
        rows = {table: core_rows(database, table) for table in CORE_TABLES}
    for table, found in rows.items():
        wanted = tables.get(table, [])
        assert [row["source_key"] for row in found] == [row["source_key"] for row in wanted], table
        for row, want in zip(found, wanted, strict=True):
            assert want.keys() <= row.keys(), f"{table} has no {', '.join(want.keys() - row.keys())}: {', '.join(row)}"
            assert {name: _plain(row[name]) for name in want} == want, f"{table}: {row['source_key']}"


def _plain(value: Any) -> Any:
    """A value without the last digits of a sum of binary fractions."""
    return round(value, 12) if isinstance(value, float) else value
