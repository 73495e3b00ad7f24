"""A process that closes a file loses all its locks on it: what has a database open never looks at its files."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

from helpers.platforms import on_posix
from helpers.report_database import change, laid_out
from helpers.serving import Served, fill

from storyreport.evidence import states

pytestmark = on_posix

BEGIN = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute("begin immediate")
"""
# The bytes that every reader locks (https://sqlite.org/src/file/src/os.h, SHARED_FIRST and SHARED_SIZE).
LOCK = """
import fcntl, sys
fcntl.lockf(open(sys.argv[1], "r+b"), fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
"""


def last_words(program: str, path: Path) -> list[str]:
    """What another process says at last that tries to lock a database; nothing if it could."""
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, encoding="utf-8", check=False)
    return done.stderr.splitlines()[-1:]


def test_a_writer_stays_alone(tmp_path: Path) -> None:
    """The evidence of a folder and of a file is taken while this process writes a database with a log there."""
    path = tmp_path / "report.db"
    path.write_bytes(laid_out())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("begin immediate")
        seen = [*states(str(tmp_path)), *states(str(path))]
        assert last_words(BEGIN, path) == ["sqlite3.OperationalError: database is locked"]
        connection.execute("insert into sources (name, system, created_at) values ('a', 'steps', '2025-03-01')")
        connection.execute("commit")
        assert {state.seen for state in states(str(tmp_path))} != {state.seen for state in seen}


def test_a_server_keeps_its_readers_locks(tmp_path: Path) -> None:
    """Pages that are kept until the database changes are as they were, and new once it has changed."""
    path = tmp_path / "storyreport.db"
    fill(path)
    served = Served(path)
    try:
        pages = [served.get("/").text for _ in range(2)]
        assert "alpha" in pages[1]
        assert last_words(LOCK, path) == ["BlockingIOError: [Errno 11] Resource temporarily unavailable"]
        change(path, "update sources set name = 'renamed' where name = 'alpha'")
        assert "renamed" in served.get("/").text
    finally:
        served.close()
