"""Answers that are the same for everybody, kept until the report database changes.

What an answer says of now (what is stuck, how old something is) is right for the minute that it was given in.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, finalize

from datasette.database import QueryInterrupted

from .. import charts
from . import DATABASE

T = TypeVar("T")

MOST = 500
# What a page asks of a large report is kept, with the row that says that there are more; many of these are not.
MOST_ROWS, MOST_ROWS_KEPT = charts.MOST_ROWS + 1, 40_000
# Pages of different visitors and sources.
MOST_PAGES = 32
# What is made of one answer: its headline, its cells for some visitors.
MOST_MADE = 16
# Charts with their pictures, and the bytes of these together.
MOST_CHARTS, MOST_BYTES = 64, 16 << 20
SECONDS = 60


class _Watched:
    """A connection that sees whether others have written to its database.

    To look at the files would do harm: a process that closes a file loses all its locks on it, those of the
    connections that read it, too (https://sqlite.org/howtocorrupt.html, 2.2).
    """

    def __init__(self, path: str, place: tuple[int, int]) -> None:
        self.place = place
        self.connection = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self.close = finalize(self, self.connection.close)

    def version(self) -> int:
        """A number that another connection's commit changes."""
        version: int = self.connection.execute("pragma data_version").fetchone()[0]
        return version


class _Kept:
    """The answers of one server, as long as its database is in one state."""

    def __init__(self) -> None:
        self.watched: _Watched | None = None
        self.state: tuple[object, ...] = ()
        self.answers: dict[tuple[object, ...], Any] = {}
        self.rows = 0  # of all answers
        self.pages: dict[tuple[object, ...], str] = {}
        self.charts: dict[tuple[object, ...], tuple[Any, int]] = {}
        self.pending: dict[tuple[object, ...], asyncio.Lock] = {}
        self.interrupted: dict[tuple[object, ...], QueryInterrupted] = {}

    def state_of(self, database: Any) -> tuple[object, ...]:
        """The state of the report database, and the minute; OSError where its file is not there any more."""
        about = os.stat(database.path)
        place, minute = (about.st_dev, about.st_ino), int(time.time() // SECONDS)
        if not database.is_mutable:
            return minute, place
        try:
            if self.watched is None or self.watched.place != place:
                if self.watched:
                    self.watched.close()
                self.watched = _Watched(database.path, place)
            return minute, place, self.watched.version()
        except sqlite3.Error:
            # What cannot be read is in another state each time; whoever asks it says what is wrong.
            self.watched = None
            return (object(),)

    def now(self, database: Any) -> "_Kept":
        """What is kept of the database as it is now; what is of another state is forgotten."""
        state = self.state_of(database)
        if state != self.state:
            self.state, self.answers, self.pages, self.pending = state, {}, {}, {}
            self.charts, self.rows, self.interrupted = {}, 0, {}
        if len(self.answers) >= MOST or self.rows > MOST_ROWS_KEPT:
            self.answers, self.rows = {}, 0
        if len(self.pages) >= MOST_PAGES:
            self.pages = {}
        if len(self.charts) >= MOST_CHARTS or sum(size for _, size in self.charts.values()) > MOST_BYTES:
            self.charts = {}
        return self


_SERVED: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()
# What was made of an answer, as long as that is kept.
_MADE: WeakKeyDictionary[Any, dict[object, Any]] = WeakKeyDictionary()


async def rows(datasette: Any, sql: str, values: Mapping[str, Any] | None = None, truncate: bool = False) -> Any:
    """What Datasette's `execute` returns for the report database; errors are not kept.

    Who asks the same meanwhile waits for the answer, or for the error of what takes too long.
    Whether the visitor may see it, the caller has found out.
    """
    database = datasette.get_database(DATABASE)
    # Before the rows are read: whatever is written meanwhile is another state.
    held = _SERVED.setdefault(datasette, _Kept()).now(database)
    kept = held.answers
    key = (sql, tuple(sorted((values or {}).items())), truncate and datasette.max_returned_rows)
    interrupted = held.interrupted
    if key not in kept:
        # Asked four times at once, what takes half the time that it may take would never be answered.
        lock = held.pending.setdefault(key, asyncio.Lock())
        has_waited = lock.locked()
        async with lock:
            if key in kept:
                return kept[key]
            if has_waited and key in interrupted:
                raise interrupted[key]
            try:
                found = await database.execute(sql, dict(values or {}), truncate=truncate)
            except QueryInterrupted as error:
                interrupted[key] = error
                raise
            if len(found.rows) > MOST_ROWS:
                return found
            kept[key] = found
            if kept is held.answers:
                held.rows += len(found.rows)
    return kept[key]


def named(found: Any) -> list[dict[str, Any]]:
    """The rows of an answer by their columns, made once; whoever reads them leaves them as they are."""
    return once(found, named, lambda: [dict(row) for row in found.rows])


def once(found: Any, key: object, make: Callable[[], T]) -> T:
    """What `make` returns for an answer, made once; `key` says what that is."""
    made = _made(found)
    if key not in made:
        made[key] = make()
    kept: T = made[key]
    return kept


async def cells(found: Any, key: object, make: Callable[[], Awaitable[T]]) -> T:
    """The same for cells of an answer; `key` says which, and for whose request."""
    made = _made(found)
    if key not in made:
        made[key] = await make()
    kept: T = made[key]
    return kept


def _made(found: Any) -> dict[object, Any]:
    made = _MADE.setdefault(found, {})
    if len(made) >= MOST_MADE:
        made.clear()
    return made


async def page(datasette: Any, key: tuple[object, ...], make: Callable[[], Awaitable[tuple[str, bool]]]) -> str:
    """What `make` returns, kept under a key that holds all that it depends on beside the report database.

    `make` also says whether it is whole: what has an error in it is not kept. Visitors who come while it is made wait.
    """
    kept = _SERVED.setdefault(datasette, _Kept()).now(datasette.get_database(DATABASE))
    pages, pending = kept.pages, kept.pending
    if key not in pages:
        async with pending.setdefault(key, asyncio.Lock()):
            if key in pages:
                return pages[key]
            made, is_whole = await make()
            pending.pop(key, None)
            if not is_whole:
                return made
            pages[key] = made
    return pages[key]


async def chart(datasette: Any, key: tuple[object, ...], make: Callable[[], Awaitable[tuple[Any, int]]]) -> Any:
    """The chart that `make` returns with its size in bytes, kept like a page; one of size 0 is not kept."""
    kept = _SERVED.setdefault(datasette, _Kept()).now(datasette.get_database(DATABASE))
    found, pending = kept.charts, kept.pending
    if key not in found:
        async with pending.setdefault(key, asyncio.Lock()):
            if key not in found:
                made, size = await make()
                pending.pop(key, None)
                if not size:
                    return made
                found[key] = (made, size)
    return found[key][0]
