"""Mappings and systems that are wrong, and systems of other packages: an error names system, section and column."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change

from storyreport import recognise
from storyreport.errors import StoryreportError
from storyreport.mapping import MappingError, check, sections
from storyreport.system import Part, System, Table, Type, signs

MODULE = '''
"""A toy system."""

from storyreport.sources import Part, System, Table, Type, signs

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
'''
MAPPING = """\
-- A toy: a remark, which is no heading.

-- database: steps
select 'do' as name, 'do' as family;

-- database: step_runs
-- jobs: each is an execution.
select job as source_key, 'do' as step_name, words.status, state as source_status, took as duration_ms
from src_jobs left join src_statuses as words on words.word = lower(trim(state));
"""
HISTORY = (
    "create table jobs (job text, took real, state text)",
    "insert into jobs values ('a', 1.5, 'OK'), ('b', 2.5, 'ok')",
)


@pytest.fixture
def toy(tmp_path: Path) -> System:
    """The toy system, with a mapping that may be written again."""
    names: dict[str, object] = {}
    exec(MODULE, names)
    system = names["SYSTEM"]
    assert isinstance(system, System)
    (tmp_path / "toy.sql").write_text(MAPPING, encoding="utf-8")
    return replace(system, mapping_file=tmp_path / "toy.sql")


def rewrite(toy: System, old: str, new: str) -> System:
    """Change the mapping."""
    assert toy.mapping_file
    assert old in MAPPING
    toy.mapping_file.write_text(MAPPING.replace(old, new), encoding="utf-8")
    return toy


def test_a_mapping_in_sections(toy: System) -> None:
    """A remark with a colon begins no section, at the top or below a heading."""
    check(toy)
    assert [(section.part, section.action) for section in sections(toy)] == [
        ("database", "steps"),
        ("database", "step_runs"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("database: steps", "datbase: steps", "section 'datbase: steps': unknown part 'datbase', only database"),
        ("database: step_runs", "database: step_run", "section 'database: step_run': unknown core table or action"),
        ("database: step_runs", "database: drop step_runs", "unknown core table or action 'drop step_runs'"),
        ("database: step_runs", "database: step-runs!", "unknown core table or action 'step-runs!'"),
        ("select 'do' as name, 'do' as family;", "-- nothing yet", "section 'database: steps': has no SQL"),
        ("-- database: steps\n", "", "SQL before its first heading"),
        (MAPPING, "", "no section for its part 'database'"),
    ],
)
def test_a_heading_that_is_wrong(toy: System, old: str, new: str, error: str) -> None:
    """It is found when the system is loaded, before any source is read."""
    with pytest.raises(MappingError, match=r"^The mapping of toy") as raised:
        check(rewrite(toy, old, new))
    assert error in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"feeds": {"step_run": ("jobs",)}}, "feeds names the unknown core table 'step_run'"),
        ({"feeds": {"step_runs": ("job",)}}, "feeds names the unknown table 'job'"),
        ({"grouped": {"jobs": "run_key"}}, "grouped names the unknown core table 'jobs'"),
        ({"statuses": {"ok": "done"}}, "statuses translates 'ok' to 'done', which is none of queued"),
        ({"tables": {"jobs": Table({"job": Type.KEY}, required=("id",))}}, "table jobs has no column 'id'"),
    ],
)
def test_a_description_that_is_wrong(toy: System, changes: dict[str, object], error: str) -> None:
    """Whatever names something that does not exist is an error that names system and part."""
    part = replace(toy.parts["database"], **changes)  # type: ignore[arg-type]
    with pytest.raises(MappingError) as raised:
        check(replace(toy, parts={"database": part}))
    assert str(raised.value) == f"The system toy, part database: {error}." or error in str(raised.value)
    assert "toy" in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("took as", "taken as", "no such column: taken"),
        ("from src_jobs", "from src_job", "no such table: src_job"),
        ("lower(trim(state))", "lower(trim(state)", "incomplete input"),
        ("as duration_ms", "as took_ms", "step_runs has no column 'took_ms'"),
        ("as duration_ms", "as source_status", "gives the column 'source_status' twice"),
        ("job as source_key", "job as key", "gives no column 'source_key'"),
        ("'do' as step_name, ", "", "gives no column 'step_name'"),
    ],
)
def test_a_section_that_does_not_fit(
    toy: System, old: str, new: str, error: str, db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping is to blame and not the file, which is never called damaged; nothing is loaded."""
    monkeypatch.setattr(recognise, "systems", lambda: {"toy": rewrite(toy, old, new)})
    change(tmp_path / "toys.db", *HISTORY)
    with pytest.raises(StoryreportError) as raised:
        db.ingest(tmp_path / "toys.db")
    assert str(raised.value).startswith("The mapping of toy, section 'database: step_runs': ")
    assert error in str(raised.value)
    assert "damaged" not in str(raised.value)
    assert not db.path.exists()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("'do' as step_name", "'due' as step_name", "NOT NULL constraint failed: step_runs.step_id"),
        ("took as duration_ms", "json(state) as duration_ms", "malformed JSON"),
    ],
)
def test_a_section_that_fails_on_some_row(
    toy: System, old: str, new: str, error: str, db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only a row shows is the section's, too, and the source is named."""
    monkeypatch.setattr(recognise, "systems", lambda: {"toy": rewrite(toy, old, new)})
    change(tmp_path / "toys.db", *HISTORY)
    with pytest.raises(MappingError) as raised:
        db.ingest(tmp_path / "toys.db")
    assert f"The mapping of toy, section 'database: step_runs': {error} (in " in str(raised.value)
    assert "toys.db" in str(raised.value)


# Systems of other packages -----------------------------------------------------------------------------------------


def install(folder: Path, name: str, module: str, mapping: str | None = MAPPING, entry: str | None = None) -> None:
    """A distribution as pip would lay it out: a module, its mapping beside it, and its entry point."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}_source.py").write_text(module, encoding="utf-8")
    if mapping is not None:
        (folder / "toy.sql").write_text(mapping, encoding="utf-8")
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        f"[storyreport.sources]\n{entry or f'{name} = {name}_source'}\n", encoding="utf-8"
    )


def run(*arguments: str, cwd: Path, installed: Path) -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own, in which distributions are installed."""
    return subprocess.run(
        [sys.executable, "-m", "storyreport", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def ingest_toys(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Ingest the toy's history with what is installed."""
    change(tmp_path / "toys.db", *HISTORY)
    return run("ingest", "toys.db", "--db", "report.db", *arguments, cwd=tmp_path, installed=tmp_path / "site")


def test_a_system_of_another_package(tmp_path: Path) -> None:
    """A module, a mapping beside it and an entry point: its rows show in a report."""
    install(tmp_path / "site", "toys", MODULE)
    done = ingest_toys(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [
        (row["source"], row["step"], row["total_ms"]) for row in ReportDatabase(tmp_path).report("slowest_steps")
    ] == [("toys", "do", 4000)]
    assert (
        "unchanged" in run("ingest", "toys.db", "--db", "report.db", cwd=tmp_path, installed=tmp_path / "site").stdout
    )


def test_a_mapping_elsewhere(tmp_path: Path) -> None:
    """System(mapping_file=…) says where it lies."""
    (tmp_path / "elsewhere.sql").write_text(MAPPING, encoding="utf-8")
    module = MODULE.replace(
        'title="toy system",', f'title="toy", mapping_file=Path({str(tmp_path / "elsewhere.sql")!r}),'
    )
    install(tmp_path / "site", "toys", f"from pathlib import Path\n{module}", mapping=None)
    assert (ingest_toys(tmp_path).returncode, ReportDatabase(tmp_path).one("select count(*) from step_runs")) == (0, 2)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"module": "import no_such_module"}, "No module named 'no_such_module'"),
        ({"module": "raise ValueError('x\\ny')"}, "x y"),
        ({"module": "raise SystemExit(3)"}, "3"),
        ({"module": "SYSTEM = 1"}, "It leads to no module with SYSTEM"),
        ({"module": MODULE, "entry": "toys = toys_source:SYSTEM.name"}, "It leads to no module with SYSTEM"),
        ({"module": MODULE, "mapping": None}, "The mapping of toy cannot be read"),
        (
            {"module": MODULE, "mapping": MAPPING.replace("step_runs", "step_run")},
            "The mapping of toy, section 'database: step_run': unknown",
        ),
        ({"module": MODULE.replace('"toy"', '"steps"')}, "There is a system 'steps' already"),
    ],
    ids=["missing import", "error", "exit", "no system", "no module", "no mapping", "wrong heading", "name of ours"],
)
def test_a_system_that_cannot_be_used(broken: dict[str, str], reason: str, tmp_path: Path) -> None:
    """One sentence names the entry point and the reason; everything else works."""
    install(tmp_path / "site", "toys", **broken)
    (tmp_path / "steps.csv").write_text("run,step,started_at\nr1,draft,2026-03-10\n", encoding="utf-8")
    done = run("ingest", "steps.csv", "--db", "report.db", cwd=tmp_path, installed=tmp_path / "site")
    assert (done.returncode, ReportDatabase(tmp_path).one("select count(*) from step_runs")) == (0, 1)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Warning: The source 'toys' (toys_source")
    assert f"is left out: {reason}" in line
    assert line.endswith(".")
    assert not line.endswith("..")


def test_two_packages_with_one_name(tmp_path: Path) -> None:
    """The first entry point by name counts, the other one is left out with a sentence."""
    install(tmp_path / "site", "atoys", MODULE)
    install(tmp_path / "site", "btoys", MODULE)
    done = ingest_toys(tmp_path)
    assert done.returncode == 0
    assert "The source 'btoys' (btoys_source) is left out: There is a system 'toy' already" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_part_description_needs_no_file() -> None:
    """A system without a mapping says so."""
    part = Part(tables={"t": Table({"id": Type.KEY})}, feeds={}, statuses={}, signs=signs(("t", {"id"})))
    with pytest.raises(StoryreportError, match="The system bare has no mapping"):
        check(System("bare", "bare", {"database": part}))
