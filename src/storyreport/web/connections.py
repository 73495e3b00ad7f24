"""The limits of a connection that answers visitors."""

import sqlite3


def restrict(connection: sqlite3.Connection) -> None:
    """Let the columns of the table `secrets` read as null."""
    connection.set_authorizer(_authorize)


def _authorize(action: int, table: str | None, *_: str | None) -> int:
    """SQLite's question whether a column may be read, and the answer."""
    return sqlite3.SQLITE_IGNORE if action == sqlite3.SQLITE_READ and table == "secrets" else sqlite3.SQLITE_OK
