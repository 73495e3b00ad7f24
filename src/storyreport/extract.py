"""Make a part of a source readable as SQL: attach or stage it, and lay typed views over its tables.

A view src_<table> has the rows to load, just those that may have changed where the rest is known; all_<table> has all
of them, for looking things up. src_statuses translates the source's status words.
"""

import contextlib
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from . import values
from .errors import StoryreportError, UsageError
from .recognise import (
    IMMUTABLE,
    WAIT_SECONDS,
    Found,
    columns_of,
    copy_with_log,
    is_abandoned,
    is_wal,
    quoted,
    read_header,
    real_tables,
    uri,
    wal_of,
)
from .sources import Table, Type, textfiles

# Rows this close to the newest one are read again where a table does not say when a row was changed: a row may be
# updated in place soon after it was written.
ROWS_READ_AGAIN = 10_000
LONGEST_KEY = 500
# A line may be 8 MiB long.
ROWS_A_BATCH = 25
LONGEST_WORD = 200
# What is shorter than this names nobody, and might be any part of a text.
SHORTEST_BLOTTED = 8
# Millions of them can be added up as 64-bit integers.
LARGEST_AMOUNT = 1e12
# The column of ours that has a row's number in its source.
ROW_NUMBER = "storyreport row"

# A text that is not UTF-8 cannot be handed to a function as text.
AS_BYTES = "case typeof({c}) when 'text' then cast({c} as blob) else {c} end"
# Nearly all times are epochs (seconds or milliseconds by magnitude), or UTC text in one of these forms by its length;
# to_utc knows all others. With a modifier, SQLite computes the date: February 30 becomes March 2, which differs.
TIME_FORMS = {
    f"typeof({{c}}) = 'integer' and {{c}} between 0 and {values.FIRST_EPOCH_MS - 1}": (
        "replace(datetime({c}, 'unixepoch'), ' ', 'T') || '.000Z'"
    ),
    f"typeof({{c}}) = 'integer' and {{c}} between {values.FIRST_EPOCH_MS} and 253402300799999": (
        "replace(datetime({c} / 1000, 'unixepoch'), ' ', 'T') || printf('.%03dZ', {c} % 1000)"
    ),
    "length({c}) = 19 and {zone} = 'UTC' and replace({c}, 'T', ' ') = datetime({c}, '+0 days') and {c} >= '0001'": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12) || '.000Z'"
    ),
    "length({c}) = 20 and {c} = replace(datetime({c}, '+0 days'), ' ', 'T') || 'Z' and {c} >= '0001'": (
        "substr({c}, 1, 19) || '.000Z'"
    ),
    "length({c}) = 26 and {zone} = 'UTC' and replace(substr({c}, 1, 19), 'T', ' ') = datetime({c}, '+0 days')"
    " and {c} >= '0001' and substr({c}, 20) glob '.[0-9][0-9][0-9][0-9][0-9][0-9]'": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 12) || 'Z'"
    ),
    "length({c}) = 24 and {c} = strftime('%Y-%m-%dT%H:%M:%fZ', {c}, '+0 days') and {c} >= '0001'": "{c}",
}
OTHER_TIME = f"to_utc({AS_BYTES}, {{zone}})"
TIME = f"case {' '.join(f'when {form} then {time}' for form, time in TIME_FORMS.items())} else {OTHER_TIME} end"
IS_NO_TIME = f"""case
        {" ".join(f"when {form} then 0" for form in TIME_FORMS)}
        when {{c}} <> '' then {OTHER_TIME} is null
    end"""
