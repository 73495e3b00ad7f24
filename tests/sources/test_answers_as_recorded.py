"""Answers in forms that public recordings of API calls have: what they count, priced by hand.

Dollars for a million tokens in and out: GPT-4o 2.50 and 10, Gemini 2.5 Flash 0.30 and 2.50, Gemini 2.0 Flash 0.10 and
0.40; a search that Gemini 3 makes 0.014, a prompt that Gemini 2.5 grounds 0.035.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

SECRET = {"text": "tellnoone"}


def lines(*answers: Any) -> str:
    return "".join(json.dumps(answer) + "\n" for answer in answers)


def events(*answers: Any) -> str:
    return "".join(f"data: {json.dumps(answer)}\n\n" for answer in answers)


def chunk(key: str, *, role: str | None = None, reason: str | None = None, **around: Any) -> dict[str, Any]:
    choice = {"delta": {"content": "tellnoone", **({"role": role} if role else {})}, "finish_reason": reason}
    model = {"object": "chat.completion.chunk", "created": 1794000000, "model": "gpt-4o-2024-08-06"}
    return {"id": key, **model, "choices": [choice], **around}


def counted(given: int, out: int) -> dict[str, int]:
    return {"prompt_tokens": given, "completion_tokens": out, "total_tokens": given + out}


def gemini(given: int, out: int, **candidate: Any) -> dict[str, Any]:
    used = {"promptTokenCount": given, "candidatesTokenCount": out}
    around = {"responseId": "g", "modelVersion": "gemini-2.0-flash"}
    return {"candidates": [{**SECRET, **candidate}], "usageMetadata": used, **around}


def interaction(status: str, usage: dict[str, Any] | None = None, model: str = "gemini-2.5-flash") -> dict[str, Any]:
    around = {"object": "interaction", "model": model, "status": status, "created": "2026-11-07T10:00:00Z"}
    return {"id": "i", **around, "service_tier": "standard", **({"usage": usage} if usage else {})}


def run(status: str, usage: dict[str, int] | None, kind: str = "thread.run") -> dict[str, Any]:
    around = {"object": kind, "created_at": 1794000000, "model": "gpt-4o-2024-08-06", "instructions": "tellnoone"}
    return {"id": kind, **around, "status": status, "usage": usage}


def agent(number: int, out: int) -> dict[str, Any]:
    held = {"id": f"m{number}", "type": "message", "model": "claude-sonnet-4-5-20250929", "content": [SECRET]}
    return {"type": "assistant", "message": {**held, "usage": {"input_tokens": 1000, "output_tokens": out}}}


def hurried(key: str, model: str = "claude-opus-4-8", **usage: Any) -> dict[str, Any]:
    """A message of Anthropic's: 100,000 tokens in and 10,000 out."""
    said = {"id": key, "type": "message", "model": model, "content": [SECRET]}
    return {**said, "usage": {"input_tokens": 100_000, "output_tokens": 10_000, "service_tier": "standard", **usage}}


