"""A damaged source: one sentence, nothing is marked as deleted, and the report database stays as it was."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport.errors import StoryreportError


def hide_a_row(path: Path, table: str) -> None:
    """Let the table's page count one row less than it has: no read of it fails."""
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("select rootpage from sqlite_master where name = ?", [table]).fetchone()
        (page_bytes,) = connection.execute("pragma page_size").fetchone()
        connection.execute("pragma wal_checkpoint(truncate)")
    content = bytearray(path.read_bytes())
    # A page's header: one byte of its kind, two of free space, two of the number of cells.
    at = (root - 1) * page_bytes + 3
    content[at : at + 2] = (int.from_bytes(content[at : at + 2], "big") - 1).to_bytes(2, "big")
    path.write_bytes(content)


def planted(tracker: Tracker) -> Path:
    """A tracker with three stories, each with a step."""
    for story in ("S1", "S2", "S3"):
        tracker.register(story)
        tracker.end(story, "01_ingest", f"run-{story}", 100)
    return tracker.path


@pytest.mark.parametrize("table", ["stories", "step_history"])
def test_rows_that_a_damaged_file_hides_are_not_deleted(db: ReportDatabase, tracker: Tracker, table: str) -> None:
    """SQLite reads the file without an error, but a check finds it; a sound file that lacks the rows deletes them."""
    path = planted(tracker)
    db.ingest(path)
    whole = path.read_bytes()
    before = db.sql(f"select source_key, gone_at from {'stories' if table == 'stories' else 'step_runs'} order by 1")
    hide_a_row(path, table)
    with pytest.raises(StoryreportError, match=r"studio\.db is damaged \(.*\).*: restore it or copy it again\.$"):
        db.ingest(path)
    assert (
        db.sql(f"select source_key, gone_at from {'stories' if table == 'stories' else 'step_runs'} order by 1")
        == before
    )
    assert db.one("select count(*) from ingests where status = 'completed'") == 1
    path.write_bytes(whole)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("delete from step_status where story_id = 'S3'")
        connection.execute("delete from step_history where story_id = 'S3'")
        connection.execute("delete from stories where story_id = 'S3'")
    db.ingest(path)
    assert db.sql("select source_key from stories where gone_at is not null") == [("S3",)]


@pytest.mark.parametrize("byte", [0x80, 0xC1, 0xFF])
def test_a_schema_that_is_no_text(db: ReportDatabase, tracker: Tracker, byte: int) -> None:
    """Wherever in the schema the byte is: a sentence that names the file, or its rows."""
    path = planted(tracker)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    whole = path.read_bytes()
    places = [at for word in (b"CREATE TABLE", b"create table") for at in [whole.find(word)] if at >= 0]
    assert places
    named = set()
    for at in range(places[0], places[0] + 60, 3):
        path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
        try:
            db.ingest(path)
        except StoryreportError as error:
            named.add("studio.db" in str(error))
    assert named == {True}


def test_no_byte_of_a_file_is_a_traceback(db: ReportDatabase, tmp_path: Path) -> None:
    """Any three bytes changed anywhere: rows or a sentence, never another error."""
    path = Path(shutil.copy(DATA / "adventure.db", tmp_path / "adventure.db"))
    whole, dice = path.read_bytes(), random.Random(5)
    for number in range(150):
        content = bytearray(whole)
        for _ in range(3):
            # Half of them in the schema.
            content[dice.randrange(100, 4096 if number % 2 else len(content))] = dice.randrange(256)
        path.write_bytes(content)
        try:
            db.ingest(path, name="adventure")
        except StoryreportError:
            continue
