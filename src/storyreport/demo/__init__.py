"""Believable sample sources of every system, in the systems' own formats, up to the present hour."""

import json
import os
import random
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from ..errors import StoryreportError
from . import adventure, movies, pipeline, sprint, usage, workflow
from .invent import Tables

MANIFEST = ".storyreport-demo"
REPORT_DATABASE = "storyreport.db"
SEED = 20251010
# What `write_sources` returns, and where the files of any demo lie: nothing else is ever deleted.
SOURCES = (
    pipeline.FOLDER,
    movies.DATABASE,
    workflow.FOLDER,
    sprint.DATABASE,
    adventure.DATABASE,
    usage.FILE,
)


def write_sources(folder: Path, now: datetime) -> list[Path]:
    """Write the sample sources below the folder, in place of an earlier demo's, and return what to ingest."""
    now = now.astimezone(timezone.utc)
    rng = random.Random(SEED)
    stories, files = pipeline.pipeline_sources(rng, now)
    databases = {
        pipeline.DATABASE: (pipeline.SCHEMA, stories),
        movies.DATABASE: (movies.SCHEMA, movies.media_tables(rng, now)),
    }
    texts = workflow.service_files(rng, now)
    databases[sprint.DATABASE] = (sprint.SCHEMA, sprint.sprint_tables(rng, now))
    databases[adventure.DATABASE] = (adventure.SCHEMA, adventure.adventure_tables(rng, now))
    texts |= usage.gateway_files(rng, now)
    try:
        # An earlier demo's reports are of another hour: its database goes with its sources.
        make_room(folder, [*files, *texts, *databases, *(REPORT_DATABASE + ending for ending in ("", "-wal", "-shm"))])
        for name, (schema, tables) in databases.items():
            write_database(folder / name, schema, tables)
        for name, (content, at) in files.items():
            (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
            os.utime(folder / name, (at.timestamp(), at.timestamp()))
        for name, lines in texts.items():
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoryreportError(
            f"The demo cannot be written to {folder} ({error.strerror or error}): choose a folder that you may write."
        ) from error
    return [folder / name for name in SOURCES]


def make_room(folder: Path, names: list[str]) -> None:
    """Delete what an earlier demo wrote and create the folders, or refuse before anything has changed."""
    manifest = folder / MANIFEST
    earlier = set(manifest.read_text(encoding="utf-8").splitlines()) if manifest.is_file() else set()
    folders = {folder.joinpath(*PurePosixPath(name).parts[:depth]) for name in names for depth in range(4)}
    folders -= {folder / name for name in names}
    in_the_way = [path for path in folders if path.exists() and not path.is_dir()]
    in_the_way += [folder / n for n in names if (folder / n).is_dir() or (n not in earlier and (folder / n).exists())]
    if in_the_way:
        raise StoryreportError(
            f"{min(in_the_way)} is in the way and no earlier demo wrote it: move it away, or choose another folder."
        )
    # The list is ours, but a stray edit of it must not delete anything outside of the sources.
    parts = {name: PurePosixPath(name).parts for name in earlier}
    ours = [
        folder / name
        for name in earlier
        if "".join(parts[name][:1]).startswith((*SOURCES, REPORT_DATABASE)) and ".." not in parts[name]
    ]
    for path in ours:
        path.unlink(missing_ok=True)
    for parent in {path.parent for path in ours}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
    for path in sorted(folders):
        path.mkdir(parents=True, exist_ok=True)
    # Written before the files are, so that a demo that was cut short can be replaced too.
    manifest.write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")


def write_database(path: Path, schema: str, tables: Tables) -> None:
    """Create a SQLite file with these tables and rows in one transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # No journal: a file that was cut short is rewritten, and nothing is left beside it.
        connection.executescript(f"pragma journal_mode = off; pragma synchronous = off; begin; {schema}")
        for table, rows in tables.items():
            places = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {table} values ({places})", rows)
        connection.execute("commit")
