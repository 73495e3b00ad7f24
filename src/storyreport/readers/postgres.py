"""A PostgreSQL database as a source: read in one read-only snapshot, streamed into tables of ours.

Every value comes as text, so that values which PostgreSQL knows and we do not (infinity, NaN, years before 1) meet the
same checks as anywhere else. A user who may only SELECT suffices.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import patience
from ..errors import StoryreportError, UsageError
from ..system import NUMBERS, Table, Type, written_otherwise
from .links import impatient
from .part import Found, quoted, without_secrets

ROWS_AT_ONCE = 5_000
GROUPS_AT_ONCE = 5_000
CONNECT_SECONDS = 10
LOCK_SECONDS = 10
# A link that is cut without a word is noticed by the system.
KEPT_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
# Tables and views of the database. Of two of one name, the one on the search path comes first, as in a query that names
# no schema.
RELATIONS = """
    select
        namespaces.nspname,
        relations.relname,
        attributes.attname,
        attributes.atttypid::regtype::text,
        relations.relkind in ('r', 'p'),
        has_schema_privilege(namespaces.oid, 'usage')
        and has_column_privilege(relations.oid, attributes.attnum, 'select')
    from pg_catalog.pg_class as relations
    join pg_catalog.pg_namespace as namespaces on namespaces.oid = relations.relnamespace
    join pg_catalog.pg_attribute as attributes on attributes.attrelid = relations.oid
    where
        relations.relkind in ('r', 'p', 'v', 'm', 'f')
        and namespaces.nspname not in ('pg_catalog', 'information_schema')
        and attributes.attnum > 0
        and not attributes.attisdropped
    order by
        coalesce(array_position(current_schemas(false), namespaces.nspname), 1000),
        namespaces.nspname = 'public' desc,
        namespaces.nspname,
        relations.relname,
        attributes.attnum
"""
VIEW, FORBIDDEN = "is a view or a foreign table", "may not be read by this user"
# Types whose text is no number, and how they become one: seconds, and an amount without its sign.
AS_NUMBERS = {"interval": "extract(epoch from {})", "money": "{}::numeric"}
MS_OF_INTERVAL = "extract(epoch from {}) * 1000"

CHECK = "check the address, the user and its rights"
# What to do about an error, by its SQLSTATE.
ADVICE = {
    "55P03": "another session keeps one of its tables locked; try again when it has finished",
    "57014": "its tables are slow to read, or locked; try again, or give a longer --wait",
    # The server stops or starts, has too many connections, or goes on without what a replica's reader needs.
    **dict.fromkeys(("57P01", "57P02", "57P03", "57P05", "53300", "40001"), "try again later"),
}
# Where the link to a server that was met has ended.
CUT = "try again, or give a longer --wait"


@dataclass
class Relations:
    """What a database holds: by table, its schema and columns with their types; by other relation, why it is not read.

    Views are not read, for they would run their author's SQL. `forbidden` are columns, by table, that the user may not
    read.
    """

    tables: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    forbidden: dict[str, list[str]] = field(default_factory=dict)


@contextlib.contextmanager
def querying(url: str, advice: str = CUT) -> Iterator[None]:
    """Turn an error of the server or its driver into a sentence without secrets.

    `advice` is what to do about an error of the driver's own: the link was cut, or the server said nothing.
    """
    psycopg = _driver()
    try:
        yield
    except psycopg.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        for secret in _secrets(url):
            reason = reason.replace(secret, "…")
        advice = ADVICE.get(error.sqlstate, CHECK) if error.sqlstate else advice
        raise StoryreportError(f"{without_secrets(url)} cannot be read ({reason.rstrip('.')}): {advice}.") from None


def _driver() -> Any:
    try:
        import psycopg
    except ImportError:
        raise StoryreportError("Reading PostgreSQL needs its driver: pip install 'storyreport[postgresql]'.") from None
    return psycopg


def _secrets(url: str) -> list[str]:
    """The secrets that a driver's message must not repeat, the longest first."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        parsed = urlsplit(url)
    except ValueError:
        raise UsageError(
            "This is not a PostgreSQL URL: expected postgresql://user:password@host:port/database."
        ) from None
    found = {parsed.password or "", unquote(parsed.password or "")}
    found |= {value for name, value in parse_qsl(parsed.query) if "pass" in name}
    return sorted(filter(None, found), key=len, reverse=True)


