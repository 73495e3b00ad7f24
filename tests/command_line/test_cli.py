"""The command line as people and scripts meet it: real processes, their exit codes and every word on stderr."""

import contextlib
import csv
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from helpers import ROOT
from helpers.command_line import environment, help_block, help_of_all, ok, readme_parts, storyreport
from helpers.tracker import Tracker

from storyreport import __version__
from storyreport.__main__ import HELP
from storyreport.cli import cli

COMMANDS = ("demo", "doctor", "ingest", "optimize", "prune", "report", "reprice", "serve", "sources")
REPORTS = ("cost", "failure_rates", "orphans", "slowest_steps", "stuck_runs")
# What `plant` puts into the source called "earlier", counted by hand. Only completed executions have a duration.
SLOWEST = {"03_generate": (3, 4000, 3000), "01_ingest": (2, 1200, 700)}
FAILURES = {"03_generate": (3, 2, 1), "01_ingest": (2, 2, 0)}
SOURCE_ROWS = 2 + 5 + 4  # stories, step_history, step_status
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, out: str = "") -> None:
    """It failed with this exit code and one sentence, and printed nothing else but `out`."""
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    assert done.stdout == out
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert lines[0].endswith((".", "?"))
    assert not re.search(r"[.!?] [A-Z]", lines[0]), "more than one sentence"
    assert not CONTROL.search(lines[0])


def state(folder: Path) -> dict[str, str]:
    """Every file below a folder that can be read, and what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(text: str) -> list[dict[str, Any]]:
    """The rows of a report printed as JSON."""
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


# Sources -----------------------------------------------------------------------------------------------------------


def plant(path: Path, journal: str = "delete") -> Path:
    """A small pipeline database: two stories, two steps, one of them failed once and was run again."""
    tracker = Tracker(path, journal)
    for story, ingest_ms, generate_ms in (("S1", 500, 3000), ("S2", 700, 1000)):
        tracker.register(story, f"Story {story}")
        tracker.end(story, "01_ingest", "run-1", ingest_ms)
        if story == "S1":
            tracker.end(story, "03_generate", "run-1", 9000, "failed", "Timeout after 9 s")
        tracker.clock(minutes=5)
        tracker.end(story, "03_generate", "run-2", generate_ms)
    tracker.close()
    return path


def plant_media(path: Path) -> Path:
    """A small database of the media service."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            create table workflows (id text primary key, original_prompt text, current_phase text, status text,
                created_at text, updated_at text);
            create table generated_files (id integer primary key, workflow_id text, file_type text, file_path text);
            insert into workflows values ('w1', 'x', 'done', 'completed', '2026-03-01 10:00:00', '2026-03-01 11:00:00');
        """)
    return path


def sql_file(path: Path, script: str) -> Path:
    """A SQLite file that a script makes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


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


def other_application(folder: Path) -> Path:
    return sql_file(
        folder / "contacts.db",
        "create table people (id integer primary key, name text); create table addresses (person_id, street);"
        "insert into people (name) values ('Ann')",
    )


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


# Fixtures ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report database with the planted source "earlier", to be copied."""
    folder = tmp_path_factory.mktemp("ingested")
    ok("ingest", plant(folder / "earlier.db"), "--db", "report.db", cwd=folder)
    return folder / "report.db"


@pytest.fixture
def report_db(ingested: Path, tmp_path: Path) -> Path:
    """A report database of this test's own, alone in its folder."""
    (tmp_path / "reports").mkdir()
    return Path(shutil.copy(ingested, tmp_path / "reports" / "report.db"))


@pytest.fixture(params=["with a report database", "without one"])
def any_db(request: pytest.FixtureRequest, report_db: Path) -> Path:
    """Where the report database is, or would be."""
    if request.param == "without one":
        report_db.unlink()
    return report_db


