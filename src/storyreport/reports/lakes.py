"""What a report has of a source that is rolled up from a lake, and where the rest is.

The detail of such a source stays in the lake; the report database has its rollups, and of its rows those that somebody
may need now. A report of a class says of a lake what it says of an ingested source:

rollups        everything
current state  everything, as long as there are not more such rows than landed
detail         of the rows that landed alone
"""

import shlex
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from ..readers.part import literal
from .catalogue import tables_read
from .header import Report

ROLLUPS, DETAIL = "rollups", "detail"
# What a lake has more of than landed.
HISTORIES = {"stories", "runs", "step_runs", "calls"}
SHELL = set('"$`\\!')
# Parameter → the column of a lake by which its value is found.
KEYS = {"run": "run", "batch": "run", "story": "story"}
LAKES = """
    select
        sources.name,
        lakes.location
    from lakes
    join sources on sources.id = lakes.source_id
    where :source in ('', sources.name)
    order by sources.name"""


@dataclass(frozen=True)
class Lake:
    """A source that is rolled up from a lake, and where that is."""

    source: str
    location: str

    def line(self, table: str, column: str, key: str) -> str:
        """The command line that shows the rows of one story or run by DuckDB."""
        files = f"{self.location.rstrip('/')}/{table}/date=*/*.parquet"
        sql = f"from read_parquet({literal(files)}, union_by_name = true) where {column}::varchar = {literal(key)}"
        # Between double quotes a shell knows these; without them the line is easier to read.
        return f"duckdb -c {shlex.quote(sql) if set(sql) & SHELL else chr(34) + sql + chr(34)}"


def class_of(report: Report) -> str:
    """What a report has of a lake: rollups, current state or detail."""
    if report.lake:
        return report.lake
    return DETAIL if tables_read(report) & HISTORIES else ROLLUPS


def lakes_of(connection: sqlite3.Connection, source: str = "") -> list[Lake]:
    """The lakes, or that of one source."""
    return [Lake(*row) for row in connection.execute(LAKES, {"source": source})]


def missing(report: Report, values: Mapping[str, str], found: list[Lake], is_private: bool = False) -> list[str]:
    """What a report of detail lacks of lakes, in sentences; `is_private` leaves out where they are."""
    if not found or class_of(report) != DETAIL:
        return []
    kind, key = next(((name, values[name]) for name in KEYS if values.get(name)), ("", ""))
    sentences = [
        f"{lake.source} is rolled up from a lake: of its stories, runs and calls only those that landed are here."
        for lake in found
    ]
    return sentences + (elsewhere(kind, key, found) if key and not is_private else [])


def elsewhere(kind: str, key: str, found: list[Lake]) -> list[str]:
    """Where all of a story or run is, in sentences with the command line that shows it."""
    return [
        f"All step runs of the {kind} (its calls are in calls/): {lake.line('step_runs', KEYS[kind], key)}"
        for lake in found
        if kind in KEYS
    ]
