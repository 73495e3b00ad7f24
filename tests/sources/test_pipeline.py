"""The story pipeline tracker: its database as it really is, its folders, and how they agree."""

import hashlib
import itertools
import json
import os
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import NOON, STEPS, Tracker

from storyreport.errors import StoryreportError

# Written without a look at the mapping: an execution is a row of the history, or a state that no row of it explains.
EXECUTIONS = """
    select step_name, count(*), sum(status = 'completed'), sum(status = 'failed')
    from (
        select h.step_name,
            case when h.id = (select max(id) from step_history where story_id = h.story_id and step_name = h.step_name)
                and exists (select 1 from step_status s where s.story_id = h.story_id and s.step_name = h.step_name
                    and s.status = 'failed' and s.run_id is null)
                then 'failed' else h.status end as status
        from step_history h
        union all
        select s.step_name, s.status from step_status s
        where s.status in ('completed', 'failed') and not exists (
            select 1 from step_history h where h.story_id = s.story_id and h.step_name = s.step_name
                and (s.run_id is null or h.run_id = s.run_id))
    )
    group by step_name
"""


def executions_of(path: Path) -> set[tuple[object, ...]]:
    """(step, executions, completed, failed) as SQL on the source itself says."""
    return set(ask(path, EXECUTIONS))


def reported_executions(db: ReportDatabase) -> set[tuple[object, ...]]:
    """The same as the report says."""
    rows = db.report("failure_rates")
    return {(row["step"], row["executions"], row["completed"], row["failed"]) for row in rows}


# The real file -------------------------------------------------------------------------------------------------------


def test_the_real_file_is_loaded_whole(db: ReportDatabase, real_pipeline: Path) -> None:
    """Each row of the real file is in the report database or in rejects, and the file is as it was."""
    before = hashlib.sha256(real_pipeline.read_bytes()).hexdigest()
    outcome = db.ingest(real_pipeline)
    source_rows = {
        t: ask(real_pipeline, f"select count(*) from {t}")[0][0] for t in ("stories", "step_status", "step_history")
    }
    assert outcome.counts.read == sum(source_rows.values())
    assert outcome.counts.rejected == 0
    assert db.one("select count(*) from stories") == source_rows["stories"]
    assert db.one("select sum(source_rows) from step_runs") == source_rows["step_status"] + source_rows["step_history"]
    assert hashlib.sha256(real_pipeline.read_bytes()).hexdigest() == before


def test_the_real_file_s_failure_rates(db: ReportDatabase, real_pipeline: Path) -> None:
    """The report says what SQL on the source says."""
    db.ingest(real_pipeline)
    assert reported_executions(db) == executions_of(real_pipeline)
    assert sum(row["executions"] for row in db.report("failure_rates")) == 18
    (failed,) = [row for row in db.report("failure_rates") if row["failed"]]
    assert (failed["step"], failed["failed"], failed["failure_pct"]) == ("01_ingest", 1, 11.11)


def test_the_real_file_s_orphan(db: ReportDatabase, real_pipeline: Path) -> None:
    """The step of the story that the registry lacks points at nothing."""
    db.ingest(real_pipeline)
    (missing,) = ask(
        real_pipeline, "select story_id from step_status where story_id not in (select story_id from stories)"
    )
    orphans = db.report("orphans")
    assert [(row["kind"], row["missing"], row["missing_key"]) for row in orphans] == [("step_run", "story", missing[0])]
    assert orphans[0]["seen_at"] == "2025-10-10T22:54:03.581Z"


def test_the_real_file_s_durations(db: ReportDatabase, real_pipeline: Path) -> None:
    """Durations come from the history."""
    db.ingest(real_pipeline)
    expected = ask(
        real_pipeline, "select step_name, sum(execution_time_ms), max(execution_time_ms) from step_history group by 1"
    )
    assert {(row["step"], row["total_ms"], row["max_ms"]) for row in db.report("slowest_steps")} == set(expected)


# What the tracker does, planted --------------------------------------------------------------------------------------


