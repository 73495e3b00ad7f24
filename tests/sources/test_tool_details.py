"""Fees, tiers and kinds of tokens in the logs of other tools."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

EVENT = {"$ai_model": "claude-sonnet-4-6", "$ai_provider": "anthropic", "$ai_output_tokens": 100}


@pytest.mark.parametrize(
    ("named", "cost", "estimate"),
    [
        # 1000 * 3 and 100 * 15 dollars a million, and 3 searches at 10 dollars a thousand.
        ({"$ai_input_tokens": 1000, "$ai_web_search_count": 3}, None, 0.0345),
        ({"$ai_input_tokens": 1000, "$ai_web_search_count": 0}, None, 0.0045),
        ({"$ai_input_tokens": 1000, "$ai_total_cost_usd": 0}, None, 0.0045),
        ({"$ai_input_tokens": 0, "$ai_output_tokens": 0, "$ai_total_cost_usd": 0}, None, None),
        ({"$ai_input_tokens": 0, "$ai_output_tokens": 0, "$ai_total_cost_usd": 0, "$ai_is_error": True}, 0.0, None),
    ],
)
def test_posthog(
    db: ReportDatabase, tmp_path: Path, named: dict[str, Any], cost: float | None, estimate: float | None
) -> None:
    path = tmp_path / "events.jsonl"
    event = {"uuid": "u1", "event": "$ai_generation", "timestamp": "2026-11-10T12:00:00Z", "distinct_id": "x"}
    path.write_text(json.dumps({**event, "properties": {**EVENT, **named}}) + "\n", "utf-8")
    db.ingest(path)
    assert db.sql("select cost, round(estimated_cost, 9) from calls") == [(cost, estimate)]


@pytest.mark.parametrize(("speed", "cost"), [("fast", 0.0015), ("normal", 0.00075), (None, 0.00075)])
def test_claude_code_s_log_in_a_hurry(db: ReportDatabase, tmp_path: Path, speed: str | None, cost: float) -> None:
    """Opus 4.8: 5 dollars in and 25 out, in a hurry 10 and 50, for 100 and 10 tokens."""
    values = {"event.name": "api_request", "session.id": "s", "model": "claude-opus-4-8", "cost_usd": "0"}
    values |= {"input_tokens": "100", "output_tokens": "10", **({"speed": speed} if speed else {})}
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in values.items()]
    entry = {
        "timeUnixNano": "1794268800000000000",
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": attributes,
    }
    path = tmp_path / "logs.jsonl"
    path.write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [entry]}]}]}) + "\n", "utf-8")
    db.ingest(path)
    assert db.one("select round(estimated_cost, 9) from calls") == cost


def test_codex_s_reasoning(db: ReportDatabase, tmp_path: Path) -> None:
    used = {"input_tokens": 1000, "cached_input_tokens": 250, "output_tokens": 125, "reasoning_output_tokens": 75}
    at = "2026-05-13T09:00:00.000Z"
    lines = [
        {"timestamp": at, "type": "session_meta", "payload": {"id": "s", "cwd": "/x", "model_provider": "openai"}},
        {"timestamp": at, "type": "turn_context", "payload": {"model": "gpt-5.2-codex"}},
        {
            "timestamp": "2026-05-13T09:01:00.000Z",
            "type": "event_msg",
            "payload": {"type": "token_count", "info": {"total_token_usage": used, "last_token_usage": used}},
        },
    ]
    path = tmp_path / "rollout-1.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    db.ingest(path)
    assert db.report("token_mix")[0]["reasoning_tokens"] == 75
