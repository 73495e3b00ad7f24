"""Runs, stories and calls that change: in the end what a new report database makes of them, and doctor agrees."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.again import SERVICE, hold
from helpers.report_database import ReportDatabase, change
from helpers.tracker import STEPS, Tracker

from storyreport import recognise
from storyreport.load import recent
from storyreport.system import Part, System, Table, Type, signs
from storyreport.upkeep.doctor import examine

# What a source has deleted still counts in these.
OF_HISTORY = {
    "throughput", "failure_rates", "failure_trend", "slowest_steps", "step_durations", "flaky_steps",
    "duration_changes", "recent_runs", "overview", "cost_per_story",
    "acceptance_rates", "acceptance_trend",
}  # fmt: skip


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
    state = {"step": "02_preprocess", "story_id": "S", "run_id": "r1", "timestamp": "2026-03-10T12:00:01"}
    (folder / ".runs" / "r1" / "02_preprocess_S.json").write_text(json.dumps({**state, "status": said}))
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


@pytest.mark.parametrize("field", ["aliases", "step"])
def test_a_table_that_is_described_otherwise_is_read_again(
    db: ReportDatabase, studio: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """A later version knows more of a system: an unchanged file is read once more, and then no more."""
    db.ingest(studio)
    assert db.ingest(studio).unchanged
    (name, part), *_ = STUDIO.parts.items()
    described: Any = {"aliases": {"tale": ("story",)}, "step": "tale"}[field]
    tables = {**part.tables, "tales": replace(part.tables["tales"], **{field: described})}
    parts = {**STUDIO.parts, name: replace(part, tables=tables)}
    later = replace(STUDIO, parts=parts, mapping_file=studio.with_name("studio.sql"))
    monkeypatch.setattr(recognise, "systems", lambda: {"studio": later})
    assert [db.ingest(studio).unchanged for _ in range(2)] == [False, True]
