"""The documentation is true: its generated parts, its template source, its example, its lists, its links."""

import contextlib
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from docs.generate import WRITERS, generated
from helpers import DATA, ROOT
from helpers.pairs import CORE_TABLES, REFERENCES, check, source_of
from helpers.report_database import ReportDatabase, ask

import storyreport
from storyreport import reports, schema
from storyreport.reports.params import TYPES
from storyreport.sources import Type

DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted(DOCS.rglob("*.md")),
]
ADDING_A_SOURCE = DOCS / "adding-a-source.md"
ADDING_A_REPORT = DOCS / "adding-a-report.md"
TEMPLATE = DOCS / "template_source"
# Columns that ingest fills in itself, not the mapping.
OWN = {
    *("id", "source_id", "input_id", "error_id", "gone_at", "pruned_at"),
    *("estimated_cost", "estimated_currency", "priced_as"),
}


@pytest.fixture(scope="module")
def parts() -> dict[Path, str]:
    """The generated files as they must be."""
    return generated()


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.name)
def test_generated_parts_are_current(path: Path, parts: dict[Path, str]) -> None:
    """`python -m docs.generate` would change nothing."""
    assert path.read_text(encoding="utf-8") == parts[path]


def test_the_data_model_has_every_table(db: ReportDatabase) -> None:
    """Every table and view is in docs/data-model.md, but for those of SQLite, its search index and its migrations."""
    db.ingest(DATA / "steps--attempts.csv")
    page = (DOCS / "data-model.md").read_text(encoding="utf-8")
    for (name,) in db.sql("select name from sqlite_master where type in ('table', 'view')"):
        if not name.startswith(("sqlite_", "_sqlite", "errors_fts")):
            assert re.search(rf"^(### {name}|\| `{name}` \|.*)$", page, re.MULTILINE), name


def test_the_reference_has_every_report() -> None:
    """Every report has a heading, and every parameter a row with its help."""
    page = (DOCS / "reports.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^### [^\n]*: `(\w+)`\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    assert found.keys() == {path.stem for path in (ROOT / "queries").glob("*.sql")}
    for name, text in found.items():
        header = (ROOT / "queries" / f"{name}.sql").read_text(encoding="utf-8").split("*/")[0]
        params = re.findall(r"^  (\w+): \{type:", header, re.MULTILINE)
        assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == params


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link leads to a file of the repository, as does a path of code, and one with # to a heading there."""
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", text):
        if "://" not in target:
            place = page.parent / target if target else page
            assert place.exists(), target
            assert not anchor or anchor in anchors(place), anchor
    for path in re.findall(r"`((?:src|tests|fuzz|queries|plugins|templates|static|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub and editors name them in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


# Adding a source -----------------------------------------------------------------------------------------------------


def documented(page: Path, heading: str) -> list[str]:
    """The names in the first column of the table below a heading."""
    section = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n#")[0]
    return re.findall(r"^\| `(\w+)`", section, re.MULTILINE)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty report database."""
    path = tmp_path_factory.mktemp("docs") / "report.db"
    with contextlib.closing(schema.connect(path)) as connection:
        schema.migrate(connection)
    return path


@pytest.mark.parametrize("table", [*CORE_TABLES, "pipelines", "steps"])
def test_every_column_of_a_mapping_is_documented(table: str, empty: Path) -> None:
    """The columns that a mapping may give are those of the core table, references by their keys."""
    expected = {name for (name,) in ask(empty, f"select name from pragma_table_info('{table}')")} - OWN
    for reference, key, _ in REFERENCES.values():
        if {reference, key} <= expected:
            expected.remove(reference)
    if "step_id" in expected:
        expected = expected - {"step_id"} | {"step_name", "pipeline_name"}
    if "pipeline_id" in expected:
        expected = expected - {"pipeline_id"} | {"pipeline_name"}
    assert sorted(documented(ADDING_A_SOURCE, f"### {table}")) == sorted(expected)


def test_every_type_is_documented() -> None:
    """The page lists the column types there are."""
    assert documented(ADDING_A_SOURCE, "## Column types") == [kind.name for kind in Type]


def test_the_template_source_works_as_it_stands(tmp_path: Path) -> None:
    """Copied beside the other sources, its fixture pair holds: what is copied is two files and nothing else."""
    package = tmp_path / "storyreport"
    shutil.copytree(Path(storyreport.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("jobfile.py", "jobfile.sql"):
        shutil.copy(TEMPLATE / name, package / "sources")
    (expected,) = TEMPLATE.glob("jobfile--*.json")

    def ingest() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "storyreport", "ingest", source_of(expected)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert " 0 rejected" in ingest()
    check(tmp_path / "storyreport.db", expected)
    assert ": unchanged" in ingest()
    assert b"ann@example.com" not in (tmp_path / "storyreport.db").read_bytes()
    assert b"Tell of a fox" not in (tmp_path / "storyreport.db").read_bytes()


# Adding a report -----------------------------------------------------------------------------------------------------


def test_the_example_report_works(tmp_path: Path, fed: ReportDatabase) -> None:
    """The page's example is a report that the catalogue accepts, with the numbers of the base tables."""
    (example,) = re.findall(r"```sql\n(/\*\n.*?)```", ADDING_A_REPORT.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "failures_by_weekday.sql"
    path.write_text(example, encoding="utf-8")
    report = reports.read_report(path)
    with contextlib.closing(schema.open_for_reading(fed.path)) as connection:
        columns, rows = reports.run(connection, report, {})
    failed = fed.one("select count(*) from step_runs where status = 'failed' and day <> ''")
    assert failed > 0
    assert sum(row[columns.index("failed")] for row in rows) == failed


@pytest.mark.parametrize(
    ("heading", "broken"),
    [("## The header", "title: x\ndescription: x\ntopic: Steps\nodd: 1"), ("## Parameters", None)],
)
def test_every_header_key_and_type_is_documented(heading: str, broken: str | None, tmp_path: Path) -> None:
    """The page lists the keys that a header may have, and the types of parameters."""
    if broken is None:
        assert sorted(documented(ADDING_A_REPORT, heading)) == sorted(TYPES)
        return
    path = tmp_path / "odd.sql"
    path.write_text(f"/*\n{broken}\n*/\nselect 1", encoding="utf-8")
    with pytest.raises(storyreport.errors.StoryreportError) as refused:
        reports.read_report(path)
    known: Callable[[str], list[str]] = re.compile(r"\b[a-z]+\b").findall
    assert sorted(documented(ADDING_A_REPORT, heading)) == sorted(
        known(str(refused.value).partition("known keys are")[2])
    )


def test_sqlite_can_show_the_mermaid_diagram(parts: dict[Path, str]) -> None:
    """Each relation of the diagram is a foreign key."""
    text = parts[DOCS / "data-model.md"]
    relations = re.findall(r"^    (\w+) \|\|--o\{ (\w+) : (\w+)$", text, re.MULTILINE)
    assert len(relations) > 20
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        for parent, table, column in relations:
            keys = {(row[2], row[3]) for row in connection.execute(f"pragma foreign_key_list({table})")}
            assert (parent, column) in keys
