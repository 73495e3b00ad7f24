"""The sprint runner: events that pair to steps, in the database and in the CSV."""

import random
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON, add_batch, add_events, add_story
from helpers.sprint_events import NESTED, pairs, step_runs, steps


def test_nested_and_stray_events(db: ReportDatabase, runner: Path) -> None:
    """An end belongs to the latest start without one; an end too many is an event and no more; so is a progress."""
    add_batch(runner)
    add_events(runner, *NESTED)
    db.ingest(runner)
    assert step_runs(db) == [
        ("event/1", 1, "completed", 6000),
        ("event/10", 3, "completed", 0),
        ("event/2", 1, "completed", 19_000),
        ("event/3", 2, "completed", 3000),
        ("event/4", 1, "running", None),
    ]
    assert db.one("select count(*) from events") == len(NESTED)


@pytest.mark.parametrize("seed", range(5))
def test_any_events_pair_alike_in_both_parts(db: ReportDatabase, runner: Path, seed: int) -> None:
    """Random starts and ends in any order make the pairs that a stack makes, from the database and from the CSV."""
    dice = random.Random(seed)
    events = [
        (dice.randrange(300), dice.choice("AB"), "dev", dice.choice(("x", "y")), dice.choice(("start", "end", "other")))
        for _ in range(300)
    ]
    add_events(runner, *events)
    lines = [f'{NOON + event[0]},2a,{",".join(event[1:])},"said, {event[0]}"' for event in events]
    (csv := runner.with_name("events.csv")).write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    done, never, stray_ends = pairs((*event, place) for place, event in enumerate(events))
    assert done
    assert never
    assert stray_ends
    for path in (runner, csv):
        own = ReportDatabase(db.path.parent)
        own.path = db.path.with_name(f"{path.name}.report")
        own.ingest(path)
        assert steps(own, "completed") == done
        assert [(story, step) for story, step, _ in steps(own, "running")] == never
        assert own.one("select count(*) from events") == len(events)


def test_a_failure_ends_what_nothing_else_ends(db: ReportDatabase, runner: Path) -> None:
    """A start whose next word is a failure has failed then, with its message; an end that follows has the last word."""
    add_batch(runner)
    add_events(runner, (0, "A", "dev", "code", "start"), (5, "A", "dev", "code", "progress"))
    add_events(runner, (9, "A", "dev", "code", "failed"), (10, "A", "dev", "code", "start"))
    add_events(runner, (11, "A", "dev", "code", "error"), (12, "A", "dev", "code", "end"))
    db.ingest(runner)
    assert db.sql("select source_status, duration_ms, error_message from step_runs order by source_key") == [
        ("failed", 9000, "said 9"),
        ("end", 2000, None),
    ]


def test_a_batch_does_not_end_what_another_began(db: ReportDatabase, runner: Path) -> None:
    """A runner that died leaves its step hanging, whatever the next one does."""
    for batch in (1, 2):
        add_batch(runner, batch)
        add_events(runner, (batch * 10, "A", "dev", "code", "start"), batch=batch)
    add_events(runner, (25, "A", "dev", "code", "end"), (26, "A", "dev", "code", "end"), batch=2)
    db.ingest(runner)
    assert step_runs(db) == [("event/1", 1, "running", None), ("event/2", 1, "completed", 5000)]


def test_only_what_no_command_records_is_made_of_events(db: ReportDatabase, runner: Path) -> None:
    """Where a command is recorded its events are events; one that is recorded late takes its place."""
    add_batch(runner)
    add_story(runner, 7)
    change(
        runner,
        f"insert into commands values (1, 7, 'dev', 'code', {NOON}, {NOON + 9}, 'completed', 'hush {'x' * 9}')",
    )
    add_events(
        runner, *((at, "2a-1", "dev", task, s) for task in ("code", "test") for at, s in ((0, "start"), (8, "end")))
    )
    add_events(runner, (9, "2a-1", "dev", "lint", "start"))
    db.ingest(runner)
    assert step_runs(db) == [
        ("command/1", 1, "completed", 9000),
        ("event/3", 1, "completed", 8000),
        ("event/5", 1, "running", None),
    ]
    assert {row[0] for row in db.sql("select runs.source_key from events join runs on runs.id = run_id")} == {"story/7"}
    change(runner, f"insert into commands values (2, 7, 'dev', 'lint', {NOON}, {NOON + 7}, 'failed', null)")
    db.ingest(runner)
    assert step_runs(db) == [
        ("command/1", 1, "completed", 9000),
        ("command/2", 1, "failed", 7000),
        ("event/3", 1, "completed", 8000),
    ]
    assert b"hush" not in db.path.read_bytes()
