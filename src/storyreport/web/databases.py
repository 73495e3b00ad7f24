"""The databases that are served: a visitor's SQL runs in a process of its own, and ends when the visitor leaves."""

import asyncio
import contextvars
import copy
import os
import sqlite3
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasette.database import Database

from .. import schema
from ..errors import StoryreportError
from . import context, permissions
from .workers import Workers

# Whether the request that is being answered holds SQL of the visitor's.
HOLDS_SQL: contextvars.ContextVar[bool] = contextvars.ContextVar("HOLDS_SQL", default=False)

INTERRUPT_SECONDS = 0.05
# Where a request carries which tables its visitor may see.
SHOWN_TABLES = "storyreport_shown_tables"

Function = Callable[[sqlite3.Connection], Any]
File = tuple[int, int] | None
Current = Callable[[sqlite3.Connection], sqlite3.Connection]


class Running:
    """A function on a connection in another thread, and how it is stopped."""

    def __init__(self, function: Function, current: Current) -> None:
        self.function, self.current = function, current
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._is_stopped = False

    def __call__(self, connection: sqlite3.Connection) -> Any:
        connection = self.current(connection)
        with self._lock:
            if self._is_stopped:
                raise sqlite3.OperationalError("interrupted")
            self._connection = connection
        try:
            return self.function(connection)
        except Exception as error:
            _let_go(error)
            raise
        finally:
            with self._lock:
                self._connection = None

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Interrupt it until it ends, or keep it from starting; what the connection does next is not interrupted."""
        with self._lock:
            self._is_stopped = True
            if self._connection is None:
                return
            self._connection.interrupt()
        # SQLite forgets an interrupt that comes before a statement runs.
        loop.call_later(INTERRUPT_SECONDS, self.stop, loop)


class ServedDatabase(Database):  # type: ignore[misc]
    """A database of Datasette's whose work can be stopped."""

    workers: Workers

    async def execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Any:
        """The rows of a statement, as Datasette gives them."""
        if not HOLDS_SQL.get():
            return await super().execute(sql, params, truncate, custom_time_limit, page_size, log_sql_errors)
        limit_ms = min(self.ds.sql_time_limit_ms, custom_time_limit or self.ds.sql_time_limit_ms)
        most_rows = self.ds.max_returned_rows
        if most_rows == (page_size or self.ds.page_size):
            most_rows += 1
        return await self.workers.run(sql, params, most_rows + 1 if truncate and most_rows else None, limit_ms)

    async def execute_fn(self, fn: Function) -> Any:
        """Run a function in a thread with a connection; on Datasette 1.0 by way of `_execute_fn`."""
        if hasattr(Database, "_execute_fn"):
            return await super().execute_fn(fn)
        return await _stoppable(super().execute_fn, fn, self.current)

    async def _execute_fn(self, fn: Function) -> Any:
        return await _stoppable(super()._execute_fn, fn, self.current)

    def current(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The connection to use instead of one that Datasette keeps."""
        return connection

    def close(self) -> None:
        """Close all connections and end all processes."""
        self.workers.close()
        super().close()


class ReportDatabase(ServedDatabase):
    """A database file with any name: Datasette puts the path into a URI, where `?`, `#` and `%` mean something.

    Where another file is put in its place, or it is deleted, `problem` notices it.
    """

    def __init__(self, datasette: Any, path: Path) -> None:
        super().__init__(datasette, path=str(path.resolve()), is_mutable=not schema.is_frozen(path))
        self.workers = self._new_workers()
        self._file = _file_at(self.path)
        self._told = ""
        # connection → the file that it reads
        self._files: dict[int, File] = {}
        self._own = threading.local()

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """A connection as Datasette makes it, to the path as it is."""
        quoted = copy.copy(self)
        quoted.path = quote(self.path)
        # Datasette keeps it in a list, so that its number stays its own.
        file = _file_at(self.path)
        connection: sqlite3.Connection = Database.connect(quoted, write)
        self._files[id(connection)] = file
        return connection

    async def foreign_keys_for_table(self, table: str) -> Any:
        """The keys that lead to tables which the visitor may see: Datasette 0.65 shows labels of all of them."""
        return await self._shown(await super().foreign_keys_for_table(table))

    async def get_all_foreign_keys(self) -> Any:
        """The keys of every table and those that lead to it, likewise: Datasette 0.65 counts the rows behind each."""
        found = await super().get_all_foreign_keys()
        keys = [key for ways in found.values() for way in ways.values() for key in way]
        # Each is a mapping of its own.
        shown = {id(key) for key in await self._shown(keys)}
        return {
            table: {way: [key for key in keys if id(key) in shown] for way, keys in ways.items()}
            for table, ways in found.items()
        }

    async def _shown(self, keys: list[dict[str, str]]) -> list[dict[str, str]]:
        request = context.REQUEST.get()
        if request is None or hasattr(self.ds, "allowed_resources"):
            # Datasette 1.0 leaves out what is closed itself.
            return keys
        # A page of rows asks for each of its columns.
        known: dict[str, bool] = request.scope.setdefault(SHOWN_TABLES, {})
        if unknown := {key["other_table"] for key in keys} - known.keys():
            shown = await permissions.visible_tables(self.ds, request.actor, unknown)
            known.update({name: name in shown for name in unknown})
        return [key for key in keys if known[key["other_table"]]]

    def current(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """A connection to the file that is there now, which each thread opens again after a change."""
        if self._files.get(id(connection), self._file) == self._file:
            return connection
        own: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if own is None or self._files[id(own)] != self._file:
            own = self._own.connection = self.connect()
            self.ds._prepare_connection(own, self.name)
        return own

    def problem(self) -> str:
        """Why the database cannot be read just now; '' where it can. Another file in its place is opened."""
        file = _file_at(self.path)
        if file == self._file and not self._told:
            return ""
        if file is None:
            return self._tell(f"{self.path} was deleted while it was served: put it back, and it is opened again.")
        try:
            schema.open_for_reading(Path(self.path)).close()
        except (StoryreportError, sqlite3.Error) as error:
            return self._tell(f"{self.path} was replaced while it was served, and cannot be read: {error}")
        if file != self._file:
            self._tell(f"{self.path} was replaced while it was served: it is opened again.")
            before, self.workers = self.workers, self._new_workers()
            threading.Thread(target=before.close, daemon=True).start()
        self._file, self._told = file, ""
        return ""

    def _new_workers(self) -> Workers:
        return Workers([f"file:{quote(self.path)}?{'mode=ro' if self.is_mutable else 'immutable=1'}"])

    def _tell(self, sentence: str) -> str:
        """Print a sentence once, for whoever started the server."""
        if sentence != self._told:
            print(sentence, file=sys.stderr, flush=True)
        self._told = sentence
        return sentence


def _file_at(path: str) -> File:
    """Which file is at a path; None where there is none."""
    try:
        about = os.stat(path)
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino


class CrossDatabase(ServedDatabase):
    """The database in memory to which Datasette attaches the others for SQL across them."""

    def __init__(self, datasette: Any, path: Path) -> None:
        super().__init__(datasette, is_memory=True)
        self.workers = Workers([":memory:", f"storyreport=file:{quote(str(path.resolve()))}?mode=ro"])


def _let_go(error: BaseException | None) -> None:
    """Free what the frames of an error hold, in this thread.

    A cursor that is freed where the error ends, in the event loop, waits for the connection, which the next statement
    keeps until it ends: meanwhile no request is answered.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


async def _stoppable(execute: Callable[[Function], Awaitable[Any]], function: Function, current: Current) -> Any:
    running = Running(function, current)
    try:
        return await execute(running)
    except asyncio.CancelledError:
        running.stop(asyncio.get_running_loop())
        raise
