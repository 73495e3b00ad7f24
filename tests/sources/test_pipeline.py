"""The story pipeline tracker: its database as it really is, and what the tracker does."""

import hashlib
from pathlib import Path

import pytest
from helpers.pipeline import attempts, executions_of, reported_executions
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import STEPS, Tracker

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


def test_the_real_file_s_ends(db: ReportDatabase, real_pipeline: Path) -> None:
    """Each end that the tracker's own `status` prints is ours, to the millisecond."""
    db.ingest(real_pipeline)
    printed = ask(real_pipeline, "select story_id, step_name, completed_at from step_status")
    ours = {
        (row["story"], row["step"], row["ended_at"])
        for (story,) in db.sql("select source_key from stories")
        for row in db.report("story_status", story=story)
        if row["step"]
    }
    known = {story for story, _, _ in ours}
    assert ours == {(story, step, f"{end[:10]}T{end[11:23]}Z") for story, step, end in printed if story in known}
    assert len(known) > 5


# What the tracker does, planted --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("completed_at", "ended_at", "started_at"),
    [
        ("2026-03-10 12:00:00.392788", "2026-03-10T12:00:00.392Z", "2026-03-10T11:59:59.392Z"),
        ("2026-03-10 11:59:59.981000", "2026-03-10T11:59:59.981Z", "2026-03-10T11:59:58.981Z"),
        ("2026-03-10 12:05:00.392788", "2026-03-10T12:00:00.000Z", "2026-03-10T11:59:59.000Z"),
        ("2026-03-10 14:00:00.392788", "2026-03-10T12:00:00.000Z", "2026-03-10T11:59:59.000Z"),
    ],
    ids=["same second", "a second later in the history", "replaced by a later check", "another time zone"],
)
def test_an_end_is_as_exact_as_the_tracker_has_it(
    completed_at: str, ended_at: str, started_at: str, db: ReportDatabase, tracker: Tracker
) -> None:
    """The history has whole seconds: the state's end counts where it is that of the same moment."""
    tracker.register("S-1")
    tracker.end("S-1", "01_ingest", "r-1", 1000)
    tracker.connection.execute("update step_status set completed_at = ?", [completed_at])
    db.ingest(tracker.path)
    assert db.sql("select started_at, ended_at, duration_ms from step_runs") == [(started_at, ended_at, 1000)]


@pytest.mark.parametrize(("checks", "passed"), [((3,), True), ((7200,), False), ((60, 90_000), True)], ids=str)
def test_a_later_check_is_the_end_that_the_tracker_prints(
    checks: tuple[float, ...], passed: bool, db: ReportDatabase, tracker: Tracker
) -> None:
    """`select * from step_status` is all that the tracker's own `status` does; the work took what it took."""
    tracker.register("S-1")
    for step in STEPS[:2]:
        tracker.clock(seconds=30, milliseconds=337)
        tracker.end("S-1", step, "r-1", 1000)
    for seconds in checks:
        tracker.clock(seconds=seconds)
        tracker.check("S-1", STEPS[0], passed, "Checked")
    db.ingest(tracker.path)
    printed = ask(tracker.path, "select step_name, status, completed_at from step_status order by step_name")
    shown = db.report("story_status", story="S-1")
    assert [(row["step"], row["status"], row["ended_at"]) for row in shown] == [
        (step, status, f"{end[:10]}T{end[11:23]}Z") for step, status, end in printed
    ]
    assert [row["duration_ms"] for row in shown] == [1000, 1000]
    # The run has not worked until then: it began with the first step, at 12:00:29 by the history's whole seconds.
    assert db.sql("select ended_at, duration_ms from runs") == [("2026-03-10T12:01:00.674Z", 31_674)]


@pytest.mark.parametrize("hours", [2, -5])
def test_a_check_in_a_time_zone_that_nobody_said(hours: int, db: ReportDatabase, tracker: Tracker) -> None:
    """The tracker also notes in UTC when it wrote the row: that is the end, neither hours later nor before the work."""
    tracker.register("S-1")
    tracker.end("S-1", STEPS[0], "r-1", 1000)
    tracker.clock(minutes=10)
    tracker.check("S-1", STEPS[0], True, "Checked")
    change(tracker.path, f"update step_status set completed_at = datetime(completed_at, '{hours} hours')")
    db.ingest(tracker.path)
    assert [row["ended_at"] for row in db.report("story_status", story="S-1")] == ["2026-03-10T12:10:00.000Z"]


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
