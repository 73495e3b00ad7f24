"""The numbered migrations that lay out the core tables, and the views, which are made again when their text changes."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from . import definitions

MIGRATION_SET = "storyreport"


@cache
def scripts() -> dict[str, str]:
    """The migrations in their order: name → SQL script."""
    files = sorted((Path(__file__).parent / "migrations").glob("*.sql"))
    return {path.stem: path.read_text(encoding="utf-8") for path in files}


def applied(connection: sqlite3.Connection) -> set[str]:
    """The names of the migrations that a database has."""
    known = connection.execute("select count(*) from sqlite_master where name = '_sqlite_migrations'").fetchone()[0]
    if not known:
        return set()
    rows = connection.execute("select name from _sqlite_migrations where migration_set = ?", [MIGRATION_SET])
    return {name for (name,) in rows}


def migrate(connection: sqlite3.Connection) -> None:
    """Bring tables and views up to date, in the transaction that is open or otherwise one for each migration.

    The tables of rollups are brought up to date by `rollups.update`.
    """
    apply(connection)
    if not definitions.is_current(connection):
        _make_views(connection)


def apply(connection: sqlite3.Connection) -> None:
    """Apply the migrations that a database lacks; its views are dropped before each."""
    if not set(scripts()) - applied(connection):
        return
    # It takes longer to import than all else that an ingest without news does.
    import sqlite_utils

    numbered = sqlite_utils.Migrations(MIGRATION_SET)
    for name, script in scripts().items():
        numbered(name=name)(_migration(connection, script))
    numbered.apply(sqlite_utils.Database(connection, execute_plugins=False))


def lay_out(connection: sqlite3.Connection) -> None:
    """Make all tables and views in an empty database, without the list of migrations: it cannot be migrated later."""
    for script in scripts().values():
        _migration(connection, script)(None)
    _make_views(connection)


def _migration(connection: sqlite3.Connection, script: str) -> Callable[[object], None]:
    def run(_: object) -> None:
        # A view may read columns that a migration renames or drops.
        _drop_views(connection)
        for statement in statements(script):
            connection.execute(statement)

    return run


def statements(script: str) -> Iterator[str]:
    """The single statements of an SQL script (sqlite3's own executescript would commit the transaction)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _drop_views(connection: sqlite3.Connection) -> None:
    for name in definitions.views():
        connection.execute(f"drop view if exists main.{name}")
    if definitions.is_kept(connection):
        # A database without its views is not current, although no file has changed.
        connection.execute("delete from main.definitions where kind in ('view', 'files')")


def _make_views(connection: sqlite3.Connection) -> None:
    """Make the views whose text is new or has changed, and drop those that have no text any more."""
    known, views = definitions.known(connection, "view"), definitions.views()
    for name in known.keys() - views.keys():
        connection.execute(f"drop view if exists main.{name}")
        connection.execute("delete from main.definitions where kind = 'view' and name = ?", [name])
    for name, sql in views.items():
        digest = definitions.hashes()[name]
        if known.get(name) != digest:
            connection.execute(f"drop view if exists main.{name}")
            connection.execute(f"create view main.{name} as\n{sql}")
            connection.execute("insert or replace into main.definitions values ('view', ?, ?)", [name, digest])
