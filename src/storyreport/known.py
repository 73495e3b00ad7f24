"""The inputs of a source as the last ingest left them: where and how they were read, and how far."""

import contextlib
import hashlib
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import schema, statuses
from .errors import StoryreportError
from .given import Request
from .joining import differ_by_date
from .load import Watermarks
from .readers.copies import ROW_NUMBER
from .readers.grown import End, goes_on
from .readers.part import Found, Options
from .readers.sqlite import read_tables
from .sources import systems

# What an input's state says beside its watermarks.
STATE = ("how", "reading", "with_text", "timezone", "layout", "files", "named", "place", "read", "ends")


@dataclass(frozen=True)
class Known:
    """An input as the last time left it; `watermarks` is None where it was never read."""

    id: int
    location: str = ""
    signature: str = ""
    how: str | None = None
    reading: str | None = None
    with_text: bool = False
    timezone: str | None = None
    layout: dict[str, list[str]] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    place: str = ""  # a digest of where it is, where that must not be kept
    read: list[str] = field(default_factory=list)
    ends: Mapping[str, Any] = field(default_factory=dict)
    watermarks: Watermarks | None = None


def added_to(found: Found, known: Known, append: bool) -> Known | None:
    """The input that files add to, with those that were read so far; None where they are a whole copy of the part.

    Raises StoryreportError for files that cannot be added.
    """
    if append:
        _check_can_add(found, known)
    elif not (found.passes or known.files or _follows(found, known)):
        return None
    # What was a whole copy is the first of them.
    first = dict.fromkeys(known.named.values(), known.signature) if len(known.named) == 1 else {}
    return replace(known, files=known.files or first)


def _check_can_add(found: Found, known: Known) -> None:
    """Raise StoryreportError for files that cannot be added to those that were read before, from elsewhere."""
    here, before = Path(found.location), Path(known.location)
    # A folder that has one file is found as this file.
    is_elsewhere = known.location and not (here.is_relative_to(before) or before.is_relative_to(here))
    if found.system.parts[found.part].needs_all_files and is_elsewhere:
        raise StoryreportError(
            f"{found.location} cannot be added: a day of this source ({found.system.title}) is the sum of what all of"
            " its files say. Give all of them in one command without --append, or their folder."
        )


def _follows(found: Found, known: Known) -> bool:
    """Whether an export has another name than that of its table had, in the same folder, or but for a date in it."""
    are_others = any(known.named.get(table, name) != name for table, name in found.named.items())
    return are_others and (
        known.location == found.location or differ_by_date(Path(known.location), Path(found.location))
    )


def known_at(database: Path, path: Path) -> Found | None:
    """The export that was read from a path before, as the report database knows it; None where there was none."""
    if not database.is_file():
        return None
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        rows = connection.execute(
            "select system, part, json_extract(watermarks, '$.layout') from inputs"
            " join sources on sources.id = source_id where location = ?",
            [os.path.abspath(path)],
        ).fetchall()
    for name, part_name, text in rows:
        system = systems().get(name)
        part = system.parts.get(own_part(part_name)) if system else None
        # Exports number their rows; a database without a byte has been cut off.
        layout: dict[str, list[str]] = json.loads(text or "{}")
        tables = tuple((table, path) for table, columns in layout.items() if ROW_NUMBER in columns)
        if system and part and not part.stage and tables:
            return Found(system, own_part(part_name), path, tables)
    return None


def system_before(database: Path, path: Path) -> str | None:
    """The system of a file that was read before and is what it was, but for rows; None where that is not known.

    So no other system need be asked whether it wrote the file.
    """
    inputs = "select system, watermarks from inputs join sources on sources.id = source_id where location = ?"
    # A name that is no UTF-8 is none that SQLite can look for.
    with contextlib.suppress(sqlite3.Error, OSError, StoryreportError, UnicodeEncodeError):
        if not (path.is_file() and _leaves_no_log(database)):
            return None
        with contextlib.closing(schema.open_whatever_version(database)) as connection:
            found = connection.execute(inputs, [os.path.abspath(path)]).fetchall()
        states = [json.loads(state or "{}") for _, state in found]
        if len({system for system, _ in found}) == 1 and found[0][0] in systems() and _is_as_before(path, states):
            return str(found[0][0])
    return None


def _leaves_no_log(database: Path) -> bool:
    """Whether a report database is there that can be read without a trace: who may not write leaves a log beside it."""
    return database.is_file() and os.access(database, os.W_OK)


def _is_as_before(path: Path, states: list[dict[str, Any]]) -> bool:
    """Whether a file goes on where each input ended, or is a database that has the same tables with these columns."""
    if all(state.get("ends") for state in states):
        return all(goes_on(path, End.of(end)) for state in states for end in state["ends"].values())
    tables = read_tables(path)
    layouts = [state.get("layout") or {"": []} for state in states]
    return all(tables.get(table) == frozenset(columns) for layout in layouts for table, columns in layout.items())


