"""Detail: the rows of a history that are pruned once they are old, of which only what they add up to is kept.

Of a lake it is elsewhere, and no other command than `rollup` writes what is here of it.
"""

import sqlite3
from collections.abc import Collection

from .errors import StoryreportError

# Tables of detail, and the columns that say when a row of it ended, the first that has a value.
ENDED = {
    "step_runs": ("ended_at", "started_at"),
    "events": ("at",),
    "calls": ("called_at",),
    "log_events": ("at",),
}


def ended(table: str, columns: Collection[str]) -> str:
    """When a row of a table of detail ended, in SQL, as far as its columns say."""
    ends = [column for column in ENDED[table] if column in columns]
    return f"coalesce({', '.join([*ends, 'null', 'null'])})"


# Command → why it refuses a lake, and what to do instead.
REFUSED = {
    "ingest": "which `ingest` cannot add to: write the rows there and run `storyreport rollup`, or give another"
    " --name.",
    "prune": "which `prune` cannot delete from: delete the rows there and run `storyreport rollup --full`.",
    "reprice": "whose calls `reprice` cannot see: give the price file to `storyreport rollup --full`.",
}


def _lakes(connection: sqlite3.Connection) -> dict[str, str]:
    """The sources that are rolled up from a lake: name → location."""
    return dict(
        connection.execute(
            "select name, location from main.lakes join main.sources on sources.id = source_id order by name"
        )
    )


def _refusal(command: str, name: str, location: str) -> str:
    return f"{name!r} is rolled up from the lake {location}, {REFUSED[command]}"


def refuse_lake(connection: sqlite3.Connection, name: str) -> None:
    """Raise StoryreportError where a source is rolled up from a lake: one writer a source."""
    known = _lakes(connection)
    if name in known:
        raise StoryreportError(_refusal("ingest", name, known[name]))


def refused_lakes(connection: sqlite3.Connection, command: str) -> list[str]:
    """Why a command on all sources leaves each lake alone; StoryreportError where there is no other source."""
    refusals = [_refusal(command, name, location) for name, location in _lakes(connection).items()]
    if refusals and len(refusals) == connection.execute("select count(*) from main.sources").fetchone()[0]:
        raise StoryreportError(refusals[0])
    return refusals
