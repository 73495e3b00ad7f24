"""Answers of models as they came from Anthropic, Google and Claude Code, in the words of the table of responses.

A helper of the sources: it describes no system. Messages, candidates and results are never read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from . import claude_print, recordfiles
from .recordfiles import Row, inside, objects

# Results of Anthropic's batches that are no message.
NO_MESSAGE = ("errored", "canceled", "expired")
# Google counts the pages of a document as images.
MODALITIES = {"AUDIO": "audio", "IMAGE": "image", "DOCUMENT": "image", "VIDEO": "video"}
# What an answer of Google's has that names no model.
UNNAMED = frozenset(("candidates", "embedding", "embeddings"))
# What an answer of Vertex AI was served as. What is provisioned is paid by the month: no call of it has a price.
TRAFFIC = {
    "ON_DEMAND_FLEX": "flex",
    "ON_DEMAND_PRIORITY": "priority",
    "PROVISIONED_THROUGHPUT": "provisioned",
}
# What an answer of Anthropic's may consist of, beside the message and not in its usage → what its call is called. A
# compaction is the model's own summary of a conversation that has become too long.
BESIDE_MESSAGE = {"advisor_message": "advisor", "compaction": "compaction"}
# Until Gemini 3, a prompt that was grounded had one fee, whatever it searched.
FEE_PER_PROMPT = re.compile(r"(?:.*/)?gemini-[12]\b", re.IGNORECASE)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is such an answer, or a line of a batch's results."""
    kinds = (_is_message, _is_batched, _is_google, claude_print.is_result, is_interaction)
    return any(found(record) for found in kinds) or _is_google(_within(record))


def rows(record: Mapping[str, Any]) -> Iterator[Row]:
    """The row of an answer; of Claude Code's result one for each model."""
    if _is_message(record):
        yield _message(record)
        yield from _beside(record)
    elif _is_batched(record):
        yield from _batched(record)
    elif claude_print.is_result(record):
        yield from _result(record)
    elif _is_google(record):
        yield _google(record)
    elif is_interaction(record):
        yield _interaction(record)
    elif _is_google(_within(record)):
        yield {**_google(_within(record)), "is_batch": True}


def _is_message(record: Mapping[str, Any]) -> bool:
    return record.get("type") == "message" and "model" in record and isinstance(record.get("usage"), dict)


def _is_batched(record: Mapping[str, Any]) -> bool:
    kind = inside(record, "result", "type")
    return "custom_id" in record and (kind in NO_MESSAGE or isinstance(inside(record, "result", "message"), dict))


def _is_google(record: Mapping[str, Any]) -> bool:
    is_answer = _named(record, "modelVersion") is not None or bool(record.keys() & UNNAMED)
    return is_answer and isinstance(_named(record, "usageMetadata"), dict)


def is_interaction(record: Mapping[str, Any]) -> bool:
    """Whether a record is what Google's Interactions API answers."""
    return record.get("object") == "interaction" and {"id", "status"} <= record.keys()


