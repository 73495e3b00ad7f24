"""Why the last hours were bad: questions to reports, and the sentences made of their rows."""

import sqlite3
from collections.abc import Sequence
from datetime import date

from .. import reports
from ..nouns import counted
from ..reports import periods
from ..values.quantities import money
from .figures import BAD_COST_PCT, DAY_BEFORE, Fact, Question, Row, owner, short

# A third of what cost rose by.
LARGE_PART = 3
# A run that costs so many times as much as the most expensive one of some.
FAR_ABOVE, SOME_RUNS = 3, 3
# What failed most since {first}, and how often it did before that, from {before} on: errors that begin alike are one,
# as ids and places come later. The error is that of the last time; a name is empty where there are several.
_MOST_FAILED = """
    select
        count(*) as failures,
        max(failures_before) as failures_before,
        count(distinct source || ' ' || coalesce(pipeline, '')) as pipelines,
        case when count(distinct source) = 1 then min(source) end as source,
        case when count(distinct source || ' ' || coalesce(pipeline, '')) = 1 then min(pipeline) end as pipeline,
        case when count(distinct step) = 1 then min(step) end as step,
        min(failed_at) as first_at,
        substr(max(failed_at || coalesce(error, '')), 25) as error
    from (
        select
            *,
            sum(failed_at < {first}) over (partition by cause) as failures_before
        from (
            select
                *,
                coalesce(
                    substr(error, 1, 40), source || ' ' || coalesce(pipeline, '') || ' ' || coalesce(step, '')
                ) as cause
            from report
            where failed_at >= {before}
        )
    )
    where failed_at >= {first}
    group by cause
    -- Of two that failed as often, the one that failed before as well is no chance.
    order by failures desc, max(failures_before) desc, max(failed_at) desc
    limit {most}
"""
# Pipelines that ran regularly and stopped.
MISSING = Question(
    "missing_runs",
    {},
    """
    select
        source,
        pipeline,
        last_run_at,
        longest_pause_days,
        days_with_runs,
        count(*) over () as pipelines
    from report
    order by silent_minutes desc, source, pipeline
    limit 3
    """,
)
# The step that makes the most of it, where cost rose by as much as is bad news: of calls without a step, the model. One
# pipeline that makes nearly all of that has its own amounts.
COSTLIER = Question(
    "last_hours",
    {"hours": "{hours}", "per": "step"},
    f"""
    select
        what,
        case when is_one or count(distinct source) = 1 then max(source) end as source,
        case when is_one or count(*) = 1 then max(pipeline) end as pipeline,
        case when is_one then 1 else count(*) end as pipelines,
        currency,
        sum(value) as value,
        sum(previous_value) as previous_value
    from (
        select
            *,
            20 * max(rise) over (partition by what, currency) >= 19 * sum(rise) over (partition by what, currency)
                as is_one,
            max(rise) over (partition by what, currency) as largest_rise,
            sum(rise) over (partition by what, currency) as whole_rise,
            sum(rise) over (partition by currency) as total_rise
        from (
            select
                coalesce(step, model) as what,
                source,
                pipeline,
                currency,
                sum(value) as value,
                sum(previous_value) as previous_value,
                sum(value) - sum(previous_value) as rise,
                sum(sum(value)) over (partition by currency) as total,
                sum(sum(previous_value)) over (partition by currency) as previous_total
            from report
            where figure = 'cost'
            group by coalesce(step, model), source, report.pipeline, currency
        )
    )
    where
        previous_total > 0
        and 100 * total > {100 + BAD_COST_PCT} * previous_total
        and {LARGE_PART} * whole_rise >= total_rise
        and (not is_one or rise = largest_rise)
    group by what, currency
    order by max(total) desc, max(whole_rise) desc, what
    limit 1
    """,
)
# In the last :hours, and since :first, the first day of the period.
_AGO = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || {} || ' hours')"
# The run that makes most of it alone, and costs far more than any of its pipeline in the hours before.
COSTLIEST_RUN = Question(
    "recent_runs",
    {"since": "{twice}h", "hours": "{twice}", "order": "cost", "limit": "1000"},
    f"""
    select
        source,
        pipeline,
        run,
        currency,
        cost,
        largest_before
    from (
        select
            *,
            sum(case when is_last then cost else 0 end) over (partition by currency) as total,
            sum(case when is_last then 0 else cost end) over (partition by currency) as previous_total,
            count(case when not is_last then 1 end) over of_pipeline as runs_before,
            max(case when not is_last then cost end) over of_pipeline as largest_before
        from (
            select
                *,
                coalesce(started_at, '') > {_AGO.format("(:hours / 2)")} as is_last
            from report
            where cost is not null
        )
        window of_pipeline as (partition by source, pipeline, currency)
    )
    where
        is_last
        and runs_before >= {SOME_RUNS}
        and 100 * total > {100 + BAD_COST_PCT} * previous_total
        and cost >= {FAR_ABOVE} * largest_before
        and 2 * (cost - largest_before) >= total - previous_total
    order by cost - largest_before desc, source, run
    limit 1
    """,
)
MOST_FAILED = Question(
    "failed_runs",
    {"since": "{twice}h", "hours": "{hours}"},
    _MOST_FAILED.format(first=_AGO.format(":hours"), before=_AGO.format("(2 * :hours)"), most=1),
)
MOST_FAILED_OF_DAYS = Question(
    "failed_runs",
    {"since": "{since}", "until": "today"},
    _MOST_FAILED.format(first=":first", before=":first", most=3),
)


