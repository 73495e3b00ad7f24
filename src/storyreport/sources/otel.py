"""OpenTelemetry spans of generative AI as OTLP JSON: one request a line, or one document. Also Tempo's and Phoenix's.

The attributes read are gen_ai.* and, where they have no value, OpenInference's llm.*.

A trace is a run, each of its GenAI spans a step run, and those that called a model are calls. An agent's span repeats
the tokens of the model spans below it. Messages, instructions and conversation ids are private: never staged.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type, openinference

LOOKED_AT = 20
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
WHOLE_NUMBER = re.compile(r"-?\d{1,20}", re.ASCII)
# How a single value is wrapped; lists and maps of values are none that we read.
WRAPPERS = ("stringValue", "intValue", "doubleValue", "boolValue")
# https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and its older names, the newest first.
ATTRIBUTES = {
    "operation": ("gen_ai.operation.name",),
    "agent": ("gen_ai.agent.name",),
    "tool": ("gen_ai.tool.name",),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "error_type": ("error.type",),
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.cached_input_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    # Not in the conventions; those who write it (OpenLIT, Langfuse) mean US dollars.
    "cost_usd": ("gen_ai.usage.cost",),
}
READ = frozenset(name for names in ATTRIBUTES.values() for name in names) | openinference.READ
# A number of these many bytes: in hexadecimal digits, from Tempo in base 64.
ID_BYTES = {"traceId": 16, "spanId": 8}
AMOUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost_usd")
MODEL_OPERATIONS = ("chat", "text_completion", "generate_content", "embeddings")
# Their tokens are the sum of the calls below them.
OUTER_OPERATIONS = (
    *("invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "plan"),
    *openinference.OUTER_OPERATIONS,
)
STATUS_WORDS = {
    0: "unset",
    1: "ok",
    2: "error",
    "STATUS_CODE_UNSET": "unset",
    "STATUS_CODE_OK": "ok",
    "STATUS_CODE_ERROR": "error",
}

SPANS = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "trace_id": Type.KEY,
        "span_id": Type.KEY,
        "operation": Type.WORD,
        "target": Type.WORD,
        "provider": Type.WORD,
        "model": Type.WORD,
        "started_at": Type.UTC,
        "ended_at": Type.UTC,
        "duration_ms": Type.MS,
        "status": Type.WORD,
        "error_type": Type.WORD,
        "error_message": Type.TEXT,
        "is_call": Type.FLAG,
        "is_sum": Type.FLAG,
        "input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "cache_read_tokens": Type.COUNT,
        "cache_write_tokens": Type.COUNT,
        "cost_usd": Type.MONEY,
    },
    required=("trace_id", "span_id"),
)


def find(path: Path) -> Path | None:
    """The path if it is a file of exported spans."""
    if not path.is_file():
        return None
    records = islice(textfiles.records(path), LOOKED_AT)
    return path if any(record is not None and _is_export(record) for _, record, _ in records) else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each span that has a gen_ai attribute."""
    position = 0
    for line, record, problem in textfiles.records(path):
        for span, broken in _spans(record) if record is not None else [(None, problem)]:
            row: dict[str, Any] | None = {}
            if span is not None:
                try:
                    row = _row(span)
                except textfiles.BrokenRecord as error:
                    broken = str(error)
            if row is not None:
                position += 1
                values = {**row, "line": line, "position": position}
                yield "otel_spans", (*(values.get(column) for column in SPANS.columns), broken)


def _is_export(record: Mapping[str, Any]) -> bool:
    return isinstance(_request(record).get("resourceSpans"), list) or openinference.is_phoenix(record)


def _request(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as an exporter's request; Tempo calls what is in it otherwise, or puts it into a trace."""
    held = record.get("trace")
    request = held if isinstance(held, dict) else record
    batches = request.get("batches")
    is_trace = isinstance(batches, list) and any(isinstance(batch, dict) and "scopeSpans" in batch for batch in batches)
    return {"resourceSpans": batches} if is_trace else request


def _spans(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any] | None, str | None]]:
    """(span, None) or (None, problem) of each span of an export request."""
    if openinference.is_phoenix(record):
        yield openinference.as_otlp(record), None
        return
    request = _request(record)
    below: list[Any] = [request]
    for name in ("resourceSpans", "scopeSpans", "spans"):
        inner: list[Any] = []
        for holder in below:
            held = holder.get(name)
            if isinstance(held, list):
                inner += [item for item in held if isinstance(item, dict)]
            if not isinstance(held, list) and (held is not None or holder is request):
                yield None, f"{name} is no list"
            elif isinstance(held, list) and not all(isinstance(item, dict) for item in held):
                yield None, f"an item of {name} is no object"
        below = inner
    for span in below:
        yield span, None


