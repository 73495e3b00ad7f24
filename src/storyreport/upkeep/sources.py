"""Rename, move, remove and merge sources: each in one transaction, with the rollups as they have to be."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .. import rollups, schema
from ..errors import StoryreportError
from ..given import requests_for
from ..load.derived import ALL_RUNS, DERIVED_RUNS
from ..load.references import CORE_TABLES, link_again
from ..transaction import Progress
from .changing import changing
from .same_rows import put_together


@dataclass(frozen=True)
class Source:
    """A source as the report database knows it."""

    id: int
    name: str
    system: str
    is_pruned: bool


def rename(database: Path, old: str, new: str, progress: Progress = lambda _: None) -> None:
    """Give a source another name; StoryreportError where that is taken or is no name."""
    if not new.strip() or not new.isprintable():
        raise StoryreportError(f"{new!r} is no name for a source: choose one with printable characters.")
    with changing(database, progress) as connection:
        source = _source(connection, old)
        if old != new and _names(connection) & {new}:
            is_mergeable = _source(connection, new).system == source.system
            raise StoryreportError(
                f"There is a source {new!r} already: choose another name, or "
                + (
                    f"put the two together with `storyreport sources merge {old} INTO {new}`."
                    if is_mergeable
                    else f"remove that one first with `storyreport sources remove {new}`."
                )
            )
        connection.execute("update main.sources set name = ? where id = ?", [new, source.id])


def move(database: Path, name: str, place: Path | str, progress: Progress = lambda _: None) -> None:
    """Say where a source is now: the parts that are there are read from there the next time."""
    with changing(database, progress) as connection:
        source = _source(connection, name)
        (request,) = requests_for([place], name, source.system)
        for part in request.parts:
            moved = connection.execute(
                "update main.inputs set location = ?,"
                " watermarks = json_set(json_remove(watermarks, '$.named'), '$.place', ?)"
                " where source_id = ? and part = ?",
                [part.location, part.place, source.id, part.part],
            )
            if not moved.rowcount:
                known = ", ".join(
                    row[0] for row in connection.execute("select part from inputs where source_id = ?", [source.id])
                )
                raise StoryreportError(
                    f"{part.location} is the {part.part} of a {source.system} source, and {name!r} has only {known}:"
                    f" check the path, or add it with `storyreport ingest {part.location} --name {name}`."
                )


def check_known(database: Path, name: str) -> None:
    """Raise StoryreportError where the report database has no source of this name."""
    with closing(schema.open_for_reading(database)) as connection:
        _source(connection, name)


def remove(database: Path, name: str, progress: Progress = lambda _: None) -> int:
    """Delete a source and all that was made of it; return how many rows of core tables there were."""
    with changing(database, progress) as connection:
        source = _source(connection, name)
        progress(f"deleting {name}")
        counts = (
            connection.execute(f"select count(*) from main.{table} where source_id = ?", [source.id]).fetchone()[0]
            for table in CORE_TABLES
        )
        rows = sum(counts)
        _delete(connection, source)
    return int(rows)


def merge(database: Path, name: str, into: str, progress: Progress = lambda _: None) -> int:
    """Put the rows of a source into another one of its system; return how many keys both had: `into` keeps its row."""
    with changing(database, progress) as connection:
        source, target = _source(connection, name), _source(connection, into)
        _check_mergeable(source, target)
        progress(f"merging {name} into {into}")
        ids = {"source": source.id, "target": target.id, "name": name}
        _merge_pipelines(connection, ids)
        _merge_steps(connection, ids)
        same = sum(_merge_rows(connection, table, ids) for table in CORE_TABLES)
        _merge_inputs(connection, ids)
        link_again(connection, target.id)
        connection.execute(DERIVED_RUNS.replace("/* which */ true", ALL_RUNS), {"source_id": target.id})
        _delete(connection, source)
        progress("adding up")
        rollups.build_again(connection, target.id)
    return same


def _names(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("select name from main.sources")}


def _source(connection: sqlite3.Connection, name: str) -> Source:
    row = connection.execute(
        "select id, name, system, detail_since is not null from main.sources where name = ?", [name]
    ).fetchone()
    if row is None:
        known = ", ".join(sorted(_names(connection))) or "none"
        raise StoryreportError(f"There is no source {name!r}: the sources are {known}.")
    return Source(*row)


def _check_mergeable(source: Source, target: Source) -> None:
    """Raise StoryreportError where two sources cannot be one."""
    if source.id == target.id:
        raise StoryreportError(f"{source.name!r} cannot be merged into itself: name two sources.")
    if source.system != target.system:
        raise StoryreportError(
            f"{source.name!r} is a source of {source.system} and {target.name!r} one of {target.system}: only sources"
            " of one system can be merged; leave them as two, or remove one."
        )
    for pruned in (source, target):
        if pruned.is_pruned:
            raise StoryreportError(
                f"Old detail of {pruned.name!r} was pruned, and what is left of it belongs to one source: leave the two"
                f" as they are, or remove {pruned.name!r} and ingest it again."
            )


def _tables_of_sources(connection: sqlite3.Connection) -> list[str]:
    """The tables with rows of sources."""
    rows = connection.execute("""
        select tables.name
        from main.sqlite_master as tables
        join pragma_table_info(tables.name) as columns on columns.name = 'source_id'
        where tables.type = 'table'""")
    return [name for (name,) in rows]


def _delete(connection: sqlite3.Connection, source: Source) -> None:
    """Delete a source and its rows in all tables, rollups included."""
    connection.execute(
        "delete from main.row_blocks where input_id in (select id from main.inputs where source_id = ?)", [source.id]
    )
    for table in _tables_of_sources(connection):
        connection.execute(f'delete from main."{table}" where source_id = ?', [source.id])
    connection.execute("delete from main.sources where id = ?", [source.id])


def _merge_pipelines(connection: sqlite3.Connection, ids: dict[str, object]) -> None:
    """Let rows of a pipeline that both have name that of the target."""
    connection.execute(
        """
        create temp table same_rows as
        select pipelines.id, kept.id as kept_id
        from main.pipelines
        join main.pipelines as kept on kept.source_id = :target and kept.name = pipelines.name
        where pipelines.source_id = :source""",
        ids,
    )
    put_together(connection, "pipelines")
    connection.execute("update main.pipelines set source_id = :target where source_id = :source", ids)
    connection.execute("drop table temp.same_rows")


def _merge_steps(connection: sqlite3.Connection, ids: dict[str, object]) -> None:
    """Let rows of a step that both have name that of the target."""
    connection.execute(
        """
        create temp table same_rows as
        select steps.id, kept.id as kept_id
        from main.steps
        join main.steps as kept
            on
                kept.source_id = :target
                and kept.name = steps.name
                and coalesce(kept.pipeline_id, 0) = coalesce(steps.pipeline_id, 0)
        where steps.source_id = :source""",
        ids,
    )
    put_together(connection, "steps")
    connection.execute("update main.steps set source_id = :target where source_id = :source", ids)
    connection.execute("drop table temp.same_rows")


def _merge_rows(connection: sqlite3.Connection, table: str, ids: dict[str, object]) -> int:
    """Move the rows of a core table; return how many the target has already.

    The target's row stays as it is there, unless it is deleted and the other one is not.
    """
    is_back = "kept.gone_at is not null and rows.gone_at is null"
    connection.execute(
        f"""
        create temp table same_rows as
        select
            case when {is_back} then kept.id else rows.id end as id,
            case when {is_back} then rows.id else kept.id end as kept_id
        from main.{table} as rows
        join main.{table} as kept on kept.source_id = :target and kept.source_key = rows.source_key
        where rows.source_id = :source""",
        ids,
    )
    same = put_together(connection, table)
    connection.execute(f"update main.{table} set source_id = :target where source_id = :source", ids)
    connection.execute("drop table temp.same_rows")
    return same


def _merge_inputs(connection: sqlite3.Connection, ids: dict[str, object]) -> None:
    """Move what is known of where rows came from; a part that both have stays apart, and is not read again."""
    connection.execute(
        """
        update main.inputs
        set
            source_id = :target,
            part = case
                when exists (
                    select 1
                    from main.inputs as kept
                    where kept.source_id = :target and kept.part = inputs.part
                )
                    then part || ' of ' || :name
                else part
            end
        where source_id = :source""",
        ids,
    )
    for table in ("rejects", "findings", "reused_keys", "ingests", "notes"):
        connection.execute(f"update or ignore main.{table} set source_id = :target where source_id = :source", ids)
