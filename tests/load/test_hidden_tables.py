"""Views and virtual tables in the place of tables: they are not read, and what was loaded of the tables stays."""

import sqlite3
from contextlib import closing

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport.readers.sqlite import real_tables

IN_PLACE = {
    "a view": "create view stories as with recursive n(i) as (select 1 union all select i + 1 from n)"
    " select i as story_id from n",
    "a virtual table": "create virtual table stories using fts5(story_id, title)",
}


@pytest.mark.parametrize("kind", IN_PLACE)
def test_rows_of_a_table_that_is_hidden_are_not_deleted(db: ReportDatabase, tracker: Tracker, kind: str) -> None:
    for story in ("S1", "S2"):
        tracker.register(story)
        tracker.end(story, "01_ingest", f"run-{story}", 100)
    db.ingest(tracker.path)
    with closing(sqlite3.connect(tracker.path)) as connection:
        connection.execute("alter table stories rename to kept")
        connection.execute(IN_PLACE[kind])
        connection.commit()
    outcome = db.ingest(tracker.path)
    assert "studio.db: stories is a view or a virtual table and was not read; its rows stay as they were" in str(
        outcome
    )
    assert db.one("select count(*) from stories where gone_at is null") == 2


def test_a_definition_that_hides_what_it_is_is_no_table() -> None:
    """SQLite writes each definition the same way; another spelling is of a file that was made by hand."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("create table plain (a)")
        connection.execute("create /* a */ virtual table searched using fts5(a)")
        connection.execute("pragma writable_schema = on")
        connection.execute(
            "update sqlite_master set sql = 'create /* */ virtual table searched using fts5(a)', rootpage = 2"
            " where name = 'searched'"
        )
        assert "searched" not in real_tables(connection, "main")
        assert "plain" in real_tables(connection, "main")
