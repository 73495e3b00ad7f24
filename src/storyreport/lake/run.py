"""`rollup`: a lake, computed by an engine and landed in a report database, or nothing changed."""

import contextlib
import json
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from .. import keyed, pricing, rollups, scratch
from ..errors import StoryreportError
from ..transaction import Progress, commit, snapshot, transaction
from ..values import times
from . import check, pick, prices, sums, typed
from .contract import DATE, TABLES
from .core import Core
from .engine import Engine
from .functions import functions
from .land import Landing
from .rejected import Finding, Troubles, reasons

SYSTEM = "steps"
# What may be wrong with ids: what it is, what comes of it, what to do.
IDS = (
    ("no id", "they are known by what they hold", "Give each row an id that stays: those alike are taken for one."),
    ("the id of another", "of each id one row counts", "Of step runs the last that ended counts, of calls the latest."),
)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Request:
    """What is to be rolled up, and how much of it; `since` is '' for all days, `auto` or a day."""

    location: str
    name: str
    engine: str = "duckdb"
    since: str = "auto"
    full: bool = False
    reach_days: int = 7
    settle_days: int = 3
    horizon_days: int = 30
    land: int = 10_000
    scratch: Path | None = None
    skip_unreadable: bool = False
    price_file: pricing.PriceFile | None = None
    master: str = ""
    spark_conf: tuple[tuple[str, str], ...] = ()


@dataclass
class Outcome:
    """What was read and landed."""

    name: str
    since: str = ""
    until: str = ""
    step_runs: int = 0
    calls: int = 0
    landed: int = 0
    notes: list[str] = field(default_factory=list)
    whole_since: dict[str, str] = field(default_factory=dict)  # what lands → the moment from which on all of it has
    duration_ms: int = 0


@dataclass(frozen=True)
class Before:
    """What the report database knows before: its key, the last day (None: never rolled up), what had landed whole."""

    secret: bytes
    until: str | None
    whole_since: dict[str, str]


def roll_up(database: Path, request: Request, progress: Progress = lambda _: None) -> Outcome:
    """Compute a lake's rollups and land them in one transaction; StoryreportError where nothing was landed."""
    begun = time.monotonic()
    now = times.now()
    location = check.absolute(request.location)
    before = _prepare(database, request, location, now, progress)
    since = _since(request, before.until, now[:10])
    read_from = _shifted(since, -request.reach_days) if since else ""
    outcome = Outcome(request.name, since)
    with _engine(request) as engine:
        engine.register(functions(before.secret))
        progress(f"checking the lake, {engine.address}" if engine.address else "checking the lake")
        lake = check.open_lake(engine, location, read_from, request.skip_unreadable)
        outcome.notes += lake.notes
        core = Core(engine, now, progress)
        troubles = Troubles(findings=lake.findings)
        for table in TABLES:
            _view(engine, table, lake, outcome, troubles)
        progress("counting what cannot be used")
        troubles.reasons.extend(reasons(engine, lake.tables, request.land))
        core.load()
        with snapshot(database) as connection:
            prices.price(core, connection)
        sums.sum_up(core, since)
        bounds = pick.Bounds(request.land, _shifted(now[:10], -request.horizon_days))
        pick.pick(core, bounds)
        outcome.whole_since = pick.complete_since(core, bounds, read_from, before.whole_since)
        outcome.step_runs, outcome.calls = core.counts["step_runs"], core.counts["calls"]
        outcome.until = _last_day(engine, lake, now[:10])
        progress("landing")
        with transaction(database, progress) as connection:
            rollups.update(connection)
            _check_writer(connection, request.name)
            _land(connection, core, request, location, outcome, now)
            troubles.land(connection, request.name, read_from, now)
            outcome.duration_ms = int((time.monotonic() - begun) * 1000)
            _note(connection, request, outcome, troubles.rejected, now)
            commit(connection)
    return outcome


def _prepare(database: Path, request: Request, location: str, now: str, progress: Progress) -> Before:
    """Make the report database where there is none, and read what it knows of the lake."""
    with transaction(database, progress) as connection:
        rollups.update(connection)
        keyed.register(connection)
        _check_writer(connection, request.name)
        if request.price_file:
            pricing.keep(connection, request.price_file, now)
        row = connection.execute(
            "select until_day, location, runs_since, calls_since, steps_since, whole_runs_since"
            " from lakes join sources on sources.id = source_id where name = ?",
            [request.name],
        ).fetchone()
        secret = keyed.secret_of(connection)
        commit(connection)
    if row and row[1] != location and not request.full:
        raise StoryreportError(
            f"{request.name!r} was rolled up from {row[1]} before: give another --name, or --full if it has moved."
        )
    whole_since = dict(zip(pick.WHOLE, row[2:], strict=True)) if row else {}
    return Before(secret, row[0] if row else None, whole_since)


def _check_writer(connection: sqlite3.Connection, name: str) -> None:
    """Raise StoryreportError where a source of this name is ingested: one writer a source."""
    row = connection.execute(
        "select sources.id from sources left join lakes on lakes.source_id = sources.id"
        " where name = ? and lakes.source_id is null",
        [name],
    ).fetchone()
    if row:
        raise StoryreportError(
            f"{name!r} is a source that `ingest` loads: give another --name, or remove it first with"
            f" `storyreport sources remove {name}`."
        )