# What an expression in a view may say of column {c}; {zone} is its time zone, an SQL literal.
VALUES = {
    Type.KEY: "{c}",
    Type.WORD: f"""case
        when typeof({{c}}) = 'text' and length({{c}}) <= {LONGEST_WORD} and {{c}} not glob '*[^ -~]*' then {{c}}
        else clean_text(cast({{c}} as blob), {LONGEST_WORD})
    end""",
    Type.TEXT: "case when {c} is not null then clean_text(cast({c} as blob)) end",
    Type.HASHED: "keyed_hash(cast({c} as blob))",
    Type.JSON: "cast({c} as text)",
    Type.UTC: TIME,
    Type.LOCAL: TIME,
    Type.COUNT: "case when {c} >= 0 then cast({c} as integer) end",
    Type.MS: "case when {c} >= 0 then cast(round({c}) as integer) end",
    Type.SECONDS: "case when {c} >= 0 then cast(round({c} * 1000) as integer) end",
    Type.NUMBER: "cast({c} as real)",
    Type.MONEY: "case when {c} >= 0 then cast({c} as real) end",
    Type.FLAG: """case
        when lower({c}) in ('1', 'true', 't', 'yes') then 1
        when lower({c}) in ('0', 'false', 'f', 'no') then 0
    end""",
}
# When column {c}'s value makes its row unusable.
NOT_A_NUMBER = (
    # Not abs(): of the least integer there is none.
    "{c} <> '' and (typeof({c}) not in ('integer', 'real')"
    f" or {{c}} not between -{LARGEST_AMOUNT} and {LARGEST_AMOUNT})"
)
PROBLEMS = {
    Type.KEY: (
        # As many characters as bytes: neither a NUL nor anything but ASCII. (SQLite looks at both sides of an AND.)
        f"""case
            when typeof({{c}}) in ('integer', 'null') then 0
            when
                typeof({{c}}) = 'text'
                and length({{c}}) = length(cast({{c}} as blob))
                and length({{c}}) <= {LONGEST_KEY}
                and {{c}} not glob '*[^ -~]*'
                then 0
            when typeof({{c}}) in ('blob', 'real') or length({{c}}) > {LONGEST_KEY} or instr({{c}}, char(0)) then 1
            when {{c}} glob '*[^ -~]*' then not is_text(cast({{c}} as blob))
        end""",
        "is no readable key",
    ),
    **dict.fromkeys((Type.UTC, Type.LOCAL), (IS_NO_TIME, "is no possible time")),
    **dict.fromkeys((Type.COUNT, Type.MS, Type.SECONDS, Type.NUMBER, Type.MONEY), (NOT_A_NUMBER, "is not a number")),
}
# Types whose negative values are dropped from a row that is loaded.
AMOUNTS = (Type.COUNT, Type.MS, Type.SECONDS, Type.MONEY)
# Types whose values are not shown as they are.
SECRET = (Type.PRIVATE, Type.HASHED, Type.JSON)
NUMBERS = (*AMOUNTS, Type.NUMBER)


@dataclass(frozen=True)
class Options:
    """How a source is to be read."""

    timezone: str = "UTC"
    with_text: bool = False


class Remote(Protocol):
    """A server whose rows are staged: all of them, or those of the touched groups and what has been added."""

    def touch(self, marks: dict[str, Any]) -> None:
        """Add the groups with new or changed rows to temp.touched."""

    def fetch(self, marks: dict[str, Any] | None) -> None:
        """Stage the rows that may have changed since the marks, or (None) all rows."""

    def count(self, table: str) -> int:
        """How many rows a table has."""

    def since(self) -> dict[str, Any]:
        """What the next `touch` and `fetch` need to know."""

    def close(self) -> None:
        """Let go of the server."""


@dataclass
class Opened:
    """A part that can be read: its tables as they are, and what they will be known by next time."""

    found: Found
    signature: str
    # declared table → the SQL name of what holds its rows, and its real columns by their lower-case names
    tables: dict[str, tuple[str, dict[str, str]]]
    # tables whose rows have a number that grows
    numbered: dict[str, str]
    # read without a lock, as a file that nobody writes to
    is_unlocked: bool = False
    # read from files into tables that have a column `problem`
    is_staged: bool = False
    # a database server, which is asked for rows as they are needed
    remote: Remote | None = None


