"""Spans of Claude Code's requests, which name their tokens in words of their own beside the conventions' model.

A helper of the OpenTelemetry source: it describes no system.
"""

from collections.abc import Mapping
from typing import Any

# Of such a span, and of no other one.
CONTEXT = "llm_request.context"
KIND = "span.type"
REQUEST = "llm_request"
# Our column → Claude Code's name. Its input leaves out what came from the cache and what was written to it.
COUNTS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_creation_tokens",
}
CACHED = ("cache_read_tokens", "cache_write_tokens")
READ = frozenset((CONTEXT, KIND, "model", "speed", "status_code", *COUNTS.values()))


def columns(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a request of Claude Code says, by column; nothing of other spans."""
    if CONTEXT not in attributes and attributes.get(KIND) != REQUEST:
        return {}
    said = {column: attributes.get(name) for column, name in COUNTS.items()}
    counts = {column: _whole(value) for column, value in said.items() if value is not None}
    if "input_tokens" in counts and all(isinstance(count, int) for count in counts.values()):
        counts["input_tokens"] += sum(counts.get(column, 0) for column in CACHED)
    row = {"operation": "chat", "tier": "fast" if attributes.get("speed") == "fast" else None, **counts}
    if model := attributes.get("model"):
        row["model"] = model
    if status := attributes.get("status_code"):
        row["error_type"] = str(status)
    return row


def _whole(value: Any) -> Any:
    """A number; whole ones are text in OTLP."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
