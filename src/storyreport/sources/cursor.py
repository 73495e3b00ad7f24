"""Cursor's usage events: the CSV that its dashboard exports, in each of its layouts since July 2025.

A row is a request. Users, cloud agents and automations are not read. Request units of older plans are staged and are no
money.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import System, Type, recordfiles

AMOUNT = re.compile(r"\$?(?:[\d,]*\.\d+|[\d,]*(?<=\d))", re.ASCII)
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
        "cost": Type.NUMBER,
        "cost_word": Type.WORD,
    },
    required=("date",),
)


def rows(record: Mapping[str, Any]) -> Iterator[recordfiles.Row]:
    """The row of an event; its cost may be a word, such as Included."""
    cost = next((record[name] for name in COST if record.get(name) is not None), None)
    is_amount = not isinstance(cost, str) or AMOUNT.fullmatch(cost.strip())
    yield {
        **recordfiles.columns(record, NAMES),
        "cost": cost if is_amount else None,
        "cost_word": None if is_amount else cost,
    }


SYSTEM = System(
    name="cursor",
    title="Cursor usage export",
    parts={
        "events": recordfiles.part(
            "cursor_events",
            EVENTS,
            recordfiles.has("Date", "Model", "Input (w/ Cache Write)", "Input (w/o Cache Write)", "Cache Read"),
            recordfiles.each(rows),
        )
    },
)
