"""Answers in forms that models on Bedrock and Vertex AI have of their own: Llama, Titan, Jamba, PaLM, vectors.

A helper of the sources: it describes no system. Texts and vectors are never read. Most of these name no model.
"""

from collections.abc import Mapping
from typing import Any

from . import compatible
from .recordfiles import Row, columns, inside, objects

# What Bedrock adds to the last part of any stream.
METRICS = "amazon-bedrock-invocationMetrics"
COUNTED = {
    "input_tokens": "inputTokenCount",
    "output_tokens": "outputTokenCount",
    "cached_tokens": "cacheReadInputTokenCount",
    "cache_write_tokens": "cacheWriteInputTokenCount",
}
# The headers of an invocation, as boto3 hands them on beside any body.
HEADER = "x-amzn-bedrock-{}-token-count"
HEADERS = {
    "input_tokens": HEADER.format("input"),
    "output_tokens": HEADER.format("output"),
    "cached_tokens": HEADER.format("cache-read-input"),
    "cache_write_tokens": HEADER.format("cache-write-input"),
}
TOKENS = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens", "total_tokens": "total_tokens"}


def usage_of_body(body: Any) -> Row:
    """The tokens that a body of Llama's or Titan's says; nothing of another."""
    if not isinstance(body, dict):
        return {}
    if is_llama(body):
        return {"input_tokens": body["prompt_token_count"], "output_tokens": body.get("generation_token_count")}
    if is_titan(body):
        counts = [item.get("tokenCount") for item in objects(body.get("results"))]
        return {
            "input_tokens": body["inputTextTokenCount"],
            "output_tokens": sum(count for count in counts if type(count) is int) if counts else None,
        }
    return {}


def is_llama(record: Mapping[str, Any]) -> bool:
    """Whether a record is an answer of Llama's, or the last part of one."""
    return {"prompt_token_count", "generation_token_count"} <= record.keys() and record.get("stop_reason") is not None


def is_titan(record: Mapping[str, Any]) -> bool:
    """Whether a record is a text or a vector of Titan's."""
    return "inputTextTokenCount" in record and bool(record.keys() & {"results", "embedding", "embeddingsByType"})


def of_body(answer: Mapping[str, Any]) -> Row:
    """The row of such a body."""
    is_vector = bool(answer.keys() & {"embedding", "embeddingsByType"})
    kind = "embeddings" if is_vector else "generate"
    return {**usage_of_body(answer), "object": kind, "provider": "aws", "model": answer.get("model")}


def is_measured(record: Mapping[str, Any]) -> bool:
    """Whether a record has Bedrock's own counts: in its headers, or at the end of a stream of no known events."""
    headers = inside(record, "ResponseMetadata", "HTTPHeaders")
    is_headed = isinstance(headers, dict) and HEADERS["input_tokens"] in headers
    return is_headed or ("type" not in record and isinstance(record.get(METRICS), dict))


def measured(answer: Mapping[str, Any]) -> Row:
    """The row of an invocation by Bedrock's own counts, which have the cached tokens beside the input."""
    metrics = answer.get(METRICS)
    around = answer.get("ResponseMetadata")
    headers = inside(around, "HTTPHeaders")
    found = columns(metrics, COUNTED) if isinstance(metrics, dict) else columns(headers, HEADERS)
    counts = {name: int(count) if str(count).isdecimal() else count for name, count in found.items()}
    parts = [counts["input_tokens"], counts["cached_tokens"] or 0, counts["cache_write_tokens"] or 0]
    return {
        **counts,
        "input_tokens": sum(parts) if all(type(part) is int for part in parts) else parts[0],
        "id": inside(around, "RequestId"),
        "object": "generate",
        "provider": "aws",
        "model": answer.get("model"),
        "created_at": inside(headers, "date"),
        "latency_ms": inside(metrics, "invocationLatency") or inside(headers, "x-amzn-bedrock-invocation-latency"),
    }


def is_unnamed_chat(record: Mapping[str, Any]) -> bool:
    """Whether a record is a chat like OpenAI's that does not say so, as Jamba's."""
    return (
        "object" not in record
        and isinstance(record.get("choices"), list)
        and inside(record, "usage", "prompt_tokens") is not None
    )


def unnamed_chat(answer: Mapping[str, Any]) -> Row:
    """The row of such a chat."""
    usage = answer["usage"]
    held = usage.get("prompt_tokens_details")
    details = held if isinstance(held, dict) else {}
    cached = compatible.cached(usage, details)
    return {
        **columns(usage, TOKENS),
        **cached,
        **compatible.with_cached(usage, cached),
        "id": answer.get("id"),
        "object": "chat",
        "model": answer.get("model"),
        "created_at": answer.get("created"),
    }


def is_prediction(record: Mapping[str, Any]) -> bool:
    """Whether a record is a list of predictions whose tokens are counted."""
    predictions = objects(record.get("predictions"))
    return bool(predictions) and (
        isinstance(inside(record, "metadata", "tokenMetadata"), dict) or _embedded(predictions[0]) is not None
    )


def prediction(answer: Mapping[str, Any]) -> Row:
    """The row of a list of predictions; a model of one's own has a number there for its name."""
    predictions = objects(answer.get("predictions"))
    tokens = inside(answer, "metadata", "tokenMetadata")
    vectors = [count for count in map(_embedded, predictions) if type(count) is int]
    model = answer.get("model")
    is_path = isinstance(model, str) and model.startswith("projects/") and "/publishers/" not in model
    return {
        "object": "embeddings" if vectors else "generate",
        "provider": "google",
        "model": None if is_path else model,
        "input_tokens": sum(vectors) if vectors else inside(tokens, "inputTokenCount", "totalTokens"),
        "output_tokens": None if vectors else inside(tokens, "outputTokenCount", "totalTokens"),
    }


def _embedded(item: Mapping[str, Any]) -> Any:
    return inside(item, "embeddings", "statistics", "token_count")
