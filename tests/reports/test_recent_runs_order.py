"""The latest runs by how much slower they were than usual, and by what they cost; the order is worked out by hand."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase

from storyreport import reports
from storyreport.errors import UsageError

ATTEMPTS = "run,pipeline,step,status,started_at,ended_at,duration_ms"
CALLS = "run,provider,called_at,cost,currency"


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """Twenty runs of books take 10 s, of films 100 s; then there is a run a day, the first not of the last week."""
    attempts, calls = [ATTEMPTS], [CALLS]
    for place in range(20):
        attempts.append(f"book-{place},books,plan,completed,,2026-03-01T10:00:{place:02}Z,10000")
        attempts.append(f"film-{place},films,plan,completed,,2026-03-01T11:00:{place:02}Z,100000")
    for run, pipeline, status, day, seconds, cost in (
        ("before", "books", "completed", "13", 900, 90),
        ("twice", "films", "completed", "14", 200, 1),
        ("thrice", "books", "completed", "15", 30, 2),
        ("as usual", "films", "completed", "16", 100, 0),
        ("failed", "films", "failed", "17", 3000, 5),
        ("faster", "books", "completed", "18", 5, 0.5),
        ("unlike any", "plays", "completed", "19", 5000, 0),
        ("newest", "books", "completed", "20", 15, 0),
    ):
        attempts.append(f"{run},{pipeline},plan,{status},,2026-03-{day}T10:00:00Z,{1000 * seconds}")
        calls += [f"{run},acme,2026-03-{day}T09:00:00Z,{cost / 2},USD"] * 2 if cost else []
    calls.append("faster,acme,2026-03-18T09:00:00Z,3,EUR")
    (tmp_path / "plain").mkdir()
    for name, lines in (("attempts", attempts), ("calls", calls)):
        (tmp_path / "plain" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = ReportDatabase(tmp_path)
    found.ingest(tmp_path / "plain")
    return found


def runs(db: ReportDatabase, **given: str) -> list[str]:
    """The runs in the order of the report, each once."""
    return list(dict.fromkeys(str(row["run"]) for row in db.report("recent_runs", **given)))


def test_the_slowest_against_their_usual_come_first(db: ReportDatabase) -> None:
    """3, 2, 1.5, 1 and half times as long; then those that are not held against anything, newest first."""
    order = ["thrice", "twice", "newest", "as usual", "faster", "unlike any", "failed"]
    assert runs(db, order="slower") == order
    assert runs(db, order="slower", limit="2") == order[:2]
    assert runs(db, order="slower", since="2026-03-10", limit="1") == ["before"]
    assert runs(db, order="slower", until="2026-03-19", limit="1") == ["before"], "the 7 days up to the 19th"
    assert runs(db, order="slower", pipeline="films") == ["twice", "as usual", "failed"]


def test_the_most_expensive_come_first(db: ReportDatabase) -> None:
    """5 USD, 3 EUR (with half a dollar), 2 and 1 USD; those without a cost come last, newest first."""
    order = ["failed", "faster", "thrice", "twice", "newest", "unlike any", "as usual"]
    assert runs(db, order="cost") == order
    assert runs(db, order="cost", limit="3") == order[:3]
    assert runs(db, order="cost", since="2026-03-10", limit="1") == ["before"]
    found = [(row["run"], row["cost"], row["currency"]) for row in db.report("recent_runs", order="cost", limit="2")]
    assert found == [("failed", 5.0, "USD"), ("faster", 3.0, "EUR"), ("faster", 0.5, "USD")]


def test_the_newest_come_first_unless_said_otherwise(db: ReportDatabase) -> None:
    assert runs(db, limit="3") == runs(db, limit="3", order="newest") == ["newest", "unlike any", "faster"]
    with pytest.raises(UsageError, match="order must be newest, slower or cost, not 'oldest'"):
        reports.bind(reports.find("recent_runs"), {"order": "oldest"})


@pytest.mark.parametrize("given", [{"pipeline": "plays"}, {"step": "rehearse"}, {"status": "cancelled"}])
def test_sources_without_what_is_asked_for_are_not_looked_through(tmp_path: Path, given: dict[str, str]) -> None:
    """Of 3,000 runs of another source none is visited, so that it takes no more steps of SQLite than without it."""
    small = f"{ATTEMPTS}\nlast,plays,rehearse,cancelled,,2026-03-19T10:00:00Z,1000\n"
    large = "\n".join([ATTEMPTS, *(f"r{n},books,plan,completed,,2026-03-01T10:00:00Z,10" for n in range(3000))])
    found = []
    for sources in ({"small": small}, {"small": small, "large": large + "\n"}):
        (tmp_path / str(len(sources))).mkdir()
        db = ReportDatabase(tmp_path / str(len(sources)))
        for name, text in sources.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
            db.ingest(tmp_path / f"{name}.csv")
        report = reports.find("recent_runs")
        with closing(sqlite3.connect(db.path)) as connection:
            hundreds: list[int] = []
            connection.set_progress_handler(partial(hundreds.append, 1), 100)
            rows = connection.execute(report.sql, reports.for_sql(report, reports.bind(report, given))).fetchall()
        assert [row[2] for row in rows] == ["last"]
        found.append(len(hundreds))
    assert found[1] < found[0] + 50


def test_a_status_of_few_or_many(tmp_path: Path) -> None:
    """12,000 runs, a minute after each other: each second one failed, each 3,000th was cancelled."""
    minutes = [(datetime(2026, 3, 1) + timedelta(minutes=n)).isoformat() for n in range(12_000)]
    states = ["cancelled" if n % 3000 == 1 else "failed" if n % 2 == 0 else "completed" for n in range(12_000)]
    lines = [f"r{n},books,plan,{states[n]},,{minutes[n]}Z,10" for n in range(12_000)]
    (tmp_path / "attempts.csv").write_text("\n".join([ATTEMPTS, *lines]) + "\n", encoding="utf-8")
    db = ReportDatabase(tmp_path)
    db.ingest(tmp_path / "attempts.csv")
    for status in ("failed", "cancelled", "completed"):
        newest = [f"r{n}" for n in range(11_999, -1, -1) if states[n] == status]
        first_week = [f"r{n}" for n in range(1440 * 7 - 1, -1, -1) if states[n] == status]
        assert runs(db, status=status, limit="5") == newest[:5]
        assert runs(db, status=status, limit="3", until="2026-03-07") == first_week[:3]
        assert runs(db, status=status, order="cost", since="2026-03-01", limit="4") == newest[:4]
