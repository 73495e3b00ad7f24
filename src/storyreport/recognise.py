"""What is at a path: which system wrote it, and which of its parts are there."""

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import StoryreportError, UsageError
from .sources import System, systems, textfiles
from .values import readable

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# A report database has them all.
OUR_TABLES = {"sources", "inputs", "ingests", "rejects", "step_runs"}
SQLITE_MAGIC = b"SQLite format 3\x00"
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
TEXT_ENDINGS = tuple(kind + packed for kind in (".csv", ".jsonl", ".ndjson", ".json", ".log") for packed in ("", ".gz"))
IMMUTABLE = "immutable=1"
# How long a source that is being written to may keep us waiting.
WAIT_SECONDS = 5.0


class NotOursError(StoryreportError):
    """A file that no system we know has written."""


@dataclass(frozen=True)
class Found:
    """A part of a source system at a path: a SQLite file, what the part's `find` gave, or exports of its tables.

    exports   the tables of a database part that were handed over as text files, each with its file
    url       of a database server, secrets included; `path` is the database's name then
    said      what the place is called where that is not its path (standard input)
    """

    system: System
    part: str
    path: Path
    exports: tuple[tuple[str, Path], ...] = ()
    url: str = field(default="", repr=False)
    said: str = ""

    @property
    def location(self) -> str:
        """Where it is, without secrets."""
        if self.said:
            return self.said
        if self.url and not self.system.has_private_names:
            return without_secrets(self.url)
        path = self.path.resolve()
        # A path need not be UTF-8, which a database wants.
        return os.fsencode(path.parent if self.system.has_private_names else path).decode(errors="backslashreplace")


def quoted(name: str) -> str:
    """An identifier as SQL, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


def without_secrets(url: str) -> str:
    """A server's URL without user, password and options; of one that can be read in two ways nothing is left."""
    address, _, options = url.partition("://")[2].partition("?")
    if "@" in options and "@" not in address:
        return "postgresql://…"
    return f"postgresql://{address.rpartition('@')[2]}"


def check_system(name: str | None) -> None:
    """Raise UsageError where there is no such system."""
    if name is not None and name not in systems():
        raise UsageError(f"There is no system {name!r}: --as takes one of {', '.join(systems())}.")


def find_parts_at(url: str, system_name: str | None = None) -> list[Found]:
    """The parts in a PostgreSQL database, all of one system; StoryreportError as find_parts."""
    # Its driver is an extra.
    from .postgres import read_server_tables

    tables = read_server_tables(url)
    path = Path(without_secrets(url).removeprefix("postgresql://").partition("/")[2].strip("/") or "postgres")
    found = [Found(system, name, path, url=url) for system, name in _parts_with(tables, system_name)]
    if not found:
        known = f"its tables are {', '.join(sorted(tables)[:6])}" if tables else "it has no tables that may be read"
        raise NotOursError(f"{without_secrets(url)} is not a database of a {_expected(system_name)} ({known}).")
    return found


def find_parts(path: Path, system_name: str | None = None) -> list[Found]:
    """The parts at a path, all of one system; StoryreportError says what was found instead, and what to do."""
    try:
        if path.is_dir():
            return _parts_of_folder(path, system_name)
        if not path.exists():
            raise StoryreportError(f"There is nothing at {path}: check the path.")
        return _parts_of_file(path, system_name)
    except PermissionError as error:
        raise StoryreportError(
            f"{error.filename or path} may not be read by this user: ask for read permission on it."
        ) from error
    except OSError as error:
        raise StoryreportError(
            f"{error.filename or path} cannot be opened ({error.strerror}): check the path."
        ) from error


def _expected(system_name: str | None) -> str:
    return systems()[system_name].title if system_name else f"known system ({', '.join(systems())})"


def _parts_of_folder(path: Path, system_name: str | None) -> list[Found]:
    if not any(path.iterdir()):
        raise StoryreportError(f"{path} is an empty folder: expected the files of a {_expected(system_name)}.")
    found = []
    for system in systems().values():
        if system_name in (None, system.name):
            folders = {name: part.find(path) for name, part in system.parts.items() if part.find}
            found += [Found(system, name, folder) for name, folder in folders.items() if folder]
    unreadable: list[tuple[Path, OSError]] = []
    for candidate in _files_below(path, unreadable):
        # What is no source of ours lies in a project's folder for reasons of its own; a damaged one is not passed over.
        with contextlib.suppress(NotOursError):
            in_folders = {(part.system.name, part.part) for part in found if part.path.is_dir()}
            try:
                parts = _parts_of_file(candidate, system_name)
            except OSError as error:
                unreadable.append((candidate, error))
                continue
            found += [part for part in parts if (part.system.name, part.part) not in in_folders]
    found = _joined_exports(path, found)
    for candidate, reason in unreadable:
        if not found or _bears_our_name(candidate, found):
            raise reason
    if not found:
        raise StoryreportError(f"{path} holds nothing that a {_expected(system_name)} writes: name the file itself.")
    if len(names := {part.system.name for part in found}) > 1:
        raise StoryreportError(f"{path} holds sources of {' and '.join(sorted(names))}: ingest them one by one.")
    order = list(found[0].system.parts)
    found.sort(key=lambda part: order.index(part.part))
    for first, second in itertools.pairwise(found):
        if first.part == second.part:
            raise StoryreportError(f"{path} holds two of the same ({first.path}, {second.path}): ingest one by one.")
    return found


