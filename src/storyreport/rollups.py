"""Keep the rollups equal to the rows they sum up, at the cost of the days that changed.

Once `watch` was called, every insert, update and delete of a counted table notes the day it touched; `refresh` then
computes these days anew from the base rows. rollups.sql says what a rollup holds and knows nothing of this.
"""

import sqlite3
from dataclasses import dataclass
from importlib import resources

from .sections import sections


@dataclass(frozen=True)
class Counted:
    """A table that rollups are made of: what a group of its rows is called, and how to find the group's rows."""

    table: str
    group: tuple[str, ...]  # columns of the table that touch a group of rows
    rows: str  # SELECT of the rows of the touched groups, from temp.touched_<table>
    clear: str  # WHERE clause of the rollup rows of the touched groups


COUNTED = (
    Counted(
        table="step_runs",
        group=("step_id", "day"),
        rows="""
            select step_runs.source_id, steps.family, step_runs.day, step_runs.status, step_runs.duration_ms
            from (
                select distinct siblings.id as step_id, touched_step_runs.day
                from temp.touched_step_runs
                join main.steps on steps.id = touched_step_runs.step_id
                join main.steps as siblings
                    on siblings.source_id = steps.source_id and siblings.family = steps.family
            ) as touched
            cross join main.step_runs on step_runs.step_id = touched.step_id and step_runs.day = touched.day
            join main.steps on steps.id = step_runs.step_id""",
        clear="""
            (source_id, family, day) in (
                select steps.source_id, steps.family, touched_step_runs.day
                from temp.touched_step_runs
                join main.steps on steps.id = touched_step_runs.step_id
            )""",
    ),
    Counted(
        table="calls",
        group=("source_id", "day"),
        rows="""
            select calls.*
            from temp.touched_calls
            cross join main.calls on calls.source_id = touched_calls.source_id and calls.day = touched_calls.day""",
        clear="(source_id, day) in (select source_id, day from temp.touched_calls)",
    ),
)


def watch(connection: sqlite3.Connection) -> None:
    """From now on until the connection closes, note which groups of the counted tables are touched."""
    for counted in COUNTED:
        columns = ", ".join(counted.group)
        connection.execute(
            f"create temp table touched_{counted.table} ({columns}, primary key ({columns})) without rowid"
        )
        for event, rows in (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",))):
            # Not `insert or ignore`: within a trigger the outer statement's conflict clause is what counts.
            noted = "; ".join(
                f"insert into touched_{counted.table} select {', '.join(f'{row}.{column}' for column in counted.group)}"
                f" where ({', '.join(f'{row}.{column}' for column in counted.group)})"
                f" not in (select {columns} from touched_{counted.table})"
                for row in rows
            )
            connection.execute(
                f"create temp trigger watch_{counted.table}_{event} after {event} on main.{counted.table}"
                f" begin {noted}; end"
            )


def refresh(connection: sqlite3.Connection) -> None:
    """Compute the touched groups of every rollup anew; must be called while they are watched."""
    selects = list(sections((resources.files(__package__) / "rollups.sql").read_text(encoding="utf-8")))
    for counted in COUNTED:
        connection.execute(f"create temp view counted_{counted.table} as {counted.rows}")
        for section in selects:
            if section.name == counted.table:
                connection.execute(f"delete from main.{section.what} where {counted.clear}")
                connection.execute(f"insert into main.{section.what} {section.sql}")
        connection.execute(f"drop view temp.counted_{counted.table}")
        connection.execute(f"delete from temp.touched_{counted.table}")
