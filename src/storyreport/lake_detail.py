"""One story or run of a lake, read whole from where it lies: DuckDB finds its rows, and `ingest` reads these."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import reports, scratch
from .reports import Report, Rows

if TYPE_CHECKING:
    from .lake.duck import Duck

# Reports about one thing → the parameter that names it.
TAKES = {"story_status": "story", "run_timeline": "run", "run_calls": "run"}
# Columns that compare a row with those of other runs.
COMPARED = ("usual_ms", "p95_ms")
TABLES = ("step_runs", "calls")
# What one thing has more rows of is not read for a page.
MOST = 100_000


def run(connection: sqlite3.Connection, report: Report, given: Mapping[str, str]) -> tuple[list[str], Rows]:
    """As reports.run, with the rows of lakes that can be read here; of others, those that landed."""
    columns, rows = reports.run(connection, report, given)
    for lake in readable(connection, report, given):
        found = _rows_of(lake, report, given)
        if found:
            place = columns.index("source")
            others = [row for row in rows if row[place] != lake.source]
            rows = others + _compared(columns, rows, found)
    return columns, rows


def _compared(columns: list[str], landed: Rows, found: Rows) -> Rows:
    """The lake's rows with what is usual, which the rollups here say of a row that landed; of others it is unknown."""

    def bare(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(None if name in COMPARED else value for name, value in zip(columns, row, strict=True))

    known = {bare(row): row for row in landed}
    return [known.get(bare(row), bare(row)) for row in found]


def readable(connection: sqlite3.Connection, report: Report, given: Mapping[str, str]) -> list[reports.Lake]:
    """The lakes in which DuckDB may look for what a report is about; none where it is not installed."""
    if report.name not in TAKES or not given.get(TAKES[report.name]):
        return []
    # A copy for others has the name of the folder alone, which may be another one here.
    places = [(lake, Path(lake.location)) for lake in reports.lakes_of(connection, given.get("source", ""))]
    found = [lake for lake, place in places if place.is_absolute() and place.is_dir()]
    return found if found and all(map(find_spec, ("duckdb", "pyarrow", "numpy", "sqlglot"))) else []


def _rows_of(lake: reports.Lake, report: Report, given: Mapping[str, str]) -> Rows:
    """The report's rows of what it is about, from the lake's; none where the lake does not know it."""
    from .errors import StoryreportError
    from .given import requests_for
    from .ingest import ingest
    from .schema import open_for_reading

    with scratch.folder() as folder:
        try:
            if not _write(folder, lake, TAKES[report.name], given[TAKES[report.name]]):
                return []
        except StoryreportError:
            # A lake that is being written to, or is not there: what landed is shown.
            return []
        (request,) = requests_for([folder / "history.db"], lake.source, None)
        ingest(folder / "report.db", request)
        with contextlib.closing(open_for_reading(folder / "report.db")) as connection:
            return reports.run(connection, report, given)[1]


def _write(folder: Path, lake: reports.Lake, column: str, key: str) -> int:
    """Write the lake's rows of one thing into history.db in the plain form; return how many."""
    from .lake.duck import Duck

    count = 0
    with contextlib.closing(sqlite3.connect(folder / "history.db")) as target:
        engine = Duck(folder)
        try:
            for table in TABLES:
                names, rows = _found(engine, lake, table, column, key)
                if not names:
                    continue
                target.execute(f"create table {table} ({', '.join(names)})")
                marks = ", ".join("?" * len(names))
                count += target.executemany(f"insert into {table} values ({marks})", rows).rowcount
        finally:
            engine.close()
        target.commit()
    return count


def _found(
    engine: "Duck", lake: reports.Lake, table: str, column: str, key: str
) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    from .lake.contract import columns
    from .readers.part import literal
    from .system import Type

    files = engine.files(f"{lake.location}/{table}")
    if not files:
        return [], iter(())
    known = engine.read(table, files)
    shown = [one for one in columns(table) if one.name in known]
    values = ", ".join(
        f"strftime({one.name}, '%Y-%m-%dT%H:%M:%S.%fZ')"
        if one.kind is Type.LOCAL
        else f"cast({one.name} as varchar)"
        if one.kind in (Type.KEY, Type.FLAG)
        else one.name
        for one in shown
    )
    condition = f"cast({column} as varchar) = {literal(key)}" if column in known else "false"
    return [one.name for one in shown], engine.rows(f"select {values} from {table} where {condition} limit {MOST}")
