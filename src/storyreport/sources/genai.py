"""Span attributes of generative AI: the names that instrumentations have for what a call used, cost and was for.

A helper of the OpenTelemetry source: it describes no system.
"""

import json
import re
from ast import literal_eval
from collections.abc import Mapping
from typing import Any

from ..values import UNKNOWN_CURRENCY, currency_code

# The tokens of Vercel's embeddings, of which nothing else says that they are a model's.
EMBEDDED = "ai.usage.tokens"
# Google's ADK until version 2.2: its output leaves out this reasoning.
REASONING_BESIDE = "gen_ai.usage.experimental.reasoning_tokens"
# LangSmith's exporter writes the parts of a count as the text of a Python object: {'cache_read': 600}.
DETAILS = ("gen_ai.usage.input_token_details", "gen_ai.usage.output_token_details")
MOST_LETTERS = 1000
# https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and its older names, the newest first.
ATTRIBUTES = {
    "operation": ("gen_ai.operation.name",),
    "agent": ("gen_ai.agent.name",),
    "tool": ("gen_ai.tool.name",),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider"),
    "model": ("gen_ai.response.model", "gen_ai.request.model", "ai.model.id", "langfuse.observation.model.name"),
    "response_id": ("gen_ai.response.id",),
    "tier": (
        *("gen_ai.openai.response.service_tier", "openai.response.service_tier", "gen_ai.response.service_tier"),
        # What was asked for, where nothing says what was served.
        *("gen_ai.openai.request.service_tier", "openai.request.service_tier", "gen_ai.request.service_tier"),
    ),
    "error_type": ("error.type",),
    # Those of a response: Semantic Kernel's until 2025, the first ones of Microsoft.Extensions.AI, and Portkey's.
    # Vercel's embeddings have no other name for their tokens.
    "input_tokens": (
        *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        *("gen_ai.response.input_tokens", "gen_ai.response.prompt_tokens"),
        EMBEDDED,
    ),
    "output_tokens": (
        *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        *("gen_ai.response.output_tokens", "gen_ai.response.completion_tokens"),
    ),
    "total_tokens": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "ai.usage.totalTokens"),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.cached_input_tokens",
        "gen_ai.usage.cached_tokens",
        "gen_ai.usage.input_cached_tokens",
        # Sentry; pydantic-ai, which passes on what the provider said; LangChain; OpenAI's own words.
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cached_tokens",
        "gen_ai.usage.input_token_details.cache_read",
        "gen_ai.usage.input_tokens_details.cached_tokens",
        "gen_ai.usage.prompt_tokens_details.cached_tokens",
        # OpenLIT.
        "gen_ai.usage.prompt_tokens_details.cache_read",
        "llm.usage.cache_read_input_tokens",
        "ai.usage.cachedInputTokens",
        "ai.usage.inputTokenDetails.cacheReadTokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_write_tokens",
        "gen_ai.usage.cache_creation_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        "gen_ai.usage.input_cache_creation",
        "gen_ai.usage.details.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.input_token_details.cache_creation",
        "gen_ai.usage.input_tokens_details.cache_write_tokens",
        "gen_ai.usage.prompt_tokens_details.cache_creation_tokens",
        "gen_ai.usage.prompt_tokens_details.cache_write",
        "llm.usage.cache_creation_input_tokens",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
        # LangChain has 0 for the whole where it says how long; both durations together have no price.
        "gen_ai.usage.input_token_details.ephemeral_5m_input_tokens",
    ),
    "cache_write_1h_tokens": (
        "gen_ai.usage.input_token_details.ephemeral_1h_input_tokens",
        "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens",
        "llm.usage.cache_creation.ephemeral_1h_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.reasoning_output_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.details.thoughts_tokens",
        "gen_ai.usage.output_tokens.reasoning",
        "gen_ai.usage.output_token_details.reasoning",
        "gen_ai.usage.output_tokens_details.reasoning_tokens",
        "gen_ai.usage.completion_tokens_details.reasoning_tokens",
        "gen_ai.usage.completion_tokens_details.reasoning",
        "gen_ai.usage.thoughts_tokens",
        "gen_ai.usage.thinking_tokens",
        "llm.usage.reasoning_tokens",
        "ai.usage.reasoningTokens",
        "ai.usage.outputTokenDetails.reasoningTokens",
        REASONING_BESIDE,
    ),
    # The conventions' since August 2026 first; the last one of each: pydantic-ai's, of Google's modalities.
    "input_audio_tokens": (
        "gen_ai.usage.audio.input_tokens",
        "gen_ai.usage.input_audio_tokens",
        "gen_ai.usage.input_token_details.audio",
        "gen_ai.usage.details.input_audio_tokens",
        "gen_ai.usage.details.audio_prompt_tokens",
    ),
    "output_audio_tokens": (
        "gen_ai.usage.audio.output_tokens",
        "gen_ai.usage.output_audio_tokens",
        "gen_ai.usage.output_token_details.audio",
        "gen_ai.usage.details.output_audio_tokens",
        "gen_ai.usage.details.audio_candidates_tokens",
    ),
    "cache_audio_read_tokens": (
        "gen_ai.usage.audio.cache_read.input_tokens",
        "gen_ai.usage.details.cache_audio_read_tokens",
        "gen_ai.usage.details.audio_cache_tokens",
    ),
    "input_image_tokens": (
        "gen_ai.usage.image.input_tokens",
        "gen_ai.usage.details.input_image_tokens",
        "gen_ai.usage.details.image_prompt_tokens",
    ),
    "cache_image_read_tokens": ("gen_ai.usage.image.cache_read.input_tokens",),
    "output_image_tokens": (
        "gen_ai.usage.image.output_tokens",
        "gen_ai.usage.details.output_image_tokens",
        "gen_ai.usage.details.image_candidates_tokens",
    ),
    "input_video_tokens": ("gen_ai.usage.video.input_tokens", "gen_ai.usage.details.video_prompt_tokens"),
    "output_video_tokens": ("gen_ai.usage.video.output_tokens",),
    "web_searches": (
        "gen_ai.usage.details.web_search_requests",
        "gen_ai.usage.server_tool_use.web_search_requests",
        "gen_ai.usage.web_search_requests",
    ),
    # Not in the conventions; those who write them mean US dollars, unless they name a currency.
    "cost": (
        *("gen_ai.usage.cost", "gen_ai.usage.cost.amount", "gen_ai.usage.cost.total", "gen_ai.usage.total_cost"),
        *("gen_ai.usage.cost_usd", "gen_ai.cost", "gen_ai.cost.amount", "gen_ai.cost.total_cost", "gen_ai.cost.total"),
        *("gen_ai.response.cost", "operation.cost", "llm.usage.total_cost", "llm.usage.cost", "llm.cost.total"),
        # Sentry's name for US dollars.
        *("litellm.response_cost", "litellm.response-cost", "gen_ai.cost.total_tokens"),
    ),
    "currency": (
        "gen_ai.usage.cost.currency",
        "gen_ai.cost.currency",
        "gen_ai.usage.cost_currency",
        "gen_ai.usage.cost.unit",
    ),
}
# Who a call was for: attributes of the span, or else of the resource that it came from.
LABELS = {
    "user": (
        "user.id",
        "enduser.id",
        "enduser.pseudo.id",
        "langfuse.user.id",
        "traceloop.association.properties.user_id",
    ),
    "team": ("team.id", "team.name", "team", "department", "traceloop.association.properties.team_id"),
    "project": ("project.id", "project.name", "openinference.project.name", "service.namespace"),
    "service": ("service.name",),
}
LABEL_NAMES = frozenset(name for names in LABELS.values() for name in names)
# No convention names a cost. A name says it is the cost of the whole call where it consists of such words alone, the
# last of which may be a currency: gen_ai.usage.estimated_cost_usd, langfuse.observation.cost_details.
COST = re.compile(
    r"(?=.*cost)(?!cost$)(?:(?:gen_ai|llm|ai|operation|litellm|openrouter|langfuse|observation|usage|request|response"
    r"|call|estimated|calculated|total|cost|amount|value|details)[._-])*"
    r"(?:cost|total|amount|value|details|(?P<currency>[a-z]{3}))"
)


