"""Anthropic's console: the CSV files of its usage page (tokens) and of its cost page.

A row is a day (or an hour) of one model, context window and tier. It does not say how many requests there were. API
keys and workspaces are not copied; a digest of them separates rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

BY = ("api_key", "workspace")
WHAT = {name: name for name in ("usage_type", "context_window", "inference_geo", "speed")}
TOKENS = {
    "uncached_tokens": "usage_input_tokens_no_cache",
    "cache_write_5m_tokens": "usage_input_tokens_cache_write_5m",
    "cache_write_1h_tokens": "usage_input_tokens_cache_write_1h",
    "cache_read_tokens": "usage_input_tokens_cache_read",
    "output_tokens": "usage_output_tokens",
    "web_searches": "web_search_count",
}

USAGE = recordfiles.table(
    {
        "date": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "model": Type.WORD,
        **dict.fromkeys(WHAT, Type.WORD),
        **dict.fromkeys(TOKENS, Type.COUNT),
    },
    required=("date",),
)
COSTS = recordfiles.table(
    {
        "date": Type.UTC,
        "grouping": Type.KEY,
        "account": Type.KEY,
        "model": Type.WORD,
        **dict.fromkeys(WHAT, Type.WORD),
        "token_type": Type.WORD,
        "cost_type": Type.WORD,
        "cost_usd": Type.NUMBER,
    },
    required=("date", "cost_usd"),
)


def usage(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of the tokens of one model."""
    names = {"date": "usage_date_utc", "model": "model_version", **WHAT, **TOKENS}
    yield {**recordfiles.columns(record, names), **_owner(record)}


def costs(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of an amount."""
    same = {name: name for name in ("model", "token_type", "cost_type", "cost_usd")}
    yield {**recordfiles.columns(record, {"date": "usage_date_utc", **WHAT, **same}), **_owner(record)}


def _owner(record: Mapping[str, Any]) -> recordfiles.Row:
    """Digests of the workspace and key, and of the workspace: exports of several may be given together."""
    by = [str(record[name]) for name in BY if record.get(name) is not None]
    return {"grouping": recordfiles.digest(by), "account": recordfiles.account(record, "workspace")}


SYSTEM = System(
    name="anthropic_console",
    title="Anthropic console usage or cost export",
    parts={
        "costs": recordfiles.part(
            "anthropic_console_costs",
            COSTS,
            recordfiles.has("usage_date_utc", "cost_usd", "token_type"),
            recordfiles.each(costs),
            exports=True,
            # Exports by key add up, and those of all keys are corrected: it shows only beside each other.
            is_one=True,
        ),
        "usage": recordfiles.part(
            "anthropic_console_usage",
            USAGE,
            recordfiles.has("usage_date_utc", "model_version", "usage_output_tokens"),
            recordfiles.each(usage),
            exports=True,
            is_one=True,
        ),
    },
)
