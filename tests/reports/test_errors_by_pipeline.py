"""Errors, states, calls and tokens of one pipeline: two pipelines share steps, stories, errors and models."""

import json
from datetime import date
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase, change, pairs

from storyreport.upkeep.doctor import examine
from storyreport.upkeep.prune import prune

# "No answer" struck s1 in both pipelines, s2 in films; the run r4 failed by itself.
ATTEMPTS = """id,run,story,pipeline,step,status,started_at,ended_at,error
a1,r1,s1,books,load,failed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z,No answer
a2,r2,s1,films,load,failed,2026-03-02T10:00:00Z,2026-03-02T10:00:10Z,No answer
a3,r3,s2,films,load,failed,2026-03-02T11:00:00Z,2026-03-02T11:00:10Z,No answer
a4,r5,s2,books,load,completed,2026-03-02T12:00:00Z,2026-03-02T12:00:10Z,
a5,r5,s2,books,save,running,2026-03-02T12:01:00Z,,
"""
CALLS = """id,run,pipeline,step,provider,model,endpoint,called_at,cost,status,duration_ms,input_tokens,output_tokens
c1,r1,books,load,acme,m,/talk,2026-03-01T10:00:01Z,1,success,100,10,1
c2,r1,books,load,acme,m,/talk,2026-03-01T10:00:02Z,2,failed,200,20,2
c3,r2,films,load,acme,m,/talk,2026-03-02T10:00:01Z,4,success,300,40,4
"""
PERIODS = [{}, {"since": "2026-03-01", "until": "2026-03-02"}]


@pytest.fixture
def plain(db: ReportDatabase, tmp_path: Path) -> ReportDatabase:
    files = {"attempts.csv": ATTEMPTS, "calls.csv": CALLS}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    db.ingest(*(tmp_path / name for name in files), name="plain")
    return db


@pytest.mark.parametrize("period", PERIODS)
def test_top_errors(plain: ReportDatabase, period: dict[str, str]) -> None:
    """A story that an error struck in both pipelines is one story, and one of each."""
    columns = ("error", "occurrences", "stories", "steps")
    assert pairs(plain.report("top_errors", **period), *columns) == [("No answer", 3, 2, 2)]
    assert pairs(plain.report("top_errors", pipeline="books", **period), *columns) == [("No answer", 1, 1, 1)]
    assert pairs(plain.report("top_errors", pipeline="films", **period), *columns) == [("No answer", 2, 2, 1)]
    assert plain.report("top_errors", pipeline="films", until="2026-03-01") == []


def test_a_period_that_cuts_what_struck_a_story(plain: ReportDatabase, tmp_path: Path) -> None:
    """s1 fails in books on both sides of the period, and in films within it."""
    late = ATTEMPTS.splitlines()[1].replace("a1,r1", "a6,r6").replace("03-01", "03-05")
    (tmp_path / "attempts.csv").write_text(f"{ATTEMPTS}{late}\n", "utf-8")
    plain.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    period = {"since": "2026-03-02", "until": "2026-03-03"}
    assert plain.report("top_errors", pipeline="books", **period) == []
    assert pairs(plain.report("top_errors", pipeline="films", **period), "occurrences", "stories") == [(2, 2)]
    assert pairs(plain.report("top_errors", **period), "occurrences", "stories") == [(2, 2)]
    assert pairs(plain.report("top_errors", pipeline="books"), "occurrences", "stories") == [(2, 1)]


def test_top_errors_of_pruned_days(plain: ReportDatabase, tmp_path: Path) -> None:
    """What failed was done again in the same run, so that nothing is left to keep."""
    again = (
        f"b{run},{run},{story},{pipeline},load,completed,2026-03-03T10:00:00Z,2026-03-03T10:00:10Z,\n"
        for run, story, pipeline in (("r1", "s1", "books"), ("r2", "s1", "films"), ("r3", "s2", "films"))
    )
    (tmp_path / "attempts.csv").write_text(ATTEMPTS.replace(",running,", ",completed,") + "".join(again), "utf-8")
    plain.ingest(tmp_path / "attempts.csv", tmp_path / "calls.csv", name="plain")
    prune(plain.path, date(2026, 4, 1))
    assert plain.sql("select count(*) from step_runs where status = 'failed'") == [(0,)]
    columns = ("occurrences", "stories")
    assert pairs(plain.report("top_errors"), *columns) == [(3, 2)]
    assert pairs(plain.report("top_errors", pipeline="books"), *columns) == [(1, 1)]
    assert pairs(plain.report("top_errors", pipeline="films", since="2026-03-02"), *columns) == [(2, 2)]
    assert examine(plain.path) == []


