"""Keys that a source uses again: the earlier work stays in history, apart from the later one, and a finding says so."""

from pathlib import Path

import pytest
from helpers import sprint
from helpers.adventure import TABLES
from helpers.report_database import ReportDatabase, change, pairs
from helpers.sprint import NOON, add_batch, add_commands, add_events, add_story
from hypothesis import given, settings
from hypothesis import strategies as st

from storyreport.upkeep.doctor import examine

HEADER = "id,run,step,status,started_at,ended_at\n"
WEEK = 7 * 86_400


def plain(path: Path, day: int, runs: int, status: str = "completed", has_ids: bool = True) -> Path:
    """Runs r1, r2, … of one step with the ids 1, 2, … (or none), a minute each, on a day of November."""
    rows = (
        f"{n if has_ids else ''},r{n},draft,{status},2026-11-{day:02}T09:{n:02}:00Z,2026-11-{day:02}T09:{n:02}:05Z\n"
        for n in range(1, runs + 1)
    )
    path.write_text(HEADER + "".join(rows), "utf-8")
    return path


def by_day(db: ReportDatabase) -> list[tuple[object, ...]]:
    """Executions and failures by day."""
    return sorted(pairs(db.report("failure_trend"), "day", "executions", "failed"))


def test_a_table_that_begins_again(db: ReportDatabase, tmp_path: Path) -> None:
    """Ids 1 and 2 are other work a week later: nothing of the first week is lost, and run r1 is two runs."""
    source = plain(tmp_path / "steps.csv", 20, 3)
    db.ingest(source)
    db.ingest(plain(source, 27, 2, "failed"))
    assert by_day(db) == [("2026-11-20", 3, 0), ("2026-11-27", 2, 2)]
    assert [row["status"] for row in db.report("run_status", run="r1")] == ["failed"]
    (earlier,) = db.report("run_status", run="r1 (2026-11-20T09:01:00.000Z)")
    assert (earlier["status"], earlier["started_at"]) == ("completed", "2026-11-20T09:01:00.000Z")
    keys = [row for row in db.report("data_quality") if row["area"] == "keys"]
    assert sorted(pairs(keys, "problem", "rows")) == [
        ("runs: keys used again for other work", 2),
        ("step_runs: keys used again for other work", 2),
    ]
    assert examine(db.path) == []


@pytest.mark.parametrize(
    ("key", "is_corrected"),
    [
        ("0b9f6d1e-3c1a-4a59-9a35-0c6f2f1d7e9{}", True),
        ("0B9F6D1E3C1A4A599A350C6F2F1D7E9{}", True),
        ("chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG{}", True),
        ("msg_01XFDUDYJgAACzvnptvVoYE{}", True),
        # A source that begins again may give these out again.
        ("{}", False),
        ("call-{}", False),
        ("msg_{}", False),
        ("the-second-chapter-of-the-tale-{}", False),
    ],
)
@pytest.mark.parametrize("table", ["calls", "steps"])
def test_times_that_are_corrected_in_a_table(
    db: ReportDatabase, tmp_path: Path, key: str, is_corrected: bool, table: str
) -> None:
    """Written in local time at first, five hours behind: of ids that nobody gives out twice, each row is still one."""
    source = tmp_path / f"{table}.csv"
    header = "id,provider,called_at,cost" if table == "calls" else "id,run,step,started_at"
    row = "{},openai,2026-11-20T{}:00:00Z,0.5" if table == "calls" else "{},r1,draft,2026-11-20T{}:00:00Z"
    for hour in ("04", "09"):
        rows = [row.format(key.format(number), hour) for number in range(3)]
        source.write_text("\n".join([header, *rows, ""]), "utf-8")
        db.ingest(source)
    stored = "calls" if table == "calls" else "step_runs"
    assert db.one(f"select count(*) from {stored} where gone_at is null") == 3
    assert db.one(f"select count(*) from {stored}") == (3 if is_corrected else 6)


def test_a_copy_put_back(db: ReportDatabase, tmp_path: Path) -> None:
    """The first week's table put back in its place is the first week's work: nothing counts twice."""
    source = tmp_path / "steps.csv"
    for day, runs in ((20, 3), (27, 2), (20, 3), (27, 2)):
        db.ingest(plain(source, day, runs))
        assert examine(db.path) == []
    assert by_day(db) == [("2026-11-20", 3, 0), ("2026-11-27", 2, 0)]
    assert db.one("select count(*) from runs") == 5


