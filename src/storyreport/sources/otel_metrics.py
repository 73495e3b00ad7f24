"""Metrics of usage as OTLP JSON: Claude Code's costs and tokens, Codex's tokens of a turn, gen_ai.client.token.usage.

A row is a point of a counter (or of a histogram, whose sum counts); cumulative counters are taken apart in the mapping.
Of sessions and users only a digest of all attributes is kept. Seen were invented files after the documentation.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, recordfiles
from .recordfiles import inside, objects

# Metric → what it measures, and who writes it.
METRICS = {
    "claude_code.cost.usage": ("cost", "claude_code"),
    "claude_code.token.usage": ("tokens", "claude_code"),
    "codex.turn.token_usage": ("tokens", "codex"),
    "gen_ai.client.token.usage": ("tokens", "gen_ai"),
}
# Attribute → column, the newest name first.
NAMES = {
    "model": ("gen_ai.response.model", "gen_ai.request.model", "model"),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "operation": "gen_ai.operation.name",
    "token_type": ("gen_ai.token.type", "token_type", "type"),
}
CUMULATIVE = (2, "2", "AGGREGATION_TEMPORALITY_CUMULATIVE")

POINTS = recordfiles.table(
    {
        "measure": Type.WORD,
        "writer": Type.WORD,
        "series": Type.KEY,
        "is_cumulative": Type.FLAG,
        "started_at": Type.UTC,
        "counted_at": Type.UTC,
        "amount": Type.NUMBER,
        "requests": Type.COUNT,
        **dict.fromkeys(NAMES, Type.WORD),
    },
    required=("series", "counted_at", "amount"),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether an export request has a metric of usage."""
    return any(_metrics(record))


def read(file: Path, records: Iterable[textfiles.Record]) -> Iterator[recordfiles.Item]:
    """A row for each point of a metric of usage."""
    for number, record, problem in records:
        if record is None:
            yield number, None, problem
            continue
        for metric, resource in _metrics(record):
            yield from ((number, row, None) for row in _rows(metric, resource))


def _metrics(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """(metric, attributes of its resource) of each metric of usage in an export request."""
    for resource in objects(record.get("resourceMetrics")):
        for scope in objects(resource.get("scopeMetrics")):
            for metric in objects(scope.get("metrics")):
                if str(metric.get("name")) in METRICS:
                    yield metric, inside(resource, "resource", "attributes")


def _rows(metric: Mapping[str, Any], resource: Any) -> Iterator[recordfiles.Row]:
    measure, writer = METRICS[metric["name"]]
    held: dict[str, Any] = next(
        (metric[kind] for kind in ("sum", "histogram") if isinstance(metric.get(kind), dict)), {}
    )
    for point in objects(held.get("dataPoints")):
        attributes = {**_attributes(resource), **_attributes(point.get("attributes"))}
        yield {
            **recordfiles.columns(attributes, NAMES),
            "measure": measure,
            "writer": writer,
            "series": recordfiles.digest([metric["name"], sorted(attributes.items(), key=str)]),
            "is_cumulative": held.get("aggregationTemporality") in CUMULATIVE,
            "started_at": _milliseconds(point.get("startTimeUnixNano")),
            "counted_at": _milliseconds(point.get("timeUnixNano")),
            "amount": next((point[name] for name in ("asDouble", "asInt", "sum") if point.get(name) is not None), None),
            "requests": point.get("count"),
        }


def _attributes(attributes: Any) -> dict[str, Any]:
    found = {}
    for attribute in objects(attributes):
        value = attribute.get("value")
        if isinstance(value, dict) and isinstance(attribute.get("key"), str):
            found[attribute["key"]] = next(iter(value.values()), None)
    return found


def _milliseconds(nanoseconds: Any) -> Any:
    """Nanoseconds since 1970 (as text: they have 64 bits) as milliseconds; another value as it is, 0 as none."""
    try:
        return int(nanoseconds) // 1_000_000 or None
    except (TypeError, ValueError, OverflowError):
        return nanoseconds


SYSTEM = System(
    name="otel_metrics",
    title="OTLP metrics of model usage",
    # A collector begins a new file in the midst of a day.
    parts={
        "points": recordfiles.part(
            "otel_metric_points", POINTS, is_ours, lambda: read, is_one=True, needs_all_files=True
        )
    },
)
