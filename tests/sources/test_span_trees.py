"""Spans of generative AI: usage counts once, at the deepest span that has it, whoever instrumented the call."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.report_database import ReportDatabase

from storyreport.errors import StoryreportError

TRACE = "ab" * 16


def value(held: Any) -> dict[str, Any]:
    """A value as OTLP wraps it; whole numbers are text."""
    if isinstance(held, int):
        return {"intValue": str(held)}
    return {"doubleValue": held} if isinstance(held, float) else {"stringValue": held}


def span(number: int, parent: int | None = None, status: int = 0, trace: str = TRACE, **named: Any) -> dict[str, Any]:
    """A span with attributes; `__` in their names stands for a dot, and `gen_ai.` is left out."""
    attributes = {name.replace("__", "."): held for name, held in named.items()}
    attributes = {
        name if name.startswith(("llm", "operation", "litellm", "http", "traceloop", "ai.")) else f"gen_ai.{name}": held
        for name, held in attributes.items()
    }
    return {
        "traceId": trace,
        "spanId": f"{number:016}",
        **({} if parent is None else {"parentSpanId": f"{parent:016}"}),
        "startTimeUnixNano": str(1_794_000_000_000_000_000 + number * 1_000_000_000),
        "endTimeUnixNano": str(1_794_000_000_500_000_000 + number * 1_000_000_000),
        "status": {"code": status},
        "attributes": [{"key": name, "value": value(held)} for name, held in attributes.items()],
    }


def chat(number: int, parent: int | None = None, **named: Any) -> dict[str, Any]:
    """A call of GPT-4o with a thousand tokens in and a hundred out, which costs 0.0025 + 0.001 dollars."""
    named = {"usage__input_tokens": 1000, "usage__output_tokens": 100, **named}
    what = {"operation__name": "chat", "request__model": "gpt-4o", "provider__name": "openai"}
    return span(number, parent, **{**what, **named})


def agent(number: int, parent: int | None = None, name: str = "invoke_agent", **named: Any) -> dict[str, Any]:
    return span(number, parent, **{"operation__name": name, "agent__name": "W", **named})


TOTAL: dict[str, Any] = {"usage__input_tokens": 2000, "usage__output_tokens": 200}


def export(path: Path, *spans: dict[str, Any], scope: str = "x") -> Path:
    """One span a line, as an exporter writes what has ended: children before their parents."""
    lines = ({"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": [one]}]}]} for one in spans)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.mark.parametrize(
    ("spans", "counted"),
    [
        # An agent repeats the sum of its calls.
        ([chat(2, 1), chat(3, 1), agent(1, **TOTAL)], [2, 3]),
        # Between them is a span that nobody else reads.
        ([chat(3, 2), span(2, 1, http__route="/"), agent(1, **TOTAL)], [3]),
        # The second agent's calls are elsewhere: its own total is all that is known of them.
        ([chat(3, 2), agent(2, 1, **TOTAL), agent(4, 1, **TOTAL), agent(1, **TOTAL)], [3, 4]),
        # An agent within an agent, neither with calls.
        ([agent(2, 1, **TOTAL), agent(1, **TOTAL)], [2]),
        # A workflow of another instrumentation says no operation.
        ([chat(2, 1), span(1, traceloop__span__kind="workflow", **TOTAL)], [2]),
        # Two instrumentations of one call, one around the other; one of them may know no tokens.
        ([chat(2, 1, response__id="chatcmpl-1"), chat(1)], [2]),
        ([chat(2, 1, usage__input_tokens=0, usage__output_tokens=0), chat(1)], [1]),
        ([chat(2, 1), span(1, operation__name="chat", request__model="gpt-4o")], [2]),
        # Beside each other, they have the response in common.
        ([chat(2, 1, response__id="r1"), chat(3, 1, response__id="r1"), agent(1)], [2]),
        ([chat(2, 1, response__id="r1"), chat(3, 1, response__id="r2"), agent(1)], [2, 3]),
        # The calls below say nothing: the agent's total is known.
        ([agent(2, 1, name="execute_tool"), agent(1, **TOTAL)], [1]),
        # Spans of two traces have nothing to do with each other.
        ([chat(2, 1), chat(1, trace="cd" * 16)], [1, 2]),
    ],
)
def test_usage_counts_once(
    db: ReportDatabase, tmp_path: Path, spans: Sequence[dict[str, Any]], counted: list[int]
) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", *spans))
    found = db.sql("select cast(substr(source_key, -16) as integer) from calls order by 1")
    assert [number for (number,) in found] == counted


@pytest.mark.parametrize(
    ("inner", "outer", "cost"),
    [
        ({}, {"usage__cost": 0.02}, 0.02),
        ({"usage__cost": 0.0}, {"usage__cost": 0.02}, 0.02),
        ({"usage__cost": 0.01}, {"usage__cost": 0.02}, 0.01),
        # What is around more than this call costs more.
        ({}, {"usage__cost": 0.02, "usage__input_tokens": 2000}, None),
        ({}, {"usage__cost": 0.02, "usage__output_tokens": 200}, None),
    ],
)
def test_the_cost_of_a_call_may_stand_at_the_gateway_s_span_around_it(
    db: ReportDatabase, tmp_path: Path, inner: dict[str, Any], outer: dict[str, Any], cost: float | None
) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", chat(2, 1, **inner), chat(1, **outer)))
    assert db.sql("select cost, round(estimated_cost, 6) from calls") == [(cost, None if cost else 0.0035)]


def test_a_deep_chain_of_spans_is_read_in_time(db: ReportDatabase, tmp_path: Path) -> None:
    """Twenty thousand spans, each below the one before, and as many calls beside each other."""
    chain = [span(number, number - 1, http__route="/") for number in range(2, 20_000)]
    calls = [chat(100_000 + number, 19_999) for number in range(5_000)]
    db.ingest(export(tmp_path / "spans.jsonl", *calls, *chain, agent(1, **TOTAL)))
    assert db.one("select count(*) from calls") == 5_000


# GPT-4o costs 2.50 dollars for a million tokens in and 10 out; a cost that is recorded is that.
@pytest.mark.parametrize(
    ("named", "cost", "estimate"),
    [
        *(
            ({name: 0.01}, 0.01, None)
            for name in (
                "usage__cost",
                "usage__cost__amount",
                "usage__total_cost",
                "usage__cost_usd",
                "cost__amount",
                "cost__total_cost",
                "response__cost",
                "operation__cost",
                "llm__usage__total_cost",
                "llm__cost__total",
                "litellm__response_cost",
            )
        ),
        ({"usage__cost": "0.01"}, 0.01, None),
        # Nobody knew the first one.
        ({"usage__cost": 0, "litellm__response-cost": "0.126"}, 0.126, None),
        ({"usage__cost": 0}, None, 0.0035),
        ({"usage__cost": 0.0}, None, 0.0035),
        # -1 is a word for none, and what is no currency is no cost.
        ({"usage__cost": -1}, None, 0.0035),
        ({"usage__cost": 5.0, "usage__cost__currency": "credits"}, None, 0.0035),
        ({"usage__cost": 5.0, "usage__cost__currency": "€"}, 5.0, None),
    ],
)
def test_costs_by_any_name(
    db: ReportDatabase, tmp_path: Path, named: dict[str, Any], cost: float | None, estimate: float | None
) -> None:
    db.ingest(export(tmp_path / "spans.jsonl", chat(1, **named)))
    assert db.sql("select cost, estimated_cost from calls") == [(cost, estimate and pytest.approx(estimate))]


# Bedrock's Sonnet 4.5 of a region: 3.30 dollars in, 16.50 out, 0.33 read from the cache.
@pytest.mark.parametrize(
    ("scope", "used", "cost"),
    [
        ("x", {"usage__input_tokens": 12, "usage__cache_read__input_tokens": 100_000}, 0.0330396),
        ("x", {"usage__input_tokens": 5000, "usage__cache_read__input_tokens": 4000}, 0.01782),
        # One that follows the conventions.
        ("pydantic-ai", {"usage__input_tokens": 5000, "usage__cache_read__input_tokens": 4000}, 0.00462),
    ],
)
def test_bedrock_counts_the_cache_beside_the_input(
    db: ReportDatabase, tmp_path: Path, scope: str, used: dict[str, Any], cost: float
) -> None:
    model: dict[str, Any] = {
        "request__model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "provider__name": "aws.bedrock",
    }
    db.ingest(export(tmp_path / "spans.jsonl", chat(1, **model, usage__output_tokens=0, **used), scope=scope))
    assert db.one("select estimated_cost from calls") == pytest.approx(cost)


def test_cached_input_of_the_ai_sdk(db: ReportDatabase, tmp_path: Path) -> None:
    """1000 tokens in, 800 of them at half the price: 0.0005 + 0.001 dollars, and 0.001 out."""
    db.ingest(export(tmp_path / "spans.jsonl", chat(1, ai__usage__cachedInputTokens=800)))
    assert db.sql("select cache_read_tokens, round(estimated_cost, 9) from calls") == [(800, 0.0025)]


def test_spans_without_generative_ai_are_refused(tmp_path: Path, db: ReportDatabase) -> None:
    spans = [span(number, http__route="/") for number in range(1, 60)]
    with pytest.raises(StoryreportError, match="none with gen_ai"):
        db.ingest(export(tmp_path / "spans.jsonl", *spans))
    db.ingest(export(tmp_path / "spans.jsonl", *spans, chat(100)))
    assert db.one("select count(*) from calls") == 1
