"""Keep the rollups equal to the rows they sum up, at the cost of what has changed.

Once `watch` was called, every insert, update and delete of a counted table notes the groups that it touches (a step's
day, a story, …); `refresh` computes these groups anew from the base rows and adds days up to totals. A source that is
new is computed whole, from one pass over its rows. rollups.sql says what a rollup holds.
"""

import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby

from .sections import sections


@dataclass(frozen=True)
class Group:
    """Rows that are added up together."""

    columns: tuple[str, ...]  # what a group is known by
    touched_by: dict[str, str]  # table → SELECT of the groups that {row} belongs to
    all: str  # SELECT of the groups of a source
    clear: str  # which rows of its rollups belong to the touched groups
    widen: str = ""  # INSERT of the groups that depend on touched ones


def _days(table: str, condition: str = "true") -> dict[str, str]:
    return {table: f"select {{row}}.source_id, {{row}}.day where {condition}"}


def _all_days(*tables: str) -> str:
    return " union ".join(f"select source_id, day from main.{table} where source_id = :source_id" for table in tables)


OF_DAYS = "(day, source_id) in (select day, source_id from temp.touched_{group})"
GROUPS = {
    "step_days": Group(
        columns=("step_id", "day"),
        touched_by={"step_runs": "select {row}.step_id, {row}.day"},
        # A new source's rows are read as they lie: see SCANNED.
        all="",
        clear="""(day, source_id, family) in (
            select touched.day, steps.source_id, steps.family
            from temp.touched_step_days as touched
            join main.steps on steps.id = touched.step_id
        )""",
        # Whether a later attempt is a recovery depends on the earlier ones; and a family's steps go together.
        widen="""
            insert or ignore into temp.touched_step_days
            select later.step_id, later.day
            from temp.touched_step_days as touched
            cross join main.step_runs as earlier on earlier.step_id = touched.step_id and earlier.day = touched.day
            cross join main.step_runs as later
                on later.story_id = earlier.story_id and later.step_id = earlier.step_id and later.attempt > 1
            union
            select siblings.id, touched.day
            from temp.touched_step_days as touched
            join main.steps on steps.id = touched.step_id
            join main.steps as siblings on siblings.source_id = steps.source_id and siblings.family = steps.family""",
    ),
    "call_days": Group(
        columns=("source_id", "day"),
        touched_by=_days("calls"),
        all="",
        clear=OF_DAYS.format(group="call_days"),
    ),
    "failed_runs": Group(
        columns=("run_id",),
        touched_by={"runs": "select {row}.id", "calls": "select {row}.run_id where {row}.run_id is not null"},
        all="select id from main.runs where source_id = :source_id and status = 'failed'",
        clear="run_id in (select run_id from temp.touched_failed_runs)",
    ),
    "story_calls": Group(
        columns=("story_id",),
        touched_by={"calls": "select {row}.story_id where {row}.story_id is not null"},
        all="select distinct story_id from main.calls where source_id = :source_id and story_id is not null",
        clear="story_id in (select story_id from temp.touched_story_calls)",
    ),
    "error_days": Group(
        columns=("source_id", "day"),
        touched_by={
            **_days("calls", "{row}.error_id is not null"),
            **_days("runs", "{row}.error_id is not null"),
            # A run's error counts where nothing within the run has one.
            "step_runs": """
                select {row}.source_id, {row}.day
                where {row}.error_id is not null
                union
                select runs.source_id, runs.day
                from runs
                where runs.id = {row}.run_id and runs.error_id is not null""",
        },
        all=" union ".join(
            f"select source_id, day from main.{table} where source_id = :source_id and error_id is not null"
            for table in ("step_runs", "runs", "calls")
        ),
        clear=OF_DAYS.format(group="error_days"),
    ),
    "story_errors": Group(
        columns=("story_id",),
        touched_by=dict.fromkeys(
            ("step_runs", "runs", "calls"),
            "select {row}.story_id where {row}.story_id is not null and {row}.error_id is not null",
        ),
        all=" union ".join(
            f"select story_id from main.{table}"
            " where source_id = :source_id and error_id is not null and story_id is not null"
            for table in ("step_runs", "runs", "calls")
        ),
        clear="story_id in (select story_id from temp.touched_story_errors)",
    ),
    "source_days": Group(
        columns=("source_id", "day"),
        touched_by={
            **_days("runs"),
            "stories": """
                select {row}.source_id, {row}.day
                union
                select {row}.source_id, {row}.end_day
                where {row}.end_day is not null""",
        },
        all=_all_days("runs", "stories")
        + " union select source_id, end_day from main.stories where source_id = :source_id and ended_at is not null",
        clear=OF_DAYS.format(group="source_days"),
    ),
    "log_days": Group(
        columns=("source_id", "day"),
        touched_by=_days("log_events", "{row}.metric is not null"),
        all="select distinct source_id, day from main.log_events where source_id = :source_id and metric is not null",
        clear=OF_DAYS.format(group="log_days"),
    ),
    "warned_runs": Group(
        columns=("source_id", "run"),
        touched_by={
            "log_events": """
                select {row}.source_id, coalesce({row}.run_key, (select source_key from runs where id = {row}.run_id))
                where
                    {row}.level in ('warn', 'warning')
                    and coalesce({row}.run_key, {row}.run_id) is not null"""
        },
        all="""
            select distinct log_events.source_id, coalesce(log_events.run_key, runs.source_key)
            from main.log_events
            left join main.runs on runs.id = log_events.run_id
            where
                log_events.source_id = :source_id
                and log_events.level in ('warn', 'warning')
                and coalesce(log_events.run_key, runs.source_key) is not null""",
        clear="(source_id, run) in (select source_id, run from temp.touched_warned_runs)",
    ),
    "artifact_owners": Group(
        columns=("source_id", "owner"),
        touched_by={"artifacts": "select {row}.source_id, {row}.owner"},
        all="select distinct source_id, owner from main.artifacts where source_id = :source_id",
        clear="(source_id, owner) in (select source_id, owner from temp.touched_artifact_owners)",
    ),
}
# Groups of which nearly every row of a source is counted: the rows of the touched ones, for a new source all of them.
ROWS = {
    "step_days": (
        "counted_step_runs",
        "select step_runs.*, steps.family from main.step_runs join main.steps on steps.id = step_runs.step_id"
        " where step_runs.id > {last_id}",
        """
        select step_runs.*, steps.family
        from temp.touched_step_days as touched
        cross join main.step_runs on step_runs.step_id = touched.step_id and step_runs.day = touched.day
        join main.steps on steps.id = step_runs.step_id""",
    ),
    "call_days": (
        "counted_calls",
        "select * from main.priced_calls where id > {last_id}",
        """
        select priced_calls.*
        from temp.touched_call_days as touched
        cross join main.priced_calls
            on priced_calls.source_id = touched.source_id and priced_calls.day = touched.day""",
    ),
}


