"""OpenTelemetry spans of generative AI as OTLP JSON: one request a line, or one document. Also other forms.

The attributes read are gen_ai.*, where they have no value OpenInference's llm.*, and Langfuse's usage.

A trace is a run, each of its GenAI spans a step run, and those that called a model are calls. Spans above them may
repeat their tokens: agents, workflows, another instrumentation of the same call. Of all other spans only their place in
the tree is kept. Messages, instructions and conversation ids are private: never staged.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import Part, System, Table, Type, claude_spans, genai, langfuse_spans, openinference, span_forms, vercel
from .genai import ATTRIBUTES, LABEL_NAMES, LABELS

LOOKED_AT = 20
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
WHOLE_NUMBER = re.compile(r"-?\d{1,20}", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
# Where a span has the scope and the resource that it came in.
SCOPE = "instrumentation scope"
# Where a span has the name of the service that made it, and what SDKs write where nobody named one.
SERVICE = "service"
NO_SERVICE = "unknown_service"
RESOURCE = "resource of the scope"
# What scopes were called until 2022.
OLD_NAMES = {"scopeSpans": "instrumentationLibrarySpans"}
# How the names begin that only spans of generative AI have.
BEGINNINGS = ("gen_ai.", "llm.token_count.", "llm.cost.")
MARKS = frozenset((openinference.KIND, genai.EMBEDDED, langfuse_spans.USAGE, claude_spans.CONTEXT))
# How a single value is wrapped; lists and maps of values are none that we read.
WRAPPERS = ("stringValue", "intValue", "doubleValue", "boolValue")
READ = frozenset(name for names in (*ATTRIBUTES.values(), *genai.PARTS) for name in names) | openinference.READ
READ |= {vercel.METADATA, langfuse_spans.USAGE, *claude_spans.READ, *genai.DETAILS}
# Attribute → its column, and its place among those of that column.
PLACES = {name: (column, rank) for column, names in ATTRIBUTES.items() for rank, name in enumerate(names)}
RANK = itemgetter(0)
# A number of these many bytes: in hexadecimal digits, from Tempo in base 64.
ID_BYTES = {"traceId": 16, "spanId": 8}
USAGE = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost")
DETAILS = (
    *("total_tokens", "cache_write_1h_tokens", "reasoning_tokens", "input_audio_tokens", "output_audio_tokens"),
    *("cache_audio_read_tokens", "input_image_tokens", "cache_image_read_tokens", "output_image_tokens"),
    *("input_video_tokens", "output_video_tokens", "web_searches"),
)
AMOUNTS = (*USAGE, *DETAILS)
MODEL_OPERATIONS = ("chat", "text_completion", "generate_content", "embeddings")
# They call no model themselves: what they say is of the calls below them.
OUTER_OPERATIONS = (
    *("invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "plan"),
    *openinference.OUTER_OPERATIONS,
)
STATUS_WORDS = {
    **dict.fromkeys((0, "0"), "unset"),
    **dict.fromkeys((1, "1"), "ok"),
    **dict.fromkeys((2, "2"), "error"),
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
        "parent_id": Type.KEY,
        "scope": Type.WORD,
        "service": Type.WORD,
        "agent": Type.WORD,
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
        "has_usage": Type.FLAG,
        "response_id": Type.WORD,
        "tier": Type.WORD,
        **{name: Type.MONEY if name == "cost" else Type.COUNT for name in AMOUNTS},
        "currency": Type.WORD,
        **{name: Type.HASHED if name == "user" else Type.WORD for name in LABELS},
    },
    required=("trace_id", "span_id"),
    drops_values=True,
    currencies=("currency",),
    sorted_by=("trace_id", "span_id"),
)
# The other spans between them.
LINKS = Table(columns={"trace_id": Type.KEY, "span_id": Type.KEY, "parent_id": Type.KEY})


def find(path: Path) -> Path | None:
    """The path if it is a file of exported spans, of which one is of generative AI."""
    return path if path.is_file() and _has_spans(path) else None


def why_not(path: Path) -> str | None:
    """Of a file of spans without any of generative AI, that it is one."""
    if owner := span_forms.foreign(path):
        return (
            f"holds spans of {owner}, which do not say what was used: let OpenTelemetry's collector write them to a"
            " file, as OTLP JSON"
        )
    if _has_spans(path) is False:
        return (
            "holds spans, but none with gen_ai.*, OpenInference's or Langfuse's attributes: nothing in it says what was"
            " used"
        )
    return None


def _has_spans(path: Path) -> bool | None:
    """Whether spans of a file are of generative AI; None where it is no file of spans."""
    is_export = False
    for number, (_, record, _) in enumerate(span_forms.records(path), start=1):
        is_export = is_export or (record is not None and _is_export(record))
        if is_export and any(span is None or _is_ours(span) for span, _ in _spans(record or {})):
            return True
        if not is_export and number == LOOKED_AT:
            return None
    return False if is_export else None


def stage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each span that has a gen_ai attribute, and the place of each other one."""
    position = 0
    for line, record, problem in span_forms.records(path):
        for span, broken in _spans(record) if record is not None else [(None, problem)]:
            row: dict[str, Any] | None = {}
            if span is not None:
                try:
                    row = _row(span)
                    if row is None:
                        yield "otel_links", (_id(span, "traceId"), _id(span, "spanId"), _parent(span), None)
                except textfiles.BrokenRecord as error:
                    broken = str(error)
            if row is not None:
                position += 1
                values = {**row, "line": line, "position": position}
                yield "otel_spans", (*(values.get(column) for column in SPANS.columns), broken)


