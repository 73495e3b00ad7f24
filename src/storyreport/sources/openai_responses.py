"""Responses of OpenAI's API as they came (chat completions, responses, embeddings), a line each, and a batch's output.

Compatible APIs are read too, and what Anthropic, Google and `claude -p` answer; the provider is known by the model's
name. Choices, outputs and other texts are never staged. An embedding says neither its id nor its time: these are called
without a time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..readers import text as textfiles
from . import System, Type, answers, claude_print, compatible, converse, other_answers, recordfiles, streams

# What the older Assistants API and a compaction answer; the latter does not name its model.
RUN, COMPACTION = "thread.run", "response.compaction"
OBJECTS = (
    *("chat.completion", "chat.completion.chunk", "text_completion", *streams.RESPONSES, "list", "rerank"),
    *(RUN, COMPACTION),
)
# Fields beside the answer in a line of a batch's output, which a line of one's own log has not.
OF_BATCH = frozenset(("custom_id", "key", "processed_time", "status"))
# What Bedrock's requests call a model.
BEDROCK_ID = "modelId"
TIMES = ("timestamp", "time", "ts", "created_at", "started_at", "date")
# Objects that are a call even without usage.
ALWAYS = ("chat.completion.chunk", *streams.RESPONSES, RUN)
OWN_MODELS = re.compile(r"(?:ft:)?(?:gpt-|o\d|chatgpt-|text-embedding-|davinci|babbage|codex-|computer-use)")
STATUSES = {
    "completed": "completed",
    "incomplete": "completed",
    "requires_action": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "queued": "queued",
    "in_progress": "running",
}

RESPONSES = recordfiles.table(
    {
        "file": Type.WORD,
        "id": Type.KEY,
        "object": Type.WORD,
        "created_at": Type.UTC,
        "completed_at": Type.UTC,
        "provider": Type.WORD,
        "model": Type.WORD,
        "service_tier": Type.WORD,
        "is_batch": Type.FLAG,
        "latency_ms": Type.MS,
        "status_code": Type.COUNT,
        "error_code": Type.WORD,
        "status": Type.WORD,
        "cost": Type.MONEY,
        "input_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "total_tokens": Type.COUNT,
        "cached_tokens": Type.COUNT,
        "cache_write_tokens": Type.COUNT,
        "reasoning_tokens": Type.COUNT,
        "input_audio_tokens": Type.COUNT,
        "output_audio_tokens": Type.COUNT,
        "input_image_tokens": Type.COUNT,
        "output_image_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "web_searches": Type.COUNT,
        "file_searches": Type.COUNT,
        "citation_tokens": Type.COUNT,
        "cache_audio_read_tokens": Type.COUNT,
        "cache_image_read_tokens": Type.COUNT,
        "input_video_tokens": Type.COUNT,
        "audio_seconds": Type.NUMBER,
        "document_pages": Type.COUNT,
    },
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is a response with its usage, perhaps beside its request, or a line of a batch's output."""
    record = _logged(record) or record
    if "custom_id" in record and (
        recordfiles.inside(record, "response", "status_code") is not None
        # What has expired has no response; a batch has a file of its own for what failed.
        or ({"id", "response", "error"} <= record.keys() and record["response"] is None)
    ):
        return True
    if _is_bedrock_batch(record):
        return True
    if any(module.is_ours(record) for module in (answers, other_answers)) or claude_print.is_begin(record):
        return True
    if streams.is_part(record):
        return True
    usage = record.get("usage")
    if usage is None and record.get("object") in ALWAYS:
        # A response that has not ended yet, or was cut off.
        return {"id", "model", "usage", "status"} <= record.keys()
    return (
        record.get("object") in OBJECTS
        and ("model" in record or record["object"] == COMPACTION)
        and isinstance(usage, dict)
        and bool({"prompt_tokens", "input_tokens", "total_tokens"} & usage.keys())
    )


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of a response; none for what is no answer."""
    if record.get("object") in OBJECTS:
        # Most answers are these, and need no closer look.
        yield from _answer(record)
    elif logged := _logged(record):
        at = next((record[name] for name in TIMES if record.get(name)), None)
        cloud = {"provider": "aws"} if BEDROCK_ID in logged else {}
        yield from ({**row, **cloud, "created_at": row.get("created_at") or at} for row in rows(logged))
    elif _is_bedrock_batch(record):
        yield from _bedrock_batch(record)
    elif answers.is_ours(record):
        yield from answers.rows(record)
    elif other_answers.is_ours(record):
        yield from other_answers.rows(record)
    elif "custom_id" in record:
        yield _batched(record)
    elif record.get("object") != "thread.run.step":
        # The steps of a run are counted in it.
        yield from _answer(record)


def _batched(record: Mapping[str, Any]) -> recordfiles.Row:
    """The row of a line of a batch's output."""
    answer = record.get("response")
    body = recordfiles.inside(answer, "body")
    codes = (recordfiles.inside(holder, "error", "code") for holder in (record, body))
    return {
        **_row(body if isinstance(body, dict) else {}),
        "id": record.get("id"),
        "is_batch": True,
        "status_code": recordfiles.inside(answer, "status_code"),
        "error_code": next((code for code in codes if code), None),
    }


