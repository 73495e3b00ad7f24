"""OpenAI's organization usage and costs: pages of buckets as their API gives them, in files of JSON or JSON lines.

A usage result counts requests and tokens and has no cost; a costs result is an amount of a day and has no requests. So
a row of costs is 0 calls, and neither counts twice where both are given. Users and API keys are hashed.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..readers import text as textfiles
from . import System, Table, Type, buckets, recordfiles

# When a bucket begins and ends.
TIMES = ("start_time", "end_time")
DECIMAL = re.compile(r"-?\d{1,15}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
KIND = re.compile(r"organization\.usage\.(\w{1,50})\.result", re.ASCII)

AMOUNTS = (
    *("input_tokens", "output_tokens", "input_cached_tokens", "input_audio_tokens", "output_audio_tokens"),
    *("input_image_tokens", "output_image_tokens", "characters", "seconds"),
    *("input_cache_write_tokens", "input_cached_audio_tokens", "input_cached_image_tokens"),
)

USAGE_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        **buckets.BUCKET_COLUMNS,
        **buckets.OWNER_COLUMNS,
        "kind": Type.WORD,
        "model": Type.WORD,
        "batch": Type.FLAG,
        "service_tier": Type.WORD,
        "requests": Type.COUNT,
        **dict.fromkeys(AMOUNTS, Type.COUNT),
    },
    required=("start_time",),
    required_one=("requests", *AMOUNTS),
    drops_values=True,
)
COSTS_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "start_time": Type.UTC,
        "grouping": Type.KEY,
        **buckets.BUCKET_COLUMNS,
        **buckets.OWNER_COLUMNS,
        "account": Type.KEY,
        "line_item": Type.WORD,
        "amount": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("start_time", "amount", "currency"),
    drops_values=True,
    currencies=("currency",),
)


def _usage(result: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of a usage result by column; None for storage, which is no call."""
    if "amount" in result:
        raise textfiles.BrokenRecord("an amount among the usage: keep costs in a file of their own")
    word = result.get("object")
    match = KIND.fullmatch(word) if isinstance(word, str) else None
    kind = match[1] if match else None
    if kind == "vector_stores":
        return None
    # The model requests of a web search are counted among the completions.
    counts = ("num_requests", "num_sessions", "num_model_requests")
    batch = result.get("batch")
    row = {
        "kind": kind,
        "model": textfiles.single(result.get("model"), "model"),
        "batch": batch if isinstance(batch, bool) else textfiles.single(batch, "batch"),
        "service_tier": textfiles.single(result.get("service_tier"), "service_tier"),
        "requests": next(
            (textfiles.single(result[name], name) for name in counts if result.get(name) is not None), None
        ),
        **{name: textfiles.single(result.get(name), name) for name in AMOUNTS},
    }
    return buckets.whole_modalities(row, result)


def _costs(result: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a costs result by column."""
    amount = result.get("amount")
    if not isinstance(amount, dict):
        raise textfiles.BrokenRecord("amount is no object")
    value = textfiles.single(amount.get("value"), "the amount's value")
    return {
        "account": recordfiles.account(result, "organization_id"),
        "line_item": textfiles.single(result.get("line_item"), "line_item"),
        "amount": float(value) if isinstance(value, str) and DECIMAL.fullmatch(value) else value,
        "currency": textfiles.single(amount.get("currency"), "the amount's currency"),
    }


SYSTEM = System(
    name="openai_usage",
    title="OpenAI usage or costs export",
    pieces_file=buckets.PIECES,
    parts={
        "costs": buckets.part("openai_costs", COSTS_TABLE, TIMES, buckets.COSTS, _costs),
        "usage": buckets.part("openai_usage", USAGE_TABLE, TIMES, buckets.USAGE, _usage),
    },
)
