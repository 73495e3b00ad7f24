"""A migration drops the views: they are made again, though none of their files has changed."""

from contextlib import closing
from pathlib import Path

from helpers.report_database import ReportDatabase, change

from storyreport import rollups, schema
from storyreport.upkeep.doctor import examine

VIEWS = "select name from sqlite_master where type = 'view' order by name"


def test_views_are_there_after_a_migration_that_changes_no_file(db: ReportDatabase, tmp_path: Path) -> None:
    """The last migration is applied once more to a database that is otherwise of this version."""
    (tmp_path / "steps.csv").write_text("step,started_at\nwrite,2026-11-01\n", "utf-8")
    db.ingest(tmp_path / "steps.csv")
    views = db.sql(VIEWS)
    assert len(views) > 10
    change(db.path, "drop table notes", "delete from _sqlite_migrations where name = '0014_notes'")
    with closing(schema.connect(db.path)) as connection:
        rollups.update(connection)
    assert db.sql(VIEWS) == views
    assert db.one("select count(*) from notes") == 0
    assert examine(db.path, repair=False) == []
