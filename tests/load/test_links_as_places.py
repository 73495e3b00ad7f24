"""Links to files and folders: each file counts once, and a place is called as it was given."""

from pathlib import Path

from helpers import sprint
from helpers.platforms import with_links
from helpers.report_database import ReportDatabase, change


@with_links
def test_several_names_of_one_file(db: ReportDatabase, tmp_path: Path) -> None:
    """A database, two links to it and its name again, in one command, are one source."""
    path = tmp_path / "runner.db"
    change(path, *sprint.SCHEMA.split(";"), "insert into batches values (1, 1772359200, 1772359210, 5, 2, 'completed')")
    (tmp_path / "current.db").symlink_to(path)
    (tmp_path / "copy.db").hardlink_to(path)
    db.ingest(path, tmp_path / "current.db", tmp_path / "copy.db", path)
    assert db.sql("select sources.name, source_key from runs join sources on sources.id = source_id") == [
        ("runner", "batch/1")
    ]


@with_links
def test_a_link_is_called_as_it_is_given(db: ReportDatabase, tmp_path: Path) -> None:
    """`current` leads to another folder each day: name and location stay, and nothing is said of another place."""
    for day in ("day20", "day21"):
        (tmp_path / day).mkdir()
        rows = f"run,step,status,started_at\n{day},draft,completed,2026-11-20\n"
        (tmp_path / day / "steps.csv").write_text(rows, encoding="utf-8")
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "day20")
    db.ingest(link)
    link.unlink()
    link.symlink_to(tmp_path / "day21")
    assert db.ingest(link).notes == []
    assert db.sql("select name, location from sources join inputs on source_id = sources.id") == [
        ("current", str(link))
    ]
