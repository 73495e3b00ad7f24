"""What is ingested again as it changes is in the end what a new report database makes of it, and doctor agrees."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import STEPS, Tracker

from storyreport import recognise, reports
from storyreport.errors import StoryreportError
from storyreport.load import recent
from storyreport.system import Part, System, Table, Type, signs
from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

AS_OF = "2026-03-11T12:00:00Z"
# What a source has deleted still counts in these.
OF_HISTORY = {
    "throughput", "failure_rates", "failure_trend", "slowest_steps", "step_durations", "flaky_steps",
    "duration_changes",
}  # fmt: skip
SERVICE = """
create table stories (
    story_id text primary key, title text, chapter_count int, status text, created_at text, updated_at text
);
create table story_generation_runs (
    run_id text primary key, story_id text, status text, current_step text, failure_stage text, failure_code text,
    error_message text, started_at text, ended_at text, created_at text, updated_at text
);
create table story_generation_steps (
    run_id text, step_name text, status text, detail_json text, started_at text, ended_at text, created_at text,
    updated_at text, primary key (run_id, step_name)
);
insert into stories values
('A', 'Story A', 3, 'published', '2026-03-10 08:00:00', '2026-03-10 08:00:00'),
('B', 'Story B', 3, 'published', '2026-03-10 08:00:00', '2026-03-10 08:00:00');
insert into story_generation_runs values
('r1', 'A', 'completed', null, null, null, null, '2026-03-10 09:00:00', '2026-03-10 09:30:00', '2026-03-10 09:00:00',
'2026-03-10 09:30:00');
insert into story_generation_steps values
('r1', 'outline', 'completed', null, '2026-03-10 09:00:00', '2026-03-10 09:05:00', '2026-03-10 09:00:00',
'2026-03-10 09:05:00'),
('r1', 'write_chapter_1', 'completed', null, '2026-03-10 09:05:00', '2026-03-10 09:15:00', '2026-03-10 09:05:00',
'2026-03-10 09:15:00');
"""


@pytest.fixture
def db(tmp_path: Path) -> ReportDatabase:
    """A report database that is fed again and again."""
    return ReportDatabase(tmp_path)


def answers(db: ReportDatabase) -> dict[str, list[dict[str, Any]]]:
    """What every report says that takes no thing to look at, in no order."""
    found = {}
    for name, report in reports.load_reports().items():
        if name not in ("ingests", "rejected_rows"):
            as_of = {"as_of": AS_OF} if "as_of" in {param.name for param in report.params} else {}
            found[name] = sorted(db.report(name, **as_of), key=str)
    return found


def hold(db: ReportDatabase, path: Path, but: Collection[str] = ()) -> None:
    """The report database is right, and says what one says that is fed for the first time."""
    assert examine(db.path) == []
    fresh = ReportDatabase(db.path.parent / "fresh")
    fresh.path.parent.mkdir(exist_ok=True)
    fresh.path.unlink(missing_ok=True)
    fresh.ingest(path)
    now, then = answers(db), answers(fresh)
    assert [name for name in now if now[name] != then[name] and name not in but] == []


def package(story: str, status: str, time: str | None) -> Callable[[Path], None]:
    """The last step of a story, attempted once more: written down last, whenever that was."""
    return lambda path: change(
        path,
        "insert into step_history (story_id, step_name, run_id, status, execution_time_ms, timestamp)"
        f" values ('{story}', '05_package', 'r1', '{status}', 1000, {'null' if time is None else repr(time)})",
    )


@pytest.mark.parametrize("time", ["2026-03-10 11:00:00", None], ids=["a clock that was set back", "no time"])
def test_an_attempt_that_seems_earlier_than_the_one_before(
    db: ReportDatabase, tmp_path: Path, time: str | None
) -> None:
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.register("A", "A")
    for step in STEPS:
        tracker.end("A", step, "r1", 1000, "failed" if step == STEPS[-1] else "completed")
    tracker.close()
    db.ingest(tracker.path)
    package("A", "completed", time)(tracker.path)
    db.ingest(tracker.path)
    hold(db, tracker.path)


def test_a_completed_attempt_that_has_gone(db: ReportDatabase, tmp_path: Path) -> None:
    """Without it the story is failed again, and doctor does not repair that away."""
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.register("A", "A")
    tracker.end("A", "01_ingest", "r1", 1000, "failed", "boom")
    tracker.clock(minutes=1)
    tracker.end("A", "01_ingest", "r1", 1000)
    tracker.close()
    db.ingest(tracker.path)
    assert db.report("failed_stories") == []
    change(
        tracker.path, "delete from step_history where status = 'completed'", "update step_status set status = 'failed'"
    )
    db.ingest(tracker.path)
    examine(db.path, repair=True)
    assert [(row["story"], row["error"]) for row in db.report("failed_stories")] == [("A", "boom")]
    hold(db, tracker.path, but=OF_HISTORY)


@pytest.mark.parametrize("said", ["running", "failed"])
def test_a_run_of_which_the_files_were_read_first(db: ReportDatabase, tmp_path: Path, said: str) -> None:
    """What a run's file said counts no more once the database knows the step; the run is what its steps are."""
    folder = tmp_path / "project"
    tracker = Tracker(folder / "data" / "pipeline_stories.db")
    tracker.register("S", "S")
    tracker.end("S", "01_ingest", "r0", 1000)
    (folder / ".runs" / "r1").mkdir(parents=True)
    told = {"step": "02_preprocess", "story_id": "S", "run_id": "r1", "timestamp": "2026-03-10T12:00:01"}
    (folder / ".runs" / "r1" / "02_preprocess_S.json").write_text(json.dumps({**told, "status": said}))
    db.ingest(folder)
    assert db.sql("select status from runs where source_key = 'r1'") == [(said,)]
    tracker.clock(minutes=1)
    tracker.end("S", "02_preprocess", "r1", 1000)
    tracker.close()
    db.ingest(folder)
    assert db.sql("select status from runs where source_key = 'r1'") == [("completed",)]
    hold(db, folder)


