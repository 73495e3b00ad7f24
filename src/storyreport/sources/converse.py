"""What Bedrock's answers say of their usage: bodies of invocations, in Converse's words or in Anthropic's.

A helper of the sources: it describes no system.
"""

from collections.abc import Mapping
from typing import Any

from .recordfiles import columns, inside, objects

# Cached tokens, which are beside the input; the last word of each is that of Nova's own bodies.
CACHED = {
    "cache_read_tokens": ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"),
}


def is_answer(record: Mapping[str, Any]) -> bool:
    """Whether a record is an answer of Converse."""
    usage = record.get("usage")
    return {"output", "stopReason"} <= record.keys() and isinstance(usage, dict) and "inputTokens" in usage


def written_for_an_hour(used: Mapping[str, Any]) -> Any:
    """The tokens written to the cache for an hour."""
    hours = [item.get("inputTokens") for item in objects(used.get("cacheDetails")) if item.get("ttl") == "1h"]
    return next(iter(hours), inside(used, "cache_creation", "ephemeral_1h_input_tokens"))


def tier_word(tier: Any) -> Any:
    """The word for a tier, which may be an object with its type."""
    return inside(tier, "type") if isinstance(tier, dict) else tier


def without_account(model: str) -> str:
    """A model without its prefix in arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.model."""
    if not model.startswith("arn:"):
        return model
    kind, _, name = model.split(":", 5)[-1].partition("/")
    # The name of a profile of one's own says nothing of the model.
    return f"{kind}/{name}" if kind.startswith("application-") else name or kind


def row(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of Converse in the words of the table of responses; only behind a prompt router it names its model."""
    used = answer.get("usage")
    usage = used if isinstance(used, dict) else {}
    around = answer.get("ResponseMetadata")
    cached = columns(usage, CACHED)
    model = inside(answer, "trace", "promptRouter", "invokedModelId") or answer.get("model")
    counted = [part or 0 for part in (usage.get("inputTokens"), *cached.values())]
    is_known = usage.get("inputTokens") is not None and all(type(part) is int for part in counted)
    return {
        "id": inside(around, "RequestId"),
        "object": "converse",
        "provider": "aws",
        "model": without_account(model) if isinstance(model, str) else None,
        "created_at": inside(around, "HTTPHeaders", "date"),
        "latency_ms": inside(answer, "metrics", "latencyMs"),
        "service_tier": tier_word(answer.get("serviceTier")),
        "input_tokens": sum(counted) if is_known else usage.get("inputTokens"),
        "output_tokens": usage.get("outputTokens"),
        "cached_tokens": cached["cache_read_tokens"],
        "cache_write_tokens": cached["cache_write_tokens"],
        "cache_write_1h_tokens": written_for_an_hour(usage),
    }
