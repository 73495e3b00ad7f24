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
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from helpers import ROOT, TESTS
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker

from storyreport import bundle, reports, rollups, schema, sources
from storyreport.load.references import CORE_TABLES, leads_nowhere, links
from storyreport.mapping import sections
from storyreport.rollups.definition import definitions
from storyreport.schema import migrations
from storyreport.typed_values import VALUES

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


# The package from top to bottom: a module may import from its own room and from those below.
ROOMS = (
    "__main__",
    "cli",
    "commands",
    "demo",
    "web",
    "lake_detail",
    *("ingest", "ahead"),
    *("fixes", "upkeep", "lake"),
    "sharing",
    "dashboards",
    "verdicts",
    "charts",
    "reports",
    *("terminal", "bundle"),
    *("known", "given", "recognise", "joining"),
    "config",
    "load",
    *("pricing", "rollups"),
    "transaction",
    *("schema", "detail"),
    *("typed", "typed_values"),
    "sources",
    "readers",
    *("mapping", "pieces", "sections"),
    "statuses",
    "shortcuts",
    "wrapped",
    "record",
    "system",
    *("unchanged", "evidence"),
    *("scratch", "patience", "keyed", "headers"),
    "values",
    "tokens",
    "patterns",
    "errors",
    "nouns",
    "outcomes",
)
PLUGINS_MAY_IMPORT = ("datasette", "storyreport.web")


