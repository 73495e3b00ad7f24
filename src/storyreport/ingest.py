"""Ingest a source: one transaction, all of it or none.

Here is decided how much of a part is read: nothing where the part has not changed; the rows that may have changed where
it was read before in the same way; otherwise all of it.
"""

import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from . import pricing, rollups, schema
from .errors import StoryreportError, UsageError
from .load import Counts, Job, Watermarks, has_rows, load_part
from .readers import check_unchanged, open_part
from .readers.part import Found, Options, signature
from .readers.sqlite import reading
from .recognise import check_system, find_parts, find_parts_at
from .transaction import Progress, transaction
from .typed import TypedTables

HASH_DIGITS = 16


@dataclass(frozen=True)
class Request:
    """A source to ingest: its parts (all of one system), its name, and how it is to be read (None: as before)."""

    name: str
    parts: tuple[Found, ...]
    timezone: str | None = None
    with_text: bool | None = None
    full: bool = False
    strict: bool = False
    price_file: pricing.PriceFile | None = None


@dataclass
class Outcome:
    """What an ingest did with a source."""

    name: str
    unchanged: bool
    counts: Counts = field(default_factory=Counts)
    estimated: int = 0  # calls whose estimated cost is new, another, or none any more
    notes: list[str] = field(default_factory=list)
    duration_ms: int = 0


