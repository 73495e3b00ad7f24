"""A SQLite file as a source: attached in one snapshot, or copied first where a reader would keep its writer waiting."""

import contextlib
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import StaleError, StoryreportError
from ..scratch import check_room, copy_file
from ..scratch import folder as scratch_folder
from ..system import NUMBERS, written_otherwise
from ..values import readable
from .copies import copy_rows, index_group
from .hardened import ROW_BYTES, computes_too_much
from .header import IMMUTABLE, check_header, copy_with_log, database_size, is_abandoned, is_wal, uri
from .part import Found, Opened, quoted, signature
from .unsafe import copy_without_expressions, has_unsafe_indexes

# How long a source that is being written to may keep us waiting.
WAIT_SECONDS = 5.0
COMPUTED_TABLE = "is a view or a virtual table"
# SQLite's words about a file → our sentence about it.
PROBLEMS = {
    ("unsafe use of",): (
        "{path} has columns that this SQLite does not compute in a file from elsewhere ({error}): use a newer Python,"
        " or ingest a copy without them."
    ),
    ("locked", "busy"): "{path} is locked by the program that writes it: try again when it has finished.",
    ("readonly", "unable to open"): (
        "{path} was left in the middle of a write or may not be opened ({error}): "
        "let its own program open it once, or copy it."
    ),
    ("disk image is malformed", "malformed database schema", "not a database", "disk I/O", "corrupt"): (
        "{path} is damaged ({error}): restore it or copy it again."
    ),
    ("encoding",): (
        "{path} keeps its text as UTF-16, which cannot be attached: copy it with "
        "`sqlite3 {path.name} .dump | sqlite3 copy.db` and ingest the copy."
    ),
    ("too big",): "{path} has a row that is larger than {most} MB ({error}): leave it out, or cut it, in a copy.",
    ("is full",): "There is no room left on the disk ({error}): free some, then try again.",
}
NOT_UTF8 = "{path} is damaged (names in its schema are not UTF-8): restore it or copy it again."
# Declared types of text, or of anything.
TEXTUAL = re.compile("CHAR|CLOB|TEXT|BLOB|^$")
# What SQLite calls generated columns: computed when they are read, or stored (pragma_table_xinfo, "hidden").
COMPUTED, STORED = 2, 3
OTHER_PROBLEM = "{path} cannot be read ({error}): it may be damaged; copy it again."


def problem_of_file(error: sqlite3.Error) -> str | None:
    """The sentence, with {path} and {error}, about a file that an error comes from; None for any other error."""
    return next((sentence for words, sentence in PROBLEMS.items() if any(word in str(error) for word in words)), None)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an error of SQLite about a source into a sentence."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        sentence = problem_of_file(error) or OTHER_PROBLEM
        raise StoryreportError(sentence.format(path=path, error=error, most=ROW_BYTES >> 20)) from error
    except UnicodeDecodeError as error:
        # SQLite's message names what cannot be decoded.
        raise StoryreportError(NOT_UTF8.format(path=path)) from error


@dataclass(frozen=True)
class FileCopy:
    """A copy of a file with a rollback journal, and the signature that the file had."""

    path: Path
    signature: str


def copy_locked(found: Found, scratch: Path) -> FileCopy:
    """Copy a file that a reader would lock, as soon as its writer lets go of it."""
    copy = FileCopy(scratch / f"{found.part}.db", signature(found))
    _copy(found.path, copy.path)
    return copy


def open_sqlite(
    connection: sqlite3.Connection,
    found: Found,
    scratch: Path,
    progress: Callable[[str], None],
    copied: FileCopy | None = None,
    in_place: bool = False,
) -> Opened:
    """Attach a SQLite file, or the copy of it; `scratch` is a folder for a copy that must outlive the connection.

    `in_place` attaches a file with a rollback journal itself, which keeps its writer waiting until the transaction
    ends; StaleError where that would be long, or where its writer keeps us waiting.
    """
    taken = signature(found)
    location = uri(found.path)
    is_unlocked = location.endswith(IMMUTABLE)
    copy = scratch / f"{found.part}.db"
    if in_place:
        return _open_in_place(connection, found, taken)
    if copied is None and not is_wal(found.path):
        # A reader of such a file keeps its writer waiting: so read it once, quickly, and work on the copy.
        progress(f"copying {found.path.name}")
        copied = copy_locked(found, scratch)
    if copied:
        copy, taken, is_unlocked = copied.path, copied.signature, False
        location = f"{copy.as_uri()}?{IMMUTABLE}"
    elif is_abandoned(found.path):
        progress(f"copying {found.path.name}")
        copy_with_log(found.path, copy)
        is_unlocked, location = True, copy.as_uri()
    if has_unsafe_indexes(location, WAIT_SECONDS):
        copy = scratch / f"{found.part} plain.db"
        location = copy_without_expressions(location, copy, WAIT_SECONDS)
    schema = f"src_{found.part}"
    connection.execute(f"attach ? as {quoted(schema)}", [location])
    if location.endswith(IMMUTABLE):
        # If we are killed, no copy is left behind (where an open file may be deleted).
        with contextlib.suppress(OSError):
            copy.unlink()
    part = _describe(connection, found, schema, taken)
    part.is_unlocked = is_unlocked
    return part