def _is_export(record: Mapping[str, Any]) -> bool:
    return (
        isinstance(_request(record).get("resourceSpans"), list)
        or openinference.is_phoenix(record)
        or span_forms.is_known(record)
    )


def _request(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record as an exporter's request; Tempo calls what is in it otherwise, or puts it into a trace."""
    held = record.get("trace")
    request = held if isinstance(held, dict) else span_forms.unwrapped(record)
    request = span_forms.in_camel_case(request) if span_forms.is_snake_case(request) else request
    batches = request.get("batches")
    is_trace = isinstance(batches, list) and any(isinstance(batch, dict) and "scopeSpans" in batch for batch in batches)
    return {"resourceSpans": batches} if is_trace else request


def _spans(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any] | None, str | None]]:
    """(span, None) or (None, problem) of each span of a request; metrics and logs may lie in the same file."""
    if record.get("type") in ("metric", "log"):
        return
    if openinference.is_phoenix(record):
        yield openinference.as_otlp(record), None
        return
    if span_forms.is_known(record):
        for span, service in span_forms.spans(record):
            named = [{"key": "service.name", "value": {"stringValue": service}}] if service else []
            yield {**span, SERVICE: service, RESOURCE: {"attributes": named}}, None
        return
    request = _request(record)
    below: list[Any] = [request]
    for name in ("resourceSpans", "scopeSpans", "spans"):
        inner: list[Any] = []
        for holder in below:
            held = holder.get(name, holder.get(OLD_NAMES.get(name, "")))
            if isinstance(held, list):
                carried = {SERVICE: holder.get(SERVICE) or _service(holder)}
                if resource := holder.get("resource", holder.get(RESOURCE)):
                    carried[RESOURCE] = resource
                if name == "spans":
                    carried[SCOPE] = holder.get("scope", holder.get("instrumentationLibrary"))
                inner += [{**item, **carried} for item in held if isinstance(item, dict)]
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
    row = _columns(genai.with_details(attributes)) | vercel.columns(attributes) | langfuse_spans.columns(attributes)
    row |= claude_spans.columns(attributes)
    if row["cost"] is None:
        row["cost"], currency = genai.cost(attributes)
        row["currency"] = row["currency"] or currency
    for column in AMOUNTS:
        if row[column] is not None:
            row[column] = _number(row[column], column)
    row |= genai.with_reasoning(attributes, row)
    operation = row["operation"]
    has_usage = any(row[column] not in (None, 0) for column in USAGE)
    says_usage = any(row[column] is not None for column in (*USAGE, "total_tokens"))
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
        "parent_id": _parent(span),
        "scope": _scope(span),
        "service": span.get(SERVICE),
        "target": row["tool"] or row["agent"],
        "started_at": _time(started),
        "ended_at": _time(ended),
        "duration_ms": (ended - started) // 1_000_000 if started and ended else None,
        "status": "error" if is_failed else word,
        "error_message": (_scalar(status.get("message"), "the status message") or row["error_type"])
        if is_failed
        else None,
        "is_call": int(operation in MODEL_OPERATIONS or (says_usage and operation not in OUTER_OPERATIONS)),
        "has_usage": int(has_usage),
        **_labels(span),
    }


