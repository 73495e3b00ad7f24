"""The sprint runner: its database in all its versions, the older CSV of events, and steps that only events tell of."""

import gzip
import random
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, ask, change
from helpers.sprint import NOON, add_batch, add_events, add_story, noon

from storyreport.errors import StoryreportError
from storyreport.load import recent

# (at, story, command, task, status, place in the source)
Event = tuple[float, str, str, str, str, int]


@pytest.fixture
def real_csv(tmp_path: Path) -> Path:
    """A copy of a CSV file that a runner really wrote."""
    return Path(shutil.copy(DATA / "sprint-runner.csv", tmp_path))


def pairs(events: Iterable[Event]) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]], int]:
    """Pairs (story, step, duration) of a start and its end; starts with no end; how many ends have no start."""
    waiting: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    done, stray_ends = [], 0
    for at, story, command, task, status, _ in sorted(events, key=lambda event: (event[0], event[5])):
        starts = waiting[story, command, task]
        if status == "start":
            starts.append(at)
        elif status == "end" and starts:
            done.append((story, f"{command}/{task}", round((at - starts.pop()) * 1000)))
        elif status == "end":
            stray_ends += 1
    never = [(story, f"{command}/{task}") for (story, command, task), starts in waiting.items() for _ in starts]
    return sorted(done), sorted(never), stray_ends


def read_csv(path: Path) -> list[Event]:
    """The events of a well-behaved CSV file: no field before the message holds a comma."""
    rows = (line.split(",") for line in path.read_text(encoding="utf-8").splitlines())
    return [(float(row[0]), row[2], row[3], row[4], row[5], place) for place, row in enumerate(rows)]


def steps(db: ReportDatabase, status: str) -> list[tuple[str, str, int]]:
    """(story, step, duration) of the step runs of a status."""
    return db.sql(
        """
        select coalesce(stories.source_key, story_key), steps.name, duration_ms
        from step_runs
        join steps on steps.id = step_id
        left join stories on stories.id = story_id
        where step_runs.status = ? and step_runs.gone_at is null
        order by 1, 2, 3
        """,
        status,
    )


def step_runs(db: ReportDatabase) -> list[tuple[object, ...]]:
    """(key, attempt, status, duration) of what is still there."""
    return db.sql("select source_key, attempt, status, duration_ms from step_runs where gone_at is null order by 1")


# Real files ----------------------------------------------------------------------------------------------------------


def test_the_real_database(db: ReportDatabase, real_database: Path) -> None:
    """Every event is there, in its order; its batch is not, which makes each an orphan; no step was timed."""
    outcome = db.ingest(real_database)
    assert outcome.counts.rejected == 0
    said = ask(
        real_database,
        "select id, story_key, command || '/' || task_id, status, message,"
        " strftime('%Y-%m-%dT%H:%M:%S.000Z', timestamp, 'unixepoch') from events order by id",
    )
    kept = db.sql("""
        select cast(events.source_key as integer), stories.source_key, steps.name, events.source_status, message, at
        from events join stories on stories.id = story_id join steps on steps.id = step_id order by at, events.id
    """)
    assert kept == said
    orphans = db.report("orphans")
    assert len(orphans) == len(said) == 20
    assert {(row["kind"], row["missing"], row["missing_key"]) for row in orphans} == {("event", "run", "batch/1")}
    assert db.one("select count(*) from step_runs") == 0
    assert db.one("select count(*) from events where status is not null") == 0, "create and refresh are no statuses"
    assert db.report("data_quality") == [], "and they are the status of no work"


def test_the_real_csv(db: ReportDatabase, real_csv: Path) -> None:
    """Every line is an event or a reject; steps take as long as their pairs; what never ended is stuck."""
    outcome = db.ingest(real_csv)
    events = read_csv(real_csv)
    assert outcome.counts.read == len(events) == 151
    assert db.one("select count(*) from events") + outcome.counts.rejected == len(events)
    done, never, stray_ends = pairs(events)
    assert (len(done), never, stray_ends) == (75, [("4-1", "code-review-3/setup")], 0)
    assert steps(db, "completed") == done
    (stuck,) = db.report("stuck_runs")
    assert (stuck["kind"], stuck["story"], stuck["step"]) == ("command", "4-1", "code-review-3/setup")
    assert stuck["started_at"] == "2026-01-23T23:54:27.000Z"
    assert db.sql("select family, count(*) from steps where name like 'code-review-%' group by 1") == [
        ("code-review", 13)
    ]
    assert sum(row["executions"] for row in db.report("slowest_steps")) == len(done)
    assert db.report("orphans") == []
    assert db.sql("select message from events order by at limit 1") == [("Initializing story creation for 4-1",)]


