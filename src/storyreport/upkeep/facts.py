"""What a report database is and where: versions, space, permissions and the age of its sources."""

import contextlib
import os
import platform
import shutil
import sqlite3
import stat
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__, schema
from ..schema import migrations
from .doctor import Finding

SOURCES = """
    select name, system, rows, rejected, last_ingest_at,
        (strftime('%s', 'now') - strftime('%s', last_ingest_at)) / 60 as age_minutes,
        rolled_up_by, rolled_up_at, up_to_day
    from source_states
    order by name
"""


def facts(database: Path, findings: list[Finding], is_repaired: bool) -> dict[str, Any]:
    """All that `doctor` knows, as plain values; sizes in bytes, ages in minutes."""
    with contextlib.closing(schema.open_for_reading(database)) as connection:
        cursor = connection.execute(SOURCES)
        names = [column[0] for column in cursor.description]
        sources = [dict(zip(names, row, strict=True)) for row in cursor]
        applied = max(migrations.applied(connection))
        pages, free, size = (connection.execute(f"pragma {name}").fetchone()[0] for name in PRAGMAS)
    return {
        "ok": all(is_repaired and finding.repair for finding in findings),
        "versions": {
            "storyreport": __version__,
            "schema": applied,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "database": _place(database) | {"pages_bytes": pages * size, "unused_bytes": free * size},
        "sources": sources,
        "findings": [
            {
                **_without_sql(finding),
                "repairable": bool(finding.repair),
                "repaired": is_repaired and bool(finding.repair),
            }
            for finding in findings
        ],
    }


PRAGMAS = ("page_count", "freelist_count", "page_size")


def _place(database: Path) -> dict[str, Any]:
    about = database.stat()
    mode = stat.S_IMODE(about.st_mode)
    log = database.resolve().with_name(database.resolve().name + "-wal")
    return {
        "path": str(database.resolve()),
        "size_bytes": about.st_size,
        "log_bytes": log.stat().st_size if log.exists() else 0,
        "disk_free_bytes": shutil.disk_usage(database.resolve().parent).free,
        "mode": f"{mode:04o}",
        "others_may_read": os.name == "posix" and bool(mode & 0o077),
        "writable": os.access(database, os.W_OK),
    }


def _without_sql(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in asdict(finding).items() if name != "repair"}