def most_failed(rows: Sequence[Row], hours: int | None = 24) -> Fact | None:
    """Where most of the last hours failed, and why, from the rows of MOST_FAILED; None where nothing did.

    Of days (no hours), it says the day.
    """
    if not rows:
        return None
    row = rows[0]
    named = {name: row[name] for name in ("source", "pipeline", "step") if row[name]}
    who = owner(row) if row["pipelines"] == 1 else counted(row["pipelines"], "pipeline")
    where = f" in {short(row['step'])}" if row["step"] else ""
    often, since = (f"{row['failures']:,} times", "since") if row["failures"] > 1 else ("once", "at")
    text = f"{who} failed {often}{where}, {since} {_moment(row['first_at'], hours is not None)}"
    if before := row.get("failures_before"):
        text += f" ({before:,} {DAY_BEFORE if hours == 24 else f'in the {hours} h before'})"
    error = " ".join(row["error"].split()) or "no error is recorded"
    of_hours = {"since": f"{hours}h"} if hours else {}
    return Fact(text, MOST_FAILED.report, {**of_hours, **named}, True, error)


def missing(rows: Sequence[Row], hours: int = 24) -> Fact | None:
    """Which pipelines stopped, and when, from the rows of MISSING, of any hours; None where none did."""
    if not rows:
        return None
    since = [f"{owner(row)} since {_moment(row['last_run_at'], True)}" for row in rows]
    row, count = rows[0], rows[0]["pipelines"]
    if count == 1:
        text = since[0].replace(" since ", " has not run since ", 1)
        detail = f"it ran on {row['days_with_runs']} of the 28 days up to then"
        return Fact(text, MISSING.report, _named(row), True, detail)
    others = [f"{count - len(rows):,} more"] if count > len(rows) else []
    stopped = f"{counted(count, 'pipeline')} have stopped"
    return Fact(stopped, MISSING.report, {}, True, ", ".join([*since, *others]))


def costlier(rows: Sequence[Row], hours: int = 24) -> Fact | None:
    """The step behind most of a rise in cost, from the rows of COSTLIER; None where it did not rise, or no step did."""
    if not rows:
        return None
    row, currency = rows[0], rows[0]["currency"] or ""
    who = owner(row) if row["pipelines"] == 1 else counted(row["pipelines"], "pipeline")
    what = f"{short(row['what'])} of {who}" if row["what"] else who
    text = f"{what} cost {money(row['value'] - row['previous_value'], currency)} more"
    was = money(row["previous_value"], currency) if row["previous_value"] else "nothing"
    before = DAY_BEFORE if hours == 24 else f"in the {hours} h before"
    within = {"hours": str(hours), "per": "step"}
    return Fact(text, COSTLIER.report, within | _named(row), True, f"{money(row['value'], currency)}, {was} {before}")


def costliest_run(rows: Sequence[Row], hours: int = 24) -> Fact | None:
    """The run that makes most of a rise in cost, from the rows of COSTLIEST_RUN; None where none does."""
    if not rows:
        return None
    row, currency = rows[0], rows[0]["currency"] or ""
    text = f"{short(row['run'])} of {owner(row)} alone cost {money(row['cost'], currency)}"
    before = DAY_BEFORE if hours == 24 else f"in the {hours} h before"
    largest = f"the most expensive one {before} cost {money(row['largest_before'], currency)}"
    return Fact(text, COSTLIEST_RUN.report, {"hours": str(hours), "order": "cost"} | _named(row), True, largest)


# Each question, and the sentence that is made of its rows.
ALL = (
    (MOST_FAILED, most_failed),
    (MISSING, missing),
    (COSTLIER, costlier),
    (COSTLIEST_RUN, costliest_run),
)


def of_hours(connection: sqlite3.Connection, hours: int, source: str = "") -> list[Fact]:
    """Why the last hours were bad, of one source or of all."""
    facts = []
    for asked, said in ALL:
        report = reports.find(asked.report)
        words = {"hours": hours, "twice": 2 * hours}
        given = {**{name: value.format(**words) for name, value in asked.params.items()}, "source": source}
        takes = {param.name for param in report.params}
        params = {name: value for name, value in given.items() if name in takes}
        more = {} if "hours" in takes else {"hours": str(hours)}
        rows = reports.select(connection, report, params, asked.select, more)
        facts.append(said(rows, hours))
    return [fact for fact in facts if fact]


def _named(row: Row) -> dict[str, str]:
    return {name: row[name] for name in ("source", "pipeline") if row[name]}


def _moment(at: str, is_near: bool) -> str:
    """A time of today or yesterday by the clock where that is near enough, another one with its day."""
    ago = (periods.now().date() - date.fromisoformat(at[:10])).days
    word = {0: "", 1: " yesterday"}.get(ago) if is_near else None
    return f"{at[:10]} {at[11:16]} UTC" if word is None else f"{at[11:16]} UTC{word}"
