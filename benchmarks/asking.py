"""The reports as they are asked here: which parameters each is given, and how long it takes."""

import contextlib
import sqlite3
from pathlib import Path

from storyreport import reports, schema
from storyreport.reports import Report

from .measure import median_ms

Given = dict[str, str]
ABOUT_ONE_THING = "One run, one story"
# What such a report is asked about: the last one that has something to tell.
ONE_THING = {
    "name": "select 'story-1'",
    "step": """
        select family
        from steps
        where id = (select min(id) from steps)
    """,
    "story": """
        select stories.source_key
        from stories
        where stories.id = (select max(story_id) from step_runs)
    """,
    "run": """
        select runs.source_key
        from runs
        where runs.id = (select max(run_id) from step_runs)
    """,
    "batch": """
        select runs.source_key
        from runs
        where runs.id = (select max(run_id) from events)
    """,
}
NARROWING = {
    "since": """
        select date(max(day), '-30 days')
        from step_runs
        where step_id = (select min(id) from steps)
    """,
    "source": """
        select name
        from sources
        where id = (select min(id) from sources)
    """,
}


def questions(connection: sqlite3.Connection, report: Report) -> list[Given]:
    """A report without parameters; then, if it is about one thing, with that thing."""
    if report.topic != ABOUT_ONE_THING:
        return [{}]
    names = [param.name for param in report.params if param.name in ONE_THING]
    return [{}, {name: _value(connection, ONE_THING[name]) for name in names}]


def narrowed(connection: sqlite3.Connection, report: Report) -> list[Given]:
    """A report of the last month, and of one source, if it takes them."""
    names = {param.name for param in report.params if report.topic != ABOUT_ONE_THING}
    return [{name: _value(connection, sql)} for name, sql in NARROWING.items() if name in names]


def asked(path: Path, report: Report, given: Given) -> tuple[int, float]:
    """How many rows a report has, and its median time in ms, on a connection of its own."""
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        values = reports.for_sql(report, reports.bind(report, given))
        rows = len(connection.execute(report.sql, values).fetchall())
        return rows, median_ms(lambda: connection.execute(report.sql, values).fetchall())


def titled(name: str, given: Given) -> str:
    """A report and its parameters, in a table."""
    return " ".join([name, *(f"{key}={value}" for key, value in given.items())])


def _value(connection: sqlite3.Connection, sql: str) -> str:
    row = connection.execute(sql).fetchone()
    return str(row[0]) if row else ""
