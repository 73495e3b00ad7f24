"""Langfuse: an input that may have the cached tokens within it, although they stand beside it, gives no price."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase


@pytest.mark.parametrize(
    ("fresh", "cached", "cost"),
    [
        # 17,903 tokens of which 17,817 are cached, or 35,720? One costs 0.023, the other 0.068.
        (17_903, 17_817, None),
        (1_000, 1_000, None),
        # At 2.50, 1.25 and 10 dollars for a million tokens.
        (86, 17_817, 86 * 2.5e-6 + 17_817 * 1.25e-6 + 100 * 1e-5),
        (2_000, 1_000, 2_000 * 2.5e-6 + 1_000 * 1.25e-6 + 100 * 1e-5),
        (1_000, 0, 1_000 * 2.5e-6 + 100 * 1e-5),
    ],
)
def test_cached_tokens_that_may_be_counted_twice(
    db: ReportDatabase, tmp_path: Path, fresh: int, cached: int, cost: float | None
) -> None:
    usage = {"input": fresh, "input_cached_tokens": cached, "output": 100, "total": fresh + cached + 100}
    row = {
        "id": "o1",
        "traceId": "t1",
        "type": "GENERATION",
        "startTime": "2026-11-10T10:00:00.000Z",
        "endTime": "2026-11-10T10:00:02.000Z",
        "level": "DEFAULT",
        "statusMessage": None,
        "parentObservationId": None,
        "model": "gpt-4o",
        "usageDetails": usage,
        "costDetails": {},
    }
    path = tmp_path / "observations.jsonl"
    path.write_text(json.dumps(row) + "\n", "utf-8")
    db.ingest(path)
    ((found, tokens),) = db.sql("select estimated_cost, total_tokens from calls")
    assert (found, tokens) == (None if cost is None else pytest.approx(cost), fresh + cached + 100)
