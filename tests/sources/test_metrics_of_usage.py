"""OTLP metrics: what counters and histograms say that was used, delta and cumulative."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

START = 1_794_000_000


def spent(db: ReportDatabase, path: Path, metric: dict[str, Any], times: int = 1) -> float:
    """The cost of what a metric says, exported a number of times."""
    request = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    path.write_text(f"{json.dumps(request)}\n" * times, "utf-8")
    db.ingest(path)
    found = db.sql("select coalesce(cost, estimated_cost) from calls")
    return float(round(sum(cost for (cost,) in found), 9))


def point(minute: int, named: dict[str, str] | None = None, **amounts: float | str) -> dict[str, Any]:
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in (named or {}).items()]
    times = {"startTimeUnixNano": f"{START}000000000", "timeUnixNano": f"{START + 60 * minute}000000000"}
    return {**times, **amounts, "attributes": attributes}


@pytest.mark.parametrize(
    ("temporality", "said", "cost"),
    [
        (1, [0.1, 0.3, 0.05], 0.45),
        ("AGGREGATION_TEMPORALITY_DELTA", [0.1, 0.3], 0.4),
        (2, [0.1, 0.3, 0.3], 0.3),
        # It began again.
        ("AGGREGATION_TEMPORALITY_CUMULATIVE", [0.1, 0.3, 0.05, 0.1], 0.4),
    ],
)
def test_counters_of_both_kinds(
    db: ReportDatabase, tmp_path: Path, temporality: Any, said: list[float], cost: float
) -> None:
    points = [point(minute, asDouble=amount) for minute, amount in enumerate(said, start=1)]
    counter = {"aggregationTemporality": temporality, "dataPoints": points}
    metric = {"name": "claude_code.cost.usage", "sum": counter}
    assert spent(db, tmp_path / "metrics.jsonl", metric, times=2) == cost


@pytest.mark.parametrize("is_grown", [True, False])
@pytest.mark.parametrize(("temporality", "cost"), [(1, 0.75), (2, 0.5)])
def test_files_that_a_collector_rotated(
    db: ReportDatabase, tmp_path: Path, temporality: int, cost: float, is_grown: bool
) -> None:
    """A day's points are in two files, whose names have the time of their end: 0.25 and 0.5 dollars."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    for minute, (name, amount) in enumerate({"metrics-2026-11-06T10": 0.25, "metrics": 0.5}.items(), start=1):
        counter = {"aggregationTemporality": temporality, "dataPoints": [point(minute, asDouble=amount)]}
        metric = {"name": "claude_code.cost.usage", "sum": counter}
        request = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
        (folder / f"{name}.jsonl").write_text(json.dumps(request) + "\n", "utf-8")
        if is_grown:
            db.ingest(folder, name="metrics")
    db.ingest(folder, name="metrics")
    assert db.sql("select round(sum(cost), 9) from calls where gone_at is null") == [(cost,)]


def test_no_file_can_be_added_to_a_day(db: ReportDatabase, tmp_path: Path) -> None:
    """The file alone would take its day's other points away: 0.25 and 0.5 dollars."""
    files = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for minute, (path, amount) in enumerate(zip(files, (0.25, 0.5), strict=True), start=1):
        counter = {"aggregationTemporality": 1, "dataPoints": [point(minute, asDouble=amount)]}
        metric = {"name": "claude_code.cost.usage", "sum": counter}
        path.write_text(json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}) + "\n", "utf-8")
    db.ingest(files[0], name="metrics", append=True)
    with pytest.raises(StoryreportError, match="Give all of them in one command"):
        db.ingest(files[1], name="metrics", append=True)
    db.ingest(files[0], name="metrics", append=True)
    assert db.one("select sum(cost) from calls") == 0.25
    # Their folder has all of them.
    db.ingest(tmp_path, name="metrics", append=True)
    assert db.one("select sum(cost) from calls where gone_at is null") == 0.75


def test_a_histogram_counts_requests(db: ReportDatabase, tmp_path: Path) -> None:
    """10,000 * 2.50 + 1,000 * 10 of ten requests."""
    named = {"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}
    points = [
        point(1, {**named, "gen_ai.token.type": kind}, count="10", sum=total)
        for kind, total in (("input", 10_000.0), ("output", 1000.0))
    ]
    metric = {
        "name": "gen_ai.client.token.usage",
        "histogram": {"aggregationTemporality": 2, "dataPoints": points},
    }
    assert spent(db, tmp_path / "metrics.jsonl", metric, times=2) == 0.035
    assert db.one("select calls from calls") == 10


def test_days_of_counters_are_no_calls(db: ReportDatabase, tmp_path: Path) -> None:
    """A million tokens are many short calls at 3, not one at the 6 of a long context."""
    points = [point(1, {"model": "claude-sonnet-4-5", "type": "input"}, asInt="1000000")]
    metric = {"name": "claude_code.token.usage", "sum": {"aggregationTemporality": 1, "dataPoints": points}}
    assert spent(db, tmp_path / "metrics.jsonl", metric) == 3.0


def test_codex_counts_the_tokens_of_turns(db: ReportDatabase, tmp_path: Path) -> None:
    """600 at 4 dollars a million, 400 cached at 0.40, 100 out at 20; the total and the reasoning are no more."""
    counts = {"total": 1100, "input": 1000, "cached_input": 400, "output": 100, "reasoning_output": 50}
    points = [
        point(1, {"token_type": kind, "model": "gpt-5.6-sol"}, sum=count, count="1") for kind, count in counts.items()
    ]
    metric = {"name": "codex.turn.token_usage", "histogram": {"aggregationTemporality": 1, "dataPoints": points}}
    assert spent(db, tmp_path / "metrics.jsonl", metric) == 0.00456