def test_the_real_files_together(db: ReportDatabase, real_database: Path) -> None:
    """The runner's folder is one source of two parts, and the same again writes nothing."""
    folder = real_database.parent / "dashboard"
    folder.mkdir()
    real_database.rename(folder / "sprint-runner.db")
    shutil.copy(DATA / "sprint-runner.csv", folder)
    db.ingest(folder)
    assert db.sql("select name, system from sources") == [("dashboard", "sprint")]
    assert db.one("select count(*) from events") == 171
    before = db.counts()
    assert db.ingest(folder).unchanged
    full = db.ingest(folder, full=True)
    assert (full.counts.read, full.counts.written, db.counts()) == (171, 0, before)


def test_the_real_csv_compressed(db: ReportDatabase, real_csv: Path) -> None:
    """A gzipped file gives the same; one that ends early gives what it holds, and says so."""
    whole = gzip.compress(real_csv.read_bytes())
    (packed := real_csv.with_name("runner.csv.gz")).write_bytes(whole)
    db.ingest(packed, name="whole")
    assert len(steps(db, "completed")) == 75
    packed.write_bytes(whole[:-200])
    outcome = db.ingest(packed, name="cut", full=True)
    assert outcome.counts.rejected >= 1
    assert db.sql("select reason from rejects order by id desc limit 1") == [
        ("the gzip file ends early or is damaged",)
    ]
    assert 0 < db.one("select count(*) from events join sources on sources.id = source_id where name = 'cut'") < 151


# Events that make steps ----------------------------------------------------------------------------------------------

NESTED = (
    (0, "A", "dev", "code", "start"),
    (1, "B", "dev", "code", "start"),
    (2, "A", "dev", "code", "start"),
    (3, "A", "dev", "test", "start"),
    (4, "A", "dev", "code", "progress"),
    (5, "A", "dev", "code", "end"),
    (6, "A", "dev", "code", "end"),
    (7, "A", "dev", "code", "end"),
    (8, "B", "dev", "lint", "end"),
    (9, "A", "dev", "code", "start"),
    (9, "A", "dev", "code", "end"),
    (20, "B", "dev", "code", "end"),
)


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


# The database --------------------------------------------------------------------------------------------------------