def as_known(database: Path, requests: Sequence[Request], is_named: bool) -> list[tuple[Request, str]]:
    """Requests under the names of the sources that were read from their places, unless they were given one; notes.

    So a source goes on that was renamed, one of several files of which one is given, and one of a file whose folder is
    given now. A note says that, or that a request makes another source of what was read before; otherwise it is empty.
    """
    # Where this cannot be asked, the ingest itself says why.
    with contextlib.suppress(sqlite3.Error, OSError, StoryreportError):
        if _leaves_no_log(database):
            with contextlib.closing(schema.open_whatever_version(database)) as connection:
                names = {name for (name,) in connection.execute("select name from sources")}
                if not (is_named and {request.name for request in requests} <= names):
                    known = _known_places(connection)
                    return [_as_known(request, known, names, is_named) for request in requests]
    return [(request, "") for request in requests]


def owners(database: Path) -> Callable[[Sequence[Found]], str | None]:
    """A function that says as which one source the parts at a place were read before; None for none or several."""

    @lru_cache(maxsize=1)
    def places() -> Places:
        with contextlib.suppress(sqlite3.Error, OSError, StoryreportError):
            if _leaves_no_log(database):
                with contextlib.closing(schema.open_whatever_version(database)) as connection:
                    return _known_places(connection)
        return {}

    def owner(parts: Sequence[Found]) -> str | None:
        same = {name for found in parts for name in _sources_of(found, places())}
        return same.pop() if len(same) == 1 else None

    return owner


# What a place of a system is known by (see _marks) → the sources that were read from it, each with the part.
Places = Mapping[tuple[str, Any], list[tuple[str, str]]]


def _known_places(connection: sqlite3.Connection) -> Places:
    """The places of all inputs: files, or else tables and their files, or else a digest of the place or where it is."""
    places = defaultdict(list)
    for system, name, part, location, watermarks in connection.execute(
        "select system, name, part, location, watermarks from inputs"
        " join sources on sources.id = source_id order by inputs.id"
    ):
        state = json.loads(watermarks or "{}")
        # Of files that were named only their folder is kept as the location.
        for mark in state.get("files") or (state.get("named") or {}).items() or [state.get("place") or location]:
            places[system, mark].append((name, own_part(part)))
    return places


def _marks(found: Found) -> list[Any]:
    """What a place may be known by."""
    files = [each.files for each in found.passes or (found,)]
    is_alone = not (found.passes or found.system.has_private_names)
    return [*files, *found.named.items(), found.location] if is_alone else files


def _sources_of(found: Found, known: Places) -> set[str]:
    """The sources that a part was read as."""
    return {
        name for mark in _marks(found) for name, part in known.get((found.system.name, mark), ()) if part == found.part
    }


def _as_known(request: Request, known: Places, names: set[str], is_named: bool) -> tuple[Request, str]:
    same: set[str] = set()
    read: dict[str, str] = {}
    for found in request.parts:
        system = found.system.name
        same |= _sources_of(found, known)
        for each in (found, *found.passes):
            read |= {name: each.location for mark in _marks(each) for name, _ in known.get((system, mark), ())}
    if len(same) == 1 and not is_named:
        request = replace(request, name=same.pop())
    if not read or request.name in names:
        return request, ""
    name, location = read.popitem()
    if not read and not is_named:
        return replace(request, name=name), (
            f"{location} was read as source {name!r}, which goes on with all that is given here: `storyreport sources"
            " rename` gives it another name"
        )
    return request, (
        f"{location} is also read as source {name!r}, and what both have counts twice: `storyreport sources"
        f" remove` takes {name!r} or {request.name!r} away"
    )


def own_part(part: str) -> str:
    """The part of its system that an input is: one of a source that was merged into another has its name behind it."""
    return part.partition(" of ")[0]


# The input of a part; of several that were merged, the one at this place.
OF_PART = """
    (inputs.part = :part or (inputs.part like :part || ' of %' and inputs.location = :location))
    order by inputs.location = :location desc, inputs.part = :part desc
    limit 1
"""


def known_input(connection: sqlite3.Connection, source_id: int, found: Found) -> Known:
    row = connection.execute(
        f"select id, location, signature, watermarks from inputs where source_id = :source_id and {OF_PART}",
        {"source_id": source_id, "part": found.part, "location": found.location},
    ).fetchone()
    if row is None:
        inserted = connection.execute(
            "insert into inputs (source_id, part, location, signature) values (?, ?, '', '')", [source_id, found.part]
        )
        assert inserted.lastrowid is not None
        return Known(inserted.lastrowid)
    input_id, location, signed, text = row
    state = json.loads(text)
    given = {name: value for name in STATE if (value := state.pop(name, None)) is not None}
    return Known(input_id, location, signed, **given, watermarks=Watermarks(**state) if state else None)


def how_read(found: Found, options: Options) -> str:
    """Differs once the part would be read from elsewhere or in another way."""
    return _hash((found.location, reading_of(found, options)))


def reading_of(found: Found, options: Options) -> str:
    """Differs once the part would be read in another way: with other options or another mapping."""
    # A set's order differs from one process to the next.
    tables = [
        (name, [sorted(value) if isinstance(value, frozenset) else value for value in vars(table).values()])
        for name, table in found.system.parts[found.part].tables.items()
    ]
    words = (sorted(found.system.parts[found.part].statuses.items()), statuses.version())
    return _hash((options, found.system.mapping(), tables, words))


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
