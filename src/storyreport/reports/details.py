"""What the reports say of one story, run, step, pipeline or source: the sections of its page, and of `diagnose`."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import UsageError
from .catalogue import find
from .known import check_name
from .run import Rows, run


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
        Section("run_cost", "Cost", "run"),
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

    UsageError with the closest names where nothing is known of the key.
    """
    found = [(section, *_rows(connection, section, key, source)) for section in SECTIONS[kind]]
    if not any(rows for _, _, rows in found):
        if source:
            check_name(connection, "source", source)
        check_name(connection, kind, key)
        raise UsageError(f"Nothing is known of the {kind} {key!r}{f' in {source}' if source else ''}.")
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
