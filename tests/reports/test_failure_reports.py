"""Reports of failures: which errors cost most, which run repeats itself, and what a log adds up to."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, ask, change
from helpers.tracker import Tracker

from storyreport import rollups, schema, values

MEDIA = (
    "create table workflows (id text primary key, story_title text, original_prompt text, status text,"
    " created_at timestamp)",
    "create table api_usage (id integer primary key, workflow_id text, api_provider text, endpoint text,"
    " success boolean, error_message text, created_at timestamp)",
    "insert into workflows values ('w1', 'The Fox', null, 'failed', '2026-03-09 09:00:00')",
    """insert into api_usage values
        (1, 'w1', 'openai', 'chat', 0, 'Timeout after 12 s', '2026-03-09 10:00:00'),
        (2, 'w1', 'openai', 'chat', 0, 'Timeout after 24 s', '2026-03-11 10:00:00'),
        (3, null, 'openai', 'chat', 0, 'Rate limit', '2026-03-11 11:00:00')""",
)
JOBS = (
    "create table stories (id integer primary key, title text, session_id text, created_at timestamp)",
    "create table story_nodes (id integer primary key, story_id integer, options text, is_root integer)",
    "create table story_jobs (id integer primary key, job_id text, session_id text, theme text, status text,"
    " story_id integer, error text, created_at timestamp, completed_at timestamp)",
    "insert into stories values (1, 'The Owl', null, '2026-03-10 09:00:00')",
    """insert into story_jobs values
        (1, 'j1', null, 'sea', 'failed', 1, 'Timeout after 60 s', '2026-03-10 10:00:00', '2026-03-10 10:01:00'),
        (2, 'j2', null, 'sea', 'failed', null, 'Boom', '2026-03-10 11:00:00', '2026-03-10 11:01:00')""",
)
COLUMNS = ["error", "occurrences", "stories", "steps", "first_seen", "last_seen", "example"]


@pytest.fixture
def failures(db: ReportDatabase, tracker: Tracker, tmp_path: Path) -> ReportDatabase:
    """Three systems with errors: of steps (10 and 11 March), of calls (9 and 11 March), of jobs (10 March)."""
    for story in ("A", "B"):
        tracker.register(story)
        tracker.end(story, "01_ingest", f"r-{story}", 900, "failed", f"Timeout after {len(story)} s")
    tracker.clock(days=1)
    tracker.end("A", "02_preprocess", "r-A", 900, "failed", "Timeout after 30 s")
    tracker.end("A", "02_preprocess", "r-A", 900)
    tracker.end("GHOST", "01_ingest", "r-G", 900, "failed", "Boom")
    change(tmp_path / "movies.db", *MEDIA)
    change(tmp_path / "games.db", *JOBS)
    for path in (tracker.path, tmp_path / "movies.db", tmp_path / "games.db"):
        db.ingest(path)
    return db


def struck(db: ReportDatabase, **given: str) -> dict[str, tuple[Any, ...]]:
    """error → (occurrences, stories, steps)"""
    rows = db.report("top_errors", **given)
    assert all(list(row) == COLUMNS for row in rows)
    return {row["error"]: (row["occurrences"], row["stories"], row["steps"]) for row in rows}


def test_errors_of_all_systems_are_counted_together(failures: ReportDatabase) -> None:
    """What differs only in numbers is one error, wherever it occurred; what cost most comes first."""
    assert list(struck(failures).items()) == [
        # A and B by two steps, a workflow by two calls, a job.
        ("Timeout after <n> s", (6, 4, 2)),
        # A story that is not there, and a job that made none.
        ("Boom", (2, 0, 1)),
        ("Rate limit", (1, 0, 0)),
    ]
    timeout, *_ = failures.report("top_errors")
    assert (timeout["first_seen"], timeout["last_seen"]) == ("2026-03-09T10:00:00.000Z", "2026-03-11T12:00:00.000Z")
    assert timeout["example"].startswith("Timeout after ")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source": "studio"}, {"Timeout after <n> s": (3, 2, 2), "Boom": (1, 0, 1)}),
        ({"source": "movies"}, {"Timeout after <n> s": (2, 1, 0), "Rate limit": (1, 0, 0)}),
        ({"since": "2026-03-11"}, {"Timeout after <n> s": (2, 2, 1), "Rate limit": (1, 0, 0), "Boom": (1, 0, 1)}),
        ({"until": "2026-03-09"}, {"Timeout after <n> s": (1, 1, 0)}),
        ({"since": "2026-03-10", "until": "2026-03-10"}, {"Timeout after <n> s": (3, 3, 1), "Boom": (1, 0, 0)}),
        # A story that an error struck on two days is one.
        ({"since": "2026-03-01", "source": "studio"}, {"Timeout after <n> s": (3, 2, 2), "Boom": (1, 0, 1)}),
        ({"since": "2026-03-01", "source": "movies"}, {"Timeout after <n> s": (2, 1, 0), "Rate limit": (1, 0, 0)}),
        ({"since": "2026-03-12"}, {}),
    ],
)
def test_errors_of_one_source_and_some_days(
    failures: ReportDatabase, given: dict[str, str], expected: dict[str, tuple[int, ...]]
) -> None:
    """Counted by hand: the occurrences on these days, and the stories and steps that they struck."""
    assert struck(failures, **given) == expected


def test_all_days_are_all_of_history(failures: ReportDatabase) -> None:
    """The days together say what the totals say."""
    assert failures.report("top_errors", since="2026-01-01") == failures.report("top_errors")


def test_an_error_that_is_resolved_stays_in_the_history(failures: ReportDatabase, tmp_path: Path) -> None:
    """What the source has deleted since has failed nevertheless."""
    before = {error: counted[0] for error, counted in struck(failures).items()}
    change(tmp_path / "games.db", "delete from story_jobs")
    failures.ingest(tmp_path / "games.db")
    assert {error: counted[0] for error, counted in struck(failures).items()} == before


def test_a_run_s_error_counts_where_nothing_within_it_has_one(failures: ReportDatabase) -> None:
    """Of a run that failed for what its step failed of, the error is the step's."""
    with contextlib.closing(schema.connect(failures.path)) as connection:
        values.register(connection)
        rollups.watch(connection)
        connection.execute("insert into errors values (99, 'Run failed', 'Run failed')")
        connection.execute("update runs set error_id = 99 where source_key in ('r-A', 'j2')")
        rollups.refresh(connection)
        assert struck(failures)["Run failed"] == (1, 0, 0), "of the job alone"
        # The step of the run turns out to have completed: now the error is the run's own, in A's story.
        connection.execute(
            "update step_runs set error_id = null where story_id = (select story_id from runs where source_key = 'r-A')"
        )
        rollups.refresh(connection)
    assert struck(failures)["Run failed"] == (2, 1, 0)
    assert struck(failures, since="2026-01-01")["Run failed"] == (2, 1, 0)


