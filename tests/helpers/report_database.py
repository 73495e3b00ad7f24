"""A report database under test: fed through the same code as the command line, asked with plain SQL or by report."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from storyreport import reports, schema
from storyreport.ingest import Outcome, ingest, requests_for


class ReportDatabase:
    """A report database in a folder of its own."""

    def __init__(self, folder: Path):
        self.path = folder / "report.db"

    def ingest(self, *paths: Path | str, name: str | None = None, system: str | None = None, **how: Any) -> Outcome:
        """Ingest sources as one command would; return what was done with the last one."""
        return [ingest(self.path, request) for request in requests_for(paths, name, system, **how)][-1]

    def report(self, name: str, /, **given: str) -> list[dict[str, Any]]:
        """The rows of a report."""
        with contextlib.closing(schema.open_for_reading(self.path)) as connection:
            columns, rows = reports.run(connection, reports.find(name), given)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query on the report database."""
        return ask(self.path, query, *parameters)

    def one(self, query: str, *parameters: Any) -> Any:
        """The one value of a query on the report database."""
        return self.sql(query, *parameters)[0][0]

    def counts(self) -> dict[str, int]:
        """Rows by table, for everything but what keeps track of ingests."""
        tables = [name for (name,) in self.sql("select name from sqlite_master where type = 'table'")]
        kept = (name for name in tables if name not in ("ingests", "inputs", "sqlite_sequence"))
        return {name: self.one(f'select count(*) from "{name}"') for name in kept}


def ask(path: Path, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query on a database file, opened read only."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query, parameters).fetchall()


def change(path: Path, *statements: str) -> None:
    """Change a source as its own program would."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def pairs(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a report's rows."""
    return [tuple(row[column] for column in columns) for row in rows]
