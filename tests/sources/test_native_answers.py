"""Answers in the forms that models on Bedrock and Vertex AI have of their own: counts, and prices by hand.

Dollars for a million tokens in and out: Llama 3 8B 0.30 and 0.60, Titan Text Express 0.20 and 0.60, Titan Embed V2
0.02, Nova Lite 0.06 and 0.24 (cached 0.015), Sonnet 4.5 in a region 3.30 and 16.50 (cached 0.33), Gemini Embedding
0.15.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

AT = "2026-11-10T10:00:00Z"
LLAMA, SONNET = "meta.llama3-8b-instruct-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OF_LLAMA = {"generation": "tellnoone", "prompt_token_count": 1000, "generation_token_count": 100, "stop_reason": "stop"}
OF_NOVA = {
    "output": {"message": {"role": "assistant"}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 5100, "cacheReadInputTokenCount": 4000},
}
OF_CLAUDE = {
    "id": "msg_bdrk_1",
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "usage": {"input_tokens": 1000, "output_tokens": 100},
}
HEADERS = {
    "x-amzn-bedrock-input-token-count": "1000",
    "x-amzn-bedrock-output-token-count": "100",
    "x-amzn-bedrock-cache-read-input-token-count": "4000",
}
METRICS = {"inputTokenCount": 1000, "outputTokenCount": 100, "cacheReadInputTokenCount": 4000}
USED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
COUNTED = {"inputTokenCount": {"totalTokens": 1000}, "outputTokenCount": {"totalTokens": 100}}
LOG = {"schemaType": "ModelInvocationLog", "timestamp": AT, "requestId": "r", "operation": "InvokeModel"}


def asked(model: str, response: dict[str, Any], name: str = "modelId") -> dict[str, Any]:
    """A line of a log of one's own."""
    return {"timestamp": AT, "request": {name: model}, "response": response}


def logged(model: str, body: Any) -> dict[str, Any]:
    """A line of Bedrock's log that does not count the tokens itself."""
    return {**LOG, "modelId": model, "input": {}, "output": {"outputBodyJson": body}}


def vectors(*counts: int) -> dict[str, Any]:
    held = [{"embeddings": {"values": [0.1], "statistics": {"token_count": count}}} for count in counts]
    return {"predictions": held, "metadata": {"billableCharacterCount": 1}}


# The line → provider, endpoint, tokens in, out and cached, cost.
ANSWERS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "Llama": (asked(LLAMA, OF_LLAMA), ("aws", "generate", 1000, 100, None, 0.00036)),
    "Llama, logged": (logged(LLAMA, OF_LLAMA), ("aws", "InvokeModel", 1000, 100, None, 0.00036)),
    "Titan": (
        asked(
            "amazon.titan-text-express-v1",
            {"inputTextTokenCount": 1000, "results": [{"tokenCount": 60}, {"tokenCount": 40}]},
        ),
        ("aws", "generate", 1000, 100, None, 0.00026),
    ),
    "Titan, a vector": (
        asked("amazon.titan-embed-text-v2:0", {"embedding": [0.1], "inputTextTokenCount": 1000}),
        ("aws", "embeddings", 1000, None, None, 0.00002),
    ),
    # 1000 * 0.06 + 4000 * 0.015 + 100 * 0.24.
    "Nova": (asked("amazon.nova-lite-v1:0", OF_NOVA), ("aws", "converse", 5000, 100, 4000, 0.000144)),
    "Nova, logged": (logged("amazon.nova-lite-v1:0", OF_NOVA), ("aws", "InvokeModel", 5000, 100, 4000, 0.000144)),
    # 1000 * 3.30 + 4000 * 0.33 + 100 * 16.50.
    "the headers of an invocation": (
        asked(SONNET, {"body": "tellnoone", "ResponseMetadata": {"RequestId": "q", "HTTPHeaders": HEADERS}}),
        ("aws", "generate", 5000, 100, 4000, 0.00627),
    ),
    "the end of a stream": (
        asked(SONNET, {"stop_reason": "stop", "amazon-bedrock-invocationMetrics": METRICS}),
        ("aws", "generate", 5000, 100, 4000, 0.00627),
    ),
    # Bedrock's price, not the maker's: 1000 * 3.30 + 100 * 16.50.
    "Claude's body behind Bedrock's name": (
        asked(SONNET, {"body": OF_CLAUDE}),
        ("aws", "messages", 1000, 100, None, 0.00495),
    ),
    # The list has no price for Bedrock's batches.
    "a batch of Bedrock's": (
        {"recordId": "1", "modelInput": {"messages": ["tellnoone"]}, "modelOutput": OF_CLAUDE},
        ("aws", "messages", 1000, 100, None, None),
    ),
    "a failed line of such a batch": (
        {"recordId": "1", "modelInput": {}, "error": {"errorCode": 400, "errorMessage": "tellnoone"}},
        ("aws", "", None, None, None, None),
    ),
    "Jamba": (
        asked("ai21.jamba-1-5-large-v1:0", {"id": "c", "choices": [], "usage": USED, "meta": {}}),
        ("aws", "chat", 1000, 100, None, None),
    ),
    "PaLM": (
        asked("text-bison@002", {"predictions": [{"content": "x"}], "metadata": {"tokenMetadata": COUNTED}}, "model"),
        ("google", "generate", 1000, 100, None, None),
    ),
    "vectors of Vertex AI": (
        asked("gemini-embedding-001", vectors(600, 400), "model"),
        ("google", "embeddings", 1000, None, None, 0.00015),
    ),
}


@pytest.mark.parametrize(("line", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers_in_forms_of_their_own(
    db: ReportDatabase, tmp_path: Path, line: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    (tmp_path / "answers.jsonl").write_text(json.dumps(line) + "\n", "utf-8")
    db.ingest(tmp_path / "answers.jsonl")
    found = db.sql(
        """
        select provider, endpoint, input_tokens, output_tokens, cache_read_tokens, round(estimated_cost, 9), status
        from calls"""
    )
    assert found == [(*expected, "failed" if "error" in line else "completed")]
    assert "tellnoone" not in str(db.sql("select * from calls"))
    assert db.one("select coalesce(sum(cost), 0) from calls") == 0
