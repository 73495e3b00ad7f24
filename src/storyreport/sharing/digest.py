"""A digest of a period: what is wrong, key figures, what changed and what is new, as sections of lines."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from .. import reports
from ..errors import UsageError
from ..nouns import counted
from ..reports import periods
from ..values.quantities import duration, money
from ..verdicts import acknowledged, figures, reasons

Row = dict[str, Any]
# Sections of what is bad news though all checks are ok.
STOPPED, FAILED_MOST, COST_MORE, COSTLY_RUN = "Missing runs", "What failed most", "What cost more", "An expensive run"
WRONG = (STOPPED, FAILED_MOST, COST_MORE, COSTLY_RUN)
# The beginning of an error says which one it is.
LETTERS = 160
# The sections that show the chart of their report: the trend behind its numbers.
PICTURED = ("Work done", "Most time spent", "Cost")
HOURS = re.compile(r"([1-9]\d{0,4})h", re.ASCII)


class Part(NamedTuple):
    """A section: its title, its report, the report's parameters, the select of its rows, and the line of a row."""

    title: str
    report: str
    params: Mapping[str, str]  # a value may be {since}, {before} or {days}
    select: str
    line: Callable[[Row], str]

    @classmethod
    def of(cls, title: str, asked: figures.Question, line: Callable[[Row], str]) -> "Part":
        """The section of a question that the home page has, too."""
        return cls(title, asked.report, asked.params, asked.select, line)


@dataclass(frozen=True)
class Section:
    """A section as it was found; `rows` are as the report has them."""

    title: str
    report: str
    params: Mapping[str, str]
    lines: tuple[str, ...]
    rows: tuple[Row, ...]

    def url(self, base: str, ending: str = "") -> str:
        """The address of its report (`.png`: of its picture) on a server; empty without one."""
        query = f"?{urlencode(self.params)}" if self.params else ""
        return f"{base.rstrip('/')}/storyreport/{self.report}{ending}{query}" if base else ""

    @property
    def is_pictured(self) -> bool:
        """Whether its chart says more than its lines."""
        return self.title in PICTURED


@dataclass(frozen=True)
class Digest:
    """A digest: its period (first and last UTC day), one sentence, and the sections that have rows."""

    since: str
    until: str
    verdict: str
    sections: tuple[Section, ...]


def _text(value: object) -> str:
    text = " ".join(str(value or "").split())
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _times(row: Row) -> str:
    return f"{row['work']}: {row['now']:,} (full days up to yesterday: {row['full']:,}, before: {row['before']:,})"


def _step(row: Row) -> str:
    return " ".join(filter(None, (f"{row['step']} of {row['source']}", row["pipeline"])))


def _changed(row: Row) -> str:
    was, now, change = duration(row["previous_p95_ms"]), duration(row["p95_ms"]), row["change_pct"]
    return f"{_step(row)}: p95 {now}, {was} before ({change:+.0f} %)"


def _failing(row: Row) -> str:
    was, now = row["previous_failure_pct"], row["failure_pct"]
    return f"{_step(row)}: {now:.1f} % failed, {was:.1f} % before"


def _cost_change(row: Row) -> str:
    was, now = (money(row[name], row["currency"] or "") for name in ("previous_cost", "cost"))
    who = f"{row['provider'] or 'unknown provider'} of {row['source']}"
    return f"{who}: {now} up to yesterday, {was} in as many days before"


def _health(row: Row) -> str:
    text = f"{row['status']}: {row['detail']}"
    return text if row["new"] == row["count"] else f"{text} {row['new']:,} new, the others are known."


def _slowest(row: Row) -> str:
    return f"{_step(row)}: {duration(row['total_ms'])}, p95 {duration(row['p95_ms'])}"


def _failure(row: Row) -> str:
    often = "once, on" if row["occurrences"] == 1 else f"{row['occurrences']:,} times since"
    return f"{_text(row['error'])}: {often} {row['first_seen'][:10]}"


