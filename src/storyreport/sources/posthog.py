"""PostHog's events of model calls (`$ai_generation`, `$ai_embedding`), from its API, a batch export or a query.

Inputs, outputs, errors' texts and people are never staged.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles

EVENTS = ("$ai_generation", "$ai_embedding")
NAMES = {
    "provider": "$ai_provider",
    "framework": "$ai_framework",
    "model": ("$ai_response_model", "$ai_model"),
    "input_tokens": "$ai_input_tokens",
    "output_tokens": "$ai_output_tokens",
    "cache_read_tokens": "$ai_cache_read_input_tokens",
    "cache_write_tokens": "$ai_cache_creation_input_tokens",
    "cache_write_5m_tokens": "$ai_cache_creation_5m_input_tokens",
    "cache_write_1h_tokens": "$ai_cache_creation_1h_input_tokens",
    "cache_audio_read_tokens": "$ai_cache_read_audio_tokens",
    **{
        f"{way}_{kind}_tokens": f"$ai_{kind}_{way}_tokens"
        for kind in ("audio", "image", "video")
        for way in ("input", "output")
    },
    "reasoning_tokens": "$ai_reasoning_tokens",
    "web_searches": "$ai_web_search_count",
    "is_exclusive": "$ai_cache_reporting_exclusive",
    "cost": "$ai_total_cost_usd",
    "latency": "$ai_latency",
    "is_error": "$ai_is_error",
    "status_code": "$ai_http_status",
}
# The costs of a call's parts, where no total is given: what went in and came out, and fees that may be there.
COSTS = ("$ai_input_cost_usd", "$ai_output_cost_usd")
FEES = ("$ai_request_cost_usd", "$ai_web_search_cost_usd")

CALLS = recordfiles.table(
    {
        "event_id": Type.KEY,
        "event": Type.WORD,
        "timestamp": Type.UTC,
        "provider": Type.WORD,
        "framework": Type.WORD,
        "model": Type.WORD,
        **{name: Type.COUNT for name in NAMES if name.endswith("_tokens")},
        "web_searches": Type.COUNT,
        "is_exclusive": Type.FLAG,
        "cost": Type.MONEY,
        "latency": Type.SECONDS,
        "is_error": Type.FLAG,
        "status_code": Type.COUNT,
        "user": Type.HASHED,
    },
    required=("event_id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is the event of a call."""
    return record.get("event") in EVENTS and ("properties" in record or "properties.$ai_model" in record)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a call; none for another event."""
    if record.get("event") not in EVENTS:
        return
    properties = _properties(record)
    names = {"event_id": ("uuid", "id"), "event": "event", "timestamp": "timestamp", "user": "distinct_id"}
    row = recordfiles.columns(record, names)
    row["event_id"] = row["event_id"] or properties.get("$ai_span_id") or properties.get("$insert_id")
    row |= recordfiles.columns(properties, NAMES)
    if row["cost"] is None:
        row["cost"] = _sum_of_parts(properties)
    yield row


def _sum_of_parts(properties: Mapping[str, Any]) -> float | None:
    """The sum of the costs of a call's parts; None where that of the input or output is missing or no number."""
    try:
        parts = [float(properties[name]) for name in COSTS]
        return sum(parts) + sum(float(properties[name] or 0) for name in FEES if name in properties)
    except (KeyError, TypeError, ValueError):
        return None


def _properties(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event's properties: an object, JSON, or columns."""
    held = record.get("properties")
    if isinstance(held, str):
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            raise textfiles.BrokenRecord("properties is broken JSON") from None
    if held is None:
        return {name.removeprefix("properties."): value for name, value in record.items()}
    if not isinstance(held, dict):
        raise textfiles.BrokenRecord("properties is no object")
    return held


SYSTEM = System(
    name="posthog",
    title="PostHog LLM events",
    parts={
        "events": recordfiles.part("posthog_calls", CALLS, is_ours, recordfiles.each(rows), within=("results", "data"))
    },
)
