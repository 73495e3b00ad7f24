"""While a source keeps an ingest waiting, others write the report database; older rows never replace newer ones."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import adventure, postgres, stalling
from helpers.command_line import environment, ok
from helpers.platforms import on_posix
from helpers.report_database import ReportDatabase

from storyreport import ahead as waits
from storyreport.ingest import ingest, requests_for

STORIES = """create table stories (id integer primary key, title text, session_id text, created_at timestamp)"""
JOBS = """create table story_jobs (id integer primary key, job_id text, session_id text, theme text, status text,
    story_id integer, error text, created_at timestamp, completed_at timestamp)"""
NODES = """create table story_nodes (id integer primary key, story_id integer, content text, is_root boolean,
    is_ending boolean, is_winning_ending boolean, options json)"""
FILL = "insert into stories select n, repeat('x', 400), 's', '2026-07-01' from generate_series(1, {}) as n"


@pytest.fixture
def games_server(server: str) -> str:
    """A service's database with a job that is done and one that is at work."""
    url = postgres.new_database(server, "waiting")
    postgres.execute(
        url,
        STORIES,
        JOBS,
        NODES,
        FILL.format(2),
        """insert into story_jobs values
            (1, 'j1', 's', 'sea', 'completed', 1, null, '2026-07-01 10:00', '2026-07-01 10:01'),
            (2, 'j2', 's', 'sky', 'processing', null, null, '2026-07-01 11:00', null)""",
    )
    return url


@contextlib.contextmanager
def waiting(*arguments: object, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An ingest that does not end by itself."""
    command = [sys.executable, "-m", "storyreport", "ingest", *map(str, arguments)]
    with subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def loads_another(folder: Path) -> None:
    """Another source is loaded into the same database, without a wait for its lock."""
    source = folder / "others.db"
    if not source.exists():
        adventure.write(source)
    assert "rows read" in ok("ingest", source, "--full", "--wait", 0, cwd=folder)


@pytest.mark.parametrize("is_known", [False, True], ids=["new database", "known database"])
def test_a_stalled_server(games_server: str, tmp_path: Path, is_known: bool) -> None:
    """It keeps nobody else waiting, whether the report database is there already or not."""
    postgres.execute(games_server, "truncate stories", FILL.format(40_000))
    if is_known:
        loads_another(tmp_path)
    with stalling.stalling(games_server, 2_000_000) as url, waiting(url, folder=tmp_path) as process:
        time.sleep(5)
        loads_another(tmp_path)
        assert process.poll() is None


@on_posix
def test_a_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    """It is read to its end before the lock is taken."""
    os.mkfifo(tmp_path / "calls.jsonl")
    with waiting("calls.jsonl", "--as", "steps", folder=tmp_path) as process:
        time.sleep(2)
        loads_another(tmp_path)
        assert process.poll() is None


def test_a_file_that_its_writer_locks(
    db: ReportDatabase, games: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for a file with a rollback journal is over before the report database is locked."""
    locked: list[bool] = []
    copy = vars(waits)["copy_locked"]

    def look(*arguments: object) -> Any:
        with contextlib.closing(sqlite3.connect(db.path, timeout=0, isolation_level=None)) as other:
            other.execute("begin immediate")
            locked.append(True)
        return copy(*arguments)

    monkeypatch.setattr(waits, "copy_locked", look)
    assert db.ingest(games).counts.inserted > 0
    adventure_rows = db.one("select count(*) from stories")
    assert locked == [True]
    db.ingest(games)
    assert locked == [True], "nothing is copied where nothing has changed"
    assert db.one("select count(*) from stories") == adventure_rows


def meanwhile(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> list[int]:
    """Do something once between the reading of a source and the lock; the result counts the readings."""
    readings: list[int] = []
    read = vars(waits)["read_ahead"]

    def and_then(*arguments: object) -> Any:
        ahead = read(*arguments)
        readings.append(1)
        if len(readings) == 1:
            do()
        return ahead

    monkeypatch.setattr("storyreport.ingest.read_ahead", and_then)
    return readings


def test_a_server_that_another_ingest_reads_meanwhile(
    db: ReportDatabase, games_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older never replaces what is newer: the server is read again."""
    db.ingest(games_server, name="games")
    assert db.one("select status from runs where source_key = 'j2'") == "running"
    finished = "update story_jobs set status = 'completed', completed_at = '2026-07-01 11:09' where id = 2"

    def finish() -> None:
        postgres.execute(games_server, finished)
        ok("ingest", games_server, "--name", "games", "--db", db.path, cwd=tmp_path)

    readings = meanwhile(monkeypatch, finish)
    db.ingest(games_server, name="games")
    assert len(readings) == 2
    assert db.one("select status from runs where source_key = 'j2'") == "completed"


def test_a_server_whose_rows_are_deleted(db: ReportDatabase, games_server: str) -> None:
    """What was staged since the last time does not show it, so that all is read."""
    db.ingest(games_server, name="games")
    postgres.execute(games_server, "delete from story_jobs where id = 1")
    assert db.ingest(games_server, name="games").counts.gone > 0
    assert db.one("select count(*) from runs where source_key = 'j1' and gone_at is not null") == 1


def test_a_copy_that_another_ingest_overtakes(
    db: ReportDatabase, games: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changed, and was loaded, after it was copied is copied again."""
    db.ingest(games, name="games")

    def change() -> None:
        with contextlib.closing(sqlite3.connect(games)) as source, source:
            source.execute("update stories set title = 'Newest'")
        ok("ingest", games, "--name", "games", "--db", db.path, cwd=tmp_path)

    meanwhile(monkeypatch, change)
    ingest(db.path, requests_for([games], "games", None, full=True)[0])
    assert db.one("select count(*) from stories where title is not 'Newest'") == 0