def _failed_most(row: Row) -> str:
    return _said(reasons.most_failed([row], hours=None))


def _stopped(row: Row) -> str:
    return _said(reasons.missing([{**row, "pipelines": 1}]))


def _said(fact: figures.Fact | None) -> str:
    return f"{fact.text}: {_text(fact.detail)}" if fact else ""


SINCE = {"since": "{since}", "until": "today"}
PARTS = (
    Part(
        "To look at",
        "health",
        {},
        """select "check", status, detail, report, count from report where status <> 'ok' order by status""",
        _health,
    ),
    Part.of(FAILED_MOST, reasons.MOST_FAILED_OF_DAYS, _failed_most),
    Part.of(STOPPED, reasons.MISSING, _stopped),
    Part(
        "Work done",
        "throughput",
        {"since": "{full_before}", "until": "today"},
        """
        select
            work,
            sum(case when day >= :first then times else 0 end) as now,
            sum(case when day >= date(:first, '-1 day') and day < :today then times else 0 end) as full,
            sum(case when day < date(:first, '-1 day') then times else 0 end) as before
        from (
            select 1 as place, 'stories completed' as work, day, stories_completed as times from report
            union all
            select 2, 'runs completed', day, runs_completed from report
            union all
            select 3, 'runs failed', day, runs_failed from report
        )
        group by place, work
        having sum(times) > 0
        order by place
        """,
        _times,
    ),
    Part(
        "Most time spent",
        "slowest_steps",
        SINCE,
        f"""
        select step, source, {figures.PIPELINE}, total_ms, p95_ms from report
        where total_ms > 0 order by total_ms desc, source, step limit 3
        """,
        _slowest,
    ),
    Part(
        "Cost",
        "cost",
        SINCE,
        """
        select sum(cost) as cost, currency, sum(unpriced_calls) as unpriced_calls from report
        where cost is not null group by currency order by cost desc
        """,
        lambda row: money(row["cost"], row["currency"] or ""),
    ),
    Part.of("Slower and faster steps", figures.SLOWER_STEPS, _changed),
    Part.of("Failing steps", figures.FAILING_STEPS, _failing),
    Part.of("Changes of cost", figures.COST_CHANGES, _cost_change),
    Part.of("New errors", figures.NEW_ERRORS, _failure),
)

# What `last_hours` says of hours, of days: its figures of the period, and, as today is not over, those of as many full
# days up to yesterday and before.
SUMS = (
    figures.Question(
        "throughput",
        {"since": "{full_before}", "until": "today"},
        """
        select
            figure,
            null as currency,
            sum(case when day >= :first then times else 0 end) as value,
            sum(case when day >= date(:first, '-1 day') and day < :today then times else 0 end) as full_value,
            sum(case when day < date(:first, '-1 day') then times else 0 end) as previous_value
        from (
            select 'runs' as figure, day, runs_completed + runs_failed as times from report
            union all
            select 'failed runs', day, runs_failed from report
        )
        group by figure
        """,
    ),
    figures.Question(
        "cost",
        {"since": "{full_before}", "until": "today"},
        """
        select
            'cost' as figure,
            currency,
            sum(case when day >= :first then cost else 0 end) as value,
            sum(case when day >= date(:first, '-1 day') and day < :today then cost else 0 end) as full_value,
            sum(case when day < date(:first, '-1 day') then cost else 0 end) as previous_value
        from report
        where cost is not null
        group by currency
        order by value desc, currency
        """,
    ),
)


