"""A report database under test: fed through the same code as the command line, asked with plain SQL or by report."""

import contextlib
import functools
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from storyreport import pricing, reports, rollups, schema
from storyreport.ingest import Outcome, ingest, requests_for
from storyreport.schema import definitions, migrations
from storyreport.transaction import commit, transaction


class ReportDatabase:
    """A report database in a folder of its own."""

    def __init__(self, folder: Path):
        self.path = folder / "report.db"
        self._reading: sqlite3.Connection | None = None

    def ingest(self, *paths: Path | str, name: str | None = None, system: str | None = None, **how: Any) -> Outcome:
        """Ingest sources as one command would; return what was done with the last one."""
        requests = requests_for(paths, name, system, **how)
        is_new = not self.path.exists()
        if is_new:
            self.path.write_bytes(laid_out())
        try:
            return [ingest(self.path, request) for request in requests][-1]
        except BaseException:
            if is_new and not self.one("select count(*) from sources"):
                self.path.unlink()
            raise

    def report(self, name: str, /, **given: str) -> list[dict[str, Any]]:
        """The rows of a report."""
        with self.reading() as connection:
            columns, rows = reports.run(connection, reports.find(name), given)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One connection for all reports within: to open one takes longer than most reports of a small database."""
        if self._reading:
            yield self._reading
            return
        with contextlib.closing(schema.open_for_reading(self.path)) as self._reading:
            try:
                yield self._reading
            finally:
                self._reading = None

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query on the report database."""
        return ask(self.path, query, *parameters)

    def one(self, query: str, *parameters: Any) -> Any:
        """The one value of a query on the report database."""
        return self.sql(query, *parameters)[0][0]

    def counts(self) -> dict[str, int]:
        """Rows by table, for everything but what keeps track of ingests."""
        with asking(self.path):
            tables = [name for (name,) in self.sql("select name from sqlite_master where type = 'table'")]
            kept = (name for name in tables if name not in ("ingests", "inputs", "sqlite_sequence"))
            return {name: self.one(f'select count(*) from "{name}"') for name in kept}


def laid_out() -> bytes:
    """A report database as the first ingest lays it out, made once a process: it takes as long as a small ingest.

    Where calls were priced in this process, the price list is in it as the first ingest with calls would put it there.
    """
    return _laid_out("genai_prices" in sys.modules, datetime.now(timezone.utc).date().isoformat())


@functools.cache
def _laid_out(has_prices: bool, day: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.db")
        with transaction(path, lambda _: None) as connection:
            rollups.update(connection)
            if has_prices:
                pricing.keep_list(connection, f"{day}T00:00:00Z")
            commit(connection)
        return path.read_bytes()


@contextlib.contextmanager
def lay_out_once() -> Iterator[Callable[[sqlite3.Connection], None]]:
    """What does the same as `rollups.lay_out`: really done once for the same files, then copied.

    The doctor lays out an empty database each time it looks at one, which takes longer than a small ingest.
    """
    really, made = rollups.lay_out, dict[object, sqlite3.Connection]()
    with contextlib.ExitStack() as stack:

        def lay_out(connection: sqlite3.Connection) -> None:
            files = (definitions.whole(), *migrations.scripts())
            if files not in made:
                empty = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                made[files] = stack.enter_context(contextlib.closing(empty))
                really(empty)
            made[files].backup(connection)

        yield lay_out


_asked: dict[Path, sqlite3.Connection] = {}


@contextlib.contextmanager
def asking(path: Path) -> Iterator[sqlite3.Connection]:
    """One connection for all that is asked of a database within: to open one takes longer than most queries."""
    if path in _asked:
        yield _asked[path]
        return
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as _asked[path]:
        try:
            yield _asked[path]
        finally:
            del _asked[path]


def ask(path: Path, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a query on a database file, opened read only."""
    with asking(path) as connection:
        return connection.execute(query, parameters).fetchall()


def change(path: Path, *statements: str) -> None:
    """Change a source as its own program would."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def pairs(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a report's rows."""
    return [tuple(row[column] for column in columns) for row in rows]


def attempts(db: ReportDatabase) -> list[tuple[Any, ...]]:
    """Step, attempt and status of each step run."""
    return db.sql("""
        select steps.name, attempt, status from step_runs join steps on steps.id = step_id order by 1, 2""")