def _answer(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    if record.get("object") in ALWAYS or record.get("usage") is not None or record.get("error") is not None:
        yield {**_row(record), "error_code": recordfiles.inside(record, "error", "code")}


def read(file: Path, records: Iterable[textfiles.Record]) -> Iterator[recordfiles.Item]:
    """The rows of responses, one of the parts of a stream; those without an id are distinguished by file and line."""
    place = recordfiles.digest(file.name)
    counted = ((line, record and compatible.with_whole_counts(record), problem) for line, record, problem in records)
    for line, row, problem in recordfiles.each(rows)()(file, streams.joined(claude_print.joined(counted))):
        yield line, {**row, "file": place} if row else row, problem


def _logged(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The answer in a line of one's own log, with the model that the request beside it names where it names none."""
    request, response = (_body(record.get(name)) for name in ("request", "response"))
    if not request or not response or record.keys() & OF_BATCH:
        return None
    if isinstance(model := request.get(BEDROCK_ID), str):
        # The maker's name for it, which the answer may have, says nothing of Bedrock's price.
        return {**response, "model": converse.without_account(model), BEDROCK_ID: model}
    return {**({"model": request["model"]} if isinstance(request.get("model"), str) else {}), **response}


def _is_bedrock_batch(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line of the output of Bedrock's batch inference."""
    return {"recordId", "modelInput"} <= record.keys() and bool(record.keys() & {"modelOutput", "error"})


def _bedrock_batch(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of such a line: of the answer in it, or of its error."""
    answer = record.get("modelOutput")
    around = {"provider": "aws", "is_batch": True}
    if isinstance(answer, dict):
        yield from ({**row, **around, "id": row.get("id") or record["recordId"]} for row in rows(answer))
    else:
        code = recordfiles.inside(record, "error", "errorCode")
        yield {**around, "id": record["recordId"], "error_code": "error" if code is None else str(code)}


def _body(message: Any) -> Mapping[str, Any]:
    held = recordfiles.inside(message, "body")
    return held if isinstance(held, dict) else message if isinstance(message, dict) else {}


def _row(body: Mapping[str, Any]) -> recordfiles.Row:
    """A response by column, in either of the two forms of the API."""
    used = recordfiles.inside(body, "usage")
    usage = used if isinstance(used, dict) else {}
    same = {name: name for name in ("id", "object", "completed_at", "model", "service_tier", "status")}
    model = body.get("model")
    of_input = _details(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    cached = compatible.cached(usage, of_input)
    of_output = _details(usage, "completion_tokens_details", "output_tokens_details", "output_token_details")
    tokens = {
        "input_tokens": ("input_tokens", "prompt_tokens"),
        "output_tokens": ("output_tokens", "completion_tokens"),
        "total_tokens": "total_tokens",
    }
    return {
        **recordfiles.columns(body, {**same, "created_at": ("created", "created_at")}),
        **recordfiles.columns(usage, tokens),
        **cached,
        **compatible.with_cached(usage, cached),
        **compatible.beside_output(usage, of_output, model),
        **compatible.searches(body, usage),
        "cost": compatible.cost(usage),
        "provider": compatible.provider(body, is_own=isinstance(model, str) and bool(OWN_MODELS.match(model))),
        **_ranked(body, usage),
        "input_audio_tokens": of_input.get("audio_tokens"),
        "cache_audio_read_tokens": recordfiles.inside(of_input, "cached_tokens_details", "audio_tokens"),
    }


def _ranked(body: Mapping[str, Any], usage: Mapping[str, Any]) -> recordfiles.Row:
    """What only answers with vectors or ranked documents have: all of their tokens went in, as their total may say."""
    if body.get("object") not in ("list", "rerank"):
        return {}
    items = (*recordfiles.objects(body.get("data")), *recordfiles.objects(body.get("results")))
    is_ranked = any("relevance_score" in item for item in items[:1])
    counts = ("input_tokens", "prompt_tokens", "total_tokens")
    return {
        "object": "rerank" if is_ranked else body["object"],
        **recordfiles.columns(usage, {"input_tokens": counts}),
    }


def _details(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return next((usage[name] for name in names if isinstance(usage.get(name), dict)), {})


def why_not(path: Path) -> str | None:
    """Of an answer that was saved with the headers of HTTP before it."""
    first = next((text for _, text, _ in textfiles.lines(path) if text), "")
    is_headed = first.startswith("HTTP/") and " " in first
    return "begins with the headers of HTTP: save the answer alone (`curl` without -i)" if is_headed else None


SYSTEM = System(
    name="openai_responses",
    title="file of API responses or batch output",
    parts={
        "responses": replace(
            recordfiles.part("openai_responses", RESPONSES, is_ours, lambda: read, statuses=STATUSES),
            why_not=why_not,
        )
    },
)