@dataclass(frozen=True)
class Totals:
    """A rollup that adds another one up, over its days or its stories.

    Counts that are never null can be kept by what has changed alone; else the totals of what has changed are added up
    anew.
    """

    table: str
    of: str
    by_difference: bool = False


TOTALS = (
    Totals("rollup_steps", "rollup_step_days"),
    Totals("rollup_step_durations", "rollup_step_day_durations", by_difference=True),
    Totals("rollup_calls", "rollup_call_days"),
    Totals("rollup_call_durations", "rollup_call_day_durations", by_difference=True),
    Totals("rollup_step_calls", "rollup_step_call_days"),
    Totals("rollup_failed_calls", "rollup_failed_run_calls"),
    Totals("rollup_errors", "rollup_error_days"),
    Totals("rollup_error_stories", "rollup_story_errors", by_difference=True),
    Totals("rollup_themes", "rollup_theme_days"),
    Totals("rollup_sessions", "rollup_session_days"),
    Totals("rollup_logs", "rollup_log_days"),
    Totals("rollup_artifacts", "rollup_owner_artifacts"),
)
# How a column is added up, all others being sums. Percentiles cannot be: rollups.sql computes them.
ADDED_BY = {
    "max_ms": "max({})",
    "first_seen": "min({})",
    "last_seen": "max({})",
    "p50_ms": "null",
    "p95_ms": "null",
}


def watch(connection: sqlite3.Connection) -> None:
    """From now on until the connection closes, note which groups are touched."""
    _make_touched(connection)
    tables = sorted({table for group in GROUPS.values() for table in group.touched_by})
    for table in tables:
        for event, rows in (("insert", ("new",)), ("update", ("old", "new")), ("delete", ("old",))):
            noted = " ".join(
                # Not `insert or ignore`: within a trigger the outer statement's conflict clause is what counts.
                f"insert into touched_{name} select * from ({group.touched_by[table].format(row=row)})"
                f" where true on conflict do nothing;"
                for name, group in GROUPS.items()
                if table in group.touched_by
                for row in rows
            )
            connection.execute(
                f"create temp trigger watch_{table}_{event} after {event} on main.{table} begin {noted} end"
            )


def refresh(connection: sqlite3.Connection) -> None:
    """Compute the touched groups of every rollup anew; must be called while they are watched."""
    for name, group in GROUPS.items():
        if not connection.execute(f"select exists (select 1 from temp.touched_{name})").fetchone()[0]:
            continue
        if group.widen:
            connection.execute(group.widen)
        _compute(connection, name, ROWS[name][2] if name in ROWS else "", group.clear)
        connection.execute(f"delete from temp.touched_{name}")


