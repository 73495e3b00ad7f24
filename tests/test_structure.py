"""The rules of the layout: who may import what, what is discovered, and how a report may read the tables."""

import ast
import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from book import Book, change
from tracker import Tracker

from storyreport import bundle, reports, rollups, schema, sources
from storyreport.extract import VALUES
from storyreport.links import CORE_TABLES, leads_nowhere, links
from storyreport.rollups.definition import definitions
from storyreport.schema import migrations
from storyreport.sections import sections

PACKAGE = Path(schema.__file__).parent.parent
STANDARD = set(sys.stdlib_module_names)
# All rows of a table, or of a source.
SCAN = re.compile(r"(?:SCAN|SEARCH(?=.*\(source_id=\?\)$)) (?:main\.)?(\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
# All rows of a table, or all orphans of a source.
WALK = re.compile(
    r"(?:SCAN|SEARCH(?=.*_orphans \(source_id=\?\)$)) ((?:\w+\.)?\w+)(?: USING (?:COVERING )?INDEX (\w+))?"
)
# The tables that grow with every run: sources' rows, and rollups with a row for a run, story or owner. Other rollups
# grow with days and steps, or hold findings.
HISTORY = {
    *CORE_TABLES,
    *(
        table.name
        for one in definitions().values()
        if (table := one.table) and one.kind == "rollup" and not one.has_findings
        if {"run_id", "story_id", "owner"} & {column.name for column in table.key}
    ),
}


def imports(path: Path) -> set[str]:
    """What a module imports: absolute names, and relative ones with their dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {"." * node.level + (node.module or alias.name) for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted((PACKAGE / "sources").glob("*.py")), ids=lambda path: path.stem)
def test_a_source_stands_alone(path: Path) -> None:
    """A source's module imports the standard library, errors and the description of sources, never another source."""
    strange = {name for name in imports(path) if name.split(".")[0] not in STANDARD}
    allowed = {"..errors", ".textfiles", ".buckets", ".Part", ".System", ".Table", ".Type", ".signs", "."}
    assert strange <= allowed


@pytest.mark.parametrize("path", sorted((bundle.root() / "plugins").glob("*.py")), ids=lambda path: path.stem)
def test_a_plugin_is_thin(path: Path) -> None:
    """A plugin imports datasette (and its own library for markup) and the reports module."""
    strange = {name for name in imports(path) if name.split(".")[0] not in STANDARD}
    assert {name for name in strange if not name.startswith(("datasette", "markupsafe"))} <= {"storyreport"}
    assert len(path.read_text(encoding="utf-8").splitlines()) < 250


@pytest.mark.parametrize("name", ["load", "links", "extract", "ingest", "rollups/engine", "recognise"])
def test_the_loader_knows_no_source(name: str) -> None:
    """No system, and no table of one, is named where rows are loaded."""
    text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    own = {table for system in sources.systems().values() for part in system.parts.values() for table in part.tables}
    named = (own - set(CORE_TABLES) - {"steps"}) | {f'"{system}"' for system in sources.systems() if system != "steps"}
    assert [word for word in named if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == []


def test_nobody_imports_the_command_line() -> None:
    """cli.py is wiring: only where the program starts is it known."""
    users = [path.name for path in PACKAGE.rglob("*.py") if ".cli" in imports(path)]
    assert users == ["__main__.py"]


def test_each_system_is_a_module_a_mapping_and_parts_that_agree() -> None:
    """What a system declares, its mapping reads and the core tables take."""
    for system in sources.systems().values():
        found = list(sections(system.mapping()))
        assert {section.name for section in found} == set(system.parts)
        for name, part in system.parts.items():
            mapped = {section.what.split(",")[0] for section in found if section.name == name}
            assert set(part.feeds) <= mapped
            read = {t for s in found if s.name == name for t in re.findall(r"\b(?:src|all)_(\w+)", s.sql)}
            assert read - {"statuses"} == set(part.tables)
            assert {fed for tables in part.feeds.values() for fed in tables} <= set(part.tables)


def test_every_type_has_a_value() -> None:
    """No column type is left without a way to read it (private ones are texts, if at all)."""
    assert set(VALUES) == set(sources.Type) - {sources.Type.PRIVATE}


TOY = """
from . import Part, System, Table, Type, signs

SYSTEM = System(
    name="toy",
    title="toy system",
    parts={
        "database": Part(
            tables={
                "jobs": Table(columns={"job": Type.KEY, "took": Type.SECONDS, "state": Type.WORD}, required=("job",))
            },
            feeds={"step_runs": ("jobs",)},
            statuses={"ok": "completed"},
            signs=signs(("jobs", {"job", "took"})),
        )
    },
)
"""
TOY_MAPPING = """
-- database: steps
select 'do' as name, 'do' as family;

-- database: step_runs
select job as source_key, 'do' as step_name, words.status, state as source_status, took as duration_ms
from src_jobs left join src_statuses as words on words.word = lower(trim(state));
"""


def test_a_new_system_is_a_module_and_a_mapping(tmp_path: Path) -> None:
    """Two files in the sources folder, and nothing else, make a system known to the command line."""
    copy = tmp_path / "storyreport"
    subprocess.run(["cp", "-r", PACKAGE, copy], check=True)
    (copy / "sources" / "toy.py").write_text(TOY, encoding="utf-8")
    (copy / "sources" / "toy.sql").write_text(TOY_MAPPING, encoding="utf-8")
    change(
        tmp_path / "toys.db",
        "create table jobs (job text, took real, state text)",
        "insert into jobs values ('a', 1.5, 'OK'), ('b', 2.5, 'ok')",
    )
    subprocess.run(
        [sys.executable, "-m", "storyreport", "ingest", "toys.db", "--db", "report.db"],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )
    book = Book(tmp_path)
    assert [(row["source"], row["step"], row["total_ms"]) for row in book.report("slowest_steps")] == [
        ("toys", "do", 4000)
    ]


def test_migrations_are_numbered() -> None:
    """Migrations are applied in the order of their numbers, which have no gap."""
    numbers = [int(name.split("_")[0]) for name in migrations.scripts()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.fixture(scope="module")
def planners(fed: Book, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[sqlite3.Connection]]:
    """A new report database, and one that SQLite takes for a thousand times as long a history as the demo's."""
    path = tmp_path_factory.mktemp("planners") / "report.db"
    with (
        contextlib.closing(schema.connect(path)) as new,
        contextlib.closing(schema.connect(Path(shutil.copy(fed.path, path.with_name("analyzed.db"))))) as analyzed,
    ):
        rollups.update(new)
        analyzed.execute("analyze main")
        for table, index, numbers in analyzed.execute("select tbl, idx, stat from sqlite_stat1").fetchall():
            if table in HISTORY and index not in partial_indexes(analyzed):
                # What has few rows for a value, like an id, has few of them in any history.
                longer = " ".join(str(1000 * n if n > 50 else n) for n in map(int, numbers.split()))
                analyzed.execute("update sqlite_stat1 set stat = ? where idx = ?", [longer, index])
        analyzed.execute("analyze sqlite_schema")
        yield [new, analyzed]


def partial_indexes(connection: sqlite3.Connection) -> set[str]:
    """The indexes of what is open, lost, …: as small as that is."""
    listed = "select list.name from sqlite_master join pragma_index_list(sqlite_master.name) as list where partial"
    return {name for (name,) in connection.execute(listed)}


@pytest.mark.parametrize("name", sorted(reports.load_reports()))
def test_no_report_scans_a_history(name: str, planners: list[sqlite3.Connection]) -> None:
    """With the tables analyzed or not, a report looks up what it needs, or walks along an index and sorts nothing."""
    found = reports.find(name)
    aliases = {alias: table for table, alias in re.findall(r"(?:from|join) (\w+) as (\w+)", found.sql)}
    for connection in planners:
        plan = connection.execute(f"explain query plan {found.sql}", reports.bind(found, {})).fetchall()
        sorting = {parent for _, parent, _, detail in plan if detail.startswith("USE TEMP B-TREE")}
        allowed = partial_indexes(connection)
        for _, parent, _, detail in plan:
            if scan := SCAN.match(detail):
                table, index = aliases.get(scan[1], scan[1]), scan[2]
                is_walk = index and parent not in sorting and ("SEARCH" in detail or "autoindex" not in index)
                assert table not in HISTORY or index in allowed or is_walk, detail


class Planned(sqlite3.Connection):
    """Keeps what each statement walks through from end to end: (table, index or None, statement)."""

    walks: ClassVar[list[tuple[str, str | None, str]]] = []

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Ask for the plan first, as things are just now."""
        if re.match(r"(?:\s|--.*\n)*(?:create temp table \w+ as|delete|insert|select|update|with)\b", sql):
            for _, _, _, detail in super().execute(f"explain query plan {sql}", *parameters).fetchall():
                if walk := WALK.match(detail):
                    self.walks.append((walk[1], walk[2], " ".join(sql.split())))
        return super().execute(sql, *parameters)


def test_what_is_new_is_found_without_reading_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ingest walks through no table that grows with every run, but to count rows."""
    book, tracker = Book(tmp_path), Tracker(tmp_path / "tracker.db")
    for story in ("one", "two"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "run-1", 100, "failed", "Timeout")
        tracker.end(story, "01_ingest", "run-1", 100)
    book.ingest(tracker.path)
    tracker.end("two", "02_preprocess", "run-2", 100, "failed", "Timeout")
    tracker.check("one", "01_ingest", False, "too short")
    tracker.close()
    walks: list[tuple[str, str | None, str]] = []
    monkeypatch.setattr(Planned, "walks", walks)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Planned))
    assert book.ingest(tracker.path).counts.written == 3
    monkeypatch.undo()
    walked = {
        (table, sql)
        for table, _, sql in walks
        if table.split(".")[-1] in HISTORY | {"step_history", "step_status"}
        if not sql.startswith("select count(*) from") and not sql.endswith("limit 0")
        # What was lost may be there now.
        if not re.search(r"^update main\.\w+ set \w+_id = .* \w+_key = null", sql)
    }
    # When a story was changed is written in its row, and no index leads there.
    assert {(table, sql) for table, sql in walked if table != "src_database.stories"} == set()


def test_orphan_indexes_match_the_loader_s_condition(tmp_path: Path) -> None:
    """The partial index of orphans serves the linking of each table that has references."""
    with contextlib.closing(sqlite3.connect(tmp_path / "report.db", isolation_level=None)) as connection:
        rollups.update(connection)
        for table in CORE_TABLES:
            if found := links(connection, table):
                (plan,) = connection.execute(
                    f"explain query plan select id from {table} where source_id = 1 and {leads_nowhere(table, found)}"
                ).fetchall()
                assert f"{table}_orphans" in plan[3]