def test_a_state_that_was_set_by_hand(db: ReportDatabase, tmp_path: Path) -> None:
    """What the tracker calls completed is completed, whatever its history says."""
    tracker = Tracker(tmp_path / "tracker.db")
    tracker.register("A", "A")
    for step in STEPS:
        tracker.end("A", step, "r1", 1000, *(("failed", "boom") if step == "04_postprocess" else ()))
    tracker.close()
    db.ingest(tracker.path)
    assert [row["step"] for row in db.report("failed_stories")] == ["04_postprocess"]
    change(
        tracker.path,
        "insert or replace into step_status (story_id, step_name, status, run_id, acceptance_passed, completed_at)"
        " values ('A', '04_postprocess', 'completed', 'r1', 1, '2026-03-10 13:00:00')",
    )
    db.ingest(tracker.path)
    for name in ("failed_stories", "pending_stories", "blocked_stories", "top_errors"):
        assert db.report(name) == [], name
    hold(db, tracker.path)


def test_what_belongs_to_a_run_goes_with_it(db: ReportDatabase, tmp_path: Path) -> None:
    """The steps of a run name no story: they are no orphans of a deleted one, and follow their run to another."""
    path = tmp_path / "tales.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SERVICE)
    db.ingest(path)
    change(path, "delete from stories where story_id = 'A'")
    db.ingest(path)
    assert [(row["kind"], row["missing_key"]) for row in db.report("orphans")] == [("run", "A")]
    assert examine(db.path) == []
    change(path, "update story_generation_runs set story_id = 'B', updated_at = '2026-03-10 10:00:00'")
    db.ingest(path)
    assert db.report("orphans") == []
    assert [row["step"] for row in db.report("story_status", story="B")] == ["outline", "write_chapter_1"]
    hold(db, path, but=OF_HISTORY)


