"""What waits, fails and runs now: as the tracker itself would say it."""

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from helpers.histories import ACTIONS, act
from helpers.report_database import ReportDatabase, ask, change, pairs
from helpers.tracker import STEPS, Tracker
from hypothesis import given, settings
from hypothesis import strategies as st

REPORTS = ("active_runs", "pending_stories", "blocked_stories", "failed_stories")


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_no_row(db: ReportDatabase, tracker: Tracker, name: str) -> None:
    """A source without work has nothing to say."""
    db.ingest(tracker.path)
    assert db.report(name) == []


# The tracker ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(ACTIONS, min_size=1, max_size=20))
def test_as_the_tracker_says(actions: list[tuple[Any, ...]]) -> None:
    """After any history in any batches, what waits and what is failed is what the tracker's own queries find."""
    with TemporaryDirectory() as folder:
        tracker = Tracker(Path(folder) / "studio.db")
        db = ReportDatabase(Path(folder))
        for action in [*actions, ("ingest",)]:
            act(tracker, db, action)
        tracker.close()
        gone = {key for (key,) in db.sql("select source_key from stories where gone_at is not null")}
        known = {name for (name,) in db.sql("select name from steps")}

        pending = {(story, STEPS[0]) for (story,) in ask(tracker.path, "select story_id from stories")}
        for previous, step in itertools.pairwise(STEPS):
            completed = "select story_id from step_status where status = 'completed' and step_name = ?"
            pending |= {(story, step) for (story,) in ask(tracker.path, completed, previous)}
        pending -= set(ask(tracker.path, "select story_id, step_name from step_status where status = 'completed'"))
        rows = db.report("pending_stories")
        assert set(pairs(rows, "story", "next_step")) == {
            (story, step) for story, step in pending if story not in gone and step in known
        }
        waits = [row["waiting_since"] for row in rows]
        assert waits == sorted(waits)

        failed = ask(tracker.path, "select story_id, step_name from step_status where status = 'failed'")
        rows = db.report("failed_stories")
        assert sorted(pairs(rows, "story", "step")) == sorted(row for row in failed if row[0] not in gone)
        times = [row["failed_at"] for row in rows]
        assert times == sorted(times, reverse=True)

        (Path(folder) / "fresh").mkdir()
        fresh = ReportDatabase(Path(folder) / "fresh")
        fresh.ingest(tracker.path)
        for table in ("rollup_pending_steps", "rollup_failed_steps", "rollup_failing_stories"):
            there = f"select count(*) from {table} where story not in ({', '.join('?' * len(gone))})"
            assert db.one(there, *gone) == fresh.one(there, *gone)
            assert db.one(there, *gone) == db.one(f"select count(*) from {table}")


def test_a_story_waits_for_its_next_step(db: ReportDatabase, tracker: Tracker) -> None:
    """Since the step before was completed, or since it was registered; a filter on the step, and on the source."""
    tracker.register("A", "The Fox")
    tracker.register("B")
    tracker.clock(minutes=1)
    tracker.end("A", STEPS[0], "r1", 1000)
    db.ingest(tracker.path)
    rows = db.report("pending_stories")
    assert rows == [
        {
            "source": "studio",
            "story": "B",
            "title": None,
            "next_step": "01_ingest",
            "waiting_since": "2026-03-10T12:00:00.000Z",
            "run": None,
            "pipeline": "pipeline",
        },
        {
            "source": "studio",
            "story": "A",
            "title": "The Fox",
            "next_step": "02_preprocess",
            "waiting_since": "2026-03-10T12:01:00.000Z",
            "run": None,
            "pipeline": "pipeline",
        },
    ]
    assert pairs(db.report("pending_stories", step="02_preprocess"), "story") == [("A",)]
    assert db.report("pending_stories", source="other") == []
    tracker.end("A", STEPS[1], "r1", 1000)
    change(tracker.path, "delete from stories where story_id = 'B'")
    db.ingest(tracker.path)
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("A", "03_generate")]


def test_a_step_without_a_number_is_never_waited_for(db: ReportDatabase, tracker: Tracker) -> None:
    """What is no part of the numbered steps does not come before the first of them, or after the last."""
    for step in (*STEPS, "publish"):
        tracker.end("A", step, "r1", 1000)
    tracker.register("A")
    tracker.end("B", STEPS[0], "r2", 1000)
    db.ingest(tracker.path)
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("B", "02_preprocess")]


def test_another_step_is_waited_for(db: ReportDatabase, tracker: Tracker) -> None:
    """Once a source has a sixth step, the stories that completed the fifth wait for it."""
    for story in "AB":
        tracker.register(story)
        for step in STEPS:
            tracker.end(story, step, f"r{story}", 1000)
    db.ingest(tracker.path)
    assert db.report("pending_stories") == []
    tracker.end("A", "06_publish", "rA", 1000)
    db.ingest(tracker.path)
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("B", "06_publish")]


