"""Why a report has no rows, what would fill it, and where to go on from there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from .. import reports, rollups
from ..errors import how_to_load
from . import answers, lakes, links, unknown
from .unknown import Offered
from .visitor import Visitor

# What a base table holds.
HOLDS = {
    "story_nodes": "story trees",
    "log_events": "log lines",
    "calls": "calls of models or other paid services",
    "artifacts": "files",
    "events": "events",
    "step_runs": "runs of steps",
    "stories": "stories",
    "runs": "runs",
    "notes": "notes: add one with `storyreport note`",
}
# What a report is about, if it reads it; otherwise work in one of the tables of it, otherwise the first of HOLDS.
ALONE, WORK = ("story_nodes", "log_events", "artifacts"), ("step_runs", "runs")
# What it means that these reports are empty.
NOTHING = {
    "known_findings": "No finding has been acknowledged: `storyreport ack` does that.",
    "rejected_rows": "Every row could be loaded.",
}
# An empty one of these reports is good news.
FINDINGS = ("Integrity",)
OF_TROUBLE = (
    *("stuck_runs", "blocked_stories", "failed_stories", "failed_runs", "slow_runs", "repeated_warnings", "top_errors"),
    *("cost_anomalies", "missing_runs"),
)
NEEDS = re.compile(r"(?:^|(?<=\. ))[^.]*\b[Nn]eeds [^.]*\.")
NAMED = ("source", "pipeline", "step")
KEYS = ("run", "story", "batch")
# What a period is chosen by; without one there is nothing to compare with.
PERIOD = ("since", "until", "compare")


@dataclass(frozen=True)
class Empty:
    """Sentences on why, links to go on with as (title, address), and names to choose from."""

    sentences: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    near: Offered | None = None


async def of_report(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> Empty:
    """Why a report has no rows with these values."""
    if not await visitor.sources():
        return Empty((f"Nothing has been ingested yet: run `{how_to_load()}`.",))
    selected = links.selected(report, values)
    if found := await _of_name(visitor, report, values):
        return found
    if key := next((param.name for param in report.params if _is_missing(report, param, values)), None):
        return Empty((f"Enter a {key} {'key ' if key in KEYS else ''}above.",), (), await _near(visitor, report, key))
    if selected:
        return await _of_choice(visitor, report, selected)
    return Empty(await _reasons(visitor, report))


async def _of_name(visitor: Visitor, report: reports.Report, values: Mapping[str, str]) -> Empty | None:
    """What is said where a value names something unknown."""
    for param in report.params:
        kind, value = param.type if param.type in NAMED else param.name, values[param.name]
        if value and param.type in ("text", *NAMED) and await unknown.is_unknown(visitor, kind, value):
            others = {name: each for name, each in links.selected(report, values).items() if name != param.name}
            without = (f"Show it without this {param.name}", _address(visitor, report, others))
            is_needed = _is_missing(report, param, {**values, param.name: ""})
            near = await _near(visitor, report, param.name, value, others)
            if elsewhere := await lakes.elsewhere(visitor, kind, value, values.get("source", "")):
                # A report of detail says above where it is.
                sentences = elsewhere[:1] if reports.class_of(report) == "detail" else elsewhere
                return Empty(sentences, () if is_needed else (without,), near)
            return Empty((f"There is no {kind} {value!r}.",), () if is_needed else (without,), near)
    return None


async def _of_choice(visitor: Visitor, report: reports.Report, selected: Mapping[str, str]) -> Empty:
    """What is said of values that are known: whether there is something in other periods, or without them."""
    nothing = f"No rows for {', '.join(f'{name} = {value}' for name, value in selected.items())}."
    undated = {name: value for name, value in selected.items() if name not in PERIOD}
    if len(undated) < len(selected) and await _has_rows(visitor, report, undated):
        return Empty(
            (nothing, "There are some in other periods."), (("Show all days", _address(visitor, report, undated)),)
        )
    # Without its key a report about one thing has nothing to show.
    is_about_one = any(_is_missing(report, param, {param.name: ""}) for param in report.params)
    without = (("Show it without these", links.plain(visitor.datasette, report.name)),)
    return Empty((nothing, *_good(report), *_needs(report)), () if is_about_one else without)


async def _has_rows(visitor: Visitor, report: reports.Report, given: Mapping[str, str]) -> bool:
    result = await visitor.result(report.name, given, "select 1 as found from report limit 1")
    return bool(result and result.rows)


async def _near(
    visitor: Visitor, report: reports.Report, name: str, value: str = "", others: Mapping[str, str] | None = None
) -> Offered | None:
    """Names for a parameter, each leading to the report with it."""
    (param,) = (each for each in report.params if each.name == name)

    def address(choice: str, source: str) -> str:
        of_source = {"source": source} if source and name != "source" else {}
        return _address(visitor, report, {**(others or {}), **of_source, name: choice})

    return await unknown.offered(visitor, param.type if param.type in NAMED else name, value, address)


def _address(visitor: Visitor, report: reports.Report, given: Mapping[str, str]) -> str:
    """The report with these values alone: what the bar chose is among them, or has been left out."""
    path = links.plain(visitor.datasette, report.name)
    return f"{path}?{urlencode(given)}" if given else path


def _is_missing(report: reports.Report, param: reports.Param, values: Mapping[str, str]) -> bool:
    is_key = report.topic == "One run, one story" and param.name in KEYS
    return (param.is_required or is_key) and not values[param.name]


async def _reasons(visitor: Visitor, report: reports.Report) -> tuple[str, ...]:
    tables = _subject(report)
    for table in tables:
        found = await answers.rows(visitor.datasette, f"select exists (select 1 from {table}) as found")
        if found.rows[0]["found"]:
            break
    else:
        if tables:
            return (_nothing(tables[-1]), *_needs(report))
    nothing = NOTHING.get(report.name, "The sources have no rows for this report.")
    return (*(_good(report) or (nothing,)), *_needs(report))


def _subject(report: reports.Report) -> list[str]:
    """The tables of which one has to have rows; others only add to them: a failed run has its calls, too."""
    found = [table for table in HOLDS if table in _base_tables(report.sql)]
    if alone := [table for table in found if table in ALONE or (table == "calls" and report.topic == "Cost")]:
        return alone[:1]
    return [table for table in found if table in WORK] or (list(WORK) if report.topic == "Right now" else found[:1])


def _nothing(table: str) -> str:
    return f"There are no {HOLDS[table]}." if table == "notes" else f"No source has {HOLDS[table]}."


def _good(report: reports.Report) -> tuple[str, ...]:
    is_good = report.topic in FINDINGS or report.name in OF_TROUBLE
    return ("Nothing was found, which is good.",) if is_good else ()


def _needs(report: reports.Report) -> tuple[str, ...]:
    """What the report says that it needs from a source."""
    return tuple(" ".join(found.split()) for found in NEEDS.findall(report.description))


def _base_tables(sql: str) -> set[str]:
    """The base tables that a SELECT is made of, directly or by way of rollups."""
    words = set(re.findall(r"\w+", sql))
    found = words & HOLDS.keys()
    by_name = rollups.definitions()
    for one in by_name.values():
        names = {table.name for table in (one.table, one.total) if table}
        if names & words and one.group:
            found |= one.group.dirty.keys() & HOLDS.keys()
    return found
