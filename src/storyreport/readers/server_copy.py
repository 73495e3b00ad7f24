"""What is needed of a server, staged in a file before the report database is locked: others write it meanwhile."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StaleError
from ..keyed import HASHED
from .header import IMMUTABLE
from .part import Found, Opened, quoted
from .staged import create_staged

# How the names of tables begin that hold the rows since the last load, or all rows.
SOME, ALL = "some_", "all_"


@dataclass(frozen=True)
class Wanted:
    """Which rows of a server: those since the last load (None: all) and those of some groups; or these, and all."""

    since: Mapping[str, Any] | None = None
    groups: frozenset[str] = frozenset()
    has_all: bool = False

    @property
    def prefixes(self) -> dict[str, Mapping[str, Any] | None]:
        """How the names of the tables begin → since when their rows are."""
        some = {} if self.since is None else {SOME: self.since}
        return {**some, ALL: None} if self.has_all or not some else dict(some)


@dataclass
class ServerCopy:
    """The rows of a part as they were when its server was asked; as a Remote it asks for no others."""

    found: Found
    wanted: Wanted
    with_text: bool
    path: Path
    columns: Mapping[str, dict[str, str]]
    counts: Mapping[str, int]
    latest: dict[str, Any]
    unread: dict[str, str] = field(default_factory=dict)
    forbidden: dict[str, list[str]] = field(default_factory=dict)
    connection: sqlite3.Connection | None = None
    tables: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def open(self, connection: sqlite3.Connection, with_text: bool) -> Opened:
        """Attach the file to the report database; StaleError where texts were left out that are wanted, or the like."""
        if with_text != self.with_text:
            raise StaleError(is_whole=True)
        connection.execute(f"attach ? as {self._schema}", [f"{self.path.as_uri()}?{IMMUTABLE}"])
        # If we are killed, no copy is left behind (where an open file may be deleted).
        with contextlib.suppress(OSError):
            self.path.unlink()
        self.connection = connection
        self._show(next(iter(self.wanted.prefixes)))
        return Opened(
            self.found, "", self.tables, {}, is_staged=True, remote=self, unread=self.unread, forbidden=self.forbidden
        )

    def _show(self, prefix: str) -> None:
        for table, columns in self.columns.items():
            self.tables[table] = f"{self._schema}.{quoted(prefix + table)}", columns

    def dirty_groups(self, since: Mapping[str, Any]) -> None:
        """Add the groups with new or changed rows to temp.dirty_groups."""
        if since != self.wanted.since:
            raise StaleError(is_whole=True)
        assert self.connection
        self.connection.execute(
            f"insert or ignore into temp.dirty_groups (group_key) select group_key from {self._schema}.dirty_groups"
        )

    def fetch(self, since: Mapping[str, Any] | None) -> None:
        """Show the rows that may have changed, or (None) all rows; StaleError where they were not staged."""
        if since is None:
            if ALL not in self.wanted.prefixes:
                raise StaleError(is_whole=True)
            self._show(ALL)
            return
        assert self.connection
        missing = self.connection.execute(
            f"""
            select group_key
            from temp.dirty_groups
            where
                group_key not in (select group_key from {self._schema}.dirty_groups)
                and instr(group_key, ?) = 0
            """,
            [HASHED],
        )
        if groups := frozenset(str(key) for (key,) in missing):
            raise StaleError(groups)

    def count(self, table: str) -> int:
        """How many rows a table had."""
        return self.counts.get(table, 0)

    def since(self) -> dict[str, Any]:
        """The latest time in each column that says when rows were added or changed."""
        return self.latest

    def close(self) -> None:
        """Nothing: the server was left before."""

    @property
    def _schema(self) -> str:
        return quoted(f"ahead_{self.found.part}")


def copy_server(found: Found, wanted: Wanted, with_text: bool, path: Path) -> ServerCopy:
    """Stage what is wanted of a part of a server in a new file, in one snapshot of the server."""
    # Its driver is an extra.
    from .postgres import Server

    path.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as scratch:
        scratch.execute("pragma synchronous = off")
        scratch.execute("pragma journal_mode = off")
        scratch.execute("begin")
        server = Server(scratch, found, with_text, schema="main")
        with contextlib.closing(server):
            tables = found.system.parts[found.part].tables
            columns = {
                table: create_staged(scratch, table, tables[table], schema="main", prefix=prefix)[1]
                for prefix in wanted.prefixes
                for table in server.names
            }
            scratch.execute("create table dirty_groups (group_key primary key) without rowid")
            if wanted.since is not None:
                server.dirty_groups(wanted.since)
            scratch.executemany("insert or ignore into dirty_groups values (?)", [(key,) for key in wanted.groups])
            for prefix, since in wanted.prefixes.items():
                server.fetch(since, prefix)
            counts = {table: server.count(table) for table in server.names}
            latest = server.since()
        scratch.execute("commit")
    return ServerCopy(found, wanted, with_text, path, columns, counts, latest, server.unread, server.forbidden)
