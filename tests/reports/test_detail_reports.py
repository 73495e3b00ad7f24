"""One story, run or batch: each report on planted work, and on what a source does not have."""

from pathlib import Path

import pytest
from helpers import DATA
from helpers.report_database import ReportDatabase, ask, change, pairs
from helpers.sprint import NOON, add_batch, add_commands, add_events, add_story, noon
from helpers.tracker import STEPS, Tracker
from helpers.workflow import add_run

ASKED = {
    "story_status": "story",
    "run_diagnosis": "run",
    "run_timeline": "run",
    "batch_events": "batch",
    "recent_events": "batch",
}


@pytest.mark.parametrize(("name", "param"), ASKED.items())
def test_what_is_not_there_is_no_row(db: ReportDatabase, runner: Path, name: str, param: str) -> None:
    """A key that is missing or that nothing has, with rows of other things about; and an empty source."""
    db.ingest(runner)
    assert db.report(name, **{param: "7"}) == []
    add_batch(runner, 1)
    add_story(runner, 1, 1, "1-1")
    add_commands(runner, 1, "failed")
    add_events(runner, (0, "1-1", "dev", "task0", "start"))
    db.ingest(runner)
    assert db.report(name, **{param: "7"}) == []
    if name != "recent_events":
        assert db.report(name) == []


# story_status --------------------------------------------------------------------------------------------------------


def test_a_story_and_its_steps(db: ReportDatabase, tracker: Tracker) -> None:
    """Each step with its latest attempt, in the order of the steps."""
    tracker.register("A", "The Fox")
    for step, status, run in ((1, "failed", "r1"), (0, "completed", "r1"), (1, "failed", "r2")):
        tracker.clock(minutes=1)
        tracker.end("A", STEPS[step], run, 2000, status, f"{run} broke" if status == "failed" else None)
    tracker.check("A", STEPS[0], True, "good")
    tracker.end("B", STEPS[0], "r3", 1000)
    db.ingest(tracker.path)
    columns = ("title", "step", "status", "acceptance_passed", "run", "duration_ms", "attempts", "error")
    assert pairs(db.report("story_status", story="A"), *columns) == [
        ("The Fox", "01_ingest", "completed", 1, "r1", 2000, 1, None),
        ("The Fox", "02_preprocess", "failed", None, "r2", 2000, 2, "r2 broke"),
    ]
    assert pairs(db.report("story_status", story="B"), "source", "story", "title", "step") == [
        ("studio", "B", "(missing)", "01_ingest")
    ], "a story that was never registered"
    change(tracker.path, "delete from stories")
    db.ingest(tracker.path)
    assert len(db.report("story_status", story="A")) == 2


def test_a_story_without_steps(db: ReportDatabase, tracker: Tracker, movies: Path) -> None:
    """A story that is only registered is a row, and one of a film says how far it is."""
    tracker.register("A", "The Fox")
    db.ingest(tracker.path)
    assert pairs(db.report("story_status", story="A"), "title", "step", "attempts") == [("The Fox", None, 0)]
    db.ingest(movies)
    assert pairs(db.report("story_status", story="w1"), "source", "step", "status") == [
        ("movies", "image_generation", "completed"),
        ("movies", "video_assembly", "completed"),
    ]
    assert db.report("story_status", story="w1", source="studio") == []


def test_steps_without_numbers_are_in_the_order_of_their_work(db: ReportDatabase, tales: Path) -> None:
    """Where no step has a number, the one that began first comes first, whatever it is called."""
    add_run(tales, "r1", "A", "completed", 9, ("z_outline", "completed"), ("m_chapter", "completed"))
    add_run(tales, "r2", "A", "running", 11, ("a_cover", "running"), ("m_chapter", "completed"))
    change(tales, "update story_generation_steps set started_at = '2026-03-01T09:30:00Z' where step_name = 'm_chapter'")
    db.ingest(tales)
    assert pairs(db.report("story_status", story="A"), "step", "attempts") == [
        ("z_outline", 1),
        ("m_chapter", 2),
        ("a_cover", 1),
    ]


# story_files and story_runs ------------------------------------------------------------------------------------------


