"""What Vercel's AI SDK passes on of a provider's answer in a span: costs and counts that its own attributes leave out.

A helper of the OpenTelemetry source: it describes no system. Texts that were searched for or cited are not kept.
"""

from collections.abc import Mapping
from typing import Any

from .recordfiles import inside, object_in

METADATA = "ai.response.providerMetadata"
# Column → its places. What the gateway says is what it charged; OpenRouter says so, too.
AMOUNTS = {
    "cost": (
        *(("gateway", "cost"), ("openrouter", "usage", "cost")),
        # With a key of one's own, OpenRouter charges nothing.
        ("openrouter", "usage", "costDetails", "upstreamInferenceCost"),
    ),
    "cache_read_tokens": (
        ("anthropic", "usage", "cache_read_input_tokens"),
        ("anthropic", "cacheReadInputTokens"),
        ("bedrock", "usage", "cacheReadInputTokens"),
        ("openai", "cachedPromptTokens"),
        ("deepseek", "promptCacheHitTokens"),
        ("openrouter", "usage", "promptTokensDetails", "cachedTokens"),
        ("google", "usageMetadata", "cachedContentTokenCount"),
    ),
    "cache_write_tokens": (
        ("anthropic", "usage", "cache_creation_input_tokens"),
        ("anthropic", "cacheCreationInputTokens"),
        ("bedrock", "usage", "cacheWriteInputTokens"),
    ),
    "cache_write_1h_tokens": (("anthropic", "usage", "cache_creation", "ephemeral_1h_input_tokens"),),
    "web_searches": (("anthropic", "usage", "server_tool_use", "web_search_requests"),),
}
INPUT = "gen_ai.usage.input_tokens"
BESIDE = ("cacheReadInputTokens", "cacheCreationInputTokens")
# Columns that are sums of what a provider counts beside each other: the first one has to be there.
SUMS = {
    "input_tokens": (
        (("anthropic", "usage"), ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")),
        (("google", "usageMetadata"), ("promptTokenCount", "toolUsePromptTokenCount")),
    ),
    "output_tokens": ((("google", "usageMetadata"), ("candidatesTokenCount", "thoughtsTokenCount")),),
}


def columns(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a span's metadata of the provider says, by column; only amounts that are there and not 0."""
    text = attributes.get(METADATA)
    if not isinstance(text, str) or not (held := object_in(text)):
        return {}
    found = {column: _first(inside(held, *path) for path in paths) for column, paths in AMOUNTS.items()}
    for column, sums in SUMS.items():
        found[column] = _first(_sum(inside(held, *path), names) for path, names in sums)
    found["input_tokens"] = found["input_tokens"] or _with_cached(attributes.get(INPUT), inside(held, "anthropic"))
    return {column: amount for column, amount in found.items() if amount is not None}


def _with_cached(count: Any, said: Any) -> int | None:
    """The whole input where the SDK until version 4 has Anthropic's: it says both counts, which input leaves out."""
    beside = [inside(said, name) for name in BESIDE]
    if not isinstance(said, Mapping) or not said.keys() >= set(BESIDE) or "usage" in said or not str(count).isdecimal():
        return None
    return int(count) + sum(tokens for tokens in beside if type(tokens) is int)


def _first(values: Any) -> Any:
    """The first amount that is a positive number; costs are text."""
    for value in values:
        try:
            if not isinstance(value, (bool, dict, list)) and value is not None and float(value) > 0:
                return value
        except ValueError:
            continue
    return None


def _sum(holder: Any, names: tuple[str, ...]) -> int | None:
    if type(inside(holder, names[0])) is not int:
        return None
    return sum(count for name in names if type(count := inside(holder, name)) is int)
