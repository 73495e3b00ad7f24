"""Spans as other instrumentations, exporters and collectors write them: each amount is found, none counts twice.

A call is one of GPT-4o with 100,000 tokens in and 1,000 out: 0.25 + 0.01 dollars, and half of the 2.50 a million for
what was read from the cache.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.platforms import with_new_prices
from helpers.report_database import ReportDatabase

CHAT: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.provider.name": "openai",
    "gen_ai.usage.input_tokens": 100_000,
    "gen_ai.usage.output_tokens": 1_000,
}
AGENT: dict[str, Any] = {**CHAT, "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Writer"}


def span(number: int, attributes: dict[str, Any], parent: int | None = None) -> dict[str, Any]:
    def value(held: Any) -> dict[str, Any]:
        if isinstance(held, int):
            return {"intValue": str(held)}
        return {"doubleValue": held} if isinstance(held, float) else {"stringValue": held}

    return {
        "traceId": "ab" * 16,
        "spanId": f"{number:016}",
        **({} if parent is None else {"parentSpanId": f"{parent:016}"}),
        "startTimeUnixNano": "1794000000000000000",
        "endTimeUnixNano": "1794000001000000000",
        "status": {},
        "attributes": [{"key": name, "value": value(held)} for name, held in attributes.items()],
    }


def export(path: Path, *spans: dict[str, Any], scopes: str = "scopeSpans") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"resourceSpans": [{scopes: [{"spans": list(spans)}]}]}) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("gen_ai.cost.usd", 0.01, (0.01, "USD")),
        # Sentry's name; these are no tokens.
        ("gen_ai.cost.total_tokens", 0.01, (0.01, "USD")),
        ("gen_ai.usage.cost_details.total", 0.01, (0.01, "USD")),
        ("gen_ai.usage.estimated_cost", 0.01, (0.01, "USD")),
        ("gen_ai.response.cost_usd", "0.01", (0.01, "USD")),
        ("gen_ai.cost.eur", 0.01, (0.01, "EUR")),
        ("llm.usage.cost_usd", 0.01, (0.01, "USD")),
        ("openrouter.cost", 0.01, (0.01, "USD")),
        ("total_cost", 0.01, (0.01, "USD")),
        ("langfuse.observation.cost_details", '{"input": 0.004, "output": 0.006, "total": 0.01}', (0.01, "USD")),
        ("langfuse.observation.cost_details", '{"input": 0.25, "output": 0.5}', (0.75, "USD")),
        # A part of the cost, a limit, an unknown unit, something else that costs.
        ("gen_ai.usage.input_cost", 0.01, (None, "")),
        ("gen_ai.request.max_cost", 0.01, (None, "")),
        ("gen_ai.cost.abc", 0.01, (None, "")),
        ("shipping.cost", 0.01, (None, "")),
        ("cost", 0.01, (None, "")),
        ("langfuse.observation.cost_details", "{broken", (None, "")),
    ],
)
def test_costs_by_names_of_any_instrumentation(
    db: ReportDatabase, tmp_path: Path, name: str, value: Any, expected: tuple[float | None, str]
) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, "gen_ai.request.model": "my-own", name: value})))
    assert db.sql("select cost, currency from calls") == [expected]


@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.cached_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cached_tokens",
        "gen_ai.usage.prompt_tokens_details.cached_tokens",
        "gen_ai.usage.prompt_tokens_details.cache_read",
        "gen_ai.usage.input_token_details.cache_read",
    ],
)
def test_cached_tokens_by_any_name(db: ReportDatabase, tmp_path: Path, name: str) -> None:
    # Half of the input at half of its price: 0.125 + 0.0625 + 0.01.
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, name: 50_000})))
    assert db.sql("select cache_read_tokens, round(estimated_cost, 9) from calls") == [(50_000, 0.1975)]


# As Semantic Kernel and Microsoft.Extensions.AI wrote them until 2025.
KERNEL: dict[str, Any] = {name: held for name, held in CHAT.items() if "usage" not in name}
EXTENSIONS = {**KERNEL, "gen_ai.response.input_tokens": 100_000, "gen_ai.response.output_tokens": 1_000}
KERNEL |= {
    "gen_ai.operation.name": "chat.completions",
    "gen_ai.response.prompt_tokens": 100_000,
    "gen_ai.response.completion_tokens": 1_000,
}
# As LangSmith's exporter does: 60,000 of the input are cached, at half of their price.
SMITH = {
    "gen_ai.usage.input_token_details": "{'cache_read': 60000, 'cache_creation': 0}",
    "gen_ai.usage.output_token_details": "{'reasoning': 400}",
}
# Google's ADK until version 2.2 says reasoning beside the output, and only at the span around that of the request.
# Gemini 2.5 Flash: 0.30 and 2.50 dollars a million, 0.03 + 0.0025 + 0.01.
INNER = {**CHAT, "gen_ai.operation.name": "generate_content", "gen_ai.request.model": "gemini-2.5-flash"}
INNER |= {"gen_ai.provider.name": "gemini"}
OUTER = {name: held for name, held in INNER.items() if name != "gen_ai.operation.name"}
OUTER |= {"gen_ai.provider.name": "gcp.vertex.agent", "gen_ai.usage.experimental.reasoning_tokens": 4_000}


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([span(1, KERNEL)], ("chat.completions", 1_000, None, 0.26)),
        ([span(1, EXTENSIONS)], ("chat", 1_000, None, 0.26)),
        ([span(1, {**CHAT, **SMITH})], ("chat", 1_000, 400, 0.185)),
        ([span(1, {**CHAT, "gen_ai.usage.input_token_details": "{'cache_read': f()}"})], ("chat", 1_000, None, 0.26)),
        ([span(1, OUTER)], ("", 5_000, 4_000, 0.0425)),
        ([span(2, INNER, parent=1), span(1, OUTER)], ("generate_content", 5_000, 4_000, 0.0425)),
        # Another prompt is that of another request.
        (
            [span(2, {**INNER, "gen_ai.usage.input_tokens": 10_000}, parent=1), span(1, OUTER)],
            ("generate_content", 1_000, None, 0.0055),
        ),
        ([span(1, {**OUTER, "gen_ai.usage.experimental.reasoning_tokens": "many"})], ("", 1_000, None, 0.0325)),
    ],
)
def test_tokens_in_words_of_frameworks(
    db: ReportDatabase, tmp_path: Path, spans: list[dict[str, Any]], expected: tuple[Any, ...]
) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", *spans))
    assert db.sql("select endpoint, output_tokens, reasoning_tokens, round(estimated_cost, 9) from calls") == [expected]


OPENAI = {"prompt_tokens": 100_000, "completion_tokens": 1_000, "prompt_tokens_details": {"cached_tokens": 40_000}}
# With 100,000 in, 40,000 of them cached (half price), 1,000 out: 0.15 + 0.05 + 0.01.
OF_LANGFUSE: list[tuple[dict[str, Any], float]] = [
    ({"input": 60_000, "input_cached_tokens": 40_000, "output": 400, "output_reasoning": 600, "total": 101_000}, 0.21),
    (OPENAI, 0.21),
    ({"input_tokens": 60_000, "cache_read_input_tokens": 40_000, "output_tokens": 1_000}, 0.21),
    ({"input": 100_000, "output": 1_000}, 0.26),
]


@pytest.mark.parametrize(("usage", "cost"), OF_LANGFUSE)
def test_observations_of_langfuse_s_sdk(db: ReportDatabase, tmp_path: Path, usage: dict[str, Any], cost: float) -> None:
    names = {"langfuse.observation.model.name": "gpt-4o", "langfuse.observation.type": "generation"}
    db.ingest(
        export(tmp_path / "spans.jsonl", span(1, {**names, "langfuse.observation.usage_details": json.dumps(usage)}))
    )
    assert db.sql("select model, input_tokens, output_tokens, estimated_cost from calls") == [
        ("gpt-4o", 100_000, 1_000, pytest.approx(cost))
    ]


@pytest.mark.parametrize(("code", "status"), [("0", "completed"), ("1", "completed"), ("2", "failed"), (2, "failed")])
def test_codes_of_a_status_as_texts(db: ReportDatabase, tmp_path: Path, code: Any, status: str) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", {**span(1, CHAT), "status": {"code": code}}))
    assert db.sql("select status from calls") == [(status,)]


def test_openinference_without_a_kind(db: ReportDatabase, tmp_path: Path) -> None:
    said = {"llm.model_name": "gpt-4o", "llm.token_count.prompt": 100_000, "llm.token_count.completion": 1_000}
    db.ingest(export(tmp_path / "spans.jsonl", span(1, said)))
    assert db.sql("select model, estimated_cost from calls") == [("gpt-4o", pytest.approx(0.26))]


@pytest.mark.parametrize("value", ["$0.01", "NaN", "free", 1e13])
def test_a_cost_that_cannot_be_read_takes_no_tokens_away(db: ReportDatabase, tmp_path: Path, value: Any) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, "gen_ai.usage.cost": value})))
    assert db.sql("select input_tokens, cost, round(estimated_cost, 9) from calls") == [(100_000, None, 0.26)]
    assert db.sql("select severity, reason from rejects") == [("warning", "cost is not a number")]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
@pytest.mark.parametrize("is_appended", [True, False])
def test_a_trace_in_two_files_counts_once(
    db: ReportDatabase, tmp_path: Path, order: tuple[str, str], is_appended: bool
) -> None:
    """An exporter writes what has ended: the file of the agent may be another one than that of its call."""
    child = export(tmp_path / "spans" / f"{order[0]}.jsonl", span(2, CHAT, parent=1))
    parent = export(tmp_path / "spans" / f"{order[1]}.jsonl", span(1, AGENT))
    for path in sorted((child, parent)) if is_appended else [tmp_path / "spans"]:
        db.ingest(path, name="spans", append=is_appended)
    assert db.sql("select endpoint, round(estimated_cost, 9) from calls") == [("chat", 0.26)]
    assert db.one("select count(*) from step_runs") == 2
    # Read again, they are as they were.
    db.ingest(tmp_path / "spans", name="spans", full=True)
    assert db.sql("select endpoint, round(estimated_cost, 9) from calls") == [("chat", 0.26)]


def test_bedrock_by_its_oldest_name(db: ReportDatabase, tmp_path: Path) -> None:
    # Bedrock counts 4,000 cached tokens beside 5,000 others: 5,000 at 1.10, 4,000 at 0.11, 40 at 5.50 a million.
    model = {"gen_ai.request.model": "us.anthropic.claude-haiku-4-5-20251001-v1:0", "gen_ai.provider.name": "AWS"}
    usage = {"gen_ai.usage.input_tokens": 5_000, "gen_ai.usage.output_tokens": 40}
    cached = {"gen_ai.usage.cache_read_input_tokens": 4_000}
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, **model, **usage, **cached})))
    assert db.sql("select input_tokens, round(estimated_cost, 9) from calls") == [(9_000, 0.00616)]


def test_spans_of_an_old_collector(db: ReportDatabase, tmp_path: Path) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", span(1, CHAT), scopes="instrumentationLibrarySpans"))
    assert db.sql("select round(estimated_cost, 9) from calls") == [(0.26,)]


# As version 2.1.266 exports it: what came from the cache and was written to it is beside the input.
CLAUDE: dict[str, Any] = {
    "span.type": "llm_request",
    "llm_request.context": "interaction",
    "model": "claude-opus-5",
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-opus-5",
    "input_tokens": 100_000,
    "output_tokens": 1_200,
    "cache_read_tokens": 80_000,
    "cache_creation_tokens": 8_000,
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        # 5 dollars a million in, 0.50 from the cache, 6.25 into it, 25 out: 0.5 + 0.04 + 0.05 + 0.03.
        ({}, ("claude-opus-5", "completed", 188_000, 0.62)),
        ({"speed": "normal"}, ("claude-opus-5", "completed", 188_000, 0.62)),
        pytest.param({"speed": "fast"}, ("claude-opus-5", "completed", 188_000, 1.24), marks=with_new_prices),
        # Amazon's price of a region is a tenth higher: 3.30 a million in, 0.33, 4.125, 16.50.
        (
            {"model": "us.anthropic.claude-sonnet-4-6"},
            ("us.anthropic.claude-sonnet-4-6", "completed", 188_000, 0.33 + 0.0264 + 0.033 + 0.0198),
        ),
        ({"status_code": 529}, ("claude-opus-5", "failed", 188_000, 0.62)),
    ],
)
def test_requests_of_claude_code(
    db: ReportDatabase, tmp_path: Path, more: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """Also below the span of a tool, as a sub-agent's are."""
    tool = {"span.type": "tool", "gen_ai.tool.call.id": "toolu_1"}
    db.ingest(export(tmp_path / "spans.json", span(2, tool), span(3, {**CLAUDE, **more}, 2)))
    (found,) = db.sql("select model, status, input_tokens, round(estimated_cost, 9) from calls")
    assert found == (*expected[:3], pytest.approx(expected[3]))


