"""Keeps the key of the session hashes out of every page, report and query, even of those who may write SQL."""

# mypy: disallow-untyped-decorators=False

import sqlite3

from datasette import hookimpl

from storyreport.web import connections


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    """Restrict a new connection."""
    connections.restrict(conn)
