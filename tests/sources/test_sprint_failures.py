"""The sprint runner: stuck and blocked work, and why something failed."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON, add_batch, add_events, add_story, noon
from helpers.sprint_events import fill, fresh, write_csv

from storyreport.load import recent

# Stuck and blocked work ----------------------------------------------------------------------------------------------


def test_a_dead_batch_hangs(db: ReportDatabase, runner: Path) -> None:
    """A batch left running, its story, its command and its task are judged by the last that was heard of them."""
    add_batch(runner)
    add_batch(runner, 2, "completed", NOON, str(NOON + 60))
    add_story(runner, 1)
    add_story(runner, 2, 1, "2a-2", "done")
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'code', {NOON + 60}, null, 'running', null)",
        f"insert into commands values (2, 1, 'dev', 'test', {NOON + 60}, {NOON + 100}, 'completed', null)",
        f"insert into background_tasks values (1, 1, '2a-1', 'refresh', {NOON + 600}, null, 'running')",
    )
    add_events(runner, (60, "2a-1", "dev", "code", "start"), (1800, "2a-1", "dev", "code", "progress"))
    db.ingest(runner)

    def hung(at: int) -> list[tuple[str, str, str, int]]:
        rows = db.report("stuck_runs", as_of=noon(at))
        return sorted((row["kind"], row["run"], row["last_activity_at"], row["stuck_minutes"]) for row in rows)

    assert hung(600 + 3599) == []
    assert hung(600 + 3600) == [("background_task", "batch/1", noon(600), 60)]
    assert hung(1800 + 3599) == [("background_task", "batch/1", noon(600), 79)]
    assert hung(1800 + 3600) == [
        ("background_task", "batch/1", noon(600), 80),
        ("batch", "batch/1", noon(1800), 60),
        ("command", "story/1", noon(1800), 60),
        ("sprint_story", "story/1", noon(1800), 60),
    ]
    add_events(runner, (5400, "2a-1", "dev", "code", "progress"))
    db.ingest(runner)
    assert hung(5400) == [("background_task", "batch/1", noon(600), 80)]


def test_a_batch_without_events_hangs_by_its_commands(db: ReportDatabase, runner: Path) -> None:
    """Where there are no events, a command's end is a sign of life of its batch."""
    add_batch(runner)
    add_story(runner, 1)
    change(runner, f"insert into commands values (1, 1, 'dev', 'code', {NOON}, {NOON + 1200}, 'completed', null)")
    db.ingest(runner)
    assert db.report("stuck_runs", as_of=noon(1200 + 3599)) == []
    assert [row["run"] for row in db.report("stuck_runs", as_of=noon(1200 + 3600))] == ["batch/1", "story/1"]


def test_a_step_that_only_events_know_hangs_from_its_last_event(db: ReportDatabase, runner: Path) -> None:
    """Progress is a sign of life of the latest start, not of one before it."""
    add_events(runner, (0, "A", "dev", "code", "start"), (600, "A", "dev", "code", "start"))
    add_events(runner, (900, "A", "dev", "code", "progress"))
    db.ingest(runner)
    rows = db.report("stuck_runs", as_of=noon(4500))
    assert [(row["started_at"], row["last_activity_at"]) for row in rows] == [
        (noon(0), noon(0)),
        (noon(600), noon(900)),
    ]


def test_a_blocked_story_can_be_told(db: ReportDatabase, runner: Path) -> None:
    """The last three commands of a story, in their order and with their statuses, are there with its own word."""
    add_batch(runner)
    add_story(runner, 1, status="blocked")
    for number, status in enumerate(("completed", "failed", "failed", "failed"), start=1):
        at = NOON + number * 10
        change(
            runner, f"insert into commands values ({number}, 1, 'fix-{number}', 'go', {at}, {at + 5}, '{status}', null)"
        )
    db.ingest(runner)
    assert db.sql("select status, source_status from stories") == [("blocked", "blocked")]
    last = (
        "select step_runs.status from step_runs join stories on stories.id = story_id where stories.source_key = '2a-1'"
    )
    assert db.sql(f"{last} order by started_at desc limit 3") == [("failed",)] * 3
    assert db.sql(f"{last} order by started_at limit 1") == [("completed",)]


# Why something failed ------------------------------------------------------------------------------------------------


def add_command(path: Path, number: int, status: str, at: int = 0, story: int = 1, task: str = "tests") -> None:
    """Plant a command that took five seconds; what it put out is private."""
    change(
        path,
        f"insert into commands values ({number}, {story}, 'dev', '{task}', {NOON + at}, {NOON + at + 5}, '{status}',"
        f" 'hush {number}')",
    )


def say(path: Path, at: int, word: str, message: str, command: str = "null") -> None:
    """Plant an event of a command."""
    change(
        path,
        "insert into events (batch_id, story_id, command_id, timestamp, epic_id, story_key, command, task_id, status,"
        f" message) values (1, 1, {command}, {NOON + at}, '2a', '2a-1', 'dev', 'tests', '{word}', '{message}')",
    )


