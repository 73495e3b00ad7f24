"""The tables of a database by another way: all of them exported, and exports put into a database again.

`sqlite3 .import` and sqlite-utils make tables without keys, all of it text.
"""

import contextlib
import csv
import json
import sqlite3
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.run_pairs import check_rows, source_of

# What `sqlite3 .import` (of two versions), sqlite-utils and a script without types make of a column.
KINDS = ("text", "any", "", "varchar(255)")


def tables_of(connection: sqlite3.Connection, schema: str) -> list[str]:
    """The names of the tables that a tool made."""
    own = "type = 'table' and name not like 'sqlite%'"
    return [name for (name,) in connection.execute(f"select name from {schema}.sqlite_master where {own}").fetchall()]


def imported(original: Path, copy: Path, kind: str) -> Path:
    """A copy of a database as of CSV files: columns of one kind, texts and empty texts."""
    with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("attach ? as original", [str(original)])
        for table in tables_of(connection, "original"):
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


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("pair", ["luigi--history", "n8n--database", "prefect--server"])
def test_an_exported_database(db: ReportDatabase, tmp_path: Path, pair: str, form: str) -> None:
    """Its tables in one folder become the rows that the database becomes."""
    export(source_of(pair), tmp_path / "exports", form)
    assert db.ingest(tmp_path / "exports").counts.rejected == 0
    check_rows(db, pair)
    assert db.one("select count(*) from rejects") == 0


def export(original: Path, folder: Path, form: str) -> None:
    """Write each table into a file of its own."""
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(original)) as connection:
        for table in tables_of(connection, "main"):
            rows = connection.execute(f'select * from "{table}"')
            names = [name for name, *_ in rows.description]
            with (folder / f"{table}.{form}").open("w", encoding="utf-8", newline="") as file:
                if form == "csv":
                    csv.writer(file).writerows([names, *rows])
                else:
                    file.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


@pytest.mark.parametrize(("pair", "table"), [("n8n--database", "execution_entity"), ("prefect--server", "task_run")])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_pages_of_a_table(db: ReportDatabase, tmp_path: Path, pair: str, table: str, is_reversed: bool) -> None:
    """Each page is read beside the other tables, which are given once."""
    export(source_of(pair), folder := tmp_path / "exports", "jsonl")
    lines = (folder / f"{table}.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / f"{table}.jsonl").unlink()
    half = len(lines) // 2
    for number, page in enumerate((lines[half:], lines[:half]) if is_reversed else (lines[:half], lines[half:])):
        (folder / f"{table}-{number}.jsonl").write_text("".join(page), "utf-8")
    db.ingest(folder)
    check_rows(db, pair)
