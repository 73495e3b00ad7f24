"""Pruning removes old detail and nothing else: what reports say of the past and of now stays, then and afterwards."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from helpers.everything import NOW, answers
from helpers.histories import PLAIN, past
from helpers.pruning import attempts, days_before
from helpers.report_database import ReportDatabase, change
from helpers.tracker import Tracker

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

DETAIL = ("step_runs", "events", "calls", "log_events")


def test_what_goes_and_what_stays(old_and_new: ReportDatabase) -> None:
    """What is over goes; a story that is worked on, fails, is open or points at nothing stays whole."""
    db = old_and_new
    pruned = prune(db.path, days_before(30))
    assert pruned.rows == {("studio", "step_runs"): 3}
    assert attempts(db) == [
        "FAILING/01_ingest/1",
        "LONG/01_ingest/1",
        "LONG/02_preprocess/1",
        "LOST/01_ingest/1",
        "NEW/01_ingest/1",
        "OPEN/01_ingest/1",
        "OPEN/02_preprocess/1",
    ]
    assert db.sql("select source_key from stories where pruned_at is not null order by 1") == [("OLD-1",), ("OLD-2",)]
    assert db.one("select count(*) from stories") == 6
    assert db.one("select count(*) from runs") == 7
    assert db.one("select detail_since from source_states") == days_before(30).isoformat()
    steps = {row["step"]: row for row in db.report("slowest_steps")}
    assert (steps["01_ingest"]["executions"], steps["01_ingest"]["total_ms"]) == (8, 200 + 300 + 400 + 600 + 700 + 900)
    (flaky,) = [row for row in db.report("flaky_steps") if row["step"] == "01_ingest"]
    assert (flaky["retried"], flaky["recovered"]) == (1, 1)
    assert examine(db.path) == []


def test_ingesting_afterwards(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """Unchanged is unchanged, a new row comes alone, a late one is left out, and --full brings nothing back."""
    db = old_and_new
    rows = db.one("select rows from source_states")
    prune(db.path, days_before(30))
    kept = attempts(db)
    # Three attempts, and the tracker's verdicts on the two that were the last of their steps.
    assert db.one("select rows from source_states") == rows - 5
    assert db.ingest(tracker.path).unchanged

    tracker.end("NEW", "02_preprocess", "run-7", 1000)
    outcome = db.ingest(tracker.path)
    assert (outcome.counts.inserted, outcome.counts.updated, outcome.counts.gone) == (1, 0, 0)
    assert attempts(db) == sorted([*kept, "NEW/02_preprocess/1"])

    before = {name: db.report(name) for name in ("slowest_steps", "failure_rates", "flaky_steps", "throughput")}
    tracker.clock(days=-90)
    tracker.end("NEW", "03_generate", "run-late", 1)
    tracker.clock(days=90)
    outcome = db.ingest(tracker.path)
    assert outcome.counts.left_out > 0
    assert {row["step"] for row in db.report("slowest_steps")} == {"01_ingest", "02_preprocess"}
    outcome = db.ingest(tracker.path, full=True)
    assert outcome.counts.left_out == 3 + 1
    assert attempts(db) == sorted([*kept, "NEW/02_preprocess/1"])
    throughput = before.pop("throughput")
    assert {name: db.report(name) for name in before} == before
    assert len(db.report("throughput")) >= len(throughput)
    assert examine(db.path) == []
    assert db.ingest(tracker.path).unchanged


def test_a_closed_day_stays_as_it_is(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What is left of a day is read again once it changes, and what the day adds up to is not computed from it."""
    db = old_and_new
    prune(db.path, days_before(30))
    until = days_before(31).isoformat()
    before = db.report("slowest_steps", until=until)
    change(tracker.path, "update step_history set execution_time_ms = 99 where story_id = 'LONG'")
    assert db.ingest(tracker.path, full=True).counts.updated == 2
    assert db.report("slowest_steps", until=until) == before
    (whole,) = [row for row in db.report("slowest_steps") if row["step"] == "01_ingest"]
    assert (whole["executions"], whole["total_ms"]) == (8, 3100)
    assert examine(db.path) == []


