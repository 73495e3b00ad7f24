"""Numbers as data frames and loggers write them again: 1000.0 and "1000" are 1000, in keys and in nested counts too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.sources import buckets

SPEND: dict[str, Any] = {
    "request_id": "c1",
    "spend": 0,
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "total_tokens": 1100,
    "startTime": "2026-11-10T10:00:00Z",
    "endTime": "2026-11-10T10:00:02Z",
    "model": "gpt-4o",
    "custom_llm_provider": "openai",
    "status": "success",
    "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 800}}},
}
CLAUDE: dict[str, Any] = {
    "sessionId": "s1",
    "type": "assistant",
    "uuid": "u1",
    "timestamp": "2026-11-10T10:00:00Z",
    "message": {
        "id": "m1",
        "model": "claude-sonnet-4-6",
        "usage": {
            "input_tokens": 1000,
            "output_tokens": 100,
            "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
        },
    },
}
CODEX: dict[str, Any] = {
    "timestamp": "2026-05-13T09:01:00Z",
    "type": "event_msg",
    "payload": {
        "type": "token_count",
        "info": {"total_token_usage": {"input_tokens": 1000, "cached_input_tokens": 250, "output_tokens": 125}},
    },
}
META = {"timestamp": "2026-05-13T09:00:00Z", "type": "session_meta", "payload": {"id": "s", "cli_version": "0.101.0"}}


def changed(held: Any, write: Callable[[int], Any]) -> Any:
    """A record with its whole numbers written otherwise."""
    if isinstance(held, dict):
        return {name: changed(value, write) for name, value in held.items()}
    return write(held) if isinstance(held, int) and not isinstance(held, bool) else held


# 200 tokens at 2.50 dollars a million, 800 at 1.25, 100 at 10; 1,000 at 3, 1,000 written at 3.75, 2,000 at 6, 100 at 15
@pytest.mark.parametrize("write", [float, str])
@pytest.mark.parametrize(
    ("records", "counts"),
    [
        ([SPEND], (1000, 800, None, 100, 0.0025)),
        ([CLAUDE], (4000, None, 3000, 100, 0.02025)),
        ([META, CODEX], (1000, 250, None, 125, None)),
    ],
)
def test_counts(
    db: ReportDatabase, tmp_path: Path, records: list[Any], counts: tuple[Any, ...], write: Callable[[int], Any]
) -> None:
    path = tmp_path / "rollout-2026-05-13T09-00-00-s.jsonl"
    path.write_text("".join(json.dumps(changed(record, write)) + "\n" for record in records), "utf-8")
    db.ingest(path)
    assert db.sql("select count(*) from rejects") == [(0,)]
    columns = "input_tokens, nullif(cache_read_tokens, 0), cache_write_tokens, output_tokens, round(estimated_cost, 9)"
    assert db.sql(f"select {columns} from calls") == [counts]


def test_ids_of_a_data_frame(db: ReportDatabase, tmp_path: Path) -> None:
    row = {"id": 1.0, "run": 7.0, "step": "a", "status": "completed", "started_at": 1_773_568_800.0}
    (path := tmp_path / "steps.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    db.ingest(path)
    found = db.sql("select step_runs.source_key, runs.source_key, step_runs.started_at from step_runs, runs")
    assert found == [("1", "7", "2026-03-15T10:00:00.000Z")]


def test_a_cost_of_zero_as_text_is_none(db: ReportDatabase, tmp_path: Path) -> None:
    payload = {
        "id": "c1",
        "call_type": "acompletion",
        "response_cost": "0.0",
        "startTime": 1_773_568_800.0,
        "endTime": 1_773_568_801.0,
        "prompt_tokens": 10,
        "completion_tokens": 1,
        "total_tokens": 11,
        "model": "my-own",
        "status": "success",
        "cost_breakdown": {"total_cost": "0.25"},
    }
    (path := tmp_path / "payloads.jsonl").write_text(json.dumps(payload) + "\n", "utf-8")
    db.ingest(path)
    assert db.sql("select cost from calls") == [(0.25,)]


def test_counts_as_text_tell_no_results_apart() -> None:
    """A day that is asked for again has more tokens, and is the same result of its bucket."""
    first, later = ({"model": "gpt-5", "project_id": "7", "input_tokens": count} for count in ("10", "20"))
    assert buckets.grouping(first) == buckets.grouping(later)
    assert buckets.grouping(first) != buckets.grouping({**first, "project_id": "8"})


@pytest.mark.parametrize("write", [lambda seconds: seconds * 1000, lambda seconds: f"{seconds}.25"])
def test_times_of_a_data_frame(db: ReportDatabase, tmp_path: Path, write: Callable[[int], Any]) -> None:
    """Spans as Phoenix gives them to pandas, which writes them as JSON."""
    row = {
        "context.trace_id": "a" * 32,
        "context.span_id": "b" * 16,
        "parent_id": None,
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "start_time": write(1_773_568_800),
        "end_time": write(1_773_568_802),
        "status_code": "OK",
        "attributes.llm.model_name": "gpt-4o",
        "attributes.llm.token_count.prompt": 1000.0,
        "attributes.llm.token_count.completion": 100.0,
    }
    (path := tmp_path / "spans.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    db.ingest(path)
    found = db.sql("select substr(called_at, 1, 19), duration_ms, input_tokens, round(estimated_cost, 9) from calls")
    assert found == [("2026-03-15T10:00:00", 2000, 1000, 0.0035)]
