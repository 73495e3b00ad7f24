"""Spans in other forms than OTLP's, as OTLP has them: Jaeger's, Zipkin's and those that SDKs print to a console.

A helper of the OpenTelemetry source: it describes no system. Attributes are carried over, nothing of them is kept here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timezone
from itertools import islice
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from .moments import moment
from .recordfiles import objects

Span = dict[str, Any]
# A single value → what OTLP calls its type.
WRAPPERS = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
# What log collectors wrap an exporter's request in.
HELD_IN = ("jsonPayload", "textPayload", "log", "message", "data", "tracesData", "body")
# Where a line of a log has a request behind its time and level; a list of requests has none.
BEHIND_PREFIX = re.compile(r"(?!\s*[\[,]\s*\{)(?=\s*[^{\s])[^{]*(?=\{\"resource_?[sS]pans\")")
# Where an answer of a log service has the events, of which each one's message is a line.
EVENTS = ("events", "logEvents")
BEHIND_UNDERSCORE = re.compile(r"_([a-z])")
FAILED, DONE = "STATUS_CODE_ERROR", "STATUS_CODE_UNSET"
MICROSECOND, SECOND = 1_000, 1_000_000_000


def records(path: Path) -> Iterator[textfiles.Record]:
    """The same as the reader's, also of a log whose lines have a request behind a prefix, or of an export of one."""
    if not _has_prefixes(path):
        for number, record, problem in textfiles.records(path):
            events = (
                next((record[name] for name in EVENTS if isinstance(record.get(name), list)), None) if record else None
            )
            yield from ((number, event, None) for event in objects(events)) if events else ((number, record, problem),)
        return
    for number, text, problem in textfiles.lines(path):
        found = BEHIND_PREFIX.match(text or "")
        if problem or found:
            yield number, *_request_in(text, found, problem)


def foreign(path: Path) -> str | None:
    """Whose spans a file holds, where they have no attributes of OpenTelemetry: they do not say what was used."""
    record = next((record for _, record, _ in textfiles.records(path)), None) or {}
    attributes = record.get("attributes")
    if isinstance(record.get("Traces"), list) or (
        str(record.get("trace_id")).startswith("1-") and "start_time" in record
    ):
        return "AWS X-Ray"
    if record.get("type") == "spans" or {"trace_id", "span_id", "resource", "service", "duration"} <= record.keys():
        return "Datadog"
    return "Datadog" if isinstance(attributes, dict) and "resource_name" in attributes else None


def _has_prefixes(path: Path) -> bool:
    # Lines with a prefix are no lines of JSON.
    beginning = islice(textfiles.lines(path), textfiles.LOOKED_AT) if textfiles.form(path) != "lines" else ()
    return any(BEHIND_PREFIX.match(text) for _, text, _ in beginning if text)


def _request_in(
    text: str | None, prefix: re.Match[str] | None, problem: str | None
) -> tuple[dict[str, Any] | None, str | None]:
    if problem or not text or not prefix:
        return None, problem
    try:
        request, _ = json.JSONDecoder().raw_decode(text, prefix.end())
    except (ValueError, RecursionError):
        return None, "the line is broken JSON"
    return request, None


def unwrapped(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """An exporter's request that a log's line or another object holds; a record without one as it is."""
    for name in HELD_IN:
        held = record.get(name)
        if isinstance(held, str) and "esource" in held and held.lstrip().startswith("{"):
            try:
                held = json.loads(held)
            except (ValueError, RecursionError):
                continue
        if isinstance(held, dict) and held.keys() & {"resourceSpans", "resource_spans"}:
            return held
    return record


def in_camel_case(value: Any) -> Any:
    """A request of a writer that kept the names of protobuf, by those of OTLP JSON; attributes' keys stay."""
    if isinstance(value, list):
        return [in_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        BEHIND_UNDERSCORE.sub(lambda found: found[1].upper(), name): in_camel_case(held) for name, held in value.items()
    }


def is_snake_case(record: Mapping[str, Any]) -> bool:
    """Whether a record is a request with the names of protobuf."""
    return isinstance(record.get("resource_spans"), list)


def spans(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    """(span as OTLP has it, name of its service) of each span of a record in another form; none of any other record."""
    form = next((form for form, is_it in FORMS.items() if is_it(record)), None)
    if form:
        yield from form(record)


def is_known(record: Mapping[str, Any]) -> bool:
    """Whether a record is one span, or a trace of them, in another form."""
    return any(is_it(record) for is_it in FORMS.values())


def _jaeger(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    """Of a trace as Jaeger's API has it, or a span as it keeps it in Elasticsearch."""
    processes = record.get("processes")
    for span in record.get("spans", [record]):
        if not isinstance(span, dict):
            continue
        tags = {tag.get("key"): tag.get("value") for tag in objects(span.get("tags"))}
        if isinstance(flat := span.get("tag"), dict):
            tags |= {name.replace("@", "."): value for name, value in flat.items()}
        process = span.get("process") or (processes or {}).get(span.get("processID"))
        parent = next(
            (ref.get("spanID") for ref in objects(span.get("references")) if ref.get("refType") != "FOLLOWS_FROM"),
            None,
        )
        began = span.get("startTime")
        yield (
            {
                "traceId": span.get("traceID"),
                "spanId": span.get("spanID"),
                "parentSpanId": parent or span.get("parentSpanID"),
                **_times(began, _sum(began, span.get("duration")), MICROSECOND),
                "attributes": _attributes(tags),
                "status": _status(tags),
            },
            _text(process.get("serviceName")) if isinstance(process, dict) else None,
        )


def _zipkin(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    tags = record.get("tags") if isinstance(record.get("tags"), dict) else {}
    endpoint = record.get("localEndpoint")
    began = record.get("timestamp")
    yield (
        {
            "traceId": record.get("traceId"),
            "spanId": record.get("id"),
            "parentSpanId": record.get("parentId"),
            **_times(began, _sum(began, record.get("duration")), MICROSECOND),
            "attributes": _attributes(tags or {}),
            "status": _status(tags or {}),
        },
        _text(endpoint.get("serviceName")) if isinstance(endpoint, dict) else None,
    )


def _python(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    """Of a span as Python's ConsoleSpanExporter prints it."""
    context, status = record["context"], record.get("status")
    said = status if isinstance(status, dict) else {}
    yield (
        {
            "traceId": _bare(context.get("trace_id")),
            "spanId": _bare(context.get("span_id")),
            "parentSpanId": _bare(record.get("parent_id")),
            **_times(_epoch(record.get("start_time")), _epoch(record.get("end_time")), SECOND),
            "attributes": _attributes(record["attributes"]),
            "status": {
                "code": f"STATUS_CODE_{said.get('status_code') or 'UNSET'}",
                "message": said.get("description"),
            },
        },
        _service(record.get("resource")),
    )


def _javascript(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    """Of a span as JavaScript's ConsoleSpanExporter prints it, its times in microseconds."""
    began = record.get("timestamp")
    parent = record.get("parentSpanContext")
    yield (
        {
            "traceId": record.get("traceId"),
            "spanId": record.get("id"),
            "parentSpanId": parent.get("spanId") if isinstance(parent, dict) else record.get("parentId"),
            **_times(began, _sum(began, record.get("duration")), MICROSECOND),
            "attributes": _attributes(record["attributes"]),
            "status": record.get("status") or {},
        },
        _service(record.get("resource")),
    )


def _in_a_file(record: Mapping[str, Any]) -> Iterator[tuple[Span, str | None]]:
    """Of a span as Copilot's CLI writes it to a file, its times in seconds and nanoseconds."""
    pairs = {"startTimeUnixNano": record.get("startTime"), "endTimeUnixNano": record.get("endTime")}
    same = ("traceId", "spanId", "parentSpanId", "status")
    yield (
        {
            **{name: record[name] for name in same if record.get(name)},
            **{name: pair[0] * SECOND + pair[1] for name, pair in pairs.items() if pair and _is_pair(pair)},
            "attributes": _attributes(record["attributes"]),
        },
        _service(record.get("resource")),
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)


FORMS: dict[Callable[[Mapping[str, Any]], Iterator[tuple[Span, str | None]]], Callable[[Mapping[str, Any]], bool]] = {
    _jaeger: lambda record: (
        (isinstance(record.get("spans"), list) and "traceID" in record)
        or {"traceID", "spanID", "operationName"} <= record.keys()
    ),
    _zipkin: lambda record: {"traceId", "id", "timestamp"} <= record.keys() and isinstance(record.get("tags"), dict),
    _python: lambda record: (
        isinstance(record.get("context"), dict)
        and "trace_id" in record["context"]
        and isinstance(record.get("attributes"), dict)
        and "span_kind" not in record
    ),
    _javascript: lambda record: (
        {"traceId", "id", "timestamp", "duration"} <= record.keys() and isinstance(record.get("attributes"), dict)
    ),
    _in_a_file: lambda record: (
        {"traceId", "spanId"} <= record.keys()
        and isinstance(record.get("attributes"), dict)
        and (_is_pair(record.get("startTime")) or _is_pair(record.get("endTime")))
    ),
}


def _attributes(values: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP has them; lists and objects are none that we read."""
    return [
        {"key": key, "value": {WRAPPERS[type(value)]: value}}
        for key, value in values.items()
        if isinstance(key, str) and type(value) in WRAPPERS
    ]


def _status(tags: Mapping[Any, Any]) -> dict[str, Any]:
    """The status that tags tell of: otel.status_code, or error, which may be its message."""
    error = tags.get("error")
    is_failed = tags.get("otel.status_code") == "ERROR" or error not in (None, False, "false", "")
    message = tags.get("otel.status_description") or tags.get("error.message")
    message = message or (error if isinstance(error, str) and error != "true" else None)
    return {"code": FAILED if is_failed else DONE, "message": message if is_failed else None}


def _times(began: Any, ended: Any, unit: int) -> dict[str, Any]:
    """Both times in nanoseconds, where they are numbers of a unit."""
    named = {"startTimeUnixNano": began, "endTimeUnixNano": ended}
    return {name: round(value * unit) if _is_number(value) else None for name, value in named.items()}


def _sum(one: Any, other: Any) -> Any:
    return one + other if _is_number(one) and _is_number(other) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _epoch(value: Any) -> float | None:
    """Seconds since 1970 of ISO text, to the microsecond."""
    found = moment(value)
    return found.replace(tzinfo=found.tzinfo or timezone.utc).timestamp() if found else None


def _bare(value: Any) -> Any:
    return value.removeprefix("0x") if isinstance(value, str) else value


def _service(resource: Any) -> str | None:
    attributes = resource.get("attributes") if isinstance(resource, dict) else None
    return _text(attributes.get("service.name")) if isinstance(attributes, dict) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value and not value.startswith("unknown_service") else None