def _since(request: Request, until: str | None, today: str) -> str:
    if request.full:
        return ""
    if request.since != "auto":
        if until is None:
            raise StoryreportError(
                f"{request.name!r} has not been rolled up before: leave out --since, so that all days are."
            )
        return request.since
    # A row that claims to be of the future says nothing of the days that are still to come.
    return _shifted(min(until, today), -request.settle_days) if until else ""


@contextlib.contextmanager
def _engine(request: Request) -> Iterator[Engine]:
    """The engine with a scratch folder of this run, which stays after a failure where --scratch was given."""
    with contextlib.ExitStack() as stack:
        if request.scratch is None:
            folder = stack.enter_context(scratch.folder())
        else:
            folder = stack.enter_context(_own_folder(request.scratch))
        engine = _start(request, folder)
        stack.callback(engine.close)
        yield engine


def _start(request: Request, folder: Path) -> Engine:
    """The engine; no other is imported."""
    if request.engine == "spark":
        if request.scratch is None and request.master and not request.master.startswith("local"):
            raise StoryreportError(
                f"The workers of {request.master} do not see a folder of this machine: name one that they reach by the"
                " same path with --scratch."
            )
        from .spark import Spark

        return Spark(str(folder), request.master, dict(request.spark_conf))
    from .duck import Duck

    return Duck(folder)


@contextlib.contextmanager
def _own_folder(place: Path) -> Iterator[Path]:
    """A folder in the given one, removed on success, named after a failure."""
    if not place.is_dir():
        raise StoryreportError(f"There is no folder {place} for --scratch: make it first.")
    folder = Path(tempfile.mkdtemp(prefix="storyreport-", dir=place))
    try:
        yield folder
    except StoryreportError as error:
        raise StoryreportError(f"{error} What was computed is in {folder}: remove it when you have seen it.") from error
    shutil.rmtree(folder)


def _view(engine: Engine, table: str, lake: check.Lake, outcome: Outcome, troubles: Troubles) -> None:
    if table not in lake.tables:
        typed.create_nothing(engine, table)
        return
    named = table.replace("_", " ")
    for (problem, consequence, action), rows in zip(IDS, check.count_doubles(engine, table), strict=True):
        if rows:
            outcome.notes.append(f"{rows:,} {named} have {problem}: {consequence}")
            troubles.findings.append(Finding("keys", f"{table}: {problem}", rows, lake.location, action))
    typed.create_views(engine, table, lake.tables[table])


def _last_day(engine: Engine, lake: check.Lake, today: str) -> str:
    """The last day that has rows, up to today; '' where all are of the future, or of no day."""
    days = (str(day) for table in lake.tables for (day,) in engine.rows(f"select distinct {DATE} from lake_{table}"))
    return max((day for day in days if DAY.fullmatch(day) and day <= today), default="")


def _land(
    connection: sqlite3.Connection, core: Core, request: Request, location: str, outcome: Outcome, now: str
) -> None:
    source_id = connection.execute(
        "insert into sources (name, system, created_at) values (?, ?, ?)"
        " on conflict (name) do update set system = excluded.system returning id",
        [request.name, SYSTEM, now],
    ).fetchone()[0]
    rows = {"step_runs": outcome.step_runs, "calls": outcome.calls}
    input_id = connection.execute(
        "insert into inputs (source_id, part, location, signature, watermarks) values (?, 'lake', ?, '', ?)"
        " on conflict (source_id, part) do update set location = excluded.location, watermarks = excluded.watermarks"
        " returning id",
        [source_id, location, json.dumps({"rows": rows})],
    ).fetchone()[0]
    read_from = _shifted(outcome.since, -request.reach_days) if outcome.since else ""
    landing = Landing(connection, core, source_id, input_id, outcome.since, read_from)
    landing.run()
    outcome.landed = landing.rows
    connection.execute(
        """
        insert into lakes
        values (
            :source, :engine, :location, :now, :since, :until, :now, :step_runs, :calls, :runs_since, :calls_since,
            :steps_since, :whole_runs_since
        )
        on conflict (source_id) do update
        set
            engine = excluded.engine,
            location = excluded.location,
            rolled_up_at = excluded.rolled_up_at,
            since_day = excluded.since_day,
            until_day = max(until_day, excluded.until_day),
            runs_since = excluded.runs_since,
            calls_since = excluded.calls_since,
            steps_since = excluded.steps_since,
            whole_runs_since = excluded.whole_runs_since,
            full_at = case when excluded.since_day is null then excluded.full_at else full_at end,
            step_runs = case when excluded.since_day is null then excluded.step_runs else step_runs end,
            calls = case when excluded.since_day is null then excluded.calls else calls end""",
        {
            "source": source_id,
            "engine": request.engine,
            "location": location,
            "now": now,
            "since": outcome.since or None,
            "until": outcome.until,
            **{f"{table}_since": since for table, since in outcome.whole_since.items()},
            **rows,
        },
    )


def _note(connection: sqlite3.Connection, request: Request, outcome: Outcome, rejected: int, now: str) -> None:
    """Keep a row about this time, as an ingest does."""
    connection.execute(
        """
        insert into ingests (
            source_id, started_at, finished_at, status, rows_read, inserted, updated, gone, rejected, duration_ms
        )
        select id, ?, ?, 'completed', ?, ?, 0, 0, ?, ?
        from sources
        where name = ?""",
        [
            *(now, times.now(), outcome.step_runs + outcome.calls, outcome.landed, rejected, outcome.duration_ms),
            request.name,
        ],
    )
    pricing.keep_list(connection, now)


def _shifted(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
