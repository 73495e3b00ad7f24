"""Text files as sources meet them: plain or gzipped, JSON lines, one JSON document, or CSV; broken in any way.

A helper of the sources: it names no system. Whatever cannot be read becomes a problem with the number of its line.
"""

import csv
import json
import re
import stat
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from . import documents, events
from .columns import NO_CELL, column_of, columns_of, joined, names_in
from .lines import BLOCK_BYTES, LONGEST_LINE, TOO_LONG, Line, Piece, Place, all_lines, lines, opened
from .order import in_order

__all__ = [
    "LONGEST_LINE",
    "LOOKED_AT",
    "BrokenRecord",
    "Line",
    "Piece",
    "Place",
    "Record",
    "column_of",
    "fields",
    "first_records",
    "form",
    "in_lower_case",
    "in_order",
    "lines",
    "listed_records",
    "object_in",
    "records",
    "single",
    "whole",
]

# So many short lines of one record fit into memory, and so often a file is read again for those that did not.
MOST_LINES = 200_000
MOST_REREAD = 10
LOOKED_AT = 20
# So many lines of comments a stream of events may begin with.
MOST_COMMENTS = 2_000
# So many records of a file are held while systems look at them.
FIRST = 50
LONGEST_NUMBER = 19
DELIMITERS = ",;\t|"
# How a file names its delimiter to Excel.
SEPARATOR = re.compile(r"\"?sep=([,;\t|])\"?", re.IGNORECASE)
# What psql, mysql, Airflow and Markdown print between the rows of a table, and below them.
RULE = re.compile(r"[-+=|:\s]*[-=]{2}[-+=|:\s]*|\(\d+ rows?\)")
UNCLOSED = "a quote is not closed"

Record = documents.Record


def listed_records(place: Place, name: str | None) -> Iterator[Record]:
    """The same as `records`; of a record that is an answer of an API, with a list of this name, the list's items."""
    for number, record, problem in records(place):
        items = record.get(name) if record and name else None
        if not isinstance(items, list):
            yield number, record, problem
            continue
        for item in items:
            yield (number, item, None) if isinstance(item, dict) else (number, None, "the item is no JSON object")


def is_listed(path: Path, name: str | None) -> bool:
    """Whether a file is an answer of an API: an object with a list of this name, not one of ids."""
    lists = [(record or {}).get(name) for _, record, _ in first_records(path, 1) if name]
    return any(isinstance(held, list) and not any(isinstance(item, str) for item in held) for held in lists)


def records(place: Place) -> Iterator[Record]:
    """(number, fields, None) or (number, None, problem) of each record of a JSON or CSV file, or of a piece of it.

    A JSON document is a list of records, or an object that holds such a list (see `documents`), or else one record.
    """
    path = place.path if isinstance(place, Piece) else place
    yield from READERS[form(path)](place)


def first_records(path: Path, most: int) -> Sequence[Record]:
    """The first records of a file, as `records`: every system looks at them, and the file is read once."""
    state = _state(path)
    head = _head(path, state) if state else ()
    # Fewer are all that it has.
    return head[:most] if state and (most <= FIRST or len(head) < FIRST) else tuple(islice(records(path), most))


@lru_cache(maxsize=2)
def _head(path: Path, _: tuple[int, ...]) -> Sequence[Record]:
    return tuple(islice(records(path), FIRST))


def _state(path: Path) -> tuple[int, ...]:
    """What differs once a file has changed; nothing of a pipe, which is read once."""
    about = path.stat()
    changed = about.st_mtime_ns, about.st_ctime_ns
    return (about.st_dev, about.st_ino, about.st_size, *changed) if stat.S_ISREG(about.st_mode) else ()


def form(path: Path) -> str:
    """What a file is by its first lines: `document`, `lines` (of JSON), `events`, `table` (CSV), `broken` (no text)."""
    state = _state(path)
    return _known_form(path, state) if state else _form(path)


@lru_cache(maxsize=16)
def _known_form(path: Path, _: tuple[int, ...]) -> str:
    return _form(path)


def _form(path: Path) -> str:
    first = next((text or problem or "" for _, text, problem in lines(path) if text or _is_too_long(problem)), "")
    start = _first_character(path) if _is_too_long(first) else first.lstrip()[:1]
    if not start:
        return "broken"
    if start == "[" or (start == "{" and _is_document(path, first)):
        return "document"
    if start == "{":
        return "lines"
    # A stream may begin with many comments, which only keep the connection open.
    spoken = (text for _, text, _ in islice(lines(path), MOST_COMMENTS) if text and not text.startswith(":"))
    return "events" if events.are_events(islice(spoken, LOOKED_AT)) else "table"


def _broken(place: Place) -> Iterator[Record]:
    yield from ((number, None, problem) for number, _, problem in lines(place))


