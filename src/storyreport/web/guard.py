"""The limits of a connection that answers visitors: what its SQL may call, read and do, and how much of it."""

import sqlite3
from collections.abc import Callable, Collection
from typing import Any

from . import DATABASE

# fmt: off
# What SQL may call. A plugin adds the function that it registers, in lower case: `guard.FUNCTIONS.add("my_function")`.
FUNCTIONS: set[str] = {
    # values
    "->", "->>", "abs", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "if", "ifnull", "iif",
    "instr", "length", "like", "likelihood", "likely", "lower", "ltrim", "match", "max", "min", "nullif",
    "octet_length", "printf", "quote", "random", "replace", "round", "rtrim", "sign", "soundex", "sqlite_source_id",
    "sqlite_version", "string_agg", "substr", "substring", "trim", "typeof", "unhex", "unicode", "unlikely", "upper",
    "zeroblob",
    # times
    "current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "strftime", "time",
    "timediff", "unixepoch",
    # mathematics
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp",
    "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan",
    "tanh", "trunc",
    # aggregates and windows
    "avg", "count", "group_concat", "median", "percentile", "percentile_cont", "percentile_disc", "sum", "total",
    "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank",
    "rank", "row_number",
    # JSON
    "json", "json_array", "json_array_length", "json_error_position", "json_extract", "json_group_array",
    "json_group_object", "json_insert", "json_object", "json_patch", "json_pretty", "json_quote", "json_remove",
    "json_replace", "json_set", "json_type", "json_valid",
    # search
    "bm25", "highlight", "snippet", "escape_fts",
}
# fmt: on
# What Datasette and FTS5 look up about a schema, and what `/-/versions` shows.
PRAGMAS = {
    "compile_options",
    "data_version",
    "database_list",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "page_size",
    "schema_version",
    "table_info",
    "table_list",
    "table_xinfo",
}
# Where the database's file lies: Datasette looks it up, and visitors' SQL does not.
PRIVATE = "database_list"
# Those that would change something if they had an argument; and what sqlite-utils sets wherever it looks at a table.
WITHOUT_ARGUMENT = {"data_version", "page_count", "page_size", "schema_version"}
HARMLESS = ("recursive_triggers", "on")
# What can be read like a table and is none. Everything else that SQLite knows of this kind is refused.
MODULES = {"json_each", "json_tree", *(f"pragma_{name}" for name in PRAGMAS)}
REFUSED = {
    "bytecode",
    "dbstat",
    "fts3tokenize",
    "sqlite_dbpage",
    "sqlite_memstat",
    "sqlite_stmt",
    "tables_used",
}
# The key of the session hashes reads as null.
SECRET = "secrets"
# SQLite's limits (setlimit), sizes in bytes. No row of a history is longer than LENGTH, and no value that SQL builds.
# VARIABLE_NUMBER leaves room for the keys of a page of rows whose labels Datasette looks up.
LENGTH = 1 << 20
LIMITS = {
    "SQLITE_LIMIT_LENGTH": LENGTH,
    "SQLITE_LIMIT_SQL_LENGTH": 100_000,
    "SQLITE_LIMIT_COLUMN": 200,
    "SQLITE_LIMIT_EXPR_DEPTH": 300,
    "SQLITE_LIMIT_COMPOUND_SELECT": 100,
    "SQLITE_LIMIT_VDBE_OP": 250_000,
    "SQLITE_LIMIT_FUNCTION_ARG": 100,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 1_000,
    "SQLITE_LIMIT_VARIABLE_NUMBER": 5_000,
    "SQLITE_LIMIT_TRIGGER_DEPTH": 10,
}
STATEMENTS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE}

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


def prepare(connection: sqlite3.Connection, database: str, datasette: Any) -> None:
    """Restrict a connection of Datasette's to the report database, or to the one that joins databases."""
    if database == DATABASE:
        restrict(connection)
    elif database == "_memory":
        # Datasette attaches the databases after this.
        places = [(each.path, "mode=ro" if each.is_mutable else "immutable=1") for each in datasette.databases.values()]
        restrict(connection, [f"file:{path}?{query}" for path, query in places if path], is_memory=True)


def restrict(
    connection: sqlite3.Connection,
    attachable: Collection[str] = (),
    is_memory: bool = False,
    is_visitors: bool = False,
) -> None:
    """Limit a connection to reading tables with known functions; `attachable` are the URIs that it may attach.

    On Python 3.10 SQLite's size limits cannot be set: they stay SQLite's own.
    """
    connection.execute("pragma trusted_schema = off")
    known = {name.lower() for (name,) in connection.execute("select name from pragma_module_list").fetchall()}
    if hasattr(connection, "setlimit"):
        attached = min(10, len(attachable))
        for name, value in {**LIMITS, "SQLITE_LIMIT_ATTACHED": attached}.items():
            connection.setlimit(getattr(sqlite3, name), value)
    refused = (known | REFUSED) - MODULES | ({f"pragma_{PRIVATE}"} if is_visitors else set())
    connection.set_authorizer(authorizer(refused, attachable, is_memory, is_visitors))


def authorizer(
    refused: Collection[str], attachable: Collection[str], is_memory: bool, is_visitors: bool = False
) -> Authorizer:
    """SQLite's question whether a statement may do something, and the answer, for these refused tables."""

    def authorize(action: int, first: str | None, second: str | None, _: str | None, __: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            return _read((first or "").lower(), refused)
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in FUNCTIONS else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA:
            is_private = is_visitors and (first or "").lower() == PRIVATE
            return sqlite3.SQLITE_DENY if is_private else _pragma((first or "").lower(), second)
        if action in STATEMENTS or (action == sqlite3.SQLITE_ATTACH and first in attachable):
            return sqlite3.SQLITE_OK
        # SQLite asks so when it opens a search table; without writable_schema nobody else gets further.
        if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
            return sqlite3.SQLITE_OK
        # `/-/versions` tries out search tables on such a connection: they are not made, and it hears nothing of that.
        if is_memory and action == sqlite3.SQLITE_INSERT and first == "sqlite_master":
            return sqlite3.SQLITE_IGNORE
        return sqlite3.SQLITE_DENY

    return authorize


def _read(table: str, refused: Collection[str]) -> int:
    if table == SECRET:
        return sqlite3.SQLITE_IGNORE
    # SQLite registers the tables of pragmas when they are first read.
    is_refused = table in refused or (table.startswith("pragma_") and table not in MODULES)
    return sqlite3.SQLITE_DENY if is_refused else sqlite3.SQLITE_OK


def _pragma(name: str, argument: str | None) -> int:
    is_read = name in PRAGMAS and not (argument and name in WITHOUT_ARGUMENT)
    is_allowed = is_read or (name, argument) == HARMLESS
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY
