"""Amazon Bedrock's model invocation logs: JSON lines as S3 keeps them, one file or the folder of an account; also as
CloudWatch answers, by `filter-log-events` or by Insights.

Bodies, callers and account numbers are never staged. Bedrock counts cached tokens beside the input tokens.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, converse, envelopes, native_answers, recordfiles

# AWSLogs/<account>/BedrockModelInvocationLogs/<region>/2026/11/06/12/….json.gz
DEEPEST = 9

# What a record of CloudWatch's has instead of the log.
WRAPPERS = frozenset(("events", "logEvents", "results", "message", "@message"))
# Where the log counts tokens.
COUNTS = {
    "input_tokens": ("input", "inputTokenCount"),
    "cache_read_tokens": ("input", "cacheReadInputTokenCount"),
    "cache_write_tokens": ("input", "cacheWriteInputTokenCount"),
    "output_tokens": ("output", "outputTokenCount"),
}
# Where the usage of a body does.
COUNTED = {"input_tokens": ("inputTokens", "input_tokens"), "output_tokens": ("outputTokens", "output_tokens")}
INVOCATIONS = recordfiles.table(
    {
        "request_id": Type.KEY,
        "timestamp": Type.UTC,
        "operation": Type.WORD,
        "model": Type.WORD,
        "region": Type.WORD,
        "error_code": Type.WORD,
        "latency_ms": Type.MS,
        "input_tokens": Type.COUNT,
        "cache_read_tokens": Type.COUNT,
        "cache_write_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "tier": Type.WORD,
    },
    required=("request_id",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is the log of an invocation."""
    return record.get("schemaType") == "ModelInvocationLog" and "modelId" in record


def files(folder: Path) -> Iterator[Path]:
    """The logs below a folder, by how they are called; bodies that were too long for them lie beside in `data`."""
    return recordfiles.below(folder, "[0-9]*T[0-9]*Z_*.json", "[0-9]*T[0-9]*Z_*.json.gz", deepest=DEEPEST)


def records(path: Path) -> Iterator[textfiles.Record]:
    """The records of a file, those that CloudWatch wrapped without their wrappers; none of a file of anybody else's."""
    first = [record for _, record, _ in textfiles.first_records(path, recordfiles.LOOKED_AT) if record]
    if any(is_ours(record) for record in first):
        yield from textfiles.records(path)
    elif not all(WRAPPERS.isdisjoint(record) for record in first):
        for number, record, problem in textfiles.records(path):
            entries = [{}] if record is None else envelopes.listed(record) or [record]
            yield from ((number, {**envelopes.within(entry)} if record else None, problem) for entry in entries)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of an invocation."""
    names = {"request_id": "requestId", "error_code": "errorCode", "region": ("inferenceRegion", "region")}
    same = {name: name for name in ("timestamp", "operation")}
    model = record.get("modelId")
    used = _usage(recordfiles.inside(record, "output", "outputBodyJson"))
    yield {
        # Where the log does not count them, the usage of a body may.
        **recordfiles.columns(used, {**converse.CACHED, **COUNTED}),
        "cache_write_1h_tokens": converse.written_for_an_hour(used),
        "tier": _tier(record),
        **recordfiles.columns(record, {**names, **same}),
        "model": converse.without_account(model) if isinstance(model, str) else model,
        "latency_ms": recordfiles.inside(record, "output", "outputBodyJson", "metrics", "latencyMs"),
        **{
            column: counted
            for column, (side, name) in COUNTS.items()
            if (counted := recordfiles.inside(record, side, name)) is not None
        },
    }


def _usage(body: Any) -> Mapping[str, Any]:
    """What the body of an answer, or the events that it came in, say of its usage: the last of them counts."""
    used: dict[str, Any] = {}
    for event in body if isinstance(body, list) else [body]:
        for path in (("usage",), ("message", "usage"), ("metadata", "usage")):
            if isinstance(found := recordfiles.inside(event, *path), dict):
                used |= {name: value for name, value in found.items() if value is not None}
        used |= native_answers.usage_of_body(event)
    return used


def _tier(record: Mapping[str, Any]) -> Any:
    """The tier that served a call, or else that which it asked for: a word, or an object with its type."""
    body = recordfiles.inside(record, "output", "outputBodyJson")
    events = body if isinstance(body, list) else [body]
    places = [
        (record, ("serviceTier",)),
        *(
            (event, path)
            for event in events
            for path in (("serviceTier",), ("metadata", "serviceTier"), ("service_tier",))
        ),
        (record, ("input", "inputBodyJson", "serviceTier")),
        (record, ("input", "inputBodyJson", "service_tier")),
    ]
    found = (recordfiles.inside(holder, *path) for holder, path in places)
    return converse.tier_word(next((value for value in found if value), None))


SYSTEM = System(
    name="bedrock",
    title="Amazon Bedrock invocation log",
    parts={
        "logs": recordfiles.part(
            "bedrock_invocations", INVOCATIONS, is_ours, recordfiles.each(rows), files=files, records=records
        )
    },
)
