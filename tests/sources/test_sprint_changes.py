"""The sprint runner: sources that change between ingests."""

from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON, add_batch, add_events, add_story, noon
from helpers.sprint_events import NESTED, fill, fresh, step_runs

from storyreport.load import recent


def facts(db: ReportDatabase) -> list[object]:
    """All that is known of the work, however it came to be known."""
    joined = "left join stories on stories.id = story_id"
    return [
        db.sql(f"""
            select runs.source_key, runs.status, stories.source_key, started_at, runs.ended_at, last_activity_at,
                duration_ms, cycles_completed
            from runs {joined} where runs.gone_at is null order by 1
        """),
        db.sql("""
            select step_runs.source_key, step_runs.status, stories.source_key, runs.source_key, steps.name, attempt,
                step_runs.started_at, step_runs.ended_at, step_runs.last_activity_at, step_runs.duration_ms
            from step_runs join steps on steps.id = step_id left join runs on runs.id = run_id
            left join stories on stories.id = step_runs.story_id where step_runs.gone_at is null order by 1
        """),
        db.sql(f"""
            select events.source_key, events.status, stories.source_key, run_key, step_id is null, at, message
            from events {joined} where events.gone_at is null order by 1
        """),
    ]


def test_what_was_open_is_found_when_it_ends(db: ReportDatabase, runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rows that end in place, under old numbers, and new events are found without reading the history again."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 1000)
    add_batch(runner)
    add_story(runner, 1)
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'code', {NOON}, null, 'running', null)",
        f"insert into background_tasks values (1, 1, '2a-1', 'refresh', {NOON}, null, 'running')",
    )
    add_events(runner, (0, "2a-1", "plan", "all", "start"), (1, "2a-1", "dev", "code", "start"))
    fill(runner, 1500, 4)
    change(runner, f"insert into background_tasks select n, 101, 'S-1', 'refresh', {NOON}, {NOON + 1}, 'completed' from"
        " (select id as n from commands where id > 100)")  # fmt: skip
    first = db.ingest(runner)
    assert (first.counts.read, first.counts.rejected) == (21_006, 0)
    assert db.sql("select source_key from step_runs where status = 'running' order by 1") == [
        ("command/1",), ("event/1",), ("task/1",)
    ]  # fmt: skip
    change(
        runner,
        f"update batches set status = 'completed', ended_at = {NOON + 900}, cycles_completed = 5 where id = 1",
        f"update stories set status = 'done', ended_at = {NOON + 800} where id = 1",
        f"update commands set status = 'failed', ended_at = {(NOON + 700) * 1000}, command = 'renamed' where id = 1",
        f"update background_tasks set status = 'completed', completed_at = {NOON + 600} where id = 1",
    )
    add_events(runner, (500, "2a-1", "plan", "all", "end"), (700, "2a-1", "dev", "code", "end"))
    outcome = db.ingest(runner)
    assert db.sql("select source_key, status, duration_ms from runs where source_key in ('batch/1', 'story/1')") == [
        ("batch/1", "completed", 900_000),
        ("story/1", "completed", 800_000),
    ]
    assert [row for row in step_runs(db) if row[0] in ("command/1", "event/1", "task/1")] == [
        ("command/1", 1, "failed", 700_000),
        ("event/1", 1, "completed", 500_000),
        ("task/1", None, "completed", 600_000),
    ]
    assert outcome.counts.inserted == 2 + 1, "two events; the command has another name, so its events make a step run"
    assert outcome.counts.read < 6000, "not the whole history"
    assert facts(db) == facts(fresh(db, runner))