@contextlib.contextmanager
def unchanged(*folders: Path) -> Iterator[None]:
    """What happens here leaves these folders byte for byte as they are."""
    before = [state(folder) for folder in folders]
    yield
    assert [state(folder) for folder in folders] == before


@pytest.fixture
def without_rights() -> tuple[str, ...]:
    """What to put before a command so that file permissions hold for it, even where the tests run as root."""
    if os.geteuid() != 0:
        return ()
    # Another user could not read an interpreter below /root; root without these capabilities can.
    if not shutil.which("setpriv"):
        pytest.skip("root without setpriv (util-linux) may read every file")
    dropped = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", "--")


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


# Standard input -----------------------------------------------------------------------------------------------------


STEPS = "step,started_at,duration\ndraft,2026-03-01 10:00:00,90\n"


def locations(folder: Path) -> dict[str, str]:
    """Where each source was read from."""
    listed = rows_of(ok("sources", "--format", "json", cwd=folder))
    return {row["source"]: row["locations"] for row in listed}


def test_standard_input_is_called_so_and_no_file_is(tmp_path: Path) -> None:
    """What is piped in has no place of its own; a file that is called `stdin` has."""
    (tmp_path / "stdin").write_text(STEPS, encoding="utf-8")
    ok("ingest", "stdin", "--as", "steps", "--name", "file", cwd=tmp_path)
    assert storyreport("ingest", "-", "--as", "steps", cwd=tmp_path, typed=STEPS).returncode == 0
    assert locations(tmp_path) == {"file": str(tmp_path / "stdin"), "stdin": "standard input"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Error: Standard input is empty: expected a file of a "),
        ("Dear Sir,\nI write to you\n", "Error: Standard input is not a file of a "),
        ("SQLite format 3\0", "Error: Standard input is damaged"),
    ],
    ids=["nothing", "a letter", "the beginning of a database"],
)
def test_what_is_wrong_with_standard_input(typed: str, said: str, any_db: Path, tmp_path: Path) -> None:
    """What is piped in and cannot be loaded is not called by the name of our file, and has no path to check."""
    (tmp_path / "scratch").mkdir()
    with unchanged(any_db.parent):
        arguments = ("ingest", "-", "--as", "workflow", "--db", any_db)
        done = storyreport(*arguments, cwd=tmp_path, typed=typed, TMPDIR=str(tmp_path / "scratch"))
        assert_one_sentence(done, 1)
    assert done.stderr.startswith(said)
    assert str(tmp_path) not in done.stderr
    assert "check the path" not in done.stderr
    assert list((tmp_path / "scratch").iterdir()) == []