def why(db: ReportDatabase) -> dict[str, str | None]:
    """What each step run failed of, as far as it is known."""
    return dict(db.sql("select source_key, error_message from step_runs"))


def test_a_failed_command_says_why(db: ReportDatabase, runner: Path) -> None:
    """The event that ended it tells, a word of failure before an end; nobody's address and no output is kept."""
    add_batch(runner)
    add_story(runner, 1, status="blocked")
    for number, status in enumerate(("completed", "failed", "failed", "blocked", "failed"), start=1):
        add_command(runner, number, status, number * 10)
    say(runner, 15, "end", "All well", "1")
    say(runner, 20, "start", "Begun", "2")
    say(runner, 25, "end", "Tests failed (failed:3)", "2")
    say(runner, 26, "progress", "Cleaning up", "2")
    say(runner, 33, "failed", "Tests failed (failed:4)", "3")
    say(runner, 35, "end", "Over", "3")
    say(runner, 45, "end", "Asked ann@example.com", "4")
    say(runner, 54, "error", "first", "5")
    say(runner, 55, "error", "Tests failed (failed:5)", "5")
    say(runner, 56, "error", "", "5")
    db.ingest(runner)
    assert why(db) == {
        "command/1": None,
        "command/2": "Tests failed (failed:3)",
        "command/3": "Tests failed (failed:4)",
        "command/4": "Asked <e-mail>",
        "command/5": "Tests failed (failed:5)",
    }
    errors = {row["example"]: row["occurrences"] for row in db.report("top_errors", source="runner")}
    assert errors == {"Tests failed (failed:3)": 3, "Asked <e-mail>": 1}
    assert [row["error"] for row in db.report("failed_stories")] == ["Tests failed (failed:5)"]
    assert [row["error"] for row in db.report("blocked_stories")] == ["Tests failed (failed:5)"]
    kept = db.path.read_bytes()
    assert b"hush" not in kept
    assert b"ann@example" not in kept


def test_an_event_that_names_no_command_is_of_the_attempt_then(db: ReportDatabase, runner: Path) -> None:
    """Its story, command and task tell whose it is, and its time of which attempt."""
    add_batch(runner)
    add_story(runner, 1)
    for number, status in ((1, "failed"), (2, "failed"), (3, "completed")):
        add_command(runner, number, status, number * 10)
    add_command(runner, 4, "failed", 10, task="lint")
    for at, message in ((15, "first"), (25, "second"), (35, "fine")):
        say(runner, at, "end", message)
    db.ingest(runner)
    assert why(db) == {"command/1": "first", "command/2": "second", "command/3": None, "command/4": None}


def test_why_a_command_of_a_story_that_is_gone_has_failed(db: ReportDatabase, runner: Path) -> None:
    """The events that name it are there still."""
    add_batch(runner)
    add_command(runner, 1, "failed")
    say(runner, 5, "end", "Tests failed", "1")
    db.ingest(runner)
    assert why(db) == {"command/1": "Tests failed"}


def test_an_event_that_comes_late_says_why(db: ReportDatabase, runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the command that it ended, far behind newer ones; what is known of others stays known."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 10)
    add_batch(runner)
    add_story(runner, 1)
    for number, status in ((1, "failed"), (2, "failed"), (3, "running")):
        add_command(runner, number, status, number * 10)
    say(runner, 15, "end", "known at once", "1")
    fill(runner, 50, 2)
    db.ingest(runner)
    assert (why(db)["command/1"], why(db)["command/2"]) == ("known at once", None)
    change(runner, "update commands set status = 'failed' where id = 3")
    db.ingest(runner)
    assert why(db)["command/1"] == "known at once", "its story is read again, of its batch no event is new"
    say(runner, 25, "end", "known late", "2")
    say(runner, 35, "end", "known last", "3")
    db.ingest(runner)
    assert {key: text for key, text in why(db).items() if text} == {
        "command/1": "known at once",
        "command/2": "known late",
        "command/3": "known last",
    }
    assert why(db) == why(fresh(db, runner))
    assert db.report("top_errors") == fresh(db, runner).report("top_errors")


def test_a_csv_says_why(db: ReportDatabase, tmp_path: Path) -> None:
    """A failure's message is the error of the step that it ended, also when its line comes later."""
    path = tmp_path / "events.csv"
    begun = f"{NOON},2a,2a-1,dev,tests,start,Begun"
    write_csv(path, begun)
    db.ingest(path)
    write_csv(path, begun, f'{NOON + 9},2a,2a-1,dev,tests,failed,"Asked ann@example.com, in vain"')
    db.ingest(path)
    assert db.sql("select status, error_message from step_runs") == [("failed", "Asked <e-mail>, in vain")]
    assert [(row["example"], row["occurrences"]) for row in db.report("top_errors", source="events")] == [
        ("Asked <e-mail>, in vain", 1)
    ]
    assert [row["error"] for row in db.report("failed_stories")] == ["Asked <e-mail>, in vain"]
    assert db.report("failed_stories") == fresh(db, path).report("failed_stories")
