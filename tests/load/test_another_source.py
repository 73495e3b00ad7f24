"""Another source under the name of a known one is refused, with both ways out; one that has moved is not."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase
from helpers.tracker import Tracker

from storyreport.errors import StoryreportError

HEADER = "id,run,step,status,started_at,ended_at\n"


def steps(path: Path, *ids: int) -> Path:
    """Steps with these ids, each a run of its own."""
    path.parent.mkdir(exist_ok=True)
    rows = (f"{n},r{n},x,completed,2026-11-20T09:00:00Z,2026-11-20T09:00:05Z\n" for n in ids)
    path.write_text(HEADER + "".join(rows), "utf-8")
    return path


def test_another_file_under_an_old_name(db: ReportDatabase, tmp_path: Path) -> None:
    """Staging's rows do not mark production's as deleted: one sentence names both places and both ways out."""
    prod, staging = steps(tmp_path / "prod" / "steps.csv", *range(1, 60)), tmp_path / "staging" / "steps.csv"
    db.ingest(prod)
    before = db.counts()
    with pytest.raises(StoryreportError) as raised:
        db.ingest(steps(staging, *range(100, 140)))
    assert str(raised.value) == (
        f"{staging} is another source than 'steps', which was read from {prod}: nearly none of their rows are the"
        " same; choose another --name, or add the rows with --append, or, if 'steps' has moved there, say so first:"
        f" storyreport sources move steps {staging}"
    )
    assert db.counts() == before
    db.ingest(staging, name="staging")
    assert db.one("select count(*) from step_runs where gone_at is null") == 59 + 40


@pytest.mark.parametrize("common", [10, 40])
def test_a_source_that_has_moved(db: ReportDatabase, tmp_path: Path, common: int) -> None:
    """Where enough of its rows are the same it is the same source, with a note."""
    db.ingest(steps(tmp_path / "old" / "steps.csv", *range(1, 41)))
    outcome = db.ingest(steps(tmp_path / "new" / "steps.csv", *range(41 - common, 81)))
    assert "was read from" in outcome.notes[0]


def test_the_same_place_with_other_rows(db: ReportDatabase, tmp_path: Path) -> None:
    """A file that is written again in its place is the same source: rows that it lacks are deleted ones."""
    path = steps(tmp_path / "one" / "steps.csv", *range(1, 41))
    db.ingest(path)
    db.ingest(steps(path, *range(100, 140)))
    assert db.one("select count(*) from step_runs where gone_at is not null") == 40


def test_another_database(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """A database of other stories is refused, too."""
    for story in "ABCDE":
        tracker.register(story)
    tracker.close()
    db.ingest(tracker.path)
    (tmp_path / "other").mkdir()
    other = Tracker(tmp_path / "other" / tracker.path.name)
    for story in "VWXYZ":
        other.register(story)
    other.close()
    with pytest.raises(StoryreportError, match="is another source than 'studio'"):
        db.ingest(other.path)
