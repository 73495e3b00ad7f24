"""A PostgreSQL behind a link that stops forwarding, and another command that holds the report database."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import adventure, postgres
from helpers.command_line import environment, ok, storyreport
from helpers.platforms import on_posix
from helpers.stalling import stalling

ROWS = 40_000


@pytest.fixture(scope="module")
def full(server: str) -> str:
    """A database that is some megabytes."""
    url = postgres.new_database(server, "silent")
    postgres.execute(
        url,
        """create table stories (id integer primary key, title text, session_id text, created_at timestamp)""",
        """create table story_jobs (id integer primary key, job_id text, session_id text, theme text, status text,
            story_id integer, error text, created_at timestamp, completed_at timestamp)""",
        """create table story_nodes (id integer primary key, story_id integer, content text, is_root boolean,
            is_ending boolean, is_winning_ending boolean, options json)""",
        f"""insert into stories select n, repeat('x', 400), 's', '2026-07-01' from generate_series(1, {ROWS}) as n""",
    )
    return url


def test_a_link_that_stalls_is_a_sentence(full: str, tmp_path: Path) -> None:
    """After as long as --wait says; the report database is not written."""
    with stalling(full, 2_000_000) as url:
        begun = time.monotonic()
        done = storyreport("ingest", url, "--wait", 2, cwd=tmp_path)
    assert done.returncode == 1
    assert "the server has sent nothing for 2 seconds" in done.stderr
    assert done.stderr.count("\n") == 1
    assert time.monotonic() - begun < 20


@on_posix
def test_ctrl_c_ends_a_stalled_ingest_at_once(full: str, tmp_path: Path) -> None:
    """The server is not asked to cancel: it would not answer."""
    with stalling(full, 2_000_000) as url:
        command = [sys.executable, "-m", "storyreport", "ingest", url]
        with subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE) as process:
            time.sleep(5)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert process.returncode != 0


def test_another_writer_is_waited_for_aloud(tmp_path: Path) -> None:
    """For as long as --wait says, and then the sentence names the file."""
    source = adventure.write(tmp_path / "games.db")
    ok("ingest", source, cwd=tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "storyreport.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        done = storyreport("ingest", source, "--full", "--wait", 2, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "waiting for another command that writes storyreport.db (Ctrl-C stops it)",
        "Error: storyreport.db is being written by another command: try again when it has finished, or give a longer"
        " --wait.",
    ]
    assert "rows read" in ok("ingest", source, "--full", "--wait", 0, cwd=tmp_path)
