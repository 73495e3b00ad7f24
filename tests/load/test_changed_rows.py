"""Rows that change at any time or come back: read again, counted once, and doctor agrees."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from helpers.again import SERVICE, hold
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import STEPS, Tracker

from storyreport.errors import StoryreportError
from storyreport.load import recent
from storyreport.load.derived import DERIVED_RUNS, WORKED_RUNS
from storyreport.upkeep.prune import prune


def test_strict_refuses_what_was_rejected_before(db: ReportDatabase, tmp_path: Path) -> None:
    """An unchanged source with rows that cannot be loaded is no better for having been read already."""
    path = tmp_path / "steps.csv"
    path.write_text("run,step,started_at\nr1,draft,2026-03-10\nr1,edit,soon\n", encoding="utf-8")
    assert db.ingest(path).counts.rejected == 1
    with pytest.raises(StoryreportError, match="1 row cannot be loaded, the first is step_runs row 3"):
        db.ingest(path, strict=True)


@pytest.fixture
def shortsighted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any row is read again for being one of the last."""
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 1)


@pytest.mark.usefixtures("shortsighted")
def test_rows_that_are_read_again_are_counted_once(db: ReportDatabase, tmp_path: Path) -> None:
    """A row has gone from the middle, so all steps are read after all; of the stories only the last one."""
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.fill(200)
    tracker.close()
    db.ingest(tracker.path)
    change(
        tracker.path,
        "delete from step_history where id = 50",
        "insert into step_history (story_id, step_name, run_id, status, timestamp) values ('', 'x', 'r', 'failed', 1)",
    )
    counts = db.ingest(tracker.path).counts
    steps = sum(ask(tracker.path, f"select count(*) from {table}")[0][0] for table in ("step_status", "step_history"))
    assert counts.read == steps + 1
    assert (counts.rejected, db.one("select count(*) from rejects")) == (1, 1)


def test_rejected_rows_of_two_tables(db: ReportDatabase, tmp_path: Path) -> None:
    """Those of one table are not forgotten for those of another, and go as they are put right."""
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.end("", STEPS[0], "r1", 10)
    tracker.register("")
    tracker.close()

    def rejected() -> list[str]:
        return sorted(row["table"] for row in db.report("rejected_rows"))

    db.ingest(tracker.path)
    assert rejected() == ["step_history", "step_status", "stories"]
    change(tracker.path, "update step_status set story_id = 'A'")
    db.ingest(tracker.path)
    assert rejected() == ["step_history", "stories"]
    change(tracker.path, "update step_history set story_id = 'A'")
    db.ingest(tracker.path)
    assert rejected() == ["stories"]


def test_a_row_that_is_changed_long_after_it_was_written(db: ReportDatabase, tmp_path: Path) -> None:
    """Of a table that does not say when a row was changed, thousands of the last ones are read again."""
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.fill(10_000)
    tracker.close()
    db.ingest(tracker.path)
    (story,) = ask(tracker.path, "select story_id from step_history where id = 1001")[0]
    change(tracker.path, "update step_history set execution_time_ms = 77 where id = 1001")
    db.ingest(tracker.path)
    (row,) = [row for row in db.report("story_status", story=story) if row["step"] == "01_ingest"]
    assert row["duration_ms"] == 77


def service(path: Path) -> Path:
    """A story service with ten more runs, all of them over."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SERVICE)
        for number in range(2, 12):
            connection.execute(
                "insert into story_generation_runs select 'r' || ?, story_id, status, current_step, failure_stage,"
                " failure_code, error_message, started_at, ended_at, created_at, updated_at from story_generation_runs"
                " where run_id = 'r1'",
                [number],
            )
        connection.commit()
    return path


@pytest.mark.usefixtures("shortsighted")
def test_a_column_that_is_added_later(db: ReportDatabase, tmp_path: Path) -> None:
    """What a new column says of old rows is read."""
    path = service(tmp_path / "tales.db")
    # Otherwise all of them were changed in the last instant, and are read again for that.
    change(path, "update story_generation_runs set updated_at = '2026-03-10 09:00:00' where run_id <> 'r11'")
    change(path, "alter table story_generation_runs drop column error_message")
    db.ingest(path)
    change(path, "alter table story_generation_runs add column error_message text default 'boom'")
    db.ingest(path)
    assert db.sql("select distinct error_message from runs") == [("boom",)]
    hold(db, path)


@pytest.mark.usefixtures("shortsighted")
@pytest.mark.parametrize("time", ["2999-01-01 00:00:00", "unknown"])
def test_a_change_after_one_in_the_future(db: ReportDatabase, tmp_path: Path, time: str) -> None:
    """A row that says it was changed at an impossible time keeps no later change from being found."""
    path = service(tmp_path / "tales.db")
    change(path, f"update story_generation_runs set updated_at = '{time}' where run_id = 'r9'")
    db.ingest(path)
    change(
        path,
        "update story_generation_runs set status = 'failed', updated_at = '2026-03-10 10:00:00' where run_id = 'r3'",
    )
    db.ingest(path)
    assert db.sql("select source_key from runs where status = 'failed'") == [("r3",)]


@pytest.mark.usefixtures("shortsighted")
def test_a_change_within_the_last_instant(db: ReportDatabase, tmp_path: Path) -> None:
    """A row may be changed in the instant of the latest change that was read, and after it was read."""
    path = service(tmp_path / "tales.db")
    db.ingest(path)
    change(path, "update story_generation_runs set status = 'failed' where run_id = 'r3'")
    db.ingest(path)
    assert db.sql("select source_key from runs where status = 'failed'") == [("r3",)]


@pytest.mark.usefixtures("shortsighted")
def test_a_change_at_no_time(db: ReportDatabase, tmp_path: Path) -> None:
    """A row that does not say when it was changed is read again while it is one of the last."""
    path = service(tmp_path / "tales.db")
    change(path, "update story_generation_runs set updated_at = null where run_id = 'r11'")
    db.ingest(path)
    change(path, "update story_generation_runs set status = 'failed' where run_id = 'r11'")
    db.ingest(path)
    assert db.sql("select source_key from runs where status = 'failed'") == [("r11",)]


@pytest.mark.usefixtures("shortsighted")
@pytest.mark.parametrize("names", ["step_status", "step_history", "step_status, step_history"])
def test_changes_of_a_tracker_without_indexes(db: ReportDatabase, tracker: Tracker, names: str) -> None:
    """Old work is found in one pass over a table: its earlier attempts are counted, a check is that of the last one."""
    tracker.fill(400)
    tracker.connection.executescript("".join(f"drop index idx_{name}_story_id;" for name in names.split(", ")))
    db.ingest(tracker.path)
    tracker.end("BULK-5", "02_preprocess", "again", 10, "failed", "lost")
    tracker.end("BULK-5", "02_preprocess", "again", 20)
    tracker.check("BULK-7", "04_postprocess", passed=False, details="too short")
    tracker.start("BULK-9", "01_ingest", "later")
    # The histories and states of three steps; their stories, and the one that changed last.
    assert db.ingest(tracker.path).counts.read == (3 + 1) + (1 + 1) + (1 + 1) + (3 + 1)
    found = """
        select step_runs.attempt, step_runs.status, step_runs.acceptance_passed
        from step_runs
        join steps on steps.id = step_runs.step_id
        join stories on stories.id = step_runs.story_id
        where stories.source_key = ? and steps.name = ?
        order by 1"""
    assert db.sql(found, "BULK-5", "02_preprocess") == [
        (1, "completed", None),
        (2, "failed", None),
        (3, "completed", None),
    ]
    assert db.sql(found, "BULK-7", "04_postprocess") == [(1, "failed", 0)]
    assert db.sql(found, "BULK-9", "01_ingest") == [(1, "completed", None), (2, "running", None)]
    assert db.sql("select count(*) from step_runs") == [(400 + 2 + 1,)]


def test_a_row_that_is_back(db: ReportDatabase, tmp_path: Path) -> None:
    """A run that was deleted and is there again, as it was, is no deleted one, and has its steps again."""
    path = service(tmp_path / "tales.db")
    db.ingest(path)
    change(path, "create table kept as select * from story_generation_runs where run_id = 'r1'")
    change(path, "delete from story_generation_runs where run_id = 'r1'")
    db.ingest(path)
    assert db.sql("select source_key from runs where gone_at is not null") == [("r1",)]
    assert db.one("select count(*) from step_runs where run_key = 'r1'") == 2
    change(path, "insert into story_generation_runs select * from kept")
    db.ingest(path)
    assert db.sql("select source_key from runs where gone_at is not null") == []
    assert db.one("select count(*) from step_runs where run_key is not null") == 0
    assert db.one("select count(*) from step_runs join stories on stories.id = story_id where run_id is not null") == 2


@pytest.mark.usefixtures("shortsighted")
def test_a_deleted_step_of_a_run_that_is_missing(db: ReportDatabase, tmp_path: Path) -> None:
    """Its group is found by the key of the run, too: no other steps are read."""
    path = service(tmp_path / "tales.db")
    times = "null, '2026-03-09 09:00:00', '2026-03-09 09:05:00', '2026-03-09 09:00:00', '2026-03-09 09:05:00'"
    change(
        path,
        f"insert into story_generation_steps values ('ghost', 'a', 'completed', {times})",
        f"insert into story_generation_steps values ('ghost', 'b', 'completed', {times})",
        *(f"insert into story_generation_steps values ('other', 's{n}', 'completed', {times})" for n in range(50)),
    )
    db.ingest(path)
    change(
        path,
        "delete from story_generation_steps where run_id = 'ghost' and step_name = 'a'",
        "update story_generation_steps set status = 'failed', updated_at = '2026-03-10 11:00:00'"
        " where run_id = 'ghost'",
    )
    assert db.ingest(path).counts.read < 50
    assert db.sql(
        "select source_key, gone_at is not null, status from step_runs where run_key = 'ghost' order by 1"
    ) == [
        ("ghost/a", 1, "completed"),
        ("ghost/b", 0, "failed"),
    ]


def test_a_story_that_another_part_has_already(db: ReportDatabase, tmp_path: Path) -> None:
    """The registry's title stays, whatever an output calls the story; one that only the outputs have is theirs."""
    folder = tmp_path / "project"
    tracker = Tracker(folder / "data" / "pipeline_stories.db")
    tracker.register("A", "The registry's title")
    tracker.close()
    (folder / "outputs" / "01_ingest").mkdir(parents=True)
    for story in ("A", "B"):
        (folder / "outputs" / "01_ingest" / f"{story}.json").write_text(json.dumps({"title": "An output's title"}))
    db.ingest(folder)
    assert db.sql("select source_key, title, origin from stories order by 1") == [
        ("A", "The registry's title", "pipeline"),
        ("B", "An output's title", "outputs folder"),
    ]


def test_open_work_older_than_what_was_pruned(db: ReportDatabase, tmp_path: Path) -> None:
    """It comes late and is loaded nevertheless; what is as old and over is left out."""
    path = service(tmp_path / "tales.db")
    db.ingest(path)
    prune(db.path, date(2026, 3, 11), False, lambda _: None)
    change(
        path,
        "insert into story_generation_steps (run_id, step_name, status, started_at)"
        " values ('r2', 'outline', 'running', '2026-03-01 09:00:00')",
        "insert into story_generation_steps (run_id, step_name, status, started_at, ended_at)"
        " values ('r3', 'outline', 'completed', '2026-03-01 09:00:00', '2026-03-01 09:05:00')",
    )
    counts = db.ingest(path).counts
    assert (counts.inserted, counts.left_out > 0) == (1, True)
    assert db.sql("select source_key from step_runs where status = 'running'") == [("r2/outline",)]
    assert db.sql("select source_key from step_runs where source_key = 'r3/outline'") == []


def test_a_row_without_a_time_of_change_is_read_again(db: ReportDatabase, tmp_path: Path) -> None:
    """Where the source does not say when one of its last rows was changed, what it says now is found."""
    path = service(tmp_path / "tales.db")
    change(path, "update story_generation_runs set updated_at = null where run_id = 'r7'")
    db.ingest(path)
    change(path, "update story_generation_runs set status = 'failed' where run_id = 'r7'")
    db.ingest(path)
    assert [row["status"] for row in db.report("run_status", run="r7")] == ["failed"]
    hold(db, path)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_open_work_is_read_again_though_it_seems_unchanged(db: ReportDatabase, tmp_path: Path, status: str) -> None:
    """A run and its step that had not ended may have since, whatever their source says of when it changed them."""
    path = service(tmp_path / "tales.db")
    tables = ("story_generation_runs", "story_generation_steps")
    change(
        path,
        "insert into story_generation_steps (run_id, step_name, status, updated_at)"
        " values ('r2', 'outline', 'completed', '2026-03-10 09:30:00')",
        *(
            f"update {table} set status = '{status}', ended_at = null, updated_at = '2026-03-10 09:00:00'"
            " where run_id = 'r1'"
            for table in tables
        ),
    )
    db.ingest(path)
    assert [row["status"] for row in db.report("run_status", run="r1")] == [status]
    change(path, *(f"update {table} set status = 'failed' where run_id = 'r1'" for table in tables))
    db.ingest(path)
    assert [row["status"] for row in db.report("run_status", run="r1")] == ["failed"]
    assert {row["status"] for row in db.report("run_timeline", run="r1")} == {"failed"}
    hold(db, path)


@pytest.mark.parametrize("time", ["'2026-03-01 00:00:00'", "null"], ids=["long ago", "no time"])
def test_a_new_row_that_seems_unchanged_takes_the_place_of_another(
    db: ReportDatabase, tmp_path: Path, time: str
) -> None:
    """The next row after the last one is new, whenever it says it was changed, though the source has as many rows."""
    path = service(tmp_path / "tales.db")
    db.ingest(path)
    change(
        path,
        "delete from story_generation_runs where run_id = 'r5'",
        "insert into story_generation_runs (run_id, story_id, status, ended_at, updated_at)"
        f" values ('r99', 'B', 'failed', '2026-03-01 00:00:00', {time})",
    )
    db.ingest(path)
    assert [row["status"] for row in db.report("run_status", run="r99")] == ["failed"]
    assert db.sql("select source_key from runs where gone_at is not null") == [("r5",)]


def test_an_older_copy_in_the_place_of_a_source(db: ReportDatabase, tmp_path: Path) -> None:
    """Though it has as many rows, what it lacks is gone and what it has is here."""
    path = service(tmp_path / "tales.db")
    older = tmp_path / "older.db"
    older.write_bytes(path.read_bytes())
    change(
        path,
        "delete from story_generation_runs where run_id = 'r5'",
        "insert into story_generation_runs (run_id, story_id, status, updated_at)"
        " values ('r99', 'B', 'failed', '2026-03-10 11:00:00')",
    )
    db.ingest(path)
    path.write_bytes(older.read_bytes())
    db.ingest(path)
    assert db.sql("select source_key from runs where gone_at is not null") == [("r99",)]
    assert db.one("select count(*) from runs where gone_at is null and source_key = 'r5'") == 1


def test_a_failure_beside_ingests_into_a_new_database(tmp_path: Path) -> None:
    """Who fails takes the file away that the others wait for; none of them fails for that."""
    bad, good = tmp_path / "bad.csv", [tmp_path / "one.csv", tmp_path / "two.csv"]
    bad.write_text("step,started_at\n,2026\n", encoding="utf-8")
    for path in good:
        path.write_text("run,step,started_at\nr1,draft,2026-03-10\n", encoding="utf-8")
    for number in range(4):
        database = tmp_path / f"{number}.db"
        command = [sys.executable, "-m", "storyreport", "ingest", "--strict", "--db", str(database)]
        started = [
            (path, subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
            for path in (bad, good[0], bad, good[1], bad)
        ]
        for path, process in started:
            said, _ = process.communicate(timeout=60)
            assert process.returncode == (path == bad), said
        assert {name for (name,) in ask(database, "select name from sources")} == {"one", "two"}


def test_of_derived_runs_only_those_are_looked_at_whose_steps_changed(db: ReportDatabase, tracker: Tracker) -> None:
    """Not all runs of the source, of which there may be a million."""
    tracker.fill(5)
    db.ingest(tracker.path)
    with closing(sqlite3.connect(db.path)) as connection:
        connection.execute("create temp table worked_runs (run_id primary key) without rowid")
        sql = DERIVED_RUNS.replace("/* which */ true", WORKED_RUNS)
        plan = [row[3] for row in connection.execute(f"explain query plan {sql}", {"source_id": 1})]
    searched = [step for step in plan if step.startswith("SEARCH main.runs")]
    assert searched
    assert all(step.endswith("USING INTEGER PRIMARY KEY (rowid=?)") for step in searched), plan