def build(connection: sqlite3.Connection, source_id: int, last_ids: dict[str, int]) -> None:
    """Compute all rollups of a source that has none yet and whose rows have ids past the last ones, by table."""
    _make_touched(connection)
    # Neither a view nor a trigger takes parameters, but numbers of ours need none.
    for name, group in GROUPS.items():
        if group.all:
            connection.execute(f"insert into temp.touched_{name} {group.all}", {"source_id": source_id})
        rows = ROWS[name][1].format(last_id=last_ids[name]) if name in ROWS else ""
        _compute(connection, name, rows, f"source_id = {source_id}")


def last_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The last row of each table that `build` reads as it lies."""
    tables = {"step_days": "step_runs", "call_days": "calls"}
    return {
        name: connection.execute(f"select coalesce(max(id), 0) from main.{table}").fetchone()[0]
        for name, table in tables.items()
    }


@cache
def _selects() -> dict[str, list[tuple[str, str]]]:
    """group → (rollup, its SELECT)."""
    found = sections((resources.files(__package__) / "rollups.sql").read_text(encoding="utf-8"))
    return {name: [(one.what, one.sql) for one in group] for name, group in groupby(found, key=lambda one: one.name)}


def _make_touched(connection: sqlite3.Connection) -> None:
    for name, group in GROUPS.items():
        columns = ", ".join(group.columns)
        connection.execute(f"create temp table touched_{name} ({columns}, primary key ({columns})) without rowid")


def _compute(connection: sqlite3.Connection, name: str, rows: str, clear: str) -> None:
    """Compute the rollups of a group anew where `clear` says, and what they add up to."""
    if rows:
        connection.execute(f"create temp view {ROWS[name][0]} as {rows}")
    for rollup, sql in _selects()[name]:
        if rollup == "facts":
            connection.execute(f"create temp table facts as {sql}")
        elif rollup.startswith("percentiles"):
            connection.execute(sql)
        else:
            totals = next((totals for totals in TOTALS if totals.of == rollup), None)
            if totals:
                _take_from(connection, totals, clear)
            connection.execute(f"delete from main.{rollup} where {clear}")
            connection.execute(f"insert into main.{rollup} ({', '.join(_columns(connection, sql))}) {sql}")
            if totals:
                _add_to(connection, totals, clear)
    for rollup, _ in _selects()[name]:
        for totals in TOTALS:
            if totals.of == rollup and not totals.by_difference:
                connection.execute(f"drop table temp.changed_{totals.table}")
    connection.execute("drop table if exists temp.facts")
    if rows:
        connection.execute(f"drop view temp.{ROWS[name][0]}")


def _columns(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [column[0] for column in connection.execute(f"select * from ({sql}) limit 0").description]


def _described(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """The columns of a table's primary key, and the others."""
    described = connection.execute(f"pragma main.table_info({table})").fetchall()
    return [row[1] for row in described if row[5]], [row[1] for row in described if not row[5]]


def _take_from(connection: sqlite3.Connection, totals: Totals, clear: str) -> None:
    """Before the rows of a rollup are cleared: take them from the totals, or note which totals are theirs."""
    if totals.by_difference:
        _add(connection, totals, clear, "-")
        return
    keys = ", ".join(_described(connection, totals.table)[0])
    connection.execute(
        f"create temp table changed_{totals.table} as select distinct {keys} from main.{totals.of} where {clear}"
    )


def _add_to(connection: sqlite3.Connection, totals: Totals, clear: str) -> None:
    """Once the rows of a rollup are there: add them to the totals, or make anew the totals of those before and now."""
    keys, values = _described(connection, totals.table)
    if totals.by_difference:
        _add(connection, totals, clear, "+")
        connection.execute(f"delete from main.{totals.table} where {values[0]} = 0")
        return
    names = ", ".join(keys)
    connection.execute(
        f"insert into temp.changed_{totals.table} select distinct {names} from main.{totals.of} where {clear}"
    )
    changed = f"({names}) in (select {names} from temp.changed_{totals.table})"
    connection.execute(f"delete from main.{totals.table} where {changed}")
    connection.execute(
        f"insert into main.{totals.table} ({', '.join([*keys, *values])})"
        f" {total(connection, totals)} where {changed} group by {names}"
    )


def _add(connection: sqlite3.Connection, totals: Totals, clear: str, sign: str) -> None:
    keys, (value,) = _described(connection, totals.table)
    names = ", ".join(keys)
    connection.execute(f"""
        insert into main.{totals.table} ({names}, {value})
        select {names}, {sign} sum({value})
        from main.{totals.of}
        where {clear}
        group by {names}
        on conflict do update set {value} = {value} + excluded.{value}""")


def total(connection: sqlite3.Connection, totals: Totals) -> str:
    """SELECT … FROM of the totals, its key first; to be grouped by that."""
    keys, values = _described(connection, totals.table)
    added = [ADDED_BY.get(value, "sum({})").format(value) for value in values]
    return f"select {', '.join([*keys, *added])} from main.{totals.of}"
