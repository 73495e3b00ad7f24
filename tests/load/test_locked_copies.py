"""A file with a rollback journal is copied while its writer is kept from it."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport import scratch

WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
connection.execute("begin exclusive")
"""


def test_nobody_writes_during_a_copy(
    db: ReportDatabase, tracker: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first byte on: whoever opens and closes the file meanwhile in this process gives the lock away."""
    tracker.register("A", "Story A")
    said = []
    check_room = scratch.check_room

    def writing(source: Path, place: Path, size: int) -> None:
        done = subprocess.run([sys.executable, "-c", WRITE, source], capture_output=True, encoding="utf-8", check=False)
        said.append((source, done.stderr.splitlines()[-1:]))
        check_room(source, place, size)

    monkeypatch.setattr(scratch, "check_room", writing)
    db.ingest(tracker.path)
    assert said == [(tracker.path, ["sqlite3.OperationalError: database is locked"])]
