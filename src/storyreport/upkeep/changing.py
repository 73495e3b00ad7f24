"""A change of an existing report database by hand: one transaction, committed where nothing is raised."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import rollups, schema
from ..transaction import Progress, commit, transaction


@contextmanager
def changing(database: Path, progress: Progress) -> Iterator[sqlite3.Connection]:
    """The report database with its rollups defined as they are today; StoryreportError where there is none."""
    schema.check_exists(database)
    with transaction(database, progress) as connection:
        rollups.update(connection)
        # References are checked when all is done.
        connection.execute("pragma defer_foreign_keys = on")
        yield connection
        commit(connection)
