"""What `claude -p --output-format stream-json` prints: the events of a run, of which the last one says what it cost.

A helper of the sources: it describes no system. Of a run that was cut off the answers count that came until then.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..readers import text as textfiles
from .recordfiles import inside

COSTS = ("total_cost_usd", "cost_usd", "total_cost")


def is_begin(record: Mapping[str, Any]) -> bool:
    """Whether an event begins a run."""
    return record.get("type") == "system" and record.get("subtype") == "init" and "session_id" in record


def is_result(record: Mapping[str, Any]) -> bool:
    """Whether an event ends a run, or is all that it printed."""
    return record.get("type") == "result" and "duration_ms" in record and any(name in record for name in COSTS)


def joined(records: Iterable[textfiles.Record]) -> Iterator[textfiles.Record]:
    """The records, with the result of a run or else its answers instead of its events."""
    held: dict[Any, textfiles.Record] | None = None
    for number, record, problem in records:
        event = record or {}
        if is_begin(event):
            yield from (held or {}).values()
            held = {}
        elif held is not None and is_result(event):
            held = None
            yield number, record, problem
        elif held is not None and event.get("type") == "assistant":
            message = event.get("message")
            if isinstance(message, dict) and isinstance(inside(message, "usage"), dict):
                held[message.get("id")] = number, {**message, "type": "message"}, None
        else:
            yield number, record, problem
    yield from (held or {}).values()