def _joined_exports(path: Path, found: list[Found]) -> list[Found]:
    """The same parts, the exports of one part's tables as one."""
    joined = [part for part in found if not part.exports]
    for system, name in {(part.system.name, part.part) for part in found if part.exports}:
        exports = [part for part in found if part.exports and (part.system.name, part.part) == (system, name)]
        tables = [export for part in exports for export in part.exports]
        if len({table for table, _ in tables}) < len(tables):
            raise StoryreportError(f"{path} holds two exports of the same table: ingest them one by one, with --name.")
        joined.append(Found(exports[0].system, name, path, tuple(sorted(tables))))
    return joined


def _bears_our_name(file: Path, found: list[Found]) -> bool:
    """Whether a file that cannot be read is called like a source: like a database, or a table that was exported."""
    tables = {table for part in found[0].system.parts.values() for table in part.tables}
    return file.suffix in DATABASE_ENDINGS or file.name.partition(".")[0].lower() in tables


def _files_below(path: Path, unreadable: list[tuple[Path, OSError]]) -> Iterator[Path]:
    for folder in (path, path / "data"):
        try:
            files = sorted(file for file in folder.iterdir() if _may_be_source(file)) if folder.is_dir() else []
        except OSError as error:
            unreadable.append((folder, error))
            continue
        yield from files


def _may_be_source(file: Path) -> bool:
    return file.suffix in DATABASE_ENDINGS or (
        any(file.name.endswith(ending) for ending in TEXT_ENDINGS) and not file.name.startswith(".")
    )


def _parts_of_file(path: Path, system_name: str | None) -> list[Found]:
    if path.stat().st_size == 0:
        raise NotOursError(f"{path} is empty: expected a file of a {_expected(system_name)}.")
    if read_header(path).startswith(SQLITE_MAGIC) or path.suffix in DATABASE_ENDINGS:
        return _parts_of_database(path, system_name)
    for system in systems().values():
        for name, part in system.parts.items():
            if system_name in (None, system.name) and part.find and part.find(path) == path:
                return [Found(system, name, path)]
    if export := _export(path, system_name):
        return [export]
    raise NotOursError(f"{path} is not a file that a {_expected(system_name)} writes: check the path.")


def _export(path: Path, system_name: str | None) -> Found | None:
    """The table of a database part that a CSV or JSON file was exported from: the one that knows most of its fields."""
    known = {field.lower() for field in textfiles.fields(path)}
    candidates = [
        (len(set(table.columns) & known), system, name, table_name)
        for system in systems().values()
        for name, part in system.parts.items()
        if system_name in (None, system.name) and part.stage is None
        for table_name, table in part.tables.items()
        if table.export_signs and table.export_signs <= known
    ]
    if not candidates:
        return None
    _, system, name, table_name = max(candidates, key=lambda candidate: candidate[0])
    return Found(system, name, path, ((table_name, path),))


def _parts_of_database(path: Path, system_name: str | None) -> list[Found]:
    tables = read_tables(path)
    if set(tables) >= OUR_TABLES:
        raise NotOursError(f"{path} is a report database, not a source: name it with --db.")
    found = [Found(system, name, path) for system, name in _parts_with(tables, system_name)]
    if not found:
        known = f"its tables are {', '.join(sorted(tables)[:6])}" if tables else "it has no tables"
        raise NotOursError(f"{path} is not a database of a {_expected(system_name)} ({known}): check the path.")
    return found


def _parts_with(tables: Mapping[str, frozenset[str]], system_name: str | None) -> list[tuple[System, str]]:
    """The parts whose signs some tables bear, of the one system that knows most of them (some stand in several)."""
    found = [
        (system, name)
        for system in systems().values()
        for name, part in system.parts.items()
        if system_name in (None, system.name) and any(_has(tables, sign) for sign in part.signs)
    ]
    known = Counter({id(system): 0 for system, _ in found})
    for system, name in found:
        known[id(system)] += len(set(system.parts[name].tables) & set(tables))
    return [(system, name) for system, name in found if id(system) == known.most_common(1)[0][0]]


def _has(tables: Mapping[str, frozenset[str]], sign: Mapping[str, frozenset[str]]) -> bool:
    return all(table in tables and columns <= tables[table] for table, columns in sign.items())


