"""Which rows of a lake land beside its rollups: what needs somebody now, and the most expensive and slowest.

Each kind is bounded by `land`, so that the report database stays small however long the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .core import Core
from .sums import is_of_days, present

OPEN = "status in ('queued', 'running', 'waiting')"
# Rollups with a row for each story or run: which come first.
FIRST = {
    "story_calls": "cost_nano desc, calls desc, story_id",
    "missing_story_calls": "cost_nano desc, calls desc, story",
    "failed_run_calls": "cost_nano desc, calls desc, run_id",
    "story_errors": "last_day desc, story_id",
    "failed_steps": "failed_at desc, failure",
    "failing_stories": "is_blocked desc, consecutive_failures desc, last_failed_at desc, story",
    "pending_steps": "waiting_since, story",
}
# Table → conditions with an order: of each, the first `land` rows land.
KINDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "step_runs": (
        ("step_runs", OPEN, "coalesce(started_at, queued_at) desc"),
        ("step_runs", "status = 'failed' and coalesce(ended_at, started_at) >= '{horizon}'", "ended_at desc"),
        ("step_runs", "duration_ms is not null", "duration_ms desc"),
    ),
    "calls": (
        ("calls", "status = 'failed' and called_at >= '{horizon}'", "called_at desc"),
        ("priced_calls", "price_nano is not null", "price_nano desc"),
        ("calls", "duration_ms is not null", "duration_ms desc"),
    ),
    "runs": (
        ("runs", OPEN, "coalesce(started_at, queued_at) desc"),
        ("runs", "status = 'failed' and coalesce(ended_at, started_at) >= '{horizon}'", "ended_at desc"),
        ("runs", "duration_ms is not null", "duration_ms desc"),
        ("runs", "1 = 1", "coalesce(ended_at, started_at, queued_at) desc"),
    ),
    "stories": (("stories", "1 = 1", "created_at desc"),),
}
# Table → SELECTs of the ids that other landed rows refer to.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "step_runs": (
        "select step_run_id from landed_rollup_failing_stories",
        "select failure from landed_rollup_failed_steps where failure > 0",
    ),
    "calls": (),
    "runs": (
        "select run_id from landed_step_runs",
        "select run_id from landed_calls",
        "select run_id from landed_rollup_failed_run_calls",
        "select run_id from landed_rollup_failing_stories",
        "select -failure from landed_rollup_failed_steps where failure < 0",
    ),
    "stories": (
        "select story_id from landed_step_runs",
        "select story_id from landed_calls",
        "select story_id from landed_runs",
        "select story_id from landed_rollup_story_calls",
        "select story_id from landed_rollup_story_errors",
        *(
            f"select stories.id from stories join landed_rollup_{name} as found on found.story = stories.source_key"
            for name in ("failing_stories", "failed_steps", "pending_steps")
        ),
    ),
}


@dataclass(frozen=True)
class Bounds:
    """How much lands: rows of each kind, and failures from the day of the horizon on."""

    land: int
    horizon: str


def pick(core: Core, bounds: Bounds) -> None:
    """Make landed_<table> of each core table and of each rollup that does not land whole."""
    for one in present():
        assert one.table
        if not is_of_days(one.table):
            order = f"order by {FIRST[one.name]} limit {bounds.land}"
            core.keep(f"landed_{one.table.name}", f"select * from {one.table.name} {order}")
    for table, kinds in KINDS.items():
        picked = [
            f"select id from (select id from {rows} where {condition.format(horizon=bounds.horizon)}"
            f" order by {order}, source_key limit {bounds.land}) as kind_{number}"
            for number, (rows, condition, order) in enumerate(kinds)
        ]
        ids = " union ".join([*picked, *NEEDED[table]])
        core.keep(f"landed_{table}", f"select * from {table} where id in ({ids})")
