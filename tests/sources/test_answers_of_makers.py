"""Answers of other makers as they came: what each counts in words of its own, priced by hand.

Dollars for a million tokens in and out: Grok 4 3 and 15; Sonar Deep Research 2 and 8, its reasoning 3, its citations 2;
Gemini 2.5 Flash 0.30 (audio 1, cached 0.03 and 0.10) and 2.50; GPT-4o 2.50 and 10.
"""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from helpers.report_database import ReportDatabase

USED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
CITED: dict[str, Any] = {"citation_tokens": 500, "num_search_queries": 3, "reasoning_tokens": 700}
THOUGHT = {"completion_tokens_details": {"reasoning_tokens": 50}}


def chat(model: str, around: dict[str, Any] | None = None, **usage: Any) -> dict[str, Any]:
    said = {"id": "c", "object": "chat.completion", "created": 1794000000, "model": model, "choices": []}
    return {**said, **(around or {}), "usage": {**USED, **usage}}


def gemini(around: dict[str, Any] | None = None, **usage: Any) -> dict[str, Any]:
    counts = {"promptTokenCount": 1000, "candidatesTokenCount": 100, **usage}
    said = {"responseId": "r", "modelVersion": "gemini-2.5-flash", "createTime": "2026-11-10T10:00:00Z"}
    return {**said, "candidates": [{"finishReason": "STOP"}], **(around or {}), "usageMetadata": counts}


def modes(name: str, **counts: int) -> dict[str, Any]:
    return {name: [{"modality": kind.upper(), "tokenCount": count} for kind, count in counts.items()]}


def listed(provider: str, model: str, **used: int) -> float:
    """The price of genai-prices."""
    used |= {"input_tokens": 1000, "output_tokens": 100}
    when = datetime.fromtimestamp(1794000000, timezone.utc)
    price = calc_price(Usage(**used), model, provider_id=provider, genai_request_timestamp=when)
    return float(price.total_price)


def searched(*queries: str) -> dict[str, Any]:
    return {"candidates": [{"finishReason": "STOP", "groundingMetadata": {"webSearchQueries": list(queries)}}]}


CALLS = [{"type": "web_search_call", "action": {"type": kind}} for kind in ("search", "search", "open_page")]
RESPONSE = {
    "id": "r",
    "object": "response",
    "created_at": 1794000000,
    "model": "gpt-4o",
    "output": [*CALLS, {"type": "file_search_call"}, {"type": "message"}],
    "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
}

CACHED = {"prompt_tokens_details": {"cached_tokens": 400}}
ANSWERS: dict[str, tuple[dict[str, Any], float | None]] = {
    # Of GPT-4o, half price from the cache: beside the input by the total, within it, and beside a smaller input.
    "cached tokens beside, by the total": (chat("gpt-4o", total_tokens=1500, **CACHED), 0.004),
    "cached tokens within": (chat("gpt-4o", **CACHED), 0.003),
    "more cached tokens than input": (chat("gpt-4o", prompt_tokens=100, total_tokens=200, **CACHED), 0.00175),
    "xai: reasoning beside, by the total": (
        chat("grok-4-0709", completion_tokens=600, total_tokens=1650, **THOUGHT),
        1000 * 3e-6 + 650 * 15e-6,
    ),
    "xai: reasoning within": (chat("grok-4-0709", **THOUGHT), 1000 * 3e-6 + 100 * 15e-6),
    "xai: without a total": (
        chat("grok-4-0709", total_tokens=None, cached_prompt_text_tokens=400, **THOUGHT),
        600 * 3e-6 + 400 * 0.75e-6 + 150 * 15e-6,
    ),
    "xai: its own cost": (chat("grok-4-0709", cost_in_usd_ticks=37_756_000, num_sources_used=2), 0.0037756),
    "xai: sources have no price": (chat("grok-4-0709", num_sources_used=2), None),
    "perplexity: its own cost": (chat("sonar-pro", cost={"request_cost": 0.006, "total_cost": 0.0105}), 0.0105),
    "deepinfra: its own cost": (chat("deepseek-ai/DeepSeek-V3", estimated_cost=0.00042), 0.00042),
    "perplexity: without": (
        chat("sonar-deep-research", **CITED),
        1000 * 2e-6 + 100 * 8e-6 + 700 * 3e-6 + 500 * 2e-6 + 3 * 0.005,
    ),
    "groq": (
        chat("llama-3.3-70b-versatile", {"x_groq": {"id": "req"}, "service_tier": "on_demand"}),
        listed("groq", "llama-3.3-70b-versatile"),
    ),
    "cerebras": (chat("gemma-4-31b", {"time_info": {"total_time": 0.5}}), listed("cerebras", "gemma-4-31b")),
    "openrouter: without a cost": (
        chat("01-ai/yi-large", {"provider": "Fireworks"}),
        listed("openrouter", "01-ai/yi-large"),
    ),
    "a distilled model of Groq's": (
        chat("deepseek-r1-distill-llama-70b", {"x_groq": {}}),
        listed("groq", "deepseek-r1-distill-llama-70b"),
    ),
    "a distilled model of whoever's": (chat("deepseek-r1-distill-llama-70b"), None),
    "a distilled model, as a gateway names it": (chat("deepseek/deepseek-r1-distill-qwen-32b"), None),
    "deepseek": (
        chat("deepseek-chat", prompt_cache_hit_tokens=600, prompt_cache_miss_tokens=400),
        listed("deepseek", "deepseek-chat", cache_read_tokens=600),
    ),
    "deepseek: OpenAI's name has 0": (
        chat("deepseek-chat", prompt_cache_hit_tokens=600, prompt_tokens_details={"cached_tokens": 0}),
        listed("deepseek", "deepseek-chat", cache_read_tokens=600),
    ),
    "moonshot": (
        chat("kimi-k2-0905-preview", cached_tokens=600),
        listed("moonshotai", "kimi-k2-0905-preview", cache_read_tokens=600),
    ),
    "openai: searches of a response": (RESPONSE, 1000 * 2.5e-6 + 100 * 10e-6 + 2 * 0.01 + 0.0025),
    "openai: the end of a stream": (
        {"type": "response.completed", "sequence_number": 9, "response": {**RESPONSE, "output": []}},
        0.0035,
    ),
    "gemini: images, documents": (gemini(**modes("promptTokensDetails", text=400, image=300, document=300)), 0.00055),
    "gemini: video": (gemini(**modes("promptTokensDetails", text=400, video=600)), 0.00055),
    # 400 text, 100 new and 500 cached of audio.
    "gemini: cached audio": (
        gemini(
            cachedContentTokenCount=500,
            **modes("promptTokensDetails", text=400, audio=600),
            **modes("cacheTokensDetails", audio=500),
        ),
        400 * 0.3e-6 + 100 * 1e-6 + 500 * 0.1e-6 + 100 * 2.5e-6,
    ),
    # A prompt that was grounded has one fee, until Gemini 3 asks one for each search.
    "gemini: grounded": (gemini(searched("a", "b")), 0.00055 + 0.035),
    "gemini: not grounded": (gemini(searched()), 0.00055),
    "gemini: provisioned": (gemini(trafficType="PROVISIONED_THROUGHPUT"), None),
    "gemini: a tier without a price": (gemini(trafficType="ON_DEMAND_FLEX"), None),
}