def test_batches_stories_commands_and_tasks(db: ReportDatabase, runner: Path) -> None:
    """A batch has its stories' runs, each its commands; a story is what its newest run says."""
    add_batch(runner, 1, "completed", NOON, str(NOON + 600))
    add_batch(runner, 2, "stopped", (NOON + 1000) * 1000, str(NOON + 1600))
    add_batch(runner, 3, "error", NOON + 2000, str((NOON + 2600) * 1000))
    add_story(runner, 1, 1, "2a-1", "failed")
    add_story(runner, 2, 2, "2a-1", "done")
    add_story(runner, 3, 2, "2a-2", "blocked")
    add_story(runner, 4, 3, "2a-3", "Pending")
    add_story(runner, 5, 3, "2a-4", "skipped")
    add_story(runner, 6, 9, "2a-5", "odd")
    change(
        runner,
        f"""insert into commands values
            (1, 1, 'code-review-2', 'fix', {NOON}, {(NOON + 3) * 1000}, 'failed', null),
            (2, 1, 'code-review-2', 'fix', {NOON * 1000}, {NOON + 4}, 'completed', null),
            (3, 1, 'code-review-3', '', {NOON + 9}, {NOON}, 'completed', null)""",
        f"""insert into background_tasks values
            (1, 1, '2a-1', 'context-refresh', {NOON}, {NOON * 1000 + 60_250}, 'completed'),
            (2, 2, '2a-1', 'context-refresh', {NOON}, null, 'failed')""",
    )
    db.ingest(runner)
    assert db.sql("""
        select runs.source_key, runs.kind, stories.source_key, parents.source_key, runs.status, runs.source_status,
            runs.duration_ms, runs.cycles_completed, runs.max_cycles
        from runs left join runs as parents on parents.id = runs.parent_id
        left join stories on stories.id = runs.story_id order by runs.source_key
    """) == [
        ("batch/1", "batch", None, None, "completed", "completed", 600_000, 2, 5),
        ("batch/2", "batch", None, None, "cancelled", "stopped", 600_000, 2, 5),
        ("batch/3", "batch", None, None, "failed", "error", 600_000, 2, 5),
        ("story/1", "sprint_story", "2a-1", "batch/1", "failed", "failed", None, None, None),
        ("story/2", "sprint_story", "2a-1", "batch/2", "completed", "done", None, None, None),
        ("story/3", "sprint_story", "2a-2", "batch/2", "blocked", "blocked", None, None, None),
        ("story/4", "sprint_story", "2a-3", "batch/3", "queued", "Pending", None, None, None),
        ("story/5", "sprint_story", "2a-4", "batch/3", "skipped", "skipped", None, None, None),
        ("story/6", "sprint_story", "2a-5", None, None, "odd", None, None, None),
    ]  # fmt: skip
    assert db.sql("select source_key, status, origin from stories order by 1")[:2] == [
        ("2a-1", "completed", "epic 2a"),
        ("2a-2", "blocked", "epic 2a"),
    ]
    assert db.sql("""
        select step_runs.source_key, kind, stories.source_key, steps.name, steps.family, attempt, duration_ms
        from step_runs join steps on steps.id = step_id join stories on stories.id = story_id order by 1
    """) == [
        ("command/1", "command", "2a-1", "code-review-2/fix", "code-review", 1, 3000),
        ("command/2", "command", "2a-1", "code-review-2/fix", "code-review", 2, 4000),
        ("command/3", "command", "2a-1", "code-review-3", "code-review", 1, None),
        ("task/1", "background_task", "2a-1", "context-refresh", "context-refresh", None, 60_250),
        ("task/2", "background_task", "2a-1", "context-refresh", "context-refresh", None, None),
    ]
    assert [(row["kind"], row["key"], row["missing_key"]) for row in db.report("orphans")] == [
        ("run", "story/6", "batch/9")
    ]
    assert {row["step"]: (row["completed"], row["failed"]) for row in db.report("failure_rates")} == {
        "code-review": (2, 1),
        "context-refresh": (1, 1),
    }


@pytest.mark.parametrize(
    ("command", "family"),
    [("code-review-12", "code-review"), ("v2", "v2"), ("step-2b", "step-2b"), ("-7", "-7"), ("a-1-2", "a-1")],
)
def test_an_instance_is_of_its_family(db: ReportDatabase, runner: Path, command: str, family: str) -> None:
    """A number at the end tells instances of a command apart."""
    add_events(runner, (0, "A", command, "go", "start"))
    db.ingest(runner)
    assert db.sql("select name, family from steps") == [(f"{command}/go", family)]


def test_epochs_of_any_magnitude(db: ReportDatabase, runner: Path) -> None:
    """Seconds and milliseconds mean the same, within a table, a row and a pair; what is no time is rejected."""
    add_batch(runner)
    add_events(runner, (0, "A", "dev", "code", "start"), (5, "A", "dev", "code", "end"))
    change(
        runner,
        "update events set timestamp = timestamp * 1000 + 250 where id = 2",
        "insert into events values (3, 1, null, null, 'soon', '', 'A', 'dev', 'code', 'end', null)",
        f"insert into events values (4, 1, null, null, {NOON}.5, '', 'A', 'dev', 'code', 'note', 'by ann@example.com')",
    )
    outcome = db.ingest(runner)
    assert db.sql("select at from events order by source_key") == [
        (noon(0),),
        ("2026-03-10T12:00:05.250Z",),
        ("2026-03-10T12:00:00.500Z",),
    ]
    assert step_runs(db) == [("event/1", 1, "completed", 5250)]
    assert outcome.counts.rejected == 1
    assert db.sql("select source_table, reason from rejects") == [("events", "timestamp is no possible time")]