def read_tables(path: Path) -> dict[str, frozenset[str]]:
    """The real tables of a SQLite file (no views, no virtual ones) → their columns, all in lower case."""
    check_header(path)
    with tempfile.TemporaryDirectory(prefix="storyreport-") as scratch, reading(path):
        location = uri(path)
        if is_abandoned(path):
            copy = Path(scratch) / "copy.db"
            copy_with_log(path, copy)
            location = copy.as_uri()
        with contextlib.closing(sqlite3.connect(location, uri=True, timeout=WAIT_SECONDS)) as connection:
            connection.text_factory = readable
            return {
                table.lower(): frozenset(column.lower() for column in columns_of(connection, "main", table))
                for table in real_tables(connection, "main")
            }


def is_abandoned(path: Path) -> bool:
    """Whether a SQLite file's writer died and left a log: to read that in place would leave a file beside it."""
    has_index = _beside(path, "-shm").exists()
    return is_wal(path) and wal_of(path).exists() and not has_index and not _is_locked(path)


def _is_locked(path: Path) -> bool:
    """Whether a writer holds a SQLite file for itself; where that cannot be asked, it might."""
    if fcntl is None:
        return True
    with path.open("rb") as file:
        try:
            # The bytes that a reader would lock (https://sqlite.org/src/file/src/os.h, SHARED_FIRST and SHARED_SIZE).
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 510, 0x40000002)
        except OSError:
            return True
    return False


def copy_with_log(path: Path, copy: Path) -> None:
    """Copy a SQLite file and its log, for reading them elsewhere."""
    shutil.copyfile(path, copy)
    shutil.copyfile(wal_of(path), wal_of(copy))


def real_tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    """The names of a schema's own tables: a view or a virtual table would run what its author wrote."""
    rows = connection.execute(
        f"select name from {quoted(schema)}.sqlite_master where type = 'table' and sql not like 'create virtual%'"
    )
    return [name for (name,) in rows if isinstance(name, str) and not name.startswith("sqlite_")]


def columns_of(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    """The names of a real table's columns, the generated ones (hidden: 2 and 3) too."""
    rows = connection.execute("select name from pragma_table_xinfo(?, ?) where hidden in (0, 2, 3)", [table, schema])
    return [name for (name,) in rows if isinstance(name, str)]


def check_header(path: Path) -> None:
    """Raise StoryreportError for a file that cannot be a whole SQLite database."""
    size = path.stat().st_size
    if size == 0:
        raise NotOursError(f"{path} is empty: expected a SQLite database.")
    header = read_header(path)
    if not header.startswith(SQLITE_MAGIC):
        raise NotOursError(f"{path} is not a SQLite database: check the path.")
    page_size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    # The page count is only right where both counters agree (https://sqlite.org/fileformat2.html#in_header_database_size).
    is_counted = header[24:28] == header[92:96]
    if is_counted and not wal_of(path).exists() and size < pages * (65536 if page_size == 1 else page_size):
        raise StoryreportError(f"{path} is damaged: it ends after {size} bytes; restore it or copy it again.")


def read_header(path: Path) -> bytes:
    """The first 100 bytes of a file."""
    with path.open("rb") as file:
        return file.read(100)


def is_wal(path: Path) -> bool:
    """Whether a SQLite file keeps a write-ahead log (else it has a rollback journal)."""
    return read_header(path)[18:20] == b"\x02\x02"


def wal_of(path: Path) -> Path:
    """Where a SQLite file's write-ahead log would be."""
    return _beside(path, "-wal")


def _beside(path: Path, ending: str) -> Path:
    """A file that SQLite keeps beside its own: beside what a link leads to, not beside the link."""
    real = path.resolve()
    return real.with_name(real.name + ending)


def uri(path: Path) -> str:
    """How a source is opened: read only.

    A file in WAL mode without a log has no writer just now; opened as immutable, it gets no log and no shared memory
    file from us, which its writer might not be allowed to touch.
    """
    mode = IMMUTABLE if is_wal(path) and not wal_of(path).exists() else "mode=ro"
    return f"{path.resolve().as_uri()}?{mode}"


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a source into a sentence."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        said = str(error)
        if "locked" in said or "busy" in said:
            raise StoryreportError(
                f"{path} is locked by the program that writes it: try again when it has finished."
            ) from error
        if "readonly" in said or "unable to open" in said:
            raise StoryreportError(
                f"{path} was left in the middle of a write or may not be opened ({said}): "
                "let its own program open it once, or copy it."
            ) from error
        if "malformed" in said or "not a database" in said or "disk I/O" in said or "corrupt" in said:
            raise StoryreportError(f"{path} is damaged ({said}): restore it or copy it again.") from error
        if "encoding" in said:
            raise StoryreportError(
                f"{path} keeps its text as UTF-16, which cannot be attached: copy it with "
                f"`sqlite3 {path.name} .dump | sqlite3 copy.db` and ingest the copy."
            ) from error
        if "full" in said:
            raise StoryreportError(f"There is no room left on the disk ({said}): make some, then try again.") from error
        raise StoryreportError(f"{path} cannot be read ({said}): it may be damaged; copy it again.") from error
