"""The report database: how it is opened, and whether it is ours and up to date."""

import contextlib
import os
import sqlite3
from pathlib import Path

from ..errors import StoryreportError, how_to_load
from ..values import readable
from . import definitions, migrations
from .migrations import lay_out, migrate, statements

__all__ = [
    "CACHE_KIB",
    "check_exists",
    "check_ours",
    "check_sqlite",
    "connect",
    "is_frozen",
    "lay_out",
    "migrate",
    "open_for_reading",
    "spare_memory",
    "statements",
]
# `returning`, `update from`, generated columns, upsert; checked so that an old build says so instead of failing later.
LOWEST_SQLITE = (3, 35, 0)
WAIT_SECONDS = 24 * 3600
CACHE_KIB = 32 * 1024


def check_sqlite() -> None:
    """Raise StoryreportError where this Python's SQLite is too old or was built without FTS5."""
    if sqlite3.sqlite_version_info < LOWEST_SQLITE:
        needed = ".".join(map(str, LOWEST_SQLITE))
        raise StoryreportError(
            f"This Python has SQLite {sqlite3.sqlite_version}, storyreport needs {needed} or newer: use a newer Python."
        )
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("create virtual table probe using fts5 (text)")
        except sqlite3.OperationalError:
            raise StoryreportError(
                "This Python's SQLite was built without FTS5, which storyreport needs for searching errors: "
                "use a Python from python.org or your distribution."
            ) from None


def check_ours(connection: sqlite3.Connection, path: Path) -> set[str]:
    """The names of the applied migrations; StoryreportError for another application's file or a newer schema."""
    try:
        has_tables = connection.execute("select count(*) from sqlite_master").fetchone()[0] > 0
        applied = migrations.applied(connection)
    except sqlite3.DatabaseError as error:
        raise StoryreportError(
            f"{path} cannot be read as a report database ({error}): name another file with --db."
        ) from error
    if has_tables and not applied:
        raise StoryreportError(f"{path} is a database of another application: name another file with --db.")
    if newer := applied - set(migrations.scripts()):
        raise StoryreportError(
            f"{path} was made by a newer storyreport (it has {', '.join(sorted(newer))}): "
            "upgrade storyreport, or name another file with --db."
        )
    return applied


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write, in autocommit mode: whoever uses it says where a transaction begins and ends."""
    # As a URI, so that a source can be attached read only whatever SQLite was built with.
    connection = sqlite3.connect(path.resolve().as_uri(), timeout=WAIT_SECONDS, isolation_level=None, uri=True)
    connection.text_factory = readable
    try:
        spare_memory(connection)
        connection.execute("pragma trusted_schema = off")
    except BaseException:
        connection.close()
        raise
    return connection


def spare_memory(connection: sqlite3.Connection) -> None:
    """Let sorts, which grow with the history, be on disk, and the cache hold what a report looks up."""
    connection.execute("pragma temp_store = file")
    connection.execute(f"pragma cache_size = -{CACHE_KIB}")


def check_exists(path: Path) -> None:
    """Raise StoryreportError where there is no report database with rows, of this version or an older one."""
    _open(path).close()


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection to an up-to-date report database that does not write; StoryreportError where there is none."""
    connection = _open(path)
    try:
        if not is_current(connection):
            raise StoryreportError(
                f"{path} was made by an older storyreport: any `storyreport ingest` brings it up to date."
            )
    except BaseException:
        connection.close()
        raise
    return connection


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a report database is of this version."""
    return migrations.applied(connection) >= set(migrations.scripts()) and definitions.is_current(connection)


def open_whatever_version(path: Path) -> sqlite3.Connection:
    """A connection that does not write to a report database of this version or an older one."""
    return _open(path)


def is_frozen(path: Path) -> bool:
    """Whether nobody writes the file and SQLite cannot lay its log beside it: in a folder that is mounted read-only."""
    log = Path(f"{path}-wal")
    return not os.access(path.resolve().parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoryreportError(f"There is no report database at {path}: run `{how_to_load()}` first.")
    # A reader that may not write leaves the log's files behind.
    is_writable = os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)
    query = "immutable=1" if is_frozen(path) else f"mode={'rw' if is_writable else 'ro'}"
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?{query}", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoryreportError(f"{path} cannot be opened ({error}): name another file with --db.") from error
    connection.text_factory = readable
    try:
        if not check_ours(connection, path):
            raise StoryreportError(f"{path} holds nothing yet: run `{how_to_load()}` first.")
        spare_memory(connection)
        connection.execute("pragma query_only = on")
    except BaseException:
        connection.close()
        raise
    return connection
