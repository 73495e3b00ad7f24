"""Keep the rollups equal to the rows they sum up, at the cost of what has changed.

Once `watch` was called, every insert, update and delete of a counted table notes the groups that it touches (a step's
day, a story, …); `refresh` computes these groups anew from the base rows and adds days up to totals. A source that is
new is computed whole, from one pass over its rows. rollups.sql says what a rollup holds.
"""

import re
import sqlite3
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby

from . import trees
from .sections import sections


@dataclass(frozen=True)
class Group:
    """Rows that are added up together."""

    columns: tuple[str, ...]  # what a group is known by
    touched_by: dict[str, str]  # table → SELECT of the groups that {row} belongs to
    all: str  # SELECT of the groups of a source
    clear: str  # which rows of its rollups belong to the touched groups
    widen: str = ""  # INSERT of the groups that depend on touched ones
    closed: str = ""  # which groups stay as they are, for they are made of detail that was pruned: a condition on {row}


def _days(table: str, condition: str = "true") -> dict[str, str]:
    return {table: f"select {{row}}.source_id, {{row}}.day where {condition}"}


def _all_days(*tables: str) -> str:
    return " union ".join(f"select source_id, day from main.{table} where source_id = :source_id" for table in tables)


def _of_parent(parent: str, name: str) -> str:
    """What a call was made for, though that may have gone from the source: what it cost stays."""
    return f"""
        select {{row}}.{name}_id
        where {{row}}.{name}_id is not null
        union
        select id
        from {parent}
        where source_id = {{row}}.source_id and source_key = {{row}}.{name}_key
        -- A bill makes the calls that it covers no longer unpriced.
        union
        select covered.{name}_id
        from calls as covered
        where
            {{row}}.calls = 0
            and covered.source_id = {{row}}.source_id
            and covered.day = {{row}}.day
            and covered.provider = {{row}}.provider
            and covered.{name}_id is not null"""


def _story_of(*keys: str) -> str:
    """What a row is done for, by its key in the source: a story, or a job that has made none."""
    return f"""
        select source_id, story
        from (
            select
                {{row}}.source_id,
                coalesce((select source_key from stories where id = {{row}}.story_id), {", ".join(keys)}) as story
        )
        where story is not null"""


# The stories that may wait or fail: all but those of which every step was completed at last. Nearly all steps have no
# attempt that was not, which the index by story knows; else the latest one counts, by time, as in rollups.sql.
UNSETTLED = """
    select source_id, source_key
    from main.stories
    where
        source_id = :source_id
        and (
            select coalesce(min(is_done), 0) = 0 or sum(is_numbered) < (
                select count(*)
                from main.steps
                where source_id = :source_id and position is not null
            )
            from (
                select
                    case
                        when sum(step_runs.status is not 'completed') = 0 then 1
                        else (
                            select coalesce(
                                max(case when status is 'completed' and kind <> 'background_task' then seen_at end)
                                > max(case when status is not 'completed' then seen_at else '' end),
                                0
                            )
                            from (
                                select
                                    status,
                                    kind,
                                    coalesce(last_activity_at, ended_at, started_at, queued_at, '') as seen_at
                                from main.step_runs as attempts
                                where
                                    attempts.story_id = stories.id
                                    and attempts.step_id = steps.id
                                    and attempts.gone_at is null
                            )
                        )
                    end as is_done,
                    steps.position is not null as is_numbered
                from main.step_runs
                cross join main.steps on steps.id = step_runs.step_id
                where step_runs.story_id = stories.id
                group by step_runs.step_id
            )
        )
    union
    select stories.source_id, stories.source_key
    from main.step_runs
    join main.stories on stories.id = step_runs.story_id
    where step_runs.gone_at is not null and +step_runs.source_id = :source_id
    union
    select source_id, source_key
    from main.stories
    where source_id = :source_id and status in ('queued', 'blocked')
    union
    select runs.source_id, coalesce(stories.source_key, runs.story_key, runs.source_key)
    from main.runs
    left join main.stories on stories.id = runs.story_id
    where runs.source_id = :source_id and runs.status in ('queued', 'blocked', 'failed') and not runs.is_derived
    union
    select source_id, story_key
    from main.step_runs
    where source_id = :source_id and story_key is not null
"""
HAS_OUTPUTS = "exists (select 1 from inputs where inputs.source_id = {} and inputs.part = 'outputs')"
# A day is closed once detail of it was pruned; what is of no day never is.
DAY_IS_CLOSED = """
    {row}.day <> ''
    and {row}.day < coalesce((select sources.detail_since from main.sources where sources.id = {row}.source_id), '')"""
