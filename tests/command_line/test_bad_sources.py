"""Sources that cannot be read: each is named in one sentence, and nothing changes."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from helpers.cli_cases import (
    SOURCE_ROWS,
    assert_one_sentence,
    other_application,
    plant,
    plant_media,
    sql_file,
    unchanged,
)
from helpers.command_line import ok, storyreport
from helpers.platforms import with_links
from helpers.tracker import Tracker

# Sources -----------------------------------------------------------------------------------------------------------


def output_file(folder: Path) -> None:
    """An outputs folder with one step's output of one story."""
    (folder / "outputs" / "01_ingest").mkdir(parents=True)
    (folder / "outputs" / "01_ingest" / "S9.json").write_text('{"title": "Nine"}', encoding="utf-8")


def missing(folder: Path) -> Path:
    return folder / "nowhere.db"


def name_too_long(folder: Path) -> Path:
    return folder / ("x" * 300)


def empty_file(folder: Path) -> Path:
    (folder / "empty.db").touch()
    return folder / "empty.db"


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def unrelated_folder(folder: Path) -> Path:
    (folder / "holiday" / "pictures").mkdir(parents=True)
    (folder / "holiday" / "notes.txt").write_text("sun", encoding="utf-8")
    (folder / "holiday" / "pictures" / "beach.json").write_text("{}", encoding="utf-8")
    (folder / "holiday" / "app.sqlite").write_bytes(b"no database")
    return folder / "holiday"


def text_file(folder: Path) -> Path:
    (folder / "notes.db").write_text("These are my notes. " * 100, encoding="utf-8")
    return folder / "notes.db"


def cut_in_a_page(folder: Path) -> Path:
    path = plant(folder / "cut.db")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 100])
    return path


