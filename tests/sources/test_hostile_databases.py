"""SQLite files whose schema would make us compute, whose names are not UTF-8, or that are damaged."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers import adventure
from helpers.command_line import ok, storyreport
from helpers.report_database import change

TRACKER = """
create table stories (
    id integer primary key, story_id text, source text, created_at text, updated_at text);
create table step_status (
    id integer primary key, story_id text not null, step_name text not null, status text not null, run_id text,
    error_message text, acceptance_passed integer, acceptance_details text, started_at text, completed_at text,
    created_at text);
create table step_history (
    id integer primary key, story_id text not null, step_name text not null, run_id text not null, status text not null,
    execution_time_ms integer, timestamp text);
insert into stories (id, story_id) values (1, 'S1');
insert into step_history (id, story_id, step_name, run_id, status, execution_time_ms, timestamp)
values (1, 'S1', 'draft', 'R1', 'completed', 5, '2026-11-01T10:00:00Z')
"""
# Each takes minutes, or gigabytes, for one row.
HOSTILE = (
    "text as (instr(zeroblob(2000000), zeroblob(1000000) || x'01'))",
    "text as (printf('%.*c', 900000000, 'x'))",
    "text as (hex(zeroblob(400000000)))",
    "text as (replace(hex(zeroblob(100000)), '0', hex(zeroblob(5000))))",
    "text as (zeroblob(1000000) like '%' || printf('%.*c', 20000, '_') || '%a')",
)


def tracker(path: Path, *more: tuple[str, str], title: str = "text", error: str = "text") -> Path:
    """A story pipeline's database with such columns."""
    change(path, *TRACKER.split(";"))
    # To insert a row computes them, too.
    with closing(sqlite3.connect(path)) as connection:
        for table, column in [("stories", f"title {title}"), ("step_history", f"error_message {error}"), *more]:
            connection.execute(f"alter table {table} add column {column}")
    return path


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query on the report database."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("column", HOSTILE)
@pytest.mark.parametrize("place", ["title", "error"])
def test_a_column_that_computes_for_ever_is_not_read(tmp_path: Path, column: str, place: str) -> None:
    """The rest of the row is loaded, at once."""
    source = tracker(tmp_path / "studio.db", **{place: column})
    ok("ingest", source, cwd=tmp_path)
    loaded = "select title, error_message from stories join step_runs on story_id = stories.id"
    assert rows(tmp_path / "storyreport.db", loaded) == [(None, None)]


def test_a_cheap_generated_column_is_read(tmp_path: Path) -> None:
    """One that calls what takes no longer than reading the value."""
    source = tracker(tmp_path / "studio.db", title="text as (upper(source))")
    change(source, "update stories set source = 'fox'")
    ok("ingest", source, cwd=tmp_path)
    assert rows(tmp_path / "storyreport.db", "select title from stories") == [("FOX",)]


def chains() -> Iterator[str]:
    """Columns each of which is twice as long as the one before."""
    yield "a0 text as (story_id || story_id)"
    for number in range(40):
        yield f"a{number + 1} text as (a{number} || a{number})"


def test_a_chain_of_doubling_columns_is_not_read(tmp_path: Path) -> None:
    """2 to the 41st characters."""
    source = tmp_path / "studio.db"
    tracker(source, *(("stories", column) for column in chains()))
    change(source, "alter table stories drop column title")
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("alter table stories add column title text as (a40)")
    ok("ingest", source, cwd=tmp_path)
    assert rows(tmp_path / "storyreport.db", "select title from stories") == [(None,)]


@pytest.mark.parametrize("old", [b"story_nodes", b"stories (", b"is_ending"])
def test_a_schema_that_is_not_utf8_is_a_sentence(tmp_path: Path, old: bytes) -> None:
    """SQLite quotes the broken name in its message, which Python then cannot decode."""
    source = adventure.write(tmp_path / "games.db")
    content = source.read_bytes()
    assert old in content
    source.write_bytes(content.replace(old, b"\xc1\xff(" + old[3:]))
    done = storyreport("ingest", source, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"Error: {source} ")
    assert "Traceback" not in done.stderr


def damaged(source: Path, how: str) -> None:
    """Damage a database in which rows were deleted."""
    content = bytearray(source.read_bytes())
    page = 4096
    if how == "schema":
        # The place of the first cell of the schema's page: it is out of the page's content.
        content[108:110] = (110).to_bytes(2, "big")
    elif how == "freelist":
        content[36:40] = (7).to_bytes(4, "big")
    else:
        # The first free block of the first table's page leads out of the page.
        content[page + 1 : page + 3] = (4094).to_bytes(2, "big")
    source.write_bytes(content)


@pytest.mark.parametrize("how", ["freelist", "table"])
def test_a_damaged_source_marks_no_row_as_deleted(tmp_path: Path, how: str) -> None:
    """It is refused, and the report database stays as it was."""
    source = adventure.write(tmp_path / "games.db")
    ok("ingest", source, cwd=tmp_path)
    change(source, "delete from stories where id = 2", "delete from story_jobs where id = 3")
    damaged(source, how)
    with closing(sqlite3.connect(source)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() != [("ok",)]
    done = storyreport("ingest", source, cwd=tmp_path)
    assert done.returncode == 1
    assert f"{source} is damaged" in done.stderr
    assert rows(tmp_path / "storyreport.db", "select count(*) from stories where gone_at is not null") == [(0,)]


def test_an_undamaged_source_marks_its_deleted_rows(tmp_path: Path) -> None:
    """A CHECK that no row meets is no damage."""
    source = adventure.write(tmp_path / "games.db")
    change(source, "create table notes (id integer primary key, text text check (text <> 'a'))")
    change(source, "pragma ignore_check_constraints = on", "insert into notes values (1, 'a')")
    ok("ingest", source, cwd=tmp_path)
    change(source, "delete from stories where id = 2")
    ok("ingest", source, cwd=tmp_path)
    assert rows(tmp_path / "storyreport.db", "select count(*) from stories where gone_at is not null") == [(1,)]


def test_very_deep_folders_are_walked(tmp_path: Path) -> None:
    """Deeper than Python recurses."""
    (tmp_path / "out" / "images").mkdir(parents=True)
    (tmp_path / "out" / "audio").mkdir()
    (tmp_path / "out" / "images" / "a.png").write_bytes(b"x")
    # Python's own functions to make and to delete them recurse, too.
    deep = "/".join("d" * (sys.getrecursionlimit() + 100))
    subprocess.run(["mkdir", "-p", tmp_path / "out" / "images" / deep], check=True)
    try:
        ok("ingest", tmp_path / "out", cwd=tmp_path)
        assert rows(tmp_path / "storyreport.db", "select count(*) from artifacts") == [(1,)]
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "out"], check=True)
