"""Notes: what is kept of them, what is refused, and what happens to them with their source."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, pairs

from storyreport.errors import UsageError
from storyreport.upkeep import notes, public, scrub, sources

NOW = datetime(2026, 11, 29, 12, 30, 15, tzinfo=timezone.utc)


@pytest.fixture
def noted(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    """Two sources, a note on one and a note on all."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("step,started_at\nwrite,2026-11-01\n", "utf-8")
        db.ingest(tmp_path / f"{name}.csv")
    notes.add(db.path, "  new\n prompt\x07 ", "2026-11-02T10:00:00+02:00", "one")
    notes.add(db.path, "all new", "2026-11-03")
    return db


def test_the_report_has_them_latest_first(noted: ReportDatabase) -> None:
    """A text in one line, the time as UTC; of one source only its own."""
    rows = noted.report("notes")
    assert pairs(rows, "at", "source", "note") == [
        ("2026-11-03T00:00:00.000Z", None, "all new"),
        ("2026-11-02T08:00:00.000Z", "one", "new prompt"),
    ]
    assert pairs(noted.report("notes", source="one"), "note") == [("new prompt",)]
    assert noted.report("notes", source="two") == []


def test_one_is_removed(noted: ReportDatabase) -> None:
    number = noted.report("notes")[0]["id"]
    notes.remove(noted.path, number)
    assert pairs(noted.report("notes"), "note") == [("new prompt",)]
    with pytest.raises(UsageError, match=f"There is no note {number}: `storyreport note --list` shows them."):
        notes.remove(noted.path, number)


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        ("now", "2026-11-29T12:30:15.000Z"),
        (" Yesterday ", "2026-11-28T00:00:00.000Z"),
        ("today", "2026-11-29T00:00:00.000Z"),
        ("2026-02-28T23:59Z", "2026-02-28T23:59:00.000Z"),
        ("2027-11-30", "2027-11-30T00:00:00.000Z"),
        ("1970-01-01", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_times(at: str, moment: str) -> None:
    assert notes.moment_of(at, NOW) == moment


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("9999-12-31", "9999-12-31 is more than a year ahead"),
        (str((NOW + timedelta(days=370)).date()), "is more than a year ahead"),
        ("0900-01-01", "0900-01-01 is before 1970"),
        ("2026-02-30", "'2026-02-30' is not a time"),
        ("soon", "'soon' is not a time"),
        ("", "'' is not a time"),
    ],
)
def test_times_that_are_refused(at: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        notes.moment_of(at, NOW)


@pytest.mark.parametrize(
    ("text", "source", "reason"),
    [
        (" \n\t", "", "The note has no text"),
        ("x" * 301, "", "The note has 301 letters: use at most 300"),
        ("a", "ona", "There is no source 'ona': did you mean one"),
    ],
)
def test_notes_that_are_refused(noted: ReportDatabase, text: str, source: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        notes.add(noted.path, text, source=source)
    assert len(noted.report("notes")) == 2


def test_a_secret_is_not_kept(noted: ReportDatabase) -> None:
    """Neither what is written now nor, after `scrub`, what an earlier rule kept."""
    secret = "key sk-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    notes.add(noted.path, secret, "2026-11-04")
    assert "sk-abc" not in noted.report("notes")[0]["note"]
    with closing(sqlite3.connect(noted.path)) as connection, connection:
        connection.execute("update notes set note = ?", [secret])
    assert [(each.table, each.rows) for each in scrub.scrub(noted.path)] == [("notes", 3)]
    assert not [row for row in noted.report("notes") if "sk-abc" in row["note"]]


def test_they_go_with_their_source(noted: ReportDatabase) -> None:
    """A rename keeps them, a merge moves them, removal deletes them; those about all stay."""
    sources.rename(noted.path, "one", "first")
    assert pairs(noted.report("notes", source="first"), "note") == [("new prompt",)]
    sources.merge(noted.path, "first", "two")
    assert pairs(noted.report("notes", source="two"), "note") == [("new prompt",)]
    sources.remove(noted.path, "two")
    assert pairs(noted.report("notes"), "note") == [("all new",)]


def test_a_copy_for_others_has_none(noted: ReportDatabase, tmp_path: Path) -> None:
    public.publish(noted.path, tmp_path / "public.db")
    assert ask(tmp_path / "public.db", "select count(*) from notes") == [(0,)]
    assert len(noted.report("notes")) == 2