STUDIO = System(
    "studio",
    "studio of runs and calls",
    {
        "database": Part(
            tables={
                "tales": Table({"tale": Type.KEY}, required=("tale",), group="tale"),
                "works": Table({"work": Type.KEY, "tale": Type.KEY}, required=("work",), group="work"),
                "paid": Table({"id": Type.KEY, "work": Type.KEY}, required=("id",)),
            },
            feeds={"stories": ("tales",), "runs": ("works",), "calls": ("paid",)},
            grouped={"stories": "source_key", "runs": "source_key"},
            statuses={},
            signs=signs(("works", {"work", "tale"})),
        )
    },
)
STUDIO_MAPPING = """
-- database: stories
select tale as source_key from src_tales;

-- database: runs
select work as source_key, 'work' as kind, tale as story_key, 'completed' as status from src_works;

-- database: calls
select id as source_key, work as run_key, 'completed' as status, 1.0 as cost, 'USD' as currency from src_paid;
"""


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source whose calls name a run and no story; no index leads from the one to the other."""
    (tmp_path / "studio.sql").write_text(STUDIO_MAPPING, encoding="utf-8")
    system = replace(STUDIO, mapping_file=tmp_path / "studio.sql")
    monkeypatch.setattr(recognise, "systems", lambda: {"studio": system})
    monkeypatch.setattr(recent, "ROWS_READ_AGAIN", 0)
    path = tmp_path / "studio.db"
    change(
        path,
        "create table tales (tale text)",
        "create table works (work text, tale text)",
        "create table paid (id integer primary key, work text)",
        "insert into tales values ('A'), ('B')",
        "insert into works values ('w1', 'A'), ('w2', 'B')",
        "insert into paid (work) values ('w1'), ('w1'), ('w2')",
    )
    return path


def costs(db: ReportDatabase) -> dict[Any, Any]:
    """What each story has cost."""
    return {row["story"]: row["cost"] for row in db.report("cost_by_story")}


def test_calls_belong_to_the_story_of_their_run(db: ReportDatabase, studio: Path) -> None:
    """They follow the run to another story though nothing of them is read again; that is no other orphan."""
    db.ingest(studio)
    assert costs(db) == {"A": 2.0, "B": 1.0}
    change(
        studio,
        "delete from works where work = 'w1'",
        "insert into works values ('w1', 'B')",
        "delete from tales where tale = 'A'",
    )
    assert db.ingest(studio).counts.read < 9
    assert costs(db) == {"B": 3.0}
    assert db.report("orphans") == []
    hold(db, studio, but=OF_HISTORY)


def test_calls_keep_the_story_of_a_deleted_run(db: ReportDatabase, studio: Path) -> None:
    """What a run has cost its story stays, however often the source is read; its calls are orphans of the run alone."""
    db.ingest(studio)
    change(studio, "delete from works where work = 'w1'")
    db.ingest(studio)
    for full in (False, True):
        assert costs(db) == {"A": 2.0, "B": 1.0}
        assert {(row["kind"], row["missing"], row["missing_key"]) for row in db.report("orphans")} == {
            ("call", "run", "w1")
        }
        assert db.ingest(studio, full=full).counts.written == 0
    assert examine(db.path) == []


def test_an_orphaned_run_has_its_calls_with_it(db: ReportDatabase, studio: Path) -> None:
    """Calls of a run whose story is deleted are no orphans themselves; once the run is deleted, they name its story."""
    db.ingest(studio)
    change(studio, "delete from tales where tale = 'A'")
    db.ingest(studio)
    known = (
        "select calls.story_id, calls.story_key from calls join runs on runs.id = run_id where runs.source_key = 'w1'"
    )
    assert db.sql(known) == [(None, None)] * 2
    assert [(row["kind"], row["missing_key"]) for row in db.report("orphans")] == [("run", "A")]
    change(studio, "delete from works where work = 'w1'")
    db.ingest(studio)
    assert db.sql("select story_id, story_key, run_key from calls where run_key = 'w1'") == [(None, "A", "w1")] * 2
    assert examine(db.path) == []


def test_tasks_of_a_dag_run_that_is_deleted(db: ReportDatabase, tmp_path: Path) -> None:
    """A system without stories: its tasks are orphans of their run."""
    path = tmp_path / "airflow.db"
    change(
        path,
        "create table dag_run (dag_id text, run_id text, run_type text, state text)",
        "create table task_instance (dag_id text, task_id text, run_id text, state text, try_number int)",
        "insert into dag_run values ('d', 'r1', 'manual', 'success'), ('d', 'r2', 'manual', 'success')",
        "insert into task_instance values ('d', 't', 'r1', 'success', 1), ('d', 't', 'r2', 'success', 1)",
        "create table marker (x)",
    )
    db.ingest(path)
    change(path, "delete from dag_run", "insert into dag_run values ('e', 'r3', 'manual', 'failed')")
    db.ingest(path)
    assert db.one("select count(*) from step_runs where run_id is not null and gone_at is null") == 2
    assert examine(db.path) == []


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
