"""The lake checked against its contract, before anything is computed: a sentence for each breach."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StoryreportError
from ..nouns import counted
from . import typed
from .contract import DATE, NEEDED, TABLES, TIME, columns
from .dialect import translate
from .engine import Engine
from .rejected import Finding

SHOWN = 3


@dataclass
class Lake:
    """What was found: table → its columns with their kinds, and what people should know."""

    location: str
    tables: dict[str, Mapping[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # the same for data_quality
    left_out: list[str] = field(default_factory=list)  # files that cannot be read


def open_lake(engine: Engine, location: str, since: str = "", skip_unreadable: bool = False) -> Lake:
    """Make the views lake_<table> and check them; `since` leaves out the days before. StoryreportError for a breach."""
    lake = Lake(location)
    breaches: list[str] = []
    for table in TABLES:
        files = [file for file in engine.files(f"{location.rstrip('/')}/{table}") if _is_wanted(file, since)]
        unreadable = engine.unreadable(files)
        if unreadable and not skip_unreadable:
            raise StoryreportError(
                f"{unreadable[0]} cannot be read as Parquet{_others(unreadable)}: write it again, or leave such files"
                " out with --skip-unreadable."
            )
        lake.left_out += unreadable
        files = [file for file in files if file not in set(unreadable)]
        if not files:
            continue
        breaches += _partitions(table, files)
        if not breaches:
            lake.tables[table] = engine.read(f"lake_{table}", files)
            breaches += _columns(engine, table, lake.tables[table], files)
            breaches += [] if breaches else _days(engine, table, lake.tables[table])
    if breaches:
        raise StoryreportError(" ".join(breaches[:SHOWN]) + " See docs/scale.md for the contract of a lake.")
    if not lake.tables:
        wanted = " or ".join(f"{table}/{DATE}=YYYY-MM-DD/*.parquet" for table in TABLES)
        raise StoryreportError(
            f"There is no {wanted} at {location}{f' since {since}' if since else ''}: name its folder."
        )
    if lake.left_out:
        lake.notes.append(
            f"{counted(len(lake.left_out), 'unreadable file was|unreadable files were')} left out, the first is"
            f" {lake.left_out[0]}"
        )
        action = "Left out with --skip-unreadable: write them again, and run `storyreport rollup --full`."
        lake.findings.append(
            Finding("files", "files that cannot be read", len(lake.left_out), lake.left_out[0], action)
        )
    return lake


def _is_wanted(file: str, since: str) -> bool:
    day = day_of(file)
    return not since or day is None or day >= since


def day_of(file: str) -> str | None:
    """The day in a file's path, as Hive's partitions are written; None where it names none."""
    found = [part for part in file.split("/")[:-1] if part.startswith(f"{DATE}=")]
    return found[-1].partition("=")[2] if found else None


def _partitions(table: str, files: Sequence[str]) -> list[str]:
    odd = [file for file in files if day_of(file) is None]
    return [f"{odd[0]} is in no folder {DATE}=YYYY-MM-DD: move it to one of {table}."] if odd else []


def _columns(engine: Engine, table: str, found: Mapping[str, str], files: Sequence[str]) -> list[str]:
    """A sentence for a file without a needed column, and for a column of another type."""
    lacking: dict[str, str] = {}
    for file, name in engine.lacking(f"lake_{table}", files, NEEDED[table]):
        lacking.setdefault(name, file)
    breaches = [f"{file} lacks the column {name}, which {table} needs." for name, file in lacking.items()]
    for column in columns(table):
        kind = found.get(column.name)
        if kind is None or kind in column.accepted:
            continue
        cast = "; write them as timestamps in UTC" if TIME in column.accepted else ""
        breaches.append(f"{table}.{column.name} should be {typed.said(column.accepted)}, and is {kind}{cast}.")
    return breaches


def _days(engine: Engine, table: str, found: Mapping[str, str]) -> list[str]:
    """A sentence where the day of a partition is not that of its rows."""
    start = f"time_text({typed.start(table, found)})"
    sql = (
        f"select min(filename) as file, count(*) as odd from lake_{table}"
        f" where {typed.start(table, found)} is not null and substr({start}, 1, 10) <> {DATE}"
    )
    ((file, odd),) = engine.rows(translate(sql, engine.dialect))
    if not odd:
        return []
    rows = counted(odd, f"row of {table}|rows of {table}")
    return [f"{rows} began on another UTC day than the folder says; see {file}."]


def count_doubles(engine: Engine, table: str) -> tuple[int, int]:
    """How many rows have no id, and how many share theirs with one before."""
    sql = (
        f"select coalesce(sum(case when id is null then 1 else 0 end), 0) as without,"
        f" count(id) - count(distinct id) as doubled from lake_{table}"
    )
    ((without, doubled),) = engine.rows(translate(sql, engine.dialect))
    return int(without), int(doubled)


def _others(files: Sequence[str]) -> str:
    return f", nor can {len(files) - 1} others" if len(files) > 1 else ""


def is_local(location: str) -> bool:
    """Whether a lake is in a folder here."""
    return "://" not in location


def absolute(location: str) -> str:
    """A location that means the same from any folder; StoryreportError where a local one is no folder."""
    if not is_local(location):
        return location
    if not Path(location).is_dir():
        raise StoryreportError(f"There is no folder {location}: name the folder that holds step_runs/ and calls/.")
    return os.path.abspath(location)