def test_such_words_of_other_spans_say_nothing(db: ReportDatabase, tmp_path: Path) -> None:
    """But for the request of Claude Code, `input_tokens` is anybody's word."""
    db.ingest(export(tmp_path / "spans.json", span(2, {**CHAT, "input_tokens": 5, "model": "x", "speed": "fast"})))
    assert db.sql("select model, input_tokens, tier from calls") == [("gpt-4o", 100_000, "")]


@pytest.mark.parametrize(
    ("model", "used", "cost"),
    [
        # Text at 2.50 and 10 dollars a million, sound at 32 and 64.
        ("gpt-audio", {"audio.input": 900, "audio.output": 90}, (100 * 2.5 + 900 * 32 + 10 * 10 + 90 * 64) / 1e6),
        # Text at 4 and 16, sound at 32 and 64 (cached at 0.40), images at 5 (cached at 0.50).
        (
            "gpt-realtime",
            {
                "text.input": 300,
                "audio.input": 500,
                "image.input": 200,
                "cache_read.input": 150,
                "audio.cache_read.input": 100,
                "image.cache_read.input": 50,
            },
            (300 * 4 + 400 * 32 + 100 * 0.4 + 150 * 5 + 50 * 0.5 + 100 * 16) / 1e6,
        ),
        # All that it writes are images, at 40.
        ("gpt-image-1", {"image.input": 0, "image.output": 100}, (1000 * 5 + 100 * 40) / 1e6),
        # Video at 3, text at 0.50 and 2.
        pytest.param(
            "gemini-live-2.5-flash",
            {"video.input": 400},
            (600 * 0.5 + 400 * 3 + 100 * 2) / 1e6,
            marks=with_new_prices,
        ),
    ],
)
def test_tokens_by_modality(db: ReportDatabase, tmp_path: Path, model: str, used: dict[str, int], cost: float) -> None:
    """The conventions' names since August 2026; each is within the input or output."""
    said = {f"gen_ai.usage.{name}_tokens": count for name, count in used.items()}
    whole = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
    provider = "gcp.gemini" if model.startswith("gemini") else "openai"
    named = {"gen_ai.request.model": model, "gen_ai.provider.name": provider}
    db.ingest(export(tmp_path / "spans.json", span(2, {**CHAT, **whole, **named, **said})))
    assert db.one("select estimated_cost from calls") == pytest.approx(cost)