def check_timezone(name: str) -> None:
    """Raise UsageError for an unknown time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"There is no time zone {name!r}: use a name like Europe/Madrid, or UTC.") from None


def requests_for(places: Sequence[Path | str], name: str | None, system: str | None, **how: Any) -> list[Request]:
    """The sources at some paths or URLs; a folder given beside the one database of its system belongs to it."""
    found = [_find(place, system) for place in places]
    names: dict[str, list[Found]] = {}
    for path, parts in found:
        source_name = name or _home(parts, found) or _own_name(path, parts)
        printable = "".join(character for character in source_name if character.isprintable())
        if not printable.strip():
            raise UsageError(f"The source name {source_name!r} has unprintable characters; choose one with --name.")
        names.setdefault(printable, []).extend(parts)
    requests = []
    for source_name, parts in names.items():
        if len({part.system.name for part in parts}) > 1:
            raise StoryreportError(f"The name {source_name!r} would stand for two systems: ingest them one by one.")
        if len({part.part for part in parts}) < len(parts):
            raise StoryreportError(
                f"Two sources would have the name {source_name!r}: ingest them one by one, with --name."
            )
        order = list(parts[0].system.parts)
        requests.append(Request(source_name, tuple(sorted(parts, key=lambda part: order.index(part.part))), **how))
    return requests


def _own_name(path: Path, parts: list[Found]) -> str:
    """The default name of a source: its file's or folder's stem, or a digest of it where that is private."""
    system = parts[0].system
    if system.has_private_names:
        return f"{system.name}-{hashlib.sha256(os.fsencode(path.resolve().name)).hexdigest()[:8]}"
    return path.resolve().stem


def _find(place: Path | str, system: str | None) -> tuple[Path, list[Found]]:
    check_system(system)
    if isinstance(place, Path):
        return place, find_parts(place, system)
    parts = find_parts_at(place, system)
    return parts[0].path, parts


def _home(parts: list[Found], found: list[tuple[Path, list[Found]]]) -> str | None:
    """The name of the one source that a lone folder (its outputs, its runs) was given beside."""
    system, first = parts[0].system, next(iter(parts[0].system.parts))
    if any(part.part == first for part in parts):
        return None
    homes = [path for path, others in found if any(other.system is system and other.part == first for other in others)]
    return homes[0].resolve().stem if len(homes) == 1 else None


def ingest(database: Path, request: Request, progress: Progress = lambda _: None) -> Outcome:
    """Load a source into the report database, which is made if need be; StoryreportError where nothing was changed."""
    schema.check_sqlite()
    begun = time.monotonic()
    # Copies of sources outlive the connection that reads them.
    with (
        tempfile.TemporaryDirectory(prefix="storyreport-") as scratch,
        transaction(database, progress) as connection,
    ):
        progress("bringing the report database up to date")
        notes = rollups.update(connection)
        _register_keyed_hash(connection)
        outcome = _ingest(connection, request, Path(scratch), progress, begun)
        outcome.notes[:0] = notes
        connection.execute("commit")
    return outcome


def reprice(
    database: Path, price_file: pricing.PriceFile | None, progress: Progress = lambda _: None
) -> tuple[list[pricing.Change], int]:
    """Price all calls without a recorded cost again; return the change by currency, and how many have no price."""
    schema.open_for_reading(database).close()
    with transaction(database, progress) as connection:
        rollups.watch(connection)
        progress("estimating costs")
        now = _now()
        repriced = pricing.reprice(connection, price_file, now)
        progress("adding up")
        rollups.refresh(connection)
        pricing.keep_list(connection, now)
        connection.execute("commit")
    return repriced


def _ingest(
    connection: sqlite3.Connection, request: Request, scratch: Path, progress: Progress, begun: float
) -> Outcome:
    now = _now()
    outcome = Outcome(request.name, unchanged=True)
    source = _source(connection, request, now)
    is_new = not has_rows(connection, source.id)
    last_ids = rollups.last_ids(connection) if is_new else {}
    for found in request.parts:
        _load_part(connection, request, found, source, is_new, outcome, scratch, now, progress)
    if outcome.unchanged and request.price_file and not is_new:
        _watch(connection)
    if not outcome.unchanged or request.price_file:
        progress("estimating costs")
        outcome.estimated = pricing.estimate(connection, source.id, request.price_file, now, is_new)
        progress("adding up")
        if is_new:
            rollups.build(connection, source.id, last_ids)
        else:
            rollups.refresh(connection)
        pricing.keep_list(connection, now)
    if request.strict:
        _refuse_rejects(connection, request.name, source.id)
    outcome.duration_ms = int((time.monotonic() - begun) * 1000)
    _note(connection, source.id, outcome, now)
    return outcome


@dataclass(frozen=True)
class _Source:
    """The source that is ingested, as the report database knows it."""

    id: int
    timezone: str


def _load_part(
    connection: sqlite3.Connection,
    request: Request,
    found: Found,
    source: _Source,
    is_new: bool,
    outcome: Outcome,
    scratch: Path,
    now: str,
    progress: Progress,
) -> None:
    """Load a part of a source, unless it is as it was the last time."""
    known = _input(connection, source.id, found)
    options = Options(source.timezone, known.with_text if request.with_text is None else request.with_text)
    how = _how(found, options)
    is_same = known.how == how and not request.full
    if is_same and not found.url and known.signature == signature(found):
        return
    if outcome.unchanged and not is_new:
        _watch(connection)
    outcome.unchanged = False
    if known.location and known.location != found.location:
        outcome.notes.append(
            f"source {request.name} was read from {known.location} before; "
            "if this is another one, give it another --name"
        )
    progress(f"reading {found.path.name}")
    with reading(found.path):
        part = open_part(connection, found, scratch, options.with_text, progress)
        # Files are always read whole, and so is a part that has other columns than last time.
        is_known = is_same and not found.is_staged and known.layout in (None, part.layout)
        job = Job(connection, TypedTables(part, options), source.id, known.id, now, outcome.counts)
        with contextlib.closing(part.remote) if part.remote else contextlib.nullcontext():
            watermarks = load_part(job, known.watermarks if is_known else None)
        check_unchanged(part)
    state = {"how": how, "with_text": options.with_text, "layout": part.layout, **asdict(watermarks)}
    connection.execute(
        "update inputs set location = ?, signature = ?, watermarks = ? where id = ?",
        [found.location, part.signature, json.dumps(state), known.id],
    )


def _watch(connection: sqlite3.Connection) -> None:
    """Note what changes from now on. It takes a while, so that it is left out where nothing does."""
    rollups.watch(connection)
    pricing.watch(connection)


def _register_keyed_hash(connection: sqlite3.Connection) -> None:
    """Make keyed_hash callable from SQL; the report database's own key is made where it has none yet."""
    read = "select value from main.secrets where name = 'keyed_hash'"
    row = connection.execute(read).fetchone()
    if row is None:
        connection.execute("insert into main.secrets values ('keyed_hash', ?)", [os.urandom(32).hex()])
        row = connection.execute(read).fetchone()
    key = bytes.fromhex(row[0])

    def keyed_hash(value: bytes | None) -> str | None:
        return hmac.digest(key, value, "sha256").hex()[:HASH_DIGITS] if value else None

    connection.create_function("keyed_hash", 1, keyed_hash, deterministic=True)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _source(connection: sqlite3.Connection, request: Request, now: str) -> _Source:
    """The source and its time zone; it is registered where it is new."""
    system = request.parts[0].system.name
    row = connection.execute("select id, system, timezone from sources where name = ?", [request.name]).fetchone()
    if row is None:
        zone = request.timezone or "UTC"
        inserted = connection.execute(
            "insert into sources (name, system, timezone, created_at) values (?, ?, ?, ?)",
            [request.name, system, zone, now],
        )
        assert inserted.lastrowid is not None
        return _Source(inserted.lastrowid, zone)
    source_id, known_system, zone = row
    if known_system != system:
        raise StoryreportError(
            f"The name {request.name!r} belongs to a {known_system} source, this is a {system} one: "
            "give it another --name."
        )
    if request.timezone and request.timezone != zone:
        connection.execute("update sources set timezone = ? where id = ?", [request.timezone, source_id])
        zone = request.timezone
    return _Source(source_id, zone)


