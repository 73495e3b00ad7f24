"""A copy of the report database for others: in one file, without keys, and without the places of the sources."""

import contextlib
import os
import sqlite3
from pathlib import Path

from ..transaction import Progress
from .copies import backup

# What a visitor without a login is not shown either, see web/access.py: keys, rows as their source wrote them, what
# people noted. What is put aside stays so, and a row that could not be loaded still counts.
LEFT_OUT = (
    "delete from secrets",
    "delete from unchanged_requests",
    "delete from row_blocks",
    "delete from notes",
    # Digests of places can be compared with guesses.
    "update inputs set watermarks = json_remove(watermarks, '$.files', '$.named', '$.place') where watermarks <> ''",
    "update acknowledgements set note = ''",
    "update rejects set row = '{}', source_key = null",
)
# Tables that say where something lies, and the columns that name its rows.
PLACED = {"inputs": "id", "lakes": "source_id"}


def publish(database: Path, target: Path, progress: Progress = lambda _: None) -> int:
    """Write the copy into a new file and return its bytes; StoryreportError where the file exists."""
    backup(database, target, progress)
    try:
        with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
            progress("leaving out what is private")
            connection.execute("pragma secure_delete = on")
            connection.execute("begin")
            for statement in LEFT_OUT:
                connection.execute(statement)
            for table, key in PLACED.items():
                places = connection.execute(f"select location, {key} from {table}").fetchall()
                names = [(_name_of(place), number) for place, number in places]
                connection.executemany(f"update {table} set location = ? where {key} = ?", names)
            connection.execute("commit")
            connection.execute("vacuum")
            connection.execute("pragma journal_mode = delete")
        target.chmod(0o644)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target.stat().st_size


def _name_of(place: str) -> str:
    """The name of a file or folder without the folders that it lies in; '' of a server."""
    return os.path.basename(place.rstrip("/\\")) if "://" not in place else ""
