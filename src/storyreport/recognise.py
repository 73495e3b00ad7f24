"""Which system wrote the files, the folder or the database at a place, and which of its parts are there."""

import glob
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from .errors import NotOursError, StoryreportError, UsageError
from .joining import ROTATED, are_files, joined
from .nouns import counted
from .readers import text
from .readers.documents import BROKEN
from .readers.header import SQLITE_MAGIC, packed_as, read_header
from .readers.lines import MARK_BYTES, opened
from .readers.order import GZIPPED, in_order
from .readers.part import Found, without_secrets
from .readers.sqlite import read_tables
from .sources import Part, System, systems, unread
from .system import joined_up
from .values import redacted

# A report database has them all.
OUR_TABLES = {"sources", "inputs", "ingests", "rejects", "step_runs"}
YAML_ENDINGS = (".yaml", ".yml")
DATABASE_ENDINGS = (".db", ".sqlite", ".sqlite3")
# How deep folders of folders are looked into for the pattern that reads them (year, month, day), and at how many files.
INNER = ("*/*", "*/*/*", "*/*/*/*")
MOST_INNER = 1000
TEXT_ENDINGS = tuple(kind + packed for kind in (".csv", ".jsonl", ".ndjson", ".json", ".log") for packed in ("", ".gz"))
# Files of which each line is a row: beside others that are read, they are missed.
TABLE_ENDINGS = {".csv", ".jsonl", ".ndjson"}
# So many files that are not read are named.
UNREAD_NAMED = 3
# So many fields of a file, none longer than this, are named in an error.
FIELDS_NAMED = 6
LONGEST_FIELD = 40
# A list that is empty has no more bytes, its blanks included.
LARGEST_EMPTY_LIST = 64
PLAIN_FORMATS = "For your own CSV see docs/plain-formats.md (needs step, started_at)"