def _row(span: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of a span by column; None for one that is not of generative AI."""
    attributes = _attributes(span)
    if attributes is None:
        return None
    row = {
        column: next((attributes[name] for name in names if attributes.get(name) is not None), None)
        for column, names in ATTRIBUTES.items()
    }
    row = {
        column: openinference.column(attributes, column) if value is None else value for column, value in row.items()
    }
    for column in AMOUNTS:
        row[column] = _number(row[column], column)
    operation, has_usage = row["operation"], any(row[column] is not None for column in AMOUNTS)
    started, ended = _nanoseconds(span, "startTimeUnixNano"), _nanoseconds(span, "endTimeUnixNano")
    status = span.get("status") or {}
    if not isinstance(status, dict):
        raise textfiles.BrokenRecord("status is no object")
    code = _scalar(status.get("code", 0), "the status code")
    word = STATUS_WORDS.get(code or 0, str(code))
    is_failed = word == "error" or row["error_type"] is not None
    return {
        **row,
        "trace_id": _id(span, "traceId"),
        "span_id": _id(span, "spanId"),
        "target": row["tool"] or row["agent"],
        "started_at": _time(started),
        "ended_at": _time(ended),
        "duration_ms": (ended - started) // 1_000_000 if started and ended else None,
        "status": "error" if is_failed else word,
        "error_message": (_scalar(status.get("message"), "the status message") or row["error_type"])
        if is_failed
        else None,
        "is_call": int(operation in MODEL_OPERATIONS or (has_usage and operation not in OUTER_OPERATIONS)),
        "is_sum": int(has_usage and operation in OUTER_OPERATIONS),
    }


def _attributes(span: Mapping[str, Any]) -> dict[str, Any] | None:
    """The attributes that we read, unwrapped; None where there is none of generative AI."""
    found, is_ours = {}, False
    attributes = span.get("attributes") or []
    if not isinstance(attributes, list):
        raise textfiles.BrokenRecord("attributes is no list")
    for attribute in attributes:
        key = attribute.get("key") if isinstance(attribute, dict) else None
        if not isinstance(key, str):
            raise textfiles.BrokenRecord("an attribute has no key")
        is_ours = is_ours or key.startswith("gen_ai.") or key == openinference.KIND
        if key in READ:
            value = attribute.get("value")
            if value is not None and not isinstance(value, dict):
                raise textfiles.BrokenRecord(f"{key} is no value of OTLP")
            wrapped = next((value[name] for name in WRAPPERS if name in value), value or None) if value else None
            found[key] = _scalar(wrapped, key)
    return found if is_ours else None


def _scalar(value: Any, name: str) -> Any:
    if isinstance(value, (dict, list, bool)):
        raise textfiles.BrokenRecord(f"{name} is no single value")
    return value


def _id(span: Mapping[str, Any], name: str) -> Any:
    """The id of a span or of its trace, in hexadecimal digits."""
    value = _scalar(span.get(name), name)
    if isinstance(value, str) and len(value) == 4 * -(-ID_BYTES[name] // 3):
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value
        return decoded.hex() if len(decoded) == ID_BYTES[name] else value
    return value


def _number(value: Any, name: str) -> Any:
    """A number; whole ones are text in OTLP, for they have 64 bits."""
    return int(value) if isinstance(value, str) and WHOLE_NUMBER.fullmatch(value) else value


def _nanoseconds(span: Mapping[str, Any], name: str) -> int | None:
    """Nanoseconds since 1970; None where there are none (0 is OTLP's word for that)."""
    value = _number(span.get(name), name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**64):
        raise textfiles.BrokenRecord(f"{name} is no time")
    return value or None


def _time(nanoseconds: int | None) -> str | None:
    if nanoseconds is None:
        return None
    moment = EPOCH + timedelta(milliseconds=nanoseconds // 1_000_000)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


EXPORT = Part(
    tables={"otel_spans": SPANS},
    feeds={"runs": ("otel_spans",), "step_runs": ("otel_spans",), "calls": ("otel_spans",)},
    statuses={"error": "failed", "ok": "completed", "unset": "completed"},
    find=find,
    stage=stage,
)

SYSTEM = System(name="otel", title="OpenTelemetry GenAI exporter", parts={"export": EXPORT})