def connect(url: str) -> Any:
    """A connection in one repeatable-read, read-only transaction, its times in UTC."""
    psycopg = _driver()
    with querying(url, CHECK):
        seconds = patience.server_seconds()
        connection = impatient(psycopg, seconds).connect(
            url, connect_timeout=CONNECT_SECONDS, application_name="storyreport", **KEPT_ALIVE
        )
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("set local time zone 'UTC'")
        connection.execute("set local datestyle = 'ISO, YMD'")
        connection.execute(f"set local statement_timeout = {int(seconds * 1000)}")
        # Whoever waits for the lock keeps others from it.
        connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        return connection


def read_server_tables(url: str) -> tuple[dict[str, frozenset[str]], list[str]]:
    """The tables that may be read → their columns, in lower case; and what is not read, with the reason."""
    with contextlib.closing(connect(url)) as server, querying(url):
        held = _relations(server)
    tables = {table.lower(): frozenset(map(str.lower, columns)) for table, (_, columns) in held.tables.items()}
    return tables, [f"{name} {why}" for name, why in held.unread.items()]


def _relations(server: Any) -> Relations:
    """The tables that may be read; of two of a name, the one on the search path."""
    held = Relations()
    forbidden: dict[tuple[str, str], list[str]] = {}
    for schema, name, column, kind, is_table, is_allowed in server.execute(RELATIONS):
        if not is_table or not is_allowed:
            forbidden.setdefault((schema, name), []).append(column)
            held.unread.setdefault(name, FORBIDDEN if is_table else VIEW)
            continue
        known_schema, columns = held.tables.setdefault(name, (schema, {}))
        if schema == known_schema:
            columns[column] = kind
    held.unread = {name: why for name, why in held.unread.items() if name not in held.tables}
    held.forbidden = {
        name: forbidden[schema, name] for name, (schema, _) in held.tables.items() if (schema, name) in forbidden
    }
    return held