def test_an_old_story_that_is_done_is_done(db: ReportDatabase, runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A story's row that ends in place, far behind newer ones, ends the story and counts as done on that day."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 10)
    add_batch(runner)
    add_story(runner, 1)
    fill(runner, 50, 1)
    db.ingest(runner)
    assert db.sql("select status, ended_at from stories where source_key = '2a-1'") == [("running", None)]
    change(runner, f"update stories set status = 'done', ended_at = {NOON + 800} where id = 1")
    db.ingest(runner)
    assert db.sql("select status, source_status, ended_at from stories where source_key = '2a-1'") == [
        ("completed", "done", noon(800))
    ]
    (day,) = db.report("throughput")
    assert (day["day"], day["stories_started"], day["stories_completed"]) == ("2026-03-10", 51, 51)
    assert db.report("throughput") == fresh(db, runner).report("throughput")


def test_a_history_read_in_pieces_is_the_same(db: ReportDatabase, runner: Path) -> None:
    """However often it is ingested while it grows, the report is that of a single ingest."""
    add_batch(runner)
    add_story(runner, 1)
    for second in range(0, 120, 10):
        task = "ab"[second // 10 % 2]
        add_events(runner, (second, "2a-1", "dev", task, "end" if second % 30 == 20 else "start"))
        change(
            runner,
            f"update commands set ended_at = {NOON + second}, status = 'completed' where ended_at is null",
            f"insert into commands values ({second + 1}, 1, 'fix', 'go', {NOON + second}, null, 'running', null)",
        )
        db.ingest(runner)
        assert db.ingest(runner, full=True).counts.written == 0
        assert facts(db) == facts(fresh(db, runner))


def test_the_same_again_writes_nothing(db: ReportDatabase, runner: Path) -> None:
    """An unchanged database is not read; a touched one, or one read in full, gives the same rows."""
    fill(runner, 50, 4)
    add_batch(runner)
    add_events(runner, *NESTED)
    db.ingest(runner)
    before = db.counts(), facts(db)
    assert db.ingest(runner).unchanged
    change(runner, "create table touched (at)")
    touched = db.ingest(runner)
    assert (touched.unchanged, touched.counts.written) == (False, 0)
    assert db.ingest(runner, full=True).counts.written == 0
    assert (db.counts(), facts(db)) == before


def test_a_deleted_story_leaves_orphans(db: ReportDatabase, runner: Path) -> None:
    """What hung on a story points at nothing until it is back; a second row of the story keeps the story itself."""
    add_batch(runner)
    for number, key in ((1, "A"), (2, "B"), (3, "B")):
        add_story(runner, number, 1, key)
        change(
            runner, f"insert into commands values ({number}, {number}, 'dev', 'go', {NOON}, {NOON}, 'completed', null)"
        )
        add_events(runner, (number, key, "dev", "go", "start"), story=str(number))
    db.ingest(runner)
    assert db.report("orphans") == []
    change(runner, "delete from stories where id in (1, 2)")
    assert db.ingest(runner).counts.gone == 3
    expected = {
        ("event", "1", "story/1"), ("event", "2", "story/2"),
        ("step_run", "command/1", "story/1"), ("step_run", "command/2", "story/2"),
    }  # fmt: skip
    assert {(row["kind"], row["key"], row["missing_key"]) for row in db.report("orphans")} == expected
    assert db.sql("select source_key from stories where gone_at is not null") == [("A",)]
    assert {(r["kind"], r["key"], r["missing_key"]) for r in fresh(db, runner).report("orphans")} == expected
    add_story(runner, 1, 1, "A")
    add_story(runner, 2, 1, "B")
    db.ingest(runner)
    assert db.report("orphans") == []
    assert db.sql("select source_key from stories where gone_at is not null") == []


def test_what_vanishes_hangs_no_more(db: ReportDatabase, runner: Path) -> None:
    """Deleted commands and tasks are gone; a step made of events goes with the event that began it."""
    add_batch(runner)
    add_story(runner, 1)
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'code', {NOON}, null, 'running', null)",
        f"insert into background_tasks values (1, 1, '2a-1', 'refresh', {NOON}, null, 'running')",
    )
    add_events(runner, (0, "2a-1", "plan", "all", "start"), (1, "2a-1", "plan", "all", "note"))
    db.ingest(runner)
    assert len(db.report("stuck_runs")) == 5
    change(runner, "delete from events where id = 1")
    db.ingest(runner)
    assert len(db.report("stuck_runs")) == 4
    change(runner, "delete from commands", "delete from background_tasks")
    db.ingest(runner)
    assert [row["run"] for row in db.report("stuck_runs")] == ["batch/1", "story/1"]
    assert db.one("select count(*) from events where gone_at is null") == 1
