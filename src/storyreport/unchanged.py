"""Ingests of files that have not changed: recognised before the modules that load a source are imported.

A successful ingest notes its evidence: the states of its files and of the program's own. Where anything differs, or the
evidence is not conclusive, `ingest` runs as usual.
"""

import os
import stat
import sys
import time

try:
    # hashlib loads all of OpenSSL, which takes as long as the rest, and sqlite3 the types of dates.
    import _sqlite3 as sqlite3
    from _blake2 import blake2b
except ImportError:
    import sqlite3  # type: ignore[no-redef]
    from hashlib import blake2b

from .evidence import TYPE_CHECKING, is_settled, states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WITH_VALUE = ("--name", "--as", "--timezone", "--status")
FLAGS = ("--with-text",)
# Inputs as they were read: with the options and the mapping in their watermarks.
INPUTS = """
    select
        sources.id,
        sources.name,
        inputs.id,
        inputs.signature,
        inputs.watermarks
    from json_each(?) as names
    cross join sources on sources.name = names.value
    join inputs on inputs.source_id = sources.id
    order by inputs.id
"""
REQUEST = "select evidence, sources, inputs from unchanged_requests where request = ?"
NOTE = """
    insert into unchanged_requests values (?, ?, ?, ?)
    on conflict do update set evidence = excluded.evidence, sources = excluded.sources, inputs = excluded.inputs
"""
# A source that is looked at every minute and does not change has one row for it.
SAME_AGAIN = """
    update ingests
    set finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), duration_ms = :duration_ms
    where id = (
        select id
        from ingests
        where source_id = :source_id
        order by id desc
        limit 1
    )
    and status = 'unchanged'
"""
FIRST_TIME = """
    insert into ingests (
        source_id, started_at, finished_at, status, rows_read, inserted, updated, gone, rejected, duration_ms
    )
    select :source_id, at, at, 'unchanged', 0, 0, 0, 0, 0, :duration_ms
    from (select strftime('%Y-%m-%dT%H:%M:%fZ', 'now') as at)
"""


# What `answer` looked at, for `call_of`, which follows it: the evidence may be older, but not younger.
_looked_at: "dict[tuple[str, ...], Call]" = {}


class Doubt(Exception):
    """The evidence is not conclusive."""


class Call:
    """An `ingest` of files and folders, as it was called.

    request   bytes that say which one
    evidence  bytes that are others once anything may have changed
    """

    def __init__(self, arguments: list[str]):
        """Raise Doubt for arguments with which an ingest always reads, and for files that may change without a sign."""
        self.database = os.environ.get("STORYREPORT_DB") or "storyreport.db"
        places, read = [], [os.getcwd()]
        words = iter(arguments)
        for word in words:
            option, has_value, value = word.partition("=")
            if option == "--db" or option in WITH_VALUE:
                value = value if has_value else next(words, "")
                if option == "--db":
                    self.database = value
                else:
                    read.append(f"{option}={value}")
            elif word in FLAGS:
                read.append(word)
            elif not word or word.startswith("-") or "://" in word:
                raise Doubt
            else:
                read.append(word)
                places.append(word)
        self.request = _digest(read)
        self.evidence = _digest([*_files(places), *_program()])


def answer(arguments: list[str]) -> str | None:
    """What `ingest` prints where nothing has changed, which is noted; None where something may have changed."""
    begun = time.monotonic()
    try:
        call = _looked_at[tuple(arguments)] = Call(arguments)
        with _Opened(call.database) as connection:
            row = connection.execute(REQUEST, [call.request]).fetchone()
            if row is None or row[0] != call.evidence:
                return None
            inputs = _inputs(connection, row[1])
            if _digest(map(repr, inputs)) != row[2]:
                return None
            names = {source_id: name for source_id, name, *_ in inputs}
            duration_ms = int((time.monotonic() - begun) * 1000)
            connection.execute("begin immediate")
            for source_id in names:
                note_unchanged(connection, source_id, duration_ms)
            connection.execute("commit")
    except (Doubt, OSError, ValueError, sqlite3.Error):
        # The report database is not there, of another version, or busy: `ingest` waits, or says what is wrong.
        return None
    return "".join(f"{name}: unchanged, 0 rows written in {duration_ms / 1000:.1f} s\n" for name in names.values())


def call_of(arguments: list[str]) -> Call | None:
    """An `ingest` whose evidence can be noted once it has succeeded, otherwise None; to be taken before reading."""
    try:
        return _looked_at.pop(tuple(arguments), None) or Call(arguments)
    except (Doubt, OSError, ValueError):
        return None


def note(call: Call, sources: list[str]) -> None:
    """Note that an `ingest` has read all that there is of the sources with these names."""
    try:
        with _Opened(call.database) as connection:
            note_within(connection, call, sources)
    except sqlite3.Error:
        # Another ingest is at work, and the next one looks closer.
        pass


def note_within(connection: sqlite3.Connection, call: Call, sources: list[str]) -> None:
    """The same in a transaction that is open, for to open the report database once more takes a while."""
    import json

    names = json.dumps(sources)
    inputs = _inputs(connection, names)
    connection.execute(NOTE, [call.request, call.evidence, names, _digest(map(repr, inputs))])


def note_unchanged(connection: sqlite3.Connection, source_id: int, duration_ms: int) -> None:
    """Keep a row about an ingest that had nothing to do."""
    given = {"source_id": source_id, "duration_ms": duration_ms}
    if connection.execute(SAME_AGAIN, given).rowcount == 0:
        connection.execute(FIRST_TIME, given)


class _Opened:
    """A report database while it is open; contextlib takes as long to import as all that is done here."""

    def __init__(self, database: str):
        path = os.path.abspath(database).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        self.connection = sqlite3.connect(f"file:{path}?mode=rw", timeout=0, isolation_level=None, uri=True)

    def __enter__(self) -> "sqlite3.Connection":
        try:
            # What is lost with the machine's power is seen again.
            self.connection.execute("pragma synchronous = normal")
        except BaseException:
            self.connection.close()
            raise
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _inputs(connection: sqlite3.Connection, names: str) -> list[tuple[int, str, int, str, str]]:
    return connection.execute(INPUTS, [names]).fetchall()


def _files(places: list[str]) -> "Iterator[str]":
    """The files below some places."""
    now_ns = time.time_ns()
    for place in places:
        if not os.path.isdir(place) and not stat.S_ISREG(os.stat(place).st_mode):
            raise Doubt
        for state in states(place):
            if not is_settled(state.changed_ns, now_ns):
                raise Doubt
            yield f"{state.path}\0{state.seen}"


def _program() -> "Iterator[str]":
    """The program's own files, and where packages that add to it are installed."""
    yield f"{sys.version} {sqlite3.sqlite_version}"
    yield from sorted(_files_of_program())
    for place in sys.path:
        if os.path.isdir(place):
            yield f"{place}\0{os.stat(place).st_mtime_ns}"


def _files_of_program() -> "Iterator[str]":
    """They are hundreds, and all are looked at each time: so without what Python makes of them."""
    waiting = [os.path.dirname(__file__)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_dir():
                    about = entry.stat()
                    yield f"{entry.path}\0{about.st_size}:{about.st_mtime_ns}:{about.st_ctime_ns}:{about.st_ino}"
                elif entry.is_symlink():
                    raise Doubt
                elif entry.name != "__pycache__":
                    waiting.append(entry.path)


def _digest(lines: "Iterable[str]") -> bytes:
    return blake2b("\0\n".join(lines).encode(errors="surrogateescape"), digest_size=16).digest()
