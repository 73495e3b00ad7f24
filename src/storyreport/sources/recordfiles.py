"""Parts that are read record by record: from one file, or from all files of one kind below a folder.

A helper of the sources: it names no system. A source says which records are its own, and which rows they become.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import sheets, summaries
from ..readers import text as textfiles
from ..readers.columns import is_rounded
from ..system import NUMBERS, TIMES
from . import Part, Table, Type

SESSIONS = Path(__file__).with_name("pieces") / "sessions.sql"
OWN_COLUMNS = ("line", "position")
# A session begins with lines that say nothing of its usage.
LOOKED_AT = 50
ACCOUNT_DIGITS = 6
MOST_FOLDERS = 2_000
EXPORTS = tuple(f"*.{kind}{packed}" for kind in ("csv", "json", "jsonl") for packed in ("", ".gz"))
# The words of spreadsheets and consoles for "no value".
NO_VALUE = frozenset({"", "-", "\u2013", "\u2014", "n/a", "na", "nan", "none", "null"})
# What no style of a file changes; 1.234 may be one of two.
UNAMBIGUOUS = re.compile(r"-?(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))", re.ASCII)
# So many numbers say how a file writes them.
MOST_EVIDENCE = 1_000

Row = dict[str, Any]
Rows = Callable[[Mapping[str, Any]], Iterable[Row]]
# (number of the record, its row, None) or (number, None, problem)
Item = tuple[int, Row | None, str | None]
Read = Callable[[Path, Iterable[textfiles.Record]], Iterator[Item]]
# Makes a reader for the files of one ingest, which may remember the records before.
NewReader = Callable[[], Read]
IsOurs = Callable[[Mapping[str, Any]], bool]
Files = Callable[[Path], Iterator[Path]]
Records = Callable[[Path], Iterator[textfiles.Record]]
StageFiles = Callable[..., Iterator[tuple[str, tuple[Any, ...]]]]


def table(columns: Mapping[str, Type], required: tuple[str, ...] = (), required_one: tuple[str, ...] = ()) -> Table:
    """A staged table that also says from which record a row is (`line`) and in which order they came (`position`)."""
    return Table(
        columns={"line": Type.KEY, "position": Type.COUNT, **columns},
        required=required,
        required_one=required_one,
        drops_values=True,
        currencies=tuple(name for name in columns if name == "currency"),
    )


def part(
    name: str,
    staged: Table,
    is_ours: IsOurs,
    new_reader: NewReader,
    *,
    within: tuple[str, ...] = (),
    files: Files | None = None,
    records: Records = textfiles.records,
    feeds: tuple[str, ...] = ("calls",),
    statuses: Mapping[str, str] | None = None,
    exports: bool = False,
    is_one: bool = False,
    needs_all_files: bool = False,
    largest_wins: bool = False,
) -> Part:
    """A part whose records become rows of one staged table.

    `is_ours` recognises a record, `new_reader` gives the rows of a file's records, `within` names lists of records in a
    document, `files` gives the part's files below a folder (without it a folder is none), `records` reads a file. With
    `exports` a folder may hold several files of the part: those of one month each, say. `is_one`,
    `needs_all_files` and `largest_wins`: see Part.
    """
    if exports:
        files = partial(_exports, is_ours=is_ours, within=within, records=records)
    opened = partial(_records, within=within, records=records, is_ours=is_ours)
    stage_files = partial(_stage_files, name=name, staged=staged, new_reader=new_reader, opened=opened)
    return Part(
        tables={name: staged},
        feeds=dict.fromkeys(feeds, (name,)),
        statuses=statuses or {},
        find=partial(_find, is_ours=is_ours, within=within, records=records, files=files),
        stage=partial(_stage, files=files, stage_files=stage_files),
        stage_files=stage_files,
        is_one=is_one,
        needs_all_files=needs_all_files,
        largest_wins=largest_wins,
    )


def each(rows: Rows) -> NewReader:
    """Readers that take each record by itself; `rows` raises BrokenRecord for one that cannot be used."""

    def read(file: Path, records: Iterable[textfiles.Record]) -> Iterator[Item]:
        for number, record, problem in records:
            if record is None:
                yield number, None, problem
                continue
            try:
                for row in rows(record):
                    yield number, row, None
            except textfiles.BrokenRecord as error:
                yield number, None, str(error)

    return lambda: read


def same(staged: Table) -> NewReader:
    """Readers of records whose fields have the names of the table's columns."""
    names = [column for column in staged.columns if column not in OWN_COLUMNS]
    return each(lambda record: [{name: record.get(name) for name in names}])


def has(*names: str) -> IsOurs:
    """Recognise a record by fields that it must have."""
    needed = frozenset(names)
    return lambda record: needed <= record.keys()


def columns(record: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Row:
    """The fields of a record by column: of several names, the first that has a value."""
    return {
        column: next((record[name] for name in _several(name) if record.get(name) not in (None, "")), None)
        for column, name in names.items()
    }


def _several(names: Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def inside(value: Any, *path: str) -> Any:
    """A value in objects within objects; None where one of them is missing or is no object."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_in(text: str) -> dict[str, Any]:
    """The object that a text is in JSON; an empty one where it is none."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        return dict(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def first_said(values: Iterable[Any]) -> Any:
    """The first value that is there; a 0 only where no other one is: of two names of one count, one may stay 0."""
    found = [value for value in values if value is not None]
    return next((value for value in found if value), found[0] if found else None)


def digest(value: object) -> str | None:
    """A name for something private, such as a session; None for nothing."""
    return hashlib.sha256(str(value).encode(errors="replace")).hexdigest()[:16] if value else None


def account(record: Mapping[str, Any], *names: str | Sequence[str]) -> str | None:
    """A name for whose bill a record is of, from the first value of each of some names; None for nobody's.

    It is as short as keeps accounts apart: many others, which have as few digits, have the same.
    """
    found = columns(record, {str(number): several for number, several in enumerate(names)})
    named = digest(list(found.values())) if any(found.values()) else None
    return named[:ACCOUNT_DIGITS] if named else None


def below(folder: Path, *patterns: str, deepest: int) -> Iterator[Path]:
    """The files below a folder with such names, in the order of their paths; links to folders are not followed.

    It ends where MOST_FOLDERS folders hold none: that is some other project.
    """
    pending: list[tuple[str, str, bool, int]] = [(os.fspath(folder), folder.name, True, 0)]
    is_found, visited = False, 0
    while pending:
        path, name, is_folder, depth = pending.pop()
        if not is_folder:
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                is_found = True
                yield Path(path)
        elif depth < deepest and (is_found or visited < MOST_FOLDERS):
            visited += 1
            pending += reversed([(*entry, depth + 1) for entry in _entries(path)])


def _entries(folder: str) -> list[tuple[str, str, bool]]:
    """(path, name, whether it is a folder) of the entries of a folder, by name; none of an unreadable one."""
    try:
        with os.scandir(folder) as found:
            entries = [
                (entry.path, entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in found
            ]
    except OSError:
        return []
    return sorted((path, name, is_folder) for path, name, is_folder, is_file in entries if is_folder or is_file)


# Find and stage ------------------------------------------------------------------------------------------------------


def _records(path: Path, within: tuple[str, ...], records: Records, is_ours: IsOurs) -> Iterator[textfiles.Record]:
    """The records of a file, those in a document's list one by one."""
    is_lower: bool | None = None
    is_sheet = textfiles.form(path) == "table"
    for number, record, problem in records(path):
        if record is not None and is_lower is None:
            is_lower = _is_ours_in_lower_case(record, is_ours)
        if record is None:
            yield number, None, problem
        elif is_sheet and (left_out := summaries.why_no_row(record, has_calls=False)):
            yield number, None, left_out
        elif is_lower:
            yield number, textfiles.in_lower_case(record), problem
        else:
            yield from ((number, item, broken) for item, broken in _items_of(record, within))


def _is_ours_in_lower_case(record: Mapping[str, Any], is_ours: IsOurs) -> bool:
    """Whether a record is ours but for the case of its fields: some tools write a header in capitals."""
    return not is_ours(record) and is_ours(textfiles.in_lower_case(record))


def _items_of(record: dict[str, Any], within: tuple[str, ...]) -> Iterator[tuple[dict[str, Any] | None, str | None]]:
    """(item, None) or (None, problem) of each item of a document's list, or the record itself."""
    held = next((name for name in within if isinstance(record.get(name), list)), None)
    for item in record[held] if held else [record]:
        is_object = isinstance(item, dict)
        yield item if is_object else None, None if is_object else f"an item of {held} is no object"


def _find(path: Path, is_ours: IsOurs, within: tuple[str, ...], records: Records, files: Files | None) -> Path | None:
    if path.is_file():
        return path if _is_known(path, is_ours, within, records) else None
    if files and any(_is_known(file, is_ours, within, records) for file in files(path)):
        return path
    return None


def _exports(folder: Path, is_ours: IsOurs, within: tuple[str, ...], records: Records) -> Iterator[Path]:
    """The part's files directly in a folder, by name."""
    for file in textfiles.in_order(below(folder, *EXPORTS, deepest=1)):
        if _is_known(file, is_ours, within, records):
            yield file


def _is_known(file: Path, is_ours: IsOurs, within: tuple[str, ...], records: Records) -> bool:
    try:
        about = file.stat()
        first = _first_records(file, about.st_size, about.st_mtime_ns, records)
    except OSError:
        return False
    if any(is_ours(item) for record in first for item, _ in _items_of(record, within) if item is not None):
        return True
    return bool(first) and _is_ours_in_lower_case(first[0], is_ours)


@lru_cache(maxsize=4)
def _first_records(file: Path, size: int, changed: int, records: Records) -> tuple[dict[str, Any], ...]:
    """The first records of a file that can be read, with the first items of their lists: each part looks at them."""
    first = islice((record for _, record, _ in records(file) if record is not None), LOOKED_AT)
    return tuple(
        {name: value[:LOOKED_AT] if isinstance(value, list) else value for name, value in record.items()}
        for record in first
    )


def _stage(path: Path, files: Files | None, stage_files: StageFiles) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield from stage_files([path]) if path.is_file() or not files else stage_files(files(path), is_folder=True)


def _stage_files(
    paths: Iterable[Path],
    name: str,
    staged: Table,
    new_reader: NewReader,
    opened: Records,
    is_folder: bool = False,
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of several files; their lines are distinguished by the number of the file, in a folder always."""
    _first_records.cache_clear()
    read, position = new_reader(), 0
    times = [column for column, kind in staged.columns.items() if kind in TIMES]
    for number, file in enumerate(paths, start=1):
        styles = cache(partial(_styles, file, opened))
        whole = cache(partial(_whole, file, staged, new_reader, opened, styles))
        is_sheet = textfiles.form(file) == "table"
        place = f"{number}/" if is_folder or number > 1 else ""
        for line, row, problem in _items(file, read, opened):
            position += 1
            values, odd = _cells(row or {}, staged, styles)
            if is_sheet and problem is None and odd is None:
                problem = _why_left_out(values, times, staged, whole)
            values |= {"line": f"{place}{line}" if place else line, "position": position}
            yield name, (*(values.get(column) for column in staged.columns), problem or odd)


def _items(file: Path, read: Read, opened: Records) -> Iterator[Item]:
    try:
        yield from read(file, opened(file))
    except OSError as error:
        yield 0, None, f"the file cannot be read: {error.strerror}"


def _why_left_out(values: Row, times: Sequence[str], staged: Table, whole: Callable[[], summaries.Whole]) -> str | None:
    """Why a row of a table is left out: it says that it is a total, has no time, and the sums of all others."""
    if any(str(values.get(column) or "")[:1].isdigit() for column in times):
        return None
    if not summaries.says_that_it_is_total(values):
        return None
    amounts = summaries.amounts_of(values, _summed(staged))
    is_total = amounts and whole().has(amounts, values, str(values.get("currency") or ""))
    return summaries.IS_TOTAL_OF_ALL if is_total else None


def _whole(
    file: Path, staged: Table, new_reader: NewReader, opened: Records, styles: Callable[[], sheets.Styles]
) -> summaries.Whole:
    """The sums of all rows of a file that are no totals."""
    sums = summaries.Whole()
    for _, row, _ in _items(file, new_reader(), opened):
        values, _ = _cells(row or {}, staged, styles)
        sums.add(values, values, _summed(staged))
    return sums


def _summed(staged: Table) -> list[str]:
    """The columns of amounts of money and tokens."""
    return [
        column
        for column, kind in staged.columns.items()
        if kind is Type.MONEY or (kind is Type.COUNT and "tokens" in column)
    ]


def _styles(file: Path, opened: Records) -> sheets.Styles:
    """How a file writes its numbers, by the first of them that say it."""
    styles, found = sheets.Styles(), 0
    for _, record, _ in opened(file):
        for value in (record or {}).values():
            number = sheets.AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
            # A day may have a decimal point where amounts have a comma.
            if number and not sheets.SERIAL.fullmatch(number["number"]):
                found += styles.note_number("", number["number"])
        if found > MOST_EVIDENCE:
            break
    return styles


def _cells(row: Row, staged: Table, styles: Callable[[], sheets.Styles]) -> tuple[Row, str | None]:
    """The values of a row that a table can hold, and the problem of one that it cannot."""
    # An amount may say which currency the row is in.
    cells: Row = {"currency": row.get("currency")}
    for column, kind in staged.columns.items():
        value = cells["currency"] if column == "currency" else row.get(column)
        if isinstance(value, (dict, list)) or (isinstance(value, bool) and kind is not Type.FLAG):
            return {}, f"{column} is no single value"
        if kind in NUMBERS and isinstance(value, str):
            value = _number(value, column, kind, styles, cells, staged)
        elif kind in TIMES and isinstance(value, str) and sheets.SERIAL.fullmatch(value.strip()):
            value = sheets.of_serial(float(value))
        elif kind is Type.KEY and column in staged.required and is_rounded(value):
            return {}, f"{column} has lost its last digits in a spreadsheet"
        elif kind is Type.COUNT and isinstance(value, float) and not value.is_integer():
            # A fraction of a token is an error: the value is reported as not a number.
            value = f"{value}?"
        cells[column] = value
    return cells, None


def _number(
    text: str, column: str, kind: Type, styles: Callable[[], sheets.Styles], cells: Row, staged: Table
) -> str | None:
    """A number as a console or spreadsheet writes it, without currency sign and thousands; other text as it is."""
    if (text.isascii() and text.isdigit()) or (kind is not Type.COUNT and UNAMBIGUOUS.fullmatch(text)):
        return text
    if text.strip().lower() in NO_VALUE:
        return None
    return sheets.number(text, column, Type.MONEY if kind is Type.NUMBER else kind, styles, cells, staged)