# Wrong usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["report", "slowest_step"], "slowest_steps", id="unknown report"),
        pytest.param(["report", "cost", "-p", "colour=red"], "colour", id="unknown parameter"),
        pytest.param(["report", "cost", "-p", "since=yesterday"], "since", id="no date"),
        pytest.param(["report", "cost", "-p", "since=2026-02-30"], "since", id="no such date"),
        pytest.param(["report", "stuck_runs", "-p", "minutes=many"], "minutes", id="no number"),
        pytest.param(["report", "stuck_runs", "-p", "as_of=soon"], "as_of", id="no time"),
        pytest.param(["report", "cost", "-p", "provider"], "key=value", id="parameter without ="),
        pytest.param(["ingest", "SOURCE", "--as", "teapot"], "teapot", id="unknown system"),
        pytest.param(["ingest", "postgresql://u:secret@h/db", "--as", "teapot"], "teapot", id="unknown system there"),
        pytest.param(["ingest", "postgresql://u:secret@[::1/db"], "PostgreSQL URL", id="no URL"),
        pytest.param(["ingest", ""], "is empty", id="empty source"),
        pytest.param(["ingest", "SOURCE", "--name", "\t"], "name", id="unreadable name"),
        pytest.param(["ingest", "SOURCE", "--timezone", "Mars/Olympus"], "Mars/Olympus", id="unknown timezone"),
        pytest.param(["ingest", "SOURCE", "--timezone", "../../etc/passwd"], "time zone", id="path as timezone"),
        pytest.param(["ingest", "mysql://user:secret@host/db"], "URL", id="URL"),
        pytest.param(["ingest", "SOURCE", "https://user:secret@host/db"], "URL", id="source and URL"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, any_db: Path, tmp_path: Path) -> None:
    """A wrong call exits with 2 and says what is wrong with it, without repeating a password."""
    plant(tmp_path / "SOURCE")
    with unchanged(any_db.parent):
        done = storyreport(*arguments, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 2)
    assert said in done.stderr
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("url", ["postgresql://user:secret@127.0.0.1:1/db", "postgres://127.0.0.1:1/?password=secret"])
def test_a_server_that_does_not_answer(url: str, any_db: Path, tmp_path: Path) -> None:
    """A server that cannot be reached is said without its password, and nothing is changed."""
    with unchanged(any_db.parent):
        done = storyreport("ingest", url, "--db", any_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest"],
        ["teapot"],
        ["serve", "--port", "eighty"],
        ["serve", "--port", "70000"],
        ["report", "cost", "--format", "xml"],
        ["sources", "--colour"],
        ["sources", "--db", "."],
    ],
    ids=" ".join,
)
def test_what_click_refuses(arguments: list[str], tmp_path: Path) -> None:
    """Unknown commands, options and choices exit with 2 and create nothing."""
    with unchanged(tmp_path):
        done = storyreport(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("Error: ")] == [done.stderr.splitlines()[-1]]


# Report databases that are none ------------------------------------------------------------------------------------


ANY_COMMAND = (["ingest", "good.db"], ["reprice"], ["report", "cost"], ["sources"], ["serve", "--port", "0"])


def newer(path: Path) -> None:
    sql_file(
        path,
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('storyreport', '9999_future', '2099-01-01')",
    )


def of_another_application(path: Path) -> None:
    path.unlink()
    other_application(path.parent).rename(path)


def text(path: Path) -> None:
    path.write_text("These are my notes. " * 100, encoding="utf-8")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 4096 * 20])


def noise(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + random.Random(3).randbytes(len(content) - 100))


