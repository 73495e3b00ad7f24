"""Optimizing gives space back; it changes no answer, and neither do statistics."""

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.command_line import storyreport
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker

from storyreport.errors import StoryreportError
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.optimize import optimize as run


@pytest.fixture
def long(db: ReportDatabase, tracker: Tracker) -> ReportDatabase:
    """A history that is long enough for SQLite to want Bloom filters, once it knows."""
    tracker.fill(20_000)
    db.ingest(tracker.path)
    return db


def test_statistics_change_no_answer(long: ReportDatabase) -> None:
    """Where something has run ANALYZE, SQLite may go about it in another way, and finds the same."""
    asked = ("slowest_steps", "failure_rates", "failure_trend", "throughput", "top_errors")
    before = [(long.report(name), long.report(name, since="2023-11-20")) for name in asked]
    change(long.path, "analyze main")
    assert [(long.report(name), long.report(name, since="2023-11-20")) for name in asked] == before
    assert examine(long.path) == []


def test_free_space_is_given_back(long: ReportDatabase, tmp_path: Path) -> None:
    """Where much of the file is free it is rewritten, while a reader goes on reading; else it is left."""
    assert not run(long.path).is_vacuumed
    change(long.path, "create table waste as select zeroblob(5000000)", "drop table waste")
    size = long.path.stat().st_size
    with contextlib.closing(sqlite3.connect(long.path, isolation_level=None)) as reader:
        assert reader.execute("select count(*) from stories").fetchone() == (4000,)
        done = storyreport("optimize", "--db", long.path, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("optimized, file rewritten: ")
        assert reader.execute("select count(*) from stories").fetchone() == (4000,)
    assert long.path.stat().st_size < size - 4_000_000
    assert long.sql("pragma integrity_check") == [("ok",)]
    assert examine(long.path) == []


def test_no_space(long: ReportDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk has no room for a copy, one sentence says how much it takes, and the file stays as it is."""
    change(long.path, "create table waste as select zeroblob(5000000)", "drop table waste")
    change(long.path, "pragma wal_checkpoint(truncate)")
    before = long.path.read_bytes()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(StoryreportError, match=r"takes \d+ MB in .* for a while, where 0 MB are free"):
        run(long.path)
    assert long.path.read_bytes() == before


def test_errors_are_still_found(long: ReportDatabase) -> None:
    """The search index has after optimizing what it had before."""
    found = "select rowid from errors_fts where errors_fts match 'Timeout'"
    before = long.sql(found)
    assert before
    run(long.path)
    assert long.sql(found) == before
