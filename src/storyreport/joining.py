"""The files of one part that are given together: exports of its tables, or exports of one table that follow each other.

Exports of several tables are one copy of the part. Exports of one table (one a day, one a month), or with a date in
their names, follow each other: the part then has passes, each of which adds to those before it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .readers.part import Found

DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-_.]?(?:\d\d(?:[-_.]?\d\d)?|W\d\d|Q\d)(?!\d)", re.IGNORECASE)
GZIPPED = ".gz"


def are_files(parts: Sequence[Found]) -> bool:
    """Whether parts are text files, which may be read one after the other."""
    return all(part.is_staged and not part.url and not part.path.is_dir() for part in parts)


def joined(parts: Sequence[Found], folder: Path) -> Found:
    """Files of one part, below a folder, as one; parts of one system and name that are files."""
    first = parts[0]
    passes = [
        Found(first.system, first.part, files[0], tuple(sorted(zip(tables, files, strict=True))) if tables[0] else ())
        for tables, files in _passes(parts)
    ]
    if len(passes) == 1 and not any(_date(part.path) for part in parts):
        return Found(first.system, first.part, folder if passes[0].exports else first.path, passes[0].exports)
    return Found(first.system, first.part, folder, passes=tuple(passes))


def _passes(parts: Sequence[Found]) -> list[tuple[list[str], list[Path]]]:
    """Tables and files of each pass: those of one date, or else the first of each table, the second, …"""
    files = [(table, path) for part in parts for table, path in (part.exports or (("", part.path),))]
    dates = [_date(path) for _, path in files]
    is_dated = all(dates)
    seen: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, int], tuple[list[str], list[Path]]] = {}
    for (table, path), date in zip(files, dates, strict=True):
        label = date if is_dated else ""
        tables, paths = places.setdefault((label, seen[label, table]), ([], []))
        seen[label, table] += 1
        tables.append(table)
        paths.append(path)
    return [places[place] for place in sorted(places)]


def _date(path: Path) -> str:
    """The date in a file's name, as digits; '' without one."""
    found = DATE.search(path.name)
    return re.sub(r"\D", "", found[0]) if found else ""


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Paths in the order of their names, numbers in them by their value."""
    return sorted(paths, key=lambda path: [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in _pieces(path)])


def _pieces(path: Path) -> list[str]:
    return [piece for piece in re.split(r"(\d+)", str(path).removesuffix(GZIPPED)) if piece]