# A story is closed once detail of it was pruned: its state as long as nothing new is tried.
STORY_IS_CLOSED = """
    exists (
        select 1
        from main.stories
        where stories.id = {row}.story_id and stories.pruned_at is not null
    )"""
STATE_IS_CLOSED = """
    exists (
        select 1
        from main.sources
        where sources.id = {row}.source_id and sources.detail_since is not null
    )
    and not exists (
        select 1
        from main.step_runs
        where step_runs.story_key = {row}.story and +step_runs.source_id = {row}.source_id
    )
    and not exists (
        select 1
        from main.stories
        left join main.step_runs on step_runs.story_id = stories.id
        where
            stories.source_id = {row}.source_id
            and stories.source_key = {row}.story
            and (stories.pruned_at is null or step_runs.id is not null)
    )"""
HAS_TREES = "exists (select 1 from story_nodes where story_nodes.source_id = {} and story_nodes.is_root)"
OF_DAYS = "(day, source_id) in (select day, source_id from temp.touched_{group})"
GROUPS = {
    "step_days": Group(
        columns=("step_id", "day", "source_id"),
        touched_by={"step_runs": "select {row}.step_id, {row}.day, {row}.source_id"},
        # A new source's rows are read as they lie: see ROWS.
        all="",
        clear="""(day, source_id, family) in (
            select touched.day, steps.source_id, steps.family
            from temp.touched_step_days as touched
            join main.steps on steps.id = touched.step_id
        )""",
        # Whether a later attempt is a recovery depends on the earlier ones; and a family's steps go together.
        widen="""
            insert or ignore into temp.touched_step_days
            select later.step_id, later.day, later.source_id
            from temp.touched_step_days as touched
            cross join main.step_runs as earlier on earlier.step_id = touched.step_id and earlier.day = touched.day
            cross join main.same_work as later on later.step_run_id = earlier.id and later.attempt > 1
            union
            select siblings.id, touched.day, siblings.source_id
            from temp.touched_step_days as touched
            join main.steps on steps.id = touched.step_id
            join main.steps as siblings on siblings.source_id = steps.source_id and siblings.family = steps.family""",
        closed=DAY_IS_CLOSED,
    ),
    "call_days": Group(
        columns=("source_id", "day"),
        touched_by=_days("calls"),
        all="",
        clear=OF_DAYS.format(group="call_days"),
        closed=DAY_IS_CLOSED,
    ),
    "failed_runs": Group(
        columns=("run_id",),
        touched_by={"runs": "select {row}.id", "calls": _of_parent("runs", "run")},
        all="select id from main.runs where source_id = :source_id and status = 'failed'",
        clear="run_id in (select run_id from temp.touched_failed_runs)",
    ),
    "story_calls": Group(
        columns=("story_id",),
        touched_by={"calls": _of_parent("stories", "story")},
        all="""
            select story_id
            from main.calls
            where source_id = :source_id and story_id is not null
            union
            select stories.id
            from main.stories
            join main.calls on calls.story_key = stories.source_key and calls.source_id = stories.source_id
            where stories.gone_at is not null and +stories.source_id = :source_id
            union
            select story_id
            from main.pruned_calls
            where source_id = :source_id and story_id is not null""",
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
        closed=DAY_IS_CLOSED,
    ),
    "story_errors": Group(
        columns=("story_id",),
        touched_by={
            **dict.fromkeys(
                ("runs", "calls"),
                "select {row}.story_id where {row}.story_id is not null and {row}.error_id is not null",
            ),
            "step_runs": """
                select {row}.story_id
                where {row}.story_id is not null and {row}.error_id is not null
                union
                select runs.story_id
                from runs
                where runs.id = {row}.run_id and runs.error_id is not null and runs.story_id is not null""",
        },
        all=" union ".join(
            f"select story_id from main.{table}"
            " where source_id = :source_id and error_id is not null and story_id is not null"
            for table in ("step_runs", "runs", "calls")
        )
        + " union select story_id from main.pruned_errors where source_id = :source_id",
        clear="story_id in (select story_id from temp.touched_story_errors)",
    ),
    "source_days": Group(
        columns=("source_id", "day"),
        touched_by={
            # A story is completed by the first of its runs that is.
            "runs": """
                select {row}.source_id, {row}.day
                union
                select source_id, day
                from runs
                where story_id = {row}.story_id and status = 'completed' and {row}.status = 'completed'""",
            "stories": """
                select {row}.source_id, {row}.day
                union
                select {row}.source_id, {row}.end_day
                where {row}.end_day is not null
                union
                select source_id, day
                from runs
                where story_id = {row}.id and status = 'completed'""",
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
        closed=DAY_IS_CLOSED,
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
                and coalesce(log_events.run_key, runs.source_key) is not null
            union
            select source_id, run
            from main.pruned_warnings
            where source_id = :source_id""",
        clear="(source_id, run) in (select source_id, run from temp.touched_warned_runs)",
    ),
    "story_trees": Group(
        columns=("story_id",),
        touched_by={
            "stories": f"select {{row}}.id where {HAS_TREES.format('{row}.source_id')}",
            # With the first root of a source each of its stories without a node lacks its own.
            "story_nodes": """
                select {row}.story_id
                where {row}.story_id is not null and {row}.kind = 'node'
                union
                select id
                from stories
                where
                    {row}.is_root
                    and source_id = {row}.source_id
                    and not exists (
                        select 1
                        from story_nodes
                        where source_id = {row}.source_id and is_root and id <> {row}.id
                    )""",
            "story_options": "select story_id from story_nodes where id = {row}.node_id and story_id is not null",
        },
        all=f"""
            select story_id
            from main.story_nodes
            where source_id = :source_id and kind = 'node' and story_id is not null
            union
            select id
            from main.stories
            where source_id = :source_id and {HAS_TREES.format(":source_id")}""",
        clear="story_id in (select story_id from temp.touched_story_trees)",
    ),
    "artifact_owners": Group(
        columns=("source_id", "owner"),
        touched_by={"artifacts": "select {row}.source_id, {row}.owner"},
        all="select distinct source_id, owner from main.artifacts where source_id = :source_id",
        clear="(source_id, owner) in (select source_id, owner from temp.touched_artifact_owners)",
    ),
    "stories": Group(
        columns=("source_id", "story"),
        touched_by={
            "stories": "select {row}.source_id, {row}.source_key",
            "step_runs": _story_of("{row}.story_key"),
            "runs": _story_of("{row}.story_key", "case when {row}.kind = 'job' then {row}.source_key end"),
            # Another step to wait for.
            "steps": "select source_id, source_key from stories"
            " where source_id = {row}.source_id and {row}.position is not null",
        },
        all=UNSETTLED,
        clear="(source_id, story) in (select source_id, story from temp.touched_stories)",
        closed=STATE_IS_CLOSED,
    ),
    "story_outputs": Group(
        columns=("story_id",),
        touched_by={
            **dict.fromkeys(
                ("step_runs", "runs", "artifacts"),
                "select {row}.story_id where {row}.story_id is not null and " + HAS_OUTPUTS.format("{row}.source_id"),
            ),
            # Once the outputs are read for the first time, every story may lack its own.
            "inputs": """
                select id
                from stories
                where source_id = {row}.source_id and {row}.part = 'outputs' and {row}.signature = ''""",
        },
        all=f"select id from main.stories where source_id = :source_id and {HAS_OUTPUTS.format(':source_id')}",
        clear="story_id in (select story_id from temp.touched_story_outputs)",
        closed=STORY_IS_CLOSED,
    ),
}


@dataclass(frozen=True)
class Rows:
    """How the rows of groups are read of which nearly every row of a source is counted."""

    view: str  # what rollups.sql calls them
    table: str
    past: str  # SELECT of those past {last_id}, which are all of a new source's
    touched: str  # SELECT of those of the touched groups


ROWS = {
    "step_days": Rows(
        view="counted_step_runs",
        table="step_runs",
        past="select * from main.step_runs where id > {last_id}",
        touched="""
            select step_runs.*
            from temp.touched_step_days as touched
            cross join main.step_runs on step_runs.step_id = touched.step_id and step_runs.day = touched.day""",
    ),
    "call_days": Rows(
        view="counted_calls",
        table="calls",
        past="select * from main.priced_calls where id > {last_id}",
        touched="""
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
    Totals("rollup_endpoints", "rollup_endpoint_days"),
    Totals("rollup_call_durations", "rollup_call_day_durations", by_difference=True),
    Totals("rollup_step_calls", "rollup_step_call_days"),
    Totals("rollup_failed_calls", "rollup_failed_run_calls"),
    Totals("rollup_errors", "rollup_error_days"),
    Totals("rollup_error_stories", "rollup_story_errors", by_difference=True),
    Totals("rollup_themes", "rollup_theme_days"),
    Totals("rollup_sessions", "rollup_session_days"),
    Totals("rollup_logs", "rollup_log_days"),
    Totals("rollup_artifacts", "rollup_owner_artifacts"),
    Totals("rollup_mismatches", "rollup_story_mismatches", by_difference=True),
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
    _prepare(connection)
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
    """Compute the touched groups of every rollup anew, but for closed ones; must be called while they are watched."""
    for name, group in GROUPS.items():
        if not connection.execute(f"select exists (select 1 from temp.touched_{name})").fetchone()[0]:
            continue
        if group.widen:
            connection.execute(group.widen)
        if group.closed:
            connection.execute(f"delete from temp.touched_{name} where {group.closed.format(row=f'touched_{name}')}")
        _compute(connection, name, ROWS[name].touched if name in ROWS else "", group.clear)
        connection.execute(f"delete from temp.touched_{name}")


def build(connection: sqlite3.Connection, source_id: int, last_ids: dict[str, int]) -> None:
    """Compute all rollups of a source that has none yet and whose rows have ids past the last ones, by table."""
    _prepare(connection)
    # Neither a view nor a trigger takes parameters, but numbers of ours need none.
    for name, group in GROUPS.items():
        if group.all:
            connection.execute(f"insert into temp.touched_{name} {group.all}", {"source_id": source_id})
        rows = ROWS[name].past.format(last_id=last_ids[name]) if name in ROWS else ""
        _compute(connection, name, rows, f"source_id = {source_id}")


def expect(connection: sqlite3.Connection) -> None:
    """Make temp.<rollup> of every rollup: what it ought to hold. Closed groups are as they are in main."""
    for table in tables(connection):
        (sql,) = connection.execute("select sql from main.sqlite_master where name = ?", [table]).fetchone()
        connection.execute(re.sub("^create table", "create temp table", sql, flags=re.IGNORECASE))
    _prepare(connection)
    sources = connection.execute("select id from main.sources").fetchall()
    for name, group in GROUPS.items():
        for (source_id,) in sources if group.all else ():
            connection.execute(f"insert into temp.touched_{name} {group.all}", {"source_id": source_id})
        _compute(connection, name, ROWS[name].past.format(last_id=0) if name in ROWS else "", "true", "temp")


def tables(connection: sqlite3.Connection) -> list[str]:
    """The names of the rollups."""
    found = connection.execute("select name from main.sqlite_master where type = 'table' and name glob 'rollup_*'")
    return [name for (name,) in found]


def last_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The last row of each table that `build` reads as it lies."""
    return {
        name: connection.execute(f"select coalesce(max(id), 0) from main.{rows.table}").fetchone()[0]
        for name, rows in ROWS.items()
    }


@cache
def _selects() -> dict[str, list[tuple[str, str]]]:
    """group → (rollup, its SELECT)."""
    found = sections((resources.files(__package__) / "rollups.sql").read_text(encoding="utf-8"))
    return {name: [(one.what, one.sql) for one in group] for name, group in groupby(found, key=lambda one: one.name)}


def _prepare(connection: sqlite3.Connection) -> None:
    """Make what rollups.sql works with: the tables of touched groups, and the walk through a tree."""
    trees.register(connection)
    for name, group in GROUPS.items():
        columns = ", ".join(group.columns)
        connection.execute(f"create temp table touched_{name} ({columns}, primary key ({columns})) without rowid")


def _compute(connection: sqlite3.Connection, name: str, rows: str, clear: str, into: str = "main") -> None:
    """Compute the rollups of a group anew where `clear` says, and what they add up to; those of main, or of temp."""
    if rows:
        connection.execute(f"create temp view {ROWS[name].view} as {rows}")
    for rollup, text in _selects()[name]:
        sql = text.replace("main.rollup_", f"{into}.rollup_")
        if rollup == "facts":
            connection.execute(f"create temp table facts as {sql}")
        elif rollup.startswith("percentiles"):
            connection.execute(sql)
        else:
            totals = next((totals for totals in TOTALS if totals.of == rollup), None)
            if totals:
                _take_from(connection, totals, clear, into)
            columns = ", ".join(_columns(connection, sql))
            connection.execute(f"delete from {into}.{rollup} where {clear}")
            connection.execute(f"insert into {into}.{rollup} ({columns}) {sql}")
            if into != "main" and GROUPS[name].closed:
                closed = GROUPS[name].closed.format(row=rollup)
                connection.execute(f"delete from {into}.{rollup} where {closed}")
                connection.execute(f"insert into {into}.{rollup} select * from main.{rollup} where {closed}")
            if totals:
                _add_to(connection, totals, clear, into)
    for rollup, _ in _selects()[name]:
        for totals in TOTALS:
            if totals.of == rollup and not totals.by_difference:
                connection.execute(f"drop table temp.changed_{totals.table}")
    connection.execute("drop table if exists temp.facts")
    if rows:
        connection.execute(f"drop view temp.{ROWS[name].view}")


def _columns(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [column[0] for column in connection.execute(f"select * from ({sql}) limit 0").description]


def _described(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """The columns of a table's primary key, and the others."""
    described = connection.execute(f"pragma main.table_info({table})").fetchall()
    return [row[1] for row in described if row[5]], [row[1] for row in described if not row[5]]


def _take_from(connection: sqlite3.Connection, totals: Totals, clear: str, into: str) -> None:
    """Before the rows of a rollup are cleared: take them from the totals, or note which totals are theirs."""
    if totals.by_difference:
        _add(connection, totals, clear, "-", into)
        return
    keys = ", ".join(_described(connection, totals.table)[0])
    connection.execute(
        f"create temp table changed_{totals.table} as select distinct {keys} from {into}.{totals.of} where {clear}"
    )


def _add_to(connection: sqlite3.Connection, totals: Totals, clear: str, into: str) -> None:
    """Once the rows of a rollup are there: add them to the totals, or make anew the totals of those before and now."""
    keys, values = _described(connection, totals.table)
    if totals.by_difference:
        _add(connection, totals, clear, "+", into)
        connection.execute(f"delete from {into}.{totals.table} where {values[0]} = 0")
        return
    names = ", ".join(keys)
    connection.execute(
        f"insert into temp.changed_{totals.table} select distinct {names} from {into}.{totals.of} where {clear}"
    )
    changed = f"({names}) in (select {names} from temp.changed_{totals.table})"
    connection.execute(f"delete from {into}.{totals.table} where {changed}")
    connection.execute(
        f"insert into {into}.{totals.table} ({', '.join([*keys, *values])})"
        f" {total(connection, totals, into)} where {changed} group by {names}"
    )


def _add(connection: sqlite3.Connection, totals: Totals, clear: str, sign: str, into: str) -> None:
    keys, (value,) = _described(connection, totals.table)
    names = ", ".join(keys)
    connection.execute(f"""
        insert into {into}.{totals.table} ({names}, {value})
        select {names}, {sign} sum({value})
        from {into}.{totals.of}
        where {clear}
        group by {names}
        on conflict do update set {value} = {value} + excluded.{value}""")


def total(connection: sqlite3.Connection, totals: Totals, into: str) -> str:
    """SELECT … FROM of the totals, its key first; to be grouped by that."""
    keys, values = _described(connection, totals.table)
    added = [ADDED_BY.get(value, "sum({})").format(value) for value in values]
    return f"select {', '.join([*keys, *added])} from {into}.{totals.of}"
