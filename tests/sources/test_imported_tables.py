"""Databases that somebody made of exports, as `sqlite3 .import` and sqlite-utils do: without keys, all of it text."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.run_pairs import check_rows, source_of

# What `sqlite3 .import` (of two versions), sqlite-utils and a script without types make of a column.
KINDS = ("text", "any", "", "varchar(255)")


def imported(original: Path, copy: Path, kind: str) -> Path:
    """A copy of a database as of CSV files: columns of one kind, texts and empty texts."""
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("attach ? as original", [str(original)])
        own = "type = 'table' and name not like 'sqlite%'"
        tables = connection.execute(f"select name from original.sqlite_master where {own}").fetchall()
        for (table,) in tables:
            columns = [
                name for (name,) in connection.execute("select name from pragma_table_info(?, 'original')", [table])
            ]
            connection.execute(f'create table "{table}" ({", ".join(f"{column} {kind}" for column in columns)})')
            values = ", ".join(f"coalesce(cast({column} as text), '')" for column in columns)
            connection.execute(f'insert into "{table}" select {values} from original."{table}"')
        connection.commit()
        return copy


@pytest.mark.parametrize(
    ("pair", "kind"),
    [*(("luigi--history", kind) for kind in KINDS), ("n8n--database", "text"), ("celery--extended", "text")],
)
def test_an_imported_database(db: ReportDatabase, tmp_path: Path, pair: str, kind: str) -> None:
    """It becomes the rows that the original becomes, and nothing is written when it is ingested again."""
    copy = imported(source_of(pair), tmp_path / "imported.db", kind)
    assert db.ingest(copy).counts.rejected == 0
    check_rows(db, pair)
    assert db.ingest(copy, full=True).counts.written == 0
