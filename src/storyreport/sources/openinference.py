"""OpenInference: its span attributes (llm.*) in the words of OpenTelemetry's conventions, and Phoenix's spans as OTLP.

A helper of the OpenTelemetry source: it describes no system. Messages, documents, inputs and outputs are never read.
https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..values import to_utc
from .moments import moment

KIND = "openinference.span.kind"
# Column → the attribute's name.
NAMES = {
    "agent": "agent.name",
    "tool": "tool.name",
    "provider": "llm.provider",
    "model": "llm.model_name",
    "input_tokens": "llm.token_count.prompt",
    "output_tokens": "llm.token_count.completion",
    "cache_read_tokens": "llm.token_count.prompt_details.cache_read",
    "cache_write_tokens": "llm.token_count.prompt_details.cache_write",
    "reasoning_tokens": "llm.token_count.completion_details.reasoning",
    "input_audio_tokens": "llm.token_count.prompt_details.audio",
    "output_audio_tokens": "llm.token_count.completion_details.audio",
    "total_tokens": "llm.token_count.total",
    "cost": "llm.cost.total",
}
# Where the names above have no value.
OTHER_NAMES = {"provider": "llm.system", "model": "embedding.model_name"}
READ = frozenset((KIND, *NAMES.values(), *OTHER_NAMES.values()))
OPERATIONS = {"LLM": "chat", "EMBEDDING": "embeddings", "AGENT": "invoke_agent", "TOOL": "execute_tool"}
# Their tokens are the sum of the calls below them.
OUTER_OPERATIONS = ("chain", "retriever", "reranker", "guardrail", "evaluator", "prompt")


def column(attributes: Mapping[str, Any], name: str) -> Any:
    """The value of a column; None where OpenInference has no name for it."""
    if name == "operation":
        kind = attributes.get(KIND)
        return OPERATIONS.get(kind.upper(), kind.lower()) if isinstance(kind, str) else None
    found = (attributes.get(names.get(name, "")) for names in (NAMES, OTHER_NAMES))
    return next((value for value in found if value is not None), None)


def is_phoenix(record: Mapping[str, Any]) -> bool:
    """Whether a record is a span as Phoenix exports it: from its API, or as a row of its table of spans."""
    return "span_kind" in record and (
        isinstance(record.get("context"), dict) or {"context.trace_id", "context.span_id"} <= record.keys()
    )


def as_otlp(record: Mapping[str, Any]) -> dict[str, Any]:
    """A span of Phoenix's as OTLP has it."""
    flat = dict(_flat(record, ""))
    kind = flat.get("span_kind")
    attributes = {name.removeprefix("attributes."): value for name, value in flat.items() if name in _ATTRIBUTES}
    return {
        "traceId": flat.get("context.trace_id"),
        "spanId": flat.get("context.span_id"),
        "parentSpanId": flat.get("parent_id"),
        "startTimeUnixNano": _nanoseconds(flat.get("start_time")),
        "endTimeUnixNano": _nanoseconds(flat.get("end_time")),
        "attributes": [
            {"key": name, "value": {"doubleValue" if isinstance(value, float) else "stringValue": value}}
            for name, value in {**attributes, KIND: kind}.items()
            if value is not None
        ],
        "status": {"code": f"STATUS_CODE_{flat.get('status_code') or 'UNSET'}"},
    }


_ATTRIBUTES = frozenset(f"attributes.{name}" for name in (*READ, "user.id"))


def _flat(holder: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    """The values within objects, each under the names that lead to it."""
    for name, value in holder.items():
        if isinstance(value, dict) and not name.startswith(("input", "output", "metadata")):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _nanoseconds(value: Any) -> int | None:
    # A data frame writes its times as milliseconds.
    found = moment(to_utc(value)) if type(value) in (str, int, float) else None
    return round(found.timestamp() * 1000) * 1_000_000 if found else None