@pytest.mark.parametrize(
    ("change_of_row", "executions"),
    [
        ("1,r1,draft,completed,2026-11-20T09:01:00Z,2026-11-20T09:30:00Z\n", 1),  # it goes on
        ("1,r1,draft,failed,2026-11-20T09:01:00.4Z,2026-11-20T09:01:05Z\n", 1),  # written more exactly
        ("1,r1,draft,completed,2026-11-20T09:01:04Z,2026-11-20T09:02:00Z\n", 1),  # corrected: they overlap
        ("1,r1,draft,completed,2026-11-20T09:00:59.2Z,2026-11-20T09:00:59.5Z\n", 1),  # rounded by less than a second
        ("1,r1,draft,completed,2026-11-20T09:00:57Z,2026-11-20T09:00:58Z\n", 2),  # it ended two seconds before
        ("1,r1,draft,completed,,\n", 1),  # no time to compare
        ("1,r1,draft,completed,2026-11-20T10:00:00Z,2026-11-20T10:00:05Z\n", 2),  # an hour later
        ("1,r1,draft,completed,2026-11-19T10:00:00Z,2026-11-19T10:00:05Z\n", 2),  # an older copy
    ],
)
def test_what_is_other_work(db: ReportDatabase, tmp_path: Path, change_of_row: str, executions: int) -> None:
    """A row is other work where it began after the known one ended, or ended before that began."""
    source = plain(tmp_path / "steps.csv", 20, 1)
    db.ingest(source)
    source.write_text(HEADER + change_of_row, "utf-8")
    db.ingest(source)
    assert db.one("select count(*) from step_runs") == executions
    assert examine(db.path) == []


def test_another_time_zone_is_no_other_work(db: ReportDatabase, tmp_path: Path) -> None:
    """Times that are read in another way have moved; the work is the same."""
    source = tmp_path / "steps.csv"
    source.write_text(HEADER + "1,r1,draft,completed,2026-11-20 09:00:00,2026-11-20 09:00:05\n", "utf-8")
    db.ingest(source)
    db.ingest(source, timezone="Asia/Tokyo")
    assert db.sql("select source_key, started_at from step_runs") == [("1", "2026-11-20T00:00:00.000Z")]


def runner_of(path: Path, at: int, status: str) -> Path:
    """A sprint runner's new database: one batch with a story, a command and two events."""
    path.unlink(missing_ok=True)
    change(path, *sprint.SCHEMA.split(";"))
    add_batch(path, status=status, at=at, end=str(at + 3600) if status == "completed" else "null")
    return path


def test_a_database_that_was_made_again(db: ReportDatabase, tmp_path: Path) -> None:
    """Batch 1 of the new database has none of the events of batch 1 before, which is what it was."""
    path = runner_of(tmp_path / "runner.db", NOON, "completed")
    add_story(path, 1)
    add_events(path, (10, "2a-1", "dev", "t", "start"), (70, "2a-1", "dev", "t", "end"))
    add_commands(path, 1, "completed")
    db.ingest(path)
    before = db.sql("select id from events order by id")
    runner_of(path, NOON + WEEK, "running")
    change(
        path,
        "insert into events (batch_id, timestamp, epic_id, story_key, command, task_id, status, message)"
        f" values (1, {NOON + WEEK + 5}, '3a', '3a-1', 'dev', 't', 'start', '')",
    )
    db.ingest(path)
    assert db.sql("select kind, status, gone_at is null from runs where source_key = 'batch/1'") == [
        ("batch", "running", 1)
    ]
    # 2026-03-10T12:00:00Z is the start of the first batch.
    assert db.sql("select status from runs where source_key = 'batch/1 (2026-03-10T12:00:00.000Z)'") == [("completed",)]
    (now,) = db.report("batch_events", batch="batch/1")
    assert now["at"] == "2026-03-17T12:00:05.000Z"
    assert (
        db.one("select count(*) from events where id in (select value from json_each(?))", str([i for (i,) in before]))
        == 2
    )
    assert examine(db.path) == []


def test_a_database_made_again_that_has_outgrown_the_first(db: ReportDatabase, tmp_path: Path) -> None:
    """Its last row is past the watermark; its first row says that it began again."""
    path = runner_of(tmp_path / "runner.db", NOON, "completed")
    db.ingest(path)
    runner_of(path, NOON + WEEK, "completed")
    for batch in (2, 3):
        add_batch(path, batch, "completed", NOON + WEEK + batch * 7200, str(NOON + WEEK + batch * 7200 + 60))
    db.ingest(path)
    assert db.one("select count(*) from runs where gone_at is null") == 3
    assert db.one("select count(*) from runs") == 4


def test_a_database_made_again_that_grows(db: ReportDatabase, tmp_path: Path) -> None:
    """Batch 2 and story 2 come a day after batch 1 began again: what was of the earlier ones is not of theirs."""
    path = runner_of(tmp_path / "runner.db", NOON, "completed")
    add_batch(path, 2, "completed", NOON + 7200, str(NOON + 7260))
    for story, batch in ((1, 1), (2, 1), (3, 2)):
        change(path, f"insert into stories values ({story}, {batch}, '2a-{story}', '2a', 'done', {NOON}, {NOON + 60})")
    db.ingest(path)
    runner_of(path, NOON + WEEK, "running")
    db.ingest(path)
    change(
        path,
        f"insert into batches values (2, {NOON + WEEK + 60}, null, 5, 0, 'running')",
        f"insert into stories values (2, 2, '3a-2', '3a', 'in-progress', {NOON + WEEK + 60}, null)",
    )
    db.ingest(path)
    of_batches = """
        select runs.source_key, coalesce(parents.source_key, runs.parent_key)
        from runs
        left join runs as parents on parents.id = runs.parent_id
        where runs.kind = 'sprint_story'
        order by runs.id"""
    # 2026-03-10T12:00:00Z is the start of the first batch, and two hours later that of the second.
    assert db.sql(of_batches) == [
        ("story/1", "batch/1 (2026-03-10T12:00:00.000Z)"),
        ("story/2 (2026-03-10T12:00:00.000Z)", "batch/1 (2026-03-10T12:00:00.000Z)"),
        ("story/3", "batch/2 (2026-03-10T14:00:00.000Z)"),
        ("story/2", "batch/2"),
    ]
    assert examine(db.path) == []


