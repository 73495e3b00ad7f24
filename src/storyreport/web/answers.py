"""Answers that are the same for everybody, kept until the report database changes.

What an answer says of now (what is stuck, how old something is) is right for the minute that it was given in.
"""

import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from ..evidence import states
from . import DATABASE

MOST = 500
# A large answer is not worth the memory.
MOST_ROWS = 1000
SECONDS = 60


class _Kept:
    """The answers of one server, as long as its database is in one state."""

    def __init__(self) -> None:
        self.state: tuple[object, ...] = ()
        self.answers: dict[tuple[object, ...], Any] = {}

    def of(self, state: tuple[object, ...]) -> dict[tuple[object, ...], Any]:
        """The answers of a state; those of another one are forgotten."""
        if state != self.state or len(self.answers) >= MOST:
            self.state, self.answers = state, {}
        return self.answers


_SERVED: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


async def rows(datasette: Any, sql: str, values: Mapping[str, Any] | None = None, truncate: bool = False) -> Any:
    """What Datasette's `execute` returns for the report database; errors are not kept.

    Whether the visitor may see it, the caller has found out.
    """
    database = datasette.get_database(DATABASE)
    # Before the rows are read: whatever is written meanwhile is another state.
    kept = _SERVED.setdefault(datasette, _Kept()).of(_state(database.path))
    key = (sql, tuple(sorted((values or {}).items())), truncate and datasette.max_returned_rows)
    if key not in kept:
        found = await database.execute(sql, dict(values or {}), truncate=truncate)
        if len(found.rows) > MOST_ROWS:
            return found
        kept[key] = found
    return kept[key]


def _state(path: str) -> tuple[object, ...]:
    """The state of the report database's file, and the minute; OSError where the file is not there any more."""
    return (int(time.time() // SECONDS), *(state.seen for state in states(path)))
