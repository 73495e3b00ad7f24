"""Which rows of a lake land beside its rollups: what needs somebody now, and the most expensive and slowest.

Each kind is bounded by `land`, so that the report database stays small however long the history.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..rollups.definition import Table
from .core import Core
from .dialect import translate
from .sums import is_of_days, present

# The latest runs land whole, with their step runs and calls.
NEWEST = 200
OF_NEWEST = "run_id in (select id from newest_runs)"
RUN_TIME = "coalesce(ended_at, started_at, queued_at)"
BEGIN = "coalesce(queued_at, started_at, ended_at)"
OPEN = "status in ('queued', 'running', 'waiting')"
# What is here from a known moment on: its rows and their time. Whole runs have landed with all their step runs.
WHOLE = {
    "runs": ("runs", RUN_TIME),
    "calls": ("calls", "called_at"),
    "steps": ("(select * from step_runs where run_id is null) as outside_of_runs", BEGIN),
    "whole_runs": ("runs", RUN_TIME),
}
# Which rows of a rollup by story or run come first: those that are largest in the first of these columns it has.
FIRST = ("is_blocked", "consecutive_failures", "cost_nano", "failed_at", "last_failed_at", "waiting_since", "last_day")
# Table → conditions with an order: of each, the first `land` rows land.
KINDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "step_runs": (
        ("step_runs", OPEN, "coalesce(started_at, queued_at) desc"),
        ("step_runs", "status = 'failed' and coalesce(ended_at, started_at) >= '{horizon}'", "ended_at desc"),
        ("step_runs", "duration_ms is not null", "duration_ms desc"),
        ("step_runs", OF_NEWEST, "coalesce(started_at, queued_at) desc"),
        ("step_runs", f"run_id is null and {BEGIN} is not null", f"{BEGIN} desc"),
    ),
    "calls": (
        ("calls", "status = 'failed' and called_at >= '{horizon}'", "called_at desc"),
        ("priced_calls", "price_nano is not null", "price_nano desc"),
        ("calls", "duration_ms is not null", "duration_ms desc"),
        ("calls", OF_NEWEST, "called_at desc"),
        ("calls", "called_at is not null", "called_at desc"),
    ),
    "runs": (
        ("runs", OPEN, "coalesce(started_at, queued_at) desc"),
        ("runs", "status = 'failed' and coalesce(ended_at, started_at) >= '{horizon}'", "ended_at desc"),
        ("runs", "duration_ms is not null", "duration_ms desc"),
        ("runs", "1 = 1", f"{RUN_TIME} desc"),
    ),
    "stories": (("stories", "1 = 1", "created_at desc"),),
}
# Table → SELECTs of the ids that landed rows of core tables refer to.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "step_runs": (),
    "calls": (),
    "runs": ("select run_id from landed_step_runs", "select run_id from landed_calls"),
    "stories": (
        "select story_id from landed_step_runs",
        "select story_id from landed_calls",
        "select story_id from landed_runs",
    ),
}
# Column of a rollup that says less than its definition does: table → SELECT of the ids that it means.
MEANT = {
    "failure": {
        "step_runs": "select failure from {rows} where failure > 0",
        "runs": "select -failure from {rows} where failure < 0",
    },
    "story": {"stories": "select stories.id from stories join {rows} as found on found.story = stories.source_key"},
}


@dataclass(frozen=True)
class Bounds:
    """How much lands: rows of each kind, and failures from the day of the horizon on."""

    land: int
    horizon: str


def pick(core: Core, bounds: Bounds) -> None:
    """Make landed_<table> of each core table and of each rollup that does not land whole."""
    newest = f"select id from runs where {RUN_TIME} is not null order by {RUN_TIME} desc, source_key limit {NEWEST}"
    core.keep("newest_runs", newest)
    for one in present():
        assert one.table
        if not is_of_days(one.table):
            first = f"select * from {one.table.name} order by {_order(one.table)} limit {bounds.land}"
            rows = f"select * from ({first}) as first_rows"
            if "run_id" in {column.name for column in one.table.columns}:
                rows += f" union select * from {one.table.name} where {OF_NEWEST}"
            core.keep(f"landed_{one.table.name}", rows)
    for table, kinds in KINDS.items():
        picked = [
            f"select id from (select id from {rows} where {condition.format(horizon=bounds.horizon)}"
            f" order by {order}, source_key limit {bounds.land}) as kind_{number}"
            for number, (rows, condition, order) in enumerate(kinds)
        ]
        ids = " union ".join([*picked, *NEEDED[table], *_meant(table)])
        core.keep(f"landed_{table}", f"select * from {table} where id in ({ids})")


def complete_since(core: Core, bounds: Bounds, read_from: str, before: Mapping[str, str]) -> dict[str, str]:
    """The moment from which on all rows of each of WHOLE land ('' for all); those of `before` held until now."""
    most = {name: NEWEST if name == "whole_runs" else bounds.land for name in WHOLE}
    sql = " union all ".join(
        [
            *(
                f"select '{name}' as name, min(at) as since, count(*) as landed from (select {time} as at from {rows}"
                f" where {time} is not null order by {time} desc limit {most[name]}) as latest_{name}"
                for name, (rows, time) in WHOLE.items()
            ),
            f"select '', max({RUN_TIME}), 0 from runs where id in (select run_id from step_runs where {OF_NEWEST}"
            " and id not in (select id from landed_step_runs))",
        ]
    )
    found, in_part = {}, ""
    for name, since, landed in core.engine.rows(translate(sql, core.engine.dialect)):
        if not name:
            # Of the newest runs, the last one of which not all step runs land.
            in_part = str(since or "")
        elif landed == most[name]:
            found[name] = str(since)
        elif read_from:
            # What was read has landed whole; what lies before, as it has before.
            found[name] = before[name] if before[name] <= read_from else read_from
        else:
            found[name] = ""
    return found | {"whole_runs": max(found["whole_runs"], in_part)}


def _order(table: Table) -> str:
    """The largest or latest first; what is alike, by its key."""
    names = {column.name for column in table.columns}
    return ", ".join([*(f"{name} desc" for name in FIRST if name in names), table.names])


def _meant(table: str) -> Iterator[str]:
    """SELECTs of the ids of a core table's rows that landed rollups name."""
    for one in present():
        assert one.table
        if is_of_days(one.table):
            continue
        rows = f"landed_{one.table.name}"
        for column in one.table.columns:
            if column.parent == table:
                yield f"select {column.name} from {rows}"
            elif table in MEANT.get(column.name, {}):
                yield MEANT[column.name][table].format(rows=rows)