def costs(db: ReportDatabase, path: Path, *records: Any) -> list[float | None]:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    db.ingest(path)
    return [cost for (cost,) in db.sql("select coalesce(cost, estimated_cost) from calls order by source_key")]


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_makers_count_in_their_own_words(db: ReportDatabase, tmp_path: Path, answer: str) -> None:
    record, cost = ANSWERS[answer]
    assert costs(db, tmp_path / "answers.jsonl", record) == [cost if cost is None else pytest.approx(cost, abs=1e-12)]


@pytest.mark.parametrize("kind", [float, str])
@pytest.mark.parametrize(
    "answer", [name for name in ANSWERS if name.startswith(("cached", "xai: r", "gemini: cached"))]
)
def test_counts_of_data_frames_and_as_texts(
    db: ReportDatabase, tmp_path: Path, answer: str, kind: type[float | str]
) -> None:
    def written(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: written(held) for name, held in value.items()}
        return (
            [written(held) for held in value]
            if isinstance(value, list)
            else kind(value)
            if isinstance(value, int)
            else value
        )

    record, cost = ANSWERS[answer]
    usage = {name: written(record[name]) for name in ("usage", "usageMetadata") if name in record}
    assert costs(db, tmp_path / "answers.jsonl", {**record, **usage}) == [pytest.approx(cost, abs=1e-12)]


def test_a_stream_without_ids_is_its_last_part(db: ReportDatabase, tmp_path: Path) -> None:
    """Two streams and one that was cut off: 150, 100 and 40 tokens out at 2.50, 1000, 1000 and 2000 in at 0.30."""

    def part(count: int, end: str | None = None, prompt: int = 1000) -> dict[str, Any]:
        around = {"responseId": None, "candidates": [{"finishReason": end}]}
        return gemini(around, candidatesTokenCount=count, promptTokenCount=prompt)

    parts = [part(50), part(120), part(150, "STOP"), part(100, "STOP"), part(20, prompt=2000), part(40, prompt=2000)]
    found = costs(db, tmp_path / "stream.jsonl", *parts)
    assert found == [pytest.approx(cost) for cost in (0.000675, 0.00055, 0.0007)]


def test_servers_that_count_their_answers_or_give_them_one_id(db: ReportDatabase, tmp_path: Path) -> None:
    """Answers of several times are several, whatever they are called; the same answer twice is one."""
    answers = [chat("gpt-4o", {"id": "chatcmpl-1", "created": 1794000000 + second}) for second in (0, 60, 60, 120)]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")
    db.ingest(path)
    assert db.one("select count(*) from calls") == 3