def test_an_old_story_that_comes_back(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What is done for a story again counts from then on, and what it was before stays counted."""
    db = old_and_new
    prune(db.path, days_before(30))
    tracker.end("OLD-2", "02_preprocess", "run-8", 50, "failed", "Boom 3")
    db.ingest(tracker.path)
    assert "OLD-2/02_preprocess/1" in attempts(db)
    assert "OLD-2/01_ingest/1" not in attempts(db)
    steps = {row["step"]: row["executions"] for row in db.report("failure_rates")}
    assert steps == {"01_ingest": 8, "02_preprocess": 2}
    (failed,) = [row for row in db.report("failed_stories") if row["story"] == "OLD-2"]
    assert failed["error"] == "Boom 3"
    assert [row for row in db.report("pending_stories") if row["story"] == "OLD-2"] == []
    assert examine(db.path) == []


@pytest.fixture
def calls(db: ReportDatabase, tmp_path: Path) -> Path:
    """Calls of a year: of stories and runs that failed, of nothing at all, and one bill."""
    path = tmp_path / "plain.db"
    change(
        path,
        *PLAIN.split(";"),
        """
        insert into step_runs (run, story, step, status, ended_at, error) values
            ('r1', 'A', 'plan', 'failed', '2025-05-01T10:00:00Z', 'Boom 7'),
            ('r1', 'A', 'plan', 'completed', '2025-05-01T11:00:00Z', null),
            ('r2', 'B', 'plan', 'completed', '2025-05-01T10:00:00Z', null)
        """,
        """
        insert into calls (run, story, step, provider, model, called_at, error, input_tokens, cost, currency) values
            ('r1', 'A', 'plan', 'acme', 'one', '2025-05-01T10:00:00Z', 'Boom 8', 10, 0.25, 'USD'),
            ('r1', 'A', 'plan', 'acme', 'one', '2025-05-01T10:00:00Z', null, 20, 0.5, 'USD'),
            ('r2', 'B', null, 'acme', 'two', '2025-05-01T10:00:00Z', null, 40, null, null),
            (null, null, null, 'acme', 'two', '2025-05-02T10:00:00Z', null, 80, 1.0, 'EUR'),
            (null, null, null, 'acme', 'two', null, null, 160, 2.0, 'EUR')
        """,
    )
    db.ingest(path)
    return path


def test_what_was_spent_stays_known(db: ReportDatabase, calls: Path) -> None:
    """Costs by day, step, story and failed run are those of all calls; of a story they grow on."""
    before = past(db)
    assert prune(db.path, date(2026, 1, 1)).rows == {("plain", "step_runs"): 3, ("plain", "calls"): 4}
    assert past(db) == before
    assert db.sql("select sum(cost_nano), sum(unpriced_calls) from rollup_story_calls") == [(750_000_000, 1)]

    change(
        calls,
        "insert into calls (run, story, step, provider, model, called_at, cost, currency)"
        " values ('r9', 'A', 'plan', 'acme', 'one', '2026-02-01T10:00:00Z', 4, 'USD')",
    )
    db.ingest(calls)
    spent = {(row["story"], row["currency"]): row["cost"] for row in db.report("cost_by_story")}
    assert spent["A", "USD"] == 4.75
    some = db.report("cost_by_story", since="2025-05-01", until="2025-05-01", story="A")
    assert [(row["calls"], row["cost"]) for row in some] == [(2, 0.75)]
    assert examine(db.path) == []


def test_the_first_day_with_detail_goes_on(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What ends on the day that pruning stopped at, and is found later, counts; what ends the day before does not."""
    db = old_and_new
    prune(db.path, days_before(30))
    executions = {}
    for days in (30, 31):
        tracker.clock(days=-days)
        tracker.register(f"LATE-{days}")
        tracker.end(f"LATE-{days}", "01_ingest", f"run-{days}", 50)
        tracker.clock(days=days)
        db.ingest(tracker.path)
        day = days_before(days).isoformat()
        executions[days] = [row["executions"] for row in db.report("failure_rates", since=day, until=day)]
        assert len(db.report("slowest_steps", since=day, until=day)) == len(executions[days])
    assert executions == {30: [1], 31: []}
    assert examine(db.path) == []


def test_a_later_pruning_of_less_keeps_what_is_frozen(old_and_new: ReportDatabase, tracker: Tracker) -> None:
    """What had to stay goes once it is over, and the days that were pruned before stay pruned."""
    db = old_and_new
    prune(db.path, days_before(30))
    change(tracker.path, "update step_history set status = 'completed' where story_id = 'FAILING'")
    change(tracker.path, "update step_status set status = 'completed' where story_id = 'FAILING'")
    db.ingest(tracker.path, full=True)
    assert prune(db.path, days_before(60)).rows == {("studio", "step_runs"): 1}
    assert "FAILING/01_ingest/1" not in attempts(db)
    assert db.one("select detail_since from source_states") == days_before(30).isoformat()
    assert examine(db.path) == []


def test_every_system(samples: list[Path], sampled: ReportDatabase, db: ReportDatabase) -> None:
    """Of each system detail goes, no report says anything else, and reading all of it again changes nothing."""
    shutil.copy(sampled.path, db.path)
    before, days = answers(db), past(db)
    since = NOW.date() - timedelta(days=13)
    would = prune(db.path, since, dry_run=True)
    assert (answers(db), would.rows) == (before, prune(db.path, since).rows)
    assert len({source for source, _ in would.rows}) == len(samples)
    assert {table for _, table in would.rows} == set(DETAIL)
    assert (answers(db), past(db)) == (before, days)
    assert examine(db.path) == []
    for source in samples:
        assert db.ingest(source).unchanged
        counts = db.ingest(source, full=True).counts
        assert (counts.written, counts.rejected) == (0, 0)
        assert counts.left_out > 0
    left = answers(db)
    assert {name for name in left if left[name] != before[name]} == {"ingests"}
    assert examine(db.path) == []


def test_the_first_day_with_detail_is_not_frozen(db: ReportDatabase, tracker: Tracker) -> None:
    """All of that day's rows are there, so that what changes on it counts; the day before stays as it is."""
    tracker.clock(days=-10)
    tracker.register("A")
    tracker.end("A", "01_ingest", "run-1", 100)
    tracker.clock(days=1)
    tracker.register("B")
    tracker.end("B", "01_ingest", "run-2", 200)
    tracker.clock(days=9)
    tracker.register("C")
    tracker.end("C", "01_ingest", "run-3", 300)
    db.ingest(tracker.path)
    prune(db.path, days_before(9))
    assert attempts(db) == ["B/01_ingest/1", "C/01_ingest/1"]
    change(tracker.path, "update step_history set execution_time_ms = 250 where story_id = 'B'")
    db.ingest(tracker.path, full=True)
    days = db.sql("select day, total_ms from rollup_step_days where executions > 0 order by 1")
    assert days == [
        (days_before(10).isoformat(), 100),
        (days_before(9).isoformat(), 250),
        (days_before(0).isoformat(), 300),
    ]
    assert examine(db.path) == []
