"""Pieces of a mapping: SELECTs with a name that several sections use, in one part or in all."""

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change

from storyreport import recognise
from storyreport.errors import StoryreportError
from storyreport.mapping import MappingError, check, sections
from storyreport.system import Part, System, Table, Type, signs

MAPPING = """\
-- database: with good, materialized
-- Jobs that count.
select job, took from src_jobs where state is not 'bad';

-- any: with numbered
select found.*, row_number() over (order by took) as place from found;

-- database: runs
-- A comment; with good in it.
select job as source_key, 'job' as kind, took as duration_ms from good;

-- database: steps
select 'do' as name, 'do' as family;

-- database: step_runs
with found as (
    select * from good
)

select job as source_key, 'do' as step_name, place as attempt, took as duration_ms from numbered;

-- other: steps
select 'do' as name, 'do' as family;

-- other: step_runs
with recursive found as (
    select job, took from src_tasks union select job, took from found
)

select job as source_key, 'do' as step_name, place as attempt, took as duration_ms from numbered;
"""
COLUMNS = {"job": Type.KEY, "took": Type.SECONDS, "state": Type.WORD}


def toy(folder: Path, mapping: str = MAPPING) -> System:
    """A system of two databases, with a mapping."""
    (folder / "toy.sql").write_text(mapping, encoding="utf-8")
    parts = {
        "database": Part(tables={"jobs": Table(COLUMNS)}, feeds={}, statuses={}, signs=signs(("jobs", COLUMNS))),
        "other": Part(tables={"tasks": Table(COLUMNS)}, feeds={}, statuses={}, signs=signs(("tasks", COLUMNS))),
    }
    return replace(System("toy", "toy system", parts), mapping_file=folder / "toy.sql")


def test_sections_use_pieces(db: ReportDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One piece in two sections, one in the sections of two parts, which each say what it selects from."""
    system = toy(tmp_path)
    monkeypatch.setattr(recognise, "systems", lambda: {"toy": system})
    for table in ("jobs", "tasks"):
        change(
            tmp_path / f"{table}.db",
            f"create table {table} (job text, took real, state text)",
            f"insert into {table} values ('{table} a', 3, 'good'), ('{table} b', 2, 'bad'), ('{table} c', 1, null)",
        )
        db.ingest(tmp_path / f"{table}.db", name=table)
    assert db.sql("select source_key, duration_ms from runs where not is_derived order by 1") == [
        ("jobs a", 3000),
        ("jobs c", 1000),
    ]
    # Numbered by duration, within the part; the bad job of the first part is left out.
    assert db.sql("select source_key, attempt from step_runs order by 1") == [
        ("jobs a", 2), ("jobs c", 1), ("tasks a", 3), ("tasks b", 2), ("tasks c", 1),
    ]  # fmt: skip


def test_pieces_of_several_mappings_have_a_file(tmp_path: Path) -> None:
    """Its pieces are those of the mapping; each must be used, and a file that is not there is named."""
    own, numbered = MAPPING.split("-- any: with numbered")
    numbered, rest = numbered.split("-- database: runs")
    system = replace(toy(tmp_path, own + "-- database: runs" + rest), pieces_file=tmp_path / "shared.sql")
    with pytest.raises(StoryreportError, match=r"The mapping of toy cannot be read: .*shared\.sql \(No such file"):
        sections(system)
    (tmp_path / "shared.sql").write_text("-- any: with numbered" + numbered, encoding="utf-8")
    check(system)
    assert [section.sql for section in sections(system)] == [section.sql for section in sections(toy(tmp_path))]
    (tmp_path / "shared.sql").write_text("-- any: with idle\nselect 1;", "utf-8")
    with pytest.raises(MappingError, match="section 'any: with idle': no section selects from it"):
        check(replace(toy(tmp_path), pieces_file=tmp_path / "shared.sql"))


def test_a_section_has_only_what_it_uses(tmp_path: Path) -> None:
    """A piece that is named in a comment only, or belongs to another part, stays away; a piece is no section."""
    found = {(section.part, section.action): section.sql for section in sections(toy(tmp_path))}
    assert set(found) == {
        ("database", "runs"), ("database", "steps"), ("database", "step_runs"), ("other", "steps"),
        ("other", "step_runs"),
    }  # fmt: skip
    assert "from found" not in found["database", "runs"]
    assert "state is not 'bad'" in found["database", "step_runs"]
    assert found["database", "steps"] == "select 'do' as name, 'do' as family"
    assert "good" not in found["other", "step_runs"]
    assert found["other", "step_runs"].startswith("with recursive numbered as (")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "-- database: with good",
            "-- data: with good",
            "section 'data: with good, materialized': unknown part 'data'",
        ),
        (
            "with numbered\n",
            "with runs\n",
            "section 'any: with runs': 'runs' is the name of a table, choose another one",
        ),
        ("with numbered\n", "with src_jobs\n", "'src_jobs' is the name of a table"),
        ("-- any: with numbered", "-- any: with good", "there are two pieces 'good'"),
        ("from numbered", "from found", "section 'any: with numbered': no section selects from it"),
        ("-- any: with numbered", "-- any: with", "unknown part 'any'"),
        ("select found.*, row_number() over (order by took) as place from found;", "", "with numbered': has no SQL"),
    ],
)
def test_a_piece_that_is_wrong(old: str, new: str, error: str, tmp_path: Path) -> None:
    """It is found when the system is loaded, and the error names the piece."""
    check(toy(tmp_path))
    with pytest.raises(MappingError) as raised:
        check(toy(tmp_path, MAPPING.replace(old, new)))
    assert error in str(raised.value)
