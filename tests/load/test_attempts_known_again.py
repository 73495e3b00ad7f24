"""A tracker that begins again with the same stories, or forgets its oldest attempts: each execution counts once."""

import os
import random
import shutil
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs
from helpers.tracker import STEPS, Tracker

from storyreport.upkeep.doctor import examine

# More of them by hand: EXAMPLES=200 pytest …
EXAMPLES = int(os.environ.get("EXAMPLES", "2"))


def life(path: Path, day: int, stories: int, attempts: int = 1, hour: int = 0) -> Path:
    """A new tracker: each of the stories s1, s2, … has attempts of the first step, one a day, by own runs."""
    path.unlink(missing_ok=True)
    tracker = Tracker(path)
    tracker.clock(days=day, hours=hour)
    for _ in range(attempts):
        for story in range(1, stories + 1):
            run = f"run-{tracker.now:%m%d}-{story}"
            tracker.register(f"s{story}")
            tracker.start(f"s{story}", STEPS[0], run)
            tracker.clock(seconds=5)
            tracker.end(f"s{story}", STEPS[0], run, 5000)
        tracker.clock(days=1)
    tracker.close()
    return path


def forget(path: Path, rows: int, *, all_of_it: bool = False) -> None:
    """Delete the oldest rows of the history, but the last of each story; or every row."""
    tracker = Tracker(path)
    tracker.connection.execute(
        "delete from step_history where ?"
        " or (id <= ? and id not in (select max(id) from step_history group by story_id))",
        [all_of_it, rows],
    )
    tracker.close()


def by_day(db: ReportDatabase) -> list[tuple[object, ...]]:
    """Executions by day."""
    return sorted(pairs(db.report("failure_trend"), "day", "executions"))


def test_a_tracker_that_begins_again_with_the_same_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """Three executions on 10 March and two a week later are five; each run keeps its own, a story has what is now."""
    source = life(tmp_path / "pipeline_stories.db", 0, stories=3)
    db.ingest(source)
    db.ingest(life(source, 7, stories=2))
    assert by_day(db) == [("2026-03-10", 3), ("2026-03-17", 2)]
    for run in ("run-0310-1", "run-0317-1"):
        (row,) = db.report("run_status", run=run)
        assert (row["status"], row["duration_ms"]) == ("completed", 5000)
    (current,) = db.report("story_status", story="s1")
    assert (current["run"], current["attempts"]) == ("run-0317-1", 1)
    # s1 and s2; s3 is deleted, its attempt has no other in its place.
    assert pairs(db.report("data_quality"), "problem", "rows") == [("step_runs: keys used again for other work", 2)]
    assert examine(db.path) == []


def test_a_tracker_that_forgets_its_oldest_attempts(db: ReportDatabase, tmp_path: Path) -> None:
    """Of four attempts two are deleted: those that stay are attempts 1 and 2 now, and each counts once."""
    source = life(tmp_path / "pipeline_stories.db", 0, stories=1, attempts=4)
    db.ingest(source)
    forget(source, rows=2)
    db.ingest(source)
    assert by_day(db) == [(f"2026-03-{day}", 1) for day in (10, 11, 12, 13)]
    assert db.sql("select attempt, substr(ended_at, 1, 10) from step_runs where gone_at is null order by 1") == [
        (1, "2026-03-12"),
        (2, "2026-03-13"),
    ]
    assert examine(db.path) == []


@pytest.mark.parametrize("hours", [-5, 0, 9])
@pytest.mark.parametrize("checked", [False, True])
def test_a_tracker_that_forgets_its_whole_history(
    db: ReportDatabase, tmp_path: Path, hours: int, checked: bool
) -> None:
    """Three attempts stay three of 5 s, wherever the clock of the state that is left was; the next is a fourth."""
    source = life(tmp_path / "pipeline_stories.db", 0, stories=2, attempts=3)
    db.ingest(source)
    forget(source, rows=0, all_of_it=True)
    tracker = Tracker(source)
    tracker.connection.execute("update step_status set completed_at = datetime(completed_at, ?)", [f"{hours} hours"])
    if checked:
        # As an acceptance check does, without the run.
        tracker.connection.execute("update step_status set run_id = null, acceptance_passed = 1")
    db.ingest(source)
    db.ingest(source, full=True)
    days = [(f"2026-03-{day}", 2) for day in (10, 11, 12)]
    assert by_day(db) == days
    assert pairs(db.report("slowest_steps"), "executions", "total_ms") == [(6, 30_000)]
    tracker.clock(days=5)
    tracker.end("s1", STEPS[0], "later", 5000)
    tracker.close()
    db.ingest(source)
    assert by_day(db) == [*days, ("2026-03-15", 1)]
    assert examine(db.path) == []


@pytest.mark.parametrize("seconds", [-19_800, 0, 18_000])
def test_a_step_that_was_killed_and_runs_again(db: ReportDatabase, tmp_path: Path, seconds: int) -> None:
    """The row of a step that never ended is replaced by that of its next run, wherever the machine's clock is set."""
    source = tmp_path / "pipeline_stories.db"
    tracker = Tracker(source)
    tracker.register("s1")
    tracker.start("s1", STEPS[0], "killed")
    tracker.connection.execute("update step_status set started_at = datetime(started_at, ?)", [f"{seconds} seconds"])
    db.ingest(source)
    tracker.clock(hours=1)
    tracker.start("s1", STEPS[0], "second")
    tracker.clock(seconds=5)
    tracker.end("s1", STEPS[0], "second", 5000)
    tracker.close()
    db.ingest(source)
    assert db.sql("select status, duration_ms, gone_at from step_runs") == [("completed", 5000, None)]


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_every_execution_counts_once(db: ReportDatabase, tmp_path: Path, seed: int) -> None:
    """Whatever became of the tracker, in whatever order: what its history ever had is in the reports, once."""
    chance = random.Random(seed)
    source, copy = tmp_path / "pipeline_stories.db", tmp_path / "copy"
    ever: set[tuple[str, str]] = set()
    for hour, act in enumerate(["begin", *chance.choices(["begin", "forget", "forget all", "put back"], k=5)]):
        if act == "begin":
            life(source, chance.randint(0, 20), chance.randint(1, 3), chance.randint(1, 4), hour)
        elif act.startswith("forget"):
            shutil.copy(source, copy)
            forget(source, chance.randint(1, 6), all_of_it=act == "forget all")
        elif copy.exists():
            shutil.copy(copy, source)
        db.ingest(source, name="tracker")
        tracker = Tracker(source)
        ever |= set(tracker.connection.execute("select story_id, replace(timestamp, ' ', 'T') from step_history"))
        tracker.close()
    known = db.sql("""
        select
            coalesce(step_runs.story_key, stories.source_key),
            substr(step_runs.ended_at, 1, 19)
        from step_runs
        left join stories on stories.id = step_runs.story_id""")
    assert sorted(known) == sorted(ever)
    assert examine(db.path) == []
