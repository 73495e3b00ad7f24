"""What tools really wrote, run against a server of our own that answers with invented usage, cut down to what counts.

The server said: gpt-4o-2024-08-06, 1,000 tokens in (800 of them cached), 100 out. At 2.50, 1.25 and 10 dollars for a
million that is 200 * 2.5 + 800 * 1.25 + 100 * 10 = 2,500 millionths of a dollar.
"""

import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase, pairs

# openinference-instrumentation-openai 0.1.66, openai 3.57.0, opentelemetry-sdk 1.45.2, within
# using_attributes(session_id=…, user_id=…, tags=…).
ATTRIBUTES: list[tuple[str, Any]] = [
    ("llm.system", {"stringValue": "openai"}),
    ("input.value", {"stringValue": '{"model": "gpt-4o", "messages": [{"role": "user", "content": "tellnoone"}]}'}),
    ("input.mime_type", {"stringValue": "application/json"}),
    ("session.id", {"stringValue": "tellnoone"}),
    ("user.id", {"stringValue": "tellnoone"}),
    ("tag.tags", {"arrayValue": {"values": [{"stringValue": "draft"}]}}),
    ("llm.invocation_parameters", {"stringValue": '{"model": "gpt-4o"}'}),
    ("llm.input_messages.0.message.content", {"stringValue": "tellnoone"}),
    ("llm.model_name", {"stringValue": "gpt-4o-2024-08-06"}),
    ("llm.token_count.total", {"intValue": "1100"}),
    ("llm.token_count.prompt", {"intValue": "1000"}),
    ("llm.token_count.completion", {"intValue": "100"}),
    ("llm.token_count.prompt_details.cache_read", {"intValue": "800"}),
    ("llm.token_count.prompt_details.audio", {"intValue": "0"}),
    ("llm.token_count.completion_details.reasoning", {"intValue": "0"}),
    ("llm.token_count.completion_details.audio", {"intValue": "0"}),
    ("llm.finish_reason", {"stringValue": "stop"}),
    ("openinference.span.kind", {"stringValue": "LLM"}),
]
# LiteLLM 1.110.2, litellm.completion with success_callback and failure_callback.
USAGE = {
    "completion_tokens": 100,
    "prompt_tokens": 1000,
    "total_tokens": 1100,
    "completion_tokens_details": {"audio_tokens": 0, "reasoning_tokens": 0},
    "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 800},
}
PAYLOAD: dict[str, Any] = {
    "id": "chatcmpl-1",
    "litellm_call_id": "ec424ec4-2311-4efe-a7cc-bee76210ee63",
    "trace_id": "6acce7d6-332a-4fb7-b0b7-67e2c8ff6421",
    "session_id": "",
    "call_type": "completion",
    "cache_hit": None,
    "stream": None,
    "status": "success",
    "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
    "custom_llm_provider": "openai",
    "saved_cache_cost": 0.0,
    "startTime": 1794312000.775912,
    "endTime": 1794312001.819235,
    "completionStartTime": 1794312001.819235,
    "response_time": 1.043323040008545,
    "model": "gpt-4o",
    "metadata": {"user_api_key_hash": None, "user_api_key_team_id": None, "usage_object": USAGE},
    "cost_finalized": False,
    "response_cost": 0.0025,
    "cost_breakdown": {"total_cost": 0.0025, "input_cost": 0.0015, "output_cost": 0.001, "cache_read_cost": 0.001},
    "total_tokens": 1100,
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "request_tags": ["draft"],
    "messages": [{"role": "user", "content": "tellnoone"}],
}
FAILED = {
    **PAYLOAD,
    "id": "ce3a0833-ce61-41ce-8207-87aaea883485",
    "status": "failure",
    "response_cost": 0.0,
    "cost_breakdown": None,
    "metadata": {},
    **dict.fromkeys(("total_tokens", "prompt_tokens", "completion_tokens"), 0),
}
WHAT = "select model, status, input_tokens, cache_read_tokens, output_tokens from calls order by input_tokens"


def test_a_span_of_openinference(db: ReportDatabase, tmp_path: Path) -> None:
    span = {
        "traceId": "498e167f8ce199d56a28b54c6e13fc96",
        "spanId": "5655b1d7e6fe9760",
        "name": "ChatCompletion",
        "kind": 1,
        "startTimeUnixNano": "1794312000775912000",
        "endTimeUnixNano": "1794312001819235000",
        "attributes": [{"key": name, "value": value} for name, value in ATTRIBUTES],
        "status": {"code": 1},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "tales"}}]}
    scope = {"scope": {"name": "openinference.instrumentation.openai"}, "spans": [span]}
    path = tmp_path / "spans.json"
    path.write_text(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}), "utf-8")
    assert db.ingest(path).counts.rejected == 0
    assert db.sql(WHAT) == [("gpt-4o-2024-08-06", "completed", 1000, 800, 100)]
    assert db.sql("select round(estimated_cost, 9) from calls") == [(0.0025,)]
    assert pairs(db.report("cost_by_label", label="service"), "value", "cost") == [("tales", 0.0025)]
    assert b"tellnoone" not in db.path.read_bytes()


def test_litellm_s_logging_payloads(db: ReportDatabase, tmp_path: Path) -> None:
    path = tmp_path / "payloads.jsonl"
    path.write_text("".join(json.dumps(payload) + "\n" for payload in (PAYLOAD, FAILED)), "utf-8")
    assert db.ingest(path).counts.rejected == 0
    assert [(row[0], row[1], row[2], row[4]) for row in db.sql(WHAT)] == [
        ("gpt-4o", "failed", 0, 0),
        ("gpt-4o", "completed", 1000, 100),
    ]
    assert db.sql("select sum(cost) from calls") == [(0.0025,)]
    assert db.sql("select cache_read_tokens from calls where cost > 0") == [(800,)]
    assert b"tellnoone" not in db.path.read_bytes()
