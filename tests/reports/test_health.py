"""Health: one line a check, each with the count of the report that it names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker

from storyreport import reports

CHECKS = {
    "orphans": "orphans",
    "stuck": "stuck_runs",
    "failed": "failed_stories",
    "failed runs": "failed_runs",
    "blocked": "blocked_stories",
    "chapters": "stories_without_chapters",
    "trees": "story_tree_problems",
    "outputs": "output_mismatches",
    "freshness": "ingests",
    "data quality": "data_quality",
    "unpriced calls": "cost",
    "slow runs": "slow_runs",
}
NOW = "2026-03-10T12:00:00Z"


def health(db: ReportDatabase, **given: str) -> dict[str, dict[str, Any]]:
    """The line of each check."""
    return {row["check"]: row for row in db.report("health", **given)}


def found(db: ReportDatabase, **given: str) -> dict[str, int]:
    """How many of what is wrong."""
    return {check: row["count"] for check, row in health(db, **given).items() if row["count"]}


@pytest.fixture
def tales(tmp_path: Path) -> Callable[..., Path]:
    """Make a story-generation service's database of some rows."""

    def make(*rows: str) -> Path:
        change(
            tmp_path / "tales.db",
            "create table stories (story_id text, title text, chapter_count integer, status text)",
            "create table story_generation_runs (run_id text, story_id text, status text, current_step text,"
            " error_message text, started_at text, ended_at text, created_at text, updated_at text)",
            "create table token_usage_tracking (token_usage_id text, story_id text, action text, ai_model text,"
            " estimated_cost_in_euros real, created_at text)",
            "insert into stories values ('s1', 'The Mill', 12, 'published')",
            *rows,
        )
        return tmp_path / "tales.db"

    return make


def test_nothing_was_read_yet(db: ReportDatabase, tracker: Tracker) -> None:
    """Of a source that is not there nothing is said, not even that it is well."""
    db.ingest(tracker.path)
    assert health(db, source="other") == {}
    assert list(health(db)) == list(CHECKS)


def test_all_is_well(db: ReportDatabase, tracker: Tracker) -> None:
    """Every check has its line and its report; what no source is about is said to be so."""
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 900)
    db.ingest(tracker.path)
    rows = db.report("health")
    assert [list(row) for row in rows] == [["check", "status", "count", "detail", "action", "report"]] * len(CHECKS)
    assert {row["check"]: row["report"] for row in rows} == CHECKS
    assert {(row["status"], row["count"], row["action"]) for row in rows} == {("ok", 0, None)}
    details = {check: row["detail"] for check, row in health(db).items()}
    assert details["orphans"] == "No row points to a missing story or run."
    assert details["stuck"] == "No running work has been silent for 1 h, no queued or waiting work for 24 h."
    assert details["freshness"] == "Every source was ingested within 24 h."
    assert details["blocked"] == "No story failed 3 times in a row or is blocked."
    assert health(db, minutes="90")["stuck"]["detail"].startswith("No running work has been silent for 90 min,")
    assert details["chapters"] == "No source has chapter counts."
    assert details["trees"] == "No source has story trees."
    assert details["outputs"] == "No folder of outputs was ingested: ingest it with its source."
    assert details["unpriced calls"] == "No source has calls."


def test_what_is_wrong_comes_first(db: ReportDatabase, tracker: Tracker, tales: Callable[..., Path]) -> None:
    """Problems, then warnings, then what is right, each in a sentence with its count."""
    for story in ("A", "B", "C"):
        tracker.register(story)
    for n in range(3):
        tracker.end("A", "01_ingest", f"r{n}", 900, "failed", "Boom")
        tracker.clock(minutes=1)
    tracker.end("B", "01_ingest", "r1", 900, "failed", "Boom")
    tracker.start("C", "01_ingest", "r1")
    tracker.end("GHOST", "01_ingest", "r1", 900)
    db.ingest(tracker.path)
    db.ingest(
        tales(
            "insert into stories values ('s2', 'The Weir', null, 'draft'), ('s3', 'The Ford', 0, 'draft')",
            "insert into token_usage_tracking values ('c1', 's1', 'x', 'y', null, '2026-03-10'),"
            " ('c2', 's1', 'x', 'y', 0.5, '2026-03-10')",
            "insert into story_generation_runs values"
            " ('r1', 's1', 'dancing', 'x', null, null, null, '2026-03-10', '2026-03-10')",
        )
    )
    rows = [(row["check"], row["status"], row["count"]) for row in db.report("health", as_of="2026-03-10T13:03:00Z")]
    assert rows[:7] == [
        ("stuck", "problem", 1),
        ("blocked", "problem", 1),
        ("orphans", "warning", 1),
        ("failed", "warning", 2),
        ("chapters", "warning", 2),
        ("data quality", "warning", 1),
        ("unpriced calls", "warning", 1),
    ]
    assert {row[1:] for row in rows[7:]} == {("ok", 0)}
    lines = health(db)
    assert lines["orphans"]["detail"] == "1 row points to a missing story or run."
    assert lines["chapters"]["detail"] == "2 stories have no chapter count."
    assert all(row["action"].endswith(".") for row in lines.values() if row["count"])
    assert "stuck" not in found(db, as_of="2026-03-10T13:02:59Z")
    assert found(db, source="tales") == {"chapters": 2, "data quality": 1, "unpriced calls": 1}


