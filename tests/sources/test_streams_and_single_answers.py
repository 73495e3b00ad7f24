"""One answer in a file, and answers as the events that they came in: what they count, priced by hand.

Dollars for a million tokens in and out: GPT-4o 2.50 and 10, Sonnet 4.5 3 and 15 (cached 0.30, written for an hour 6),
Gemini 2.5 Flash 0.30 and 2.50, text-embedding-3-small 0.02, voyage-3.5 0.06; of gpt-4o-realtime-preview 5 (cached 2.50)
and 20, its audio 40 (cached 2.50) and 80.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

VECTOR = {"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}
SECRET = {"text": "tellnoone"}


def body(answer: Any) -> str:
    return json.dumps(answer, indent=1)


def lines(*answers: Any) -> str:
    return "".join(json.dumps(answer) + "\n" for answer in answers)


def events(*answers: Any, ends: str = "\n\n") -> str:
    return "".join(f"data: {json.dumps(answer)}{ends}" for answer in answers)


def named(*answers: Any) -> str:
    return "".join(f"event: {answer['type']}\ndata: {json.dumps(answer)}\n\n" for answer in answers)


def chunk(key: str, out: int | None = None) -> dict[str, Any]:
    usage = None if out is None else {"prompt_tokens": 1000, "completion_tokens": out, "total_tokens": 1000 + out}
    around = {"object": "chat.completion.chunk", "created": 1794000000, "model": "gpt-4o-2024-08-06"}
    return {"id": key, **around, "choices": [{"delta": {"content": "tellnoone"}}], "usage": usage}


def response(kind: str, usage: dict[str, int] | None) -> dict[str, Any]:
    held = {
        "id": "r",
        "object": "response",
        "created_at": 1794000000,
        "model": "gpt-4o",
        "status": kind,
        "usage": usage,
    }
    return {"type": f"response.{kind}", "sequence_number": 1, "response": held}


def message(key: str, **usage: Any) -> dict[str, Any]:
    held = {"id": key, "type": "message", "model": "claude-sonnet-4-5-20250929", "content": [], "usage": usage}
    return {"type": "message_start", "message": held}


def delta(**usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}


def gemini(out: int, **around: Any) -> dict[str, Any]:
    used = {"promptTokenCount": 1000, "candidatesTokenCount": out, "totalTokenCount": 1000 + out}
    return {"candidates": [SECRET], "usageMetadata": used, "modelVersion": "gemini-2.5-flash", **around}


TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", **SECRET}}
STOP = {"type": "message_stop"}
USED = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1650, "cacheReadInputTokens": 500}
CONVERSE = {"output": {"message": {"content": [SECRET]}}, "stopReason": "end_turn", "metrics": {"latencyMs": 500}}
ROUTED = {"promptRouter": {"invokedModelId": "arn:aws:bedrock:us-east-1:111122223333:inference-profile/none.of-ours"}}
REALTIME = {
    "total_tokens": 275,
    "input_tokens": 127,
    "output_tokens": 148,
    "input_token_details": {
        "cached_tokens": 64,
        "text_tokens": 119,
        "audio_tokens": 8,
        "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4},
    },
    "output_token_details": {"text_tokens": 36, "audio_tokens": 112},
}
HEARD = {"type": "tokens", "input_tokens": 14, "input_token_details": {"audio_tokens": 14}, "output_tokens": 45}
SESSION = {"type": "session.created", "session": {"id": "s", "model": "gpt-4o-realtime-preview"}}
# The file → endpoint, model, tokens in and out, cost of each call.
FILES: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "embeddings": (
        body({"object": "list", "data": [VECTOR], "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8000}}),
        [("embeddings", "text-embedding-3-small", 8000, None, 8000 * 0.02e-6)],
    ),
    "embeddings, on a line": (
        lines({"object": "list", "data": [VECTOR], "model": "voyage-3.5", "usage": {"total_tokens": 10}}),
        [("embeddings", "voyage-3.5", 10, None, 10 * 0.06e-6)],
    ),
    "ranked by Voyage": (
        body(
            {"object": "list", "data": [{"relevance_score": 0.4}], "model": "rerank-2", "usage": {"total_tokens": 26}}
        ),
        [("rerank", "rerank-2", 26, None, None)],
    ),
    "ranked by Jina": (
        body(
            {
                "model": "jina-reranker-v2",
                "object": "list",
                "usage": {"total_tokens": 815},
                "results": [{"relevance_score": 1}],
            }
        ),
        [("rerank", "jina-reranker-v2", 815, None, None)],
    ),
    "ranked by Cohere": (
        body(
            {"id": "c", "results": [{"index": 3, "relevance_score": 1}], "meta": {"billed_units": {"search_units": 1}}}
        ),
        [("rerank", "", None, None, None)],
    ),
    "Cohere's chat": (
        body(
            {
                "id": "c",
                "message": {"content": [SECRET]},
                "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 8}},
            }
        ),
        [("chat", "", 5, 8, None)],
    ),
    "Cohere's stream": (
        events(
            {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
            {"type": "content-delta", "delta": {"message": {"content": SECRET}}},
            {"type": "message-end", "delta": {"usage": {"billed_units": {"input_tokens": 5, "output_tokens": 8}}}},
        ),
        [("chat", "", 5, 8, None)],
    ),
    "images": (
        body(
            {"created": 1794000000, "data": [{"b64_json": "AA"}], "usage": {"input_tokens": 50, "output_tokens": 4160}}
        ),
        [("images", "", 50, 4160, None)],
    ),
    "images, as events": (
        named(
            {"type": "image_edit.partial_image", "b64_json": "AA"},
            {"type": "image_edit.completed", "b64_json": "AA", "usage": {"input_tokens": 50, "output_tokens": 60}},
        ),
        [("images", "", 50, 60, None)],
    ),
    "a transcription by tokens": (body({**SECRET, "usage": HEARD}), [("transcriptions", "", 14, 45, None)]),
    "a transcription by time": (
        body({**SECRET, "usage": {"type": "duration", "seconds": 9}}),
        [("transcriptions", "", None, None, None)],
    ),
    "a transcription, as events": (
        events(
            {"type": "transcript.text.delta", "delta": "tellnoone"}, {"type": "transcript.text.done", "usage": HEARD}
        ),
        [("transcriptions", "", 14, 45, None)],
    ),
    "Converse, cached tokens beside": (body({**CONVERSE, "usage": USED}), [("converse", "", 1500, 100, None)]),
    "Converse, behind a router": (
        body({**CONVERSE, "trace": ROUTED, "usage": USED}),
        [("converse", "none.of-ours", 1500, 100, None)],
    ),
    "ConverseStream": (
        lines(
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": SECRET}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": USED, "metrics": {"latencyMs": 500}}},
        ),
        [("converse", "", 1500, 100, None)],
    ),
    "Ollama's stream": (
        lines(
            {"model": "llama3.2", "created_at": "2026-11-07T10:00:00Z", "response": "tellnoone", "done": False},
            {
                "model": "llama3.2",
                "created_at": "2026-11-07T10:00:01Z",
                "done": True,
                "prompt_eval_count": 26,
                "eval_count": 9,
            },
        ),
        [("generate", "llama3.2", 26, 9, None)],
    ),
    "chunks": (
        ": OPENROUTER PROCESSING\n\n"
        + events(*[chunk("a")] * 60, chunk("a", 100), chunk("a", 9), chunk("a"))
        + "data: [DONE]\n\n",
        [("chat", "gpt-4o-2024-08-06", 1000, 100, 0.0035)],
    ),
    "chunks of two streams by turns, each with the count so far": (
        events(chunk("a", 10), chunk("b", 20), chunk("a", 100), chunk("b", 200), ends="\r\n\r\n"),
        [("chat", "gpt-4o-2024-08-06", 1000, 100, 0.0035), ("chat", "gpt-4o-2024-08-06", 1000, 200, 0.0045)],
    ),
    # As genai-prices lists it for Groq: 0.59 and 0.79.
    "Groq's chunks": (
        events(
            {**chunk("a"), "model": "llama-3.3-70b-versatile"},
            {
                **chunk("a"),
                "model": "llama-3.3-70b-versatile",
                "x_groq": {"usage": {"prompt_tokens": 1000, "completion_tokens": 100}},
            },
        ),
        [("chat", "llama-3.3-70b-versatile", 1000, 100, 1000 * 0.59e-6 + 100 * 0.79e-6)],
    ),
    "Cohere's older stream": (
        lines(
            {"event_type": "stream-start", "generation_id": "c"},
            {"event_type": "text-generation", "text": "tellnoone"},
            {
                "event_type": "stream-end",
                "response": {
                    **SECRET,
                    "generation_id": "c",
                    "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 8}},
                },
            },
        ),
        [("", "", 5, 8, None)],
    ),
    "a transcription of Mistral's": (
        body({**SECRET, "model": "voxtral-none-of-ours", "usage": {"prompt_audio_seconds": 203, "prompt_tokens": 4}}),
        [("transcriptions", "voxtral-none-of-ours", 4, None, None)],
    ),
    "Azure's chunks, the first of which is about the filter": (
        events({"choices": [], "created": 0, "id": "", "model": "", "object": ""}, chunk("a"), chunk("a", 100)),
        [("chat", "gpt-4o-2024-08-06", 1000, 100, 0.0035)],
    ),
    "chunks without usage": (events(chunk("a"), chunk("a")), [("chat", "gpt-4o-2024-08-06", None, None, None)]),
    "a response's events": (
        named(
            response("created", None),
            {"type": "response.output_text.delta", "delta": "tellnoone"},
            response("completed", {"input_tokens": 1000, "output_tokens": 100}),
        ),
        [("responses", "gpt-4o", 1000, 100, 0.0035)],
    ),
    "a response that was cut off": (named(response("created", None)), [("responses", "gpt-4o", None, None, None)]),
    # 1000 * 3 + 400 * 6 + 100 * 15, then one with all that its last event says: 900 * 3 + 500 * 0.30 + 200 * 15.
    "messages": (
        named(
            message(
                "m",
                input_tokens=1000,
                cache_creation_input_tokens=400,
                output_tokens=1,
                cache_creation={"ephemeral_1h_input_tokens": 400},
            ),
            TEXT,
            delta(output_tokens=100),
            STOP,
            message("n", input_tokens=0, output_tokens=0),
            {"type": "ping"},
            delta(input_tokens=900, cache_read_input_tokens=500, output_tokens=200),
            STOP,
        ),
        [
            ("messages", "claude-sonnet-4-5-20250929", 1400, 100, 0.0069),
            ("messages", "claude-sonnet-4-5-20250929", 1400, 200, 0.00585),
        ],
    ),
    "messages, an event a line, the first cut off": (
        lines(
            message("m", input_tokens=1000, output_tokens=1),
            TEXT,
            message("n", input_tokens=1000),
            delta(output_tokens=9),
        ),
        [
            ("messages", "claude-sonnet-4-5-20250929", 1000, 1, 0.003015),
            ("messages", "claude-sonnet-4-5-20250929", 1000, 9, 0.003135),
        ],
    ),
    "a message without its begin": (events(delta(output_tokens=100)), [("messages", "", None, 100, None)]),
    "Gemini's events": (
        events(gemini(40, responseId="g"), gemini(100, responseId="g")),
        [("generate_content", "gemini-2.5-flash", 1000, 100, 0.00055)],
    ),
    "Gemini, without a model": (
        body({**gemini(100), "modelVersion": None}),
        [("generate_content", "", 1000, 100, None)],
    ),
    # Text: 59 new and 60 cached in, 36 out; audio: 4 and 4 in, 112 out.
    # By the request beside it: Bedrock's Sonnet 4.5 in a region 3.30, cached 0.33, and 16.50.
    "Converse, beside its request": (
        lines(
            {
                "ts": "2026-11-07T10:00:00Z",
                "request": {"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "messages": [SECRET]},
                "response": {**CONVERSE, "usage": USED},
            }
        ),
        [("converse", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1500, 100, 0.005115)],
    ),
    # 10 of text at 5, 40 of images at 10, and 1000 out at 40.
    "images, beside their request": (
        lines(
            {
                "request": {"url": "https://api.openai.com", "body": {"model": "gpt-image-1", "prompt": "tellnoone"}},
                "response": {
                    "status": 200,
                    "body": {
                        "created": 1794000000,
                        "data": [{"b64_json": "AA"}],
                        "usage": {
                            "input_tokens": 50,
                            "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                            "output_tokens": 1000,
                        },
                    },
                },
            }
        ),
        [("images", "gpt-image-1", 50, 1000, 0.04045)],
    ),
    "Gemini, beside its request, is no batch": (
        lines({"request": {"contents": [SECRET]}, "response": gemini(100)}),
        [("generate_content", "gemini-2.5-flash", 1000, 100, 0.00055)],
    ),
    "Gemini, a line of a batch": (
        lines(
            {
                "status": "",
                "processed_time": "2026-11-07T10:00:00Z",
                "request": {"contents": [SECRET]},
                "response": gemini(100),
            }
        ),
        [("generate_content", "gemini-2.5-flash", 1000, 100, 0.000275)],
    ),
    "a realtime session": (
        lines(
            SESSION,
            {"type": "response.done", "response": {"id": "r", "object": "realtime.response", "usage": REALTIME}},
        ),
        [
            (
                "realtime",
                "gpt-4o-realtime-preview",
                127,
                148,
                59 * 5e-6 + 64 * 2.5e-6 + 4 * 40e-6 + 36 * 20e-6 + 112 * 80e-6,
            )
        ],
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_an_answer_counts(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    text, expected = FILES[name]
    (tmp_path / "answer.txt").write_text(text, "utf-8")
    db.ingest(tmp_path / "answer.txt")
    found = db.sql("select endpoint, model, input_tokens, output_tokens, estimated_cost from calls order by source_key")
    assert found == [(*row[:4], pytest.approx(row[4]) if row[4] else None) for row in expected]
    assert db.one("select count(*) from calls where cost is not null") == 0
    assert b"tellnoone" not in db.path.read_bytes()


def test_large_vectors_are_one_answer(db: ReportDatabase, tmp_path: Path) -> None:
    """Their usage stands behind more than is read at once."""
    vectors = [{**VECTOR, "embedding": "x" * 1_500_000} for _ in range(6)]
    answer = {"object": "list", "data": vectors, "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8000}}
    (tmp_path / "answer.json").write_text(json.dumps(answer), "utf-8")
    db.ingest(tmp_path / "answer.json")
    assert db.sql("select calls, input_tokens from calls") == [(1, 8000)]


def test_answers_without_ids_in_a_folder(db: ReportDatabase, tmp_path: Path) -> None:
    """A file each, some of them alike; and one more the next day."""
    answer = {"object": "list", "data": [VECTOR], "model": "voyage-3.5", "usage": {"total_tokens": 10}}
    folder = tmp_path / "answers"
    folder.mkdir()
    for name in ("a.json", "b.json", "c.json"):
        (folder / name).write_text(body(answer), "utf-8")
    db.ingest(folder)
    (folder / "aa.json").write_text(body({**answer, "usage": {"total_tokens": 7}}), "utf-8")
    db.ingest(folder)
    assert db.sql("select count(*), sum(input_tokens) from calls where gone_at is null") == [(4, 37)]


def test_a_broken_event_is_listed(db: ReportDatabase, tmp_path: Path) -> None:
    text = events(chunk("a", 100)) + 'data: {"id": \n\ndata: 7\n\n'
    (tmp_path / "answer.txt").write_text(text, "utf-8")
    db.ingest(tmp_path / "answer.txt")
    reasons = [("the event is broken JSON",), ("the event is no JSON object",)]
    assert db.sql("select reason from rejects order by id") == reasons


def test_a_part_of_a_token_is_no_number(db: ReportDatabase, tmp_path: Path) -> None:
    usage = {"prompt_tokens": 1000.0, "completion_tokens": 1.5}
    (tmp_path / "answer.json").write_text(json.dumps({**chunk("a"), "usage": usage}), "utf-8")
    db.ingest(tmp_path / "answer.json")
    assert db.sql("select input_tokens, output_tokens from calls") == [(1000, None)]
    assert db.sql("select reason from rejects") == [("output_tokens is not a number",)]