def imports(path: Path, module: str) -> set[str]:
    """The absolute names of all modules, or of names in modules, that a file imports anywhere in it."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) + 1 - node.level]) if node.level else ""
            base = ".".join(filter(None, (above, node.module)))
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def arrows() -> dict[str, set[str]]:
    """The modules of the package, and those that each imports."""
    paths = {
        ".".join(("storyreport", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    return {
        # A name that is no module is in the module before it.
        module: {name if name in paths else name.rpartition(".")[0] for name in imports(path, module)} & set(paths)
        for module, path in paths.items()
    }


def test_the_package_shows_the_flow() -> None:
    """Imports go down only, in no circle; sources import reader helpers, plugins the web room."""
    modules = arrows()
    rooms = {module: module.split(".")[1] for module in modules if "." in module}
    assert set(rooms.values()) <= set(ROOMS), "each room has its place in ROOMS"
    up = [
        (module, below)
        for module, room in rooms.items()
        for below in modules[module] & set(rooms)
        if ROOMS.index(rooms[below]) < ROOMS.index(room)
    ]
    assert up == []
    try:
        list(TopologicalSorter(modules).static_order())
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {error.args[1]}") from None

    systems = {f"storyreport.sources.{path.stem}" for path in (PACKAGE / "sources").glob("*.sql")}
    for system in systems:
        strange = {
            name
            for name in imports(PACKAGE / "sources" / f"{system.rpartition('.')[2]}.py", system)
            if name.split(".")[0] not in STANDARD
            and not name.startswith(("storyreport.errors.", "storyreport.readers.text", "storyreport.sources."))
        }
        assert (system, strange, modules[system] & systems) == (system, set(), set())
    for path in (bundle.root() / "plugins").glob("*.py"):
        foreign = {name for name in imports(path, path.stem) if name.split(".")[0] not in STANDARD}
        assert {name for name in foreign if not name.startswith(PLUGINS_MAY_IMPORT)} == set(), path.name


def test_the_rooms_are_documented_in_their_order() -> None:
    """docs/architecture.md has each room, the lowest first."""
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("\n| room |")[2]
    cells = [line.split("|")[1] for line in table.partition("\n\n")[0].splitlines()[2:]]
    documented = [name for cell in cells for name in re.findall(r"`(\w+)[./]", cell)]
    assert [name for name in documented if name not in ("stored", "plugins", "templates", "static")] == [*ROOMS[::-1]]


@pytest.mark.parametrize("path", sorted((bundle.root() / "plugins").glob("*.py")), ids=lambda path: path.stem)
def test_a_plugin_is_thin(path: Path) -> None:
    """A plugin holds hook functions only, and is short."""
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    hooks = {"hookimpl", "hookimpl(hookwrapper=True)"}
    assert all({ast.unparse(each) for each in function.decorator_list} <= hooks for function in functions)
    assert all(function.decorator_list for function in functions)
    assert len(text.splitlines()) < 45


LOADER = [
    path
    for room in ("load", "readers", "rollups", "ingest", "ahead", "recognise", "typed", "mapping", "system")
    for path in (*(PACKAGE / room).rglob("*.py"), *(PACKAGE / room).rglob("*.sql"), PACKAGE / f"{room}.py")
    if path.is_file()
]


@pytest.mark.parametrize("path", LOADER, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_loader_knows_no_source(path: Path) -> None:
    """No system, and no table of one, is named where rows are loaded."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    own = {table for system in sources.systems().values() for part in system.parts.values() for table in part.tables}
    # Tables that are called by words of every day.
    named = (own - set(CORE_TABLES) - {"steps", "message", "job"}) | {
        f'"{system}"' for system in sources.systems() if system != "steps"
    }
    assert [word for word in named if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == []


def test_each_system_is_a_module_a_mapping_and_parts_that_agree() -> None:
    """What a system declares, its mapping reads and the core tables take."""
    for system in sources.systems().values():
        found = sections(system)
        assert {section.part for section in found} == set(system.parts)
        for name, part in system.parts.items():
            assert set(part.feeds) <= {section.table for section in found if section.part == name}
            read = {t for s in found if s.part == name for t in re.findall(r"\b(?:src|all)_(\w+)", s.sql)}
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
    db = ReportDatabase(tmp_path)
    assert [(row["source"], row["step"], row["total_ms"]) for row in db.report("slowest_steps")] == [
        ("toys", "do", 4000)
    ]


def test_migrations_are_numbered() -> None:
    """Migrations are applied in the order of their numbers, which have no gap."""
    numbers = [int(name.split("_")[0]) for name in migrations.scripts()]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.fixture(scope="module")
def planners(fed: ReportDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[sqlite3.Connection]]:
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
            # What lies there is a few rows, laid out under the names of the history's tables.
            few = {str(name) for (name,) in super().execute("select name from temp.sqlite_master").fetchall()}
            for _, _, _, detail in super().execute(f"explain query plan {sql}", *parameters).fetchall():
                # Where text is read as bytes, plans are bytes, too.
                walk = WALK.match(detail.decode() if isinstance(detail, bytes) else detail)
                if walk and walk[1].removeprefix("temp.") not in few:
                    self.walks.append((walk[1], walk[2], " ".join(sql.split())))
        return super().execute(sql, *parameters)


def test_what_is_new_is_found_without_reading_the_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second ingest walks through no table that grows with every run, but to count rows."""
    db, tracker = ReportDatabase(tmp_path), Tracker(tmp_path / "tracker.db")
    for story in ("one", "two"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "run-1", 100, "failed", "Timeout")
        tracker.end(story, "01_ingest", "run-1", 100)
    db.ingest(tracker.path)
    tracker.end("two", "02_preprocess", "run-2", 100, "failed", "Timeout")
    tracker.check("one", "01_ingest", False, "too short")
    tracker.close()
    walks: list[tuple[str, str | None, str]] = []
    monkeypatch.setattr(Planned, "walks", walks)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Planned))
    assert db.ingest(tracker.path).counts.written == 3
    monkeypatch.undo()
    walked = {
        (table, sql)
        for table, _, sql in walks
        if table.split(".")[-1] in HISTORY | {"step_history", "step_status"}
        if not sql.startswith("select count(*) from") and not sql.endswith(("limit 0", "limit 100)"))
        # What was lost may be there now.
        if not re.search(r"^update main\.\w+ set \w+_id = .* \w+_key = null|^select '\w+' where exists", sql)
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


def test_no_report_says_where_a_source_lies() -> None:
    """Locations are for those who may read `inputs`: no report, page or digest of everybody's selects one."""
    words = re.compile(r"\blocations?\b")
    assert [
        path.name for path in (TESTS.parent / "queries").glob("*.sql") if words.search(path.read_text("utf-8"))
    ] == []


def test_no_test_module_imports_another() -> None:
    """What test modules share is in tests/helpers/ and conftest.py."""
    modules = {path.stem for path in TESTS.rglob("test_*.py")}
    users = {path.name: {name.split(".")[0] for name in imports(path, path.stem)} for path in TESTS.rglob("*.py")}
    assert {name: found & modules for name, found in users.items() if found & modules} == {}
