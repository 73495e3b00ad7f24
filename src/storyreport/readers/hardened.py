"""SQLite files of others: what their schema may make us compute, and whether what is read of them is whole."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator

from ..errors import StoryreportError
from .part import Opened, literal, quoted

# No row of a history is longer. A connection's limit holds on Python 3.11 and newer.
ROW_BYTES = 128 << 20
# What the definition of a table may call for its generated columns to be computed: nothing that takes longer than to
# read its arguments, or returns more than they hold.
FUNCTIONS = {
    "->", "->>", "abs", "coalesce", "date", "datetime", "ifnull", "iif", "json", "json_array_length", "json_extract",
    "json_type", "json_valid", "julianday", "length", "lower", "ltrim", "nullif", "round", "rtrim", "sign", "strftime",
    "substr", "substring", "time", "trim", "typeof", "unixepoch", "upper",
    # for the default of another column; a generated one cannot call those that differ each time
    "current_date", "current_time", "current_timestamp", "hex", "random", "randomblob",
}  # fmt: skip
# What makes texts longer does so again and again, where generated columns are made of others.
GROWING = re.compile(r"\|\||\bhex\b", re.IGNORECASE)
MOST_GROWING = 4
SMALL_BYTES = 256 << 20


def harden(connection: sqlite3.Connection) -> None:
    """Check the pages of files from elsewhere as they are read, and bound a row."""
    connection.execute("pragma cell_size_check = on")
    if hasattr(connection, "setlimit"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, ROW_BYTES)  # type: ignore[attr-defined]


def computes_too_much(connection: sqlite3.Connection, schema: str, table: str) -> bool:
    """Whether the generated columns of a table might take for ever, or all memory: they are not read then.

    Only a definition that is parsed as one tells its functions: it is, in a database without rows.
    """
    sql = connection.execute(
        f"select sql from {quoted(schema)}.sqlite_master where type = 'table' and name = ?", [table]
    ).fetchone()[0]
    called: set[str] = set()

    def note(action: int, _: str | None, name: str | None, *__: str | None) -> int:
        if action == sqlite3.SQLITE_FUNCTION:
            called.add((name or "").lower())
        return sqlite3.SQLITE_OK

    with contextlib.closing(sqlite3.connect(":memory:")) as scratch:
        scratch.set_authorizer(note)
        try:
            scratch.execute(sql)
        except sqlite3.Error:
            return True
    return not called <= FUNCTIONS or len(GROWING.findall(sql)) > MOST_GROWING


def check_whole(connection: sqlite3.Connection, part: Opened) -> None:
    """Raise StoryreportError where the SQLite file that a part was read from is damaged."""
    # A CHECK is its author's SQL, and says nothing about damage.
    connection.execute("pragma ignore_check_constraints = on")
    try:
        if first := next(_damage(connection, part), None):
            raise StoryreportError(
                f"{part.found.path} is damaged ({first}), and rows are missing from it: nothing was loaded, so that"
                " none is marked as deleted; restore it or copy it again."
            )
    finally:
        connection.execute("pragma ignore_check_constraints = off")


def _damage(connection: sqlite3.Connection, part: Opened) -> Iterator[str]:
    if not part.checked:
        # It is read from no SQLite file.
        return
    # Comparing indexes with their tables takes a while.
    pragma = "integrity_check" if part.found.path.stat().st_size < SMALL_BYTES else "quick_check"
    for schema in sorted({schema for schema, _ in part.checked}):
        # Pages of tables without computed columns need no check.
        tables = ("sqlite_master", *sorted(table for of, table in part.checked if of == schema))
        arguments = [f"({literal(table)})" for table in tables] if part.is_hostile else [""]
        for argument in arguments:
            for (line,) in connection.execute(f"pragma {quoted(schema)}.{pragma}{argument}"):
                # Some versions of SQLite report that wrongly for tables without rowid.
                if line != "ok" and not line.startswith("NULL value in "):
                    yield " ".join(line.split("\n")[-1].split())
