"""A large file with a rollback journal is read in place where few of its rows are new, and copied where many are."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport import ahead, ingest
from storyreport.load import changes
from storyreport.readers.sqlite import copy_locked
from storyreport.transaction import commit

STORIES, STEPS = 30, 5
EXECUTIONS = "select count(*), sum(execution_time_ms), sum(status = 'failed') from step_history"
LOADED = (
    "select count(*), sum(duration_ms), sum(status = 'failed') from step_runs where gone_at is null and attempt > 0"
)


@pytest.fixture
def large(db: ReportDatabase, tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    """A tracker whose file counts as large, loaded once; its rows are in the report database."""
    tracker.fill(STORIES * STEPS)
    db.ingest(tracker.path)
    monkeypatch.setattr(ahead, "LARGE_BYTES", 1)
    return tracker


def one_more(tracker: Tracker, number: int = 1) -> None:
    """Another story's step, which failed."""
    tracker.register(f"NEW-{number}")
    tracker.end(f"NEW-{number}", "01_ingest", f"new-run-{number}", 4_000 + number, "failed", "Timeout after 30 s")


def many_more(tracker: Tracker) -> None:
    for number in range(12):
        one_more(tracker, number)


def load(db: ReportDatabase, tracker: Tracker) -> list[str]:
    """Ingest the tracker; the words about its copies."""
    said: list[str] = []
    for request in ingest.requests_for([tracker.path], None, None):
        ingest.ingest(db.path, request, said.append)
    return [words for words in said if words.startswith("copying")]


def equals_source(db: ReportDatabase, tracker: Tracker) -> bool:
    """Whether executions, their time and their failures are those of the tracker's own history."""
    (source,) = tracker.connection.execute(EXECUTIONS).fetchall()
    return db.sql(LOADED) == [source]


def test_a_few_new_rows(db: ReportDatabase, large: Tracker) -> None:
    """They are read where they are."""
    one_more(large)
    assert load(db, large) == []
    assert equals_source(db, large)
    assert load(db, large) == [], "unchanged"


def remove_a_row(tracker: Tracker) -> None:
    tracker.connection.executescript("delete from step_history where id = 3; delete from step_status where id = 3")


def rewrite_rows(tracker: Tracker) -> None:
    tracker.connection.execute("update step_history set execution_time_ms = 7")


def begin_again(tracker: Tracker) -> None:
    tracker.connection.executescript("delete from step_history; delete from step_status; delete from sqlite_sequence")
    one_more(tracker)


def add_a_column(tracker: Tracker) -> None:
    tracker.connection.execute("alter table step_history add column retry_of text")


def drop_indexes(tracker: Tracker) -> None:
    tracker.connection.executescript("drop index idx_step_history_story_id")
    one_more(tracker)


@pytest.mark.parametrize("do", [many_more, rewrite_rows, remove_a_row, begin_again, add_a_column, drop_indexes])
def test_what_takes_long_is_copied(
    db: ReportDatabase, large: Tracker, do: Callable[[Tracker], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever would keep the writer waiting, more rows than a few or all of them, is read from a copy."""
    monkeypatch.setattr(changes, "MOST_IN_PLACE", 10)
    do(large)
    assert load(db, large) == [f"copying {large.path.name}"]
    known = db.one("select count(*) from step_runs where gone_at is null and attempt > 0")
    assert known == large.connection.execute("select count(*) from step_history").fetchone()[0]


def test_a_file_that_was_never_read_is_copied(
    db: ReportDatabase, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is needed."""
    monkeypatch.setattr(ahead, "LARGE_BYTES", 1)
    tracker.fill(STEPS)
    assert load(db, tracker) == [f"copying {tracker.path.name}"]


def test_its_writer_waits_until_the_rows_are_written(
    db: ReportDatabase, large: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody here gives the lock away by opening and closing the file, and it ends with the transaction."""
    write = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('begin exclusive')"
    said = []

    def writing(connection: sqlite3.Connection) -> None:
        done = subprocess.run(
            [sys.executable, "-c", write, large.path], capture_output=True, encoding="utf-8", check=False
        )
        said.append(done.stderr.splitlines()[-1:])
        commit(connection)

    monkeypatch.setattr(ingest, "commit", writing)
    one_more(large)
    assert load(db, large) == []
    assert said == [["sqlite3.OperationalError: database is locked"]]
    one_more(large, 2)


def test_a_writer_at_work_is_waited_for_with_the_report_database_free(
    db: ReportDatabase, large: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes the file's lock at the last moment is waited for in another attempt, where it is copied."""
    one_more(large)

    def and_then_it_writes(*arguments: Any) -> ahead.Ahead:
        found = ahead.read_ahead(*arguments)
        if not found.files:
            large.connection.execute("begin exclusive")
        return found

    def and_others_write(*arguments: Any) -> Any:
        with contextlib.closing(sqlite3.connect(db.path, timeout=0, isolation_level=None)) as other:
            other.execute("begin immediate")
        large.connection.execute("rollback")
        return copy_locked(*arguments)

    monkeypatch.setattr(ingest, "read_ahead", and_then_it_writes)
    monkeypatch.setattr(ahead, "copy_locked", and_others_write)
    assert load(db, large) == [f"copying {large.path.name}"]
    assert equals_source(db, large)