def test_the_files_of_a_story(db: ReportDatabase, movies: Path) -> None:
    """Those that the source still has, the latest first; and its runs."""
    db.ingest(movies)
    columns = ("source", "kind", "file", "size_bytes")
    video = ("movies", "video", "/files/video/all.mp4", 50_000)
    assert pairs(db.report("story_files", story="w1"), *columns) == [
        video,
        ("movies", "image", "/files/images/1.png", 1000),
    ]
    assert db.report("story_files", story="w2") == db.report("story_files", story="w1", source="other") == []
    change(movies, "delete from generated_files where id = 'f1'")
    db.ingest(movies)
    assert pairs(db.report("story_files", story="w1"), *columns) == [video]
    assert pairs(db.report("story_runs", story="w1"), "run", "status", "duration_ms") == [("w1", "completed", 600_250)]


# run_calls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["otel--latest", "otel--older"])
def test_the_calls_of_a_run_add_up(db: ReportDatabase, name: str) -> None:
    """Tokens that a source counts apart are added, and the costs are those of the cost report."""
    db.ingest(DATA / f"{name}.jsonl")
    runs = db.sql("select source_key from runs where id in (select run_id from calls)")
    rows = [row for (run,) in runs for row in db.report("run_calls", run=run)]
    counted = db.sql("select input_tokens + output_tokens from calls where run_id is not null and gone_at is null")
    assert sorted((row["total_tokens"] for row in rows), key=str) == sorted((n for (n,) in counted), key=str)
    assert any(row["total_tokens"] for row in rows)
    costs = db.report("cost")
    for currency in {row["currency"] for row in costs}:
        spent = sum(row["cost"] or 0 for row in rows if row["currency"] == currency)
        told = sum(row["cost"] or 0 for row in costs if row["currency"] == currency)
        assert spent == pytest.approx(told, abs=1e-6 * len(costs)), "costs of a day are rounded"


def test_a_call_s_own_total_and_price_come_first(db: ReportDatabase, movies: Path) -> None:
    """A total that the source wrote down is not counted again; where no price is known, none is shown."""
    db.ingest(movies)
    given = {
        "'USD', total_tokens = 7, input_tokens = 1, output_tokens = 2, cost = 0.5": (7, 0.5, "USD"),
        "'', input_tokens = 1, output_tokens = 2, cost = null, estimated_cost = 0.25, estimated_currency = 'EUR'": (
            3,
            0.25,
            "EUR",
        ),
        "'', input_tokens = 1, cost = null": (None, None, None),
    }
    for values, shown in given.items():
        change(
            db.path,
            "update calls set total_tokens = null, input_tokens = null, output_tokens = null, estimated_cost = null,"
            " estimated_currency = null",
            f"update calls set currency = {values}",
        )
        rows = pairs(db.report("run_calls", run="w2"), "total_tokens", "cost", "currency")
        assert set(rows) == {shown}


# run_timeline --------------------------------------------------------------------------------------------------------


def test_how_a_run_went(db: ReportDatabase, runner: Path) -> None:
    """A batch's commands in the order of their starts, from the batch's start on; a story's run has its own."""
    add_batch(runner, 1)
    add_story(runner, 1, 1, "1-1")
    add_story(runner, 2, 1, "1-2")
    add_commands(runner, 1, "completed", "failed", minute=2)
    add_commands(runner, 2, "running", minute=1)
    db.ingest(runner)
    columns = ("story", "step", "status", "started_at", "duration_ms", "offset_ms")
    assert pairs(db.report("run_timeline", run="batch/1"), *columns) == [
        ("1-2", "dev/task0", "running", noon(60), None, 60_000),
        ("1-1", "dev/task0", "completed", noon(120), 30_000, 120_000),
        ("1-1", "dev/task1", "failed", noon(180), 30_000, 180_000),
    ]
    (begun,) = ask(runner, "select started_at from stories where id = 1")[0]
    assert pairs(db.report("run_timeline", run="story/1"), "step", "offset_ms") == [
        ("dev/task0", (NOON + 120 - begun) * 1000),
        ("dev/task1", (NOON + 180 - begun) * 1000),
    ]


def test_how_tries_went(db: ReportDatabase, tracker: Tracker) -> None:
    """Each attempt is a row; a run that its source keeps no record of begins with its first step."""
    tracker.register("A")
    for status in ("failed", "completed"):
        tracker.clock(minutes=1)
        tracker.end("A", STEPS[0], "r1", 1000, status)
    db.ingest(tracker.path)
    assert pairs(db.report("run_timeline", run="r1"), "attempt", "status", "offset_ms") == [
        (1, "failed", 0),
        (2, "completed", 60_000),
    ]


