"""One contract for every source system, ours or another package's: systems are discovered, no list is edited."""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers import DATA, synthetic
from helpers.pairs import is_by_table, rows_of, source_of
from helpers.report_database import ReportDatabase, laid_out

from storyreport import mapping
from storyreport.ingest import Outcome, Request, ingest
from storyreport.load import recent
from storyreport.readers.part import Found
from storyreport.sources import systems
from storyreport.system import STATUSES, System, Type
from storyreport.typed_values import VALUES

SYSTEMS = [pytest.param(system, id=name) for name, system in systems().items()]
PARTS = [pytest.param(system, part, id=f"{name}-{part}") for name, system in systems().items() for part in system.parts]
# What the tables of a database have as key; of other files, staged tables are read, which have their own.
KEYS = [
    pytest.param(system, part, key, id=f"{name}-{part}-{label}")
    for name, system in systems().items()
    for part in system.parts
    for key, label in (("", "no key"), ("integer primary key", "a number as key"))
    if not (key and system.parts[part].stage)
]
# Of one more run, by the number of rows that are read again.
ROWS, MORE_ROWS = 100, 800
# Rows are eight times as many: what every ingest costs is in both, comparing each with each costs 64 times as much.
MOST_GROWTH = 8


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_says_what_it_is(system: System) -> None:
    """It has a title, and each of its parts can be recognised and read."""
    assert system.title
    for part in system.parts.values():
        assert bool(part.find) == bool(part.stage)
        exports = any(table.export_signs for table in part.tables.values())
        assert part.stage or part.signs or exports
        assert {table for sign in part.signs for table in sign} <= set(part.tables)


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_a_system_describes_exists(system: System) -> None:
    """Columns that are named are declared, every type can be read, and words mean one of our statuses."""
    for part in system.parts.values():
        for table in part.tables.values():
            assert {*table.required, *filter(None, (table.group, table.changed, table.added))} <= set(table.columns)
            assert all(name == name.lower() for name in table.columns)
            assert set(table.columns.values()) <= set(VALUES) | {Type.PRIVATE}
        assert set(part.statuses.values()) <= set(STATUSES)
        assert all(word == word.lower().strip() for word in part.statuses)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_mapping_is_of_these_parts(system: System) -> None:
    """Each part has sections, which read all of its tables and no others, and feed the tables that it says."""
    mapping.check(system)
    found = mapping.sections(system)
    assert {section.part for section in found} == set(system.parts)
    for name, part in system.parts.items():
        own = [section for section in found if section.part == name]
        read = {table for section in own for table in re.findall(r"\b(?:src|all)_(\w+)", section.sql)}
        assert read - {"statuses"} == set(part.tables)
        assert set(part.feeds) <= {section.table for section in own if section.verb == "load"}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_has_examples(system: System) -> None:
    """A pair of a file and the rows that it must become, or a test module of its own."""
    pairs = [path for path in DATA.glob(f"{system.name}--*.json") if len(list(DATA.glob(f"{path.stem}.*"))) == 2]
    assert pairs or (Path(__file__).parent / f"test_{system.name}.py").exists()
    for path in pairs:
        assert json.loads(path.read_text(encoding="utf-8"))


# What is handed over, where no rows of core tables stand beside it: test_fixture_pairs.py reads the others again.
EXAMPLES = [source_of(path) for path in sorted(DATA.glob("*--*.json")) if not is_by_table(path)]


def drop_indexes(path: Path) -> None:
    """Make every table of a SQLite file again without keys and indexes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite%'"
        for (table,) in connection.execute(tables).fetchall():
            connection.execute(f'create table "plain {table}" as select * from "{table}"')
            connection.execute(f'drop table "{table}"')
            connection.execute(f'alter table "plain {table}" rename to "{table}"')


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_again_writes_nothing(path: Path, db: ReportDatabase) -> None:
    """An example is recognised by what it holds; read again in full, it writes nothing."""
    db.ingest(path)
    assert db.sql("select system from sources") == [(path.name.split("--")[0],)]
    before = rows_of(db)
    assert db.ingest(path, full=True).counts.written == 0
    assert rows_of(db) == before


@pytest.mark.parametrize("is_indexed", [True, False], ids=["as it is", "without indexes"])
def test_a_database_again_writes_nothing(samples: list[Path], is_indexed: bool, tmp_path: Path) -> None:
    """The demo's databases, with and without keys and indexes, become the same rows, and again write nothing."""
    for path in [path for path in samples if path.suffix == ".db"]:
        source, folder = tmp_path / path.name, tmp_path / path.stem
        shutil.copy(path, source)
        if not is_indexed:
            drop_indexes(source)
        folder.mkdir()
        db = ReportDatabase(folder)
        db.ingest(source)
        before = rows_of(db)
        assert db.ingest(source).unchanged
        assert db.ingest(source, full=True).counts.written == 0
        assert rows_of(db) == before