def test_a_running_story_without_any_time_is_stuck(db: ReportDatabase, tracker: Tracker) -> None:
    """What gives no sign of life at all is counted as the report counts it."""
    tracker.register("A")
    tracker.start("A", "01_ingest", "r1")
    change(tracker.path, "update step_status set started_at = null, created_at = null")
    db.ingest(tracker.path)
    assert found(db, as_of="2020-01-01") == {"stuck": len(db.report("stuck_runs", as_of="2020-01-01"))}


def test_what_was_not_read_for_a_day_is_not_fresh(
    db: ReportDatabase, tracker: Tracker, tales: Callable[..., Path]
) -> None:
    """Freshness is that of the last ingest, whether it found news or not."""
    db.ingest(tracker.path)
    db.ingest(tales())
    change(db.path, "update ingests set finished_at = '2026-03-09T12:00:00.000Z'")
    assert found(db, as_of="2026-03-10T12:00:00Z") == {}
    assert found(db, as_of="2026-03-10T12:00:01Z") == {"freshness": 2}
    assert db.ingest(tracker.path).unchanged
    assert found(db)["freshness"] == 1
    assert "freshness" not in found(db, source="studio")


def test_trees_and_outputs(db: ReportDatabase, tmp_path: Path, tracker: Tracker) -> None:
    """A flaw in a tree, and a file that does not agree, are found; a sound one is said to be so."""
    change(
        tmp_path / "games.db",
        "create table stories (id integer primary key, title text, session_id text, created_at timestamp)",
        "create table story_jobs (id integer primary key, job_id text, session_id text, theme text, status text)",
        "create table story_nodes (id integer primary key, story_id integer, content text, is_root boolean,"
        " is_ending boolean, is_winning_ending boolean, options json)",
        "insert into stories values (1, 'The Fox', null, '2026-03-10')",
        'insert into story_nodes values (1, 1, \'\', 1, 0, 0, \'[{"text": "Go", "node_id": 2}]\'),'
        " (2, 1, '', 0, 1, 1, '[]')",
    )
    db.ingest(tmp_path / "games.db")
    assert health(db)["trees"]["detail"] == "No story tree has an error."
    change(tmp_path / "games.db", "update story_nodes set is_root = 0")
    db.ingest(tmp_path / "games.db", full=True)
    assert found(db)["trees"] == len(db.report("story_tree_problems")) > 0
    (tmp_path / "outputs" / "01_ingest").mkdir(parents=True)
    (tmp_path / "outputs" / "01_ingest" / "A.json").write_text("{}", encoding="utf-8")
    tracker.register("A")
    tracker.end("A", "01_ingest", "r1", 900)
    db.ingest(tracker.path, tmp_path / "outputs", name="studio")
    assert health(db)["outputs"]["detail"] == "Files and statuses agree."
    tracker.end("A", "02_preprocess", "r1", 900)
    db.ingest(tracker.path, tmp_path / "outputs", name="studio")
    assert found(db)["outputs"] == 1


def counted(db: ReportDatabase, report: str, **given: str) -> int:
    """What a report counts, as of NOW."""
    known = {param.name for param in reports.find(report).params}
    rows = db.report(report, **given, **({"as_of": NOW} if "as_of" in known else {}))
    if report == "ingests":
        latest = {row["source"]: max(r["finished_at"] for r in rows if r["source"] == row["source"]) for row in rows}
        return sum(finished_at < "2026-03-09T12:00:00Z" for finished_at in latest.values())
    if report == "failed_runs":
        # A job that failed before it had a story is one of the failed stories, and counts once.
        return sum(row["story"] is None and row["kind"] != "job" for row in rows)
    return sum(row["unpriced_calls"] for row in rows) if report == "cost" else len(rows)


@pytest.mark.parametrize(("check", "report"), CHECKS.items())
def test_each_check_counts_what_its_report_shows(sampled: ReportDatabase, check: str, report: str) -> None:
    """The line and the report agree, for all sources together and for each."""
    names = [name for (name,) in sampled.sql("select name from sources")]
    for name in ("", *names):
        assert health(sampled, as_of=NOW, source=name)[check]["count"] == counted(sampled, report, source=name)
    if check not in ("freshness",):
        assert health(sampled, as_of=NOW)[check]["count"] > 0, "the demo has some of each"