def check_system(name: str | None) -> None:
    """Raise UsageError where there is no such system."""
    if name is not None and name not in systems():
        import difflib

        close = difflib.get_close_matches(name, systems(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"--as takes one of {', '.join(systems())}."
        raise UsageError(f"There is no system {name!r}: {hint}")


def find_parts_at(url: str, system_name: str | None = None) -> list[Found]:
    """The parts in a PostgreSQL database, all of one system; StoryreportError as find_parts."""
    # Its driver is an extra.
    from .readers.postgres import read_server_tables

    tables, not_read = read_server_tables(url)
    path = Path(without_secrets(url).removeprefix("postgresql://").partition("/")[2].strip("/") or "postgres")
    found = [Found(system, name, path, url=url) for system, name in _parts_with(tables, system_name)]
    if not found:
        known = f"its tables are {', '.join(sorted(tables)[:6])}" if tables else "it has no tables that may be read"
        known = "; ".join((known, *not_read[:3], *(["export views as CSV"] if not_read else [])))
        raise NotOursError(f"{without_secrets(url)} is not a database of {_expected(system_name)} ({known}).")
    return found


def find_parts(path: Path, system_name: str | None = None) -> list[Found]:
    """The parts at a path, all of one system; StoryreportError says what was found instead, and what to do."""
    try:
        if path.is_dir():
            return _parts_of_folder(path, system_name)
        if is_pattern(path):
            return _parts_of_pattern(path, system_name)
        if not path.exists():
            raise StoryreportError(f"{path} does not exist.")
        return _parts_of_file(path, system_name)
    except PermissionError as error:
        raise StoryreportError(
            f"{error.filename or path} may not be read by this user: ask for read permission on it."
        ) from error
    except OSError as error:
        raise StoryreportError(
            f"{error.filename or path} cannot be opened ({error.strerror}): check the path."
        ) from error


def _asked(system_name: str | None) -> Iterable[System]:
    """The system of a name, or all of them."""
    return systems().values() if system_name is None else [systems()[system_name]]


def _expected(system_name: str | None) -> str:
    return system_name or "a known system"


def _parts_of_folder(path: Path, system_name: str | None) -> list[Found]:
    if not any(path.iterdir()):
        raise StoryreportError(f"{path} is an empty folder: expected the files of {_expected(system_name)}.")
    found = []
    for system in _asked(system_name):
        folders = {name: part.find(path) for name, part in system.parts.items() if part.find}
        found += [Found(system, name, folder) for name, folder in folders.items() if folder]
    unreadable: list[tuple[Path, OSError]] = []
    unread: dict[Path, str] = {}
    for candidate in _files_below(path, unreadable):
        in_folders = {(part.system.name, part.part) for part in found if part.path.is_dir()}
        try:
            parts = _parts_of_file(candidate, system_name)
        except OSError as error:
            unreadable.append((candidate, error))
        except NotOursError as error:
            # Foreign files may lie in a project's folder; a damaged source is not passed over.
            unread[candidate] = str(error)
        else:
            found += [part for part in parts if (part.system.name, part.part) not in in_folders]
    for candidate, reason in unreadable:
        if not found or _is_named_like_ours(candidate, found):
            raise reason
    if not found:
        inner = next((f"{path}/{stars}{file.suffix}" for stars in INNER for file in _sources_below(path, stars)), None)
        all_of_them = f"name {inner}, or find all with `storyreport init {path}`"
        out = f"its folders are not read, {all_of_them}" if inner else "name the file itself"
        raise StoryreportError(f"{path} holds nothing that {_expected(system_name)} writes: {out}.")
    kinds = {_kind(part.path) for part in found} & TABLE_ENDINGS
    missed = {file: said for file, said in unread.items() if _kind(file) in kinds}
    return _noting(missed, _of_one_system(path, found, path))


def _kind(file: Path) -> str:
    return Path(file.name.removesuffix(GZIPPED)).suffix


def _noting(unread: Mapping[Path, str], parts: list[Found]) -> list[Found]:
    """The parts, of which the first knows the files beside them that hold something and are no source's."""
    said = [said.rstrip(".") for file, said in unread.items() if not has_nothing(file)]
    rest = len(said) - UNREAD_NAMED
    more = [f"{counted(rest, 'more file')} of no known format"] if rest > 0 else []
    first, *others = parts
    return [replace(first, unread=(*said[:UNREAD_NAMED], *more)), *others]


def _of_one_system(place: Path, found: list[Found], folder: Path) -> list[Found]:
    """The parts among the files of a place, each once; StoryreportError where they are of two systems."""
    examples = {part.system.name: part.path.name or "its folders" for part in reversed(found)}
    if len(examples) > 1:
        *others, last = [f"{name} ({example})" for name, example in sorted(examples.items())]
        listed = f"{', '.join(others)} and {last}"
        raise StoryreportError(
            f"{place} holds sources of {counted(len(examples), 'system')}, {listed}: choose one with --as SYSTEM, or"
            " ingest each by its own path."
        )
    order = list(found[0].system.parts)
    parts = []
    for name in sorted({part.part for part in found}, key=order.index):
        same = [part for part in found if part.part == name]
        if not are_files(same) and len(same) > 1:
            raise StoryreportError(
                f"{place} holds two of the same ({same[0].path}, {same[1].path}): ingest them one by one, each with"
                " its own --name, or keep only one of them there."
            )
        parts.append(joined(same, folder) if are_files(same) else same[0])
    return parts


def _parts_of_pattern(pattern: Path, system_name: str | None) -> list[Found]:
    """The parts in the files that a pattern like exports/*.csv matches."""
    paths = in_order([Path(match) for match in glob.glob(str(pattern), recursive=True)])
    if not paths:
        raise StoryreportError(
            f"{pattern} matches no file: check the pattern, or name the folder {folder_of(pattern)} itself."
        )
    found: list[Found] = []
    unread: dict[Path, str] = {}
    for path in paths:
        try:
            found += find_parts(path, system_name)
        except NotOursError as error:
            unread[path] = str(error)
    if not found:
        raise StoryreportError(
            f"{pattern} matches {counted(len(paths), 'file')}, and none is one that {_expected(system_name)} writes:"
            " check the pattern, or name a file itself."
        )
    return _noting(unread, _of_one_system(pattern, found, folder_of(pattern)))


def is_pattern(path: Path) -> bool:
    """Whether a path is a pattern that names files, and no file."""
    return glob.has_magic(str(path)) and not path.exists()


def folder_of(path: Path) -> Path:
    """The folder that a path stands for: of a pattern, the last one that is none itself."""
    return next((parent for parent in path.parents if not glob.has_magic(str(parent))), Path())


def _is_named_like_ours(file: Path, found: list[Found]) -> bool:
    """Whether a file that cannot be read is called like a source: like a database, or a table that was exported."""
    tables = {table for part in found[0].system.parts.values() for table in part.tables}
    return file.suffix in DATABASE_ENDINGS or file.name.partition(".")[0].lower() in tables


def _files_below(path: Path, unreadable: list[tuple[Path, OSError]]) -> Iterator[Path]:
    for folder in (path, path / "data"):
        try:
            files = [file for file in folder.iterdir() if _may_be_source(file)] if folder.is_dir() else []
        except OSError as error:
            unreadable.append((folder, error))
            continue
        yield from in_order(files)


def _sources_below(path: Path, pattern: str) -> list[Path]:
    return sorted(file for file in islice(path.glob(pattern), MOST_INNER) if _may_be_source(file) and file.is_file())


def _may_be_source(file: Path) -> bool:
    is_text = any(file.name.endswith(ending) for ending in TEXT_ENDINGS) or ROTATED.search(file.name)
    return file.suffix in DATABASE_ENDINGS or bool(is_text and not file.name.startswith("."))


def has_nothing(file: Path) -> bool:
    """Whether a file is empty, blank, or an empty list of JSON, packed or not."""
    size = file.stat().st_size
    if 0 < size <= LARGEST_EMPTY_LIST:
        with opened(file) as unpacked:
            held = unpacked.read(LARGEST_EMPTY_LIST).removeprefix(MARK_BYTES)
        return b"".join(held.split()) in (b"", b"[]")
    return size == 0


def _parts_of_file(path: Path, system_name: str | None) -> list[Found]:
    if has_nothing(path):
        raise NotOursError(f"{path} is empty: expected a file of {_expected(system_name)}.")
    if read_header(path).startswith(SQLITE_MAGIC) or path.suffix in DATABASE_ENDINGS:
        return _parts_of_database(path, system_name)
    if packed := packed_as(path):
        raise NotOursError(f"{path} is {packed}: unpack it, and ingest what is in it.")
    for system in _asked(system_name):
        for name, part in system.parts.items():
            if part.find and part.find(path) == path:
                return [Found(system, name, path)]
    if export := _export(path, system_name):
        return [export]
    doubts = (part.why_not for system in systems().values() for part in system.parts.values() if part.why_not)
    if reason := next((reason for why_not in doubts if (reason := why_not(path))), None):
        raise NotOursError(f"{path} {reason}.")
    if not system_name and (reason := unread.reason(text.fields(path)) or unread.whose(_inner_fields(path))):
        raise NotOursError(f"{path} {reason}.")
    raise NotOursError(_unknown_format(path, system_name))


def _inner_fields(path: Path) -> frozenset[str]:
    """The fields of objects within the first records, two levels deep: {"response": {"id": {…}}}, {"runs": [{…}]}."""
    held = [record or {} for _, record, _ in text.first_records(path, text.LOOKED_AT)]
    names: set[str] = set()
    for _ in range(2):
        values = [value for each in held for value in each.values()]
        held = [value for value in values if isinstance(value, dict)]
        held += [value[0] for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        names.update(*held)
    return frozenset(names)


def _unknown_format(path: Path, system_name: str | None) -> str:
    """The sentence about a file that no system, or not the expected one, has written."""
    if path.suffix.lower() in YAML_ENDINGS:
        return f"{path} is YAML, which is not read: export it as JSON. {PLAIN_FORMATS}."
    if other := unread.format_of(read_header(path)):
        return f"{path} {other}."
    if _candidates(path, _printed_names(path), system_name):
        return f"{path} is a table printed without separators: print it as JSON (such as `-o json`) or CSV."
    if system_name:
        return f"{path} is not a file of {_expected(system_name)}."
    if text.form(path) == "document" and any(problem == BROKEN for _, _, problem in text.first_records(path, 1)):
        return f"{path} is broken JSON, or was cut off: export it again."
    fields = sorted(field for field in text.fields(path) if field.isprintable() and 0 < len(field) <= LONGEST_FIELD)
    if len(fields) < 2:
        problems = (problem or "" for _, _, problem in text.first_records(path, text.LOOKED_AT))
        limit = next((f" ({problem})" for problem in problems if " than " in problem), "")
        return f"{path} matches no known format{limit}. {PLAIN_FORMATS}."
    more = ", …" if len(fields) > FIELDS_NAMED else ""
    # The first line of what is no table is no list of names.
    named = redacted(", ".join(fields[:FIELDS_NAMED]))
    return f"{path}: columns {named}{more} match no known format. {PLAIN_FORMATS}."


def _printed_names(path: Path) -> list[str]:
    """The names of columns in a first line that has nothing but blanks between them."""
    first = next((line or "" for _, line, _ in text.lines(path)), "")
    return [text.column_of(name) for name in re.split(r"\s{2,}|\t", first.strip())]


def _export(path: Path, system_name: str | None) -> Found | None:
    """The table of a database part that a CSV or JSON file was exported from: the one that knows most of its fields."""
    known = {text.column_of(field) for field in text.fields(path)}
    candidates = _candidates(path, known, system_name) or _candidates(path, known, system_name, joined_up)
    if not candidates:
        return None
    _, system, name, table_name = max(candidates, key=lambda candidate: candidate[0])
    return Found(system, name, path, ((table_name, path),))


def _candidates(
    path: Path, known: Collection[str], system_name: str | None, spelled: Callable[[str], str] = str
) -> list[tuple[int, System, str, str]]:
    """Each table that the fields of an export are a sign of, and how many of its columns are among them."""
    fields = set(map(spelled, known))
    return [
        (len(set(map(spelled, table.columns)) & fields), system, name, table_name)
        for system in _asked(system_name)
        for name, part in system.parts.items()
        if part.stage is None
        for table_name, table in part.tables.items()
        if (table.export_signs and fields >= set(map(spelled, table.export_signs)))
        or (table.listed_as in known and text.is_listed(path, table.listed_as))
        if not fields & set(map(spelled, table.foreign_signs))
    ]


def _parts_of_database(path: Path, system_name: str | None) -> list[Found]:
    tables = read_tables(path)
    if set(tables) >= OUR_TABLES:
        raise NotOursError(f"{path} is a report database, not a source: name it with --db.")
    found = [Found(system, name, path) for system, name in _parts_with(tables, system_name)]
    if not found:
        known = f"its tables are {', '.join(sorted(tables)[:6])}" if tables else "it has no tables"
        raise NotOursError(f"{path} is not a database of {_expected(system_name)} ({known}): check the path.")
    return found


def _parts_with(tables: Mapping[str, frozenset[str]], system_name: str | None) -> list[tuple[System, str]]:
    """The parts whose signs some tables have, of the one system that knows most of the tables."""
    spellings = (str, joined_up)
    found = next((found for spelled in spellings if (found := _signed(tables, system_name, spelled))), [])
    found = found or _forked(tables, system_name)
    known = Counter({id(system): 0 for system, _ in found})
    for system, name in found:
        known[id(system)] += len(set(map(joined_up, system.parts[name].tables)) & set(map(joined_up, tables)))
    return [(system, name) for system, name in found if id(system) == known.most_common(1)[0][0]]


def _signed(
    tables: Mapping[str, frozenset[str]], system_name: str | None, spelled: Callable[[str], str]
) -> list[tuple[System, str]]:
    """The parts whose signs some tables have, in a spelling of the names."""
    real = {spelled(table): set(map(spelled, columns)) for table, columns in tables.items()}
    return [
        (system, name) for system, name, part in _database_parts(system_name) if _has_a_sign(part.signs, real, spelled)
    ]


def _forked(tables: Mapping[str, frozenset[str]], system_name: str | None) -> list[tuple[System, str]]:
    """The parts whose signs some tables have by the aliases of their columns; of which another table is there, too."""
    found = []
    for system, name, part in _database_parts(system_name):
        shared = part.tables.keys() & tables.keys()
        real = {table: set(part.tables[table].named(dict.fromkeys(tables[table]))) for table in shared}
        if len(shared) > 1 and _has_a_sign(part.signs, real, str):
            found.append((system, name))
    return found


def _database_parts(system_name: str | None) -> Iterator[tuple[System, str, Part]]:
    for system in _asked(system_name):
        yield from ((system, name, part) for name, part in system.parts.items() if part.signs)


def _has_a_sign(
    signs: Iterable[Mapping[str, frozenset[str]]], real: Mapping[str, set[str]], spelled: Callable[[str], str]
) -> bool:
    return any(
        all(
            spelled(table) in real and set(map(spelled, columns)) <= real[spelled(table)]
            for table, columns in sign.items()
        )
        for sign in signs
    )
