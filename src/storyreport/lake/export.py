"""`export-lake`: a report database's history as a lake, so that a source can move to one.

What the plain form has no column for stays behind: events, files, logs, story trees, and runs and stories of which no
step run or call tells.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from .. import schema
from ..errors import StoryreportError
from ..nouns import counted
from ..readers.part import literal
from ..system import Type
from ..transaction import Progress
from .contract import DATE, FLAG, INTEGER, NUMBER, STARTS, TEXT, TIME, Column, columns

BATCH = 100_000
TYPES = {TEXT: "varchar", INTEGER: "bigint", NUMBER: "double", TIME: "timestamp with time zone", FLAG: "boolean"}
ARROW = {
    TEXT: pyarrow.string(),
    INTEGER: pyarrow.int64(),
    NUMBER: pyarrow.float64(),
    TIME: pyarrow.timestamp("us", tz="UTC"),
    FLAG: pyarrow.bool_(),
}
# Table → column → its value, where it is not that of the core table's column of the same name. {of} comes before keys
# where there are several sources, for these may have the same.
VALUES = {
    "step_runs": {
        "id": "{of} || step_runs.source_key",
        "run": "{of} || coalesce(runs.source_key, step_runs.run_key)",
        "pipeline": "pipelines.name",
        "story": "{of} || coalesce(stories.source_key, step_runs.story_key)",
        "story_title": "stories.title",
        "step": "steps.name",
        "family": "steps.family",
        "status": "coalesce(step_runs.status, step_runs.source_status)",
        "success": "null",
        "exit_code": "null",
        "duration_s": "null",
        "error": "step_runs.error_message",
    },
    "calls": {
        "id": "{of} || calls.source_key",
        "run": "{of} || coalesce(runs.source_key, calls.run_key)",
        "pipeline": "pipelines.name",
        "story": "{of} || coalesce(stories.source_key, calls.story_key)",
        "step": "steps.name",
        "duration_s": "null",
        "status": "coalesce(calls.status, calls.source_status)",
        "success": "null",
        "error": "calls.error_message",
        **{
            label: f"case json_type(calls.labels, '$.{label}') when 'text' then calls.labels ->> '$.{label}' end"
            for label in ("team", "project", "tag")
        },
    },
}
JOINS = """
    join main.sources on sources.id = {table}.source_id
    left join main.steps on steps.id = {table}.step_id
    left join main.pipelines on pipelines.id = {pipeline}
    left join main.runs on runs.id = {table}.run_id
    left join main.stories on stories.id = {table}.story_id"""
PIPELINES = {"step_runs": "steps.pipeline_id", "calls": "calls.pipeline_id"}


@dataclass(frozen=True)
class Exported:
    """How many rows were written."""

    step_runs: int
    calls: int


def export_lake(database: Path, folder: Path, source: str | None, progress: Progress) -> Exported:
    """Write the history of a source, or of all, as a lake; StoryreportError where the folder is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoryreportError(f"{folder} is there and not empty: name a new folder.")
    with closing(schema.open_for_reading(database)) as connection, closing(duckdb.connect(":memory:")) as engine:
        _check(connection, source)
        folder.mkdir(parents=True, exist_ok=True)
        engine.execute("set timezone = 'UTC'")
        counts = [_export(connection, engine, table, source, folder, progress) for table in VALUES]
    return Exported(*counts)


def _check(connection: sqlite3.Connection, source: str | None) -> None:
    lakes = {name for (name,) in connection.execute("select name from lakes join sources on sources.id = source_id")}
    names = {name for (name,) in connection.execute("select name from sources")}
    if source is not None and source not in names:
        raise StoryreportError(f"There is no source {source!r}: the sources are {', '.join(sorted(names)) or 'none'}.")
    if found := sorted(lakes & ({source} if source else names)):
        raise StoryreportError(f"{found[0]!r} is rolled up from a lake, and not all here: export others with --source.")


def _export(
    connection: sqlite3.Connection, engine: Any, table: str, source: str | None, folder: Path, progress: Progress
) -> int:
    wanted = columns(table)
    kinds = ", ".join(f"{column.name} {TYPES[column.accepted[0]]}" for column in wanted)
    engine.execute(f"create table {table} ({kinds})")
    count = 0
    for rows in _batches(connection, _select(connection, table, wanted, source), source):
        values = zip(*rows, strict=True)
        batch = pyarrow.table({one.name: _array(one, given) for one, given in zip(wanted, values, strict=True)})
        engine.register("batch", batch)
        engine.execute(f"insert into {table} by name select * from batch")
        engine.unregister("batch")
        count += len(rows)
        progress(f"writing {table}: {counted(count, 'row')}")
    if count:
        start = f"coalesce({', '.join(STARTS[table])})" if len(STARTS[table]) > 1 else STARTS[table][0]
        engine.execute(
            f"copy (select *, coalesce(strftime({start}, '%Y-%m-%d'), 'unknown') as {DATE} from {table})"
            f" to {literal(str(folder / table))} (format parquet, partition_by ({DATE}))"
        )
    engine.execute(f"drop table {table}")
    return count


def _select(connection: sqlite3.Connection, table: str, wanted: Sequence[Column], source: str | None) -> str:
    several = source is None and connection.execute("select count(*) from sources").fetchone()[0] > 1
    of = "sources.name || '/'" if several else "''"
    given = VALUES[table]
    values = ", ".join(given.get(one.name, f"{table}.{one.name}").format(of=of) for one in wanted)
    joins = JOINS.format(table=table, pipeline=PIPELINES[table])
    one = "and sources.name = ?" if source is not None else ""
    return f"select {values} from main.{table} {joins} where {table}.gone_at is null {one} order by {table}.day"


def _batches(connection: sqlite3.Connection, sql: str, source: str | None) -> Iterator[list[tuple[Any, ...]]]:
    cursor = connection.execute(sql, [source] if source is not None else [])
    while rows := cursor.fetchmany(BATCH):
        yield rows


def _array(column: Column, values: Sequence[Any]) -> Any:
    kind = column.accepted[0]
    if kind == TIME:
        given: list[Any] = [dt.datetime.fromisoformat(value[:-1] + "+00:00") if value else None for value in values]
    elif column.kind is Type.FLAG:
        given = [None if value is None else bool(value) for value in values]
    elif kind == TEXT:
        given = [None if value is None else str(value) for value in values]
    else:
        given = list(values)
    return pyarrow.array(given, ARROW[kind])