# The log -------------------------------------------------------------------------------------------------------------

OUTLINE = "Chapter count determined from outline"
DATABASE = "Chapter count determined from database"
DEFAULT = "Could not determine chapter count from outline or database, using default of 4"
CACHED = "Chapter count retrieved from cache"
CONTEXT = "Story context loaded successfully"
CONFLICT = "Progress update already in progress, skipping"
SKIP = "Skipping progress update for failed run"
ERROR = "Workflow error occurred"
LOST = "Story not found"


def log(path: Path, *said: tuple[str, int, str], level: str = "debug", run: str = "r1") -> None:
    """Write how often a message was said on a day (of March 2026)."""
    with path.open("a", encoding="utf-8") as file:
        for message, times, day in said:
            for n in range(times):
                at = f"2026-03-{day}T09:00:{n:02}.000Z"
                file.write(json.dumps({"level": level, "message": message, "timestamp": at, "runId": run}) + "\n")


def metrics(db: ReportDatabase, **given: str) -> dict[str, tuple[Any, ...]]:
    """metric → (value, unit, samples)"""
    return {row["metric"]: (row["value"], row["unit"], row["samples"]) for row in db.report("log_metrics", **given)}


def test_a_log_s_metrics(db: ReportDatabase, tmp_path: Path) -> None:
    """A context that is loaded without the chapters being counted again is a hit, for hits are silent."""
    path = tmp_path / "tales.log"
    log(path, (CONTEXT, 10, "01"), (OUTLINE, 2, "01"), (DATABASE, 1, "01"), (DEFAULT, 1, "01"))
    log(path, (CONFLICT, 5, "01"), (CONFLICT, 2, "02"), (SKIP, 3, "02"), (ERROR, 4, "02"), (LOST, 6, "02"))
    db.ingest(path)
    assert metrics(db) == {
        "chapter_count_cache_hit_pct": (60.0, "%", 10),
        "orphaned_runs_detected": (6, "lines", 6),
        "failed_run_skips": (3, "lines", 3),
        "progress_conflicts": (7, "lines", 7),
        "workflow_errors": (4, "lines", 4),
    }
    assert [row["source"] for row in db.report("log_metrics")] == ["tales"] * 5
    assert metrics(db, since="2026-03-02")["progress_conflicts"] == (2, "lines", 2)
    assert metrics(db, since="2026-03-02")["chapter_count_cache_hit_pct"] == (None, "%", 0)
    assert metrics(db, until="2026-03-01")["chapter_count_cache_hit_pct"] == (60.0, "%", 10)
    assert metrics(db, until="2026-03-01")["failed_run_skips"] == (0, "lines", 0)
    assert metrics(db, since="2026-03-03") == metrics(db, source="other") == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # A line that says so is a hit, however many contexts there are.
        ([(CACHED, 3, "01"), (OUTLINE, 1, "01"), (CONTEXT, 50, "01")], (75.0, "%", 4)),
        ([(CACHED, 3, "01"), (DEFAULT, 1, "01")], (75.0, "%", 4)),
        # More misses than contexts: nothing came from the cache.
        ([(CONTEXT, 1, "01"), (OUTLINE, 2, "01"), (DATABASE, 2, "01")], (0.0, "%", 4)),
        # Without debug lines, or without contexts, hits and misses cannot be told apart.
        ([(CONTEXT, 50, "01"), (DEFAULT, 1, "01")], (None, "%", 1)),
        ([(OUTLINE, 2, "01")], (None, "%", 2)),
        ([(CONFLICT, 2, "01")], (None, "%", 0)),
        ([(OUTLINE + " content", 1, "01"), (CONTEXT, 3, "01")], (66.67, "%", 3)),
    ],
)
def test_the_cache_s_hit_rate(
    db: ReportDatabase, tmp_path: Path, said: list[tuple[str, int, str]], expected: tuple[Any, ...]
) -> None:
    """Counts determined again are misses, the default among them; what cannot be known is not said."""
    log(tmp_path / "tales.log", *said)
    db.ingest(tmp_path / "tales.log")
    assert metrics(db)["chapter_count_cache_hit_pct"] == expected