def attempts(db: ReportDatabase) -> list[tuple[object, ...]]:
    """(story, step, attempt, status, run, acceptance, error) of each step run that the source still shows."""
    return db.sql("""
        select coalesce(stories.source_key, step_runs.story_key), steps.name, attempt, step_runs.status,
            runs.source_key, acceptance_passed, step_runs.error_message
        from step_runs
        join steps on steps.id = step_id
        left join stories on stories.id = step_runs.story_id
        left join runs on runs.id = step_runs.run_id
        where step_runs.gone_at is null
        order by 1, 2, 3
    """)


def test_history_and_state_are_one_attempt(db: ReportDatabase, tracker: Tracker) -> None:
    """A retry is an attempt of its own; the state of a step is the verdict on its last one."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 1500, "failed", "Timeout after 30 s")
    tracker.end("A", "01_ingest", "r1", 2500)
    tracker.check("A", "01_ingest", True, "All criteria met")
    db.ingest(tracker.path)
    assert attempts(db) == [
        ("A", "01_ingest", 1, "failed", "r1", None, "Timeout after 30 s"),
        ("A", "01_ingest", 2, "completed", "r1", 1, None),
    ]


def test_a_failed_check_fails_what_ran(db: ReportDatabase, tracker: Tracker) -> None:
    """A check that fails after the execution makes it a failed one, with the check's words as its error."""
    tracker.register("A")
    tracker.end("A", "02_preprocess", "r1", 700)
    tracker.check("A", "02_preprocess", False, "Content too short (minimum 100 characters)")
    db.ingest(tracker.path)
    error = "Content too short (minimum 100 characters)"
    assert attempts(db) == [("A", "02_preprocess", 1, "failed", "r1", 0, error)]
    assert db.sql("select fingerprint from errors") == [("Content too short (minimum <n> characters)",)]


@pytest.mark.parametrize("passed", [True, False])
def test_the_acceptance_result_of_another_run(db: ReportDatabase, tracker: Tracker, passed: bool) -> None:
    """A result that names a run is of an attempt of that run, though the history has only another run's."""
    tracker.register("A")
    tracker.end("A", "02_preprocess", "r1", 700)
    change(
        tracker.path,
        "insert or replace into step_status"
        " (story_id, step_name, status, run_id, acceptance_passed, acceptance_details)"
        f" values ('A', '02_preprocess', '{'completed' if passed else 'failed'}', 'r2', {int(passed)}, 'Checked')",
    )
    db.ingest(tracker.path)
    assert attempts(db) == [
        ("A", "02_preprocess", 1, "completed", "r1", None, None),
        ("A", "02_preprocess", 2, "completed", "r2", 1, None)
        if passed
        else ("A", "02_preprocess", 2, "failed", "r2", 0, "Checked"),
    ]


def test_the_acceptance_result_of_an_earlier_attempt(db: ReportDatabase, tracker: Tracker) -> None:
    """A result that names a run is of the last attempt of that run, not of a later run's."""
    tracker.register("A")
    for run in ("r1", "r1", "r2"):
        tracker.end("A", "02_preprocess", run, 700)
    change(tracker.path, "update step_status set run_id = 'r1', acceptance_passed = 1, acceptance_details = 'Checked'")
    db.ingest(tracker.path)
    assert [(run, passed) for _, _, _, _, run, passed, _ in attempts(db)] == [("r1", None), ("r1", 1), ("r2", None)]


def test_a_failed_check_without_an_execution(db: ReportDatabase, tracker: Tracker) -> None:
    """A check that fails without a row in the history is an attempt that failed, of no known run."""
    tracker.register("A")
    tracker.check("A", "01_ingest", False, "No title")
    db.ingest(tracker.path)
    assert attempts(db) == [("A", "01_ingest", 1, "failed", None, 0, "No title")]


@pytest.mark.parametrize(("status", "ended_at"), [("completed", "2026-03-10T12:00:00.000Z"), ("paused", None)])
def test_a_state_without_an_end(db: ReportDatabase, tracker: Tracker, status: str, ended_at: str | None) -> None:
    """A final state of which nothing else is known ended when it was written down, any other has not ended."""
    tracker.register("A")
    tracker.check("A", "01_ingest", True, "good")
    change(tracker.path, f"update step_status set status = '{status}', completed_at = null")
    db.ingest(tracker.path)
    (row,) = db.report("story_status", story="A")
    assert (row["step"], row["ended_at"]) == ("01_ingest", ended_at)


def test_a_check_is_that_of_the_run_that_it_names(db: ReportDatabase, tracker: Tracker) -> None:
    """A state that names an earlier run says how that run was accepted, and nothing of the later one."""
    tracker.register("A")
    tracker.end("A", "03_generate", "r1", 700)
    tracker.end("A", "03_generate", "r2", 800)
    change(
        tracker.path,
        "update step_status set run_id = 'r1', acceptance_passed = 0, acceptance_details = 'Too short'",
    )
    db.ingest(tracker.path)
    assert attempts(db) == [
        ("A", "03_generate", 1, "completed", "r1", 0, None),
        ("A", "03_generate", 2, "completed", "r2", None, None),
    ]
    (row,) = db.report("acceptance_rates")
    assert (row["checked"], row["passed"], row["failed"]) == (1, 0, 1)


def test_a_running_step_is_the_attempt_that_it_becomes(db: ReportDatabase, tracker: Tracker) -> None:
    """A step that starts and later ends is one row all along, whose start is derived once its duration is known."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 900, "failed", "x")
    tracker.clock(minutes=1)
    tracker.start("A", "01_ingest", "r2")
    db.ingest(tracker.path)
    (running,) = db.sql("select id, started_at, ended_at from step_runs where status = 'running'")
    assert running[1:] == ("2026-03-10T12:01:00.000Z", None)
    tracker.clock(minutes=2)
    tracker.end("A", "01_ingest", "r2", 119_500)
    db.ingest(tracker.path)
    assert db.sql("select status, started_at, ended_at, duration_ms from step_runs where id = ?", running[0]) == [
        ("completed", "2026-03-10T12:01:00.500Z", "2026-03-10T12:03:00.000Z", 119_500)
    ]
    assert len(attempts(db)) == 2


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["completed", "failed", "completed"], "completed"),
        (["completed", "failed"], "failed"),
        (["failed", "running"], "running"),
        (["completed", "completed"], "completed"),
    ],
)
def test_a_run_is_what_its_steps_are(db: ReportDatabase, tracker: Tracker, statuses: list[str], expected: str) -> None:
    """The tracker keeps no runs: a run's state is that of the last attempts of its steps."""
    tracker.register("A")
    for status in statuses:
        if status == "running":
            tracker.start("A", "02_preprocess", "r1")
        else:
            tracker.end("A", "01_ingest", "r1", 1000, status)
        tracker.clock(minutes=1)
    db.ingest(tracker.path)
    assert db.sql("select source_key, kind, status, is_derived from runs") == [("r1", "pipeline_run", expected, 1)]


def test_local_times_are_read_in_the_source_s_zone(db: ReportDatabase, tracker: Tracker) -> None:
    """started_at is the machine's time, timestamp is UTC: --timezone moves the one and not the other."""
    tracker.register("A")
    tracker.start("A", "01_ingest", "r1")
    tracker.end("A", "02_preprocess", "r1", 1000)
    db.ingest(tracker.path, timezone="America/New_York")
    assert db.sql("select started_at from step_runs where status = 'running'") == [("2026-03-10T16:00:00.000Z",)]
    assert db.sql("select ended_at from step_runs where status = 'completed'") == [("2026-03-10T12:00:00.000Z",)]
    assert db.ingest(tracker.path).unchanged, "the zone is remembered"


@pytest.mark.parametrize("missing", ["stories", "step_status", "step_history"])
def test_a_table_may_be_missing(db: ReportDatabase, tracker: Tracker, missing: str) -> None:
    """An older or younger version of the tracker lacks a table; the rest is loaded."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 1000)
    change(tracker.path, f"drop table {missing}")
    outcome = db.ingest(tracker.path)
    assert outcome.counts.rejected == 0
    assert db.one("select count(*) from step_runs") == 1
    assert db.one("select count(*) from stories") == (0 if missing == "stories" else 1)


def test_columns_may_be_missing_strange_or_in_other_case(db: ReportDatabase, tmp_path: Path) -> None:
    """A tracker of another version is read as far as it goes, by what its columns are called."""
    path = tmp_path / "old.db"
    change(
        path,
        'create table "Step_History" (ID integer primary key, Story_Id text, STEP_NAME text, status text,'
        ' execution_time_ms integer, "rowid" text, "odd "" name" blob)',
        """insert into Step_History values (1, 'A', '01_ingest', ' Completed ', 1200, 'x', x'ff')""",
    )
    db.ingest(path)
    assert db.sql("select status, source_status, duration_ms, ended_at from step_runs") == [
        ("completed", " Completed ", 1200, None)
    ]


def test_a_long_history_without_indexes(db: ReportDatabase, tracker: Tracker) -> None:
    """A tracker that indexes nothing gives the same answers, without looking at each row for each row."""
    tracker.fill(20_000)
    change(
        tracker.path,
        "create table plain as select * from step_history",
        "drop table step_history",
        "alter table plain rename to step_history",
        "create table plain as select * from step_status",
        "drop table step_status",
        "alter table plain rename to step_status",
    )
    db.ingest(tracker.path)
    assert db.one("select count(*) from step_runs") == 20_000
    assert sum(row["failed"] for row in db.report("failure_rates")) == 20_000 / 50
    change(tracker.path, "insert into step_history (id, story_id, step_name, run_id, status, execution_time_ms)"
        " values (20001, 'BULK-7', '01_ingest', 'again', 'completed', 9)")  # fmt: skip
    assert db.ingest(tracker.path).counts.inserted == 2


def test_an_unknown_status_is_kept_and_not_guessed(db: ReportDatabase, tracker: Tracker) -> None:
    """A word that we do not know is no status, and no execution."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 1000, "meditating")
    db.ingest(tracker.path)
    assert db.sql("select status, source_status from step_runs") == [(None, "meditating")]
    assert db.report("failure_rates") == []


# What changes --------------------------------------------------------------------------------------------------------


def test_the_same_again_writes_nothing(db: ReportDatabase, real_pipeline: Path) -> None:
    """An unchanged source is not even read; read in full, it gives the same rows."""
    db.ingest(real_pipeline)
    before = db.sql("select * from step_runs order by id"), db.counts()
    again = db.ingest(real_pipeline)
    assert (again.unchanged, again.counts.written, again.counts.read) == (True, 0, 0)
    full = db.ingest(real_pipeline, full=True)
    assert (full.unchanged, full.counts.written, full.counts.read) == (False, 0, 44)
    assert (db.sql("select * from step_runs order by id"), db.counts()) == before


def test_replaced_and_updated_rows_are_found(db: ReportDatabase, tracker: Tracker) -> None:
    """What the tracker replaces or updates in place shows next time; a long history is not read again for it."""
    tracker.fill(100_000)
    tracker.register("A", "Old title")
    tracker.end("A", "01_ingest", "r1", 1000)
    tracker.start("A", "02_preprocess", "r1")
    tracker.clock(days=1)
    db.ingest(tracker.path)
    tracker.clock(minutes=5)
    tracker.register("A", "New title")
    tracker.end("A", "02_preprocess", "r1", 3000)
    tracker.check("A", "01_ingest", False, "Too dull")
    tracker.start("A", "03_generate", "r1")
    change(
        tracker.path,
        "update step_status set status = 'failed', error_message = 'Disk full', completed_at = '2026-03-11 12:06:00'"
        " where story_id = 'A' and step_name = '03_generate'",
    )
    outcome = db.ingest(tracker.path)
    assert attempts(db)[:3] == [
        ("A", "01_ingest", 1, "failed", "r1", 0, "Too dull"),
        ("A", "02_preprocess", 1, "completed", "r1", None, None),
        ("A", "03_generate", 1, "failed", "r1", None, "Disk full"),
    ]
    assert db.sql("select title from stories where source_key = 'A'") == [("New title",)]
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 3, 0)
    assert outcome.counts.read < 60_000, "not the whole history of 220,002 rows"
    assert reported_executions(db) == executions_of(tracker.path)


def test_a_step_that_hung_for_long_is_found_when_it_ends(db: ReportDatabase, tracker: Tracker) -> None:
    """An old open row that is updated in place, under its old number, is read again because it was open."""
    tracker.start("HUNG", "01_ingest", "r0")
    tracker.fill(100_000)
    db.ingest(tracker.path)
    change(tracker.path, "update step_status set status = 'completed' where story_id = 'HUNG'")
    db.ingest(tracker.path)
    assert ("HUNG", "01_ingest", 1, "completed", "r0", None, None) in attempts(db)


def test_a_deleted_story_leaves_orphans(db: ReportDatabase, tracker: Tracker) -> None:
    """A story that is deleted stays as gone, and its steps point at nothing until it is back."""
    for story in ("A", "B"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "r-" + story, 1000)
    db.ingest(tracker.path)
    assert db.report("orphans") == []
    change(tracker.path, "delete from stories where story_id = 'A'")
    outcome = db.ingest(tracker.path)
    assert outcome.counts.gone == 1
    assert [(row["kind"], row["missing_key"]) for row in db.report("orphans")] == [("step_run", "A")]
    assert db.sql("select source_key from stories where gone_at is not null") == [("A",)]
    assert reported_executions(db) == {("01_ingest", 2, 2, 0)}
    tracker.register("A")
    db.ingest(tracker.path)
    assert db.report("orphans") == []
    assert db.sql("select source_key from stories where gone_at is not null") == []


def test_what_vanishes_stays_as_history(db: ReportDatabase, tracker: Tracker) -> None:
    """A story that is deleted with all its steps is no orphan; what it did still counts."""
    for story in ("A", "B"):
        tracker.register(story)
        tracker.end(story, "01_ingest", "r", 1000)
    tracker.start("A", "02_preprocess", "r")
    db.ingest(tracker.path)
    for table in ("stories", "step_status", "step_history"):
        change(tracker.path, f"delete from {table} where story_id = 'A'")
    outcome = db.ingest(tracker.path)
    assert outcome.counts.gone == 3
    assert db.report("orphans") == []
    assert reported_executions(db) == {("01_ingest", 2, 2, 0)}
    assert db.report("stuck_runs", as_of="2027-01-01") == []
    assert [row[0] for row in attempts(db)] == ["B"]


def test_a_vacuum_changes_nothing(db: ReportDatabase, tracker: Tracker) -> None:
    """Row numbers may be given again."""
    tracker.fill(500)
    change(tracker.path, "delete from step_history where id % 3 = 0")
    db.ingest(tracker.path)
    before = attempts(db)
    tracker.connection.execute("vacuum")
    assert db.ingest(tracker.path).counts.written == 0
    assert attempts(db) == before


# The folders ---------------------------------------------------------------------------------------------------------


def write(path: Path, content: object, at: float | None = None) -> None:
    """Write a JSON file, as of a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    moment = at or NOON.timestamp()
    os.utime(path, (moment, moment))


def run_file(folder: Path, run: str, step: str, story: str, status: str, at: str = "2026-03-10T11:00:00") -> None:
    """Write what a pipeline writes below .runs."""
    record = {"step": step, "story_id": story, "run_id": run, "timestamp": at, "status": status}
    write(folder / ".runs" / run / f"{step}_{story}.json", record)


def test_outputs_alone_register_their_stories(db: ReportDatabase, tmp_path: Path) -> None:
    """A story that only its outputs show is reported, each output a completed step of unknown duration."""
    write(
        tmp_path / "outputs" / "01_ingest" / "OLD-1.json", {"title": "The <b>old</b> mill", "text": "Once upon a time"}
    )
    write(tmp_path / "outputs" / "02_preprocess" / "OLD-1.json", [])
    write(tmp_path / "outputs" / "02_preprocess" / "OLD-2.json", '{"broken')
    outcome = db.ingest(tmp_path / "outputs")
    assert db.sql("select source_key, title, origin from stories") == [
        ("OLD-1", "The <b>old</b> mill", "outputs folder")
    ]
    assert reported_executions(db) == {("01_ingest", 1, 1, 0)}
    assert db.sql("select path, kind, created_at from artifacts") == [
        ("01_ingest/OLD-1.json", "output", "2026-03-10T12:00:00.000Z")
    ]
    assert outcome.counts.rejected == 2
    assert db.sql("select source_key, reason from rejects order by 1") == [
        ("02_preprocess/OLD-1.json", "not a JSON object"),
        ("02_preprocess/OLD-2.json", "broken JSON"),
    ]


def test_run_files_alone(db: ReportDatabase, tmp_path: Path) -> None:
    """Runs without the database have runs, stories and step runs of their own."""
    run_file(tmp_path, "r1", "01_ingest", "A", "completed")
    run_file(tmp_path, "r1", "02_preprocess", "A", "failed")
    run_file(tmp_path, "r2", "01_ingest", "B", "completed", at="not a time")
    outcome = db.ingest(tmp_path / ".runs")
    assert reported_executions(db) == {("01_ingest", 1, 1, 0), ("02_preprocess", 1, 0, 1)}
    assert db.sql("select source_key, status from runs") == [("r1", "failed")]
    assert outcome.counts.rejected == 1
    assert db.sql("select reason from rejects") == [("timestamp is no possible time",)]


def test_files_may_hold_anything(db: ReportDatabase, tmp_path: Path) -> None:
    """Odd names, numbers without bounds and nesting without end are rows or rejects, never a crash."""
    run_file(tmp_path, "r1", "01_ingest", "A", "completed")
    write(
        tmp_path / ".runs" / "r1" / "02_preprocess_A.json", {"run_id": 10**40, "step": "02_preprocess", "story_id": 7}
    )
    write(tmp_path / ".runs" / "r1" / "03_generate_A.json", "[" * 100_000)
    write(tmp_path / ".runs" / "r1" / "04_postprocess_A.json", {"run_id": {"a": 1}, "step": "x", "story_id": "A"})
    (tmp_path / ".runs" / "r1" / os.fsdecode(b"05_package_\xff.json")).write_text("{}", encoding="utf-8")
    (tmp_path / ".runs" / "r1" / "loop").symlink_to(tmp_path)
    assert db.ingest(tmp_path / ".runs").counts.rejected == 3
    assert db.sql("select source_key from runs order by 1") == [("1" + "0" * 40,), ("r1",)]
    assert db.sql("select reason from rejects order by source_row, id") == [
        ("broken JSON",),
        ("a field that should be text holds an object or a list",),
        ("has no run_id",),
    ]


def test_a_damaged_database_in_a_folder_is_not_passed_over(db: ReportDatabase, tmp_path: Path) -> None:
    """What is no source is left alone; a source that cannot be read stops the ingest."""
    a_project(tmp_path / "studio")
    (tmp_path / "studio" / "notes.db").write_text("no database", encoding="utf-8")
    db.ingest(tmp_path / "studio")
    database = tmp_path / "studio" / "data" / "pipeline_stories.db"
    database.write_bytes(database.read_bytes()[:-4096])
    with pytest.raises(StoryreportError, match="is damaged"):
        db.ingest(tmp_path / "studio")


def a_project(folder: Path) -> list[Path]:
    """A project whose folders know more than its database, and less; return of its three parts."""
    tracker = Tracker(folder / "data" / "pipeline_stories.db")
    for story in ("A", "B", "DELETED"):
        tracker.register(story)
        for step in STEPS[:2]:
            tracker.end(story, step, f"run-{story}", 1000)
            write(folder / "outputs" / step / f"{story}.json", {"title": story})
            run_file(folder, f"run-{story}", step, story, "completed")
    change(tracker.path, "delete from stories where story_id = 'DELETED'")
    tracker.close()
    run_file(folder, "no-db", "01_ingest", "B", "completed")
    run_file(folder, "no-db", "01_ingest", "C", "completed")
    write(folder / "outputs" / "01_ingest" / "C.json", {"title": "C"})
    write(folder / "outputs" / "01_ingest" / "D.json", {"title": "D"})
    return [folder / "data" / "pipeline_stories.db", folder / "outputs", folder / ".runs"]


def answers(db: ReportDatabase) -> dict[str, object]:
    """What the reports say, in an order of its own."""
    names = ("failure_rates", "slowest_steps", "orphans")
    reported = {name: sorted(map(str, db.report(name))) for name in names}
    return {**reported, "stories": sorted(db.sql("select source_key from stories where gone_at is null"))}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_database_and_folders_agree_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    """Given one by one in any order, or all at once, the parts of a project give the same answers, counted by hand."""
    parts = a_project(tmp_path / "studio")
    one_by_one = ReportDatabase(tmp_path)
    for place in order:
        one_by_one.ingest(parts[place], name="studio")
    (tmp_path / "together").mkdir()
    together = ReportDatabase(tmp_path / "together")
    together.ingest(tmp_path / "studio")
    assert answers(one_by_one) == answers(together)
    # Three stories in the database; B and C run without it, D left an output alone.
    assert reported_executions(together) == {("01_ingest", 3 + 2 + 1, 6, 0), ("02_preprocess", 3, 3, 0)}
    assert together.sql("select source_key from stories order by 1") == [("A",), ("B",), ("C",), ("D",)]
    orphans = [(row["kind"], row["key"]) for row in together.report("orphans")]
    assert sorted(orphans) == [
        ("artifact", "01_ingest/DELETED.json"),
        ("artifact", "02_preprocess/DELETED.json"),
        ("step_run", "DELETED/01_ingest/1"),
        ("step_run", "DELETED/02_preprocess/1"),
    ]


def test_folders_given_beside_their_database_belong_to_it(db: ReportDatabase, tmp_path: Path) -> None:
    """Without a name, what is given beside the one database takes its name."""
    db.ingest(*a_project(tmp_path / "studio"))
    assert db.sql("select name, system from sources") == [("pipeline_stories", "pipeline")]
    assert db.sql("select part from inputs order by 1") == [("database",), ("outputs",), ("runs",)]


def test_a_deleted_output_is_gone(db: ReportDatabase, tmp_path: Path) -> None:
    """An output that is deleted stays as gone; a story that nothing else shows is gone with it."""
    a_project(tmp_path / "studio")
    db.ingest(tmp_path / "studio")
    (tmp_path / "studio/outputs/01_ingest/D.json").unlink()
    db.ingest(tmp_path / "studio")
    assert db.sql("select path from artifacts where gone_at is not null") == [("01_ingest/D.json",)]
    assert db.sql("select source_key from stories where gone_at is not null") == [("D",)]
    assert len(db.report("orphans")) == 4


def test_what_is_not_the_tracker_s_is_passed_over(db: ReportDatabase, tracker: Tracker) -> None:
    """A link that leads to itself and what may not be read keep nobody from the sources beside them."""
    tracker.register("A")
    tracker.close()
    folder = tracker.path.parent / "project"
    (folder / "notes").mkdir(parents=True)
    tracker.path.rename(folder / "studio.db")
    for loop in (folder / "notes" / "loop", folder / "loop.json", folder / "notes" / "loop.json"):
        loop.symlink_to(loop)
    (folder / "private").mkdir(mode=0)
    (folder / "settings.json").write_text("{}", encoding="utf-8")
    (folder / "settings.json").chmod(0)
    try:
        db.ingest(folder)
    finally:
        (folder / "private").chmod(0o700)
    assert db.one("select count(*) from stories") == 1


def test_a_file_of_the_tracker_s_that_cannot_be_read(db: ReportDatabase, tracker: Tracker) -> None:
    """One that should be the tracker's is not passed over: a run's file is rejected, a database is an error."""
    folder = tracker.path.parent / "project"
    (folder / ".runs" / "r1").mkdir(parents=True)
    run = {
        "run_id": "r1",
        "step": "01_ingest",
        "story_id": "A",
        "status": "success",
        "timestamp": "2026-03-01T10:00:00",
    }
    (folder / ".runs" / "r1" / "01_ingest_A.json").write_text(json.dumps(run), encoding="utf-8")
    loop = folder / ".runs" / "r1" / "02_preprocess_A.json"
    loop.symlink_to(loop)
    db.ingest(folder)
    assert db.sql("select source_key, reason from rejects") == [
        ("r1/02_preprocess_A.json", "cannot be read: Too many levels of symbolic links")
    ]
    (folder / "studio.db").symlink_to(folder / "studio.db")
    with pytest.raises(StoryreportError, match="cannot be opened"):
        db.ingest(folder)
    (folder / "studio.db").unlink()
    (folder / ".runs" / "r1").chmod(0)
    try:
        if not os.access(folder / ".runs" / "r1", os.R_OK):
            with pytest.raises(StoryreportError, match="may not be read"):
                db.ingest(folder)
    finally:
        (folder / ".runs" / "r1").chmod(0o700)