def _within(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response in a line of a batch of Google's."""
    response = record.get("response")
    return response if isinstance(response, dict) else {}


def _message(message: Mapping[str, Any]) -> Row:
    """A message of Anthropic's, which counts cached tokens beside the input and says no time of its own."""
    used = message.get("usage")
    usage = used if isinstance(used, dict) else {}
    tokens = _anthropic_tokens(
        *(usage.get(name) for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"))
    )
    return {
        **tokens,
        "id": message.get("id"),
        "object": "messages",
        "provider": "anthropic",
        "model": message.get("model"),
        "created_at": message.get("created_at"),
        "error_code": inside(message, "error", "type"),
        "output_tokens": usage.get("output_tokens"),
        "cache_write_1h_tokens": inside(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        "reasoning_tokens": inside(usage, "output_tokens_details", "thinking_tokens"),
        "web_searches": inside(usage, "server_tool_use", "web_search_requests"),
        "service_tier": _tier(usage),
    }


def _tier(usage: Mapping[str, Any]) -> Any:
    """The tier of a message of Anthropic's, whether it was in a hurry, and within the United States; None as usual."""
    tier = usage.get("service_tier")
    if tier is not None and not isinstance(tier, str):
        return tier
    words = (
        None if tier == "standard" else tier,
        "fast" if usage.get("speed") == "fast" else None,
        "us" if usage.get("inference_geo") == "us" else None,
    )
    return " ".join(filter(None, words)) or None


def _beside(message: Mapping[str, Any]) -> Iterator[Row]:
    """A row for each answer beside a message of Anthropic's."""
    parts = objects(inside(message, "usage", "iterations")) if message.get("id") else []
    for number, part in enumerate(parts):
        kind = part.get("type")
        if isinstance(kind, str) and (name := BESIDE_MESSAGE.get(kind)):
            model = part.get("model") or message.get("model")
            # The tier of the message is that of all.
            usage = {**{word: inside(message, "usage", word) for word in ("service_tier", "inference_geo")}, **part}
            row = _message({"id": f"{message.get('id')}/{name}/{number}", "model": model, "usage": usage})
            yield {**row, "created_at": message.get("created_at")}


def _anthropic_tokens(*parts: Any) -> Row:
    """The input with what was read from and written to the cache; as it is where one of them is no number."""
    given, read, written = parts
    counted = [part or 0 for part in parts]
    is_known = given is not None and all(type(part) is int for part in counted)
    return {
        "input_tokens": sum(counted) if is_known else given,
        "cached_tokens": read,
        "cache_write_tokens": written,
    }


def _batched(record: Mapping[str, Any]) -> Iterator[Row]:
    message = inside(record, "result", "message")
    if isinstance(message, dict):
        usage = inside(message, "usage")
        message = {**message, "usage": {**(usage if isinstance(usage, dict) else {}), "service_tier": "batch"}}
        yield from ({**row, "is_batch": True} for row in (_message(message), *_beside(message)))
        return
    kind = inside(record, "result", "type")
    errors = (inside(record, "result", "error", *path) for path in (("error", "type"), ("type",)))
    yield {
        "id": record.get("custom_id"),
        "object": "messages",
        "provider": "anthropic",
        "is_batch": True,
        "status": "cancelled" if kind == "canceled" else None,
        "error_code": None if kind == "canceled" else next((error for error in errors if error), kind),
    }


def _named(holder: Mapping[str, Any], name: str) -> Any:
    """A field by Google's name, or by that which its Python package writes."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return holder[name] if name in holder else holder.get(snake)


def _google(response: Mapping[str, Any]) -> Row:
    """A response of Gemini's, which counts thoughts beside the candidates and tools' input beside the prompt."""
    used = _named(response, "usageMetadata")
    usage = used if isinstance(used, dict) else {}
    return {
        "id": _named(response, "responseId"),
        "object": "generate_content",
        "provider": "google",
        "model": _named(response, "modelVersion") or response.get("model"),
        "created_at": _named(response, "createTime"),
        "input_tokens": _sum(usage, "promptTokenCount", "toolUsePromptTokenCount"),
        "output_tokens": _sum(usage, "candidatesTokenCount", "thoughtsTokenCount"),
        "total_tokens": _named(usage, "totalTokenCount"),
        "cached_tokens": _named(usage, "cachedContentTokenCount"),
        "reasoning_tokens": _named(usage, "thoughtsTokenCount"),
        "service_tier": TRAFFIC.get(str(_named(usage, "trafficType"))),
        "web_searches": _groundings(response),
        **_modalities(usage, "input_{}_tokens", "promptTokensDetails", "toolUsePromptTokensDetails"),
        **_modalities(usage, "output_{}_tokens", "candidatesTokensDetails"),
        **_modalities(usage, "cache_{}_read_tokens", "cacheTokensDetails"),
    }


def _interaction(interaction: Mapping[str, Any]) -> Row:
    """An interaction: thoughts are counted beside the output, what tools put in beside the input."""
    used = interaction.get("usage")
    usage = used if isinstance(used, dict) else {}
    tier = interaction.get("service_tier")
    tools = [tool for tool in objects(usage.get("grounding_tool_count")) if tool.get("type") == "google_search"]
    queries = [tool.get("search_query_count", tool.get("count")) for tool in tools]
    return {
        **recordfiles.columns(interaction, {"id": "id", "model": "model", "created_at": "created", "status": "status"}),
        "object": "interactions",
        "provider": "google",
        "input_tokens": _sum(usage, "total_input_tokens", "total_tool_use_tokens"),
        "output_tokens": _sum(usage, "total_output_tokens", "total_thought_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cached_tokens": usage.get("total_cached_tokens"),
        "reasoning_tokens": usage.get("total_thought_tokens"),
        "service_tier": None if tier == "standard" else tier,
        "web_searches": _paid(sum(count for count in queries if type(count) is int), interaction.get("model")),
        **_modalities(usage, "input_{}_tokens", "input_tokens_by_modality", "tool_use_tokens_by_modality"),
        **_modalities(usage, "output_{}_tokens", "output_tokens_by_modality"),
        **_modalities(usage, "cache_{}_read_tokens", "cached_tokens_by_modality"),
    }


def _groundings(response: Mapping[str, Any]) -> int | None:
    """How many searches have a fee, of those that grounded the candidates."""
    queries = 0
    for candidate in _candidates(response):
        grounding = _named(candidate, "groundingMetadata")
        searched = _named(grounding, "webSearchQueries") if isinstance(grounding, dict) else None
        queries += len(searched) if isinstance(searched, list) else 0
    return _paid(queries, _named(response, "modelVersion"))


def _paid(queries: int, model: Any) -> int | None:
    is_per_prompt = isinstance(model, str) and FEE_PER_PROMPT.match(model)
    return (min(queries, 1) if is_per_prompt else queries) or None


class Stream(NamedTuple):
    """What the parts of a stream of Google's have in common, and whether one is its last part."""

    key: tuple[Any, ...]
    is_last: bool


def stream(record: Mapping[str, Any]) -> Stream | None:
    """The stream that a response of Google's may be a part of: by its id, else by its model and the prompt's tokens."""
    if not _is_google(record):
        return None
    candidates = _candidates(record)
    is_last = not candidates or any(_named(candidate, "finishReason") is not None for candidate in candidates)
    prompt = _named(_named(record, "usageMetadata"), "promptTokenCount")
    key = _named(record, "responseId")
    return Stream((_named(record, "modelVersion"), prompt) if key is None else (key,), is_last)


def _candidates(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    return objects(response.get("candidates"))


def _sum(usage: Mapping[str, Any], *names: str) -> Any:
    """The sum of counts that are there; the first one as it is where one is no number."""
    parts = [part for name in names if (part := _named(usage, name)) is not None]
    return sum(parts) if parts and all(type(part) is int for part in parts) else next(iter(parts), None)


def _modalities(usage: Mapping[str, Any], column: str, *names: str) -> Row:
    """The tokens of each modality, in columns named after it; those of several lists and kinds are added up."""
    row: Row = {}
    for name in names:
        details = _named(usage, name)
        for item in details if isinstance(details, list) else []:
            kind = MODALITIES.get(str(inside(item, "modality")).upper())
            if kind:
                count, before = item.get("tokens", _named(item, "tokenCount")), row.get(column.format(kind), 0)
                is_known = type(count) is int and type(before) is int
                row[column.format(kind)] = before + count if is_known else count
    return row


def _result(result: Mapping[str, Any]) -> Iterator[Row]:
    """What a run of `claude -p` says in the end, by model: its cost is what Claude Code computed."""
    run = result.get("uuid") or recordfiles.digest([result.get(name) for name in ("session_id", "duration_ms")])
    around = {"object": "claude_code", "created_at": result.get("timestamp")}
    cost = next((result[name] for name in claude_print.COSTS if result.get(name) is not None), None)
    said = result.get("modelUsage")
    models = said if isinstance(said, dict) else {}
    # What is said of the run alone is that of its only model.
    is_all = len(models) == 1
    for model, used in models.items():
        spent = inside(used, "costUSD")
        yield {
            **(_message(result) if is_all and not used else _of_model(used)),
            **around,
            "provider": "anthropic" if model.startswith("claude") else None,
            "id": f"{run}/{model}",
            "model": model,
            "cost": cost if is_all and spent is None else spent,
        }
    if not models:
        yield {**_message(result), **around, "id": run, "cost": cost}


def _of_model(used: Any) -> Row:
    """The tokens of one of the models of a run."""
    tokens = _anthropic_tokens(
        *(inside(used, name) for name in ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens"))
    )
    return {
        **tokens,
        "output_tokens": inside(used, "outputTokens"),
        "reasoning_tokens": inside(used, "thinkingTokens"),
        "web_searches": inside(used, "webSearchRequests"),
    }