@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
@pytest.mark.parametrize("spoil", [newer, of_another_application, text, cut, noise], ids=lambda spoil: spoil.__name__)
def test_a_report_database_that_is_none(
    spoil: Callable[[Path], None], arguments: list[str], report_db: Path, tmp_path: Path
) -> None:
    """What is no report database of this version is refused by every command and left as it is."""
    plant(tmp_path / "good.db")
    spoil(report_db)
    with unchanged(report_db.parent):
        done = storyreport(*arguments, "--db", report_db, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "report.db" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["reprice"], ["report", "cost"], ["sources"], ["serve", "--port", "0"]], ids=" ".join
)
def test_no_report_database(arguments: list[str], tmp_path: Path) -> None:
    """Where nothing was ingested, a reader says so and creates nothing."""
    with unchanged(tmp_path):
        done = storyreport(*arguments, cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "storyreport.db" in done.stderr
    assert "ingest" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has none")
def test_a_report_database_that_is_no_file(tmp_path: Path) -> None:
    """A pipe or a device is left where it is."""
    plant(tmp_path / "good.db")
    os.mkfifo(tmp_path / "pipe")
    done = storyreport("ingest", tmp_path / "good.db", "--db", tmp_path / "pipe", cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("arguments", ANY_COMMAND, ids=" ".join)
def test_a_report_database_in_no_folder(arguments: list[str], tmp_path: Path) -> None:
    """A folder that does not exist is named, not made."""
    plant(tmp_path / "good.db")
    with unchanged(tmp_path):
        done = storyreport(*arguments, "--db", tmp_path / "no" / "folder" / "r.db", cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "folder" in done.stderr
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_report_database_that_may_not_be_written(
    what: str, report_db: Path, tmp_path: Path, without_rights: tuple[str, ...]
) -> None:
    """A report database that the user may only read is named."""
    source = plant(tmp_path / "good.db")
    closed = report_db if what == "file" else report_db.parent
    mode = closed.stat().st_mode
    closed.chmod(mode & 0o555)
    try:
        with unchanged(report_db.parent):
            done = storyreport("ingest", source, "--db", report_db, cwd=tmp_path, prefix=without_rights)
            assert_one_sentence(done, 1)
    finally:
        closed.chmod(mode)
    assert "report.db" in done.stderr


def test_reading_leaves_nothing_beside_the_report_database(report_db: Path, tmp_path: Path) -> None:
    """A report leaves the report database and its folder as they were."""
    with unchanged(report_db.parent):
        ok("report", "slowest_steps", "--db", report_db, cwd=tmp_path)
        ok("sources", "--db", report_db, cwd=tmp_path)


# Help --------------------------------------------------------------------------------------------------------------


def test_the_stored_help_is_current() -> None:
    """It equals the help that the command line builds; `python -m docs.generate` writes it."""
    assert Path(HELP).read_text(encoding="utf-8") == help_of_all()
    assert ok("--help", cwd=ROOT) == help_of_all()


def test_readme_shows_the_help_texts() -> None:
    """README.md has the help texts of the commands; `python -m docs.generate` writes them."""
    assert readme_parts()[1] == help_block()


def test_every_command_and_option_has_a_help_text() -> None:
    """Nothing that can be typed is left unexplained."""
    assert sorted(cli.commands) == sorted(COMMANDS)
    for command in (cli, *cli.commands.values()):
        assert command.help, command.name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (command.name, parameter.name)
                assert parameter.help.endswith((".", "].")), (command.name, parameter.name)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(command: str, option: str, tmp_path: Path) -> None:
    """Every command explains itself and does nothing else."""
    with unchanged(tmp_path):
        assert ok(command, option, cwd=tmp_path).startswith(f"Usage: storyreport {command} ")


@pytest.mark.parametrize("more", [[], ["--help"]])
def test_version(more: list[str], tmp_path: Path) -> None:
    """The version is that of the package, by the short way and by click's."""
    assert ok("--version", *more, cwd=tmp_path) == f"storyreport {__version__}\n"


# What works --------------------------------------------------------------------------------------------------------


def test_ingest_says_one_line_for_each_source(tmp_path: Path) -> None:
    """Each source has its line with what was read and written; stderr stays quiet where it is no terminal."""
    first, second = plant(tmp_path / "first.db"), plant_media(tmp_path / "second.db")
    lines = ok("ingest", first, second, cwd=tmp_path).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["first", "second"]
    assert f": {SOURCE_ROWS} rows read, " in lines[0]
    assert ": 1 rows read, " in lines[1]
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


def read_table(text: str) -> list[dict[str, str]]:
    """The rows of an aligned table whose cells are all filled."""
    header, _, *lines = text.splitlines()
    columns = header.split()
    return [dict(zip(columns, re.split(r"\s{2,}", line.strip()), strict=True)) for line in lines]


READERS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "json": rows_of,
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    "table": lambda text: list(read_table(text)),
}


@pytest.mark.parametrize("form", READERS)
def test_a_report_in_each_format(form: str, report_db: Path, tmp_path: Path) -> None:
    """JSON, CSV and table hold the planted numbers."""
    read = READERS[form]
    slowest = read(ok("report", "slowest_steps", "--format", form, "--db", report_db, cwd=tmp_path))
    assert {
        row["step"]: (int(row["executions"]), int(row["total_ms"]), int(row["max_ms"])) for row in slowest
    } == SLOWEST
    assert [row["step"] for row in slowest] == ["03_generate", "01_ingest"]
    failures = read(ok("report", "failure_rates", "--format", form, "--db", report_db, cwd=tmp_path))
    assert {
        row["step"]: (int(row["executions"]), int(row["completed"]), int(row["failed"])) for row in failures
    } == FAILURES
    assert [float(row["failure_pct"]) for row in failures] == [33.33, 0]


@pytest.mark.parametrize(("form", "empty"), [("json", "[]"), ("table", "No rows.")])
def test_a_report_without_rows(form: str, empty: str, report_db: Path, tmp_path: Path) -> None:
    """A report of nothing says so; a parameter narrows it down."""
    said = ok("report", "slowest_steps", "-p", "since=2026-03-11", "--format", form, "--db", report_db, cwd=tmp_path)
    assert said.strip() == empty


def test_a_value_may_hold_an_equals_sign(report_db: Path, tmp_path: Path) -> None:
    """Only the first = parts a parameter's name from its value."""
    renamed = plant(tmp_path / "a=b.db")
    ok("ingest", renamed, "--db", report_db, cwd=tmp_path)
    said = ok("report", "slowest_steps", "-p", "source=a=b", "--format", "json", "--db", report_db, cwd=tmp_path)
    assert {row["source"] for row in rows_of(said)} == {"a=b"}


def test_a_table_obeys_no_terminal_codes(report_db: Path, tmp_path: Path) -> None:
    """Control characters of a hostile step name do not reach the terminal, and do not break the table's lines."""
    hostile = "09_\x1b[2J\x9b31m\x07\r\nred\x7f\x00"
    with closing(sqlite3.connect(report_db)) as connection:
        connection.execute("update rollup_steps set family = ? where family = '01_ingest'", [hostile])
        connection.commit()
    said = ok("report", "failure_rates", "--db", report_db, cwd=tmp_path)
    assert not CONTROL.search(said)
    assert len(said.splitlines()) == 2 + len(FAILURES)
    assert "red" in said
    exact = rows_of(ok("report", "failure_rates", "--format", "json", "--db", report_db, cwd=tmp_path))
    assert {row["step"] for row in exact} == {"03_generate", hostile}


def test_a_hostile_source_name_reaches_no_terminal(tmp_path: Path) -> None:
    """What ingest says of a source whose file name holds terminal codes is one harmless line."""
    source = plant(tmp_path / "evil\x1b[2J\nred.db")
    said = ok("ingest", source, cwd=tmp_path)
    assert len(said.splitlines()) == 1
    assert not CONTROL.search(said)


def test_report_without_a_name_lists_all_reports(tmp_path: Path) -> None:
    """The catalogue is the files of queries/, and needs no report database."""
    listed = rows_of(ok("report", "--format", "json", cwd=tmp_path))
    assert sorted(row["report"] for row in listed) == sorted(path.stem for path in (ROOT / "queries").glob("*.sql"))
    assert set(REPORTS) <= {row["report"] for row in listed}
    assert all(row["title"] and row["topic"] for row in listed)
    said = ok("report", cwd=tmp_path)
    assert all(name in said for name in REPORTS)
    assert list(tmp_path.iterdir()) == []


def with_reports(folder: Path, **written: str) -> str:
    """Install storyreport into a folder, with these reports: what to set PYTHONPATH to."""
    package = folder / "storyreport"
    shutil.copytree(Path(HELP).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "bundle" / "queries").mkdir(parents=True)
    for name, sql in written.items():
        header = f"/*\ntitle: {name}\ndescription: What is tried.\ntopic: Steps\n*/\n"
        (package / "bundle" / "queries" / f"{name}.sql").write_text(header + sql, encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select name from storys", "no such table: storys"),
        ("select name from stories", "no such column: name"),
        ("select title frm stories", 'near "stories": syntax error'),
        ("with recursive n as (select 1 as i union all select abs(-9223372036854775808)) select i from n", "overflow"),
    ],
    ids=["no table", "no column", "no SQL", "no number"],
)
def test_a_report_with_a_mistake_in_its_sql(sql: str, said: str, report_db: Path, tmp_path: Path) -> None:
    """A report that SQLite cannot read is named with what is wrong; the others are not affected."""
    installed = with_reports(tmp_path / "site", mine=sql, sound="select title from stories")
    with unchanged(report_db.parent):
        done = storyreport("report", "mine", "--db", report_db, cwd=tmp_path, PYTHONPATH=installed)
        assert_one_sentence(done, 1)
    assert re.match(r"Error: (\S+mine\.sql:6: its SELECT cannot be run|mine cannot be read)", done.stderr)
    assert said in done.stderr
    assert "Story S1" in ok("report", "sound", "--db", report_db, cwd=tmp_path, PYTHONPATH=installed)


def test_ctrl_c_ends_a_report(report_db: Path, tmp_path: Path) -> None:
    """A report that takes too long is ended by Ctrl-C, and not said to be a mistake."""
    endless = "with recursive n as (select 1 as i union all select i + 1 from n) select count(*) as many from n"
    installed = with_reports(tmp_path / "site", endless=endless)
    command = [sys.executable, "-m", "storyreport", "report", "endless", "--db", str(report_db)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(PYTHONPATH=installed), stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            # Its log is there when it is open.
            while not report_db.with_name("report.db-shm").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 1
    assert said.strip() == "Aborted!"


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


def test_demo_fills_every_report(tmp_path: Path) -> None:
    """The demo's database lies in its folder and answers every question with rows."""
    said = ok("demo", "tour", "--no-serve", cwd=tmp_path)
    assert "storyreport serve --db" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tour"]
    for name in REPORTS:
        rows = rows_of(ok("report", name, "--format", "json", "--db", "tour/storyreport.db", cwd=tmp_path))
        assert rows, name
    assert ok("demo", "tour", "--no-serve", cwd=tmp_path), "a second demo replaces the first"


def test_demo_does_not_touch_what_is_not_its_own(tmp_path: Path) -> None:
    """A file of somebody else's that is in the demo's way stays."""
    plant_media(tmp_path / "moviemaker.db")
    with unchanged(tmp_path):
        done = storyreport("demo", ".", "--no-serve", cwd=tmp_path)
        assert_one_sentence(done, 1)
    assert "moviemaker.db" in done.stderr


# Serving -----------------------------------------------------------------------------------------------------------


def test_serve_on_a_port_that_is_taken(report_db: Path, tmp_path: Path) -> None:
    """A port that another program listens on is named."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = storyreport("serve", "--port", port, "--db", report_db, cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert str(port) in done.stderr


def test_serve_on_a_host_that_is_none(report_db: Path, tmp_path: Path) -> None:
    """An address that is not this machine's is named."""
    done = storyreport("serve", "--host", "192.0.2.1", "--port", 0, "--db", report_db, cwd=tmp_path)
    assert_one_sentence(done, 1)
    assert "192.0.2.1" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_serve_answers_and_stops(number: signal.Signals, report_db: Path, tmp_path: Path) -> None:
    """The server says where it is, answers there, and stops in order when it is told to."""
    command = [sys.executable, "-m", "storyreport", "serve", "--port", "0", "--db", str(report_db)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            assert server.stderr is not None
            first = server.stderr.readline()
            match = re.search(r"http://127\.0\.0\.1:\d+/", first)
            assert match, first
            for address in ("", "storyreport/slowest_steps.json?_shape=objects"):
                with urllib.request.urlopen(match[0] + address, timeout=30) as response:
                    assert response.status == 200
                    body = response.read()
            steps = {
                row["step"]: (row["executions"], row["total_ms"], row["max_ms"]) for row in json.loads(body)["rows"]
            }
            assert steps == SLOWEST
            server.send_signal(number)
            _, rest = server.communicate(timeout=30)
        finally:
            server.kill()
    allowed = (0, 130) if number is signal.SIGINT else (0, 143, -number)
    assert server.returncode in allowed
    assert "Traceback" not in rest
