"""Limits every connection that answers visitors."""

# mypy: disallow-untyped-decorators=False

import sqlite3
from typing import Any

from datasette import hookimpl

from storyreport.web import guard


@hookimpl
def prepare_connection(conn: sqlite3.Connection, database: str, datasette: Any) -> None:
    """Restrict a new connection."""
    guard.prepare(conn, database, datasette)
