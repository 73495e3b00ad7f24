"""Backups of the report database: made while it is used, checked, private, and put back."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers import adventure
from helpers.command_line import loaded, ok, storyreport
from helpers.report_database import change


@pytest.fixture
def report_db(tmp_path: Path) -> Path:
    """A report database with the two stories of a source."""
    loaded(adventure.write(tmp_path / "games.db"), cwd=tmp_path)
    return tmp_path / "storyreport.db"


def titles(path: Path) -> list[str]:
    """The titles of the stories in a report database."""
    with closing(sqlite3.connect(path)) as connection:
        return [title for (title,) in connection.execute("select title from stories order by title")]


def test_the_report_database_is_private(tmp_path: Path) -> None:
    """Nobody else may read what is ingested."""
    ok("ingest", adventure.write(tmp_path / "games.db"), "--db", "new.db", cwd=tmp_path)
    assert os.name != "posix" or (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_while_another_command_writes(report_db: Path, tmp_path: Path) -> None:
    """It has what was committed, and is private."""
    with closing(sqlite3.connect(report_db, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("update stories set title = 'half done'")
        said = ok("backup", "copy.db", cwd=tmp_path)
        writer.execute("rollback")
    assert said.startswith("copy.db: ")
    assert said.endswith(" MB, checked\n")
    copy = tmp_path / "copy.db"
    assert titles(copy) == ["The Fox", "The Owl"]
    assert os.name != "posix" or copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == ["copy.db"]


def test_a_backup_overwrites_nothing(report_db: Path, tmp_path: Path) -> None:
    """The file stays as it was."""
    (tmp_path / "copy.db").write_text("mine")
    done = storyreport("backup", "copy.db", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "Error: copy.db exists: choose a new name for the copy, or delete it first.\n",
    )
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_what_a_killed_backup_left_is_no_hindrance(report_db: Path, tmp_path: Path) -> None:
    """Neither for the next backup nor for a restore."""
    for left in ("copy.db.part", "storyreport.db.restoring.part"):
        (tmp_path / left).write_bytes(b"half a copy")
        (tmp_path / left).chmod(0o666)
    ok("backup", "copy.db", cwd=tmp_path)
    assert os.name != "posix" or (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert titles(tmp_path / "copy.db") == titles(report_db)
    ok("restore", "copy.db", cwd=tmp_path)
    assert not list(tmp_path.glob("*.part"))


def test_restore_keeps_what_was_there(report_db: Path, tmp_path: Path) -> None:
    """Under a name that it says."""
    ok("backup", "copy.db", cwd=tmp_path)
    change(report_db, "update stories set title = 'Another' where title = 'The Fox'")
    said = ok("restore", "copy.db", cwd=tmp_path)
    first, second = said.splitlines()
    assert first.startswith("storyreport.db: ")
    assert first.endswith(" rows restored from copy.db")
    kept = tmp_path / second.removeprefix("what was there before is kept as ")
    assert titles(report_db) == ["The Fox", "The Owl"]
    assert titles(kept) == ["Another", "The Owl"]
    assert os.name != "posix" or report_db.stat().st_mode & 0o777 == 0o600
    assert ok("doctor", cwd=tmp_path) == "all is well\n"


def test_restore_where_nothing_is(report_db: Path, tmp_path: Path) -> None:
    """A lost database comes back."""
    ok("backup", "copy.db", cwd=tmp_path)
    report_db.unlink()
    assert len(ok("restore", "copy.db", cwd=tmp_path).splitlines()) == 1
    assert titles(report_db) == ["The Fox", "The Owl"]


def test_a_backup_that_does_not_exist(report_db: Path, tmp_path: Path) -> None:
    done = storyreport("restore", "copy.db", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Error: copy.db does not exist: name a file that `storyreport backup` wrote.\n"
    assert titles(report_db)


def test_a_damaged_backup_is_not_restored(report_db: Path, tmp_path: Path) -> None:
    """The database stays, and nothing is left beside it."""
    ok("backup", "copy.db", cwd=tmp_path)
    content = bytearray((tmp_path / "copy.db").read_bytes())
    content[36:40] = (7).to_bytes(4, "big")  # free pages that are not there
    (tmp_path / "copy.db").write_bytes(content)
    before = {path.name for path in tmp_path.iterdir()}
    done = storyreport("restore", "copy.db", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: copy.db is damaged (")
    assert {path.name for path in tmp_path.iterdir()} - {"storyreport.db-shm", "storyreport.db-wal"} == before - {
        "storyreport.db-shm",
        "storyreport.db-wal",
    }
    assert titles(report_db) == ["The Fox", "The Owl"]


def test_restore_waits_for_no_writer(report_db: Path, tmp_path: Path) -> None:
    """A database that is being written to is not taken away from its writer."""
    ok("backup", "copy.db", cwd=tmp_path)
    with closing(sqlite3.connect(report_db, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        done = storyreport("restore", "copy.db", cwd=tmp_path)
        writer.execute("rollback")
    assert done.returncode == 1
    assert "storyreport.db is in use" in done.stderr
    assert titles(report_db) == ["The Fox", "The Owl"]