class Server:
    """The rows of one part, as the server gives them."""

    def __init__(self, connection: sqlite3.Connection, found: Found, with_text: bool, schema: str):
        self.connection = connection
        # of our database, for what is staged
        self.schema = schema
        self.url = found.url
        self.with_text = with_text
        self.tables: dict[str, Table] = dict(found.system.parts[found.part].tables)
        self.server = connect(found.url)
        with querying(self.url):
            held = _relations(self.server)
        real = {table.lower(): (table, *rest) for table, rest in held.tables.items()}
        real |= {table: real[written] for table, written in written_otherwise(self.tables, real).items()}
        # declared table → its name in SQL, and its columns' names by those in lower case
        self.names = {
            table: (
                f"{_quoted(real[table][1])}.{_quoted(real[table][0])}",
                self.tables[table].named_in_database({column.lower(): _quoted(column) for column in real[table][2]}),
            )
            for table in self.tables
            if table in real
        }
        # declared table → the types of its columns, by their names in SQL
        self.types = {table: {_quoted(column): kind for column, kind in real[table][2].items()} for table in self.names}
        self.unread = {
            name.lower(): why
            for name, why in held.unread.items()
            if name.lower() in self.tables and name.lower() not in self.names
        }
        self.forbidden = {
            table: names
            for table in self.names
            if (
                names := [name for name in held.forbidden.get(real[table][0], ()) if name in self.tables[table].columns]
            )
        }

    def dirty_groups(self, since: Mapping[str, Any]) -> None:
        """Add the groups with new or changed rows to dirty_groups."""
        for table in self.names:
            group = self._column(table, self.tables[table].group)
            condition, values = self._news(table, since)
            if group and condition:
                sql = (
                    f"select distinct {group}::text from {self.names[table][0]}"
                    f" where ({condition}) and {group} is not null"
                )
                for rows in self._chunks(sql, values):
                    self.connection.executemany(f"insert or ignore into {self.schema}.dirty_groups values (?)", rows)

    def fetch(self, since: Mapping[str, Any] | None, prefix: str) -> None:
        """Stage the rows that may have changed, or (None) all rows, in tables whose names begin like this."""
        for table in self.names:
            into = f"{self.schema}.{quoted(prefix + table)}"
            group = self._column(table, self.tables[table].group)
            condition, values = self._news(table, since) if since else ("", {})
            if not condition:
                self._stage(table, into, "true", {})
            elif not group:
                self._stage(table, into, condition, values)
            else:
                self._stage(table, into, f"({condition}) and {group} is null", values)
                dirty = self.connection.execute(f"select group_key from {self.schema}.dirty_groups")
                while keys := [str(key) for (key,) in dirty.fetchmany(GROUPS_AT_ONCE)]:
                    self._stage(table, into, f"{group}::text = any(%(keys)s)", {"keys": keys})

    def count(self, table: str) -> int:
        """How many rows a table has."""
        if table not in self.names:
            return 0
        with querying(self.url):
            count: int = self.server.execute(f"select count(*) from {self.names[table][0]}", {}).fetchone()[0]
        return count

    def since(self) -> dict[str, Any]:
        """The latest time in each column that says when rows were added or changed."""
        latest: dict[str, Any] = {}
        for table in self.names:
            for column in (
                self._column(table, self.tables[table].added),
                self._column(table, self.tables[table].changed),
            ):
                if column:
                    with querying(self.url):
                        sql = f"select max({column})::text from {self.names[table][0]}"
                        latest[f"{table}.{column}"] = self.server.execute(sql, {}).fetchone()[0]
        return latest

    def close(self) -> None:
        """End the transaction and close the connection."""
        self.server.close()

    def _column(self, table: str, name: str | None) -> str | None:
        return self.names[table][1].get(name) if name else None

    def _news(self, table: str, since: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The condition of rows added or changed since the last time; '' where the table does not say."""
        description = self.tables[table]
        conditions, values = [], {}
        for number, name in enumerate((description.added, description.changed)):
            column = self._column(table, name)
            last = since.get(f"{table}.{column}")
            if column and last:
                # Rows of one instant may have been committed one after the other.
                conditions.append(f"{column} >= %(since{number})s or {column} is null")
                values[f"since{number}"] = last
        if conditions and description.ongoing and (column := self._column(table, description.ongoing[0])):
            conditions.append(f"lower({column}::text) = any(%(ongoing)s)")
            values["ongoing"] = list(description.ongoing[1])
        return " or ".join(conditions), values

    def _stage(self, table: str, into: str, condition: str, values: dict[str, Any]) -> None:
        description = self.tables[table]
        selected = [
            "null"
            if column not in self.names[table][1] or (kind is Type.PRIVATE and not self.with_text)
            else f"({self._number(table, self.names[table][1][column], kind)})::text"
            for column, kind in description.columns.items()
        ]
        places = ", ".join("?" * len(selected))
        sql = f"select {', '.join(selected)} from {self.names[table][0]} where {condition}"
        for rows in self._chunks(sql, values):
            self.connection.executemany(f"insert into {into} values ({places}, null)", rows)

    def _number(self, table: str, column: str, kind: Type) -> str:
        """A column; where it should be a number and has a type of another text, that number."""
        if kind not in NUMBERS:
            return column
        template = AS_NUMBERS.get(self.types[table].get(column, ""), "{}")
        return (MS_OF_INTERVAL if kind is Type.MS and "epoch" in template else template).format(column)

    def _chunks(self, sql: str, values: dict[str, Any]) -> Iterator[list[tuple[Any, ...]]]:
        with querying(self.url), self.server.cursor(name="storyreport") as cursor:
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield rows


def _quoted(name: str) -> str:
    """An identifier in a statement whose values have places: a % stands for itself twice."""
    return quoted(name).replace("%", "%%")
