"""The sprint runner's events, paired without a look at the mapping."""

import gzip
import shutil
from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, ask, change
from helpers.sprint import NOON, add_batch, add_events, add_story, noon
from helpers.sprint_events import Event, pairs, step_runs, steps


@pytest.fixture
def real_csv(tmp_path: Path) -> Path:
    """A copy of a CSV file that a runner really wrote."""
    return Path(shutil.copy(DATA / "sprint-runner.csv", tmp_path))


def read_csv(path: Path) -> list[Event]:
    """The events of a well-behaved CSV file: no field before the message holds a comma."""
    rows = (line.split(",") for line in path.read_text(encoding="utf-8").splitlines())
    return [(float(row[0]), row[2], row[3], row[4], row[5], place) for place, row in enumerate(rows)]


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
