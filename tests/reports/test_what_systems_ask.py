"""What the users of the systems ask: recent statuses, every attempt, a session's stories, what can be cleaned up."""

from pathlib import Path

import pytest
from helpers import adventure, media
from helpers.report_database import ReportDatabase, change, pairs
from helpers.tracker import Tracker

RUNS = """
    create table stories (story_id text, title text, chapter_count integer, status text);
    create table story_generation_runs (run_id text, story_id text, status text, current_step text,
        error_message text, started_at text, ended_at text, created_at text, updated_at text);
    insert into stories values ('s1', 'The Mill', 12, 'published');
    insert into story_generation_runs values
        ('r1', 's1', 'completed', '', null, '2026-03-09 13:00:00', '2026-03-09 14:00:00', '2026-03-09 12:30:00', null),
        ('r2', 's1', 'completed', '', null, '2026-03-10 09:00:00', '2026-03-10 09:30:00', '2026-03-10 09:00:00', null),
        ('r3', 's1', 'failed', '', 'no', '2026-03-10 10:00:00', '2026-03-10 10:01:00', '2026-03-10 10:00:00', null),
        ('r4', 's1', 'queued', '', null, null, null, '2026-03-10 11:00:00', null),
        ('old', 's1', 'failed', '', 'no', '2026-03-08 10:00:00', '2026-03-10 10:01:00', '2026-03-08 10:00:00', null),
        ('new', 's1', 'queued', '', null, null, null, '2026-03-11 11:00:00', null)
"""


def test_recent_statuses(db: ReportDatabase, tmp_path: Path) -> None:
    """Runs that were made in the last hours, by status, as the service's own SQL on created_at counts them."""
    path = tmp_path / "tales.db"
    change(path, *RUNS.split(";"))
    db.ingest(path)
    columns = ("kind", "status", "count", "newest_at")
    assert pairs(db.report("recent_statuses", as_of="2026-03-10T12:00:00Z"), *columns) == [
        ("workflow_run", "completed", 2, "2026-03-10T09:00:00.000Z"),
        ("workflow_run", "failed", 1, "2026-03-10T10:00:00.000Z"),
        ("workflow_run", "queued", 1, "2026-03-10T11:00:00.000Z"),
    ]
    assert pairs(db.report("recent_statuses", as_of="2026-03-10T12:00:00Z", hours="2.5"), "status", "count") == [
        ("failed", 1),
        ("queued", 1),
    ]
    assert db.report("recent_statuses", as_of="2026-03-10T12:00:00Z", source="other") == []


def test_recent_steps_outside_of_a_run(db: ReportDatabase, tmp_path: Path) -> None:
    """Steps without a run count themselves; those of a run are the run's. What is queued has begun neither."""
    (tmp_path / "plain.csv").write_text(
        """run,step,status,queued_at,started_at
,nightly,failed,,2026-03-10T10:00:00Z
,nightly,queued,2026-03-10T11:00:00Z,
,nightly,queued,2026-03-08T11:00:00Z,
r1,load,completed,,2026-03-10T11:00:00Z
r2,load,queued,2026-03-10T11:20:00Z,
r2,store,queued,2026-03-10T11:30:00Z,
""",
        "utf-8",
    )
    db.ingest(tmp_path / "plain.csv")
    found = db.report("recent_statuses", as_of="2026-03-10T12:00:00Z")
    assert sorted(pairs(found, "kind", "status", "count", "newest_at")) == [
        ("run", "completed", 1, "2026-03-10T11:00:00.000Z"),
        ("run", "queued", 1, "2026-03-10T11:20:00.000Z"),
        ("step", "failed", 1, "2026-03-10T10:00:00.000Z"),
        ("step", "queued", 1, "2026-03-10T11:00:00.000Z"),
    ]
    assert pairs(db.report("recent_runs"), "run", "started_at")[0] == ("r2", "2026-03-10T11:20:00.000Z")


def test_story_attempts(db: ReportDatabase, tracker: Tracker) -> None:
    """Every execution of a story is there, in time, and no other story's; of a missing story too."""
    tracker.register("A")
    tracker.register("B")
    tracker.end("A", "01_ingest", "r1", 1000, "failed", "Timeout")
    tracker.end("A", "01_ingest", "r1", 2000)
    tracker.end("A", "02_preprocess", "r1", 500)
    tracker.end("B", "01_ingest", "r2", 1)
    tracker.end("GHOST", "01_ingest", "r3", 7)
    db.ingest(tracker.path)
    columns = ("step", "attempt", "run", "status", "duration_ms", "error")
    found = db.report("story_attempts", story="A")
    assert sorted(pairs(found, *columns)) == [
        ("01_ingest", 1, "r1", "failed", 1000, "Timeout"),
        ("01_ingest", 2, "r1", "completed", 2000, None),
        ("02_preprocess", 1, "r1", "completed", 500, None),
    ]
    assert [row["started_at"] for row in found] == sorted(row["started_at"] for row in found)
    assert pairs(db.report("story_attempts", story="GHOST"), "run", "duration_ms") == [("r3", 7)]
    assert db.report("story_attempts", story="A", source="other") == db.report("story_attempts") == []


def test_session_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """Of two sessions each has its own stories and jobs; a hash leads to them, an empty one to nothing."""
    db.ingest(adventure.write(tmp_path / "games.db"))
    of = dict(db.sql("select source_key, session_hash from runs"))
    first = db.report("session_stories", session=of["j-done"])
    assert sorted(pairs(first, "title", "job", "status"), key=str) == [
        ("The Fox", "j-done", "completed"),
        (None, "j-failed", "failed"),
    ]
    second = db.report("session_stories", session=of["j-running"])
    assert sorted(pairs(second, "title", "job", "status"), key=str) == [
        ("The Owl", None, None),
        (None, "j-odd", None),
        (None, "j-running", "running"),
        (None, "j-waiting", "queued"),
    ]
    assert db.report("session_stories") == db.report("session_stories", session=of["j-done"], source="other") == []


@pytest.mark.parametrize(
    ("as_of", "days", "expected"),
    [
        # w1 completed on 1 March at 10:10 with 1000 + 50000 bytes, w3 failed on 2 March at 11:05 and has no file.
        ("2026-03-31T10:09:00Z", "30", []),
        ("2026-03-31T10:11:00Z", "30", [("w1", 2, 51_000)]),
        ("2026-03-31T10:11:00Z", "20", [("w1", 2, 51_000), ("w3", 0, 0)]),
        ("2026-03-01T10:11:00Z", "0", [("w1", 2, 51_000)]),
    ],
)
def test_cleanup_candidates(
    db: ReportDatabase, tmp_path: Path, as_of: str, days: str, expected: list[tuple[str, int, int]]
) -> None:
    """Finished workflows of that age, with their files and bytes; what still runs is none."""
    db.ingest(media.write(tmp_path / "movies.db"))
    found = db.report("cleanup_candidates", as_of=as_of, days=days)
    assert pairs(found, "run", "files", "total_bytes") == expected
    assert {row["kind"] for row in found} <= {"media_workflow"}


def test_a_deleted_file_takes_no_space(db: ReportDatabase, tmp_path: Path) -> None:
    """A file that the source no longer has is not counted."""
    path = media.write(tmp_path / "movies.db")
    db.ingest(path)
    change(path, "delete from generated_files where id = 'f2'")
    db.ingest(path)
    assert pairs(db.report("cleanup_candidates", as_of="2026-05-01"), "run", "files", "total_bytes") == [
        ("w1", 1, 1000),
        ("w3", 0, 0),
    ]