def check_timezone(name: str) -> None:
    """Raise UsageError for an unknown time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"There is no time zone {name!r}: use a name like Europe/Madrid, or UTC.") from None


def signature(found: Found) -> str:
    """Something that differs once the part has changed; cheap to take."""
    if found.url:
        # A server does not say whether anything has changed.
        return ""
    if found.exports:
        return " ".join(_file_signature(path) for _, path in found.exports)
    if found.path.is_dir():
        return _folder_signature(found.path)
    if is_staged(found) and not found.system.parts[found.part].signs:
        return _file_signature(found.path)
    # SQLite counts its transactions in the header, or appends to the log.
    signs = [read_header(found.path)[24:28].hex()]
    for file in (found.path, wal_of(found.path)):
        with contextlib.suppress(FileNotFoundError):
            about = file.stat()
            signs += [str(about.st_size), str(about.st_mtime_ns)]
    return ":".join(signs)


def _file_signature(path: Path) -> str:
    about = path.stat()
    return f"{about.st_size}:{about.st_mtime_ns}"


def _folder_signature(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        # A link may lead nowhere.
        with contextlib.suppress(OSError):
            about = file.stat()
            digest.update(
                f"{file.relative_to(folder)}\0{about.st_size}\0{about.st_mtime_ns}\0".encode(errors="replace")
            )
    return digest.hexdigest()


def open_part(
    connection: sqlite3.Connection, found: Found, scratch: Path, with_text: bool, progress: Callable[[str], None]
) -> Opened:
    """Attach or stage a part; `scratch` is a folder for copies that must outlive the connection."""
    if found.url:
        # Its driver is an extra.
        from .postgres import open_postgres

        return open_postgres(connection, found, with_text)
    taken = signature(found)
    if is_staged(found):
        return _stage(connection, found, taken, progress)
    location = uri(found.path)
    is_unlocked = location.endswith(IMMUTABLE)
    copy = scratch / f"{found.part}.db"
    if not is_wal(found.path):
        # A reader of such a file keeps its writer waiting: so read it once, quickly, and work on the copy.
        progress(f"copying {found.path.name}")
        _copy(found.path, copy)
        location = f"{copy.as_uri()}?{IMMUTABLE}"
    elif is_abandoned(found.path):
        progress(f"copying {found.path.name}")
        copy_with_log(found.path, copy)
        is_unlocked, location = True, copy.as_uri()
    if _has_unsafe_indexes(location):
        copy = scratch / f"{found.part} plain.db"
        location = _copy_without_expressions(location, copy)
    schema = f"src_{found.part}"
    connection.execute(f"attach ? as {quoted(schema)}", [location])
    if location.endswith(IMMUTABLE):
        # If we are killed, no copy is left behind (where an open file may be deleted).
        with contextlib.suppress(OSError):
            copy.unlink()
    part = _describe(connection, found, schema, taken)
    part.is_unlocked = is_unlocked
    return part


def _has_unsafe_indexes(location: str) -> bool:
    """Whether an index calls what this SQLite calls unsafe in a file from elsewhere: up to 3.40, JSON functions too."""
    with contextlib.closing(sqlite3.connect(location, uri=True, timeout=WAIT_SECONDS)) as reader:
        reader.execute("pragma trusted_schema = off")
        try:
            reader.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            if "unsafe use of" not in str(error):
                raise
            return True
    return False


def _copy_without_expressions(location: str, copy: Path) -> str:
    """Copy a database and drop the copy's indexes that call functions; return where the copy is.

    The connection that does so has no functions of ours, so that a hostile schema can call none.
    """
    with (
        contextlib.closing(sqlite3.connect(location, uri=True, timeout=WAIT_SECONDS)) as reader,
        contextlib.closing(sqlite3.connect(copy)) as writer,
    ):
        reader.backup(writer)
        # A copy in WAL mode could not be read as immutable.
        writer.execute("pragma journal_mode = delete")
        indexes = writer.execute("""
            select name
            from sqlite_master
            where
                type = 'index'
                and (
                    exists (select 1 from pragma_index_xinfo(sqlite_master.name) where cid = -2)
                    or name in (select name from pragma_index_list(sqlite_master.tbl_name) where partial)
                )""").fetchall()
        for (name,) in indexes:
            writer.execute(f"drop index {quoted(name)}")
        writer.commit()
    return f"{copy.as_uri()}?{IMMUTABLE}"


def check_unmoved(part: Opened) -> None:
    """Raise StoryreportError if a file that was read without a lock has changed meanwhile."""
    if part.is_unlocked and signature(part.found) != part.signature:
        raise StoryreportError(f"{part.found.path} was opened by its writer while it was read: try again.")


def _copy(source: Path, copy: Path) -> None:
    """Copy a file with a rollback journal under one lock that keeps its writer from it."""
    with contextlib.closing(sqlite3.connect(uri(source), uri=True, timeout=WAIT_SECONDS)) as reader:
        if not _copy_as_file(reader, source, copy):
            copy.unlink(missing_ok=True)
            with contextlib.closing(sqlite3.connect(copy)) as writer:
                writer.execute("pragma synchronous = off")
                writer.execute("pragma journal_mode = off")
                # In one step: smaller ones begin anew whenever the writer writes.
                reader.backup(writer)


def _copy_as_file(reader: sqlite3.Connection, source: Path, copy: Path) -> bool:
    """Copy a file, which is several times as fast as SQLite's backup, if it has no log; whether that could be done."""
    reader.execute("begin")
    # What is read first takes the lock.
    reader.execute("select count(*) from sqlite_master").fetchone()
    try:
        if reader.execute("pragma journal_mode").fetchone() == ("wal",):
            return False
        shutil.copyfile(source, copy)
    except OSError:
        # Windows refuses the bytes that are locked.
        return False
    finally:
        # Closing the file has let go of the lock, too (https://sqlite.org/howtocorrupt.html, 2.2).
        reader.execute("rollback")
    return True


