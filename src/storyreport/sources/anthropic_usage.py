"""Anthropic's usage and cost reports: pages of buckets as the Admin API gives them, in files of JSON or JSON lines.

A usage result counts tokens, those read from and written to the cache beside the uncached ones; it counts no requests
and has no cost. A cost result is an amount of a day. Workspaces, API keys and accounts are not copied.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from . import Part, System, Table, Type, textfiles

# A report begins with many empty buckets where nothing was used for long.
LOOKED_AT = 1000
DECIMAL = re.compile(r"-?\d{1,18}(?:\.\d{1,30})?", re.ASCII)
# An amount is in the lowest unit of its currency: how many digits that is where it is not two (ISO 4217).
NO_DIGITS = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
THREE_DIGITS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")

USAGE_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "starting_at": Type.UTC,
        "grouping": Type.KEY,
        "model": Type.WORD,
        "service_tier": Type.WORD,
        "uncached_input_tokens": Type.COUNT,
        "cache_read_input_tokens": Type.COUNT,
        "cache_write_5m_tokens": Type.COUNT,
        "cache_write_1h_tokens": Type.COUNT,
        "output_tokens": Type.COUNT,
        "web_search_requests": Type.COUNT,
    },
    required=("starting_at",),
)
COSTS_TABLE = Table(
    columns={
        "line": Type.KEY,
        "position": Type.COUNT,
        "starting_at": Type.UTC,
        "grouping": Type.KEY,
        "description": Type.WORD,
        "model": Type.WORD,
        "amount": Type.MONEY,
        "currency": Type.WORD,
    },
    required=("starting_at", "amount", "currency"),
)


def find_usage(path: Path) -> Path | None:
    """The path if it is a usage report, or one whose buckets are all empty."""
    return path if _kinds(path) in ({"usage"}, {"usage", "costs"}, {"empty"}) else None


def find_costs(path: Path) -> Path | None:
    """The path if it is a cost report."""
    return path if _kinds(path) == {"costs"} else None


def stage_usage(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each usage result."""
    return _stage(path, "anthropic_usage", USAGE_TABLE, _usage)


def stage_costs(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """A row for each cost result."""
    return _stage(path, "anthropic_costs", COSTS_TABLE, _costs)


def _kinds(path: Path) -> set[str]:
    """What the first buckets hold: usage, costs, or nothing; no word for what is no bucket of Anthropic's."""
    kinds = set()
    if path.is_file():
        for _, record, _ in islice(textfiles.records(path), LOOKED_AT):
            for bucket, result, _ in _results(record or {}):
                if {"starting_at", "ending_at"} <= set(bucket):
                    kinds.add("empty" if result is None else "costs" if "amount" in result else "usage")
            if kinds - {"empty"}:
                break
    return kinds - {"empty"} or kinds


def _results(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None, str | None]]:
    """(bucket, result, None) of each result, (bucket, None, None) of an empty bucket, or (…, None, problem)."""
    buckets = record.get("data", [record])
    if not isinstance(buckets, list):
        yield {}, None, "data is no list"
        return
    for bucket in buckets:
        results = bucket.get("results") if isinstance(bucket, dict) else None
        if not isinstance(results, list):
            yield {}, None, "the record is no page and no bucket"
            continue
        if not results:
            yield bucket, None, None
        for result in results:
            if isinstance(result, dict):
                yield bucket, result, None
            else:
                yield bucket, None, "a result is no object"


def _stage(path: Path, name: str, table: Table, read: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    position = 0
    for line, record, problem in textfiles.records(path):
        for bucket, result, broken in _results(record) if record is not None else [({}, None, problem)]:
            row: dict[str, Any] | None = None if broken is None else {}
            if result is not None:
                try:
                    row = read(result)
                    row["starting_at"] = textfiles.single(bucket.get("starting_at"), "starting_at")
                    row["grouping"] = _grouping(result)
                except textfiles.BrokenRecord as error:
                    row, broken = {}, str(error)
            if row is not None:
                position += 1
                row |= {"line": line, "position": position}
                yield name, (*(row.get(column) for column in table.columns), broken)


def _usage(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a usage result says by column."""
    if "amount" in result:
        raise textfiles.BrokenRecord("an amount among the usage: keep costs in a file of their own")
    written = textfiles.object_in(result, "cache_creation")
    names = ("model", "service_tier", "uncached_input_tokens", "cache_read_input_tokens", "output_tokens")
    return {
        **{name: textfiles.single(result.get(name), name) for name in names},
        "cache_write_5m_tokens": textfiles.single(
            written.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens"
        ),
        "cache_write_1h_tokens": textfiles.single(
            written.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens"
        ),
        "web_search_requests": textfiles.single(
            textfiles.object_in(result, "server_tool_use").get("web_search_requests"), "web_search_requests"
        ),
    }


def _costs(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a cost result says by column, its amount in whole units of the currency."""
    currency = textfiles.single(result.get("currency"), "currency")
    amount = textfiles.single(result.get("amount"), "amount")
    code = currency.strip().upper() if isinstance(currency, str) else None
    if isinstance(amount, (int, float)) and abs(amount) < 1e18:
        amount = f"{amount:.10f}"
    if isinstance(amount, str) and DECIMAL.fullmatch(amount):
        digits = 0 if NO_DIGITS.fullmatch(code or "") else 3 if THREE_DIGITS.fullmatch(code or "") else 2
        amount = float(Decimal(amount).scaleb(-digits))
    return {
        "description": textfiles.single(result.get("description"), "description"),
        "model": textfiles.single(result.get("model"), "model"),
        "amount": amount,
        "currency": code,
    }


def _grouping(result: Mapping[str, Any]) -> str:
    """A digest of what the results of a bucket are grouped by, ids included: equal for one result met twice."""
    by = sorted((name, value) for name, value in result.items() if isinstance(value, str) and name != "amount")
    return hashlib.sha256(json.dumps(by).encode()).hexdigest()[:16]


COSTS = Part(
    tables={"anthropic_costs": COSTS_TABLE},
    feeds={"calls": ("anthropic_costs",)},
    statuses={},
    find=find_costs,
    stage=stage_costs,
)

USAGE = Part(
    tables={"anthropic_usage": USAGE_TABLE},
    feeds={"calls": ("anthropic_usage",)},
    statuses={},
    find=find_usage,
    stage=stage_usage,
)

SYSTEM = System(name="anthropic_usage", title="Anthropic usage or cost report", parts={"costs": COSTS, "usage": USAGE})
