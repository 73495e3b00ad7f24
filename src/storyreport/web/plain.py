"""What `storyreport serve` does for Datasette, for a Datasette that is started by itself with our folders."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from datasette.database import Database

from .. import schema
from ..schema import migrations
from . import DATABASE


def adopt(datasette: Any) -> None:
    """Give the report database its name, whatever its file is called, and open it as its folder allows.

    Pages, limits of SQL and permissions know it by this name.
    """
    for name, database in list(datasette.databases.items()):
        if DATABASE in datasette.databases and name != DATABASE:
            continue
        if database.path and _is_report_database(Path(database.path)):
            is_mutable = database.is_mutable and not schema.is_frozen(Path(database.path))
            if (name, is_mutable) != (DATABASE, database.is_mutable):
                datasette.remove_database(name)
                datasette.add_database(Database(datasette, database.path, is_mutable=is_mutable), name=DATABASE)


def _is_report_database(path: Path) -> bool:
    query = "immutable=1" if schema.is_frozen(path) else "mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?{query}", uri=True)) as connection:
            return bool(migrations.applied(connection))
    except sqlite3.Error:
        return False
