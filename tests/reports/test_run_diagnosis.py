"""What is wrong with one run: planted runs, sound and unsound, and deleted steps."""

from pathlib import Path

import pytest
from helpers.problems import found
from helpers.report_database import ReportDatabase, ask, change, pairs
from helpers.sprint import NOON, add_batch, add_commands, add_story
from helpers.tracker import STEPS, Tracker
from helpers.workflow import add_run


def test_a_sound_run(db: ReportDatabase, tales: Path) -> None:
    """Nothing is found, and each check says what it saw."""
    add_run(tales, "r1", "A", "completed", 9, ("write_chapter_1", "completed"), ("write_chapter_2", "completed"))
    db.ingest(tales)
    assert found(db, "r1") == {}
    details = {row["check"]: row["detail"] for row in db.report("run_diagnosis", run="r1")}
    assert details["story"] == "Story A, Tale A."
    assert details["chapters"] == "2 of 2 chapters are written."
    assert details["unfinished steps"] == "2 of 2 steps completed."


def test_a_run_with_everything_wrong(db: ReportDatabase, tales: Path) -> None:
    """Its story is missing, it failed, with a step that failed and one that was left open."""
    add_run(tales, "r0", "B", "completed", 7)
    add_run(tales, "r1", "A", "failed", 9, ("outline", "completed"), ("write_1", "failed"), ("write_2", "pending"))
    change(tales, "delete from stories where story_id = 'A'")
    db.ingest(tales)
    assert found(db, "r1") == {
        "story": ("problem", "Story A is missing in tales."),
        "state": ("problem", "Failed at write_1: r1 broke"),
        "failed steps": ("problem", "1 of 3 steps failed: write_1."),
        "unfinished steps": ("warning", "Not finished: write_2."),
    }


def test_a_run_that_is_completed_without_all_chapters(db: ReportDatabase, tales: Path) -> None:
    """The story says how many there are; where it does not, that is what is wrong."""
    add_run(tales, "r1", "A", "completed", 9, ("write_chapter_1", "completed"))
    add_run(tales, "r2", "B", "running", 9, ("write_chapter_1", "running"))
    change(tales, "update stories set chapter_count = null where story_id = 'B'")
    db.ingest(tales)
    assert found(db, "r1") == {"chapters": ("problem", "1 of 2 chapters are written.")}
    assert found(db, "r2", as_of="2026-03-01T10:59:00Z") == {"chapters": ("warning", "The story has no chapter count.")}
    stuck = ("problem", "Last sign of life 61 minutes ago, at 2026-03-01T10:00:00.000Z.")
    assert found(db, "r2", as_of="2026-03-01T11:01:00Z")["stuck"] == stuck
    assert "stuck" not in found(db, "r2", as_of="2026-03-01T11:01:00Z", minutes="90")
    for as_of, ago in (("2026-03-01T15:30:00Z", "5 hours ago"), ("2026-03-04T09:00:00Z", "2 days ago")):
        assert f"Last sign of life {ago}, at " in found(db, "r2", as_of=as_of)["stuck"][1]


def test_a_run_that_repeats_itself(db: ReportDatabase, tales: Path, tmp_path: Path) -> None:
    """A warning of its log that was given more than once is told, with how often."""
    add_run(tales, "r1", "A", "completed", 9)
    lines = ['{"level": "warn", "message": "Using default", "runId": "r1", "timestamp": "2026-03-01T09:00:00Z"}'] * 3
    (log := tmp_path / "service.log").write_text("\n".join(lines), encoding="utf-8")
    change(tales, "update stories set chapter_count = 0")
    db.ingest(tales, log, name="tales", system="workflow")
    assert found(db, "r1")["repeated warnings"] == ("warning", "Logged 3 times: Using default")


def test_retries_and_calls_of_a_run(db: ReportDatabase, tracker: Tracker, movies: Path) -> None:
    """Attempts after the first, calls that failed and calls whose cost is not known."""
    tracker.register("A")
    tracker.end("A", STEPS[0], "r1", 1000, "failed", "Boom")
    tracker.clock(minutes=1)
    tracker.end("A", STEPS[0], "r1", 1000)
    db.ingest(tracker.path)
    assert found(db, "r1") == {"retries": ("warning", "Retried: 01_ingest.")}
    db.ingest(movies)
    assert found(db, "w1") == {}
    (calls, failed, unpriced) = ask(
        movies,
        "select count(*), sum(success = 0), sum(cost_usd is null) from api_usage where workflow_id = 'w2'",
    )[0]
    told = found(db, "w2", as_of="2026-03-02T10:30:00Z")
    assert told["failed calls"][1].startswith(f"{failed} of {calls} call failed")
    assert told["unpriced calls"] == ("warning", f"{unpriced} of {calls} call has no price.")


