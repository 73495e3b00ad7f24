"""What the reports say of one story, run, step, pipeline or source: the sections of its page, and of `diagnose`."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import StoryreportError
from .catalogue import find
from .run import Rows, run

KEYED = {"story": "stories", "run": "runs"}
NEAR = 10


@dataclass(frozen=True)
class Section:
    """A report within a page; without rows it is left out, or `if_empty` is said.

    A parameter that the report does not take is a condition on its column of that name.
    """

    report: str
    title: str
    takes: str
    if_empty: str = ""


SECTIONS = {
    "story": (
        Section("failed_stories", "Failure", "story", "Not failed."),
        Section("cost_by_story", "Cost", "story", "Cost: unknown (no API calls are linked to this story)."),
        Section("story_status", "Steps", "story"),
        Section("story_attempts", "Attempts", "story"),
        Section("story_runs", "Runs", "story"),
        Section("story_tree", "Tree", "story"),
        Section("story_tree_problems", "Tree problems", "story"),
        Section("output_mismatches", "Files that do not match the status", "story"),
        Section("story_files", "Files", "story"),
    ),
    "run": (
        Section("run_status", "Status", "run"),
        Section("run_diagnosis", "Diagnosis", "run"),
        Section("run_timeline", "Timeline", "run"),
        Section("stuck_runs", "Stuck", "run"),
        Section("repeated_warnings", "Repeated warnings", "run"),
        Section("run_calls", "Calls", "run"),
        Section("batch_events", "Events", "batch"),
    ),
    "step": (
        Section("step_durations", "Durations", "step"),
        Section("slowest_steps", "Totals", "step"),
        Section("duration_changes", "Since last week", "step"),
        Section("failure_trend", "Failures", "step"),
        Section("failed_stories", "Stories that failed at this step", "step"),
        Section("slowest_runs", "Slowest runs", "step"),
        Section("cost_by_step", "Cost", "step"),
    ),
    "pipeline": (
        Section("recent_runs", "Runs", "pipeline"),
        Section("throughput", "Runs by day", "pipeline"),
        Section("stuck_runs", "Stuck", "pipeline"),
        Section("failed_runs", "Failures", "pipeline"),
        Section("slowest_steps", "Steps", "pipeline"),
        Section("failure_rates", "Failure rates", "pipeline"),
        Section("cost_by_step", "Cost", "pipeline"),
    ),
    "source": (
        Section("ingests", "Freshness", "source"),
        Section("data_quality", "Data quality", "source"),
        Section("rejected_rows", "Rejected rows", "source"),
        Section("throughput", "Throughput", "source"),
        Section("slowest_steps", "Time spent", "source"),
        Section("failure_rates", "Failure rates", "source"),
        Section("stuck_runs", "Stuck", "source"),
        Section("orphans", "Orphans", "source"),
        Section("api_reliability", "API reliability", "source"),
        Section("cost_forecast", "Cost", "source"),
    ),
}


def diagnose(
    connection: sqlite3.Connection, kind: str, key: str, source: str = ""
) -> Iterator[tuple[str, list[str], Rows, str]]:
    """(title, columns, rows, what is said without rows) of each section about a story or run.

    StoryreportError where nothing is known of the key.
    """
    found = [(section, *_rows(connection, section, key, source)) for section in SECTIONS[kind]]
    if not any(rows for _, _, rows in found):
        raise StoryreportError(_unknown(connection, kind, key, source))
    for section, columns, rows in found:
        if rows or section.if_empty:
            yield section.title, columns, rows, section.if_empty


def _rows(connection: sqlite3.Connection, section: Section, key: str, source: str) -> tuple[list[str], Rows]:
    report = find(section.report)
    names = {param.name for param in report.params}
    given = {name: value for name, value in (("source", source), (section.takes, key)) if name in names and value}
    columns, rows = run(connection, report, given)
    for name, value in (("source", source), (section.takes, key)):
        if value and name not in names and name in columns:
            place = columns.index(name)
            rows = [row for row in rows if row[place] == value]
    return columns, rows


def _unknown(connection: sqlite3.Connection, kind: str, key: str, source: str) -> str:
    table, start = KEYED[kind], key[: max(1, len(key) // 2)]
    near = [
        found
        for (found,) in connection.execute(
            f"select distinct source_key from {table}"
            " where gone_at is null and substr(source_key, 1, ?) = ? order by source_key limit ?",
            [len(start), start, NEAR],
        )
    ]
    where = f" in {source}" if source else ""
    return f"No {kind} {key!r}{where}." + (f" Did you mean: {', '.join(near)}?" if near else "")
