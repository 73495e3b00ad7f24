"""The figures that the home page and the digest open with: selects of reports, and the sentences made of their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..values.quantities import money

Row = Mapping[str, Any]
# A share or a p95 of fewer executions says little; smaller changes are no news.
ENOUGH, CHANGE_PCT = 20, 10
# A day that costs so much more than the one before is bad news.
BAD_COST_PCT = 20
# From here on, percentages are hard to read.
MANY_TIMES = 10


class Question(NamedTuple):
    """A report, its parameters, and an SQL select from `report`; `{days}` and the like in a parameter are filled in."""

    report: str
    params: Mapping[str, str]
    select: str


@dataclass(frozen=True)
class Fact:
    """A piece of the verdict, the report that shows it with its parameters, and whether it is bad news."""

    text: str
    report: str
    params: Mapping[str, str]
    is_bad: bool = False


LAST_HOURS = Question(
    "last_hours",
    {"hours": "{hours}"},
    """
    select
        figure,
        currency,
        sum(value) as value,
        sum(previous_value) as previous_value
    from report
    group by figure, currency
    order by value desc, currency
    """,
)
SLOW_RUNS = Question("slow_runs", {"hours": "{hours}"}, "select count(*) as slow from report")
# Since :first, the first day of the period, against as many days before.
SLOWER_STEPS = Question(
    "duration_changes",
    {"days": "{days}"},
    f"""
    select
        step,
        source,
        p95_ms,
        previous_p95_ms,
        change_pct,
        executions
    from report
    where
        abs(change_pct) >= {CHANGE_PCT}
        and executions >= {ENOUGH}
        and previous_executions >= {ENOUGH}
    order by change_pct desc
    limit 5
    """,
)
FAILING_STEPS = Question(
    "failure_trend",
    {"since": "{before}", "until": "today"},
    f"""
    select
        step,
        source,
        round(100.0 * failed / executions, 2) as failure_pct,
        round(100.0 * failed_before / executions_before, 2) as previous_failure_pct,
        executions
    from (
        select
            step,
            source,
            sum(case when day >= :first then executions else 0 end) as executions,
            sum(case when day >= :first then failed else 0 end) as failed,
            sum(case when day < :first then executions else 0 end) as executions_before,
            sum(case when day < :first then failed else 0 end) as failed_before
        from report
        group by step, source
    )
    where
        executions >= {ENOUGH}
        and executions_before >= {ENOUGH}
        and abs(1.0 * failed / executions - 1.0 * failed_before / executions_before) >= 0.01
    order by 1.0 * failed / executions - 1.0 * failed_before / executions_before desc, step, source
    limit 5
    """,
)
COST_CHANGES = Question(
    "cost",
    {"since": "{before}", "until": "today"},
    f"""
    select
        source,
        provider,
        cost,
        previous_cost,
        round(100.0 * (cost - previous_cost) / previous_cost, 2) as change_pct,
        calls,
        currency
    from (
        select
            source,
            provider,
            currency,
            round(sum(case when day >= :first then cost else 0 end), 6) as cost,
            round(sum(case when day < :first then cost else 0 end), 6) as previous_cost,
            sum(case when day >= :first then calls else 0 end) as calls,
            sum(case when day < :first then calls else 0 end) as previous_calls
        from report
        where cost is not null
        group by source, provider, currency
    )
    where
        calls >= {ENOUGH}
        and previous_calls >= {ENOUGH}
        and previous_cost > 0
        and abs(cost - previous_cost) >= {CHANGE_PCT} * previous_cost / 100
    order by cost / previous_cost desc, source, provider
    limit 5
    """,
)
NEW_ERRORS = Question(
    "top_errors",
    # Of the whole history: what was seen in a period may be older.
    {},
    """
    select
        error,
        occurrences,
        first_seen
    from report
    where first_seen >= :first
    order by occurrences desc, first_seen
    limit 5
    """,
)


def verdict(figures: Sequence[Row], slow: int | None, hours: int = 24) -> tuple[Fact, ...]:
    """The facts of the last hours, from the rows of `last_hours` and the number of slow runs (None: not known)."""
    within = {"hours": str(hours)}
    counts = {row["figure"]: int(row["value"]) for row in figures if row["currency"] is None}
    runs, failed = counts.get("runs", 0), counts.get("failed runs", 0)
    facts = [Fact(_count(runs, "run"), "recent_runs", _listing(within, runs))]
    if runs:
        failures = {**_listing(within, failed), "status": "failed"}
        facts.append(Fact(f"{failed or 'none'} failed", "recent_runs", failures, bool(failed)))
    if slow:
        facts.append(Fact(f"{slow} slower than usual", "slow_runs", within, True))
    for row in figures:
        if row["figure"] == "cost" and row["value"] + row["previous_value"] > 0:
            facts.append(Fact(money(row["value"], row["currency"] or ""), "last_hours", within))
            facts += _compared(row, hours, within)
    return tuple(facts)


def change_words(change_pct: float, more: str, less: str) -> str:
    """A change in words: `18 % more`; a change of less than half a percent is none."""
    return f"{abs(change_pct):,.0f} % {more if change_pct > 0 else less}"


def _compared(row: Row, hours: int, within: Mapping[str, str]) -> list[Fact]:
    if not row["previous_value"]:
        return []
    before = "the day before" if hours == 24 else f"the {hours} h before"
    times = row["value"] / row["previous_value"]
    change_pct = 100 * (times - 1)
    if times >= MANY_TIMES:
        return [Fact(f"{times:,.0f} times {before}", "last_hours", within, True)]
    if abs(change_pct) < 0.5:
        return [Fact(f"as much as {before}", "last_hours", within)]
    words = change_words(change_pct, "more", "less")
    return [Fact(f"{words} than {before}", "last_hours", within, change_pct > BAD_COST_PCT)]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else f"no {noun}s"


def _listing(within: Mapping[str, str], number: int) -> dict[str, str]:
    """The parameters that list so many runs; the report lists 100 unless more are wanted."""
    return {**within, "limit": str(number)} if number > 100 else dict(within)
