"""What waits, fails and runs now: planted work of the sprint runner and other systems."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change, pairs
from helpers.sprint import NOON, add_batch, add_commands, add_story
from helpers.tracker import STEPS, Tracker
from helpers.workflow import add_run

REPORTS = ("active_runs", "pending_stories", "blocked_stories", "failed_stories")


# The sprint runner ---------------------------------------------------------------------------------------------------


def test_the_last_three_commands(db: ReportDatabase, runner: Path) -> None:
    """As the runner has it: three failed commands in a row, in whatever batches; done stories are not blocked."""
    add_batch(runner, 1, "completed", NOON, str(NOON + 600))
    add_batch(runner, 2)
    for story, (key, status) in enumerate(
        (("1-1", "in-progress"), ("1-2", "failed"), ("1-3", "done"), ("1-4", "blocked"), ("1-5", "in-progress")), 1
    ):
        add_story(runner, story, 1 if story == 5 else 2, key, status)
    add_commands(runner, 1, "failed", "failed", "running")
    add_commands(runner, 2, "completed", "failed", "failed", "failed")
    add_commands(runner, 3, "failed", "failed", "failed")
    add_commands(runner, 4, "completed", "failed")
    add_commands(runner, 5, "failed", "failed")
    add_story(runner, 6, 2, "1-5", "in-progress")
    add_commands(runner, 6, "failed", minute=30)
    db.ingest(runner)
    assert pairs(db.report("blocked_stories"), "story", "consecutive_failures", "step") == [
        ("1-5", 3, "dev/task0"),
        ("1-2", 3, "dev/task3"),
        ("1-4", 1, "dev/task1"),
    ]
    failed = {(row["story"], row["step"]) for row in db.report("failed_stories")}
    assert failed == {
        ("1-1", "dev/task0"),
        ("1-1", "dev/task1"),
        *(("1-2", f"dev/task{place}") for place in (1, 2, 3)),
        ("1-4", "dev/task1"),
        ("1-5", "dev/task0"),
        ("1-5", "dev/task1"),
    }


@pytest.mark.parametrize("status", ["running", "completed", "failed"])
def test_a_background_task_is_no_attempt(db: ReportDatabase, runner: Path, status: str) -> None:
    """Whatever becomes of it, it neither ends a row of failures nor is one of them."""
    add_batch(runner, 1)
    add_story(runner, 1, 1, "1-1", "in-progress")
    add_commands(runner, 1, "completed", "failed", "failed", "failed")
    end = "null" if status == "running" else NOON + 700
    change(runner, f"insert into background_tasks values (1, 1, '1-1', 'refresh', {NOON + 600}, {end}, '{status}')")
    db.ingest(runner)
    assert pairs(db.report("blocked_stories"), "story", "consecutive_failures", "step") == [("1-1", 3, "dev/task3")]


def test_batches_and_their_background_tasks_run(db: ReportDatabase, runner: Path) -> None:
    """A batch with its cycles, its story with its command, and a task beside them; what ended is not listed."""
    add_batch(runner, 1, "completed", NOON, str(NOON + 600))
    add_batch(runner, 2)
    add_story(runner, 1, 2, "1-1", "in-progress")
    add_story(runner, 2, 2, "1-2", "pending")
    add_story(runner, 3, 2, "1-3", "done")
    add_commands(runner, 1, "completed", "running")
    change(
        runner,
        "update batches set cycles_completed = 2, max_cycles = 5 where id = 2",
        f"insert into background_tasks values (1, 2, '1-3', 'context-refresh', {NOON}, null, 'running')",
        f"insert into background_tasks values (2, 2, '1-3', 'story-review', {NOON}, {NOON + 9}, 'completed')",
    )
    db.ingest(runner)
    rows = db.report("active_runs")
    assert {*pairs(rows, "kind", "run", "story", "status", "current_step", "cycles_completed", "max_cycles")} == {
        ("batch", "batch/2", None, "running", None, 2, 5),
        ("sprint_story", "story/1", "1-1", "running", "dev/task1", None, None),
        ("sprint_story", "story/2", "1-2", "queued", None, None, None),
        ("background_task", "batch/2", "1-3", "running", "context-refresh", None, None),
    }
    assert rows[-1]["status"] == "queued"
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("1-2", None)]


# Other systems -------------------------------------------------------------------------------------------------------


def test_a_film_that_failed(db: ReportDatabase, movies: Path) -> None:
    """The step that failed, once, with what its run called last; what is active runs."""
    db.ingest(movies)
    change(
        movies,
        "insert into api_usage values"
        " (9, 'w3', 'openai', 'speech', null, null, 1, 0, 'Voice is not known', '2026-03-02 11:04:00')",
    )
    db.ingest(movies)
    assert pairs(db.report("failed_stories"), "story", "step", "run", "failed_at", "error") == [
        ("w3", "audio_generation", "w3", "2026-03-02T11:05:00.000Z", "Voice is not known")
    ]
    assert pairs(db.report("active_runs"), "kind", "run", "current_step") == [
        ("media_workflow", "w2", "image_generation")
    ]
    change(movies, "delete from workflows")
    db.ingest(movies)
    assert [row for name in REPORTS for row in db.report(name)] == []


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_story_that_is_over_has_not_failed(db: ReportDatabase, movies: Path, status: str) -> None:
    """What its source says is over neither fails nor waits, though a step of it failed."""
    change(movies, f"update workflows set status = '{status}' where id = 'w3'")
    db.ingest(movies)
    assert db.report("failed_stories") == db.report("blocked_stories") == []
    (check,) = [row for row in db.report("health") if row["check"] == "failed"]
    assert check["count"] == 0


def test_a_film_without_progress(db: ReportDatabase, movies: Path) -> None:
    """Where no step is known, the run itself is what failed."""
    change(movies, "delete from generation_progress")
    db.ingest(movies)
    assert pairs(db.report("failed_stories"), "story", "step", "run") == [("w3", "audio_generation", "w3")]


def test_jobs_without_a_story(db: ReportDatabase, games: Path) -> None:
    """A job that failed or waits before there was a story is named by its run; one that works runs."""
    db.ingest(games)
    assert pairs(db.report("failed_stories"), "story", "step", "run", "error") == [
        (None, "generate_story", "j-failed", "No answer")
    ]
    assert pairs(db.report("pending_stories"), "story", "next_step", "run", "waiting_since") == [
        (None, "generate_story", "j-waiting", "2026-07-01T18:50:00.000Z")
    ]
    assert pairs(db.report("active_runs"), "run", "status") == [("j-running", "running"), ("j-waiting", "queued")]
    change(games, "update story_jobs set status = 'processing' where job_id = 'j-waiting'")
    change(games, "delete from story_jobs where job_id = 'j-failed'")
    db.ingest(games)
    assert db.report("failed_stories") + db.report("pending_stories") == []


def test_a_later_run_settles_what_failed(db: ReportDatabase, tales: Path) -> None:
    """A step that failed is failed until it, or a later run of its story, is completed; else the last run counts."""
    add_run(tales, "r1", "A", "failed", 9, ("write_chapter_1", "completed"), ("write_chapter_2", "failed"))
    add_run(tales, "r2", "B", "failed", 9, ("write_chapter_1", "failed"))
    add_run(tales, "r3", "B", "completed", 11, ("write_outline", "completed"))
    add_run(tales, "r4", "C", "failed", 9)
    add_run(tales, "r5", "D", "failed", 9)
    add_run(tales, "r6", "D", "running", 11, ("write_outline", "running"), ("write_chapter_1", "pending"))
    db.ingest(tales)
    assert pairs(db.report("failed_stories"), "story", "step", "run", "error") == [
        ("C", None, "r4", "r4 broke"),
        ("A", "write_chapter_2", "r1", "r1 broke"),
    ]
    assert db.report("failed_stories", step="write_chapter") != []
    assert db.report("pending_stories") == [], "the story with a pending step is being worked on"


def test_a_step_that_failed_as_its_run_was_completed(db: ReportDatabase, tales: Path) -> None:
    """What fails in the very moment in which its run is completed is settled by that; what fails after it is not."""
    add_run(tales, "r1", "A", "completed", 9, ("write_outline", "completed"), ("draw_cover", "failed"))
    change(
        tales, "update story_generation_steps set updated_at = '2026-03-01T10:00:00Z' where step_name = 'draw_cover'"
    )
    db.ingest(tales)
    assert db.report("failed_stories") == []
    change(
        tales, "update story_generation_steps set updated_at = '2026-03-01T10:00:01Z' where step_name = 'draw_cover'"
    )
    db.ingest(tales)
    assert pairs(db.report("failed_stories"), "story", "step") == [("A", "draw_cover")]


def test_queued_work_waits(db: ReportDatabase, tales: Path) -> None:
    """A queued run waits, and so does the first pending step of a run in which nothing runs; not one that has ended."""
    add_run(tales, "r1", "A", "queued", 9)
    add_run(tales, "r2", "B", "running", 10, ("outline", "completed"), ("write_1", "pending"), ("write_2", "pending"))
    add_run(tales, "r3", "C", "failed", 11, ("outline", "failed"), ("write_1", "pending"))
    db.ingest(tales)
    assert pairs(db.report("pending_stories"), "story", "next_step") == [("A", None), ("B", "write_1")]


def test_a_run_fails_where_it_failed_last(db: ReportDatabase, tracker: Tracker) -> None:
    """A failed run that names no step is shown at the last of those that failed and are still there, however stored."""
    tracker.end("A", STEPS[0], "r1", 1000)
    db.ingest(tracker.path)
    ends = {1: "10:05", 2: "10:09", 3: "10:09", 4: "10:07", 5: "10:59"}
    gone = {5: "'2026-03-11'"}
    change(
        db.path,
        "delete from rollup_failed_steps",
        "delete from step_runs",
        "update runs set status = 'failed', current_step = null, failure_stage = null",
        *(
            f"insert into steps (id, source_id, name, family) select 100 + {place}, id, 's{place}', 's' from sources"
            for place in ends
        ),
        *(
            "insert into step_runs (id, source_id, source_key, input_id, step_id, run_id, status, ended_at, gone_at)"
            f" select {200 + place}, source_id, 'k{place}', input_id, {100 + place}, id, 'failed',"
            f" '2026-03-10T{end}:00.000Z', {gone.get(place, 'null')} from runs"
            for place, end in ends.items()
        ),
        "insert into rollup_failed_steps (source_id, story, failure, failed_at)"
        " select source_id, 'A', -id, '2026-03-10T10:10:00.000Z' from runs",
    )
    assert pairs(db.report("failed_stories"), "story", "step", "run") == [("A", "s3", "r1")]


def test_what_began_together_is_in_the_order_of_its_keys(db: ReportDatabase, runner: Path) -> None:
    """Whatever numbers the rows have: two databases with the same rows say the same."""
    add_batch(runner, 1)
    add_story(runner, 1, 1, "1-1", "in-progress")
    tasks = {9: "b", 3: "a", 7: "c", 5: "a"}
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'x', {NOON}, null, 'running', null)",
        f"insert into commands values (2, 1, 'dev', 'y', {NOON}, null, 'running', null)",
        *(
            f"insert into background_tasks values ({key}, 1, '1-{name}', 'refresh', {NOON}, null, 'running')"
            for key, name in tasks.items()
        ),
    )
    db.ingest(runner)
    rows = db.report("active_runs")
    assert len(rows) == 2 + len(tasks)
    assert ("story/1", "dev/y") in pairs(rows, "run", "current_step")
    ids = "select group_concat(source_key) from (select source_key from step_runs order by id)"
    before = db.one(ids)
    change(db.path, "update step_runs set id = 1000 - id")
    assert db.one(ids) == ",".join(reversed(before.split(",")))
    assert db.report("active_runs") == rows


def test_a_blocked_run(db: ReportDatabase, tales: Path) -> None:
    """What the source calls blocked is blocked, however often it failed."""
    add_run(tales, "r1", "A", "blocked", 9, ("outline", "completed"))
    db.ingest(tales)
    assert pairs(db.report("blocked_stories"), "story", "consecutive_failures") == [("A", 0)]


PLANNED = {
    "prefect": {
        "id": "f1",
        "flow_id": "a",
        "state_type": "SCHEDULED",
        "state_name": "Scheduled",
        "start_time": None,
        "state_timestamp": "2026-03-01T10:00:00Z",
        "expected_start_time": "2026-03-10T10:00:00Z",
    },
    "n8n": {
        "id": 1,
        "workflowId": "w",
        "mode": "trigger",
        "finished": False,
        "status": "waiting",
        "retryOf": None,
        "startedAt": "2026-03-01T10:00:00Z",
        "stoppedAt": None,
        "waitTill": "2026-03-10T10:00:00Z",
    },
    # 1772359200 is 2026-03-01 10:00:00 UTC.
    "celery": {
        "t1": {
            "uuid": "t1",
            "name": "mail",
            "state": "RECEIVED",
            "received": 1772359200.0,
            "retries": 0,
            "timestamp": 1772359200.0,
            "eta": "2026-03-10T10:00:00+00:00",
        }
    },
}


@pytest.mark.parametrize("system", PLANNED)
def test_work_that_is_planned_for_later(db: ReportDatabase, tmp_path: Path, system: str) -> None:
    """What is to begin, or to go on, on 10 March is not stuck on the 5th, and is on the 12th."""
    (path := tmp_path / "planned.json").write_text(json.dumps(PLANNED[system]), "utf-8")
    db.ingest(path)
    assert db.sql("select system from sources") == [(system,)]
    assert db.report("stuck_runs", as_of="2026-03-05T10:00:00Z") == []
    assert {row["stuck_minutes"] for row in db.report("stuck_runs", as_of="2026-03-12T10:00:00Z")} == {2 * 24 * 60}