def cut_between_pages(folder: Path) -> Path:
    path = plant(folder / "cut.db")
    content = path.read_bytes()
    assert len(content) % 4096 == 0
    path.write_bytes(content[: len(content) // 4096 // 2 * 4096])
    return path


def cut_to_one_page(folder: Path) -> Path:
    path = plant(folder / "cut.db")
    path.write_bytes(path.read_bytes()[:4096])
    return path


def cut_wal_file(folder: Path) -> Path:
    path = plant(folder / "cut.db", journal="wal")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4096 // 2 * 4096])
    return path


def header_alone(folder: Path) -> Path:
    path = plant(folder / "cut.db")
    path.write_bytes(path.read_bytes()[:60])
    return path


def random_after_header(folder: Path) -> Path:
    path = plant(folder / "random.db")
    content = path.read_bytes()
    path.write_bytes(content[:100] + random.Random(1).randbytes(len(content) - 100))
    return path


def random_pages(folder: Path) -> Path:
    """Its tables are declared as they should be; the pages that hold their rows are noise."""
    path = folder / "random.db"
    tracker = Tracker(path)
    tracker.fill(1000)
    tracker.close()
    with closing(sqlite3.connect(path)) as connection:
        own = {page for (page,) in connection.execute("select rootpage from sqlite_master where rootpage > 0")}
    content = bytearray(path.read_bytes())
    noise = random.Random(2)
    for page in own:
        content[(page - 1) * 4096 : page * 4096] = noise.randbytes(4096)
    path.write_bytes(content)
    return path


def other_application_with_our_names(folder: Path) -> Path:
    return sql_file(folder / "library.db", "create table stories (isbn text, title text, author text)")


def no_tables(folder: Path) -> Path:
    return sql_file(folder / "bare.db", "create table t (a); drop table t")


def views(folder: Path) -> Path:
    return sql_file(
        folder / "views.db",
        """
        create table other (a);
        create view stories as select 'S1' as story_id, 'One' as title;
        create view step_status as select 'S1' as story_id, '01_ingest' as step_name, 'running' as status;
        create view step_history as
            select 1 as id, 'S1' as story_id, '01_ingest' as step_name, 'r' as run_id, 5 as execution_time_ms;
        """,
    )


def virtual_tables(folder: Path) -> Path:
    return sql_file(
        folder / "virtual.db",
        """
        create virtual table stories using fts5 (story_id, title);
        create virtual table step_status using fts5 (story_id, step_name, status);
        create virtual table step_history using fts5 (id, story_id, step_name, run_id, status, execution_time_ms);
        insert into step_history values (1, 'S1', '01_ingest', 'r', 'completed', 5);
        """,
    )


def hostile_table_name(folder: Path) -> Path:
    """A name that would clear the terminal, retitle its window and write a line of its own."""
    return sql_file(folder / "hostile.db", 'create table "\x1b[2J\x1b]0;owned\x07\nError: all is well." (a)')


def undecodable_table_name(folder: Path) -> Path:
    path = sql_file(folder / "bytes.db", "create table xqxqxq (a)")
    path.write_bytes(path.read_bytes().replace(b"xqxqxq", b"\xff\xfe\xff\xfe\xff\xfe"))
    return path


def utf_16(folder: Path) -> Path:
    path = folder / "wide.db"
    sql_file(path, "pragma encoding = 'UTF-16'; create table t (a)")
    plant(path)
    return path


def two_trackers(folder: Path) -> Path:
    plant(folder / "two" / "a.db")
    plant(folder / "two" / "b.db")
    return folder / "two"


BAD_SOURCES: list[Callable[[Path], Path]] = [
    missing,
    name_too_long,
    empty_file,
    empty_folder,
    unrelated_folder,
    text_file,
    cut_in_a_page,
    cut_between_pages,
    cut_to_one_page,
    cut_wal_file,
    header_alone,
    random_after_header,
    random_pages,
    other_application,
    other_application_with_our_names,
    no_tables,
    views,
    virtual_tables,
    hostile_table_name,
    undecodable_table_name,
    utf_16,
    two_trackers,
]


# Sources that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", BAD_SOURCES, ids=lambda make: make.__name__)
def test_a_bad_source_is_named_in_one_sentence_and_changes_nothing(
    make: Callable[[Path], Path], any_db: Path, tmp_path: Path
) -> None:
    """What cannot be loaded is refused by name, and neither it nor the report database changes."""
    folder = tmp_path / "given"
    folder.mkdir()
    source = make(folder)
    with unchanged(folder, any_db.parent):
        done = storyreport("ingest", source, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert source.name in done.stderr


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_source_that_is_locked(journal: str, report_db: Path, tmp_path: Path) -> None:
    """A database whose writer lets nobody read it is refused after a moment of patience."""
    source = plant(tmp_path / "given" / "busy.db", journal)
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("pragma locking_mode = exclusive")
        writer.execute("begin exclusive")
        writer.execute("update stories set title = 'half done'")
        with unchanged(report_db.parent):
            done = storyreport("ingest", source, "--db", report_db, cwd=tmp_path)
            assert_one_sentence(done, 1)
    assert "busy.db" in done.stderr
    assert "locked" in done.stderr


def test_a_folder_whose_database_is_locked(tmp_path: Path) -> None:
    """A project is not loaded without its database because that is locked just now."""
    source = plant(tmp_path / "project" / "data" / "pipeline_stories.db")
    output_file(tmp_path / "project")
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("begin exclusive")
        # Its bytes are not looked at here: to close a file gives up this process's locks on it.
        done = storyreport("ingest", tmp_path / "project", cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert "pipeline_stories.db" in done.stderr
    assert not (tmp_path / "storyreport.db").exists()


def test_a_folder_whose_database_is_damaged(any_db: Path, tmp_path: Path) -> None:
    """A project is not loaded without its database because that is damaged."""
    source = plant(tmp_path / "project" / "data" / "pipeline_stories.db")
    output_file(tmp_path / "project")
    source.write_bytes(source.read_bytes()[:8192])
    with unchanged(any_db.parent):
        done = storyreport("ingest", tmp_path / "project", "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "pipeline_stories.db" in done.stderr


@pytest.mark.parametrize("what", ["file", "folder", "file in a folder", "folder in a folder"])
def test_a_source_that_may_not_be_read(
    what: str, any_db: Path, tmp_path: Path, without_rights: tuple[str, ...]
) -> None:
    """What the user may not read is named."""
    project = tmp_path / "project"
    plant(project / "data" / "pipeline_stories.db")
    output_file(project)
    source, closed = {
        "file": (project / "data" / "pipeline_stories.db",) * 2,
        "folder": (project, project),
        "file in a folder": (project, project / "data" / "pipeline_stories.db"),
        "folder in a folder": (project, project / "outputs" / "01_ingest"),
    }[what]
    mode = closed.stat().st_mode
    closed.chmod(0)
    try:
        with unchanged(any_db.parent):
            done = storyreport("ingest", source, "--db", any_db, cwd=tmp_path, prefix=without_rights)
            assert_one_sentence(done, 1)
    finally:
        closed.chmod(mode)
    assert closed.name in done.stderr


def test_one_good_and_one_bad_source(any_db: Path, tmp_path: Path) -> None:
    """The good one is loaded, in either order; stderr names the other, and the exit code says that one is lacking."""
    good = plant(tmp_path / "given" / "good.db")
    bad = empty_file(tmp_path / "given")
    for sources in ((good, bad), (bad, good)):
        with unchanged(tmp_path / "given"):
            done = storyreport("ingest", *sources, "--db", any_db, cwd=tmp_path)
            assert_one_sentence(done, 3, out=done.stdout)
        assert done.stdout.startswith("good: ")
        assert "empty.db" in done.stderr


@with_links
def test_a_link_to_nothing_in_a_folder(report_db: Path, tmp_path: Path) -> None:
    """A dangling link among the outputs is passed over; the output beside it is loaded."""
    output_file(tmp_path / "linked")
    (tmp_path / "linked" / "outputs" / "01_ingest" / "gone.json").symlink_to(tmp_path / "nowhere.json")
    ok("ingest", tmp_path / "linked", "--db", report_db, cwd=tmp_path)
    with closing(sqlite3.connect(report_db)) as connection:
        loaded = connection.execute("select name from artifacts").fetchall()
    assert loaded == [("S9.json",)]


def test_two_sources_of_one_name(any_db: Path, tmp_path: Path) -> None:
    """Two databases whose names would be the same are refused together."""
    first, second = plant(tmp_path / "a" / "twin.db"), plant(tmp_path / "b" / "twin.db")
    with unchanged(any_db.parent):
        done = storyreport("ingest", first, second, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "twin" in done.stderr


def test_the_name_of_a_source_of_another_system(report_db: Path, tmp_path: Path) -> None:
    """The name of a pipeline is not given to a media service."""
    media = plant_media(tmp_path / "movies.db")
    with unchanged(report_db.parent):
        done = storyreport("ingest", media, "--name", "earlier", "--db", report_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "earlier" in done.stderr


def test_a_time_that_is_not_even_text(report_db: Path, tmp_path: Path) -> None:
    """A row whose time is not UTF-8 is rejected, and the others are loaded."""
    source = plant(tmp_path / "bytes.db")
    sql_file(source, "update step_history set timestamp = cast(x'32ff30' as text) where id = 1")
    said = ok("ingest", source, "--db", report_db, cwd=tmp_path)
    assert f": {SOURCE_ROWS} rows read, " in said
    assert " 1 rejected in " in said


def test_strict_with_a_row_that_cannot_be_loaded(any_db: Path, tmp_path: Path) -> None:
    """--strict makes a bad row a failure of the whole source, and says where it is."""
    source = plant(tmp_path / "given" / "strict.db")
    sql_file(source, "update step_history set execution_time_ms = 'soon' where id = 3")
    with unchanged(any_db.parent):
        done = storyreport("ingest", source, "--strict", "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "step_history row 3" in done.stderr