def test_warnings_of_one_run_are_repeated(db: ReportDatabase, tmp_path: Path) -> None:
    """A warning given twice by one run is listed, the most frequent first; once, or by two runs, is no repetition."""
    path = tmp_path / "tales.log"
    for run, times in (("r1", 3), ("r2", 5), ("r3", 1), ("r4", 1)):
        log(path, (DEFAULT, times, "01"), level="warn", run=run)
    log(path, (SKIP, 2, "02"), level="warning", run="r1")
    log(path, (CONFLICT, 9, "02"), level="info", run="r1")
    db.ingest(path)
    assert [tuple(row.values()) for row in db.report("repeated_warnings")] == [
        ("tales", "r2", DEFAULT, 5, "2026-03-01T09:00:00.000Z", "2026-03-01T09:00:04.000Z"),
        ("tales", "r1", DEFAULT, 3, "2026-03-01T09:00:00.000Z", "2026-03-01T09:00:02.000Z"),
        ("tales", "r1", SKIP, 2, "2026-03-02T09:00:00.000Z", "2026-03-02T09:00:01.000Z"),
    ]
    assert db.report("repeated_warnings", source="other") == []


def test_a_run_that_is_read_after_its_log(db: ReportDatabase, tmp_path: Path) -> None:
    """Warnings stay with their run once it is known, and later ones are added up."""
    log(tmp_path / "tales.log", (DEFAULT, 2, "01"), level="warn")
    db.ingest(tmp_path / "tales.log", name="tales")
    change(
        tmp_path / "runs.db",
        "create table story_generation_runs (run_id text, story_id text, status text, current_step text,"
        " created_at text, updated_at text)",
        "insert into story_generation_runs values ('r1', 's1', 'running', 'x', '2026-03-01', '2026-03-01')",
    )
    db.ingest(tmp_path / "runs.db", name="tales")
    assert [(row["run"], row["occurrences"]) for row in db.report("repeated_warnings")] == [("r1", 2)]
    log(tmp_path / "tales.log", (DEFAULT, 1, "03"), level="warn")
    db.ingest(tmp_path / "tales.log", name="tales")
    (row,) = db.report("repeated_warnings")
    assert (row["occurrences"], row["last_seen"]) == (3, "2026-03-03T09:00:00.000Z")


@pytest.mark.parametrize("name", ["top_errors", "repeated_warnings", "log_metrics"])
def test_nothing_failed(db: ReportDatabase, tracker: Tracker, name: str) -> None:
    """Where nothing failed and no log was read, there is nothing to report."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 900)
    db.ingest(tracker.path)
    assert db.report(name) == []
    assert ask(tracker.path, "select count(*) from step_history where status = 'failed'") == [(0,)]
