"""Keeps the key of the session hashes out of every page, report and query, of whoever may write SQL too."""

# mypy: disallow-untyped-decorators=False

import sqlite3

from datasette import hookimpl


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Let the columns of the table `secrets` read as nothing."""
    conn.set_authorizer(authorize)


def authorize(action: int, table: str | None, *_: str | None) -> int:
    """SQLite's question whether a column may be read, and the answer."""
    return sqlite3.SQLITE_IGNORE if action == sqlite3.SQLITE_READ and table == "secrets" else sqlite3.SQLITE_OK