def _describe(connection: sqlite3.Connection, found: Found, schema: str, taken: str) -> Opened:
    tables: dict[str, tuple[str, dict[str, str]]] = {}
    numbered: dict[str, str] = {}
    real = {name.lower(): name for name in real_tables(connection, schema)}
    for table, description in found.system.parts[found.part].tables.items():
        if table not in real:
            continue
        name = f"{quoted(schema)}.{quoted(real[table])}"
        columns = {column.lower(): column for column in columns_of(connection, schema, real[table])}
        if number := _row_number(connection, name, columns):
            numbered[table] = number
        group = columns.get(description.group or "")
        if group and not _is_indexed(connection, schema, real[table], group):
            name = _copy_with_index(connection, table, name, numbered.get(table), columns, group)
            numbered[table] = quoted(ROW_NUMBER)
        tables[table] = (name, columns)
    return Opened(found, taken, tables, numbered)


def _row_number(connection: sqlite3.Connection, name: str, columns: dict[str, str]) -> str | None:
    """What a table's row number is called; None for a table without one."""
    for number in ("_rowid_", "rowid", "oid"):
        if number not in columns:
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute(f"select {number} from {name} limit 0")
                return number
    return None


def _is_indexed(connection: sqlite3.Connection, schema: str, table: str, column: str) -> bool:
    return bool(
        scalar(
            connection,
            """
            select count(*)
            from pragma_index_list(:table, :schema) as indexes
            join pragma_index_info(indexes.name, :schema) as places
            where
                places.seqno = 0
                and lower(places.name) = lower(:column)
                and not indexes.partial
            """,
            table=table,
            schema=schema,
            column=column,
        )
        or scalar(
            connection,
            "select count(*) from pragma_table_info(:table, :schema) where lower(name) = lower(:column) and pk = 1",
            table=table,
            schema=schema,
            column=column,
        )
    )


def _copy_with_index(
    connection: sqlite3.Connection, table: str, name: str, number: str | None, columns: dict[str, str], group: str
) -> str:
    """A table whose groups cannot be found at once, copied to where they can."""
    copy = f"temp.{quoted('copied_' + table)}"
    selected = ", ".join(map(quoted, columns.values()))
    connection.execute(
        f"create table {copy} as select {number or 'null'} as {quoted(ROW_NUMBER)}, {selected} from {name}"
    )
    connection.execute(
        f"create index temp.{quoted('copied_' + table + '_group')} on {quoted('copied_' + table)} ({quoted(group)})"
    )
    return copy


def is_staged(found: Found) -> bool:
    """Whether a part is read from files into tables of ours, and so whole each time."""
    return bool(found.exports or found.system.parts[found.part].stage)