@pytest.mark.parametrize("missing", ["batches", "stories", "commands", "background_tasks", "events"])
def test_any_table_may_be_missing(db: ReportDatabase, runner: Path, missing: str) -> None:
    """What is there is loaded, and what referred to the rest is an orphan."""
    add_batch(runner)
    add_story(runner, 1)
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'code', {NOON}, null, 'running', null)",
        f"insert into background_tasks values (1, 1, '2a-1', 'refresh', {NOON}, null, 'running')",
    )
    add_events(runner, (0, "2a-1", "dev", "code", "start"), story="1")
    change(runner, f"drop table {missing}")
    outcome = db.ingest(runner)
    assert (outcome.counts.read, outcome.counts.rejected) == (4, 0)
    assert bool(db.report("orphans")) == (missing in ("batches", "stories"))
    keys = [row[0] for row in step_runs(db)]
    assert keys == {
        "commands": ["event/1", "task/1"],
        "background_tasks": ["command/1"],
    }.get(missing, ["command/1", "task/1"])


def test_the_newer_version(db: ReportDatabase, runner: Path) -> None:
    """An event's type stands in for a status that it lacks; its payload is not copied."""
    change(runner, "alter table events add event_type text", "alter table events add payload_json text")
    add_events(runner, (0, "A", "dev", "code", "start"), (3, "A", "dev", "code", ""), (4, "A", "dev", "code", "note"))
    change(
        runner,
        "update events set event_type = case id when 2 then 'end' else 'command' end, payload_json = '[\"hush\"]'",
    )
    outcome = db.ingest(runner)
    assert outcome.counts.rejected == 0
    assert db.sql("select source_status, status from events order by id") == [
        ("start", "running"),
        ("end", "completed"),
        ("note", None),
    ]
    assert step_runs(db) == [("event/1", 1, "completed", 3000)]
    assert b"hush" not in db.path.read_bytes()


def test_columns_may_be_missing(db: ReportDatabase, tmp_path: Path) -> None:
    """Without batches, stories' numbers and messages events are still paired, in one ingest or in two."""
    path = tmp_path / "old.db"
    change(
        path,
        "create table Events (ID integer primary key, Timestamp integer, story_key text, command text, task_id text,"
        " status text)",
        f"insert into events values (1, {NOON}, 'A', 'dev', 'code', 'start'), (2, {NOON}, '', '', '', 'end')",
    )
    db.ingest(path)
    assert step_runs(db) == [("event/1", 1, "running", None)]
    change(path, f"insert into events values (3, {NOON + 60}, 'A', 'dev', 'code', 'end')")
    db.ingest(path)
    assert step_runs(db) == [("event/1", 1, "completed", 60_000)]
    assert db.one("select count(*) from events") == 3
    assert db.report("orphans") == []


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


# What changes --------------------------------------------------------------------------------------------------------


def fill(path: Path, batches: int, events_each: int) -> None:
    """Plant a long history: each batch with one story, its commands and as many events."""
    change(
        path,
        "create temp table numbers as with recursive counted (n) as"
        f" (select 1 union all select n + 1 from counted where n < {batches * events_each}) select n from counted",
        f"insert into batches select 100 + n, {NOON} + n, {NOON} + n + 9, 5, 5, 'completed' from numbers"
        f" where n <= {batches}",
        f"insert into stories select 100 + n, 100 + n, 'S-' || n, '1', 'done', {NOON} + n, {NOON} + n + 9 from numbers"
        f" where n <= {batches}",
        f"insert into commands select 100 + n, 101 + (n - 1) / {events_each}, 'dev', 'task-' || n % 7, {NOON} + n,"
        f" {NOON} + n + 1 + n % 5, 'completed', null from numbers",
        f"insert into events select 100 + n, 101 + (n - 1) / {events_each}, null, null, {NOON} + n, '1',"
        f" 'S-' || (1 + (n - 1) / {events_each}), 'review', 'x', case n % 2 when 1 then 'start' else 'end' end, 'm'"
        " from numbers",
    )


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


def fresh(db: ReportDatabase, path: Path) -> ReportDatabase:
    """Another report database that has read the source once."""
    other = ReportDatabase(db.path.parent)
    other.path = db.path.with_name("fresh.db")
    other.path.unlink(missing_ok=True)
    other.ingest(path)
    return other


