"""The commands ingest, sources and demo as processes: what they print and write."""

import re
import shutil
from pathlib import Path

from helpers.cli_cases import CONTROL, REPORTS, SOURCE_ROWS, assert_one_sentence, plant, plant_media, rows_of, unchanged
from helpers.command_line import ok, storyreport


def test_ingest_says_one_line_for_each_source(tmp_path: Path) -> None:
    """Each source has its line with what was read and written; stderr stays quiet where it is no terminal."""
    first, second = plant(tmp_path / "first.db"), plant_media(tmp_path / "second.db")
    lines = ok("ingest", first, second, cwd=tmp_path).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["first", "second"]
    assert f": {SOURCE_ROWS} rows read, " in lines[0]
    assert ": 1 row read, " in lines[1]
    assert all(" 0 rejected in " in line for line in lines)
    assert (tmp_path / "storyreport.db").is_file()


def test_a_second_ingest_writes_nothing(report_db: Path, ingested: Path, tmp_path: Path) -> None:
    """An unchanged source is said to be unchanged."""
    said = ok("ingest", ingested.with_name("earlier.db"), "--db", report_db, cwd=tmp_path)
    assert said.startswith("earlier: unchanged, 0 rows written in ")
    assert len(said.splitlines()) == 1


def test_the_report_database_is_the_option_then_the_variable_then_a_file_here(tmp_path: Path) -> None:
    """--db beats $STORYREPORT_DB, which beats storyreport.db."""
    source = plant(tmp_path / "source.db")
    named, variable, default = (tmp_path / name for name in ("named.db", "variable.db", "storyreport.db"))
    ok("ingest", source, "--db", named, cwd=tmp_path, STORYREPORT_DB=str(variable))
    assert [path.exists() for path in (named, variable, default)] == [True, False, False]
    ok("ingest", source, "--name", "other", cwd=tmp_path, STORYREPORT_DB=str(variable))
    assert [path.exists() for path in (named, variable, default)] == [True, True, False]

    def names(*arguments: object) -> list[str]:
        listed = rows_of(ok("sources", "--format", "json", *arguments, cwd=tmp_path, STORYREPORT_DB=str(variable)))
        return [row["source"] for row in listed]

    assert names() == ["other"]
    assert names("--db", named) == ["source"]


def test_a_hostile_source_name_reaches_no_terminal(tmp_path: Path) -> None:
    """What ingest says of a source whose file name holds terminal codes is one harmless line."""
    source = plant(tmp_path / "evil\x1b[2J\nred.db")
    said = ok("ingest", source, cwd=tmp_path)
    assert len(said.splitlines()) == 1
    assert not CONTROL.search(said)


def test_sources_lists_them(report_db: Path, ingested: Path, tmp_path: Path) -> None:
    """Each source with its system, where it was read from and when."""
    ok("ingest", plant_media(tmp_path / "movies.db"), "--db", report_db, cwd=tmp_path)
    listed = rows_of(ok("sources", "--format", "json", "--db", report_db, cwd=tmp_path))
    assert [(row["source"], row["system"], row["rejected"]) for row in listed] == [
        ("earlier", "pipeline", 0),
        ("movies", "media", 0),
    ]
    assert listed[0]["locations"] == str(ingested.with_name("earlier.db"))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["last_ingest_at"]) for row in listed)


def test_a_moved_source_is_noted(report_db: Path, tmp_path: Path) -> None:
    """A source that is read from elsewhere than before is loaded with a note on stderr."""
    done = storyreport("ingest", plant(tmp_path / "moved" / "earlier.db"), "--db", report_db, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("Note: ")
    assert len(done.stderr.splitlines()) == 1


def test_demo_fills_every_report(demo_folder: Path, tmp_path: Path) -> None:
    """The demo's database lies in its folder and answers every question with rows, also where it replaces another."""
    shutil.copytree(demo_folder, tmp_path / "tour")
    said = ok("demo", "tour", "--no-serve", cwd=tmp_path)
    assert "storyreport serve --db" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tour"]
    for name in REPORTS:
        rows = rows_of(ok("report", name, "--format", "json", "--db", "tour/storyreport.db", cwd=tmp_path))
        assert rows, name


def test_demo_does_not_touch_what_is_not_its_own(tmp_path: Path) -> None:
    """A file of somebody else's that is in the demo's way stays."""
    plant_media(tmp_path / "moviemaker.db")
    with unchanged(tmp_path):
        done = storyreport("demo", ".", "--no-serve", cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "moviemaker.db" in done.stderr
