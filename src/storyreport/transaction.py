"""The report database for long work: writers one at a time, all of it or none; and Ctrl-C ends it at once."""

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from . import patience, schema, values
from .errors import StoryreportError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BUSY = "{path} is being written by another command: try again when it has finished, or give a longer --wait."
WAITING = "waiting for another command to finish"
Progress = Callable[[str], None]
# The signals that came in an interruptible part of this process.
_signals: list[int] = []


@contextlib.contextmanager
def transaction(path: Path, progress: Progress, is_repeatable: bool = False) -> Iterator[sqlite3.Connection]:
    """The report database in a transaction; a new one is taken away again if nothing could be loaded into it.

    What is repeatable may be lost with the machine's power: it does not wait for the disk.
    """
    check_place(path)
    with (
        _alone_with_a_new_file(path, progress),
        contextlib.closing(_locked(path, progress, is_repeatable)) as connection,
    ):
        try:
            values.register(connection)
            with interruptible(connection):
                yield connection
            _keep_a_log(connection)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("rollback")
            _take_away_if_empty(connection, path)
            if isinstance(error, sqlite3.DatabaseError):
                raise StoryreportError(
                    f"{path} cannot be written ({error}): see whether the disk is full, or name another file with --db."
                ) from error
            raise


def check_place(path: Path) -> None:
    """Raise StoryreportError where there can be no report database that this user may write."""
    if not path.resolve().parent.is_dir():
        raise StoryreportError(f"There is no folder {path.resolve().parent} for the report database: make it first.")
    if path.exists() and not path.is_file():
        raise StoryreportError(f"{path} is not a file: name another one with --db.")
    if path.exists() and not os.access(path, os.W_OK):
        raise StoryreportError(f"{path} may not be written by this user: name another file with --db.")


@contextlib.contextmanager
def staying_open(path: Path) -> Iterator[None]:
    """Keep the log of a report database from being written back whenever one of several commands ends."""
    connection = None
    with contextlib.suppress(sqlite3.Error, StoryreportError):
        connection = schema.open_for_reading(path)
        connection.execute("select count(*) from sqlite_master").fetchone()
    try:
        yield
    finally:
        if connection:
            connection.close()


@contextlib.contextmanager
def snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """The report database as it is now, for reading; temporary tables may be made."""
    with contextlib.closing(schema.open_for_reading(path)) as connection:
        schema.spare_memory(connection)
        connection.execute("pragma query_only = off")
        values.register(connection)
        connection.execute("begin")
        with interruptible(connection):
            yield connection


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Let readers not wait for writers from now on; a new database gets there without a log of its own."""
    # Where another ingest is at work already, it does so at its end: what this one did is committed.
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("pragma journal_mode = wal")


def _locked(path: Path, progress: Progress, is_repeatable: bool) -> sqlite3.Connection:
    """A connection that holds the write lock; another ingest that holds it is waited for."""
    while True:
        try:
            connection = schema.connect(path)
        except sqlite3.DatabaseError as error:
            raise StoryreportError(
                f"{path} cannot be opened as a database ({error}): name another file with --db."
            ) from error
        opened = _number_of(path)
        try:
            schema.check_ours(connection, path)
            if is_repeatable and connection.execute("pragma journal_mode").fetchone() == ("wal",):
                # With a log, what was written before stays whole.
                connection.execute("pragma synchronous = normal")
            _begin(connection, path, progress)
            if opened and opened == _number_of(path):
                return connection
        except sqlite3.DatabaseError as error:
            if opened and opened == _number_of(path):
                connection.close()
                raise StoryreportError(f"{path} cannot be written ({error}): name another file with --db.") from error
        except BaseException:
            connection.close()
            raise
        # The one that we waited for has taken its new, still empty database away.
        connection.close()


def _begin(connection: sqlite3.Connection, path: Path, progress: Progress) -> None:
    """Take the write lock. SQLite would wait for it, too, but say nothing, and not hear Ctrl-C."""
    connection.execute("pragma busy_timeout = 0")
    for _ in patience.attempts(f"another command that writes {path}"):
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            progress(WAITING)
            continue
        connection.execute(f"pragma busy_timeout = {schema.WAIT_SECONDS * 1000}")
        return
    raise StoryreportError(BUSY.format(path=path))


def _lock(file: int, path: Path, progress: Progress) -> None:
    """Be the only one who makes a file."""
    for _ in patience.attempts(f"another command that makes {path}"):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        progress(WAITING)
    raise StoryreportError(BUSY.format(path=path))


@contextlib.contextmanager
def _alone_with_a_new_file(path: Path, progress: Progress) -> Iterator[None]:
    """Be the only one who makes a report database, which is taken away again if nothing can be loaded into it.

    SQLite's own lock is no help: who waits for that of a file which is then deleted takes the journal of the next file
    at the path for its own. Windows does not delete what is open.
    """
    if fcntl is None:
        yield
        return
    file = None
    while file is None and _is_new(path):
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # SQLite's error names the reason.
            break
        try:
            _lock(file, path, progress)
        except BaseException:
            os.close(file)
            raise
        if os.fstat(file).st_ino != _number_of(path):
            os.close(file)
            file = None
    try:
        yield
    finally:
        # Not before SQLite has let go of the file: closing it gives up SQLite's locks, too.
        if file is not None:
            os.close(file)


def _is_new(path: Path) -> bool:
    """Whether nothing has been written to a path yet."""
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True


def _number_of(path: Path) -> int | None:
    """Which file is at a path; None where it has just been taken away."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _take_away_if_empty(connection: sqlite3.Connection, path: Path) -> None:
    """Delete a database that has no table; with its lock held, so that nobody can be writing to it."""
    with contextlib.suppress(sqlite3.DatabaseError, OSError):
        if connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0:
            connection.execute("begin immediate")
            if connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0:
                path.resolve().unlink()
            connection.execute("rollback")


@contextlib.contextmanager
def interruptible(connection: sqlite3.Connection) -> Iterator[None]:
    """Let Ctrl-C end a statement at once; within a function of ours it would look like an error of SQLite."""
    # Python sees a signal when Python runs, so let it run now and then.
    connection.set_progress_handler(lambda: bool(_signals), 1_000_000)
    with remembering_interrupts():
        try:
            yield
            check_interrupted()
        except (sqlite3.Error, StoryreportError):
            check_interrupted()
            raise


@contextlib.contextmanager
def remembering_interrupts() -> Iterator[None]:
    """Remember Ctrl-C until the end, for whoever commits to see; within another such context, that one does."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is _interrupt:
        yield
        return
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _signals.clear()


def _interrupt(number: int, _: object) -> None:
    _signals.append(number)
    raise KeyboardInterrupt


def commit(connection: sqlite3.Connection) -> None:
    """Commit what a transaction did; KeyboardInterrupt, and nothing is done, where Ctrl-C came meanwhile."""
    check_interrupted()
    connection.execute("commit")


def check_interrupted() -> None:
    """Raise KeyboardInterrupt where Ctrl-C came: within a function that SQLite calls, the exception is lost."""
    if _signals:
        raise KeyboardInterrupt from None