def test_what_was_open_is_found_when_it_ends(db: ReportDatabase, runner: Path) -> None:
    """Old rows that end in place, under old numbers, and new events are found without reading the history again."""
    add_batch(runner)
    add_story(runner, 1)
    change(
        runner,
        f"insert into commands values (1, 1, 'dev', 'code', {NOON}, null, 'running', null)",
        f"insert into background_tasks values (1, 1, '2a-1', 'refresh', {NOON}, null, 'running')",
    )
    add_events(runner, (0, "2a-1", "plan", "all", "start"), (1, "2a-1", "dev", "code", "start"))
    fill(runner, 15_000, 4)
    change(runner, f"insert into background_tasks select n, 101, 'S-1', 'refresh', {NOON}, {NOON + 1}, 'completed' from"
        " (select id as n from commands where id > 100)")  # fmt: skip
    first = db.ingest(runner)
    assert (first.counts.read, first.counts.rejected) == (210_006, 0)
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
    assert outcome.counts.read < 60_000, "not the whole history"
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


# The CSV file --------------------------------------------------------------------------------------------------------


def write_csv(path: Path, *lines: str | bytes) -> Path:
    """Write lines as they are."""
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def test_a_csv_that_grows(db: ReportDatabase, tmp_path: Path) -> None:
    """New lines are all that is written; what had not ended ends; the same again, or cut off above, adds 0."""
    path = tmp_path / "events.csv"
    begun = [f"{NOON},1,A,dev,code,start", f"{NOON},1,A,dev,code,start,again", f"{NOON},1,A,dev,code,note"]
    write_csv(path, *begun)
    db.ingest(path)
    assert [row[1:] for row in step_runs(db)] == [(1, "running", None), (2, "running", None)]
    write_csv(path, *begun, f"{NOON + 7},1,A,dev,code,end")
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 1, 0)
    assert [row[1:] for row in step_runs(db)] == [(1, "running", None), (2, "completed", 7000)]
    assert db.ingest(path, full=True).counts.written == 0
    assert db.sql("select message from events where message is not null") == [("again",)]
    write_csv(path, "", begun[2], f"{NOON + 7},1,A,dev,code,end")
    outcome = db.ingest(path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (0, 0, 4)


def test_events_in_both_parts_count_once(tmp_path: Path, runner: Path) -> None:
    """What a database took over from the CSV file is the database's, in whatever order they are read."""
    events = [
        (at, "A", "dev", "code", status) for at, status in ((0, "start"), (9, "end"), (20, "start"), (21, "note"))
    ]
    add_batch(runner)
    add_events(runner, *events, (30, "A", "dev", "code", "end"))
    lines = [f"{(NOON + at) * 1000},1,{story},{command},{task},{status}" for at, story, command, task, status in events]
    path = write_csv(
        tmp_path / "runner.csv", f"{NOON - 60},1,A,plan,all,start", f"{NOON - 50},1,A,plan,all,end", *lines
    )
    for order in ((runner, path), (path, runner)):
        db = ReportDatabase(tmp_path)
        db.path = tmp_path / f"{order[0].name}.report"
        for part in order:
            db.ingest(part, name="sprint")
        assert steps(db, "completed") == [
            ("A", "dev/code", 9000), ("A", "dev/code", 10_000), ("A", "plan/all", 10_000)
        ]  # fmt: skip
        assert steps(db, "running") == []
        assert db.one("select count(*) from events") == 7
        assert [db.ingest(part, name="sprint", full=True).counts.written for part in order] == [0, 0]


GOOD = [f"{NOON + n},1,A,dev,code-{n},start,fine" for n in range(6)]


def test_a_hostile_csv(db: ReportDatabase, tmp_path: Path) -> None:
    """Whatever a line holds it is an event or a reject with a reason, and the next is read."""
    bad = {
        "1,2,3": "the line has 3 fields, expected at least epoch, epic_id, story_key, command, task_id, status",
        "noon,1,A,dev,code,start": "epoch is not a number",
        ",1,A,dev,code,start": "epoch is not a number",
        "-5,1,A,dev,code,start": "epoch is not a number",
        "inf,1,A,dev,code,start": "epoch is not a number",
        "9" * 400 + ",1,A,dev,code,start": "epoch is not a number",
        "9" * 16 + ",1,A,dev,code,start": "epoch is no possible time",
        f"{NOON},1,A\0,dev,code,start": "the line holds NUL bytes",
        f"{NOON},1,{'A' * 600},dev,code,start": "story_key is no readable key",
        f"{NOON},1,A,dev,code,start,{'m' * 200_000}": "the line is broken CSV (field larger than field limit (131072))",
    }
    odd = [
        f"\ufeff{NOON},1,A,dev,code,start",
        f'{NOON},1,A,dev,code,start,"never closed',
        f'{NOON},1,A,dev,code,start,"said ""so"" to ann@example.com",{{"extra": 1}},2',
        f"{NOON},,,,,",
        f"{NOON},1,A,dev,,start",
        f"  {NOON}.5 , 1 , A , dev , code , start , padded ",
    ]
    path = write_csv(tmp_path / "odd.csv", *GOOD, *bad, *odd, b"%d,1,A,dev,code,start,\xff\xfe" % NOON, "", "  ")
    outcome = db.ingest(path)
    reasons = [row[0] for row in db.sql("select reason from rejects order by cast(source_key as integer)")]
    assert reasons == [*bad.values(), "the line is not UTF-8"]
    assert outcome.counts.read == len(GOOD) + len(bad) + len(odd) + 1
    assert db.one("select count(*) from events") == len(GOOD) + len(odd)
    assert b"ann@example" not in db.path.read_bytes()
    assert b'"extra"' not in db.path.read_bytes()
    assert db.sql("select message from events where message like 'never%' or message like 'said%' order by 1") == [
        ("never closed",),
        ('said "so" to <e-mail>',),
    ]


def test_a_message_of_several_lines(db: ReportDatabase, tmp_path: Path) -> None:
    """A quoted message may hold line ends, but not the events after it where its quotes never close."""
    write_csv(
        tmp_path / "long.csv",
        *GOOD,
        f'{NOON + 50},1,A,dev,code,end,"first',
        "",
        'second, and ""last"""',
        f'{NOON + 60},1,A,dev,code,end,"open',
        "stray",
        *[f"{NOON + 70 + n},1,A,dev,code,end" for n in range(3)],
        f'{NOON + 80},1,A,dev,code,end,"open',
        *["stray"] * 300,
    )
    outcome = db.ingest(tmp_path / "long.csv")
    assert db.one("select count(*) from events") == len(GOOD) + 6
    assert db.sql("select message from events where message like 'first%'") == [('first\nsecond, and "last"',)]
    assert outcome.counts.rejected == 301


def test_a_line_of_100_mb(db: ReportDatabase, tmp_path: Path) -> None:
    """It is a row with a problem, and no more than a piece of it is ever held."""
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write("\n".join(GOOD).encode() + b"\n" + f'{NOON},1,A,dev,code,start,"'.encode())
        for _ in range(100):
            file.write(b"m" * 1_000_000)
        file.write(b"\n" + GOOD[0].encode())
    outcome = db.ingest(path)
    assert (outcome.counts.rejected, db.one("select count(*) from events")) == (1, len(GOOD) + 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"timestamp,epic_id,story_key,command,task_id,status\n",
        b"day,model,endpoint,input,output,cost\n2026-01-01,gpt,chat,1,2,0.5\n",
        b"1773144000,gpt,chat,1,2,0.5\n" * 20,
        # Exports of bills begin with an epoch too, and a currency is a word.
        b"1773144000,1773230400,2026-03-10T12:00:00+00:00,2026-03-11T12:00:00+00:00,2.25,usd,1000000\n" * 20,
        b"1773144000,1773230400,gpt-5,input,tokens,usd\n" * 20,
        b'{"a": 1}\n' * 20,
        b"\x00" * 5000,
    ],
)
def test_what_is_no_csv_of_events(db: ReportDatabase, tmp_path: Path, content: bytes) -> None:
    """Another file is refused in a sentence, and nothing is written."""
    (path := tmp_path / "other.csv").write_bytes(content)
    with pytest.raises(StoryreportError):
        db.ingest(path, system="sprint")
    assert not db.path.exists()