# slowest_runs --------------------------------------------------------------------------------------------------------


def test_the_slowest_runs_of_a_step(db: ReportDatabase, tracker: Tracker) -> None:
    """The slowest of each of the ten slowest days, the slowest first; nothing that failed, and no other step."""
    slowest = {day: 1000 * ((7 * day) % 12 + 1) for day in range(12)}
    for day, ms in slowest.items():
        tracker.end(f"S-{day}", STEPS[1], f"r-{day}", ms)
        tracker.end(f"quick-{day}", STEPS[1], f"quick-{day}", ms - 1)
        tracker.end(f"other-{day}", STEPS[0], f"other-{day}", 99_000)
        tracker.end(f"failed-{day}", STEPS[1], f"failed-{day}", ms if day % 2 else 99_000, "failed", "Boom")
        tracker.clock(days=1)
    db.ingest(tracker.path)
    expected = [
        (f"r-{day}", f"S-{day}", STEPS[1], ms)
        for day, ms in sorted(slowest.items(), key=lambda found: -found[1])
        if ms > 2000
    ]
    assert len(expected) == 10
    rows = db.report("slowest_runs", step=STEPS[1])
    assert pairs(rows, "run", "story", "step", "duration_ms") == expected
    assert db.report("slowest_runs", step=STEPS[1], source="other") == []
    assert db.report("slowest_runs") == []


# Events --------------------------------------------------------------------------------------------------------------


def test_events_a_page_at_a_time(db: ReportDatabase, runner: Path, movies: Path) -> None:
    """The newest first, as the runner's own dashboard pages them; of all sources, of one, of one batch."""
    for batch in (1, 2):
        add_batch(runner, batch)
        add_events(runner, *((batch * 100 + at, "A", "dev", "code", "start") for at in range(7)), batch=batch)
    db.ingest(runner)
    db.ingest(movies)
    own = [noon_of for (noon_of,) in ask(runner, "select timestamp from events order by timestamp desc")]
    progress = ask(movies, "select created_at from generation_progress order by created_at desc")
    everything = [noon(at - NOON) for at in own] + [at.replace(" ", "T") + ".000Z" for (at,) in progress]
    assert [row["at"] for row in db.report("recent_events")] == everything
    assert [row["at"] for row in db.report("recent_events", page="2", per_page="5")] == everything[5:10]
    assert [row["at"] for row in db.report("recent_events", page="5", per_page="5")] == everything[20:]
    assert db.report("recent_events", page="9") == []
    own_pages = db.report("recent_events", source="runner", page="2", per_page="4")
    assert [row["at"] for row in own_pages] == everything[4:8]
    for key in ("1", "batch/1"):
        of_batch = db.report("recent_events", batch=key, per_page="3", page="2")
        assert [row["at"] for row in of_batch] == everything[10:13]
        assert {row["batch"] for row in of_batch} == {"batch/1"}
    assert pairs(db.report("recent_events", batch="w2"), "story", "step", "status", "message") == [
        ("w2", "image_generation", "running", "10 %")
    ]


def test_events_of_a_batch_in_order(db: ReportDatabase, runner: Path, real_database: Path) -> None:
    """From the first to the last, its stories' among them; of a batch without a row too."""
    add_batch(runner, 1)
    add_story(runner, 1, 1, "1-1")
    add_events(runner, (5, "1-1", "dev", "code", "end"), (0, "1-1", "dev", "code", "start"), (9, "x", "y", "z", "odd"))
    add_events(runner, (1, "1-1", "dev", "code", "start"), batch=2)
    db.ingest(runner)
    assert pairs(db.report("batch_events", batch="1"), "at", "story", "step", "status", "message") == [
        (noon(0), "1-1", "dev/code", "running", "said 0"),
        (noon(5), "1-1", "dev/code", "completed", "said 5"),
        (noon(9), "x", "y/z", "odd", "said 9"),
    ]
    db.ingest(real_database)
    rows = db.report("batch_events", batch="1", source="sprint-runner")
    said = ask(real_database, "select status, message from events where batch_id = 1 order by timestamp, id")
    assert pairs(rows, "status", "message") == said
    assert len(db.report("recent_events", source="sprint-runner", batch="1")) == len(said) == 20
