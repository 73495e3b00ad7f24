"""What the home page says beside the catalogue: tiles and what has changed, each an SQL select of a report."""

# mypy: disallow-untyped-decorators=False

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from datasette import hookimpl

DAYS = 7


@dataclass(frozen=True)
class Part:
    """A piece of the home page: a title, the report that it stands on, its parameters and the select that reads it."""

    title: str
    report: str
    values: dict[str, str]
    select: str
    if_empty: str = ""


# A tile shows the first column large and the column `detail` below it.
RUNS_THAT_SUCCEEDED = f"""
select
    round(100.0 * sum(runs_completed) / nullif(sum(runs_completed + runs_failed), 0), 2) as success_pct,
    case
        when sum(runs_completed + runs_failed) > 0
            then printf('%,d', sum(runs_completed)) || ' of ' || printf('%,d', sum(runs_completed + runs_failed))
                || ' runs in the last {DAYS} days'
        else 'no run ended in the last {DAYS} days'
    end as detail
from report
"""
SLOWEST_STEP = f"""
select
    p95_ms,
    step,
    source,
    'takes most time, in the last {DAYS} days' as detail
from report
order by total_ms desc
limit 1
"""
HANGING = """
select
    count(*) as stuck,
    case count(*) when 0 then 'nothing hangs' else 'give no sign of life' end as detail
from report
"""
LOST = """
select
    count(*) as orphans,
    case count(*) when 0 then 'everything has what it belongs to' else 'belong to something that is not there' end
        as detail
from report
"""
MONTH = """
select
    sum(cost_to_date) as cost_to_date,
    currency,
    sum(forecast) as forecast
from report
where month = strftime('%Y-%m', 'now')
group by currency
order by cost_to_date desc
"""
# What is different now, since the day :week; nothing is shown of a report that has nothing to say.
WEEK = f"""
select
    what,
    sum(case when day >= :week then times else 0 end) as last_{DAYS}_days,
    sum(case when day < :week then times else 0 end) as the_{DAYS}_days_before
from (
    select 'stories completed' as what, day, stories_completed as times from report
    union all
    select 'runs completed', day, runs_completed from report
    union all
    select 'runs failed', day, runs_failed from report
)
where times > 0
group by what
order by what desc
"""
CHANGED_STEPS = """
select
    step,
    source,
    p95_ms,
    previous_p95_ms,
    change_pct
from report
where abs(change_pct) >= 10
order by abs(change_pct) desc
limit 5
"""
NEW_ERRORS = """
select
    error,
    occurrences,
    first_seen
from report
where first_seen >= :week
order by occurrences desc
limit 5
"""


@hookimpl
def extra_template_vars() -> dict[str, Callable[[], Any]]:
    """Functions that the home page calls."""
    return {"home_tiles": tiles, "home_changes": changes, "home_today": today}


def today() -> date:
    """The day that it is, in UTC like everything here."""
    return datetime.now(timezone.utc).date()


def first_of(days: int) -> str:
    """The first of the last days, which end with today."""
    return (today() - timedelta(days=days - 1)).isoformat()


def tiles() -> list[Part]:
    """How it goes, in a few numbers."""
    week = {"since": first_of(DAYS)}
    return [
        Part("Success rate", "throughput", week, RUNS_THAT_SUCCEEDED),
        Part("Slowest step, p95", "slowest_steps", week, SLOWEST_STEP, f"no step ended in the last {DAYS} days"),
        Part("Stuck", "stuck_runs", {}, HANGING),
        Part("Orphans", "orphans", {}, LOST),
        Part("Cost this month", "cost_forecast", {}, MONTH, "nothing was spent this month"),
    ]


def changes() -> list[Part]:
    """What is not as it was a week ago."""
    # What a report has no parameter for, the select may use.
    week = {"week": first_of(DAYS)}
    return [
        Part("What was done", "throughput", {"since": first_of(2 * DAYS), **week}, WEEK),
        Part("Steps that got slower or faster", "duration_changes", {"days": str(DAYS)}, CHANGED_STEPS),
        Part("New errors", "top_errors", week, NEW_ERRORS),
    ]
