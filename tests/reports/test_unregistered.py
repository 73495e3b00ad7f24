"""Stories that no table has: what their steps lack, what they wait for; and what of a source's text is kept."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs
from helpers.tracker import Tracker

from storyreport.upkeep.doctor import examine


def test_unregistered_stories(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """Story X was never registered: its completed step has no file, it waits for the next step, and is marked."""
    tracker.register("A", "The Fox")
    for story in "AX":
        tracker.start(story, "01_ingest", "r1")
        tracker.end(story, "01_ingest", "r1", 2000)
    tracker.close()
    output = tmp_path / "outputs" / "01_ingest" / "A.json"
    output.parent.mkdir(parents=True)
    output.write_text("{}", "utf-8")
    db.ingest(tracker.path, tmp_path / "outputs")
    assert pairs(db.report("output_mismatches"), "story", "step", "problem") == [
        ("X", "01_ingest", "completed_without_output")
    ]
    (outputs,) = [row for row in db.report("health") if row["check"] == "outputs"]
    assert outputs["count"] == 1
    assert pairs(db.report("pending_stories"), "story", "title", "next_step") == [
        ("A", "The Fox", "02_preprocess"),
        ("X", "(missing)", "02_preprocess"),
    ]
    assert examine(db.path) == []


def test_an_emptied_table(db: ReportDatabase, tmp_path: Path) -> None:
    """A CSV file with its header alone is a source with no rows; what it had is deleted."""
    path = tmp_path / "steps.csv"
    header = "id,run,step,status,started_at\n"
    path.write_text(f"{header}1,r1,draft,completed,2026-11-20\n", "utf-8")
    db.ingest(path)
    path.write_text(header, "utf-8")
    outcome = db.ingest(path)
    # The step run and the run that was made of it.
    assert (outcome.counts.read, outcome.counts.gone) == (0, 2)
    other = tmp_path / "new.csv"
    other.write_text(header, "utf-8")
    assert db.ingest(other).counts.read == 0
    assert sorted(name for (name,) in db.sql("select name from sources")) == ["new", "steps"]


@pytest.mark.parametrize("with_text", [False, True])
def test_rejected_log_lines_keep_their_text(db: ReportDatabase, tmp_path: Path, with_text: bool) -> None:
    """What a line says that cannot be loaded is kept where texts are, without secrets and fields; else its length."""
    path = tmp_path / "app.log"
    path.write_text(
        'info: Story context loaded successfully {"runId":"r1","storyId":"s1"}\n'
        'Traceback: api_key=abcdef123456 of ann@example.org failed {"prompt": "SECRETWORD"}\n',
        "utf-8",
    )
    db.ingest(path, with_text=with_text)
    (row,) = db.report("rejected_rows")
    assert row["reason"] == "is no line of a log"
    (kept,) = db.sql("select row from rejects")[0]
    assert ("Traceback:" in kept) == with_text
    assert ("<text of " in kept) == (not with_text)
    assert not [word for word in ("SECRETWORD", "ann@", "abcdef") if word in kept]


def test_an_end_without_a_start_keeps_its_text(db: ReportDatabase, tmp_path: Path) -> None:
    """It is an event, with its message, of the runner's log and of its database."""
    path = tmp_path / "events.csv"
    path.write_text("1769200000,1a,1a-1,dev-story,setup,end,all 7 checks passed\n" * 1, "utf-8")
    db.ingest(path)
    assert db.sql("select status, message from events") == [("completed", "all 7 checks passed")]
    assert db.one("select count(*) from step_runs") == 0
