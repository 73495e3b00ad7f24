"""Copies of the report database: made while others write, checked before they count, and put back."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .. import schema, scratch
from ..errors import StoryreportError
from ..readers.part import quoted
from ..transaction import Progress, interruptible

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Some versions of SQLite say so of a table without rowid, wrongly.
FALSE_ALARM = "NULL value in "
PAGES_A_STEP = 4096


@dataclass(frozen=True)
class Copied:
    """A copy that was checked."""

    rows: int
    size_bytes: int
    kept: Path | None = None  # the database that was there before, under its new name


def damage(connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds wrong with the main database of a connection."""
    lines = [line for (line,) in connection.execute("pragma main.quick_check")]
    return [line for line in lines if line != "ok" and not line.startswith(FALSE_ALARM)]


def backup(database: Path, target: Path, progress: Progress = lambda _: None) -> Copied:
    """Copy the report database as it is now into a new file; StoryreportError where the copy is not the same."""
    if target.exists() or target.is_symlink():
        raise StoryreportError(f"{target} exists: choose a new name for the copy, or delete it first.")
    with contextlib.closing(schema.open_for_reading(database)) as source, interruptible(source):
        # One snapshot for the copy and for what it is compared with.
        source.execute("begin")
        counted = _counts(source)
        return _copied(source, database, target, counted, progress)


def restore(file: Path, database: Path, progress: Progress = lambda _: None) -> Copied:
    """Put a backup in the database's place, which is kept beside it; StoryreportError where the backup is damaged."""
    if not file.exists():
        raise StoryreportError(f"{file} does not exist: name a file that `storyreport backup` wrote.")
    schema.check_exists(file)
    if database.exists() and database.samefile(file):
        raise StoryreportError(f"{file} is the report database itself: name a backup.")
    fresh = _beside(database, "restoring")
    try:
        with _reading(file) as source, interruptible(source):
            progress(f"checking {file.name}")
            if found := damage(source):
                raise StoryreportError(f"{file} is damaged ({found[0]}): restore another backup.")
            source.execute("begin")
            copied = _copied(source, file, fresh, _counts(source), progress)
        kept = _put_aside(database) if database.exists() else None
        os.replace(fresh, database)
    finally:
        fresh.unlink(missing_ok=True)
    return Copied(copied.rows, copied.size_bytes, kept)


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A backup, for reading: without leaving anything beside it, where nobody writes to it."""
    is_alone = not file.with_name(file.name + "-wal").exists()
    with contextlib.closing(
        sqlite3.connect(f"{file.resolve().as_uri()}?{'immutable=1' if is_alone else 'mode=ro'}", uri=True)
    ) as connection:
        connection.isolation_level = None
        yield connection


def _copied(
    source: sqlite3.Connection, place: Path, target: Path, counted: dict[str, int], progress: Progress
) -> Copied:
    """Copy through SQLite into a new file that only its owner may read, and compare it."""
    size = source.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()[0]
    scratch.check_room(place, target.resolve().parent, size)
    part = _beside(target, "part")
    file = _begun(part)
    try:
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
            source.backup(
                copy,
                pages=PAGES_A_STEP,
                progress=lambda _, left, total: progress(f"copying: {100 * (total - left) // max(total, 1)} %"),
            )
            # A copy must be whole without a log beside it.
            copy.execute("pragma journal_mode = delete")
            progress("checking the copy")
            if found := damage(copy):
                raise StoryreportError(f"{place} is damaged ({found[0]}): its copy was thrown away; restore a backup.")
            if _counts(copy) != counted:
                raise StoryreportError(f"The copy of {place} has other rows than it: it was thrown away; try again.")
        with part.open("rb") as written:
            os.fsync(written.fileno())
        # A link fails where somebody else has made the file meanwhile.
        os.link(part, target)
    except FileExistsError:
        raise StoryreportError(f"{target} exists: choose a new name for the copy, or delete it first.") from None
    except sqlite3.DatabaseError as error:
        raise StoryreportError(
            f"{place} cannot be copied to {target} ({error}): see whether the disk is full."
        ) from error
    finally:
        part.unlink(missing_ok=True)
        os.close(file)
    return Copied(sum(counted.values()), target.stat().st_size)


def _begun(part: Path) -> int:
    """A new file, open; the one that a killed command left makes way, that of a command at work does not."""
    file = os.open(part, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise StoryreportError(f"{part} is being written by another command: wait for its end.") from None
    if hasattr(os, "geteuid"):
        if os.fstat(file).st_uid != os.geteuid():
            os.close(file)
            raise StoryreportError(f"{part} is somebody else's, who could read the copy: delete it first.")
        # One that was there already may be open to others.
        os.fchmod(file, 0o600)
    # Its journal would be played back into the new copy.
    part.with_name(part.name + "-journal").unlink(missing_ok=True)
    os.ftruncate(file, 0)
    return file


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each ordinary table has."""
    names = [
        name
        for (name,) in connection.execute(
            "select name from sqlite_master where type = 'table' and sql not like 'create virtual%' order by name"
        )
    ]
    return {name: connection.execute(f"select count(*) from {quoted(name)}").fetchone()[0] for name in names}


def _put_aside(database: Path) -> Path:
    """Rename a database, and the log that belongs to it, after the present time; nobody may be writing to it."""
    try:
        with contextlib.closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
            # What the log holds belongs to the file.
            connection.execute("pragma wal_checkpoint(truncate)")
            connection.execute("begin exclusive")
            connection.execute("rollback")
    except sqlite3.OperationalError as error:
        raise StoryreportError(f"{database} is in use ({error}): stop what writes to it, then restore.") from error
    except sqlite3.DatabaseError:
        # The database may be damaged: that is why a backup is restored.
        pass
    kept = _beside(database, f"before-restore-{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}")
    os.rename(database, kept)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(database.with_name(database.name + ending), kept.with_name(kept.name + ending))
    return kept


def _beside(path: Path, word: str) -> Path:
    """A name of ours in the same folder."""
    return path.with_name(f"{path.name}.{word}")