def in_lower_case(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record by the names of its fields as columns have them."""
    return dict(zip(columns_of(tuple(record)), record.values(), strict=True))


def fields(path: Path) -> frozenset[str]:
    """The names of the fields of the first records, as written; of a CSV file that has no more, its header's."""
    found: set[str] = set()
    for _, record, _ in first_records(path, LOOKED_AT):
        found |= set(record or ())
    return frozenset(found or _header(path))


def _header(path: Path) -> list[str]:
    """The fields of a CSV file's only line; none of any other file."""
    beginning = [text for _, text, _ in islice(lines(path), 2) if text]
    if len(beginning) != 1 or beginning[0].lstrip()[:1] in ("{", "["):
        return []
    delimiter = max(",;\t|", key=beginning[0].count)
    return [name.strip() for name in _single_row(beginning[0], delimiter) or []]


def _is_document(path: Path, first: str) -> bool:
    """Whether a file that begins with an object is one document, not an object a line."""
    beginning = list(islice(lines(path), LOOKED_AT))
    if len(beginning) == 1:
        # One whole object and a line end are a line of JSON, unless its records are in a list.
        is_line = _is_json(first) and _ends_line(path)
        return not is_line or any(f'"{name}"' in first for name in documents.ALL_LISTS)
    if _is_too_long(first):
        return False
    if _is_json(first):
        return False
    # A broken line among others is just that; but a document may have whole objects on lines of their own.
    has_objects = any(_is_json(text) for _, text, _ in beginning if text and text.lstrip().startswith("{"))
    return not has_objects or documents.is_whole(path)


def _is_too_long(problem: str | None) -> bool:
    return bool(problem and problem.startswith(TOO_LONG))


def _first_character(path: Path) -> str:
    """How a file begins whose first line is too long to be looked at as one."""
    with opened(path) as file:
        return file.read(BLOCK_BYTES).decode("utf-8-sig", errors="replace").lstrip()[:1]


def _ends_line(path: Path) -> bool:
    with opened(path) as file:
        return file.readline(LONGEST_LINE + 1).endswith(b"\n")


def _is_json(text: str | bytes | None) -> bool:
    try:
        json.loads(text or "")
    except (ValueError, RecursionError):
        return False
    return True


def _document(place: Place) -> Iterator[Record]:
    return documents.records(place.path if isinstance(place, Piece) else place)


def _json_lines(place: Place) -> Iterator[Record]:
    decoder = json.JSONDecoder()
    begin, decode = decoder.raw_decode, decoder.decode
    for number, text, problem in all_lines(place, counts_quotes=False):
        if problem:
            yield number, None, problem
            continue
        try:
            # Nearly all lines have no blanks around their value: then there is less to look at.
            record, end = begin(text) if text.startswith("{") else (None, -1)
            if end != len(text):
                record = decode(text)
        except ValueError:
            yield number, None, "the line is broken JSON"
            continue
        except RecursionError:
            yield number, None, f"the line is {documents.TOO_DEEP}"
            continue
        if not isinstance(record, dict):
            yield number, None, "the line is no JSON object"
        elif "data" in record:
            yield from ((number, held, None) for held in documents.held_in(record))
        else:
            yield number, record, None


def _csv(place: Place) -> Iterator[Record]:
    path = place.path if isinstance(place, Piece) else place
    delimiter, first = _table_start(path)
    header = _header_row(path, delimiter, first) if isinstance(place, Piece) and place.first_byte else None
    for number, row, problem in _rows(place, delimiter):
        if row is None:
            yield number, None, problem
        elif not any(map(str.strip, row)) or (delimiter == "|" and RULE.fullmatch("|".join(row).strip())):
            continue  # a row that was emptied, or a rule
        elif header is None:
            # What stands above the header is its title, or the name of the delimiter.
            header = names_in(row) if number >= first else None
        elif len(row) > len(header) or len(row) * 2 < len(header):
            yield number, None, f"the line has not the {len(header)} fields of the header"
        else:
            # An empty field of a CSV file is no value, nor is one that a spreadsheet left out at the end of a row.
            cells = zip(header, row, strict=False)
            record = {name: None if (value := cell.strip(" ")) in NO_CELL else value for name, cell in cells}
            yield number, record if len(record) == len(row) else joined(header, row), None


def _header_row(path: Path, delimiter: str, first: int) -> list[str] | None:
    rows = (row for number, row, _ in _rows(path, delimiter) if row is not None and number >= first)
    return next(map(names_in, rows), None)


def _table_start(path: Path) -> tuple[str, int]:
    """The delimiter of a CSV file and the number of the line of its header, the first that is as wide as the others."""
    beginning = list(islice(((number, text) for number, text, _ in lines(path) if text), LOOKED_AT))
    if not beginning:
        return DELIMITERS[0], 1
    number, text = beginning[0]
    if len(beginning) > 1 and (separator := SEPARATOR.fullmatch(text)):
        return separator[1], beginning[1][0]
    widest = max((text for _, text in beginning), key=lambda text: max(text.count(mark) for mark in DELIMITERS))
    delimiter = max(DELIMITERS, key=text.count if any(mark in text for mark in DELIMITERS) else widest.count)
    rows = ((number, _single_row(text, delimiter) or []) for number, text in beginning)
    filled = [(number, sum(1 for cell in row if cell.strip())) for number, row in rows]
    # A title may have a second cell, and a header fewer than the rows below it.
    most = max(count for _, count in filled)
    least = max(2, most * 2 / 3 if filled[0][1] < most / 2 else most / 2)
    return delimiter, next((number for number, count in filled if count >= least), number)


def _rows(place: Place, delimiter: str) -> Iterator[tuple[int, list[str] | None, str | None]]:
    """(number of its first line, cells, None) or (number, None, problem) of each record of a CSV file.

    A quoted field may hold line ends, and its text must not become rows of ours: a record that is whole is loaded or
    rejected whole. Where a quote is never closed, or another one's beginning closes it, the line is rejected and the
    next one begins a record. No line can both open a field and leave one open, for that takes an odd number of quotes
    and this an even one: so no line is read more than twice.
    """
    coming = all_lines(place)
    again: deque[tuple[int, str, str | None]] = deque()
    reread = 0
    while line := again.popleft() if again else next(coming, None):
        number, text, problem = line
        row = _single_row(text, delimiter)
        if row is not None:
            yield (number, None, problem) if problem else (number, row, None)
            continue
        held, size, is_open = [], len(text), text.count('"') % 2 == 1
        is_broken, is_long = not is_open, False
        while is_open and (more := again.popleft() if again else next(coming, None)):
            held.append(more)
            size += len(more[1])
            is_long = is_long or size > LONGEST_LINE or len(held) > MOST_LINES
            if is_long:
                # So many lines are not kept for being read again.
                del held[:-1]
            is_open, is_broken = _after(more[1], delimiter)
        if is_long and (is_open or is_broken) and reread == MOST_REREAD:
            yield number, None, f"{UNCLOSED}: what follows was passed over up to line {held[-1][0]}"
            again.extendleft(held if is_broken else ())
        elif is_long and (is_open or is_broken):
            yield number, None, problem or UNCLOSED
            reread += 1
            coming = _lines_after(place, number)
        elif is_open or is_broken:
            yield number, None, problem or UNCLOSED
            again.extendleft(reversed(held))
        elif is_long:
            yield number, None, f"the record is longer than {LONGEST_LINE} characters or {MOST_LINES} lines"
        elif bad := next(((place, reason) for place, _, reason in (line, *held) if reason), None):
            yield bad[0], None, bad[1]
        else:
            row, _ = _parsed([f"{text}\n" for _, text, _ in (line, *held)], delimiter)
            yield number, row, None


def _lines_after(place: Place, last: int) -> Iterator[tuple[int, str, str | None]]:
    return (line for line in all_lines(place) if line[0] > last)


def _single_row(text: str, delimiter: str) -> list[str] | None:
    """The cells of a line; None if it ends within quotes, none if it cannot be read."""
    if '"' not in text and "\r" not in text:
        return text.split(delimiter)
    row, lines_read = _parsed((text, ""), delimiter)
    return row if lines_read == 1 else None


def _after(text: str, delimiter: str) -> tuple[bool, bool]:
    """Whether a quoted field is still open after another line, and whether that line cannot belong to it."""
    if '"' not in text:
        return True, False
    row, lines_read = _parsed(('"' + text, ""), delimiter, strict=True)
    if row:
        return False, False
    is_open = lines_read > 1 and text.count('"') % 2 == 0
    return is_open, not is_open


def _parsed(texts: Sequence[str], delimiter: str, strict: bool = False) -> tuple[list[str], int]:
    """The cells of the first record of some lines, and how many lines it takes: more than one only within quotes."""
    reader = csv.reader(texts, delimiter=delimiter, strict=strict)
    # The usual limit, 128 KiB, would end a longer field in its midst and take the rest of it for rows.
    usual = csv.field_size_limit(2 * LONGEST_LINE)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return [], reader.line_num
    finally:
        csv.field_size_limit(usual)


READERS = {
    "document": _document,
    "lines": _json_lines,
    "events": events.records,
    "table": _csv,
    "broken": _broken,
}


class BrokenRecord(Exception):
    """Why a record that could be read cannot be used."""


def single(value: Any, name: str) -> Any:
    """A value that is no object, no list and no truth value; raises BrokenRecord for those."""
    if isinstance(value, (dict, list, bool)):
        raise BrokenRecord(f"{name} is no single value")
    return value


def row(columns: Iterable[str], values: Mapping[str, Any], problem: str | None = None) -> tuple[Any, ...]:
    """The values of columns in their order, then the problem; only a problem where one of them is no single value."""
    names = tuple(columns)
    try:
        return (*(single(values.get(name), name) for name in names), problem)
    except BrokenRecord as error:
        return (*[None] * len(names), str(error))


def whole(value: Any) -> Any:
    """A whole number as one, where a tool wrote it as text or as a decimal number; another value as it is."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < LONGEST_NUMBER:
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def object_in(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in an object, an empty one where there is none; raises BrokenRecord for anything else."""
    value = holder.get(name)
    if value is not None and not isinstance(value, dict):
        raise BrokenRecord(f"{name} is no object")
    return value or {}