def test_step_states(plain: ReportDatabase) -> None:
    """The state of s2 at load is failed in films and completed in books."""
    rows = plain.report("step_states")
    assert pairs(rows, "step", "completed", "failed", "running", "pipeline") == [
        ("load", 1, 1, 0, "books"),
        ("load", 0, 2, 0, "films"),
        ("save", 0, 0, 1, "books"),
    ]
    assert list(rows[0])[-1] == "pipeline"
    assert pairs(plain.report("step_states", pipeline="films"), "step", "failed") == [("load", 2)]


@pytest.mark.parametrize("period", PERIODS)
def test_calls(plain: ReportDatabase, period: dict[str, str]) -> None:
    reliability = ("endpoint", "calls", "succeeded", "success_pct", "avg_ms")
    assert pairs(plain.report("api_reliability", **period), *reliability) == [("/talk", 3, 2, 66.67, 200)]
    books = plain.report("api_reliability", pipeline="books", **period)
    assert pairs(books, *reliability) == [("/talk", 2, 1, 50.0, 150)]
    # Of two durations the longer one, within 1 %.
    assert books[0]["p95_ms"] == pytest.approx(200, rel=0.01)
    assert pairs(plain.report("token_mix", **period), "model", "input_tokens", "pipeline") == [
        ("m", 40, "films"),
        ("m", 30, "books"),
    ]
    assert pairs(plain.report("token_mix", pipeline="books", **period), "output_tokens") == [(3,)]


@pytest.mark.parametrize("period", [{}, {"since": "2026-11-01", "until": "2026-11-30"}])
def test_labels(db: ReportDatabase, tmp_path: Path, period: dict[str, str]) -> None:
    """A proxy's log knows no pipelines: one of its calls is given one here."""
    at = {"startTime": "2026-11-10T10:00:00.000Z", "endTime": "2026-11-10T10:00:00.000Z"}
    tokens = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    calls = [
        {"request_id": name, "spend": cost, "model": "m", "status": "success", "team_id": "tales", **at, **tokens}
        for name, cost in (("r1", 0.5), ("r2", 2.0))
    ]
    path = tmp_path / "LiteLLM_SpendLogs.jsonl"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), "utf-8")
    db.ingest(path)
    change(db.path, "insert into pipelines (source_id, name) select id, 'films' from sources")
    change(db.path, "update calls set pipeline_id = 1 where source_key = 'r2'")
    examine(db.path, repair=True)
    assert pairs(db.report("cost_by_label", **period), "value", "calls", "cost") == [("tales", 2, 2.5)]
    assert pairs(db.report("cost_by_label", pipeline="films", **period), "calls", "cost") == [(1, 2.0)]


def test_costs_out_of_line_and_to_come(db: ReportDatabase, tmp_path: Path) -> None:
    """20 days at 1, then a day at 9 in films; books has always cost 100 a day, which hides it in the sum of both."""
    lines = ["id,pipeline,provider,model,called_at,cost"]
    for day in range(1, 22):
        films = 9 if day == 21 else 1
        books = 100 if day < 21 else 92
        lines += [
            f"{pipeline}{day},{pipeline},acme,m,2026-03-{day:02}T10:00:00Z,{cost}"
            for pipeline, cost in (("films", films), ("books", books))
        ]
    (tmp_path / "calls.csv").write_text("\n".join(lines), "utf-8")
    db.ingest(tmp_path / "calls.csv")
    assert db.report("cost_anomalies") == []
    assert pairs(db.report("cost_anomalies", pipeline="films"), "day", "cost", "usual_high") == [
        ("2026-03-21", 9.0, 1.0)
    ]