class Watched(sqlite3.Connection):
    """Counts the steps of SQLite's machine, and keeps the plan of each section that is read."""

    steps: ClassVar[int] = 0
    plans: ClassVar[list[list[tuple[int, int, str]]]] = []

    def set_progress_handler(self, handler: Any, n: int) -> None:
        """Count instead of waiting for Ctrl-C."""

        def count() -> int:
            Watched.steps += 1
            return 0

        super().set_progress_handler(count, 1000)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Ask for the plan first, as things are just now."""
        if sql.startswith("create temp table mapped as"):
            rows = super().execute(f"explain query plan {sql}", *parameters).fetchall()
            self.plans.append([(number, parent, detail) for number, parent, _, detail in rows])
        return super().execute(sql, *parameters)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    """Every connection is watched, and a source's rows are all among the last ones."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 10**9)
    monkeypatch.setattr(Watched, "steps", 0)
    monkeypatch.setattr(Watched, "plans", [])
    return Watched


class History:
    """A source of one part that grows by runs, and the report database that it is ingested into."""

    def __init__(self, folder: Path, system: System, part: str, rows: int, key: str):
        folder.mkdir()
        self.folder, self.system, self.part, self.key = folder, system, part, key
        self.groups = rows // synthetic.ROWS_A_GROUP
        self.spans: list[tuple[int, int]] = []
        (folder / "report.db").write_bytes(laid_out())

    def grow(self, first: int, last: int) -> None:
        """Add rows of these numbers."""
        self.spans.append((first, last))
        part = self.system.parts[self.part]
        if not part.stage:
            synthetic.write_database(self.folder / "source", part, first, last, self.groups, self.key)

    def ingest(self, full: bool = False) -> Outcome:
        """Ingest the source as it is now."""
        path = self.folder / "source"
        if self.system.parts[self.part].stage:
            found = synthetic.staged(self.system, self.part, path, self.spans, self.groups)
        else:
            found = Found(self.system, self.part, path)
        return ingest(self.folder / "report.db", Request("history", (found,), full=full))


def walks(plan: list[tuple[int, int, str]]) -> Iterator[str]:
    """Where a plan walks through a table, or indexes it, again for each row of another one."""
    details = {number: (parent, detail) for number, parent, detail in plan}
    loops: Counter[int] = Counter()
    for parent, detail in details.values():
        loops[parent] += detail.startswith(("SCAN", "SEARCH"))
        above, is_again = parent, loops[parent] > 1
        while above:
            above, outer = details[above]
            is_again = is_again or outer.startswith("CORRELATED")
        # A name with a dot is a table's, others are parts of the statement, which the steps count.
        if is_again and (re.match(r"SCAN \w+\.", detail) or ("AUTOMATIC" in detail and loops[parent] == 1)):
            yield detail


@pytest.mark.parametrize(("system", "part", "key"), KEYS)
def test_a_source_without_indexes(system: System, part: str, key: str, tmp_path: Path, watched: type[Watched]) -> None:
    """One more run costs what is read again, not its square, whatever the source indexes."""
    steps = {}
    for rows in (ROWS, MORE_ROWS):
        history = History(tmp_path / str(rows), system, part, rows, key)
        history.grow(0, rows)
        assert history.ingest().counts.inserted
        history.grow(rows, rows + 5)
        watched.steps = 0
        assert history.ingest().counts.written
        steps[rows] = watched.steps
    assert steps[MORE_ROWS] < MOST_GROWTH * steps[ROWS]
    assert watched.plans
    assert [detail for plan in watched.plans for detail in walks(plan)] == []
