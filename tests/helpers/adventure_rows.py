"""Rows planted in a choose-your-own-adventure service, and what is read of them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from helpers.adventure import SESSION
from helpers.report_database import ReportDatabase


def plant(path: Path, statement: str, *rows: tuple[object, ...]) -> None:
    """Add rows whose values are no literals."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(statement, rows)


def plant_jobs(path: Path, count: int) -> None:
    """Add jobs, more of them than are read again for having come last."""
    plant(
        path,
        "insert into story_jobs values (?, ?, ?, 'sea', 'completed', null, null, ?, ?)",
        *((n, f"j-{n}", SESSION, "2026-07-02 10:00:00", "2026-07-02 10:00:09") for n in range(100, 100 + count)),
    )


def options_of(db: ReportDatabase, node: str) -> list[tuple[object, ...]]:
    """(position, target, key of what is no node) of a node's options."""
    return db.sql(
        """
        select story_options.position, targets.source_key, target_key
        from story_options
        join story_nodes as nodes on nodes.id = node_id
        left join story_nodes as targets on targets.id = target_id
        where nodes.source_key = ? and story_options.gone_at is null
        order by 1
        """,
        node,
    )


def bytes_of(db: ReportDatabase) -> bytes:
    """All that the report database holds."""
    return b"".join(file.read_bytes() for file in db.path.parent.glob(db.path.name + "*"))