def test_vercel_s_cache_writes(db: ReportDatabase, tmp_path: Path) -> None:
    """Haiku 4.5: 1 dollar a million in, 5 out, 0.10 from the cache, 1.25 to it: 1,000, 80,000, 19,000 and 1,000."""
    names = ("cacheReadTokens", "cacheWriteTokens", "noCacheTokens")
    details = dict(zip((f"ai.usage.inputTokenDetails.{name}" for name in names), (80_000, 19_000, 1_000), strict=True))
    model = {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-haiku-4-5"}
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, **model, **details})))
    assert db.one("select round(estimated_cost, 9) from calls") == 0.03775


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # Version 4 has both counts, beside its input of 1,000.
        ({"cacheReadInputTokens": 500, "cacheCreationInputTokens": 400}, 1_900),
        ({"cacheReadInputTokens": 500, "cacheCreationInputTokens": None}, 1_500),
        ({"cacheReadInputTokens": None, "cacheCreationInputTokens": None}, 1_000),
        # Version 5 has one of them, and what Anthropic said: the input is theirs, whatever is passed on with it.
        ({"cacheCreationInputTokens": 400}, 1_000),
        (
            {
                "cacheReadInputTokens": 500,
                "cacheCreationInputTokens": 400,
                "usage": {"input_tokens": 100, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 400},
            },
            1_000,
        ),
    ],
)
def test_anthropic_s_cached_tokens_in_vercel_s_version_4(
    db: ReportDatabase, tmp_path: Path, said: dict[str, Any], expected: int
) -> None:
    """Haiku 4.5: 1 dollar a million in, 5 out, 0.10 from the cache, 1.25 to it."""
    model = {"gen_ai.provider.name": "anthropic.messages", "gen_ai.request.model": "claude-haiku-4-5"}
    used = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 100}
    passed_on = {"ai.response.providerMetadata": json.dumps({"anthropic": said})}
    db.ingest(export(tmp_path / "spans.jsonl", span(1, {**CHAT, **model, **used, **passed_on})))
    read, written = (said.get(name) or 0 for name in ("cacheReadInputTokens", "cacheCreationInputTokens"))
    cost = (expected - read - written + 0.1 * read + 1.25 * written + 5 * 100) / 1e6
    assert db.sql("select input_tokens, estimated_cost from calls") == [(expected, pytest.approx(cost))]