def _stage(connection: sqlite3.Connection, found: Found, taken: str, progress: Callable[[str], None]) -> Opened:
    part = found.system.parts[found.part]
    staged = dict(part.tables) if part.stage else {table: part.tables[table] for table, _ in found.exports}
    tables = {}
    for table, description in staged.items():
        tables[table] = create_staged(connection, table, description, is_numbered=not part.stage)
    rows = part.stage(found.path) if part.stage else _exported_rows(found)
    count = 0
    while batch := list(islice(rows, ROWS_A_BATCH)):
        # A table's rows are inserted in their order; those of different tables need none.
        for table, (name, columns) in tables.items():
            connection.executemany(
                f"insert into {name} values ({', '.join('?' * len(columns))})",
                ([_storable(value) for value in row] for whose, row in batch if whose == table),
            )
        count += len(batch)
        progress(f"reading {found.path.name}: {count:,} rows")
    numbered = {} if part.stage else dict.fromkeys(staged, quoted(ROW_NUMBER))
    return Opened(found, taken, tables, numbered, is_staged=True)


def create_staged(
    connection: sqlite3.Connection, table: str, description: Table, is_numbered: bool = False
) -> tuple[str, dict[str, str]]:
    """A table of ours for the rows of a source's: its name in SQL, and its columns by their names."""
    name = f"temp.{quoted('staged_' + table)}"
    # Text files have their numbers as text; what is no number stays text.
    columns = {column: "numeric" if kind in NUMBERS else "" for column, kind in description.columns.items()}
    columns["problem"] = ""
    if is_numbered:
        columns[ROW_NUMBER] = "integer"
    connection.execute(f"drop table if exists {name}")
    connection.execute(
        f"create table {name} ({', '.join(f'{quoted(column)} {affinity}' for column, affinity in columns.items())})"
    )
    return name, {column: column for column in columns}


def _exported_rows(found: Found) -> Iterator[tuple[str, tuple[Any, ...]]]:
    part = found.system.parts[found.part]
    for table, path in found.exports:
        columns = list(part.tables[table].columns)
        for number, record, problem in textfiles.records(path):
            values = {name.lower(): value for name, value in (record or {}).items()}
            # A document of MongoDB is known by its _id.
            values.setdefault("id", values.get("_id"))
            yield table, (*(_plain(values.get(column)) for column in columns), problem, number)


def _plain(value: Any) -> Any:
    """A value of a JSON record as a table holds it; MongoDB's exports wrap what JSON has no word for."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        return _plain(next(iter(value.values())))
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _storable(value: Any) -> Any:
    """What SQLite can hold of a value from a file: names need not be Unicode, and JSON's numbers have no bounds."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, int) and value.bit_length() > 63:
        return str(value)
    return value