def _open_in_place(connection: sqlite3.Connection, found: Found, taken: str) -> Opened:
    """Attach a file under its lock. Until the transaction ends nobody here may open it: closing it ends the lock."""
    location, schema = uri(found.path), f"src_{found.part}"
    waits = connection.execute("pragma busy_timeout").fetchone()[0]
    connection.execute("pragma busy_timeout = 0")
    try:
        if is_wal(found.path) or has_unsafe_indexes(location, wait_seconds=0):
            raise StaleError(is_whole=True)
        connection.execute(f"attach ? as {quoted(schema)}", [location])
        # The first read takes the lock.
        connection.execute(f"select count(*) from {quoted(schema)}.sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StaleError(is_whole=True) from error
        raise
    finally:
        connection.execute(f"pragma busy_timeout = {waits}")
    return _describe(connection, found, schema, taken, in_place=True)


def _copy(source: Path, copy: Path) -> None:
    """Copy a file with a rollback journal under one lock that keeps its writer from it."""
    with contextlib.closing(sqlite3.connect(uri(source), uri=True, timeout=WAIT_SECONDS)) as reader:
        if not _copy_as_file(reader, source, copy):
            copy.unlink(missing_ok=True)
            check_room(source, copy.parent, source.stat().st_size)
            with contextlib.closing(sqlite3.connect(copy)) as writer:
                writer.execute("pragma synchronous = off")
                writer.execute("pragma journal_mode = off")
                # In one step: smaller ones start again whenever the writer writes.
                reader.backup(writer)


def _copy_as_file(reader: sqlite3.Connection, source: Path, copy: Path) -> bool:
    """Copy a file, which is several times as fast as SQLite's backup, if it has no log; whether that could be done."""
    reader.execute("begin")
    # The first read takes the lock.
    reader.execute("select count(*) from sqlite_master").fetchone()
    try:
        if reader.execute("pragma journal_mode").fetchone() == ("wal",):
            return False
        copy_file(source, copy, database_size)
    except OSError:
        # Windows refuses the bytes that are locked.
        return False
    finally:
        # Closing the file has released the lock, too (https://sqlite.org/howtocorrupt.html, 2.2).
        reader.execute("rollback")
    return True


def _describe(connection: sqlite3.Connection, found: Found, schema: str, taken: str, in_place: bool = False) -> Opened:
    """The tables of an attached file; StaleError where one would have to be copied that is read in place."""
    tables: dict[str, tuple[str, dict[str, str]]] = {}
    checked: set[tuple[str, str]] = set()
    numbered: dict[str, str] = {}
    unindexed: dict[str, str] = {}
    real = {name.lower(): name for name in real_tables(connection, schema)}
    declared = found.system.parts[found.part].tables
    real |= {table: real[written] for table, written in written_otherwise(declared, real).items()}
    unread = dict.fromkeys(_computed_tables(connection, schema) & declared.keys(), COMPUTED_TABLE)
    for table, description in declared.items():
        if table not in real:
            continue
        name = f"{quoted(schema)}.{quoted(real[table])}"
        present = columns_of(connection, schema, real[table])
        if not has_hostile_columns(connection, schema, real[table]):
            checked.add((schema, real[table]))
        columns = description.named_in_database({column.lower(): column for column in present})
        number = _row_number(connection, schema, real[table], columns)
        group = columns.get(description.group or "")
        numbers = {column for key, column in columns.items() if description.columns.get(key) in NUMBERS}
        is_imported = _is_imported(connection, schema, real[table], columns.values(), numbers)
        is_unindexed = group is not None and not _is_indexed(connection, schema, real[table], group)
        if in_place and (is_imported or is_unindexed):
            raise StaleError(is_whole=True)
        if is_imported or (is_unindexed and not number):
            cleaned = numbers if is_imported else None
            name, number = copy_rows(connection, name, f"copied_{table}", columns.values(), number, numbers=cleaned)
            if group:
                index_group(connection, f"copied_{table}", group)
        elif is_unindexed and group:
            unindexed[table] = group
        if number:
            numbered[table] = number
        tables[table] = (name, columns)
    is_hostile = any(has_hostile_columns(connection, schema, name) for name in real.values())
    return Opened(
        found,
        taken,
        tables,
        numbered,
        in_place=in_place,
        unindexed=unindexed,
        checked=checked,
        is_hostile=is_hostile,
        unread=unread,
    )


def _is_imported(
    connection: sqlite3.Connection, schema: str, table: str, columns: Iterable[str], numbers: Collection[str]
) -> bool:
    """Whether a table is like those that an import makes: its numbers are text, or it has empty texts and no key."""
    layout = connection.execute("select name, upper(type), pk from pragma_table_info(?, ?)", [table, schema]).fetchall()
    # What has the affinity TEXT, or none (https://sqlite.org/datatype3.html, 3.1).
    if any("INT" not in kind and TEXTUAL.search(kind) for name, kind, _ in layout if name in numbers):
        return True
    if any(key for *_, key in layout):
        return False
    if connection.execute("select 1 from pragma_index_list(?, ?)", [table, schema]).fetchone():
        return False
    # To look takes a third of what a copy does.
    empty = f"select 1 from {quoted(schema)}.{quoted(table)} where '' in ({', '.join(map(quoted, columns))}) limit 1"
    return connection.execute(empty).fetchone() is not None


def _row_number(connection: sqlite3.Connection, schema: str, table: str, columns: dict[str, str]) -> str | None:
    """The SQL name of a table's row number, if it can be its INTEGER PRIMARY KEY; None for a table without one."""
    for number in ("_rowid_", "rowid", "oid"):
        if number not in columns:
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute(f"select {number} from {quoted(schema)}.{quoted(table)} limit 0")
                return _number_column(connection, schema, table) or number
    return None


def _number_column(connection: sqlite3.Connection, schema: str, table: str) -> str | None:
    """The SQL name of the column that is a table's row number: a key of this type that needs no index."""
    keys = connection.execute(
        """
        select name, lower(type)
        from pragma_table_info(:table, :schema)
        where
            pk > 0
            and not exists (select 1 from pragma_index_list(:table, :schema) where origin = 'pk')
        """,
        {"table": table, "schema": schema},
    ).fetchall()
    return quoted(keys[0][0]) if [kind for _, kind in keys] == ["integer"] else None


def _is_indexed(connection: sqlite3.Connection, schema: str, table: str, column: str) -> bool:
    found = connection.execute(
        """
        select 1
        from pragma_index_list(:table, :schema) as indexes
        join pragma_index_info(indexes.name, :schema) as places
        where
            places.seqno = 0
            and lower(places.name) = lower(:column)
            and not indexes.partial
        union all
        select 1
        from pragma_table_info(:table, :schema)
        where
            lower(name) = lower(:column)
            and pk = 1
        """,
        {"table": table, "schema": schema, "column": column},
    )
    return found.fetchone() is not None


def read_tables(path: Path) -> dict[str, frozenset[str]]:
    """The real tables of a SQLite file (no views, no virtual ones) → their columns, all in lower case."""
    check_header(path)
    with contextlib.ExitStack() as folders, reading(path):
        location = uri(path)
        if is_abandoned(path):
            copy = folders.enter_context(scratch_folder()) / "copy.db"
            copy_with_log(path, copy)
            location = copy.as_uri()
        with contextlib.closing(sqlite3.connect(location, uri=True, timeout=WAIT_SECONDS)) as connection:
            connection.text_factory = readable
            return {
                table.lower(): frozenset(column.lower() for column in columns_of(connection, "main", table))
                for table in real_tables(connection, "main")
            }


def real_tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    """The names of a schema's own tables: a view or a virtual table would run the SQL of its author."""
    # SQLite begins each definition so, whatever was written.
    rows = connection.execute(
        f"""
        select name
        from {quoted(schema)}.sqlite_master
        where
            type = 'table'
            and rootpage > 0
            and sql like 'create table %'"""
    )
    return [name for (name,) in rows if isinstance(name, str) and not name.startswith("sqlite_")]


def _computed_tables(connection: sqlite3.Connection, schema: str) -> set[str]:
    """The lower-case names of a schema's views and virtual tables."""
    rows = connection.execute(f"select name, type from {quoted(schema)}.sqlite_master where type in ('table', 'view')")
    names = {name.lower() for name, _ in rows if isinstance(name, str)}
    return names - {name.lower() for name in real_tables(connection, schema)}


def columns_of(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    """The names of a real table's columns; of the generated ones, those that are stored or cheap to compute."""
    rows = connection.execute("select name, hidden from pragma_table_xinfo(?, ?)", [table, schema]).fetchall()
    is_hostile = any(hidden == COMPUTED for _, hidden in rows) and computes_too_much(connection, schema, table)
    read = (0, STORED) if is_hostile else (0, COMPUTED, STORED)
    return [name for name, hidden in rows if isinstance(name, str) and hidden in read]


def has_hostile_columns(connection: sqlite3.Connection, schema: str, table: str) -> bool:
    """Whether a real table has generated columns that are not read."""
    rows = connection.execute("select count(*) from pragma_table_xinfo(?, ?) where hidden <> 1", [table, schema])
    return bool(rows.fetchone()[0] > len(columns_of(connection, schema, table)))
