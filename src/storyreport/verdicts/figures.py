"""The figures that the home page and the digest open with: selects of reports, and the sentences made of their rows."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from .. import reports
from ..nouns import counted
from ..reports import periods
from ..values.quantities import money

Row = Mapping[str, Any]
# A share or a p95 of fewer executions says little; smaller changes are no news.
ENOUGH, CHANGE_PCT = 20, 10
# Twice as many of fewer runs is no news.
SOME_RUNS = 10
# A day that costs so much more than the one before is bad news.
BAD_COST_PCT = 20
# One run in twenty is above its p95: from more than twice as many of a pipeline on, they are bad news.
BAD_SLOW_SHARE = 0.1
# Letters of a name within a sentence.
LONG_NAME = 30
DAY_BEFORE = "the day before"
# From here on, percentages are hard to read.
MANY_TIMES = 10


class Question(NamedTuple):
    """A report, its parameters, and an SQL select from `report`; `{days}` and the like in a parameter are filled in."""

    report: str
    params: Mapping[str, str]
    select: str


@dataclass(frozen=True)
class Fact:
    """A piece of the verdict, the report that shows it with its parameters, whether it is bad news, and details."""

    text: str
    report: str
    params: Mapping[str, str]
    is_bad: bool = False
    detail: str = ""


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
SLOW_RUNS = Question(
    "slow_runs",
    {"hours": "{hours}"},
    """
    select
        source,
        pipeline,
        count(*) as slow,
        compared_runs
    from report
    group by source, pipeline, kind
    order by 1.0 * count(*) / compared_runs desc, slow desc, source, pipeline
    """,
)
# Asked where nothing ran. Of a run that calls alone name, neither is known.
LAST_RUN = Question(
    "recent_runs",
    {"limit": "1"},
    "select max(started_at) as at, count(coalesce(started_at, status)) as runs from report",
)
# Named where the source has the step in several; a `where` beside it would count only what it leaves.
PIPELINE = "case when count(*) over (partition by source, step) > 1 then pipeline end as pipeline"
# Since :first, the first day of the period, against as many days before.
SLOWER_STEPS = Question(
    "duration_changes",
    {"days": "{days}"},
    f"""
    select
        step,
        source,
        pipeline,
        p95_ms,
        previous_p95_ms,
        change_pct,
        executions
    from (
        select
            step,
            source,
            {PIPELINE},
            p95_ms,
            previous_p95_ms,
            change_pct,
            executions,
            previous_executions
        from report
    )
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
        pipeline,
        round(100.0 * failed / executions, 2) as failure_pct,
        round(100.0 * failed_before / executions_before, 2) as previous_failure_pct,
        executions
    from (
        select
            step,
            source,
            {PIPELINE},
            sum(case when day >= :first then executions else 0 end) as executions,
            sum(case when day >= :first then failed else 0 end) as failed,
            sum(case when day < :first then executions else 0 end) as executions_before,
            sum(case when day < :first then failed else 0 end) as failed_before
        from report
        group by step, source, report.pipeline
    )
    where
        executions >= {ENOUGH}
        and executions_before >= {ENOUGH}
        and abs(1.0 * failed / executions - 1.0 * failed_before / executions_before) >= 0.01
    order by 1.0 * failed / executions - 1.0 * failed_before / executions_before desc, step, source, pipeline
    limit 5
    """,
)
# Today is not over: the full days up to yesterday, against as many before.
COST_CHANGES = Question(
    "cost",
    {"since": "{full_before}", "until": "yesterday"},
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
            round(sum(case when day >= date(:first, '-1 day') then cost else 0 end), 6) as cost,
            round(sum(case when day < date(:first, '-1 day') then cost else 0 end), 6) as previous_cost,
            sum(case when day >= date(:first, '-1 day') then calls else 0 end) as calls,
            sum(case when day < date(:first, '-1 day') then calls else 0 end) as previous_calls
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


def of_hours(connection: sqlite3.Connection, hours: int, chosen: Mapping[str, str] | None = None) -> tuple[Fact, ...]:
    """The facts of the last hours, as the home page has them; `chosen` narrows the reports."""

    def rows(asked: Question) -> list[dict[str, Any]]:
        given = {name: value.format(hours=hours) for name, value in asked.params.items()}
        return reports.select(connection, reports.find(asked.report), {**(chosen or {}), **given}, asked.select)

    last = rows(LAST_HOURS)
    facts = verdict(last, rows(SLOW_RUNS), hours)
    return idle(facts, rows(LAST_RUN)) if is_idle(last) else facts


def verdict(figures: Sequence[Row], slow: Sequence[Row] | None, hours: int = 24, before: str = "") -> tuple[Fact, ...]:
    """The facts of a period, from the rows of `last_hours` and those of SLOW_RUNS (None: not known).

    `before` names the period before; of hours it is as many hours.
    """
    within = {"hours": str(hours)}
    before = before or (DAY_BEFORE if hours == 24 else f"the {hours} h before")
    counts = {row["figure"]: row for row in figures if row["currency"] is None}
    runs, failed = (int(counts[name]["value"]) if name in counts else 0 for name in ("runs", "failed runs"))
    facts = [_ran(counts.get("runs"), runs, before, _listing(within, runs))]
    if runs:
        text, failures = f"{failed:,}" if failed else "none", {**_listing(within, failed), "status": "failed"}
        was = int(counts["failed runs"]["previous_value"] or 0) if "failed runs" in counts else 0
        facts.append(Fact(f"{text} failed{_was(failed, was, before)}", "recent_runs", failures, bool(failed)))
    if slow:
        facts.append(_slow(slow, within))
    for row in figures:
        if row["figure"] == "cost" and row["value"] + row["previous_value"] > 0:
            facts.append(Fact(money(row["value"], row["currency"] or ""), "last_hours", within))
            facts += _compared(row, before, within)
    return tuple(facts)


def is_idle(figures: Sequence[Row]) -> bool:
    """Whether nothing ran, by the rows of `last_hours`."""
    return not any(row["figure"] == "runs" and row["value"] for row in figures)


def idle(facts: Sequence[Fact], newest: Sequence[Row]) -> tuple[Fact, ...]:
    """The facts of a period in which nothing ran, with when the last run was, from the rows of LAST_RUN."""
    # Nobody expects runs of a source that only has usage.
    nothing = facts[:1] if len(facts) == 1 or any(row["runs"] for row in newest) else ()
    return (*nothing, *last_run(newest), *facts[1:])


def last_run(rows: Sequence[Row]) -> tuple[Fact, ...]:
    """When the last run was, with the week up to then, from the rows of LAST_RUN; nothing where there was none."""
    at = rows[0]["at"] if rows else None
    if not at:
        return ()
    day = date.fromisoformat(at[:10])
    ago = (periods.now().date() - day).days
    when = f"{counted(ago, 'day')} ago" if ago > 1 else f"at {at[11:16]} UTC"
    return (Fact(f"the last one {when} ({day})", "recent_runs", {"since": str(day - timedelta(days=6))}),)


def change_words(change_pct: float, more: str, less: str) -> str:
    """A change in words: `18 % more`; a change of less than half a percent is none."""
    return f"{abs(change_pct):,.0f} % {more if change_pct > 0 else less}"


def short(name: str) -> str:
    """A name with both its ends: long ones often differ in the last letters only."""
    return name if len(name) <= LONG_NAME else f"{name[: LONG_NAME // 3]}…{name[-LONG_NAME // 2 :]}"


def owner(row: Row) -> str:
    """Source and pipeline of a row: many are just called pipeline."""
    return " ".join(map(short, dict.fromkeys(row[name] for name in ("source", "pipeline") if row[name])))


def _slow(rows: Sequence[Row], within: Mapping[str, str]) -> Fact:
    """The number of slow runs, and the pipeline that has the largest share of them where that is news."""
    worst, text = rows[0], f"{sum(row['slow'] for row in rows):,} slower than usual"
    is_bad = worst["slow"] > BAD_SLOW_SHARE * worst["compared_runs"]
    # Of several pipelines, or of the one that is slow beside others.
    if is_bad and (len(rows) > 1 or worst["pipeline"]):
        is_only = worst["pipeline"] and len({row["source"] for row in rows}) == 1
        named = owner({**worst, "source": None} if is_only else worst)
        text += f" ({named}: {worst['slow']:,} of {worst['compared_runs']:,})"
    return Fact(text, "slow_runs", within, is_bad)


def _ran(row: Row | None, runs: int, before: str, listing: Mapping[str, str]) -> Fact:
    """How many ran; of hours, also how many did before, where that was more than twice or less than half as many."""
    was = int(row["previous_value"] or 0) if row and "full_value" not in row else 0
    # Of none, more is said elsewhere; a few say little.
    is_news = bool(runs and was) and max(runs, was) >= SOME_RUNS and not was <= 2 * runs <= 4 * was
    said = _was(runs, was, before) if is_news else ""
    return Fact(_count(runs, "run") + said, "recent_runs", listing, is_news and runs < was >= ENOUGH)


def _was(now: int, was: int, before: str) -> str:
    if now == was:
        return ""
    return f" ({f'{was:,}' if was else 'none'} {'' if before == DAY_BEFORE else 'in '}{before})"


def _compared(row: Row, before: str, within: Mapping[str, str]) -> list[Fact]:
    """The change of a cost; of days it is that of the full ones, where there are any."""
    now = row["full_value"] if "full_value" in row else row["value"]
    if not row["previous_value"] or ("full_value" in row and not now):
        return []
    times = now / row["previous_value"]
    change_pct = 100 * (times - 1)
    if times >= MANY_TIMES:
        return [Fact(f"{times:,.0f} times {before}", "last_hours", within, True)]
    if abs(change_pct) < 0.5:
        return [Fact(f"as much as {before}", "last_hours", within)]
    words = change_words(change_pct, "more", "less")
    return [Fact(f"{words} than {before}", "last_hours", within, change_pct > BAD_COST_PCT)]


def _count(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {noun}s"


def _listing(within: Mapping[str, str], number: int) -> dict[str, str]:
    """The parameters that list so many runs; the report lists 100 unless more are wanted."""
    return {**within, "limit": str(number)} if number > 100 else dict(within)
