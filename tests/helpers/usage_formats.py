"""Fixture pairs of the usage formats that need reading code, and their calls."""

import copy
import json
from pathlib import Path
from typing import Any

from helpers.report_database import ReportDatabase

CALLS = """
    select
        calls.source_key as key, coalesce(runs.source_key, calls.run_key) as run, steps.name as step,
        provider, endpoint, model, calls.status, called_at, calls.duration_ms, calls, input_tokens, output_tokens,
        cache_read_tokens, cache_write_tokens, total_tokens, round(cost, 9) as cost, currency
    from calls
    left join runs on runs.id = run_id
    left join steps on steps.id = step_id
    where calls.gone_at is null
    order by calls.source_key
"""
COLUMNS = (
    *("key", "run", "step", "provider", "endpoint", "model", "status", "called_at", "duration_ms", "calls"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "total_tokens", "cost", "currency"),
)


def calls(db: ReportDatabase) -> list[dict[str, Any]]:
    """The calls that are there, by column."""
    return [dict(zip(COLUMNS, row, strict=True)) for row in db.sql(CALLS)]


def records(case: Path) -> list[Any]:
    """The records of a case, one a line or one document."""
    text = case.read_text(encoding="utf-8")
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def placed(case: Path, folder: Path) -> Path:
    """A copy under a name that tells nothing."""
    path = folder / "export.jsonl"
    path.write_bytes(case.read_bytes())
    return path


def lines_of(case: Path) -> bytes:
    """A case as JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records(case)).encode()


def put(record: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A record with another value at a place."""
    if not place:
        return value
    changed = copy.deepcopy(record)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed
