"""The reports on steps: how long they take, how often they fail, pass and are retried, and how much gets done."""

import csv
from pathlib import Path
from typing import Any

import pytest
from helpers.adventure import ROWS as ADVENTURE_ROWS
from helpers.adventure import TABLES as ADVENTURE
from helpers.media import NEW as MEDIA
from helpers.media import ROWS as MEDIA_ROWS
from helpers.report_database import ReportDatabase, change
from helpers.sprint import NOON, SCHEMA
from helpers.tracker import STEPS, Tracker

REPORTS = (
    "step_durations",
    "duration_changes",
    "failure_trend",
    "acceptance_rates",
    "flaky_steps",
    "throughput",
)


def plant(path: Path, *scripts: str) -> Path:
    """A source of these tables and rows."""
    change(path, *(statement for script in scripts for statement in script.split(";")))
    return path


def plant_csv(path: Path, *rows: dict[str, Any]) -> Path:
    """A plain file of step runs."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, sorted({"started_at", *(column for row in rows for column in row)}))
        writer.writeheader()
        writer.writerows(rows)
    return path


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of a report."""
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("name", REPORTS)
def test_a_source_without_steps_has_no_rows(db: ReportDatabase, tracker: Tracker, name: str) -> None:
    """Where there is nothing to report, that is no error."""
    db.ingest(tracker.path)
    assert db.report(name) == []


@pytest.fixture
def three_days(db: ReportDatabase, tracker: Tracker) -> ReportDatabase:
    """Two steps on three days, noted by day: (durations completed, failed) from the tenth of March on."""
    days = (([1000, 3000], 1), ([2000], 0), ([8000, 8000, 8000, 500_000], 4))
    for completed, failed in days:
        for number, ms in enumerate(completed):
            tracker.end(f"S{number}", "01_ingest", "r", ms)
        for number in range(failed):
            tracker.end(f"F{number}", "01_ingest", "r", 7, "failed", "Boom")
        tracker.end("X", "02_preprocess", "r", 100)
        tracker.clock(days=1)
    db.ingest(tracker.path)
    return db


def test_durations_by_day(three_days: ReportDatabase) -> None:
    """Each day of a step, the latest first, with the mean and the percentiles of what was completed."""
    rows = three_days.report("step_durations", step="01_ingest")
    assert columns(rows, "day", "executions", "avg_ms") == [
        ("2026-03-12", 8, 131_000),
        ("2026-03-11", 1, 2000),
        ("2026-03-10", 3, 2000),
    ]
    assert [row["p50_ms"] for row in rows] == pytest.approx([8000, 2000, 1000], rel=0.01)
    assert [row["p95_ms"] for row in rows] == pytest.approx([500_000, 2000, 3000], rel=0.01)
    assert len(three_days.report("step_durations")) == 6
    assert len(three_days.report("step_durations", source="other")) == 0
    assert columns(three_days.report("step_durations", since="2026-03-11", until="2026-03-11"), "day", "step") == [
        ("2026-03-11", "01_ingest"),
        ("2026-03-11", "02_preprocess"),
    ]


def test_failures_by_day(three_days: ReportDatabase) -> None:
    """Of what ended on a day, what failed."""
    rows = three_days.report("failure_trend", step="01_ingest")
    assert columns(rows, "day", "source", "step", "executions", "failed", "failure_pct") == [
        ("2026-03-12", "studio", "01_ingest", 8, 4, 50.0),
        ("2026-03-11", "studio", "01_ingest", 1, 0, 0.0),
        ("2026-03-10", "studio", "01_ingest", 3, 1, 33.33),
    ]
    assert columns(three_days.report("failure_trend", until="2026-03-10"), "step", "failed") == [
        ("01_ingest", 1),
        ("02_preprocess", 0),
    ]


def test_steps_without_a_time_are_of_no_day(db: ReportDatabase, tmp_path: Path) -> None:
    """They come last, and are in no span of days."""
    db.ingest(
        plant_csv(
            tmp_path / "plain.csv",
            {"step": "write", "status": "completed", "duration_ms": 5, "run": "a"},
            {"step": "write", "status": "completed", "duration_ms": 7, "run": "b", "ended_at": "2026-03-10T12:00:00Z"},
        ),
        system="steps",
    )
    assert columns(db.report("step_durations"), "day", "avg_ms") == [("2026-03-10", 7), (None, 5)]
    assert columns(db.report("failure_trend", until="2026-12-31"), "day", "executions") == [("2026-03-10", 1)]


def test_what_changed_most(db: ReportDatabase, tracker: Tracker) -> None:
    """The last days of a source are compared with as many before; what has no equal comes last."""
    # (days before the end, step, durations)
    planted = (
        (14, "01_ingest", [90_000] * 20),  # too early
        (13, "01_ingest", [1000] * 20),
        (7, "01_ingest", [1000] * 20),
        (13, "02_preprocess", [1000]),
        (13, "03_generate", [4000]),
        (13, "05_package", [50]),
        (6, "01_ingest", [1000] * 18),
        (6, "03_generate", [1000]),
        (6, "04_postprocess", [10]),
        (0, "01_ingest", [1500] * 2),
        (0, "02_preprocess", [3000]),
    )
    for before, step, durations in planted:
        tracker.clock(days=-before)
        for number, ms in enumerate(durations):
            tracker.end(f"{before}-{number}", step, "r", ms)
        tracker.clock(days=before)
    db.ingest(tracker.path)
    rows = db.report("duration_changes")
    assert columns(rows, "step", "executions") == [
        ("02_preprocess", 1),
        ("03_generate", 1),
        ("01_ingest", 20),
        ("04_postprocess", 1),
    ]
    assert [row["p95_ms"] for row in rows] == pytest.approx([3000, 1000, 1500, 10], rel=0.01)
    assert [row["previous_p95_ms"] for row in rows[:3]] == pytest.approx([1000, 4000, 1000], rel=0.01)
    assert [row["change_pct"] for row in rows[:3]] == pytest.approx([200, -75, 50], abs=3)
    assert (rows[3]["previous_p95_ms"], rows[3]["change_pct"]) == (None, None)
    one_day = {row["step"]: row for row in db.report("duration_changes", days="1")}
    assert {step: row["executions"] for step, row in one_day.items()} == {"01_ingest": 2, "02_preprocess": 1}
    assert {row["change_pct"] for row in one_day.values()} == {None}
    assert db.report("duration_changes", source="other") == []


def test_each_source_has_its_own_last_days(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """A source that has ended long ago is compared with its own past."""
    old = Tracker(tmp_path / "old.db")
    old.clock(days=-700)
    for writer in (old, tracker):
        writer.end("A", "01_ingest", "r", 1000)
        writer.clock(days=7)
        writer.end("B", "01_ingest", "r", 2000)
        db.ingest(writer.path)
    assert columns(db.report("duration_changes"), "source", "executions") == [("old", 1), ("studio", 1)]
    assert [row["change_pct"] for row in db.report("duration_changes")] == pytest.approx([100, 100], abs=3)


def test_acceptance(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> None:
    """What was checked, and passed; what was never checked is not here."""
    for number in range(4):
        tracker.end(f"S{number}", "03_generate", "r", 10)
        tracker.check(f"S{number}", "03_generate", number > 0, "as it is")
        tracker.end(f"S{number}", "04_postprocess", "r", 10)
        tracker.check(f"S{number}", "04_postprocess", True, "as it is")
        tracker.end(f"S{number}", "05_package", "r", 10)
    db.ingest(tracker.path)
    rows = [{"step": "paint", "run": str(n), "status": "completed", "acceptance_passed": int(n < 1)} for n in range(3)]
    db.ingest(plant_csv(tmp_path / "plain.csv", *rows))
    names = ("source", "step", "checked", "passed", "failed", "pass_pct", "failure_pct")
    assert columns(db.report("acceptance_rates"), *names) == [
        ("plain", "paint", 3, 1, 2, 33.33, 66.67),
        ("studio", "03_generate", 4, 3, 1, 75.0, 25.0),
        ("studio", "04_postprocess", 4, 4, 0, 100.0, 0.0),
    ]
    assert len(db.report("acceptance_rates", source="studio")) == 2
    # Nothing is known of how long `paint` took: that is no share of 0.
    assert columns(db.report("slowest_steps", source="plain"), "step", "total_ms", "share_pct") == [
        ("paint", None, None)
    ]


def test_flaky_steps_of_stories(db: ReportDatabase, tracker: Tracker) -> None:
    """What is completed by a later attempt only, on the day of that attempt."""
    for story, statuses in {
        "good": ["completed"],
        "again": ["completed", "completed"],
        "flaky": ["failed", "completed"],
        "stubborn": ["failed", "failed", "completed", "completed"],
        "broken": ["failed", "failed"],
        "given up": ["failed"],
    }.items():
        for number, status in enumerate(statuses):
            tracker.clock(days=number)
            tracker.end(story, "03_generate", f"r{number}", 10, status, "Boom" if status == "failed" else None)
            tracker.clock(days=-number)
    tracker.end("good", "01_ingest", "r0", 10)
    db.ingest(tracker.path)
    names = ("step", "runs", "retried", "recovered", "first_attempt_pct")
    assert columns(db.report("flaky_steps"), *names) == [
        ("03_generate", 6, 3, 2, 33.33),
        ("01_ingest", 1, 0, 0, 100.0),
    ]
    assert columns(db.report("flaky_steps", since="2026-03-11", until="2026-03-11"), *names) == [
        ("03_generate", 0, 3, 1, None)
    ]
    assert db.report("flaky_steps", since="2026-04-01") == []


def test_flaky_steps_of_runs(db: ReportDatabase, tmp_path: Path) -> None:
    """Where there are no stories, a piece of work is a step of one run; whatever comes later is counted then."""
    path = tmp_path / "plain.csv"
    rows = [
        {"step": "fetch", "run": run, "attempt": attempt, "status": status, "ended_at": f"2026-03-1{attempt}T12:00:00Z"}
        for run, attempt, status in (("a", 1, "failed"), ("b", 1, "completed"), ("a", 2, "completed"))
    ]
    names = ("step", "runs", "retried", "recovered", "first_attempt_pct")
    for known in (2, 3):
        db.ingest(plant_csv(path, *rows[:known]))
        assert columns(db.report("flaky_steps"), *names) == [("fetch", 2, known - 2, known - 2, 50.0)]
    rows[0]["status"] = "completed"
    db.ingest(plant_csv(path, *rows))
    assert columns(db.report("flaky_steps"), *names) == [("fetch", 2, 0, 0, 100.0)]


# How much gets done --------------------------------------------------------------------------------------------------

DONE = ("day", "stories_started", "stories_completed", "runs_completed", "runs_failed")


def test_a_tracked_story_is_completed_with_its_last_step(db: ReportDatabase, tracker: Tracker) -> None:
    """The tracker has no word for it: on the day that the last step is completed for the first time."""
    for story in ("A", "B", "C"):
        tracker.register(story)
    for story, steps in {"A": STEPS, "B": STEPS[:4], "C": STEPS[:4]}.items():
        for step in steps:
            tracker.end(story, step, f"run-{story}", 10)
    tracker.end("B", STEPS[4], "run-B", 10, "failed", "Boom")
    db.ingest(tracker.path)
    assert columns(db.report("throughput"), *DONE) == [("2026-03-10", 3, 1, 2, 1)]
    tracker.clock(days=1)
    for story in ("A", "B"):
        tracker.end(story, STEPS[4], f"again-{story}", 10)
    db.ingest(tracker.path)
    assert columns(db.report("throughput"), *DONE) == [("2026-03-11", 0, 1, 2, 0), ("2026-03-10", 3, 1, 2, 1)]
    assert columns(db.report("throughput", until="2026-03-10"), *DONE) == [("2026-03-10", 3, 1, 2, 1)]
    assert db.report("throughput", source="other") == []


def test_no_tracked_story_is_completed_before_the_last_step_of_all(db: ReportDatabase, tracker: Tracker) -> None:
    """Though no story has got further yet."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r", 10)
    db.ingest(tracker.path)
    assert columns(db.report("throughput"), *DONE) == [("2026-03-10", 1, 0, 1, 0)]


def test_throughput_of_sources_that_say_when_a_story_is_done(db: ReportDatabase, tmp_path: Path) -> None:
    """The sprint runner's stories and the videos have a status and an end."""
    stories = ", ".join(
        f"({n}, 1, 'S-{n}', 'e', '{status}', {NOON + n}, {NOON + 86_400})"
        for n, status in enumerate(("done", "done", "failed", "in-progress"), 1)
    )
    rows = f"insert into batches values (1, {NOON}, {NOON + 86_400}, 9, 2, 'completed'); insert into stories values "
    db.ingest(plant(tmp_path / "sprint.db", SCHEMA, rows + stories))
    db.ingest(plant(tmp_path / "videos.db", MEDIA, *MEDIA_ROWS))
    assert columns(db.report("throughput", source="sprint"), *DONE) == [
        ("2026-03-11", 0, 2, 3, 1),
        ("2026-03-10", 4, 0, 0, 0),
    ]
    assert columns(db.report("throughput", source="videos"), *DONE) == [
        ("2026-03-02", 2, 0, 0, 1),
        ("2026-03-01", 1, 1, 1, 0),
    ]


def test_a_story_without_a_status_is_completed_with_its_first_run(db: ReportDatabase, tmp_path: Path) -> None:
    """Not with a later one, nor with a failed one, and not twice when an earlier run comes to light."""
    jobs = """
        insert into story_jobs values
        (11, 'j-again', 's', 'woods', 'completed', 1, null, '2026-07-02 18:00:00', '2026-07-02 18:00:09')
    """
    path = plant(tmp_path / "games.db", ADVENTURE, *ADVENTURE_ROWS, jobs)
    db.ingest(path)
    assert columns(db.report("throughput"), *DONE) == [
        ("2026-07-02", 0, 0, 1, 0),
        ("2026-07-01", 2, 1, 1, 1),
    ]
    change(path, "update story_jobs set status = 'failed' where id = 1")
    db.ingest(path, full=True)
    assert columns(db.report("throughput"), *DONE) == [
        ("2026-07-02", 0, 1, 1, 0),
        ("2026-07-01", 2, 0, 0, 2),
    ]
    change(path, "update story_jobs set status = 'completed' where id = 1")
    db.ingest(path, full=True)
    assert [row["stories_completed"] for row in db.report("throughput")] == [0, 1]


def test_what_a_deleted_story_was_stays_done(db: ReportDatabase, tmp_path: Path) -> None:
    """Throughput is history: what has gone since was done all the same."""
    path = plant(tmp_path / "games.db", ADVENTURE, *ADVENTURE_ROWS)
    db.ingest(path)
    before = db.report("throughput")
    change(path, "delete from story_nodes where story_id = 1", "delete from stories where id = 1")
    db.ingest(path)
    assert db.one("select count(*) from stories where gone_at is not null") == 1
    assert db.report("throughput") == before


def test_throughput_of_plain_step_runs(db: ReportDatabase, tmp_path: Path) -> None:
    """A run of one story is what its steps are."""
    rows = [
        {"story": story, "run": f"r-{story}", "step": step, "status": status, "ended_at": "2026-03-10T12:00:00Z"}
        for story, step, status in (
            ("A", "write", "completed"),
            ("A", "paint", "completed"),
            ("B", "write", "completed"),
            ("B", "paint", "failed"),
        )
    ]
    db.ingest(plant_csv(tmp_path / "plain.csv", *rows))
    assert columns(db.report("throughput"), *DONE) == [("2026-03-10", 2, 1, 1, 1)]