@dataclass(frozen=True)
class _Known:
    """An input as the last time left it; `watermarks` is None where it was never read."""

    id: int
    location: str = ""
    signature: str = ""
    how: str | None = None
    with_text: bool = False
    layout: dict[str, list[str]] | None = None
    watermarks: Watermarks | None = None


def _input(connection: sqlite3.Connection, source_id: int, found: Found) -> _Known:
    row = connection.execute(
        "select id, location, signature, watermarks from inputs where source_id = ? and part = ?",
        [source_id, found.part],
    ).fetchone()
    if row is None:
        inserted = connection.execute(
            "insert into inputs (source_id, part, location, signature) values (?, ?, '', '')", [source_id, found.part]
        )
        assert inserted.lastrowid is not None
        return _Known(inserted.lastrowid)
    input_id, location, signed, text = row
    state = json.loads(text)
    how, with_text, layout = state.pop("how", None), state.pop("with_text", False), state.pop("layout", None)
    return _Known(input_id, location, signed, how, with_text, layout, Watermarks(**state) if state else None)


def _how(found: Found, options: Options) -> str:
    """Differs once the part would be read in another way: from elsewhere, with other options or another mapping."""
    # Not the tables as they are: a set's order differs from one process to the next.
    tables = [
        (name, list(table.columns.items()), table.required, table.group, table.changed)
        for name, table in found.system.parts[found.part].tables.items()
    ]
    read = (found.location, options, found.system.mapping(), tables)
    return hashlib.sha256(repr(read).encode()).hexdigest()


def _refuse_rejects(connection: sqlite3.Connection, name: str, source_id: int) -> None:
    """Raise StoryreportError if rows of the source cannot be loaded, whether they were read just now or before."""
    first = connection.execute(
        "select source_table, source_row, source_key, reason, count(*) over () from rejects"
        " where source_id = ? and severity = 'rejected' order by id limit 1",
        [source_id],
    ).fetchone()
    if first:
        table, row, key, reason, count = first
        rows = f"{count} row{'s' if count > 1 else ''}"
        raise StoryreportError(
            f"{name}: {rows} cannot be loaded, the first is {table} row {key if row is None else row} ({reason}): "
            "fix the source, or leave out --strict to load the rest."
        )


def _note(connection: sqlite3.Connection, source_id: int, outcome: Outcome, started_at: str) -> None:
    """Keep a row about this ingest."""
    counts = outcome.counts
    connection.execute(
        """
        insert into ingests (
            source_id, started_at, finished_at, status, rows_read, inserted, updated, gone, rejected, duration_ms
        )
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
            source_id,
            started_at,
            _now(),
            "unchanged" if outcome.unchanged else "completed",
            counts.read,
            counts.inserted,
            counts.updated,
            counts.gone,
            counts.rejected,
            outcome.duration_ms,
        ],
    )
