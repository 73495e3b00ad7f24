"""Ingest a source: one transaction, all of it or none.

Here is decided how much of a part is read: nothing where the part has not changed; the rows that may have changed where
it was read before in the same way; otherwise all of it.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from . import keyed, pricing, rollups, schema, scratch
from .ahead import Again, Ahead, read_ahead
from .detail import refuse_lake, refused_lakes
from .errors import NotContinuedError, StaleError, StoryreportError
from .given import Request, check_timezone, requests_for
from .known import Known, added_to, how_read, known_at, known_input, reading_of, system_before
from .load import Counts, Job, Overlap, Watermarks, has_rows, load_part, refuse_rejects
from .readers import check_not_cut, check_unchanged, check_whole, dates, harden, open_part
from .readers.grown import End, goes_on
from .readers.part import Found, Opened, Options, is_unchanged, signature
from .readers.sqlite import reading
from .transaction import Progress, commit, remembering_interrupts, transaction
from .typed import TypedTables
from .unchanged import note_unchanged
from .values import times

__all__ = ["Outcome", "Request", "check_timezone", "ingest", "known_at", "reprice", "requests_for", "system_before"]


@dataclass
class Outcome:
    """What an ingest did with a source."""

    name: str
    unchanged: bool
    counts: Counts = field(default_factory=Counts)
    estimated: int = 0  # calls whose estimated cost is new, another, or none any more
    notes: list[str] = field(default_factory=list)
    duration_ms: int = 0


def ingest(
    database: Path,
    request: Request,
    progress: Progress = lambda _: None,
    at_end: Callable[[sqlite3.Connection], None] = lambda _: None,
) -> Outcome:
    """Load a source into the report database, which is made if need be; StoryreportError where nothing was changed.

    `at_end` is called in its transaction.
    """
    schema.check_sqlite()
    begun, again = time.monotonic(), Again()
    while True:
        try:
            return _attempt(database, request, again, progress, begun, at_end)
        except StaleError as stale:
            again.add(stale)


def _attempt(
    database: Path,
    request: Request,
    again: Again,
    progress: Progress,
    begun: float,
    at_end: Callable[[sqlite3.Connection], None],
) -> Outcome:
    """Wait for the source, then lock the report database and load it; StaleError where more of it is needed."""
    # Copies of sources outlive the connection that reads them.
    with remembering_interrupts(), contextlib.ExitStack() as folders:
        # It takes longer to make than to see that nothing has changed.
        folder = cache(lambda: folders.enter_context(scratch.folder()))
        ahead = read_ahead(database, request, again, folder, progress)
        with transaction(database, progress, is_repeatable=True) as connection:
            ahead.hold_against(connection, request.name)
            harden(connection)
            progress("bringing the report database up to date")
            notes = rollups.update(connection)
            keyed.register(connection)
            outcome = _ingest(connection, request, ahead, folder, progress, begun)
            outcome.notes[:0] = [*notes, *([] if outcome.unchanged else request.unread)]
            at_end(connection)
            commit(connection)
    return outcome


def reprice(
    database: Path,
    price_file: pricing.PriceFile | None,
    progress: Progress = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[list[pricing.Change], int]:
    """Price all calls without a recorded cost again; return the change by currency, and how many have no price.

    `note` gets a sentence for each source that is left alone.
    """
    schema.open_for_reading(database).close()
    with transaction(database, progress) as connection:
        rollups.watch(connection)
        progress("estimating costs")
        now = times.now()
        for refused in refused_lakes(connection, "reprice"):
            note(refused)
        repriced = pricing.reprice(connection, price_file, now)
        progress("adding up")
        rollups.refresh(connection)
        pricing.keep_list(connection, now)
        commit(connection)
    return repriced


def _ingest(
    connection: sqlite3.Connection,
    request: Request,
    ahead: Ahead,
    folder: Callable[[], Path],
    progress: Progress,
    begun: float,
) -> Outcome:
    now = times.now()
    outcome = Outcome(request.name, unchanged=True)
    source = _source(connection, request, now)
    is_new = not has_rows(connection, source.id)
    last_ids = rollups.last_ids(connection) if is_new else {}
    work = _Work(connection, request, source, is_new, outcome, ahead, folder, now, progress)
    for found in request.parts:
        _load_part(work, found)
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
        refuse_rejects(connection, request.name, source.id)
    outcome.duration_ms = int((time.monotonic() - begun) * 1000)
    _note(connection, source.id, outcome, now)
    return outcome


@dataclass(frozen=True)
class _Source:
    """The source that is ingested, as the report database knows it."""

    id: int
    timezone: str
    statuses: Mapping[str, str]
    zone_before: str = ""


@dataclass
class _Work:
    """An ingest at work, as its steps share it."""

    connection: sqlite3.Connection
    request: Request
    source: _Source
    is_new: bool
    outcome: Outcome
    ahead: Ahead
    folder: Callable[[], Path]  # for copies
    now: str
    progress: Progress


def _load_part(work: _Work, found: Found) -> None:
    """Load a part of a source, unless it is as it was the last time."""
    request, known = work.request, known_input(work.connection, work.source.id, found)
    with_text = known.with_text if request.with_text is None else request.with_text
    options = Options(work.source.timezone, with_text, tuple(sorted(work.source.statuses.items())))
    is_read_alike = known.reading == reading_of(found, options) and not request.full
    if added := added_to(found, known, request.append):
        _load_passes(work, found, added, options, added.files if is_read_alike else {})
        return
    is_same = known.how == how_read(found, options) and not request.full
    if is_same and is_unchanged(found, known.signature):
        return
    if known.location and known.location != found.location and not known.named.items() & found.named.items():
        work.outcome.notes.append(
            f"source {request.name} was read from {known.location} before; "
            "if this is another one, give it another --name"
        )
    if is_same and _load_added(work, found, known, options):
        return
    # Other files are read whole, and so is a part that has other columns than last time.
    watermarks = known.watermarks if is_same and not found.is_staged else None
    _load_pass(work, found, known, options, watermarks)


def _load_added(work: _Work, found: Found, known: Known, options: Options) -> bool:
    """Load what was added to exports since they were read; False, and nothing done, where they are to be read whole."""
    ends = _ends(found, known)
    if not ends:
        return False
    _begin(work)
    counts = replace(work.outcome.counts)
    work.connection.execute("savepoint added")
    try:
        _load_pass(work, found, known, options, known.watermarks, ends=ends)
    except NotContinuedError:
        work.connection.execute("rollback to added")
        work.outcome.counts = counts
        return False
    finally:
        work.connection.execute("release added")
    return True


def _ends(found: Found, known: Known) -> dict[str, End]:
    """Where the reading of exports ended, if all of them are what they were, with or without lines that were added."""
    ends = {table: End.of(known.ends[table]) for table, _ in found.exports if table in known.ends}
    if known.watermarks is None or not all(
        table in ends and goes_on(path, ends[table]) for table, path in found.exports
    ):
        return {}
    return ends


def _begin(work: _Work) -> None:
    """Note that something may be changed from now on."""
    if work.outcome.unchanged and not work.is_new:
        _watch(work.connection)
    work.outcome.unchanged = False


def _load_passes(work: _Work, found: Found, known: Known, options: Options, read: Mapping[str, str]) -> None:
    """Load the files of a part that adds up, from the first one that is new or has changed: later ones win."""
    passes = found.passes or (found,)
    # A file that is added to a folder's is not where the source is.
    location = known.location if known.files and not found.passes else found.location
    changed = (place for place, each in enumerate(passes) if not is_unchanged(each, read.get(each.files, "")))
    place = next(changed, len(passes))
    for each in passes[place:]:
        signed = signature(each)
        _load_pass(work, each, known, options, None, {**known.files, each.files: signed}, location)
        known = replace(known_input(work.connection, work.source.id, found), timezone=known.timezone)


def _load_pass(
    work: _Work,
    found: Found,
    known: Known,
    options: Options,
    watermarks: Watermarks | None,
    files: Mapping[str, str] | None = None,
    location: str = "",
    ends: Mapping[str, End] | None = None,
) -> None:
    """Read a part, or with `files` (all that were read so far, with their signatures) files that add to it.

    With `ends`, where the reading of its exports ended, it is read from there.
    """
    _begin(work)
    work.progress(f"reading {found.path.name}")
    with reading(found.path):
        part = _open(work, found, options, ends)
        work.outcome.notes += [
            f"{found.path.name}: {table} {why} and was not read; its rows stay as they were"
            for table, why in sorted(part.unread.items())
        ]
        if known.layout not in (None, part.layout):
            watermarks = None
        day_first = dates.day_first(work.connection, part)
        if day_first:
            # Such dates are in no order of theirs, and one more may say what the others mean.
            watermarks = None
        typed = TypedTables(part, options, day_first)
        job = Job(work.connection, typed, work.source.id, known.id, work.now, work.outcome.counts)
        job.finds_reused_keys = known.reading == reading_of(found, options)
        job.adds = found.files if files else ""
        job.is_again = found.files in (known.files or ())
        job.zone_before = known.timezone or work.source.zone_before
        job.continued = {table: end.lines for table, end in (ends or {}).items()}
        if not files and known.location not in ("", found.location):
            job.overlap = Overlap()
        with contextlib.closing(part.remote) if part.remote else contextlib.nullcontext():
            deleted = job.counts.gone
            watermarks = load_part(job, watermarks)
        if job.counts.gone > deleted:
            job.need_all()
            work.progress(f"checking {found.path.name}, which has fewer rows")
            check_whole(work.connection, part)
            check_not_cut(work.connection, part, known.id)
        check_unchanged(part)
    if job.overlap and job.overlap.is_of_another:
        raise StoryreportError(_of_another(work.request.name, found, known))
    state = {
        "how": how_read(found, options),
        "reading": reading_of(found, options),
        "with_text": options.with_text,
        "timezone": options.timezone,
        "layout": part.layout,
        "files": files,
        "named": {**known.named, **found.named},  # a table that is not given this time is where it was
        "place": found.place,
        "read": sorted(core for core, tables in job.part.feeds.items() if set(tables) & part.tables.keys()),
        "ends": {table: end.as_json() for table, end in part.ends.items()},
        **asdict(watermarks),
    }
    work.connection.execute(
        "update inputs set location = ?, signature = ?, watermarks = ? where id = ?",
        [location or found.location, part.signature, json.dumps(state), known.id],
    )


def _open(work: _Work, found: Found, options: Options, ends: Mapping[str, End] | None) -> Opened:
    """A part, from what was read of it ahead where it was."""
    if found.url:
        return work.ahead.servers[found.part].open(work.connection, options.with_text)
    copied, in_place = work.ahead.files.pop(found.part, None), found.part in work.ahead.in_place
    return open_part(work.connection, found, work.folder(), work.progress, ends, copied, in_place)


def _of_another(name: str, found: Found, known: Known) -> str:
    """The sentences about a place that has hardly any row of the source."""
    adding = ", or add the rows with --append" if found.is_staged else ""
    return (
        f"{found.location} is another source than {name!r}, which was read from {known.location}: nearly none of their"
        f" rows are the same; choose another --name{adding}, or, if {name!r} has moved there, say so first:"
        f" storyreport sources move {name} {found.location}"
    )


def _watch(connection: sqlite3.Connection) -> None:
    """Note what changes from now on. It takes a while, so that it is left out where nothing does."""
    rollups.watch(connection)
    pricing.watch(connection)


def _source(connection: sqlite3.Connection, request: Request, now: str) -> _Source:
    """The source and its options; it is registered where it is new."""
    system = request.parts[0].system.name
    row = connection.execute(
        "select id, system, timezone, statuses from sources where name = ?", [request.name]
    ).fetchone()
    if row is None:
        zone = request.timezone or "UTC"
        inserted = connection.execute(
            "insert into sources (name, system, timezone, statuses, created_at) values (?, ?, ?, ?, ?)",
            [request.name, system, zone, json.dumps(request.statuses), now],
        )
        assert inserted.lastrowid is not None
        return _Source(inserted.lastrowid, zone, request.statuses)
    source_id, known_system, zone_before, words = row
    zone = request.timezone or zone_before
    refuse_lake(connection, request.name)
    if known_system != system:
        raise StoryreportError(
            f"The name {request.name!r} belongs to a source of the system {known_system}, this is one of {system}: "
            "give it another --name."
        )
    if zone != zone_before:
        connection.execute("update sources set timezone = ? where id = ?", [zone, source_id])
    known_words = json.loads(words)
    meanings = {**known_words, **request.statuses}
    if meanings != known_words:
        connection.execute("update sources set statuses = ? where id = ?", [json.dumps(meanings), source_id])
    return _Source(source_id, zone, meanings, zone_before)


def _note(connection: sqlite3.Connection, source_id: int, outcome: Outcome, started_at: str) -> None:
    """Keep a row about this ingest."""
    if outcome.unchanged:
        note_unchanged(connection, source_id, outcome.duration_ms)
        return
    counts = outcome.counts
    connection.execute(
        """
        insert into ingests (
            source_id, started_at, finished_at, status, rows_read, inserted, updated, gone, rejected, duration_ms
        )
        values (?, ?, ?, 'completed', ?, ?, ?, ?, ?, ?)
        """,
        [
            source_id,
            started_at,
            times.now(),
            counts.read,
            counts.inserted,
            counts.updated,
            counts.gone,
            counts.rejected,
            outcome.duration_ms,
        ],
    )
