"""Reports tell pipelines apart: two DAGs with a task of one name, of which one completes and one fails."""

from datetime import date
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, pairs

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

TASKS = """dag_id,task_id,run_id,map_index,start_date,end_date,duration,state,try_number
books,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,10,success,1
books,load,r2,-1,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,10,success,1
films,load,r1,-1,2026-03-01T10:00:00Z,2026-03-01T10:00:20Z,20,failed,1
films,load,r2,-1,2026-03-02T10:00:00Z,2026-03-02T10:00:20Z,20,failed,1
"""
CALLS = """id,run,pipeline,step,provider,model,called_at,cost,status
c1,r1,books,load,acme,m,2026-03-01T10:00:01Z,1,success
c2,r1,books,load,acme,m,2026-03-02T10:00:01Z,2,success
c3,r2,films,load,acme,m,2026-03-01T10:00:01Z,4,failed
c4,,,load,acme,m,2026-03-01T10:00:01Z,8,success
"""
STEPS = """run,pipeline,step,status,started_at,ended_at,error
r1,books,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,
r2,films,load,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,No answer
r3,films,load,running,2026-03-01T11:00:00Z,,
r4,,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:40Z,
"""


@pytest.fixture
def dags(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    (tmp_path / "tasks.csv").write_text(TASKS, "utf-8")
    db.ingest(tmp_path / "tasks.csv")
    return db


@pytest.fixture
def plain(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    (tmp_path / "attempts.csv").write_text(STEPS, "utf-8")
    (tmp_path / "calls.csv").write_text(CALLS, "utf-8")
    db.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    return db


@pytest.mark.parametrize("days", [{}, {"since": "2026-03-01", "until": "2026-03-02"}])
def test_failure_rates(dags: ReportDatabase, days: dict[str, str]) -> None:
    rows = dags.report("failure_rates", **days)
    columns = ("step", "executions", "failure_pct", "pipeline")
    assert pairs(rows, *columns) == [("load", 2, 100.0, "films"), ("load", 2, 0.0, "books")]
    assert list(rows[0])[-1] == "pipeline"
    assert pairs(dags.report("failure_rates", pipeline="books", **days), *columns) == [("load", 2, 0.0, "books")]
    assert dags.report("failure_rates", pipeline="nothing", **days) == []


@pytest.mark.parametrize("days", [{}, {"since": "2026-03-01", "until": "2026-03-02"}])
def test_slowest_steps(dags: ReportDatabase, days: dict[str, str]) -> None:
    """Only what completed has a duration: 2 times 10 s."""
    rows = dags.report("slowest_steps", **days)
    assert pairs(rows, "pipeline", "executions", "p50_ms", "total_ms") == [
        ("books", 2, pytest.approx(10_000, rel=0.01), 20_000),
        ("films", 2, None, None),
    ]


def test_other_reports_of_steps(dags: ReportDatabase) -> None:
    assert pairs(dags.report("failure_trend"), "day", "pipeline", "failed") == [
        ("2026-03-02", "books", 0),
        ("2026-03-02", "films", 1),
        ("2026-03-01", "books", 0),
        ("2026-03-01", "films", 1),
    ]
    assert pairs(dags.report("step_durations", pipeline="books"), "day", "avg_ms") == [
        ("2026-03-02", 10_000),
        ("2026-03-01", 10_000),
    ]
    assert pairs(dags.report("flaky_steps"), "pipeline", "runs", "first_attempt_pct") == [
        ("films", 2, 0.0),
        ("books", 2, 100.0),
    ]
    assert pairs(dags.report("duration_changes", days="1"), "pipeline", "p95_ms", "previous_p95_ms", "change_pct") == [
        ("books", *2 * [pytest.approx(10_000, rel=0.01)], 0.0),
        ("films", None, None, None),
    ]
    assert pairs(dags.report("slowest_runs", step="load"), "run", "pipeline") == [
        ("books/r1", "books"),
        ("books/r2", "books"),
    ]


def test_reports_of_runs(dags: ReportDatabase) -> None:
    assert pairs(dags.report("throughput"), "day", "runs_completed", "runs_failed", "pipeline") == [
        ("2026-03-02", 1, 0, "books"),
        ("2026-03-02", 0, 1, "films"),
        ("2026-03-01", 1, 0, "books"),
        ("2026-03-01", 0, 1, "films"),
    ]
    assert pairs(dags.report("failed_runs"), "run", "pipeline") == [("films/r2", "films"), ("films/r1", "films")]
    assert dags.report("failed_runs", pipeline="books") == []
    assert set(pairs(dags.report("recent_runs"), "run", "pipeline")) == {
        (f"{dag}/r{number}", dag) for dag in ("books", "films") for number in (1, 2)
    }
    assert len(dags.report("recent_runs", pipeline="films", limit="1")) == 1
    assert pairs(dags.report("recent_runs", pipeline="films"), "status") == [("failed",), ("failed",)]


def test_usual_durations_are_of_the_same_pipeline(db: ReportDatabase, tmp_path: Path) -> None:
    """20 runs of 10 s and 20 of 30 s, a day before one of each."""
    lines = ["run,pipeline,step,status,started_at,duration_s"]
    for pipeline, seconds in (("books", 10), ("films", 30)):
        lines += [f"{pipeline}{n},{pipeline},load,completed,2026-03-01T10:00:00Z,{seconds}" for n in range(20)]
        lines.append(f"{pipeline}-last,{pipeline},load,completed,2026-03-02T10:00:00Z,{seconds}")
    (tmp_path / "attempts.csv").write_text("\n".join(lines) + "\n", "utf-8")
    db.ingest(tmp_path / "attempts.csv")
    last = {row["run"]: row["usual_ms"] for row in db.report("recent_runs") if row["usual_ms"]}
    assert last == {
        "books-last": pytest.approx(10_000, rel=0.01),
        "films-last": pytest.approx(30_000, rel=0.01),
    }
    assert db.sql("""
        select name, day, runs, completed, timed, total_ms, max_ms
        from rollup_run_days
        join pipelines on pipelines.id = pipeline_id
        order by 1, 2""") == [
        ("books", "2026-03-01", 20, 20, 20, 200_000, 10_000),
        ("books", "2026-03-02", 1, 1, 1, 10_000, 10_000),
        ("films", "2026-03-01", 20, 20, 20, 600_000, 30_000),
        ("films", "2026-03-02", 1, 1, 1, 30_000, 30_000),
    ]
    assert db.sql("""
        select name, runs, total_ms, p50_ms
        from rollup_run_kinds
        join pipelines on pipelines.id = pipeline_id
        order by 1""") == [
        ("books", 21, 210_000, pytest.approx(10_000, rel=0.01)),
        ("films", 21, 630_000, pytest.approx(30_000, rel=0.01)),
    ]


@pytest.mark.parametrize("days", [{}, {"since": "2026-03-01", "until": "2026-03-02"}])
def test_cost(plain: ReportDatabase, days: dict[str, str]) -> None:
    assert pairs(plain.report("cost_by_step", **days), "step", "calls", "cost", "pipeline") == [
        ("load", 1, 8.0, None),
        ("load", 1, 4.0, "films"),
        ("load", 2, 3.0, "books"),
    ]
    assert pairs(plain.report("cost_by_step", pipeline="books", **days), "cost") == [(3.0,)]
    assert pairs(plain.report("cost", **days), "day", "cost", "pipeline") == [
        ("2026-03-02", 2.0, "books"),
        ("2026-03-01", 8.0, None),
        ("2026-03-01", 4.0, "films"),
        ("2026-03-01", 1.0, "books"),
    ]
    # Of the run r2: 4 of 15.
    assert pairs(plain.report("cost_of_failures", **days), "step", "kind", "cost", "share_pct", "pipeline") == [
        ("load", "run", 4.0, round(400 / 15, 2), "films")
    ]
    assert pairs(plain.report("cost_by_month", **days), "month", "cost", "pipeline") == [
        ("2026-03", 8.0, None),
        ("2026-03", 4.0, "films"),
        ("2026-03", 3.0, "books"),
    ]


def test_reports_of_now(plain: ReportDatabase) -> None:
    as_of = "2026-03-01T13:00:00Z"
    assert pairs(plain.report("stuck_runs", as_of=as_of), "run", "pipeline") == [("r3", "films")]
    assert plain.report("stuck_runs", as_of=as_of, pipeline="books") == []
    assert pairs(plain.report("active_runs", as_of=as_of), "run", "pipeline") == [("r3", "films")]
    assert plain.report("active_runs", as_of=as_of, pipeline="books") == []
    assert set(pairs(plain.report("recent_statuses", as_of=as_of), "status", "count", "pipeline")) == {
        ("completed", 1, "books"),
        ("completed", 1, None),
        ("failed", 1, "films"),
        ("running", 1, "films"),
    }


def test_stories_of_pipelines(db: ReportDatabase, tmp_path: Path) -> None:
    """Of the same step in two pipelines; a story that waits is listed once."""
    (tmp_path / "attempts.csv").write_text(
        "run,pipeline,story,step,attempt,status,queued_at,started_at\n"
        "r1,books,A,load_1,1,queued,2026-03-01T10:00:00Z,\n"
        "r2,films,B,load_1,1,failed,,2026-03-01T10:00:00Z\n"
        "r3,films,B,load_1,2,failed,,2026-03-01T10:01:00Z\n"
        "r4,films,B,load_1,3,failed,,2026-03-01T10:02:00Z\n",
        "utf-8",
    )
    (tmp_path / "calls.csv").write_text(
        "id,story,run,provider,model,called_at,cost\nc1,B,r2,acme,m,2026-03-01T10:00:00Z,2\n", "utf-8"
    )
    db.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    assert pairs(db.report("pending_stories"), "story", "next_step", "pipeline") == [("A", "load_1", "books")]
    assert pairs(db.report("pending_stories", step="load"), "story") == [("A",)]
    assert db.report("pending_stories", step="other") == db.report("pending_stories", pipeline="films") == []
    assert pairs(db.report("blocked_stories"), "story", "consecutive_failures", "pipeline") == [("B", 3, "films")]
    assert db.report("blocked_stories", pipeline="books") == []
    assert pairs(db.report("failed_stories"), "story", "pipeline") == [("B", "films")]
    assert pairs(db.report("cost_by_story"), "story", "cost", "pipeline") == [("B", 2.0, "films")]
    assert set(pairs(db.report("story_attempts", story="B"), "pipeline")) == {("films",)}


def test_rollups_stay_right(plain: ReportDatabase, tmp_path: Path) -> None:
    """A step's pipeline is changed, a row deleted, old detail pruned: the rollups say what the rows say."""
    (tmp_path / "attempts.csv").write_text(
        STEPS.replace("r4,,load", "r4,books,load").replace("r3,films,load,running,2026-03-01T11:00:00Z,,\n", ""),
        "utf-8",
    )
    plain.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    assert examine(plain.path) == []
    rates = [("load", 1, 1, "films"), ("load", 2, 0, "books")]
    assert pairs(plain.report("failure_rates"), "step", "executions", "failed", "pipeline") == rates
    costs = plain.report("cost_by_step")
    prune(plain.path, date(2026, 4, 1))
    assert plain.one("select count(*) from step_runs where status = 'completed'") == 0
    assert examine(plain.path) == []
    assert pairs(plain.report("failure_rates"), "step", "executions", "failed", "pipeline") == rates
    assert plain.report("cost_by_step") == costs
    assert pairs(plain.report("cost_of_failures"), "cost", "pipeline") == [(4.0, "films")]