class Reading:
    """The SQL that reads a part's tables, all of them or what may have changed."""

    def __init__(self, opened: Opened, options: Options):
        self.opened = opened
        self.options = options
        self.part = opened.found.system.parts[opened.found.part]
        # Tables known to have rows that cannot be loaded, or known not to: looking at each row is dear.
        self.rejecting: dict[str, bool] = {}

    def source(self, table: str, changes_only: bool) -> str | None:
        """The FROM (and WHERE) clause of a table's rows; None where the source lacks the table."""
        if table not in self.opened.tables:
            return None
        name, columns = self.opened.tables[table]
        if not changes_only or table not in self.opened.numbered:
            return f"from {name} where true"
        number = self.opened.numbered[table]
        after = f"(select after_row from temp.read_from where source_table = '{table}')"
        recent = f"{number} > {after}"
        group = columns.get(self.part.tables[table].group or "")
        if not group:
            return f"from {name} where {recent}"
        touched = f"{quoted(group)} in (select group_key from temp.touched)"
        single = f"{quoted(group)} is null and {recent}"
        if number == quoted(ROW_NUMBER):
            return f"from {name} where ({touched} or ({single}))"
        # By their numbers, for to sort all rows by group SQLite would rather walk along an index of all of them.
        return f"""from {name} where {number} in (
            select {number} from {name} where {touched} union all select {number} from {name} where {single}
        )"""

    def columns(self, table: str) -> dict[str, tuple[Type, str | None]]:
        """Each declared column: its type and its SQL name in the source (None where it lacks the column)."""
        real = self.opened.tables[table][1] if table in self.opened.tables else {}
        described = self.part.tables[table].columns
        return {name: (kind, quoted(real[name]) if name in real else None) for name, kind in described.items()}

    def value(self, table: str, kind: Type, column: str | None) -> str:
        """The typed value of a column."""
        if column is None or (kind is Type.PRIVATE and not self.options.with_text):
            return "null"
        if kind in (Type.TEXT, Type.PRIVATE):
            return VALUES[Type.TEXT].format(c=self._blotted(table, column))
        template = VALUES[kind]
        if kind in AMOUNTS or kind is Type.NUMBER:
            # '' >= 0 holds in SQLite; an empty text is no number.
            return f"case when {column} <> '' then {template.format(c=column)} end"
        return template.format(c=column, zone=self._zone(kind))

    def problem(self, table: str) -> str:
        """Why a row cannot be loaded, or null."""
        cases = []
        for name, (kind, column) in self.columns(table).items():
            if name in self.part.tables[table].required:
                cases.append(f"when coalesce({column or 'null'}, '') = '' then 'has no {name}'")
            if column and kind in PROBLEMS:
                condition, said = PROBLEMS[kind]
                cases.append(f"when {condition.format(c=column, zone=self._zone(kind))} then '{name} {said}'")
        if self.opened.is_staged and table in self.opened.tables:
            cases.insert(0, 'when "problem" is not null then "problem"')
        return f"case {' '.join(cases)} end" if cases else "null"

    def doubt(self, table: str) -> str:
        """Which value of a row that is loaded was dropped, or null."""
        cases = [
            f"when {column} < 0 then 'negative {name}'"
            for name, (kind, column) in self.columns(table).items()
            if column and kind in AMOUNTS
        ]
        return f"case {' '.join(cases)} end" if cases else "null"

    def shown(self, table: str) -> str:
        """A row as JSON without what is private, its values cut."""
        pairs = [
            f"'{name}', case when typeof({column}) in ('integer', 'real', 'null') then {column}"
            f" else clean_text(cast({self._blotted(table, column)} as blob), {LONGEST_WORD}) end"
            for name, (kind, column) in self.columns(table).items()
            if column and kind not in SECRET
        ]
        return f"json_object({', '.join(pairs)})"

    def row_number(self, table: str) -> str:
        """The number of a row in its source, or null."""
        return self.opened.numbered.get(table, "null")

    def _blotted(self, table: str, column: str) -> str:
        """A column without what is hashed in the same row: an error may repeat all that the program had at hand."""
        blotted = column
        for kind, hashed in self.columns(table).values():
            if kind is Type.HASHED and hashed:
                named = f"case when length({hashed}) >= {SHORTEST_BLOTTED} then {hashed} else '' end"
                blotted = f"replace({blotted}, {named}, '<hidden>')"
        return blotted

    def _zone(self, kind: Type) -> str:
        """The time zone that a column's times are in where they name none."""
        zone = self.options.timezone if kind is Type.LOCAL else "UTC"
        return "'" + zone.replace("'", "''") + "'"


def create_views(connection: sqlite3.Connection, reading: Reading, changes_only: bool) -> None:
    """(Re)create src_<table> and all_<table> for each declared table of the part, and src_statuses."""
    for table in reading.part.tables:
        loadable = f"({reading.problem(table)}) is null" if reading.rejecting.get(table, True) else "true"
        _create_view(connection, f"src_{table}", reading, table, reading.source(table, changes_only), loadable)
        if changes_only:
            # Whether the other rows can be loaded is not known.
            loadable = f"({reading.problem(table)}) is null"
        _create_view(connection, f"all_{table}", reading, table, reading.source(table, changes_only=False), loadable)
    connection.execute("drop table if exists temp.src_statuses")
    connection.execute("create temp table src_statuses (word text primary key, status text) without rowid")
    connection.executemany("insert into temp.src_statuses values (?, ?)", reading.part.statuses.items())


def _create_view(
    connection: sqlite3.Connection, view: str, reading: Reading, table: str, source: str | None, loadable: str
) -> None:
    typed = ", ".join(
        f"{reading.value(table, kind, column)} as {name}" for name, (kind, column) in reading.columns(table).items()
    )
    rows = f"select {typed} {source} and {loadable}" if source else f"select {typed} limit 0"
    connection.execute(f"drop view if exists temp.{view}")
    connection.execute(f"create temp view {view} as {rows}")


def scalar(connection: sqlite3.Connection, sql: str, **parameters: Any) -> Any:
    """The one value that a query returns."""
    return connection.execute(sql, parameters).fetchone()[0]
