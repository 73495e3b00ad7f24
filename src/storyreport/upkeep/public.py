"""A copy of the report database for others: in one file, without keys, and without the places of the sources."""

import contextlib
import os
import sqlite3
from pathlib import Path

from ..transaction import Progress
from .copies import backup


def publish(database: Path, target: Path, progress: Progress = lambda _: None) -> int:
    """Write the copy into a new file and return its bytes; StoryreportError where the file exists."""
    backup(database, target, progress)
    try:
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
            progress("leaving out what is private")
            connection.execute("pragma secure_delete = on")
            connection.execute("begin")
            connection.execute("delete from secrets")
            connection.execute("delete from unchanged_requests")
            connection.execute("delete from notes")
            places = connection.execute("select id, location from inputs").fetchall()
            names = [
                (os.path.basename(place.rstrip("/\\")) if "://" not in place else "", key) for key, place in places
            ]
            connection.executemany("update inputs set location = ? where id = ?", names)
            connection.execute("commit")
            connection.execute("vacuum")
            connection.execute("pragma journal_mode = delete")
        target.chmod(0o644)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size
