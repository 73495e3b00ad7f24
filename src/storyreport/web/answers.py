"""Answers that are the same for everybody, kept until the report database changes.

What an answer says of now (what is stuck, how old something is) is right for the minute that it was given in.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ..evidence import states
from . import DATABASE

MOST = 500
# A year of days of some sources is kept, a larger answer is not worth the memory; nor are many of these.
MOST_ROWS, MOST_ROWS_KEPT = 6000, 40_000
# Pages of different visitors and sources.
MOST_PAGES = 32
# Charts with their pictures, and the bytes of these together.
MOST_CHARTS, MOST_BYTES = 64, 16 << 20
SECONDS = 60


class _Kept:
    """The answers of one server, as long as its database is in one state."""

    def __init__(self) -> None:
        self.state: tuple[object, ...] = ()
        self.answers: dict[tuple[object, ...], Any] = {}
        self.rows = 0  # of all answers
        self.pages: dict[tuple[object, ...], str] = {}
        self.charts: dict[tuple[object, ...], tuple[Any, int]] = {}
        self.pending: dict[tuple[object, ...], asyncio.Lock] = {}

    def of(self, state: tuple[object, ...]) -> "_Kept":
        """What is kept of a state; that of another one is forgotten."""
        if state != self.state:
            self.state, self.answers, self.pages, self.pending = state, {}, {}, {}
            self.charts, self.rows = {}, 0
        if len(self.answers) >= MOST or self.rows > MOST_ROWS_KEPT:
            self.answers, self.rows = {}, 0
        if len(self.pages) >= MOST_PAGES:
            self.pages = {}
        if len(self.charts) >= MOST_CHARTS or sum(size for _, size in self.charts.values()) > MOST_BYTES:
            self.charts = {}
        return self


_SERVED: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


async def rows(datasette: Any, sql: str, values: Mapping[str, Any] | None = None, truncate: bool = False) -> Any:
    """What Datasette's `execute` returns for the report database; errors are not kept.

    Whether the visitor may see it, the caller has found out.
    """
    database = datasette.get_database(DATABASE)
    # Before the rows are read: whatever is written meanwhile is another state.
    held = _SERVED.setdefault(datasette, _Kept()).of(_state(database.path))
    kept = held.answers
    key = (sql, tuple(sorted((values or {}).items())), truncate and datasette.max_returned_rows)
    if key not in kept:
        found = await database.execute(sql, dict(values or {}), truncate=truncate)
        if len(found.rows) > MOST_ROWS:
            return found
        kept[key] = found
        if kept is held.answers:
            held.rows += len(found.rows)
    return kept[key]


async def page(datasette: Any, key: tuple[object, ...], make: Callable[[], Awaitable[tuple[str, bool]]]) -> str:
    """What `make` returns, kept under a key that holds all that it depends on beside the report database.

    `make` also says whether it is whole: what has an error in it is not kept. Visitors who come while it is made wait.
    """
    kept = _SERVED.setdefault(datasette, _Kept()).of(_state(datasette.get_database(DATABASE).path))
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
    kept = _SERVED.setdefault(datasette, _Kept()).of(_state(datasette.get_database(DATABASE).path))
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


def _state(path: str) -> tuple[object, ...]:
    """The state of the report database's file, and the minute; OSError where the file is not there any more."""
    return (int(time.time() // SECONDS), *(state.seen for state in states(path)))