def digest(connection: sqlite3.Connection, period: str) -> Digest:
    """The digest of a period that ends now; UsageError where it is none."""
    bounds = periods.bounds(period)
    today = periods.now().date()
    if bounds is None or bounds.since > today:
        raise UsageError(f"{period!r} is not a period: use e.g. 24h, 7d, 4w or month.")
    days = (today - bounds.since).days + 1
    words = {"since": bounds.since.isoformat(), "days": str(days)}
    words["before"] = (bounds.since - timedelta(days=days)).isoformat()
    words["full_before"] = (bounds.since - timedelta(days=days + 1)).isoformat()
    words["today"] = today.isoformat()
    hours = HOURS.fullmatch(period.strip().lower())
    parts = (*PARTS, *_of_hours(int(hours[1]))) if hours else PARTS
    words |= {"hours": hours[1], "twice": str(2 * int(hours[1]))} if hours else {"hours": ""}
    found = [_section(connection, part, words) for part in parts]
    known = sum(row["count"] for section in found[:1] for row in section.rows if not row["new"])
    sections = tuple(section for section in (_news(found[0]), *found[1:]) if section.rows)
    has_runs = any(row["now"] for section in sections if section.title == "Work done" for row in section.rows)
    problems = next((section.rows for section in sections if section.report == "health"), ())
    newest = [] if has_runs else _rows(connection, figures.LAST_RUN, words)
    # A history of usage alone has sums, too.
    if has_runs or (sections and not any(row["runs"] for row in newest)):
        sums, is_worse = _sums(connection, words)
        said = f". {sums}"
    else:
        said, is_worse = ", ".join(["; no runs", *(fact.text for fact in figures.last_run(newest))]), False
    verdict = f"{counted(len(problems), 'thing')} to look at" if problems else "All is well"
    if not problems and (is_worse or any(section.title in WRONG for section in sections)):
        # What the checks do not know.
        verdict = "All checks are ok"
    verdict += f"; {known:,} known{said}" if known else said
    return Digest(words["since"], today.isoformat(), f"{verdict}.", sections)


def _news(health: Section) -> Section:
    """The checks with findings that are not acknowledged."""
    kept = [(line, row) for line, row in zip(health.lines, health.rows, strict=True) if row["new"]]
    return replace(health, lines=tuple(line for line, _ in kept), rows=tuple(row for _, row in kept))


def _of_hours(hours: int) -> tuple[Part, ...]:
    """The sections on what cost more in the last hours, which the sections on days do not know."""
    return (
        Part.of(COST_MORE, reasons.COSTLIER, lambda row: _said(reasons.costlier([row], hours))),
        Part.of(COSTLY_RUN, reasons.COSTLIEST_RUN, lambda row: _said(reasons.costliest_run([row], hours))),
    )


def _sums(connection: sqlite3.Connection, words: Mapping[str, str]) -> tuple[str, bool]:
    """The home page's verdict for a period of hours; for others the sums of their days, as the sections have them.

    And whether far fewer ran than before, which the checks do not know.
    """
    if hours := words["hours"]:
        facts, named = figures.of_hours(connection, int(hours)), f"Last {hours} h"
    else:
        rows = [row for asked in SUMS for row in _rows(connection, asked, words)]
        days = counted(int(words["days"]), "day")
        facts, named = figures.verdict(rows, None, before=f"the {days} before"), f"Last {days}"
        if figures.is_idle(rows):
            facts = figures.idle(facts, _rows(connection, figures.LAST_RUN, words))
    return f"{named}: {', '.join(fact.text for fact in facts)}", bool(facts) and facts[0].is_bad


def _rows(connection: sqlite3.Connection, asked: figures.Question, words: Mapping[str, str]) -> list[Row]:
    params = {name: value.format(**words) for name, value in asked.params.items()}
    return reports.select(
        connection, reports.find(asked.report), params, asked.select, {"first": words["since"], "today": words["today"]}
    )


def _section(connection: sqlite3.Connection, part: Part, words: Mapping[str, str]) -> Section:
    params = {name: value.format(**words) for name, value in part.params.items()}
    rows = _rows(connection, figures.Question(part.report, part.params, part.select), words)
    if part.report == "health":
        held = acknowledged.held(connection)
        for row in rows:
            is_held = row["check"] in held
            row["new"] = acknowledged.number_of_new(connection, row["check"], {}) if is_held else row["count"]
    return Section(part.title, part.report, params, tuple(map(part.line, rows)), tuple(rows))