def test_a_failed_step_says_why_until_it_is_completed(db: ReportDatabase, tracker: Tracker) -> None:
    """The latest attempt is what counts; an acceptance check that fails is a failure without a run."""
    tracker.register("A", "The Fox")
    for error in ("Out of memory", "No space"):
        tracker.end("A", STEPS[2], "r1", 1000, "failed", error)
        tracker.clock(minutes=1)
    tracker.end("B", STEPS[0], "r2", 1000)
    tracker.check("B", STEPS[0], False, "too short")
    db.ingest(tracker.path)
    assert pairs(db.report("failed_stories"), "story", "title", "step", "run", "failed_at", "error") == [
        ("B", None, "01_ingest", "r2", "2026-03-10T12:02:00.000Z", "too short"),
        ("A", "The Fox", "03_generate", "r1", "2026-03-10T12:01:00.000Z", "No space"),
    ]
    assert pairs(db.report("failed_stories", step="03_generate"), "story") == [("A",)]
    tracker.clock(minutes=1)
    tracker.end("A", STEPS[2], "r3", 1000)
    db.ingest(tracker.path)
    assert pairs(db.report("failed_stories"), "story") == [("B",)]


def test_failures_in_a_row_block_a_story(db: ReportDatabase, tracker: Tracker) -> None:
    """Attempts of whatever step count, up to the last that did not fail; what is running ends the row."""
    for story, ends in {"A": "xxx", "B": "x.xx", "C": ".xxxx", "D": "xx.", "E": "xxx"}.items():
        tracker.register(story)
        for place, end in enumerate(ends):
            tracker.clock(minutes=1)
            step = STEPS[0] if place < 2 else STEPS[1]
            status, error = ("completed", None) if end == "." else ("failed", f"Error {place}")
            tracker.end(story, step, f"r{story}", 1000, status, error)
    tracker.clock(minutes=1)
    tracker.start("E", STEPS[1], "rE")
    db.ingest(tracker.path)
    columns = ("story", "consecutive_failures", "step", "error")
    assert pairs(db.report("blocked_stories"), *columns) == [
        ("C", 4, "02_preprocess", "Error 4"),
        ("A", 3, "02_preprocess", "Error 2"),
    ]
    assert pairs(db.report("blocked_stories", failures="2"), "story") == [("C",), ("A",), ("B",)]
    tracker.end("C", STEPS[1], "rC", 1000)
    db.ingest(tracker.path)
    assert pairs(db.report("blocked_stories"), "story") == [("A",)]


def test_what_runs(db: ReportDatabase, tracker: Tracker) -> None:
    """A run that only its steps show runs while one of them does, and that is its current step."""
    tracker.register("A")
    tracker.end("A", STEPS[0], "r1", 1000)
    tracker.clock(minutes=5)
    tracker.start("A", STEPS[1], "r1")
    tracker.end("B", STEPS[0], "r2", 1000)
    db.ingest(tracker.path)
    (row,) = db.report("active_runs", as_of="2026-03-10T12:20:00Z")
    assert row == {
        "source": "studio",
        "kind": "pipeline_run",
        "run": "r1",
        "story": "A",
        "status": "running",
        "current_step": "02_preprocess",
        "started_at": "2026-03-10T11:59:59.000Z",
        "running_minutes": 20,
        "cycles_completed": None,
        "max_cycles": None,
        "pipeline": "pipeline",
    }


@pytest.mark.parametrize(
    ("name", "column", "is_latest_first"),
    [
        ("pending_stories", "waiting_since", False),
        ("active_runs", "started_at", False),
        ("stuck_runs", "last_activity_at", False),
        ("failed_stories", "failed_at", True),
        ("blocked_stories", "last_failed_at", True),
    ],
)
def test_times_of_all_sources_are_in_one_order(
    db: ReportDatabase, tmp_path: Path, name: str, column: str, is_latest_first: bool
) -> None:
    """Sources take turns by the times of their stories, whatever the sources and the stories are called."""
    trackers = [Tracker(tmp_path / f"{source}.db") for source in ("alpha", "beta")]
    for number in range(6):
        tracker = trackers[number % 2]
        # Two hours after its own last one, and one after that of the other source.
        tracker.clock(hours=min(number, 2))
        for story in (f"waiting-{9 - number}", f"failed-{9 - number}", f"running-{9 - number}"):
            tracker.register(story)
        for _ in range(3):
            tracker.end(f"failed-{9 - number}", STEPS[0], f"f-{9 - number}", 10, "failed", "Boom")
        tracker.start(f"running-{9 - number}", STEPS[0], f"r-{9 - number}")
    for tracker in trackers:
        db.ingest(tracker.path)
    rows = db.report(name)
    assert {row["source"] for row in rows} == {"alpha", "beta"}
    times = [row[column] for row in rows]
    assert len(set(times)) == 6
    assert times == sorted(times, reverse=is_latest_first)