def _columns(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a span's attributes say, by column: those of the conventions, or else OpenInference's."""
    row: dict[str, Any] = dict.fromkeys(ATTRIBUTES)
    # A span has a few of the many names.
    said: dict[str, list[tuple[int, Any]]] = {}
    for name, value in attributes.items():
        if value is not None and name in PLACES:
            column, rank = PLACES[name]
            said.setdefault(column, []).append((rank, value))
    for column, values in said.items():
        row[column] = values[0][1] if len(values) == 1 else _first(value for _, value in sorted(values, key=RANK))
    if not openinference.READ.isdisjoint(attributes):
        row = {name: openinference.column(attributes, name) if value is None else value for name, value in row.items()}
    return row


def _labels(span: Mapping[str, Any]) -> dict[str, Any]:
    """Who a span was for; values that are no text and no number say nothing."""
    resource = span.get(RESOURCE)
    found: dict[str, Any] = {}
    for holder in (resource if isinstance(resource, dict) else {}, span):
        attributes = holder.get("attributes")
        for attribute in attributes if isinstance(attributes, list) else []:
            key = attribute.get("key") if isinstance(attribute, dict) else None
            if not isinstance(key, str) or key not in LABEL_NAMES:
                continue
            value = attribute.get("value")
            label = (value.get("stringValue") or value.get("intValue")) if isinstance(value, dict) else None
            if isinstance(label, (str, int)) and not isinstance(label, bool) and not str(label).startswith(NO_SERVICE):
                found[key] = label
    return {column: next((found[name] for name in names if name in found), None) for column, names in LABELS.items()}


def _first(values: Iterable[Any]) -> Any:
    """The first value that is there; a 0 only where no other one is."""
    found = [value for value in values if value is not None]
    return next((value for value in found if _number(value, "") != 0), found[0] if found else None)


def _is_ours(span: Mapping[str, Any]) -> bool:
    """Whether a span has an attribute of generative AI, or is too broken to say."""
    try:
        return _attributes(span) is not None
    except textfiles.BrokenRecord:
        return True


def _scope(span: Mapping[str, Any]) -> str | None:
    """The name of the instrumentation that made a span."""
    scope = span.get(SCOPE)
    name = scope.get("name") if isinstance(scope, dict) else None
    return name if isinstance(name, str) else None


def _service(holder: Mapping[str, Any]) -> str | None:
    """The name of the service whose spans are below a resource; None where it has none."""
    resource = holder.get("resource")
    attributes = resource.get("attributes") if isinstance(resource, dict) else None
    for attribute in attributes if isinstance(attributes, list) else ():
        if isinstance(attribute, dict) and attribute.get("key") == "service.name":
            value = attribute.get("value")
            name = value.get("stringValue") if isinstance(value, dict) else None
            return name if isinstance(name, str) and name and not name.startswith(NO_SERVICE) else None
    return None


def _parent(span: Mapping[str, Any]) -> Any:
    """The id of the span above, None for a root."""
    return _id(span, "spanId", "parentSpanId") or None


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
        is_ours = is_ours or key.startswith(BEGINNINGS) or key in MARKS
        if key in READ or genai.is_cost(key):
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


def _id(span: Mapping[str, Any], name: str, field: str | None = None) -> Any:
    """The id of a span or of its trace, in hexadecimal digits; of another span where a field is named."""
    value = _scalar(span.get(field or name), field or name)
    if isinstance(value, str) and len(value) == 4 * -(-ID_BYTES[name] // 3):
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value
        return decoded.hex() if len(decoded) == ID_BYTES[name] else value
    return value


def _number(value: Any, name: str) -> Any:
    """A number; whole ones are text in OTLP, for they have 64 bits, and amounts are in some instrumentations."""
    if not isinstance(value, str):
        return value
    if WHOLE_NUMBER.fullmatch(value):
        return int(value)
    return float(value) if DECIMAL.fullmatch(value) else value


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
    tables={"otel_spans": SPANS, "otel_links": LINKS},
    feeds={"runs": ("otel_spans",), "step_runs": ("otel_spans",), "calls": ("otel_spans",)},
    statuses={"error": "failed", "ok": "completed", "unset": "completed"},
    find=find,
    stage=stage,
    why_not=why_not,
)

SYSTEM = System(name="otel", title="OpenTelemetry GenAI exporter", parts={"export": EXPORT})