def test_daily_exports_that_each_count_from_1(db: ReportDatabase, tmp_path: Path) -> None:
    """What one day's export has is not deleted because the next one uses its ids and runs for other work."""
    for day in (20, 21):
        plain(tmp_path / f"steps-2026-11-{day}.csv", day, 2, "failed")
    assert db.ingest(tmp_path).counts.gone == 0
    runs = ["r1", "r1 (2026-11-20T09:01:00.000Z)", "r2", "r2 (2026-11-20T09:02:00.000Z)"]
    assert sorted(row["run"] for row in db.report("failed_runs")) == runs
    assert by_day(db) == [("2026-11-20", 2, 2), ("2026-11-21", 2, 2)]
    assert examine(db.path) == []


def test_work_that_waits_under_the_key_of_earlier_work(db: ReportDatabase, tmp_path: Path) -> None:
    """Ids begin again; 2 and 3 have no time yet, and yet the first week keeps its runs, put back or not."""
    source = plain(tmp_path / "steps.csv", 20, 3)
    db.ingest(source)
    plain(source, 27, 1, "failed")
    for waiting in ("2,r2,draft,queued,,\n", "3,r3,draft,queued,,\n"):
        with source.open("a", encoding="utf-8") as file:
            file.write(waiting)
        db.ingest(source)
        assert by_day(db) == [("2026-11-20", 3, 0), ("2026-11-27", 1, 1)]
    assert db.sql("select status from runs where gone_at is null order by source_key") == [
        ("failed",),
        ("queued",),
        ("queued",),
    ]
    db.ingest(plain(source, 20, 3))
    assert by_day(db) == [("2026-11-20", 3, 0), ("2026-11-27", 1, 1)]
    assert db.sql("select distinct status from runs where gone_at is null") == [("completed",)]
    assert examine(db.path) == []


def game(path: Path, day: int) -> Path:
    """An adventure service's new database: story 1 with two nodes, which have no time of their own."""
    path.unlink(missing_ok=True)
    change(
        path,
        *TABLES.split(";"),
        f"insert into stories values (1, 'Tale of {day}', 's', '2026-07-{day:02} 10:00:00')",
        """insert into story_nodes values
            (1, 1, 'text', 1, 0, 0, '[{"text": "go", "node_id": 2}]'), (2, 1, 'text', 0, 1, 1, '[]')""",
    )
    return path


@pytest.mark.parametrize("first_nodes", [2, 1])
def test_rows_without_a_time_go_with_their_owner(db: ReportDatabase, tmp_path: Path, first_nodes: int) -> None:
    """Node 1 of the new story 1 is not node 1 of the earlier one, and neither are its options, nor a later node 2."""
    path = game(tmp_path / "game.db", 1)
    db.ingest(path)
    change(game(path, 8), f"delete from story_nodes where id > {first_nodes}")
    db.ingest(path)
    change(path, "insert or ignore into story_nodes values (2, 1, 'text', 0, 1, 1, '[]')")
    db.ingest(path)
    assert db.sql("select title, gone_at is null from stories order by id") == [("Tale of 1", 0), ("Tale of 8", 1)]
    assert db.sql("select story_id, count(*), sum(gone_at is null) from story_nodes group by 1 order by 1") == [
        (1, 2, 0),
        (2, 2, 2),
    ]
    options = "select nodes.story_id from story_options as options join story_nodes as nodes on nodes.id = node_id"
    assert sorted(db.sql(options)) == [(1,), (2,)]
    assert [row["story"] for row in db.report("story_trees")] == ["1"]
    assert examine(db.path) == []


@settings(max_examples=12)
@given(lives=st.lists(st.tuples(st.integers(1, 28), st.integers(1, 4)), min_size=1, max_size=5), has_ids=st.booleans())
def test_no_execution_is_lost_or_counts_twice(
    tmp_path_factory: pytest.TempPathFactory, lives: list[tuple[int, int]], has_ids: bool
) -> None:
    """Whatever copies of a table are read in whatever order, each day has the most rows and runs that it ever had."""
    folder = tmp_path_factory.mktemp("lives")
    db = ReportDatabase(folder)
    for day, runs in lives:
        db.ingest(plain(folder / "steps.csv", day, runs, has_ids=has_ids))
    most = {day: max(runs for other, runs in lives if other == day) for day, _ in lives}
    assert by_day(db) == [(f"2026-11-{day:02}", runs, 0) for day, runs in sorted(most.items())]
    assert db.one("select count(*) from runs") == sum(most.values())
    assert examine(db.path) == []
