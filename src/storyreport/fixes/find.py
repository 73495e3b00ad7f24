"""Which rows a fix script is about, and for which database: what the report database has found."""

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .. import schema
from ..errors import StoryreportError
from ..reports import check_name
from ..sources import systems
from ..statuses import spelled
from . import adventure, media, pipeline, sprint, workflow
from .fix import Fix, Fixes
from .script import POSTGRESQL, SQLITE, Filled, fix_script, rollback_script

# system → kind → part → its fixes, children before what they belong to
FIXES: Mapping[str, Fixes] = {
    "adventure": adventure.FIXES,
    "media": media.FIXES,
    "pipeline": pipeline.FIXES,
    "sprint": sprint.FIXES,
    "workflow": workflow.FIXES,
}
KINDS = ("orphans", "stuck", "chapters", "cleanup", "statuses")
# The engine of a service whose tables were read from exports.
SERVERS = ("workflow", "media", "adventure")


@dataclass(frozen=True)
class Scripts:
    """The scripts for one database of a source, and how many rows they are about."""

    part: str
    engine: str
    rows: int
    fix: str
    rollback: str


def write_scripts(
    database: Path, name: str, kind: str, engine: str | None, given: Mapping[str, Any], words: Mapping[str, str]
) -> list[Scripts]:
    """The scripts of a kind for a source, one for each of its databases that has something to fix.

    `given` are the limits that the searches name, `words` meanings of status words. StoryreportError where the system
    has no such fix, UsageError where there is no such source.
    """
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        connection.execute("pragma query_only = off")
        source_id, system = _source(connection, name)
        parts = FIXES.get(system, {}).get(kind)
        if parts is None:
            known = ", ".join(f"{each} ({', '.join(kinds)})" for each, kinds in sorted(FIXES.items()))
            raise StoryreportError(
                f"There is no script {kind!r} for {name!r} of the system {system}: scripts are written for {known}."
            )
        _make_words(connection, source_id, system, words)
        tag = f"{kind}_{datetime.now(timezone.utc):%Y%m%d_%H%M%S}"
        inputs = connection.execute(
            "select part, location, json_extract(watermarks, '$.layout') from inputs where source_id = ?", [source_id]
        ).fetchall()
        layouts = {part: (location, json.loads(layout or "{}")) for part, location, layout in inputs}
        return [
            script
            for part, fixes in parts.items()
            if part in layouts
            for script in _scripts(connection, system, name, part, layouts, fixes, tag, engine, source_id, given)
        ]


def _scripts(
    connection: sqlite3.Connection,
    system: str,
    name: str,
    part: str,
    layouts: Mapping[str, tuple[str, dict[str, list[str]]]],
    fixes: tuple[Fix, ...],
    tag: str,
    engine: str | None,
    source_id: int,
    given: Mapping[str, Any],
) -> list[Scripts]:
    location, layout = layouts[part]
    is_export = any("storyreport row" in columns for columns in layout.values())
    engine = engine or _engine(system, location, is_export)
    # Tables of parts that are in the same database.
    near = {table for place, tables in layouts.values() if place == location for table in tables}
    filled = []
    for fix in fixes:
        if fix.table not in layout or (fix.needs and fix.needs not in near):
            continue
        rows = connection.execute(fix.found, {"source_id": source_id, **given}).fetchall()
        if rows:
            filled.append(Filled(fix, rows, frozenset() if is_export else frozenset(layout[fix.table])))
    if not filled:
        return []
    about = f"storyreport fix-script {tag.split('_')[0]}, source {name!r} ({system}, {part}), for {engine}"
    return [
        Scripts(
            part,
            engine,
            sum(len(one.rows) for one in filled),
            fix_script(engine, about, tag, filled),
            rollback_script(engine, about, tag, filled),
        )
    ]


def _engine(system: str, location: str, is_export: bool) -> str:
    return POSTGRESQL if location.startswith("postgresql://") or (is_export and system in SERVERS) else SQLITE


def _source(connection: sqlite3.Connection, name: str) -> tuple[int, str]:
    check_name(connection, "source", name)
    source_id, system = connection.execute("select id, system from sources where name = ?", [name]).fetchone()
    return source_id, system


def _make_words(connection: sqlite3.Connection, source_id: int, system: str, words: Mapping[str, str]) -> None:
    """temp.fix_words (word, own_word): a spelling of a word in lower case, and the system's own word for it."""
    own: dict[str, str] = {}
    for part in systems()[system].parts.values():
        for word, meaning in part.statuses.items():
            own.setdefault(meaning, word)
    kept = json.loads(connection.execute("select statuses from sources where id = ?", [source_id]).fetchone()[0])
    meanings = {**kept, **words}
    if missing := sorted({meaning for meaning in meanings.values() if meaning not in own}):
        raise StoryreportError(f"A {system} source has no word for {missing[0]!r}, only for {', '.join(sorted(own))}.")
    connection.execute("create temp table fix_words (word text primary key, own_word text)")
    known = {word: word for part in systems()[system].parts.values() for word in part.statuses}
    connection.executemany(
        "insert into temp.fix_words values (?, ?)",
        {**known, **{word: own[meaning] for word, meaning in spelled(meanings)}}.items(),
    )
