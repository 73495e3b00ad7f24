"""Ctrl-C within a function that SQLite calls: SQLite takes the exception for an error of its own, and goes on."""

import contextlib
import signal
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport import scratch
from storyreport.transaction import commit, transaction

# What SQLite takes for an error of its own is said, where Datasette has asked for that.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def filled(db: ReportDatabase, tracker: Tracker) -> Path:
    tracker.register("A")
    db.ingest(tracker.path)
    return db.path


def interrupted(connection: sqlite3.Connection) -> None:
    """Run a statement that Ctrl-C comes into, and go on as if it had merely failed."""
    connection.create_function("press_ctrl_c", 0, lambda: signal.raise_signal(signal.SIGINT))
    with contextlib.suppress(sqlite3.Error):
        connection.execute("select press_ctrl_c()")


def test_nothing_is_committed(filled: Path, db: ReportDatabase) -> None:
    def delete() -> None:
        with transaction(filled, lambda _: None) as connection:
            connection.execute("delete from stories")
            interrupted(connection)
            commit(connection)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        delete()
    assert db.one("select count(*) from stories") == 1
    assert signal.getsignal(signal.SIGINT) == before


def test_it_is_forgotten_afterwards(filled: Path, db: ReportDatabase) -> None:
    with pytest.raises(KeyboardInterrupt), transaction(filled, lambda _: None) as connection:
        interrupted(connection)
    with transaction(filled, lambda _: None) as connection:
        connection.execute("update stories set title = 'New'")
        commit(connection)
    assert db.one("select title from stories") == "New"


def test_no_folder_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C right after a folder for copies was made, before anybody knows of it."""
    make = tempfile.mkdtemp

    def made_and_interrupted(*arguments: Any, **named: Any) -> str:
        name = str(make(*arguments, **named))
        # To this thread, which is the one that lets it wait.
        signal.raise_signal(signal.SIGINT)
        return name

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", made_and_interrupted)
    came = False
    try:
        with scratch.folder():
            pass
    except KeyboardInterrupt:
        came = True
    assert came
    assert list(tmp_path.iterdir()) == []
