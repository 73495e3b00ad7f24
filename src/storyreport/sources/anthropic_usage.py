"""Anthropic's usage and cost reports: pages of buckets as the Admin API gives them, in files of JSON or JSON lines.

A usage result counts tokens, those read from and written to the cache beside the uncached ones; it counts no requests
and has no cost. A cost result is an amount of a day. API keys and accounts are
hashed; a workspace is a project.
"""

from collections.abc import Mapping
from typing import Any

from ..readers import text as textfiles
from . import System, Table, Type, buckets

# When a bucket begins and ends.
TIMES = ("starting_at", "ending_at")

USAGE_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "starting_at": Type.UTC,
        "grouping": Type.KEY,
        **buckets.BUCKET_COLUMNS,
        **buckets.OWNER_COLUMNS,
        "model": Type.WORD,
        "service_tier": Type.WORD,
        "context_window": Type.WORD,
        "inference_geo": Type.WORD,
        "speed": Type.WORD,
        "uncached_input_tokens": Type.COUNT,
        "cache_read_input_tokens": Type.COUNT,
        "cache_write_5m_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "web_search_requests": Type.COUNT,
    },
    required=("starting_at",),
    drops_values=True,
)
COSTS_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "starting_at": Type.UTC,
        "grouping": Type.KEY,
        **buckets.BUCKET_COLUMNS,
        **buckets.OWNER_COLUMNS,
        "description": Type.WORD,
        "model": Type.WORD,
        "amount": Type.NUMBER,
        "currency": Type.WORD,
    },
    required=("starting_at", "amount", "currency"),
    drops_values=True,
    currencies=("currency",),
)


def _usage(result: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a usage result by column."""
    if "amount" in result:
        raise textfiles.BrokenRecord("an amount among the usage: keep costs in a file of their own")
    written = textfiles.object_in(result, "cache_creation")
    # Cache writes without a duration are of the shorter one.
    shortest = written.get("ephemeral_5m_input_tokens") if written else result.get("cache_creation_input_tokens")
    what = ("model", "service_tier", "context_window", "inference_geo", "speed")
    names = (*what, "uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
    return {
        **{name: textfiles.single(result.get(name), name) for name in names},
        "cache_write_5m_tokens": textfiles.single(shortest, "ephemeral_5m_input_tokens"),
        "cache_write_1h_tokens": textfiles.single(
            written.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens"
        ),
        "web_search_requests": textfiles.single(
            textfiles.object_in(result, "server_tool_use").get("web_search_requests"), "web_search_requests"
        ),
    }


def _costs(result: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a cost result by column, its amount in whole units of the currency."""
    currency = textfiles.single(result.get("currency"), "currency")
    amount = textfiles.single(result.get("amount"), "amount")
    return {
        "description": textfiles.single(result.get("description"), "description"),
        "model": textfiles.single(result.get("model"), "model"),
        "amount": buckets.whole_units(amount, currency),
        "currency": currency,
    }


SYSTEM = System(
    name="anthropic_usage",
    title="Anthropic usage or cost report",
    pieces_file=buckets.PIECES,
    parts={
        "costs": buckets.part("anthropic_costs", COSTS_TABLE, TIMES, buckets.COSTS, _costs),
        "usage": buckets.part("anthropic_usage", USAGE_TABLE, TIMES, buckets.USAGE, _usage),
    },
)