def test_a_job_and_a_batch(db: ReportDatabase, games: Path, runner: Path) -> None:
    """A job that ended before it began, and no story proves its clock; a batch with a story that failed."""
    change(games, "update stories set created_at = null")
    db.ingest(games)
    assert found(db, "j-done") == {"times": ("warning", "The run, or a step of it, ended before it began.")}
    assert found(db, "j-failed")["state"] == ("problem", "Failed at generate_story: No answer")
    assert found(db, "j-odd")["state"] == ("warning", "Unknown status: meditating.")
    add_batch(runner, 1, "completed", NOON, str(NOON + 600))
    add_story(runner, 1, 1, "1-1", "failed")
    add_story(runner, 2, 1, "1-2", "done")
    add_commands(runner, 1, "completed", "failed")
    db.ingest(runner)
    assert found(db, "batch/1") == {
        "failed steps": ("problem", "1 of 2 steps failed: dev/task1."),
        "stories": ("problem", "2 stories, 1 completed, 1 failed or blocked."),
    }


STEP_LEFT = "delete from story_generation_steps where step_name = 'draft'"


def test_a_step_that_was_deleted_is_none_of_the_run(db: ReportDatabase, tales: Path) -> None:
    """Its run is then what is left of it, in its diagnosis and in its timeline."""
    add_run(tales, "r1", "A", "running", 9, ("write_chapter_1", "completed"), ("draft", "running"))
    db.ingest(tales)
    assert [row["step"] for row in db.report("run_timeline", run="r1")] == ["write_chapter_1", "draft"]
    change(
        tales,
        STEP_LEFT,
        "update stories set chapter_count = 1",
        "update story_generation_runs set status = 'completed', ended_at = '2026-03-01T10:00:00Z'",
    )
    db.ingest(tales, full=True)
    assert ask(db.path, "select status from step_runs where gone_at is not null") == [("running",)]
    assert found(db, "r1") == {}
    details = {row["check"]: row["detail"] for row in db.report("run_diagnosis", run="r1")}
    assert details["unfinished steps"] == "1 of 1 step completed."
    assert [row["step"] for row in db.report("run_timeline", run="r1")] == ["write_chapter_1"]
    change(tales, "delete from story_generation_steps")
    db.ingest(tales, full=True)
    assert db.report("run_timeline", run="r1") == []
    assert found(db, "r1") == {"chapters": ("problem", "0 of 1 chapter is written.")}


@pytest.mark.parametrize("left", ["story_generation_steps", None])
def test_the_steps_of_a_run_that_was_deleted_are_history(db: ReportDatabase, tales: Path, left: str | None) -> None:
    """Whether or not its source still has them; those of another run are not among them."""
    add_run(tales, "r1", "A", "completed", 9, ("write_chapter_1", "completed"), ("write_chapter_2", "failed"))
    add_run(tales, "r2", "A", "completed", 11, ("write_chapter_1", "completed"))
    change(tales, "update story_generation_runs set started_at = '2026-03-01T08:59:00Z' where run_id = 'r1'")
    db.ingest(tales)
    columns = ("step", "status", "started_at", "offset_ms")
    before = pairs(db.report("run_timeline", run="r1"), *columns)
    assert [row[:2] for row in before] == [("write_chapter_1", "completed"), ("write_chapter_2", "failed")]
    change(tales, "delete from story_generation_runs where run_id = 'r1'")
    if left is None:
        change(tales, "delete from story_generation_steps where run_id = 'r1'")
    db.ingest(tales, full=True)
    assert db.one("select count(*) from runs where source_key = 'r1' and gone_at is not null") == 1
    assert pairs(db.report("run_timeline", run="r1"), *columns) == before
    rows = db.report("run_diagnosis", run="r1")
    assert {(row["check"], row["detail"]) for row in rows if row["status"] != "ok"} == {
        ("chapters", "1 of 2 chapters are written."),
        ("failed steps", "1 of 2 steps failed: write_chapter_2."),
        ("record", "Deleted in tales."),
    }