SUMMARY = {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3500}
BEGIN = {"type": "system", "subtype": "init", "session_id": "s", "model": "claude-sonnet-4-5-20250929", "tools": []}
# More events than are looked at to know a file.
EVENTS = [BEGIN, *(agent(number, 100) for number in range(60)), {"type": "user", "message": SECRET}]
RESULT = {"type": "result", "subtype": "success", "duration_ms": 1234, "session_id": "s", "result": "tellnoone"}
SPENT = {"inputTokens": 60000, "outputTokens": 6000, "costUSD": 0.5}
PAGES = {"pages_processed": 29, "doc_size_bytes": 3002783}
THOUGHT = {"total_input_tokens": 900, "total_tool_use_tokens": 100, "total_output_tokens": 40}
USED = {**THOUGHT, "total_thought_tokens": 60, "total_tokens": 1100}
SEARCHED = {**USED, "grounding_tool_count": [{"type": "google_search", "count": 1, "search_query_count": 2}]}
# The file → endpoint, model, tokens in and out, status, cost of each call.
FILES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "a stream that began with many comments": (
        ": OPENROUTER PROCESSING\n\n" * 40 + events(chunk("a"), chunk("a", usage=counted(1000, 100))),
        [("chat", "gpt-4o-2024-08-06", 1000, 100, "completed", 0.0035)],
    ),
    "chunks that each have an id of their own, twice": (
        events(
            *(chunk(f"a{number}") for number in range(5)),
            chunk("stub", reason="stop", usage=counted(1000, 100)),
            *(chunk(f"b{number}") for number in range(5)),
            chunk("stub", reason="stop", usage=counted(1000, 200)),
        ),
        [
            ("chat", "gpt-4o-2024-08-06", 1000, 100, "completed", 0.0035),
            ("chat", "gpt-4o-2024-08-06", 1000, 200, "completed", 0.0045),
        ],
    ),
    "chunks of two streams by turns, both with a role": (
        events(
            *(chunk(key, role="assistant") for key in "ab"),
            *(chunk(key) for key in "abab"),
            *(chunk(key, reason="stop") for key in "ab"),
            *(chunk(key, usage=counted(1000, 100)) for key in "ba"),
        ),
        [("chat", "gpt-4o-2024-08-06", 1000, 100, "completed", 0.0035)] * 2,
    ),
    # 5 and 25 dollars a million, or 10 and 50 in a hurry; the list has no price within the United States alone.
    "messages of Anthropic's in a hurry, and of one country": (
        lines(
            hurried("a", speed="fast"),
            hurried("b", inference_geo="global", output_tokens=20_000),
            hurried("c", inference_geo="us", output_tokens=30_000),
        ),
        [
            ("messages", "claude-opus-4-8", 100_000, 10_000, "completed", 1.5),
            ("messages", "claude-opus-4-8", 100_000, 20_000, "completed", 1.0),
            ("messages", "claude-opus-4-8", 100_000, 30_000, "completed", None),
        ],
    ),
    "a batch's message within one country": (
        lines({"custom_id": "c", "result": {"type": "succeeded", "message": hurried("d", inference_geo="us")}}),
        [("messages", "claude-opus-4-8", 100_000, 10_000, "completed", None)],
    ),
    "a batch's file of what failed": (
        lines({"id": "b", "custom_id": "c", "response": None, "error": {"code": "batch_expired", **SECRET}}),
        [("", "", None, None, "failed", None)],
    ),
    # 100,000 * 3 + 10,000 * 15; 180,000 * 3 + 3,500 * 15, for the summary of what was said before.
    "a compaction beside a message": (
        lines(hurried("a", "claude-sonnet-4-6", iterations=[SUMMARY, {"type": "message", "input_tokens": 100_000}])),
        [
            ("messages", "claude-sonnet-4-6", 180_000, 3500, "completed", 0.5925),
            ("messages", "claude-sonnet-4-6", 100_000, 10_000, "completed", 0.45),
        ],
    ),
    # 79 * 0.10 + 12 * 0.40, a millionth of them.
    "Gemini's last part counts less of the prompt": (
        events(gemini(169, 0), gemini(79, 12, finishReason="STOP")),
        [("generate_content", "gemini-2.0-flash", 79, 12, "completed", 0.0000127)],
    ),
    "Cohere's older stream, whose answer has a second id": (
        lines(
            {"event_type": "stream-start", "generation_id": "c"},
            {"event_type": "text-generation", **SECRET},
            {"event_type": "search-results", "documents": []},
            {
                "event_type": "stream-end",
                "response": {
                    **SECRET,
                    "response_id": "r",
                    "generation_id": "c",
                    "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 8}},
                },
            },
        ),
        [("", "", 5, 8, "completed", None)],
    ),
    "an interaction": (
        json.dumps(interaction("completed", USED), indent=1),
        [("interactions", "gemini-2.5-flash", 1000, 100, "completed", 0.00055)],
    ),
    "an interaction's events": (
        events(
            {"event_type": "interaction.created", "interaction": interaction("in_progress")},
            {"event_type": "step.delta", "delta": SECRET},
            {"event_type": "interaction.completed", "interaction": interaction("completed", USED)},
        ),
        [("interactions", "gemini-2.5-flash", 1000, 100, "completed", 0.00055)],
    ),
    "an interaction that searched": (
        lines(interaction("completed", SEARCHED)),
        [("interactions", "gemini-2.5-flash", 1000, 100, "completed", 0.03555)],
    ),
    # Gemini 3 Flash: 0.50 and 3 a million.
    "an interaction that searched, by query": (
        lines(interaction("requires_action", SEARCHED, "gemini-3-flash-preview")),
        [("interactions", "gemini-3-flash-preview", 1000, 100, "completed", 0.0288)],
    ),
    "a run of an assistant, and its step, as events": (
        events(run("queued", None), run("completed", counted(1000, 100), "thread.run.step"))
        + events(run("completed", counted(1000, 100))),
        [("threads", "gpt-4o-2024-08-06", 1000, 100, "completed", 0.0035)],
    ),
    "a response that waits": (
        json.dumps({**run("queued", None), "object": "response"}, indent=1),
        [("responses", "gpt-4o-2024-08-06", None, None, "queued", None)],
    ),
    "a long run of Claude Code, as events": (
        lines(*EVENTS, {**RESULT, "total_cost_usd": 0.5, "modelUsage": {"claude-sonnet-4-5-20250929": SPENT}}),
        [("claude_code", "claude-sonnet-4-5-20250929", 60000, 6000, "completed", 0.5)],
    ),
    # Sonnet 4.5: 3 and 15 a million.
    "a run whose only model has no cost of its own": (
        lines({**RESULT, "total_cost_usd": 0.25, "modelUsage": {"kimi-k2.5": {"inputTokens": 900, "outputTokens": 7}}}),
        [("claude_code", "kimi-k2.5", 900, 7, "completed", 0.25)],
    ),
    "a run whose only model has nothing of its own": (
        lines(
            {
                **RESULT,
                "total_cost_usd": 0.125,
                "usage": {"input_tokens": 90, "cache_read_input_tokens": 10, "output_tokens": 30},
                "modelUsage": {"claude-opus-4-6": {}},
            }
        ),
        [("claude_code", "claude-opus-4-6", 100, 30, "completed", 0.125)],
    ),
    "a run of Claude Code that was cut off, one of its answers written twice": (
        json.dumps([BEGIN, agent(1, 1), agent(1, 100), agent(2, 200)], indent=1),
        [
            ("messages", "claude-sonnet-4-5-20250929", 1000, 100, "completed", 0.0045),
            ("messages", "claude-sonnet-4-5-20250929", 1000, 200, "completed", 0.006),
        ],
    ),
    "what early versions of Claude Code printed": (
        json.dumps({**RESULT, "cost_usd": 0.003}, indent=1),
        [("claude_code", "", None, None, "completed", 0.003)],
    ),
    # Mistral's OCR of May 2025: a dollar for 1,000 pages, more of those that are annotated.
    "a scanned document": (
        json.dumps(
            {"pages": [{"index": 0, "markdown": "tellnoone"}], "model": "mistral-ocr-2505", "usage_info": PAGES}
        ),
        [("ocr", "mistral-ocr-2505", None, None, "completed", 0.029)],
    ),
    "an annotated document": (
        lines({"pages": [], "model": "mistral-ocr-2505", "usage_info": PAGES, "document_annotation": "tellnoone"}),
        [("ocr", "mistral-ocr-2505", None, None, "completed", None)],
    ),
    "a compaction": (
        lines({"id": "r", "object": "response.compaction", "usage": {"input_tokens": 160, "output_tokens": 297}}),
        [("responses", "", 160, 297, "completed", None)],
    ),
}


@pytest.mark.parametrize(("text", "calls"), FILES.values(), ids=FILES)
def test_every_recorded_form_counts_and_costs_what_it_says(
    text: str, calls: list[tuple[Any, ...]], db: ReportDatabase, tmp_path: Path
) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text, encoding="utf-8")
    db.ingest(file)
    columns = "endpoint, model, input_tokens, output_tokens, status, coalesce(cost, estimated_cost)"
    rows = db.sql(f"select {columns} from calls where gone_at is null order by output_tokens")
    assert [row[:-1] for row in rows] == [call[:-1] for call in calls]
    assert [row[-1] for row in rows] == [pytest.approx(call[-1]) for call in calls]
    assert b"tellnoone" not in db.path.read_bytes()


def test_headers_of_http_before_an_answer(db: ReportDatabase, tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_text("HTTP/2 200\r\ncontent-type: application/json\r\n\r\n" + lines(chunk("a")), encoding="utf-8")
    with pytest.raises(StoryreportError, match="begins with the headers of HTTP: save the answer alone"):
        db.ingest(file)
