"""Cursor's usage events: the CSV that its dashboard exports, in each of its layouts since July 2025, and what its API
for teams and the dashboard's own answer (JSON).

A row is a request. Users, cloud agents and automations are not read. Request units of older plans are staged and are no
money.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

COST = ("Cost", "Cost ($)", "Cost (USD)", "Cost to You", "API Cost")
NAMES = {
    "date": "Date",
    "kind": "Kind",
    "model": "Model",
    "max_mode": "Max Mode",
    "with_cache_write": "Input (w/ Cache Write)",
    "without_cache_write": "Input (w/o Cache Write)",
    "cache_read": "Cache Read",
    "output_tokens": "Output Tokens",
    "total_tokens": "Total Tokens",
    "requests": "Requests",
}

OF_CSV = frozenset(("Date", "Model", "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read"))
OF_ANSWER = frozenset(("isTokenBasedCall", "requestsCosts", "chargedCents", "cursorTokenFee", "usageBasedCosts"))
# The lists of an answer, and how the kinds of their events begin where CSV has words.
LISTS = ("usageEventsDisplay", "usageEvents")
KIND = "USAGE_EVENT_KIND_"
USAGE = {
    "with_cache_write": "cacheWriteTokens",
    "without_cache_write": "inputTokens",
    "cache_read": "cacheReadTokens",
    "output_tokens": "outputTokens",
}

EVENTS = recordfiles.table(
    {
        "date": Type.UTC,
        "kind": Type.WORD,
        "model": Type.WORD,
        "max_mode": Type.WORD,
        "with_cache_write": Type.COUNT,
        "without_cache_write": Type.COUNT,
        "cache_read": Type.COUNT,
        "output_tokens": Type.COUNT,
        "total_tokens": Type.COUNT,
        "requests": Type.NUMBER,
        "cost": Type.MONEY,
        "cost_word": Type.WORD,
    },
    required=("date",),
)


def is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is an event: a row of the CSV, or one of an answer's."""
    has_cents = recordfiles.inside(record, "tokenUsage", "totalCents") is not None
    is_answered = has_cents or bool(OF_ANSWER & record.keys()) or str(record.get("kind")).startswith(KIND)
    return ("timestamp" in record and is_answered) or record.keys() >= OF_CSV


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of an event; its cost may be a word, such as Included."""
    if "timestamp" in record:
        yield _answered(record)
        return
    cost = next((record[name] for name in COST if record.get(name) is not None), None)
    is_amount = not isinstance(cost, str) or any(map(str.isdecimal, cost))
    yield {
        **recordfiles.columns(record, NAMES),
        "cost": cost if is_amount else None,
        "cost_word": None if is_amount else cost,
    }


def _answered(event: Mapping[str, Any]) -> recordfiles.Row:
    """An event of an answer, in cents: what was charged, or else the tokens' price with the fee for them."""
    used, kind = event.get("tokenUsage"), event.get("kind")
    parts = (recordfiles.inside(used, "totalCents"), event.get("cursorTokenFee", 0))
    cents = [amount for part in (event.get("chargedCents"), *parts) if (amount := _amount(part)) is not None]
    charged = cents[0] if _amount(event.get("chargedCents")) is not None else sum(cents) if _amount(parts[0]) else None
    return {
        "date": event["timestamp"],
        "kind": kind.removeprefix(KIND).replace("_", " ").lower() if isinstance(kind, str) else None,
        "model": event.get("model"),
        **{column: recordfiles.inside(used, name) for column, name in USAGE.items()},
        "requests": event.get("requestsCosts"),
        "cost": None if charged is None else charged / 100,
    }


def _amount(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


SYSTEM = System(
    name="cursor",
    title="Cursor usage export",
    parts={
        "events": recordfiles.part(
            "cursor_events",
            EVENTS,
            is_ours,
            recordfiles.each(rows),
            within=LISTS,
        )
    },
)
