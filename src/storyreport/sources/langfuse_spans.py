"""What Langfuse's SDK writes into a span of OpenTelemetry: the usage of an observation, as an object in JSON.

A helper of the OpenTelemetry source: it describes no system. Inputs and outputs are never read.
"""

from collections.abc import Mapping
from typing import Any

from .recordfiles import inside, object_in

USAGE = "langfuse.observation.usage_details"
# Anthropic's words, which are beside the input whatever the others are.
BESIDE = {"cache_read_tokens": "cache_read_input_tokens", "cache_write_tokens": "cache_creation_input_tokens"}
# Langfuse's own words: parts beside `input` and `output`.
PARTS = {
    "cache_read_tokens": (
        "input_cached_tokens",
        "input_cache_read",
        "input_priority_cache_read",
        "input_flex_cache_read",
    ),
    "cache_write_tokens": ("input_cache_creation",),
    "cache_write_1h_tokens": ("input_ephemeral_1h_input_tokens",),
    "reasoning_tokens": (
        *("output_reasoning_tokens", "output_reasoning", "output_priority_reasoning", "output_flex_reasoning"),
    ),
    "input_audio_tokens": ("input_audio_tokens", "input_audio"),
    "output_audio_tokens": ("output_audio_tokens", "output_audio"),
}
# LangChain puts OpenAI's tier into the names.
TIERS = {"input_priority": "priority", "output_priority": "priority", "input_flex": "flex", "output_flex": "flex"}
DURATIONS = ("input_ephemeral_5m_input_tokens", "input_ephemeral_1h_input_tokens")
# OpenAI's words, whose input and output include their details.
WHOLE = {"input": ("prompt_tokens", "input_tokens"), "output": ("completion_tokens", "output_tokens")}
DETAILS = {
    "cache_read_tokens": (("prompt_tokens_details", "cached_tokens"), ("input_tokens_details", "cached_tokens")),
    "reasoning_tokens": (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
    ),
}


def columns(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What the usage of an observation counts, by column; only what is there."""
    text = attributes.get(USAGE)
    held = object_in(text) if isinstance(text, str) else {}
    counts = {name: count for name, count in held.items() if type(count) is int}
    beside = {column: counts[name] for column, name in BESIDE.items() if name in counts}
    parts = {column: next((counts[name] for name in names if name in counts), None) for column, names in PARTS.items()}
    # LangChain's handler says how long what was written is kept, and 0 for the whole.
    if not parts["cache_write_tokens"] and (kept := [counts[name] for name in DURATIONS if name in counts]):
        parts["cache_write_tokens"] = sum(kept)
    details = {
        column: next((count for path in paths if type(count := inside(held, *path)) is int), None)
        for column, paths in DETAILS.items()
    }
    found = {
        "input_tokens": _sum(counts, "input", sum(beside.values())),
        "output_tokens": _sum(counts, "output", 0),
        "total_tokens": counts.get("total", counts.get("total_tokens")),
    }
    tier = next((tier for name, tier in TIERS.items() if counts.get(name)), None)
    merged = {
        "tier": tier,
        **found,
        **parts,
        **{name: count for name, count in {**details, **beside}.items() if count is not None},
    }
    return _as_total_says({column: count for column, count in merged.items() if count is not None})


def _as_total_says(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, without what was added to the input or output although it is within: the total has it once."""
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
    whole, output, read, written, reasoning = (counts.get(name, 0) for name in names)
    for answered in (output, output - reasoning):
        for asked in (whole, whole - read - written, whole - written, whole - read):
            is_possible = asked >= read + written and answered >= reasoning
            if is_possible and asked + answered == counts.get("total_tokens"):
                return {**counts, "input_tokens": asked, "output_tokens": answered}
    return counts


def _sum(counts: Mapping[str, int], name: str, beside: int) -> int | None:
    whole = next((counts[word] for word in WHOLE[name] if word in counts), None)
    if whole is not None:
        return whole + beside
    parts = [count for word, count in counts.items() if word == name or word.startswith(f"{name}_")]
    return sum(parts) + beside if parts else None
