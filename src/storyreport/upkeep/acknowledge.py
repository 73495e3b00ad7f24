"""Acknowledge the findings that a check has now, and take that back."""

import sqlite3
from pathlib import Path

from .. import reports
from ..errors import StoryreportError, UsageError
from ..nouns import counted
from ..reports import periods
from ..transaction import Progress
from ..verdicts import acknowledged
from .changing import changing

# So many findings are no exceptions; each is kept.
MOST = 100_000


def until(text: str) -> str | None:
    """The last day of a date or month that lies ahead, None for ''; UsageError where it is none or has passed."""
    if not text:
        return None
    bounds = periods.bounds(text) if text[:1].isdigit() and "-" in text else None
    if bounds is None:
        raise UsageError(f"{text!r} is not a date: use e.g. 2027-01-31, or 2027-01 for the whole month.")
    if bounds.until < periods.now().date():
        raise UsageError(f"--until {text} has passed: name a day to come.")
    return bounds.until.isoformat()


def acknowledge(
    database: Path, check: str, until_day: str | None, note: str, progress: Progress = lambda _: None
) -> int:
    """Put aside the findings that a check has now, in place of what was acknowledged of it; return how many."""
    asked = acknowledged.listed(check)
    with changing(database, progress) as connection:
        more = {"source": "", **asked.params}
        rows = reports.select(connection, reports.find(asked.report), {}, asked.select, more)
        if not rows:
            raise StoryreportError(f"The check {check!r} has no findings now: there is nothing to acknowledge.")
        if len(rows) > MOST:
            raise StoryreportError(
                f"The check {check!r} has {counted(len(rows), 'finding')}, {MOST:,} can be acknowledged: solve some of"
                f" them, see `storyreport report {asked.report}`."
            )
        _remove(connection, check)
        (number,) = connection.execute(
            "insert into main.acknowledgements (check_name, acknowledged_at, until_day, note)"
            " values (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?, ?) returning id",
            [check, until_day, note],
        ).fetchone()
        connection.executemany(
            "insert into main.acknowledged_findings (acknowledgement_id, source_id, finding) values (?, ?, ?)",
            [(number, row["source_id"], row["finding"]) for row in rows],
        )
    return sum(row["number"] for row in rows)


def take_back(database: Path, check: str, progress: Progress = lambda _: None) -> None:
    """Let a check's findings count again; StoryreportError where none are acknowledged."""
    acknowledged.find(check)
    with changing(database, progress) as connection:
        if not _remove(connection, check):
            raise StoryreportError(f"No finding of {check!r} is acknowledged: see `storyreport ack --list`.")


def _remove(connection: sqlite3.Connection, check: str) -> int:
    connection.execute(
        "delete from main.acknowledged_findings where acknowledgement_id in"
        " (select id from main.acknowledgements where check_name = ?)",
        [check],
    )
    return connection.execute("delete from main.acknowledgements where check_name = ?", [check]).rowcount
