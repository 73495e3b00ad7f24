"""Langfuse: an input that may have the cached tokens within it, although they stand beside it, gives no price."""

import json
from pathlib import Path

import pytest
from helpers.report_database import ReportDatabase


@pytest.mark.parametrize("has_total", [True, False])
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
    db: ReportDatabase, tmp_path: Path, fresh: int, cached: int, cost: float | None, has_total: bool
) -> None:
    total = {"total": fresh + cached + 100} if has_total else {}
    usage = {"input": fresh, "input_cached_tokens": cached, "output": 100, **total}
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
    assert (found, tokens) == (None if cost is None else pytest.approx(cost), total.get("total"))


def costs(db: ReportDatabase, folder: Path, model: str, usage: dict[str, int]) -> list[float | None]:
    """What an observation costs as Langfuse exports it, and as its SDK writes it into a span."""
    row = {
        "id": "o1",
        "traceId": "t1",
        "type": "GENERATION",
        "startTime": "2026-11-10T10:00:00.000Z",
        "parentObservationId": None,
        "model": model,
        "usageDetails": usage,
    }
    said = {"langfuse.observation.model.name": model, "langfuse.observation.usage_details": json.dumps(usage)}
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "startTimeUnixNano": "1794268800000000000",
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in said.items()],
    }
    (folder / "observations.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    (folder / "spans.json").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}), "utf-8")
    db.ingest(folder / "observations.jsonl")
    db.ingest(folder / "spans.json")
    return [cost for (cost,) in db.sql("select estimated_cost from calls order by source_id")]


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        # LangChain's handler: 1,000 fresh at 3 dollars a million, 10,000 read at 0.30, 500 written for five minutes at
        # 3.75 and 1,500 for an hour at 6.
        (
            {
                "input_cache_creation": 0,
                "input_ephemeral_5m_input_tokens": 500,
                "input_ephemeral_1h_input_tokens": 1500,
            },
            0.003 + 0.003 + 0.001875 + 0.009,
        ),
        ({"input_cache_creation": 0, "input_ephemeral_5m_input_tokens": 2000}, 0.003 + 0.003 + 0.0075),
        ({"input_cache_creation": 2000}, 0.003 + 0.003 + 0.0075),
    ],
)
def test_how_long_what_is_written_is_kept(
    db: ReportDatabase, tmp_path: Path, usage: dict[str, int], cost: float
) -> None:
    usage = {"input": 1_000, "input_cache_read": 10_000, "output": 0, "total": 13_000, **usage}
    assert costs(db, tmp_path, "claude-sonnet-4-6", usage) == [pytest.approx(cost)] * 2


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        # Sonnet 4.6: 1,000 fresh at 3 dollars a million, 10,000 read at 0.30, 2,000 written at 3.75, 100 out at 15.
        # What was written is within the input, as LiteLLM has it, or what was read.
        ({"input": 3_000, "total": 13_100}, 0.015),
        ({"input": 11_000, "total": 13_100}, 0.015),
        # So may 40 tokens of reasoning be.
        ({"input": 13_000, "output_reasoning_tokens": 40, "total": 13_100}, 0.015),
        ({"input": 1_000, "output_reasoning_tokens": 40, "total": 13_140}, 0.0156),
        # Of a total that is none of these sums nothing can be learned.
        ({"input": 3_000, "total": 15_099}, 0.021),
    ],
)
def test_the_total_says_what_is_within(db: ReportDatabase, tmp_path: Path, usage: dict[str, int], cost: float) -> None:
    cached = {"cache_read_input_tokens": 10_000, "cache_creation_input_tokens": 2_000}
    found = costs(db, tmp_path, "claude-sonnet-4-6", {**cached, "output": 100, **usage})
    assert found == [pytest.approx(cost)] * 2


def test_durations_are_within_the_whole(db: ReportDatabase, tmp_path: Path) -> None:
    """Anthropic's words, laid flat."""
    written = {"cache_creation_input_tokens": 2000, "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2000}
    assert costs(db, tmp_path, "claude-sonnet-4-6", {"input": 1_000, **written})[0] == pytest.approx(0.015)


@pytest.mark.parametrize(("tier", "times"), [("priority", 2), ("flex", 0.5)])
def test_the_tier_in_langchain_s_names(db: ReportDatabase, tmp_path: Path, tier: str, times: float) -> None:
    """600 at 1.25 dollars a million, 400 cached at 0.125, 100 out at 10, of which 30 were reasoning."""
    usage = {
        "input": 0,
        f"input_{tier}": 600,
        f"input_{tier}_cache_read": 400,
        "output": 0,
        f"output_{tier}": 70,
        f"output_{tier}_reasoning": 30,
        "total": 1100,
    }
    assert costs(db, tmp_path, "gpt-5", usage) == [pytest.approx(times * 0.0018)] * 2
