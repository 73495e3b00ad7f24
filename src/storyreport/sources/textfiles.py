"""Text files as sources meet them: plain or gzipped, JSON lines, one JSON document, or CSV; broken in any way.

A helper of the sources: it names no system. Whatever cannot be read becomes a problem with the number of its line.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_LINE = 8 * 1024 * 1024
LARGEST_DOCUMENT = 64 * 1024 * 1024
LOOKED_AT = 20

Line = tuple[int, str | None, str | None]
Record = tuple[int, dict[str, Any] | None, str | None]


def lines(path: Path) -> Iterator[Line]:
    """(number, text, None) or (number, None, problem) of each line that is not blank."""
    with _opened(path) as file:
        number = 0
        try:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE)
                    yield number, None, f"the line is longer than {LONGEST_LINE} bytes"
                elif line.strip():
                    yield (number, *_text(line))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            yield number + 1, None, "the gzip file ends early or is damaged"


def _opened(path: Path) -> IO[bytes]:
    file = path.open("rb")
    if file.read(2) == GZIP_MAGIC:
        file.close()
        return io.BufferedReader(gzip.open(path))
    file.seek(0)
    return file


def _text(line: bytes) -> tuple[str | None, str | None]:
    if b"\0" in line:
        return None, "the line holds NUL bytes"
    try:
        return line.decode("utf-8-sig").rstrip("\r\n"), None
    except UnicodeDecodeError:
        return None, "the line is not UTF-8"


def records(path: Path) -> Iterator[Record]:
    """(number, fields, None) or (number, None, problem) of each record of a JSON or CSV file.

    A JSON document is a list of records, or an object whose `data` or `records` is one, or else one record.
    """
    first = next((text for _, text, _ in lines(path) if text), "")
    if not first:
        yield from ((number, None, problem) for number, _, problem in lines(path))
        return
    start = first.lstrip()[:1]
    if start == "[" or (start == "{" and _is_document(path, first)):
        yield from _document(path)
    elif start == "{":
        yield from _json_lines(path)
    else:
        yield from _csv(path)


def fields(path: Path) -> frozenset[str]:
    """The names of the fields of the first records, as they are written."""
    found: set[str] = set()
    for _, record, _ in islice(records(path), LOOKED_AT):
        found |= set(record or ())
    return frozenset(found)


def _is_document(path: Path, first: str) -> bool:
    """Whether a file that begins with an object is one document, not an object a line."""
    beginning = list(islice(lines(path), LOOKED_AT))
    if len(beginning) == 1:
        return True
    # A broken line among others is just that.
    return not _is_json(first) and not any(
        _is_json(text) for _, text, _ in beginning if text and text.lstrip().startswith("{")
    )


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "")
    except (ValueError, RecursionError):
        return False
    return True


def _json_lines(path: Path) -> Iterator[Record]:
    for number, text, problem in lines(path):
        if text is None:
            yield number, None, problem
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            yield number, None, "the line is broken JSON"
            continue
        yield (number, record, None) if isinstance(record, dict) else (number, None, "the line is no JSON object")


def _document(path: Path) -> Iterator[Record]:
    try:
        with _opened(path) as file:
            content = file.read(LARGEST_DOCUMENT + 1)
        if len(content) > LARGEST_DOCUMENT:
            yield 1, None, f"the JSON document is larger than {LARGEST_DOCUMENT} bytes: write one object a line"
            return
        document = json.loads(content)
    except (ValueError, RecursionError, EOFError, zlib.error, gzip.BadGzipFile):
        yield 1, None, "the file is broken JSON"
        return
    if isinstance(document, dict):
        document = next(
            (document[key] for key in ("data", "records") if isinstance(document.get(key), list)), [document]
        )
    for number, record in enumerate(document, start=1):
        yield (number, record, None) if isinstance(record, dict) else (number, None, "the item is no JSON object")


def _csv(path: Path) -> Iterator[Record]:
    problems: list[tuple[int, str]] = []
    last = 0

    def readable_lines() -> Iterator[str]:
        nonlocal last
        for number, text, problem in lines(path):
            if text is None:
                problems.append((number, problem or ""))
            else:
                # The reader counts what it is given, which is neither a blank line nor an unreadable one.
                last = number
                yield text + "\n"

    delimiter = max(",;\t|", key=next(text for _, text, _ in lines(path) if text).count)
    # Quoted fields may hold line ends: so it is the reader that says where a row ends.
    reader = csv.reader(readable_lines(), delimiter=delimiter)
    header: list[str] | None = None
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            row = []
        while problems:
            number, problem = problems.pop(0)
            yield number, None, problem
        if row is None:
            return
        if header is None:
            header = [name.strip() for name in row]
        elif len(row) != len(header):
            yield last, None, f"the line has not the {len(header)} fields of the header"
        else:
            # An empty field of a CSV file is no value.
            yield last, {name: cell or None for name, cell in zip(header, row, strict=True)}, None


class BrokenRecord(Exception):
    """Why a record that could be read cannot be used."""


def single(value: Any, name: str) -> Any:
    """A value that is no object, no list and no truth value; raises BrokenRecord for those."""
    if isinstance(value, (dict, list, bool)):
        raise BrokenRecord(f"{name} is no single value")
    return value


def object_in(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object in an object, an empty one where there is none; raises BrokenRecord for anything else."""
    value = holder.get(name)
    if value is not None and not isinstance(value, dict):
        raise BrokenRecord(f"{name} is no object")
    return value or {}
