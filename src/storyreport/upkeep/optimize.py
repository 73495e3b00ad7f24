"""Keep the report database small and quick: its search index, and the space that it frees."""

import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .. import schema
from ..errors import StoryreportError
from ..transaction import Progress, commit, transaction

# Less than this is used again by the next ingests, and not worth rewriting the whole file.
MUCH_FREE_PCT = 10


@dataclass(frozen=True)
class Sizes:
    """The bytes on disk before and after, and whether the file was rewritten."""

    before_bytes: int
    after_bytes: int
    is_vacuumed: bool


def optimize(database: Path, progress: Progress = lambda _: None) -> Sizes:
    """Tidy the search index, and give free space back."""
    schema.open_for_reading(database).close()
    before_bytes = size_bytes(database)
    with transaction(database, progress) as connection:
        if _is_much_free(connection):
            check_space(database)
        progress("tidying the search index")
        connection.execute("insert into main.errors_fts (errors_fts) values ('optimize')")
        commit(connection)
        is_vacuumed = give_back(connection, progress)
    return Sizes(before_bytes, size_bytes(database), is_vacuumed)


def give_back(connection: sqlite3.Connection, progress: Progress) -> bool:
    """Bring the log into the file, and rewrite the file where much of it is free; return whether that was so."""
    is_much = _is_much_free(connection)
    if is_much:
        progress("giving free space back")
        # In place: what serves the file keeps it open.
        connection.execute("vacuum main")
    connection.execute("pragma main.wal_checkpoint(truncate)").fetchall()
    return is_much


def check_space(database: Path) -> None:
    """Raise StoryreportError where there is not the space that rewriting the file takes for a while."""
    # A copy in SQLite's temporary folder, and a log beside the file.
    size = size_bytes(database)
    needed: dict[int, int] = {}
    folders = {}
    for folder in (database.resolve().parent, Path(os.environ.get("SQLITE_TMPDIR", tempfile.gettempdir()))):
        device = folder.stat().st_dev
        needed[device] = needed.get(device, 0) + size
        folders[device] = folder
    for device, folder in folders.items():
        free = shutil.disk_usage(folder).free
        if free < needed[device]:
            raise StoryreportError(
                f"{database} takes {needed[device] / 1e6:,.0f} MB in {folder} for a while, where {free / 1e6:,.0f} MB"
                " are free: free some, and run this again (nothing was changed)."
            )


def size_bytes(database: Path) -> int:
    """What the report database and its log take on disk."""
    files = (database, database.with_name(database.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _is_much_free(connection: sqlite3.Connection) -> bool:
    free, pages = (connection.execute(f"pragma main.{name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    return bool(100 * free >= MUCH_FREE_PCT * pages)