# The cost of what went in and of what came out, where no name is that of both.
PARTS = (
    ("gen_ai.usage.input_cost", "gen_ai.usage.output_cost"),
    ("gen_ai.usage.cost.input", "gen_ai.usage.cost.output"),
    ("gen_ai.cost.input", "gen_ai.cost.output"),
    ("gen_ai.cost.input_tokens", "gen_ai.cost.output_tokens"),
    ("llm.cost.prompt", "llm.cost.completion"),
)


def with_details(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes with those that stand in the text of another one, as instrumentations of LangChain name them."""
    found: dict[str, Any] = {}
    for name in DETAILS:
        text = attributes.get(name)
        if isinstance(text, str) and text.startswith("{") and len(text) <= MOST_LETTERS:
            try:
                held = literal_eval(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            counts = held.items() if isinstance(held, dict) else ()
            found |= {f"{name}.{kind}": count for kind, count in counts if type(count) is int}
    return {**found, **attributes} if found else attributes


def with_reasoning(attributes: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, int]:
    """The output of a row with the reasoning that its writer leaves out of it, by column; nothing for other writers."""
    output, reasoning = row["output_tokens"] or 0, row["reasoning_tokens"]
    is_beside = REASONING_BESIDE in attributes and isinstance(output, int) and isinstance(reasoning, int)
    return {"output_tokens": output + reasoning} if is_beside and reasoning > 0 else {}


def is_cost(name: str) -> bool:
    """Whether an attribute is the cost of a call, whoever wrote it."""
    found = COST.fullmatch(name)
    return found is not None and (found["currency"] is None or currency_code(found["currency"]) != UNKNOWN_CURRENCY)


def cost(attributes: Mapping[str, Any]) -> tuple[Any, str | None]:
    """(cost, currency) of a call by a name that no table has; that of the total, where there are several."""
    names = sorted(filter(is_cost, attributes), key=lambda name: "total" not in name)
    name = next((name for name in names if _total(attributes[name]) is not None), "")
    if not name:
        return _sum_of_parts(attributes), None
    found = COST.fullmatch(name)
    return _total(attributes.get(name)), currency_code(found["currency"]) if found else None


def _sum_of_parts(attributes: Mapping[str, Any]) -> float | None:
    """The sum of a cost that is given in parts; None where one of them is missing or no number."""
    for names in PARTS:
        try:
            return sum(float(attributes[name]) for name in names)
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _total(value: Any) -> Any:
    """The total of an amount, which may be an object of amounts as JSON."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        held = json.loads(value)
    except (ValueError, RecursionError):
        return None
    amounts = [amount for amount in held.values() if isinstance(amount, (int, float)) and not isinstance(amount, bool)]
    return held.get("total", sum(amounts) if amounts else None)
