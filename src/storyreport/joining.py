"""The files of one part that are given together: exports of its tables, or exports of one table that follow each other.

Exports of several tables are one copy of the part. Exports of one table (one a day, one a month), or with a date in
their names, follow each other: the part then has passes, each of which adds to those before it. The pieces that a cloud
cuts a large export into, by their names, are one pass: a day's rows may be in several of them.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .patterns import Pattern
from .readers.order import downloads
from .readers.part import Found
from .values.times import MONTHS

DATE = Pattern(r"(?<!\d)(?:19|20)\d\d[-_.]?(?:\d\d(?:[-_.]?\d\d)?|W\d\d|Q\d)(?!\d)", re.IGNORECASE)
# 30-11-2026 or 11-30-2026; 30-Nov-2026, Nov-30-2026, Nov2026.
TURNED_DATE = Pattern(r"(?<!\d)(?P<first>\d\d?)[-_.](?P<second>\d\d?)[-_.](?P<year>(?:19|20)\d\d)(?!\d)")
# Whole or cut to three letters: a novel-2026 is of no November.
ENDINGS = "uary|ruary|ch|il|e|y|ust|t|tember|ober|ember"
NAMED_DATE = Pattern(
    rf"(?<![a-z\d])(?:(?P<day>\d\d?)[-_. ]?)?(?P<month>{'|'.join(MONTHS)})(?:{ENDINGS})?(?![a-z])[-_. ]*"
    r"(?:(?P<then>\d\d?)[-_., ]+)?(?P<year>(?:19|20)\d\d)(?!\d)",
    re.IGNORECASE,
)
# 2026-Sep, 2026_September_30.
NAMED_AFTER_YEAR = re.compile(
    rf"(?<!\d)(?P<year>(?:19|20)\d\d)[-_. ]*(?P<month>{'|'.join(MONTHS)})(?:{ENDINGS})?(?![a-z])"
    r"(?:[-_. ]*(?P<day>\d\d?)(?!\d))?",
    re.IGNORECASE,
)
DATES = (DATE, TURNED_DATE, NAMED_DATE, NAMED_AFTER_YEAR)
# How pieces of one export are counted: report-00001.csv, export-000000000001.json, part_1_0001.csv.
PIECE = Pattern(r"(?<!\d)0\d{3,}(?!\d)|(?<=part[-_])\d+", re.IGNORECASE)
# What logrotate and loggers make of a file: app.log.1, app.log.2.gz, app.log-20261120, app.log.2026-11-20.
ROTATED = Pattern(
    r"\.(?P<kind>log|jsonl|ndjson|csv)[.-](?:(?P<place>\d{1,4})|(?P<date>\d{4}-?\d\d-?\d\d\S{0,9}?))(?:\.gz)?\Z",
    re.ASCII,
)


def are_files(parts: Sequence[Found]) -> bool:
    """Whether parts are text files, which may be read one after the other, or folders that repeat each other."""
    return all(
        part.is_staged and not part.url and (not part.path.is_dir() or part.system.parts[part.part].largest_wins)
        for part in parts
    )


def joined(parts: Sequence[Found], folder: Path) -> Found:
    """Files of one part, below a folder, as one; parts of one system and name that are files."""
    first = parts[0]
    unread = tuple(sentence for part in parts for sentence in part.unread)
    passes = [
        Found(first.system, first.part, files[0], tuple(sorted(zip(tables, files, strict=True))))
        if tables[0]
        else Found(first.system, first.part, files[0], pieces=tuple(files) if len(files) > 1 else ())
        for tables, files in _passes(parts)
    ]
    if len(passes) == 1 and not passes[0].pieces and not any(_dates([part.path for part in parts])):
        place = folder if passes[0].exports else first.path
        return Found(first.system, first.part, place, passes[0].exports, unread=unread)
    return Found(first.system, first.part, folder, passes=tuple(passes), unread=unread)


def _passes(parts: Sequence[Found]) -> list[tuple[list[str], list[Path]]]:
    """Tables and files of each pass: the pieces of one export, those of one date, or the first of each table, …"""
    part = parts[0].system.parts[parts[0].part]
    files = [(table, path) for part in parts for table, path in (part.exports or (("", part.path),))]
    dates = dict(zip(files, _dates([path for _, path in files]), strict=True))
    is_dated = all(dates.values())
    again = downloads(path for _, path in files)
    files.sort(key=lambda file: (_rotation(file[1]), dates[file] if is_dated else "", again[file[1]]))
    seen: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, int], tuple[list[str], list[Path]]] = {}
    places_of: dict[tuple[Path, str], tuple[str, int]] = {}
    for table, path in files:
        label = dates[table, path] if is_dated and not part.is_one else ""
        place = (label, seen[label, table])
        if part.stage_files and part.is_one:
            place = places_of.setdefault((Path(), ""), place)
        elif part.stage_files and not table and PIECE.search(path.name):
            place = places_of.setdefault((path.parent, PIECE.sub("#", path.name)), place)
        tables, paths = places.setdefault(place, ([], []))
        seen[label, table] += place == (label, seen[label, table])
        tables.append(table)
        paths.append(path)
    passes = [places[place] for place in sorted(places)]
    if not is_dated and not parts[0].system.parts[parts[0].part].has_given_keys:
        # Each page of a table is read beside the whole of the tables that it refers to.
        whole = [(table, path) for table, path in zip(*passes[0], strict=True) if seen["", table] == 1]
        for tables, paths in passes[1:]:
            tables += [table for table, _ in whole]
            paths += [path for _, path in whole]
    return passes


def _rotation(path: Path) -> tuple[bool, int, str]:
    """The place of a file among those that were rotated, the oldest first; the one that is still written is last.

    A numbered CSV file was downloaded again, and is newer than the first one.
    """
    found = ROTATED.search(path.name)
    if not found:
        return (True, 0, "")
    place = int(found["place"] or 0)
    return (True, place, "") if place and found["kind"] == "csv" else (False, -place, found["date"] or "")


def _dates(paths: Sequence[Path]) -> list[str]:
    """The date in the name of each file, as digits; '' without one."""
    turned = [match for path in paths if (match := TURNED_DATE.search(path.name))]
    is_day_first = all(int(match["second"]) <= 12 for match in turned)
    order = ("second", "first") if is_day_first else ("first", "second")
    days = {match[0]: _digits(match["year"], *match.group(*order)) for match in turned}
    return [_date(path, days) for path in paths]


def _date(path: Path, days: dict[str, str]) -> str:
    if found := DATE.search(path.name):
        return re.sub(r"\D", "", found[0])
    if found := TURNED_DATE.search(path.name):
        return days[found[0]]
    if found := NAMED_DATE.search(path.name):
        month = MONTHS.index(found["month"].lower()) + 1
        return _digits(found["year"], month, *filter(None, (found["day"] or found["then"],)))
    if found := NAMED_AFTER_YEAR.search(path.name):
        month = MONTHS.index(found["month"].lower()) + 1
        return _digits(found["year"], month, *filter(None, (found["day"],)))
    return ""


def differ_by_date(one: Path, other: Path) -> bool:
    """Whether two files of a folder have names with a date, and are alike but for it."""
    names = [
        next((pattern.sub("#", path.name) for pattern in DATES if pattern.search(path.name)), "")
        for path in (one, other)
    ]
    return one.parent == other.parent and names[0] == names[1] != ""


def _digits(year: str, *others: int | str) -> str:
    return year + "".join(f"{int(other):02}" for other in others)
